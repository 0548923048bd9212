"""How kana sound in Latin letters, brought to one spelling.

Hepburn (`shi`, `chi`, `tsu`, `fu`, `ja`), Kunrei (`si`, `ti`, `tu`, `hu`, `zya`) and the ways in which passports and
people write long vowels (`ō`, `ou`, `oo`, `oh`, `o`) all become the same letters. That spelling is for comparing only:
it is shorter than any of them, so it must never be shown.
"""

from __future__ import annotations

import re
from types import MappingProxyType


def _rows() -> dict[str, str]:
    rows = {
        "": "あいうえお",
        "k": "かきくけこ",
        "s": "さしすせそ",
        "t": "たちつてと",
        "n": "なにぬねの",
        "h": "はひふへほ",
        "m": "まみむめも",
        "r": "らりるれろ",
        "g": "がぎぐげご",
        "z": "ざじずぜぞ",
        "d": "だぢづでど",
        "b": "ばびぶべぼ",
        "p": "ぱぴぷぺぽ",
    }
    table = {
        kana: consonant + vowel
        for consonant, row in rows.items()
        for kana, vowel in zip(row, "aiueo", strict=True)
    }
    # Sounds that modern speech no longer tells apart, and names spell either way.
    table |= {
        "ぢ": "zi",
        "づ": "zu",
        "や": "ya",
        "ゆ": "yu",
        "よ": "yo",
        "わ": "wa",
        "ゐ": "i",
        "ゑ": "e",
    }
    table |= {"を": "o", "ん": "n", "ゔ": "bu"}
    for kana, latin in list(table.items()):
        if latin.endswith("i") and len(latin) == 2:
            table |= {
                kana + small: latin[0] + "y" + vowel
                for small, vowel in zip("ゃゅょ", "auo", strict=True)
            }
            table[kana + "ぇ"] = latin[0] + "ye"
    table |= {"ゔ" + small: "b" + vowel for small, vowel in zip("ぁぃぇぉ", "aieo", strict=True)}
    table |= {"ふ" + small: "h" + vowel for small, vowel in zip("ぁぃぇぉ", "aieo", strict=True)}
    table |= {
        "て" + "ぃ": "ti",
        "で" + "ぃ": "di",
        "う" + "ぃ": "wi",
        "う" + "ぇ": "we",
        "う" + "ぉ": "wo",
    }
    table |= dict(
        zip("ぁぃぅぇぉゃゅょゎ", ("a", "i", "u", "e", "o", "ya", "yu", "yo", "wa"), strict=True)
    )
    return table


_KANA = MappingProxyType(_rows())

_SPELLINGS = tuple(
    (re.compile(pattern), into)
    for pattern, into in (
        (r"[ct](?=ch)", "t"),
        (r"chi", "ti"),
        (r"ch(?=[aeou])", "ty"),
        (r"shi", "si"),
        (r"sh(?=[aeou])", "sy"),
        (r"tsu", "tu"),
        (r"f", "h"),
        (r"jy?(?=[aeou])", "zy"),
        (r"ji|di", "zi"),
        (r"dzu|du", "zu"),
        (r"dy", "zy"),
        (r"vu?", "b"),
        (r"l", "r"),
        (r"m(?=[bpm])", "n"),
        (r"o[ou]*h(?![aiueoy])", "o"),
        (r"o[ou]+", "o"),
        (r"([aiue])\1+", r"\1"),
    )
)
"""From the spelling on the left to the common one, in this order; Hepburn's `m` before lips is Kunrei's `n`."""


def has_latin(text: str) -> bool:
    """Whether there is a letter from a to z."""
    return re.search(r"[a-z]", text) is not None


def sounds(text: str) -> list[str]:
    """The sound of every stretch of kana and Latin letters in folded text.

    Args:
        text: folded: lower case, hiragana, no marks, no separators.

    Returns:
        One common spelling for each stretch; other characters, kanji above all, part the stretches.
    """
    stretches = re.findall(r"[a-zぁ-ゔー]+", text)
    return [spelled for stretch in stretches if (spelled := _spell(_latin(stretch)))]


def _latin(stretch: str) -> str:
    latin = ""
    is_doubled = False
    at = 0
    while at < len(stretch):
        size = 2 if stretch[at : at + 2] in _KANA else 1
        kana = stretch[at : at + size]
        at += size
        if kana == "っ":
            is_doubled = True
            continue
        sound = "" if kana == "ー" else _KANA.get(kana, kana)
        latin += sound[:1] + sound if is_doubled and sound[:1] not in "aiueo" else sound
        is_doubled = False
    return latin


def _spell(latin: str) -> str:
    for pattern, into in _SPELLINGS:
        latin = pattern.sub(into, latin)
    return latin
