"""The pages as files: nothing inline, nothing from elsewhere, and a sentence for browsers that cannot run them."""

import re
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.signaling.pages.javascript import NODE

PAGES = Path(__file__).parents[3] / "signaling" / "pages"
HTML = sorted(PAGES.glob("*.html"))
SCRIPTS = sorted((PAGES / "assets" / "js").rglob("*.js"))
STYLES = sorted((PAGES / "assets").glob("*.css"))
APPS = [PAGES / f"{name}.html" for name in ("room", "board", "desk")]

FIXED_TESTIDS = [
    "consent",
    "continue",
    "join",
    "lobby",
    "admit",
    "local-video",
    "remote-video",
    "countdown",
    "warning",
    "step-out",
    "return",
    "end",
    "request-end",
    "confirm-end",
    "refuse-end",
    "outcome",
    "refusal",
    "slot-option",
    "board-row",
    "staff-list",
]


class Reader(HTMLParser):
    """Collects the elements of a page with their attributes, and what stands inside script and style."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.inline = ""
        self._inside = ""
        self.feed(page.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._inside = tag

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside in {"script", "style"}:
            self.inline += data.strip()


@pytest.mark.parametrize("page", HTML, ids=lambda page: page.name)
def test_a_page_has_no_inline_script_or_style(page: Path) -> None:
    reader = Reader(page)
    assert reader.inline == ""
    assert "style" not in {tag for tag, _ in reader.elements}
    names = {name for _, attributes in reader.elements for name in attributes}
    assert not {name for name in names if name == "style" or name.startswith("on")}


@pytest.mark.parametrize("page", HTML, ids=lambda page: page.name)
def test_a_page_loads_only_its_own_assets_and_they_exist(page: Path) -> None:
    wanted = [
        attributes.get("src") or attributes.get("href")
        for tag, attributes in Reader(page).elements
        if tag in {"script", "link", "img"}
    ]
    assert wanted
    for path in wanted:
        assert path is not None
        assert path.startswith("/assets/")
        assert (PAGES / path.removeprefix("/")).is_file()


@pytest.mark.parametrize("page", APPS, ids=lambda page: page.name)
def test_a_browser_without_modules_reads_a_sentence_in_both_languages(page: Path) -> None:
    elements = Reader(page).elements
    refusals = [each for _, each in elements if each.get("data-testid") == "refusal"]
    assert [each["data-code"] for each in refusals] == ["browser_too_old"]
    text = page.read_text("utf-8")
    assert "ブラウザーが古い" in text
    assert "your browser is too old" in text
    scripts = [each for tag, each in elements if tag == "script"]
    assert any("nomodule" in each and each["src"] == "/assets/old.js" for each in scripts)


@pytest.mark.parametrize("page", HTML, ids=lambda page: page.name)
def test_a_page_sends_no_referrer(page: Path) -> None:
    elements = Reader(page).elements
    assert ("meta", {"name": "referrer", "content": "no-referrer"}) in elements


OWN = re.compile(
    r'<title>|<script type="module"|<link .*/(board|desk)\.css|<p class="static__old">(お困り|If you need)'
)
"""The lines that a page says in its own way: what it is, what it loads, and whom to ask."""


def test_the_pages_that_run_scripts_say_the_same_before_they_run() -> None:
    said = {
        page.name: [line for line in page.read_text("utf-8").splitlines() if not OWN.match(line)]
        for page in APPS
    }
    assert said["board.html"] == said["room.html"]
    assert said["desk.html"] == said["room.html"]


def test_a_page_shows_the_sign_that_its_scripts_draw() -> None:
    drawn = (PAGES / "assets" / "js" / "icons.js").read_text("utf-8").partition("function logo(")[2]
    strokes = re.findall(r'\bd: "([^"]+)"', drawn.partition("\n}")[0])
    assert len(strokes) == 8
    for page in HTML:
        sign = re.search(r'<span class="logo">(.*?)</span>', page.read_text("utf-8"))
        assert sign is not None, page.name
        assert re.findall(r'\bd="([^"]+)"', sign[1]) == strokes, page.name


def test_the_script_for_old_browsers_uses_no_word_that_they_do_not_know() -> None:
    source = (PAGES / "assets" / "old.js").read_text("utf-8")
    assert not re.search(r"=>|\b(let|const|class|async|await|import|export)\b|`", source)


PARSE = """
const { SourceTextModule } = require("node:vm");
const { readFileSync } = require("node:fs");
for (const file of process.argv.slice(1)) new SourceTextModule(readFileSync(file, "utf8"), { identifier: file });
"""


def test_every_script_is_a_module_that_can_be_read() -> None:
    modules = [str(script) for script in SCRIPTS]
    assert len(modules) > 50
    run = subprocess.run(
        [NODE, "--no-warnings", "--experimental-vm-modules", "-e", PARSE, *modules],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 0, run.stderr


def test_every_fixed_testid_is_on_some_page() -> None:
    source = "\n".join(script.read_text("utf-8") for script in SCRIPTS)
    assert [name for name in FIXED_TESTIDS if f'"{name}"' not in source] == []


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_a_script_writes_no_markup_no_style_attribute_and_evaluates_nothing(script: Path) -> None:
    source = script.read_text("utf-8")
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write", source)
    assert not re.search(r"\beval\(|new Function\(|setAttribute\(\"style\"|\bstyle:", source)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_a_script_imports_only_files_that_exist(script: Path) -> None:
    for path in re.findall(r"^import .*?\"([^\"]+)\";", script.read_text("utf-8"), re.MULTILINE):
        assert path.startswith("./") or path.startswith("../")
        assert (script.parent / path).resolve().is_file(), path


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_a_script_imports_nothing_that_it_does_not_use(script: Path) -> None:
    source = script.read_text("utf-8")
    body = re.sub(r"^import .*$", "", source, flags=re.MULTILINE)
    names = {
        name.strip()
        for group in re.findall(r"^import \{([^}]*)\}", source, re.MULTILINE)
        for name in group.split(",")
    }
    assert sorted(name for name in names if not re.search(rf"\b{name}\b", body)) == []


EXPORTED = {
    name
    for script in SCRIPTS
    for name in re.findall(
        r"^export (?:async )?(?:function|const) (\w+)", script.read_text("utf-8"), re.MULTILINE
    )
}


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_a_script_calls_nothing_of_another_that_it_does_not_import(script: Path) -> None:
    source = re.sub(r"//.*", "", script.read_text("utf-8"))

    def is_called(name: str) -> bool:
        return bool(re.search(rf'(?<![\w.#"`]){name}\((?!.*\) {{$)', source, re.MULTILINE))

    def is_known(name: str) -> bool:
        own = rf"^import .*\b{name}\b|\b(?:function|const|let) {name}\b|[({{, ]{name}[,)]"
        return bool(re.search(own, source, re.MULTILINE))

    assert sorted(name for name in EXPORTED if is_called(name) and not is_known(name)) == []


@pytest.mark.parametrize("style", STYLES, ids=lambda style: style.name)
def test_a_style_sheet_loads_nothing(style: Path) -> None:
    assert not re.search(r"@import|url\((?!#)", style.read_text("utf-8"))


def test_no_script_keeps_or_sends_media_elsewhere() -> None:
    """The product has no recorder, in the pages either (KUMAGAYA 12(2), SAKAI 5-4)."""
    source = "\n".join(script.read_text("utf-8") for script in SCRIPTS)
    # The one stream of a canvas is noise that the page draws itself, to measure the line with.
    noise = "const stream = canvas.captureStream("
    assert source.count(noise) == 1
    source = source.replace(noise, "")
    assert not re.search(r"MediaRecorder|captureStream|requestPictureInPicture", source)


def test_only_the_button_for_it_shares_a_screen() -> None:
    """And it sends only what the person chose then (SAKAI 5-4)."""
    asking = [each.name for each in SCRIPTS if "getDisplayMedia" in each.read_text("utf-8")]
    assert asking == ["screen.js"]


def test_the_component_page_shows_nothing_that_the_stylesheet_does_not_have():
    page = PAGES.parents[1] / "docs" / "components.html"
    elements = Reader(page).elements
    linked = [each["href"] for tag, each in elements if tag == "link"]
    assert linked == ["../signaling/pages/assets/look.css"]
    style = (page.parent / str(linked[0])).read_text("utf-8")
    classes = {name for _, each in elements for name in (each.get("class") or "").split()}
    used = set(re.findall(r"var\((--[\w-]+)", page.read_text("utf-8")))
    assert len(classes) > 30
    assert len(used) > 20
    assert classes <= set(re.findall(r"\.([a-z][\w-]*)", style))
    assert used <= set(re.findall(r"(--[\w-]+):", style))
