"""Every sentence that a person can meet is there, in both languages."""

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import get_args

import pytest

from orchestrator import refusals
from orchestrator.api.moments import MomentReason
from orchestrator.policy.effects import REFUSALS
from orchestrator.policy.model import Cause, Outcome, Phase, Presence, RescheduleState, Role
from orchestrator.policy.sentences import PLAIN, WORDS
from orchestrator.programmes import load_all
from signaling.views.seats import AwayAs

AWAY = get_args(AwayAs)
ROOT = Path(__file__).parents[3]
PAGES = ROOT / "signaling" / "pages"
ASSETS = PAGES / "assets"
LOCALES = ASSETS / "locales"
SCRIPTS = sorted((ASSETS / "js").rglob("*.js"))
LANGUAGES = ("ja", "en")


def read(language: str, part: str = "") -> dict[str, str]:
    """The sentences of one catalogue: the room's, which every page loads, or that of a further part."""
    found: dict[str, str] = json.loads((LOCALES / f"{language}{part}.json").read_text("utf-8"))
    return found


PARTS = sorted({file.name.removesuffix(".json")[2:] for file in LOCALES.glob("ja*.json")})
"""What stands behind the language in the name of a catalogue: "" for the room's, ".board"."""
CATALOGUES = {
    language: {key: text for part in PARTS for key, text in read(language, part).items()}
    for language in LANGUAGES
}
CAUSES = {
    Outcome.NOT_HELD: (Cause.SEEKER, Cause.SUPPORTER, Cause.PLATFORM, Cause.UNKNOWN),
    Outcome.INTERRUPTED: (
        Cause.SEEKER,
        Cause.SUPPORTER,
        Cause.PLATFORM,
        Cause.UNKNOWN,
        Cause.OFFICE,
    ),
    Outcome.STOPPED: (Cause.SEEKER, Cause.SUPPORTER),
    Outcome.CANCELLED: (Cause.SEEKER, Cause.SUPPORTER, Cause.OFFICE, Cause.MAINTENANCE),
}
"""The causes that product.md's table of outcomes knows, and the office's ending; the others have one, or none."""


def page_names() -> list[str]:
    """The pages that run scripts."""
    return sorted(page.stem for page in PAGES.glob("*.html") if 'type="module"' in page.read_text())


def speaking() -> list[str]:
    """Those that have their sentences from the catalogues; the others say all in both languages themselves."""
    return [page for page in page_names() if "speak(chosen" in entry_of(page).read_text("utf-8")]


def entry_of(page: str) -> Path:
    """The module that a page starts with."""
    script = re.search(r'type="module" src="/([^"]+)"', (PAGES / f"{page}.html").read_text())
    assert script is not None, page
    return PAGES / script[1]


def scripts_of(page: str) -> list[Path]:
    """A page's modules, with all that they import."""
    found: set[Path] = set()
    todo = [entry_of(page)]
    while todo:
        script = todo.pop().resolve()
        if script in found:
            continue
        found.add(script)
        named = re.findall(r'(?:from|import)\s*\(?"(\.[^"]+)"', script.read_text("utf-8"))
        todo += [script.parent / name for name in named]
    return sorted(found)


def parts_of(page: str) -> list[str]:
    """The catalogues that a page loads, as in `PARTS`."""
    call = re.search(r"speak\(chosenLanguage\(\)([^)]*)\)", entry_of(page).read_text("utf-8"))
    assert call is not None, page
    return ["", *(f".{part}" for part in re.findall(r'"(\w+)"', call[1]))]


def loaded(page: str) -> set[str]:
    """The keys that a page has sentences for."""
    return {key for part in parts_of(page) for key in read("ja", part)}


def literal_keys(scripts: Iterable[Path]) -> set[str]:
    """The keys that the scripts name in full: `t("…")`, also the two of a choice."""
    keys: set[str] = set()
    for script in scripts:
        for call in re.findall(
            r"\bt(?:First)?\(((?:[^()]|\([^()]*\))*)\)", script.read_text("utf-8")
        ):
            keys.update(re.findall(r"\"([a-z_]+\.[a-z0-9_.]+)\"", call))
    return keys


