"""Every sentence that a person can meet is there, in both languages."""

import json
import re
from pathlib import Path
from typing import get_args

import pytest

from orchestrator.api.moments import MomentReason
from orchestrator.policy.effects import REFUSALS
from orchestrator.policy.model import Cause, Outcome, Phase, Presence, RescheduleState, Role
from orchestrator.policy.sentences import PLAIN, WORDS
from orchestrator.programmes import load_all
from signaling.views import AwayAs

AWAY = get_args(AwayAs)
ROOT = Path(__file__).parents[3]
ASSETS = ROOT / "signaling" / "pages" / "assets"
SCRIPTS = sorted((ASSETS / "js").rglob("*.js"))
POLICY = ROOT / "orchestrator" / "policy"
CATALOGUES = {
    language: json.loads((ASSETS / "locales" / f"{language}.json").read_text("utf-8"))
    for language in ("ja", "en")
}
CAUSES = {
    Outcome.NOT_HELD: (Cause.SEEKER, Cause.SUPPORTER, Cause.PLATFORM, Cause.UNKNOWN),
    Outcome.INTERRUPTED: (Cause.SEEKER, Cause.SUPPORTER, Cause.PLATFORM, Cause.UNKNOWN),
    Outcome.STOPPED: (Cause.SEEKER, Cause.SUPPORTER),
    Outcome.CANCELLED: (Cause.SEEKER, Cause.SUPPORTER, Cause.OFFICE, Cause.MAINTENANCE),
}
"""The causes that product.md's table of outcomes knows; the others have one cause, or none."""


def literal_keys() -> set[str]:
    """The keys that the scripts name in full: `t("…")`, also the two of a choice."""
    keys: set[str] = set()
    for script in SCRIPTS:
        for call in re.findall(
            r"\bt(?:First)?\(((?:[^()]|\([^()]*\))*)\)", script.read_text("utf-8")
        ):
            keys.update(re.findall(r"\"([a-z_]+\.[a-z0-9_.]+)\"", call))
    return keys


def patterns() -> list[re.Pattern[str]]:
    """The keys that the scripts put together: `a.${b}.c`, as patterns."""
    found = []
    for script in SCRIPTS:
        for text in re.findall(r"`([a-z_]+\.[^`\s]*\$\{[^`\s]+)`", script.read_text("utf-8")):
            parts = re.split(r"\$\{[^}]*\}", text)
            found.append(re.compile("[a-z0-9_.]+".join(map(re.escape, parts))))
    return found


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


def test_every_key_of_the_scripts_has_a_sentence() -> None:
    used = literal_keys()
    assert len(used) > 100
    assert used - CATALOGUES["ja"].keys() == set()


def test_every_built_key_of_the_scripts_can_be_met() -> None:
    keys = CATALOGUES["ja"]
    assert [one.pattern for one in patterns() if not any(map(one.fullmatch, keys))] == []


def test_no_sentence_is_left_over() -> None:
    used, built = literal_keys(), patterns()
    quoted = {
        key
        for script in SCRIPTS
        for key in re.findall(r"\"([a-z_]+\.[a-z0-9_.]+)\"", script.read_text("utf-8"))
    }
    assert [
        key
        for key in CATALOGUES["ja"]
        if key not in used | quoted and not any(one.fullmatch(key) for one in built)
    ] == []


@pytest.mark.parametrize("language", CATALOGUES)
def test_sentences_keep_the_tone(language: str) -> None:
    """No exclamation marks, no «an error has occurred», no claim that recording were impossible (LOOK, Words)."""
    everything = "\n".join(CATALOGUES[language].values())
    assert not re.search(r"[!！]|エラーが発生|error has occurred", everything)
    assert not re.search(
        r"録画(は|が)?(でき|不可能)|impossible to record|cannot be recorded", everything
    )
