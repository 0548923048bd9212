// What Lighthouse says of a page as it stands, with nothing loaded for it.
//   node stands.mjs FOLDER_OF_MODULES DEBUGGING_PORT ADDRESS REPORT

import { writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [folder, port, address, report] = process.argv.slice(2);
const { resolve } = createRequire(pathToFileURL(`${folder}/`));
const load = (name) => import(pathToFileURL(resolve(name)));
const [{ snapshot }, { default: puppeteer }] = await Promise.all([load("lighthouse"), load("puppeteer-core")]);

const browser = await puppeteer.connect({ browserURL: `http://127.0.0.1:${port}`, defaultViewport: null });
const page = (await browser.pages()).find((one) => one.url() === address);
const flags = { onlyCategories: ["accessibility", "best-practices"], logLevel: "error" };
const { lhr } = await snapshot(page, { flags });
await writeFile(report, JSON.stringify(lhr));
await browser.disconnect();