def patterns(scripts: Iterable[Path]) -> list[re.Pattern[str]]:
    """The keys that the scripts put together: `a.${b}.c`, as patterns."""
    found = []
    for script in scripts:
        for text in re.findall(r"`([a-z_]+\.[^`\s]*\$\{[^`\s]+)`", script.read_text("utf-8")):
            parts = re.split(r"\$\{[^}]*\}", text)
            found.append(re.compile("[a-z0-9_.]+".join(map(re.escape, parts))))
    return found


def speakable(page: str) -> set[str]:
    """Which of all keys a page can come to say."""
    scripts = scripts_of(page)
    built = patterns(scripts)
    quoted = {
        key
        for script in scripts
        for key in re.findall(r"\"([a-z_]+\.[a-z0-9_.]+)\"", script.read_text("utf-8"))
    }
    return {
        key
        for key in CATALOGUES["ja"]
        if key in quoted or any(pattern.fullmatch(key) for pattern in built)
    }


def reasons() -> set[str]:
    """The reasons of verdicts; tests/orchestrator/policy/test_sentences.py holds them against the policy's source."""
    return {*WORDS, *PLAIN}


def needed() -> set[str]:
    """What the server can say, as keys of the catalogue."""
    keys = {f"phase.{phase}" for phase in Phase}
    keys |= {f"{place}.{outcome}" for place in ("outcome", "short") for outcome in Outcome}
    keys |= {f"outcome.{outcome}.more" for outcome in Outcome}
    keys |= {f"outcome.{outcome}.{cause}" for outcome in CAUSES for cause in CAUSES[outcome]}
    keys |= {f"cause.{cause}" for cause in Cause} | {f"role.{role}" for role in Role}
    keys |= {f"{place}.{here}" for place in ("presence", "host", "here") for here in Presence}
    keys |= {f"{place}{how}" for place in ("presence.", "here.", "cover.other_") for how in AWAY}
    keys |= {f"next.{reason}" for reason in get_args(MomentReason)}
    keys |= {f"reschedule.{state}{end}" for state in RescheduleState for end in ("", ".staff")}
    keys |= {f"board.reschedule.{state}" for state in RescheduleState}
    keys |= {f"reason.{reason}" for reason in reasons() - {"cancelled"}}
    protocol = (ROOT / "docs" / "protocol.md").read_text("utf-8")
    of_link = re.findall(r"`([a-z_]+)`", protocol.split("Of the link:")[1].splitlines()[0])
    of_bookings = {"suspended", "maintenance"}  # a slot that was offered and is not booked any more
    codes = {*REFUSALS, *of_link, *of_bookings}
    keys |= {f"refusal.{code}{end}" for code in codes for end in ("", ".next")}
    for programme in load_all(None).values():
        for key in programme.attestations:
            keys |= {f"attestation.{key}", f"attestation.{key}.more"}
    return keys


@pytest.mark.parametrize("language", CATALOGUES)
def test_every_word_of_the_server_has_a_sentence(language: str) -> None:
    assert needed() - CATALOGUES[language].keys() == set()


def test_a_form_for_one_role_has_a_general_one_for_the_others() -> None:
    keys = CATALOGUES["ja"].keys()
    forms = {key for key in keys if re.search(r"\.to_(seeker|supporter)$", key)}
    assert forms
    assert {key for key in forms if key.rsplit(".", 1)[0] not in keys} == set()


@pytest.mark.parametrize("role", [Role.SEEKER, Role.SUPPORTER])
@pytest.mark.parametrize("language", CATALOGUES)
def test_nobody_reads_of_themselves_in_the_third_person(language: str, role: Role) -> None:
    """Of the reasons that say what that role did or left undone, each has a form for it."""
    words = CATALOGUES[language]
    name = words[f"role.{role}"].lower()
    spoken = [
        words.get(f"reason.{reason}.to_{role}", words[f"reason.{reason}"])
        for reason in reasons() - {"cancelled"}
    ]
    assert [sentence for sentence in spoken if name in sentence.lower()] == []


def test_both_languages_have_the_same_keys() -> None:
    assert CATALOGUES["ja"].keys() == CATALOGUES["en"].keys()


def test_both_languages_fill_in_the_same_values() -> None:
    def values(sentence: str) -> set[str]:
        return set(re.findall(r"\{(\w+)\}", sentence))

    ja, en = CATALOGUES["ja"], CATALOGUES["en"]
    assert [key for key in ja if values(ja[key]) != values(en[key])] == []


