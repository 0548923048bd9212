"""The catalogue of refusals has every code that anything refuses with, and no other; the pages say the same."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator import refusals
from orchestrator.errors import (
    Conflict,
    Fenced,
    MadoguchiError,
    Malformed,
    NotFound,
    Refused,
    Unavailable,
)
from orchestrator.policy import names, slots
from orchestrator.policy.effects import REFUSALS
from signaling import auth
from signaling.ends import http_status
from signaling.sentences import LANGUAGES, LOCALES, PARTS, merged

HOUSE = Path(__file__).parents[2]
CATALOGUE = refusals.catalogue()
FAMILIES = {"Refused": Refused, "NotFound": NotFound, "Malformed": Malformed}
TELLS = {"refuse": 1, "_error": 1, "Error": 0}
"""Calls that say a code to somebody, beside the errors."""

NOBODY_SEES = {"orchestrator/messages", "workers/mailer.py"}
"""Why a message is not sent: it goes to the log of the operator, and nobody has asked for anything."""

OF_AIOHTTP = {"not_found", "method_not_allowed", "request_entity_too_large"}
"""What the library refuses before a handler of ours is asked."""

ELSEWHERE = {
    "in_the_past", "length_not_allowed", "holiday", "outside_window", "too_late_to_book",  # slots.REASONS
    "link_expired",  # auth.check_link returns it
}  # fmt: skip

RETURNED = re.compile(r"[a-z]+(_[a-z]+)+")


def sources() -> Iterator[tuple[Path, ast.Module]]:
    """Everything that can refuse."""
    for folder in ("orchestrator", "signaling", "workers"):
        for file in sorted((HOUSE / folder).rglob("*.py")):
            place = file.relative_to(HOUSE).as_posix()
            if not any(place.startswith(each) for each in NOBODY_SEES):
                yield file, ast.parse(file.read_text("utf-8"))


def said() -> Iterator[tuple[str, str]]:
    """Code, and the name of what it is said with."""
    for _, tree in sources():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                yield from _said_by(node)


def _said_by(node: ast.Call) -> Iterator[tuple[str, str]]:
    name = getattr(node.func, "id", getattr(node.func, "attr", ""))
    texts = [
        arg.value
        for arg in node.args
        if isinstance(arg, ast.Constant) and isinstance(arg.value, str)
    ]
    texts += [
        keyword.value.value
        for keyword in node.keywords
        if keyword.arg == "code" and isinstance(keyword.value, ast.Constant)
    ]
    if texts and (name in FAMILIES or name in TELLS):
        yield texts[0], name


def returned_by(module: object, *functions: str) -> set[str]:
    """The codes that some functions return."""
    tree = ast.parse(Path(module.__file__).read_text("utf-8"))
    return {
        node.value.value
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef) and function.name in functions
        for node in ast.walk(function)
        if isinstance(node, ast.Return)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    }


def test_every_code_is_in_the_catalogue_and_the_catalogue_has_no_other():
    codes = {code for code, _ in said()}
    codes |= REFUSALS | slots.REASONS | OF_AIOHTTP
    codes |= returned_by(names, "refuses", "check_display_name")
    codes |= returned_by(auth, "check_link", "check_ended")
    codes |= {Conflict().code, Fenced().code, Unavailable("store").code}
    assert codes - CATALOGUE.keys() == set(), "without words"
    assert CATALOGUE.keys() - codes == set(), "nobody says this"


def test_the_codes_that_functions_return_are_found():
    assert {"same_as_real_name", "name_blank"} <= returned_by(
        names, "refuses", "check_display_name"
    )
    assert returned_by(auth, "check_link") == {"link_unknown", "link_revoked", "link_expired"}
    assert CATALOGUE.keys() >= ELSEWHERE


def test_the_status_is_the_one_that_is_sent():
    families: dict[str, list[MadoguchiError]] = {}
    for code, name in said():
        if name in FAMILIES:
            families.setdefault(code, []).append(FAMILIES[name](code))
    wrong = {
        code: sorted({http_status(error) for error in errors})
        for code, errors in families.items()
        if "shell" not in CATALOGUE[code].seen
        and CATALOGUE[code].status not in {http_status(error) for error in errors}
    }
    assert wrong == {}
    for code in REFUSALS - families.keys():
        assert CATALOGUE[code].status == http_status(Refused(code)), code


@pytest.mark.parametrize("refusal", CATALOGUE.values(), ids=lambda refusal: refusal.code)
def test_a_refusal_has_both_languages_and_a_next_step(refusal):
    assert RETURNED.fullmatch(refusal.code) or refusal.code.isalpha()
    assert set(refusal.seen) <= set(refusals.PLACES)
    assert refusal.seen
    for words in (refusal.sentence, refusal.next, refusal.next_of_staff):
        if words is None:
            continue
        assert re.search(r"[ぁ-ん]", words.ja), words.ja
        assert not re.search(r"[ぁ-んァ-ン一-龯]", words.en), words.en
        assert words.ja.strip() == words.ja
        assert words.en.strip() == words.en
    assert refusal.next.ja.endswith("。")
    assert refusal.next.en.endswith(".")
    assert not refusal.sentence.ja.endswith("。")
    assert not refusal.sentence.en.endswith(".")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("part", PARTS)
def test_the_pages_say_the_same(language, part):
    text = (LOCALES / f"{language}{part}.json").read_text("utf-8")
    said_here = json.loads(text)
    wanted = refusals.for_pages(language, PARTS[part])
    assert {key: said_here.get(key) for key in wanted} == wanted, "run `make docs`"
    assert merged(text, wanted) == text, "run `make docs`"


def test_the_page_of_refusals_is_up_to_date():
    assert refusals.PAGE.read_text("utf-8") == refusals.document(), "run `make docs`"


def test_writing_into_a_catalogue_leaves_the_rest_as_it_is():
    before = '{\n  "a": "1",\n  "refusal.x": "old",\n\n  "b": "2"\n}\n'
    after = merged(before, {"refusal.x": "new", "refusal.y": "too"})
    assert json.loads(after) == {"a": "1", "refusal.x": "new", "refusal.y": "too", "b": "2"}
    assert "\n\n" in after
    assert merged(after, {"refusal.x": "new", "refusal.y": "too"}) == after


async def test_the_api_says_what_is_so_and_what_to_do(node):
    answer = await node.http.get(node.url("/api/v1/sessions"))
    error = (await answer.json())["error"]
    assert error["code"] == "token_missing"
    known = CATALOGUE["token_missing"]
    assert error["sentence"] == {"ja": known.sentence.ja, "en": known.sentence.en}
    assert error["next"] == {"ja": known.next.ja, "en": known.next.en}
    answer = await node.http.put(node.url("/api/v1/sessions"))
    assert (await answer.json())["error"]["sentence"]["ja"]
