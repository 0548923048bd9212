"""axe-core on a page as it stands: what it finds against WCAG 2.2 AA and its own best practices."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

from playwright.async_api import Page

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
OPTIONS = {"runOnly": {"type": "tag", "values": TAGS}, "resultTypes": ["violations"]}


@cache
def source() -> str:
    """axe-core, as a package of the tests brings it."""
    return (files("axe_playwright_python") / "axe.min.js").read_text("utf-8")


async def violations(page: Page) -> list[str]:
    """What is wrong, one line for each element: rule, where, why."""
    if not await page.evaluate("() => typeof window.axe === 'object'"):
        # Through the debugger, so the page's own policy stays as it is.
        await page.evaluate(source())
    found: list[dict[str, Any]] = json.loads(
        await page.evaluate(
            "async (options) => JSON.stringify((await axe.run(document, options)).violations)",
            OPTIONS,
        )
    )
    return [
        f"{each['id']}: {node['target'][0]}: {node['failureSummary'].splitlines()[-1].strip()}"
        for each in found
        for node in each["nodes"]
    ]
