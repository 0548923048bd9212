"""A page's modules as one script: it does what they do, or is left alone."""

import subprocess
from pathlib import Path

import pytest

from signaling.files import PAGES
from signaling.shelf import Shelf
from signaling.whole import Unjoinable, joined
from tests.signaling.pages.javascript import NODE

MODULES = {
    "js/page.js": (
        'import { greet, SIGNS as marks } from "./words.js";\n'
        'import * as door from "./views/door.js";\n'
        'import {\n  once,\n} from "./views/once.js";\n\n'
        "const name = 'page'; // as in words.js\n"
        "console.log(greet(name), marks.end, door.create(), once(), door.seen, import.meta.url);\n"
    ),
    "js/words.js": (
        'import { once } from "./views/once.js";\n\nconst name = "words";\n'
        'export const SIGNS = { end: "." };\n'
        "export function greet(who) {\n  return `${name} ${who} ${once()}`;\n}\n"
    ),
    "js/views/door.js": (
        'import { SIGNS } from "../words.js";\nimport { Count } from "./once.js";\n\n'
        "export function create() {\n  return `${SIGNS.end}${new Count().at} ${import.meta.url}`;\n}\n"
        "export async function later() {}\nexport const seen = true;\n"
    ),
    "js/views/once.js": (
        "let times = 0;\nexport class Count {\n  at = times;\n}\n"
        "export function once() {\n  times += 1;\n  return times;\n}\n"
    ),
}


def run(folder: Path, script: str) -> str:
    return subprocess.run(
        [NODE, folder / script], capture_output=True, text=True, timeout=60, check=True
    ).stdout


def test_the_whole_says_what_the_modules_say(tmp_path: Path) -> None:
    for path, text in MODULES.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    (tmp_path / "package.json").write_text('{"type": "module"}')
    apart = run(tmp_path, "js/page.js")
    (tmp_path / "js/page.whole.js").write_text(joined("js/page.js", MODULES.__getitem__))
    together = run(tmp_path, "js/page.whole.js")
    assert together.replace("page.whole.js", "page.js") == apart
    assert apart.startswith("words page 1 . .1 file:"), apart


@pytest.mark.parametrize(
    "text",
    [
        'import one from "./words.js";\n',
        'import "./words.js";\n',
        'export { once } from "./views/once.js";\n',
        "export default 1;\n",
        "export let count = 0;\n",
        'const later = () => import("./words.js");\n',
    ],
)
def test_what_it_does_not_know_it_leaves_alone(text: str) -> None:
    with pytest.raises(Unjoinable, match=r"js/page\.js, about line 2"):
        joined("js/page.js", {**MODULES, "js/page.js": f"// first\n{text}"}.__getitem__)


def test_modules_that_import_each_other_are_left_alone() -> None:
    ring = {**MODULES, "js/views/once.js": 'import { create } from "./door.js";\n'}
    with pytest.raises(Unjoinable, match="itself"):
        joined("js/page.js", ring.__getitem__)


@pytest.mark.parametrize(
    "script",
    sorted(
        path.stem
        for path in (PAGES / "assets" / "js").glob("*.js")
        if (PAGES / f"{path.stem}.html").is_file()
    ),
)
def test_every_page_of_ours_comes_as_one(script: str, tmp_path: Path) -> None:
    whole = Shelf(PAGES).whole(PAGES / "assets" / "js" / f"{script}.js")
    (tmp_path / "whole.mjs").write_bytes(whole.plain.body)
    subprocess.run([NODE, "--check", tmp_path / "whole.mjs"], timeout=60, check=True)
