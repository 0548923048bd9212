"""Whether a display name gives somebody away, and whether it can be shown at all.

The office gives the name that others see, and the real name is not to be registered (SAKAI 2(3)). So an alias is
compared with the real name after everything is folded that people write in more than one way: width, case, spacing and
punctuation, hiragana and katakana, old and new forms of characters common in names, the order of family and given name.

Kana and Latin letters are compared by sound, in Hepburn, Kunrei and the usual spellings of long vowels. **How kanji are
read cannot be computed**: 佐藤 is not recognised in `sato14` unless the reading is known, so a caller that has the
reading should check the alias against it too. Look-alikes from other scripts are not recognised either: the alias comes
from the office, not from somebody who wants to get past this.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import permutations

from orchestrator.policy.romaji import has_latin, sounds

LONGEST_DISPLAY_NAME = 40
"""Characters; what fits over a remote picture on a phone in two lines; ours."""

_SHORTEST_PART = 2
"""A family or given name of one character is in too many words to be refused alone; ours."""
_SHORTEST_SOUND = 4
"""Letters from which a computed reading counts inside another word: あい is `ai`, and `rainbow` is not あい; ours."""
_SHORTEST_KANA_END = 3
"""Of a kana name written in one, beginning and end are taken for family and given name from this length; ours."""

_VARIANTS = str.maketrans(
    "髙﨑嵜澤邊邉齋齊斎濵濱德廣櫻嶋嶌國眞惠藏瀨龍冨𠮷學壽榮淸豐圓ヶヵ",
    "高崎崎沢辺辺斉斉斉浜浜徳広桜島島国真恵蔵瀬竜富吉学寿栄清豊円ケカ",
)
"""Old and variant forms that one family writes and another office does not; NFKC leaves them apart; ours."""

_KATAKANA = {code: code - 0x60 for code in [*range(0x30A1, 0x30F7), 0x30FD, 0x30FE]}
_SOUND_MARKS = {0x309B: 0x3099, 0x309C: 0x309A}
_REPEATED = re.compile(r"(.)[々ゝ]")
_SEPARATORS = re.compile(r"[^\w]+|_+")
_LATIN_MARKS = re.compile(r"[\u0300-\u036f]")


def refuses(alias: str, real_name: str) -> str | None:
    """Say whether an alias gives the real name away (SAKAI 2(3)).

    Args:
        alias: the display name that is wished for.
        real_name: in any order; family and given name apart, if they are known apart.

    Returns:
        `same_as_real_name`, `contains_real_name`, `contains_part_of_real_name` (family or given name, from two
        characters), `sounds_like_real_name` (the same by sound, in Latin letters), or None.
    """
    parts = _parts(real_name)
    folded = _fold(alias)
    if not parts or not folded:
        return None
    wholes = (
        {"".join(order) for order in permutations(parts)} if len(parts) <= 4 else {"".join(parts)}
    )
    if folded in wholes:
        return "same_as_real_name"
    if any(whole in folded for whole in wholes if len(whole) >= _SHORTEST_PART):
        return "contains_real_name"
    alone = [part for part in [*parts, *_guessed_parts(parts)] if len(part) >= _SHORTEST_PART]
    if any(part in folded for part in alone):
        return "contains_part_of_real_name"
    if any(
        _sounds_within(part, alias) for part in [*wholes, *alone] if len(part) >= _SHORTEST_PART
    ):
        return "sounds_like_real_name"
    return None


def check_display_name(text: str) -> str | None:
    """Say why a display name cannot be shown.

    Args:
        text: as typed; it is measured after NFC.

    Returns:
        `name_blank`, `name_too_long`, `name_not_printable` (control, direction and other invisible characters, which
        could make one name look like another), or None.
    """
    text = unicodedata.normalize("NFC", text)
    if not any(unicodedata.category(char)[0] in "LNPS" and char not in _BLANKS for char in text):
        return "name_blank"
    if len(text) > LONGEST_DISPLAY_NAME:
        return "name_too_long"
    if any(unicodedata.category(char) in _INVISIBLE or char in _BLANKS for char in text):
        return "name_not_printable"
    return None


_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_BLANKS = frozenset("\u115f\u1160\u3164\uffa0\u2800")
"""Letters and symbols that show nothing: the Hangul fillers and the empty Braille cell."""


def _parts(name: str) -> list[str]:
    """Family and given name, folded, as far as the name keeps them apart."""
    pieces = _SEPARATORS.split(_nfkc(name))
    return [folded for piece in pieces if (folded := _fold(piece))]


def _guessed_parts(parts: list[str]) -> list[str]:
    """Beginning and end of a name that is written in one: 佐藤花子 gives 佐藤 and 花子."""
    if len(parts) != 1:
        return []
    name = parts[0]
    if has_latin(name):
        return []
    shortest = _SHORTEST_PART if any(_is_kanji(char) for char in name) else _SHORTEST_KANA_END
    return [name[:shortest], name[-shortest:]] if len(name) > shortest else []


def _is_kanji(char: str) -> bool:
    return unicodedata.name(char, "").startswith("CJK UNIFIED IDEOGRAPH")


def _nfkc(text: str) -> str:
    """Compatibility form; sound marks that stand apart go to their kana instead of becoming a space and a mark."""
    return unicodedata.normalize("NFKC", text.translate(_SOUND_MARKS))


def _fold(text: str) -> str:
    """Letters and digits only, in one form."""
    text = _nfkc(text).translate(_VARIANTS).translate(_KATAKANA)
    text = unicodedata.normalize("NFKC", text.casefold())
    kept = "".join(char for char in text if unicodedata.category(char)[0] in "LNM")
    # Composed again, because a sound mark that stood apart has now met its kana.
    kept = unicodedata.normalize("NFC", _LATIN_MARKS.sub("", unicodedata.normalize("NFD", kept)))
    kept = "".join(char for char in kept if unicodedata.category(char)[0] != "M")
    return _REPEATED.sub(r"\1\1", kept)


def _sounds_within(part: str, alias: str) -> bool:
    """Whether the sound of a folded part is in the alias; two that are in plain kana have been compared already."""
    words = [
        _fold(word) for word in re.split(r"[^\w]+|[\d_]+", unicodedata.normalize("NFKC", alias))
    ]
    if not any(has_latin(text) or "ー" in text for text in [part, *words]):
        return False
    wanted = sounds(part)
    if len(wanted) != 1:
        return False
    sound = wanted[0]
    heard = [run for word in words for run in sounds(word)]
    together = sounds("".join(words))
    return sound in heard or (
        len(sound) >= _SHORTEST_SOUND and any(sound in run for run in [*heard, *together])
    )
