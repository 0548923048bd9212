import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.policy.names import LONGEST_DISPLAY_NAME, check_display_name, refuses
from orchestrator.policy.romaji import sounds

KANA = st.text(st.characters(min_codepoint=0x3041, max_codepoint=0x3093), min_size=2, max_size=6)


@pytest.mark.parametrize(
    ("alias", "real_name", "code"),
    [
        ("佐藤花子", "佐藤 花子", "same_as_real_name"),
        ("佐藤　花子", "佐藤花子", "same_as_real_name"),
        ("佐藤・花子", "佐藤 花子", "same_as_real_name"),
        ("花子 佐藤", "佐藤 花子", "same_as_real_name"),
        ("愛森", "森 愛", "same_as_real_name"),
        ("SATO hanako", "Hanako Sato", "same_as_real_name"),
        ("ｓａｔｏ＿ｈａｎａｋｏ", "Sato, Hanako", "same_as_real_name"),
        ("さとうはなこ", "サトウ ハナコ", "same_as_real_name"),
        ("ｻﾄｳ･ﾊﾅｺ", "さとう はなこ", "same_as_real_name"),
        ("が", "か゛", "same_as_real_name"),
        ("カ\u3099", "が", "same_as_real_name"),
        ("花子佐藤さん", "佐藤 花子", "contains_real_name"),
        ("森愛14", "森 愛", "contains_real_name"),
        ("佐藤14", "佐藤 花子", "contains_part_of_real_name"),
        ("はなこ", "サトウ・ハナコ", "contains_part_of_real_name"),
        ("佐 藤", "佐藤 花子", "contains_part_of_real_name"),
        ("佐.藤.14", "佐藤 花子", "contains_part_of_real_name"),
        ("佐藤14", "佐藤花子", "contains_part_of_real_name"),
        ("花子", "佐藤花子", "contains_part_of_real_name"),
        ("さとうさん", "さとうはなこ", "contains_part_of_real_name"),
        ("高橋", "髙橋 一", "contains_part_of_real_name"),
        ("渡辺7", "渡邊 愛", "contains_part_of_real_name"),
        ("佐佐木", "佐々木 愛", "contains_part_of_real_name"),
        ("Renée", "Renee Dupont", "contains_part_of_real_name"),
        ("渡邊\U000e0101", "渡辺 愛", "contains_part_of_real_name"),
    ],
)
def test_a_name_that_is_written_otherwise_is_still_the_name(alias, real_name, code):
    assert refuses(alias, real_name) == code


@pytest.mark.parametrize(
    ("alias", "real_name"),
    [
        ("sato14", "さとう はなこ"),
        ("Satou", "サトウ ハナコ"),
        ("Satoh-san", "さとう・はなこ"),
        ("Satō 14", "さとう はなこ"),
        ("Sato", "さとうはなこ"),
        ("SA TO", "さとう はなこ"),
        ("さとー", "さとう はなこ"),
        ("shinichi", "おの しんいち"),
        ("Shin'ichi", "おの しんいち"),
        ("siniti", "おの しんいち"),
        ("Junko", "もり じゅんこ"),
        ("zyunko", "もり じゅんこ"),
        ("Chizuru", "もり ちづる"),
        ("tizuru", "もり ちづる"),
        ("hatchi", "はっち けん"),
        ("hacchi", "はっち けん"),
        ("Namba7", "なんば けん"),
        ("nanba", "なんば けん"),
        ("Fujita", "ふじた けん"),
        ("huzita", "ふじた けん"),
        ("Ohno", "おおの ゆうこ"),
        ("oono", "おおの ゆうこ"),
        ("ゆうこ14", "Yuko Ohno"),
        ("ai14", "もり あい"),
    ],
)
def test_a_name_that_sounds_the_same_in_latin_letters_is_refused(alias, real_name):
    assert refuses(alias, real_name) == "sounds_like_real_name"


@pytest.mark.parametrize(
    ("alias", "real_name"),
    [
        ("さくら14", "佐藤 花子"),
        ("さくら14", "さとう はなこ"),
        ("rainbow", "もり あい"),
        ("森の人", "森 愛"),
        ("14", "佐藤 花子"),
        ("うみ", "さとう はなこ"),
        ("sato14", "佐藤 花子"),  # how kanji are read cannot be computed
        ("さくら14", ""),
        ("!?", "佐藤 花子"),
        ("さくら14", "・"),
    ],
)
def test_a_name_that_gives_nobody_away_is_allowed(alias, real_name):
    assert refuses(alias, real_name) is None


@given(family=KANA, given_name=KANA, before=st.text(max_size=4), after=st.text(max_size=4))
def test_a_family_name_is_found_wherever_it_stands(family, given_name, before, after):
    # A mark would belong to the name's last character and make it another one.
    if unicodedata.category((after + " ")[0])[0] == "M":
        after = ""
    assert refuses(f"{before} {family} {after}", f"{family} {given_name}") is not None


@given(family=KANA, given_name=KANA)
def test_the_order_of_the_names_does_not_matter(family, given_name):
    alias = f"{given_name}{family}"
    assert refuses(alias, f"{family} {given_name}") == refuses(alias, f"{given_name} {family}")


@given(alias=st.text(max_size=30), real_name=st.text(max_size=30))
def test_any_text_gets_an_answer(alias, real_name):
    assert refuses(alias, real_name) in {
        None,
        "same_as_real_name",
        "contains_real_name",
        "contains_part_of_real_name",
        "sounds_like_real_name",
    }


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("とうきょう", "tokyo"),
        ("きょうこ", "kyoko"),
        ("しゃ", "sha"),
        ("じょう", "joh"),
        ("つづき", "tsuzuki"),
        ("いっちゃん", "itchan"),
        ("じぇに", "jeni"),
        ("ゔぃ", "vi"),
    ],
)
def test_kana_and_both_romanisations_come_to_one_spelling(one, other):
    assert sounds(one) == sounds(other)


def test_kanji_part_the_stretches_of_sound():
    assert sounds("さとう花hana") == ["sato", "hana"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("さくら14", None),
        ("O'Brien 3", None),
        ("☀", None),
        ("", "name_blank"),
        (" \u3000 ", "name_blank"),
        ("\u200b\u3164", "name_blank"),
        ("\u0301", "name_blank"),
        ("あ" * LONGEST_DISPLAY_NAME, None),
        ("あ" * (LONGEST_DISPLAY_NAME + 1), "name_too_long"),
        ("か\u3099" * LONGEST_DISPLAY_NAME, None),  # composed: measured after NFC
        ("a\nb", "name_not_printable"),
        ("a\x00b", "name_not_printable"),
        ("a\u202eb", "name_not_printable"),
        ("a\u2066b", "name_not_printable"),
        ("a\u200bb", "name_not_printable"),
        ("a\u2028b", "name_not_printable"),
        ("a\ud800", "name_not_printable"),
        ("a\u3164b", "name_not_printable"),
    ],
)
def test_a_display_name_can_be_read(text, code):
    assert check_display_name(text) == code