def test_there_is_one_sentence_for_a_key() -> None:
    for language in LANGUAGES:
        assert len(CATALOGUES[language]) == sum(len(read(language, part)) for part in PARTS)
    for part in PARTS:
        assert read("ja", part).keys() == read("en", part).keys(), part


@pytest.mark.parametrize("page", sorted(set(page_names()) - set(speaking())))
def test_a_page_without_a_catalogue_says_everything_in_both_languages(page: str) -> None:
    text = (PAGES / f"{page}.html").read_text("utf-8")
    parts = {
        language: re.search(
            rf'<section class="stack" lang="{language}">(.*?)</section>', text, re.S
        )
        for language in LANGUAGES
    }
    tags = {lang: re.findall(r"<(\w+)", part[1]) for lang, part in parts.items() if part}
    assert tags["ja"] == tags["en"], "the same headings and paragraphs in both"
    assert parts["ja"]
    assert not re.search(r"[!！]|エラー", text.partition("<body>")[2].replace("<!", ""))


def test_every_script_belongs_to_a_page() -> None:
    workers = {ASSETS / "js" / "e2ee" / name for name in ("worker.js", "frames.js")}
    of_pages = {script for page in page_names() for script in scripts_of(page)}
    assert [script.name for script in SCRIPTS if script not in of_pages | workers] == []


@pytest.mark.parametrize("page", speaking())
def test_every_key_of_a_page_has_a_sentence_in_what_it_loads(page: str) -> None:
    used = literal_keys(scripts_of(page))
    assert len(used) > 50
    assert used - loaded(page) == set()


@pytest.mark.parametrize("page", speaking())
def test_every_built_key_of_a_page_can_be_met_in_what_it_loads(page: str) -> None:
    keys = loaded(page)
    missing = [
        one.pattern for one in patterns(scripts_of(page)) if not any(map(one.fullmatch, keys))
    ]
    assert missing == []


@pytest.mark.parametrize("part", PARTS)
def test_no_sentence_is_left_over(part: str) -> None:
    """Each one can be said by a page that loads it; those of the room by the room, for a seeker loads them all."""
    pages = ["room"] if part == "" else [page for page in speaking() if part in parts_of(page)]
    assert pages, f"no page loads {part}"
    said = {key for page in pages for key in speakable(page)}
    assert [key for key in read("ja", part) if key not in said] == []


def test_a_seeker_loads_no_sentence_about_what_only_the_office_is_refused() -> None:
    of_room = {code for code, known in refusals.catalogue().items() if "room" in known.seen}
    codes = {key.split(".")[1] for key in read("ja") if key.startswith("refusal.")}
    assert {code for code in codes if code in refusals.catalogue()} == of_room


def calls(text: str) -> Iterator[str]:
    """What stands between the brackets of each `t(…)` and `tFirst(…)`."""
    for call in re.finditer(r"\bt(?:First)?\(", text):
        depth, at = 1, call.end()
        while depth:
            depth += {"(": 1, ")": -1}.get(text[at], 0)
            at += 1
        yield text[call.end() : at - 1]


def test_what_a_sentence_is_to_be_filled_with_is_given_where_it_is_said() -> None:
    """Of the keys that are named in full; a value that nobody gives would be read as `{name}`."""
    ja = CATALOGUES["ja"]
    missing = [
        (script.name, key, name)
        for script in SCRIPTS
        for call in calls(script.read_text("utf-8"))
        for key in re.findall(r"\"([a-z_]+\.[a-z0-9_.]+)\"", call)
        for name in re.findall(r"\{(\w+)\}", ja[key])
        if not re.search(
            rf"(?<!\.)\b{name}\s*[:,}}]|\.\.\.|,\s*\w+(?:$|\()", call.partition(f'"{key}"')[2]
        )
    ]
    assert missing == []


@pytest.mark.parametrize("language", CATALOGUES)
def test_sentences_keep_the_tone(language: str) -> None:
    """No exclamation marks, no «an error has occurred», no claim that recording were impossible (LOOK, Words)."""
    everything = "\n".join(CATALOGUES[language].values())
    assert not re.search(r"[!！]|エラーが発生|error has occurred", everything)
    assert not re.search(
        r"録画(は|が)?(でき|不可能)|impossible to record|cannot be recorded", everything
    )
