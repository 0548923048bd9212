import inspect
import re
from datetime import date, timedelta
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from orchestrator.errors import Misconfigured
from orchestrator.policy import programme as programme_module
from orchestrator.policy.model import Consequence, Outcome, Quota
from orchestrator.policy.programme import Programme, ProgrammeMistakes, parse
from orchestrator.policy.programme_checks import CAUSES, CROSS_CHECKS
from orchestrator.policy.span import read_span, write_span
from orchestrator.programmes import load_all

SHIPPED = ("demo", "ix", "kumagaya", "sakai")
PROGRAMMES = load_all()
SOURCE = re.compile(r"(KUMAGAYA|SAKAI|IX|GOALOUS|RECRUIT)( \d|, )|\bours\b")
USED, RESTORED = Quota.USED, Quota.RESTORED


def written(name):
    """The text of a shipped file."""
    return (files("orchestrator.programmes") / f"{name}.toml").read_text(encoding="utf-8")


def changed(*replacements, name="demo"):
    """The text of a shipped file with some lines replaced, each of which has to be there once."""
    text = written(name)
    for old, new in replacements:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


def mistakes_of(text):
    """Key and reason of all that `parse` finds wrong."""
    with pytest.raises(ProgrammeMistakes) as caught:
        parse(text, "trial.toml")
    assert all(mistake.file == "trial.toml" for mistake in caught.value.mistakes)
    return {mistake.key: mistake.reason for mistake in caught.value.mistakes}


# ---- the files that ship


def test_four_programmes_ship():
    assert tuple(PROGRAMMES) == SHIPPED
    assert all(name == programme.name for name, programme in PROGRAMMES.items())


@pytest.mark.parametrize("name", SHIPPED)
def test_each_line_of_a_shipped_file_cites_its_source(name):
    text = re.sub(r'"""\n.*?"""', '"…"', written(name), flags=re.DOTALL)  # a long text is one line
    lines = [line for line in text.splitlines() if line not in ("", "]") and line[0] != "#"]
    uncited = [
        line for line in lines if not SOURCE.search(line.rpartition(" # ")[2]) or " # " not in line
    ]
    assert uncited == []


def test_the_numbers_are_those_of_the_terms():
    minutes = lambda count: timedelta(minutes=count)  # noqa: E731
    assert PROGRAMMES["kumagaya"].lengths == (minutes(30),)
    assert PROGRAMMES["sakai"].lengths == (minutes(30), minutes(45), minutes(60))
    for name in ("kumagaya", "sakai", "ix"):
        rules = PROGRAMMES[name].rules()
        assert (rules.programme, rules.programme_version) == (name, 1)
        assert (rules.doors, rules.cutoff, rules.tolerance) == (
            minutes(10),
            minutes(10),
            minutes(2),
        )
        assert rules.warnings == (minutes(5), minutes(1))
        assert (rules.grace, rules.grace_total, rules.hold) == (minutes(2), minutes(5), minutes(10))
        assert rules.tail == minutes(2)
        assert rules.ringing == (minutes(1) if name == "ix" else timedelta())


def test_the_demo_scales_the_small_times_too():
    rules = PROGRAMMES["demo"].rules()
    seconds = [
        span.total_seconds()
        for span in (
            rules.cutoff,
            rules.grace,
            rules.grace_total,
            rules.hold,
            rules.tail,
            rules.tolerance,
        )
    ]
    assert seconds == [60, 20, 60, 60, 10, 20]
    assert [span.total_seconds() for span in rules.warnings] == [60, 20]


@pytest.mark.parametrize("name", SHIPPED)
def test_the_consequences_are_those_of_the_product(name):
    # product.md, Outcomes; `cancelled/seeker` is left to the programme.
    strike = name != "ix"
    assert PROGRAMMES[name].rules().consequences == {
        "completed": Consequence(USED, False),
        "seeker_no_show": Consequence(USED, False, strike=strike),
        "supporter_no_show": Consequence(RESTORED, True),
        "supporter_late": Consequence(RESTORED, True),
        **{
            f"{outcome}/{cause}": consequence
            for outcome in ("not_held", "interrupted")
            for cause, consequence in (
                ("seeker", Consequence(USED, False)),
                ("supporter", Consequence(RESTORED, True)),
                ("platform", Consequence(RESTORED, True)),
                ("unknown", Consequence(RESTORED, True, confirm=True)),
            )
        },
        "stopped/seeker": Consequence(USED, False),
        "stopped/supporter": Consequence(RESTORED, True),
        "cancelled/seeker": Consequence(USED if name == "ix" else RESTORED, False),
        "cancelled/supporter": Consequence(RESTORED, True),
        "cancelled/office": Consequence(RESTORED, True),
        "cancelled/maintenance": Consequence(RESTORED, True),
    }


def test_strikes_are_off_for_ix_alone():
    assert [name for name, programme in PROGRAMMES.items() if programme.strikes is None] == ["ix"]


def test_every_outcome_has_its_row():
    assert set(CAUSES) == set(Outcome)


@pytest.mark.parametrize(
    "table",
    [
        table
        for _, table in inspect.getmembers(programme_module, inspect.isclass)
        if issubclass(table, BaseModel) and table.__module__ == programme_module.__name__
    ],
)
def test_every_field_says_its_unit_and_source(table):
    assert table.model_config["frozen"]
    assert table.model_config["extra"] == "forbid"
    silent = [
        name
        for name, field in table.model_fields.items()
        if not SOURCE.search(field.description or "")
    ]
    assert silent == []


def test_a_programme_cannot_be_changed():
    with pytest.raises(ValidationError):
        PROGRAMMES["demo"].name = "other"


# ---- mistakes


def test_ten_mistakes_are_told_at_once():
    text = changed(
        ("version = 1 # ours; raise it with every change", 'version = "1"'),
        ('time_zone = "Asia/Tokyo"', 'time_zone = "Asia/Tokio"'),
        ('lengths = ["3m"]', 'lengths = ["3"]'),
        ('to = "24:00"', 'to = "25:00"'),
        ('grid = "5m"', 'grid = "7m"'),
        ('cutoff = "60s"', 'cutof = "60s"'),
        ('hold = "60s"', 'hold = "10s"'),
        ('functions = ["audio", "video", "chat"]', 'functions = ["audio", "vidio"]'),
        ('version = "demo-1" # ours\n', ""),
        ("watermark = true", 'watermark = "yes"'),
        ('"interrupted/unknown"', '"interupted/unknown"'),
    )
    reasons = mistakes_of(text)
    assert set(reasons) == {
        *("version", "time_zone", "lengths", "windows.0.to", "grid", "cutof", "cutoff", "hold"),
        *("functions.1", "terms.version", "watermark"),
        *("consequences.interupted/unknown", "consequences.interrupted/unknown"),
    }
    assert all(re.fullmatch(r"[A-Z].*[.?]", reason) for reason in reasons.values())


@pytest.mark.parametrize(
    ("old", "new", "key", "words"),
    [
        ('"03-0000-0000"', '"03-0000-0000 (ext. 12)"', "telephone", "with nothing behind it"),
        ('cutoff = "60s"', 'cutof = "60s"', "cutof", "did you mean `cutoff`"),
        ('from = "00:00"', 'form = "00:00"', "windows.0.form", "did you mean `from`"),
        (
            'cutoff = "60s"',
            'cutoff = "3m"',
            "cutoff",
            "3m must be shorter than the shortest slot of 3m",
        ),
        ('cutoff = "60s"', 'cutoff = "0s"', "cutoff", "longer than 0s"),
        ('cutoff = "60s"', "cutoff = 60", "cutoff", "not 60"),
        ('warnings = ["60s", "20s"]', 'warnings = ["5m", "20s"]', "warnings", "shorter"),
        ('warnings = ["60s", "20s"]', 'warnings = ["60s", "1m"]', "warnings", "twice"),
        ('warnings = ["60s", "20s"]', 'warnings = ["60s", "x"]', "warnings.1", "'x'"),
        ('hold = "60s"', 'hold = "19s"', "hold", "at least as long as the grace"),
        ('grace_total = "60s"', 'grace_total = "19s"', "grace_total", "at least one grace"),
        ('grace = "20s"', 'grace = "3m"', "grace", "shorter"),
        ('tail = "10s"', 'tail = "3m"', "tail", "shorter"),
        ('tolerance = "20s"', 'tolerance = "61s"', "tolerance", "cutoff of 1m"),
        ('ringing = "0s"', 'ringing = "61s"', "ringing", "cutoff of 1m"),
        ('lead = "2m"', 'lead = "2d"', "lead", "Nothing can be proposed"),
        ('horizon = "2d"', 'horizon = "400d"', "horizon", "366"),
        ('grid = "5m"', 'grid = "7m"', "grid", "divide a day"),
        ('default_length = "3m"', 'default_length = "4m"', "default_length", "4m is not one"),
        ('lengths = ["3m"]', "lengths = []", "lengths", "list like"),
        ('lengths = ["3m"]', 'lengths = ["4m", "3m"]', "lengths", "shortest first"),
        ('lengths = ["3m"]', 'lengths = ["0s", "3m"]', "lengths", "longer than 0s"),
        (
            'lengths = ["3m"]',
            'lengths = { min = "3m", max = "5m" }',
            "lengths",
            "min, max and step",
        ),
        (
            'lengths = ["3m"]',
            'lengths = { min = "3m", max = "2m", step = "1m" }',
            "lengths",
            "min <= max",
        ),
        (
            'lengths = ["3m"]',
            'lengths = { min = "3m", max = "6m", step = "2m" }',
            "lengths",
            "exactly",
        ),
        (
            'lengths = ["3m"]',
            'lengths = { min = "3m", max = "3h", step = "1s" }',
            "lengths",
            "at most 100",
        ),
        ('to = "24:00"', 'to = "24:01"', "windows.0.to", "24:00"),
        ('to = "24:00"', 'to = "00:00"', "windows.0", "end after it begins"),
        ('to = "24:00"', 'to = "00:02"', "lengths", "fits into none"),
        ('days = ["mon", "tue"', 'days = ["mon", "mon", "tue"', "windows.0.days", "twice"),
        ('days = ["mon", "tue"', 'days = ["mon", "tus"', "windows.0.days.1", "Did you mean 'tue'"),
        ('booked_by = "any"', 'booked_by = "anyday"', "booked_by", "'day_before' or 'any'"),
        ('grid = "5m"', 'grid = "5m"\nholidays = "XX"', "holidays", "XX"),
        ('grid = "5m"', 'grid = "5m"\nclosed_days = ["02-30"]', "closed_days.0", "02-30"),
        ('grid = "5m"', 'grid = "5m"\nquota = 0', "quota", "at least 1"),
        ('time_zone = "Asia/Tokyo"', 'time_zone = "../etc"', "time_zone", "../etc"),
        ('name = "demo"', 'name = "De mo"', "name", "De mo"),
        ('recording = "forbidden"', 'recording = "allowed"', "recording", "forbidden"),
        ('functions = ["audio", "video", "chat"]', 'functions = ["video"]', "functions", "audio"),
        ('  "no_recording", # KUMAGAYA 12(2)\n', "", "attestations", "no_recording"),
        ('  "private_room", # KUMAGAYA 12(3)\n', "", "companions", "KUMAGAYA 12(3)"),
        ('"no_recording", #', '"no_recording", "no_recording", #', "attestations", "twice"),
        ('"no_recording", #', '"no_rec", #', "attestations.0", "Did you mean 'no_recording'"),
        (
            'lengths = ["3m"]',
            f"lengths = {[f'{s}s' for s in range(180, 300)]}",
            "lengths",
            "at most 100",
        ),
        ('grid = "5m"', 'grid = "5m"\nclosed_days = ["May"]', "closed_days.0", "'May'"),
        ("companions = 2", "companions = 3", "companions", "at most 2"),
        ("early_admission = false", "early_admission = 0", "early_admission", "true or false"),
        ('version = "demo-1" # ours\n', "", "terms.version", "missing: Version of the terms"),
        ('ja = "これは', 'jp = "これは', "terms.text.jp", "did you mean `ja`"),
        ("[terms.full]", "[terms.fulll]", "terms.fulll", "did you mean `full`"),
        ('\nen = """', '\neng = """', "terms.full.en", "missing: English"),
        ('\nja = """', '\nja = """ \n """\njp = """', "terms.full.ja", "must not be empty"),
        ('\nja = """', f'\nja = """{"あ" * 20_000}', "terms.full.ja", "at most 20000 characters"),
        ("count = 3", "count = 0", "strikes.count", "at least 1"),
        ("completed =", "complete =", "consequences.complete", "'completed'"),
        ("completed =", "complete =", "consequences.completed", "no consequence"),
        (
            '"stopped/supporter" =',
            '"stopped/platform" =',
            "consequences.stopped/platform",
            "no such",
        ),
        (
            '"stopped/supporter" =',
            '"stopped/platform" =',
            "consequences.stopped/supporter",
            "no consequence",
        ),
    ],
)
def test_a_mistake_is_told_with_its_key_and_a_reason(old, new, key, words):
    assert words in mistakes_of(changed((old, new)))[key]


def test_what_the_office_ends_may_have_a_row_of_its_own_and_need_not():
    own = '"interrupted/office" = { quota = "used", reschedule = false } # ours'
    text = changed(("[consequences] #", f"[consequences] # ours\n{own}\n#"))
    assert parse(text, "demo.toml").consequences["interrupted/office"].quota is USED
    assert "interrupted/office" not in PROGRAMMES["demo"].consequences


def test_windows_that_overlap_or_are_out_of_order_are_a_mistake():
    overlapping = changed(('to = "12:00"', 'to = "14:01"'), name="sakai")
    assert "before an earlier window has ended" in mistakes_of(overlapping)["windows.1"]
    swapped = changed(
        ('from = "10:00", to = "12:00"', 'from = "17:00", to = "18:00"'), name="sakai"
    )
    assert "windows.1" in mistakes_of(swapped)


HOURS = """
[[availability]] # ours
supporter = "tanaka"
days = ["mon", "tue"]
from = "10:00"
to = "12:00"
"""


def test_supporters_may_have_weekly_hours_for_proposals():
    programme = parse(written("sakai") + HOURS, "sakai.toml")
    assert [(row.supporter, row.days) for row in programme.availability] == [
        ("tanaka", ("mon", "tue"))
    ]
    assert programme.override(slot=timedelta(minutes=20)).availability == programme.availability
    assert PROGRAMMES["sakai"].availability == ()


@pytest.mark.parametrize(
    ("old", "new", "key", "words"),
    [
        ('to = "12:00"', 'to = "10:00"', "availability.0", "end after they begin"),
        ('from = "10:00"\nto = "12:00"', 'from = "20:00"\nto = "22:00"', "availability.0", "outside every window"),
        ('days = ["mon", "tue"]', 'days = ["sun"]', "availability.0", "outside every window"),
        ('days = ["mon", "tue"]', 'days = ["mon", "mon"]', "availability.0.days", "twice"),
        ('supporter = "tanaka"', 'suporter = "tanaka"', "availability.0.suporter", "supporter"),
    ],
)  # fmt: skip
def test_hours_that_cannot_be_are_a_mistake(old, new, key, words):
    assert HOURS.count(old) == 1
    assert words in mistakes_of(written("sakai") + HOURS.replace(old, new))[key]


def test_a_strike_needs_a_count_and_a_seeker():
    text = written("demo")
    begin, end = text.index("[strikes]"), text.index("[consequences]")
    assert (
        "no [strikes] table"
        in mistakes_of(text[:begin] + text[end:])["consequences.seeker_no_show.strike"]
    )
    accusing = re.sub(r"(supporter_late = .*true) }", r"\1, strike = true }", text)
    assert (
        "Only what the seeker caused" in mistakes_of(accusing)["consequences.supporter_late.strike"]
    )


def test_early_admission_needs_doors_that_open_early():
    text = changed(
        ("early_admission = false", "early_admission = true"), ('doors = "10m"', 'doors = "0s"')
    )
    assert set(mistakes_of(text)) == {"early_admission"}


@pytest.mark.parametrize(
    ("text", "key"), [("a = 1\nb = = 2\n", "line 2"), ("a = 1\n\nb = [", "line 3")]
)
def test_what_is_not_toml_is_told_with_its_line(text, key):
    assert "not TOML" in mistakes_of(text)[key]


@given(st.text(max_size=60))
def test_any_text_is_answered_with_mistakes(text):
    with pytest.raises(ProgrammeMistakes):
        parse(text, "any.toml")


def test_a_cross_check_names_fields_only():
    names = {name for check in CROSS_CHECKS for name in inspect.signature(check).parameters}
    assert names - {"written"} <= Programme.model_fields.keys()


def test_an_outcome_without_causes_covers_them_all():
    text = (
        re.sub(r'"stopped/\w+" = .*\n', "", written("demo"))
        + 'stopped = { quota = "used", reschedule = false }\n'
    )
    assert parse(text, "trial.toml").rules().consequences["stopped"] == Consequence(USED, False)


@pytest.mark.parametrize(
    ("closed", "days", "open_days"),
    [
        ("12-29..01-03", ("12-29", "12-31", "01-01", "01-03"), ("12-28", "01-04", "07-01")),
        ("08-13..08-15", ("08-13", "08-15"), ("08-12", "08-16", "01-01")),
        ("02-29", ("02-29",), ("02-28", "03-01")),
    ],
)
def test_closed_days_come_back_every_year(closed, days, open_days):
    (range_,) = parse(
        changed(('grid = "5m"', f'grid = "5m"\nclosed_days = ["{closed}"]')), "x"
    ).closed_days
    assert all(range_.cover(date.fromisoformat(f"2028-{day}")) for day in days)
    assert not any(range_.cover(date.fromisoformat(f"2028-{day}")) for day in open_days)


# ---- spans


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("10m", 600),
        ("60s", 60),
        ("1h30m", 5400),
        ("0s", 0),
        ("14d", 1_209_600),
        ("1d1h1m1s", 90_061),
    ],
)
def test_a_span_is_read(text, seconds):
    assert read_span(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "text", ["", "10", "m", "-5m", "1.5h", "30m1h", "10 m", "１０m", 5, None, True]
)
def test_what_is_no_span_is_refused(text):
    with pytest.raises(ValueError, match="A span is written like"):
        read_span(text)


@given(st.integers(0, 10**9))
def test_a_span_is_read_as_it_was_written(seconds):
    assert read_span(write_span(timedelta(seconds=seconds))) == timedelta(seconds=seconds)


@pytest.mark.parametrize("name", SHIPPED)
def test_a_programme_survives_being_dumped(name):
    programme = PROGRAMMES[name]
    assert Programme.model_validate_json(programme.model_dump_json(by_alias=True)) == programme
    assert Programme.model_validate(programme.model_dump(by_alias=True)) == programme


# ---- the demo's command line


def test_what_is_named_is_taken_and_the_rest_stays():
    demo = PROGRAMMES["demo"].override(cutoff=timedelta(seconds=30), grace=timedelta(seconds=90))
    assert (demo.cutoff, demo.grace) == (timedelta(seconds=30), timedelta(seconds=90))
    assert (demo.grace_total, demo.hold) == (timedelta(seconds=90), timedelta(seconds=90))
    assert (demo.lengths, demo.tolerance) == (PROGRAMMES["demo"].lengths, timedelta(seconds=20))


def test_warnings_that_do_not_fit_the_slot_are_dropped():
    demo = PROGRAMMES["demo"].override(slot=timedelta(seconds=60))
    assert demo.warnings == (timedelta(seconds=20),)
    assert demo.lengths == (demo.default_length,) == (timedelta(seconds=60),)


def test_what_is_not_named_shrinks_with_a_short_slot():
    demo = PROGRAMMES["demo"].override(slot=timedelta(seconds=18))
    assert (demo.cutoff, demo.grace) == (timedelta(seconds=6), timedelta(seconds=2))
    assert demo.tolerance <= demo.cutoff


@pytest.mark.parametrize(
    ("named", "key"),
    [
        ({"slot": 30, "cutoff": 30}, "cutoff"),
        ({"slot": 30, "grace": 40}, "grace"),
        ({"cutoff": 180}, "cutoff"),
        ({"cutoff": 0}, "cutoff"),
        ({"slot": 0}, "lengths"),
        ({"slot": 3 * 3600}, "lengths"),
    ],
)
def test_named_times_that_contradict_each_other_are_refused(named, key):
    with pytest.raises(ProgrammeMistakes) as caught:
        PROGRAMMES["sakai" if named == {"slot": 3 * 3600} else "demo"].override(
            **{name: timedelta(seconds=seconds) for name, seconds in named.items()}
        )
    assert key in {mistake.key for mistake in caught.value.mistakes}


@given(slot=st.integers(1, 86_400))
def test_any_slot_alone_gives_a_sound_programme(slot):
    demo = PROGRAMMES["demo"].override(slot=timedelta(seconds=slot))
    assert demo.cutoff < demo.default_length
    assert all(warning < demo.default_length for warning in demo.warnings)


# ---- the files of an operator


def test_an_operators_file_is_added_and_replaces_ours(tmp_path: Path):
    (tmp_path / "sakai.toml").write_text(
        changed(("version = 1 # ours;", "version = 2 # ours;"), name="sakai"), encoding="utf-8"
    )
    (tmp_path / "trial.toml").write_text(
        changed(('name = "demo"', 'name = "trial"')), encoding="utf-8"
    )
    (tmp_path / "notes.txt").write_text("not a programme", encoding="utf-8")
    programmes = load_all(tmp_path)
    assert sorted(programmes) == [*SHIPPED, "trial"]
    assert programmes["sakai"].version == 2


def test_a_programme_without_a_number_has_the_offices(tmp_path: Path):
    own = changed(("03-0000-0000", "048-000-0000"), ('name = "demo"', 'name = "trial"'))
    (tmp_path / "trial.toml").write_text(own, encoding="utf-8")
    programmes = load_all(tmp_path, "03-0000-0001")
    assert programmes["kumagaya"].telephone == "03-0000-0001"
    assert programmes["trial"].telephone == "048-000-0000"
    assert load_all()["kumagaya"].telephone is None


def test_the_mistakes_of_all_files_are_told_together(tmp_path: Path):
    (tmp_path / "one.toml").write_text(
        changed(('cutoff = "60s"', 'cutoff = "9m"')), encoding="utf-8"
    )
    (tmp_path / "two.toml").write_text("= 1", encoding="utf-8")
    (tmp_path / "three.toml").write_bytes(b"name = \xff")
    (tmp_path / "four.toml").write_text(written("demo"), encoding="utf-8")
    (tmp_path / "five.toml").write_bytes(b"#" * 1_000_001)
    (tmp_path / "six.toml").mkdir()
    with pytest.raises(Misconfigured) as caught:
        load_all(tmp_path)
    by_file = {sentence.partition(":")[0]: sentence for sentence in caught.value.mistakes}
    assert set(by_file) == {
        f"{name}.toml" for name in ("one", "two", "three", "four", "five", "six")
    }
    assert "UTF-8" in by_file["three.toml"]
    assert "'demo'" in by_file["four.toml"]
    assert "too large" in by_file["five.toml"]


def test_a_folder_that_is_not_there_is_told(tmp_path: Path):
    with pytest.raises(Misconfigured, match="cannot be read"):
        load_all(tmp_path / "nowhere")


def with_hours(days, opens, closes):
    """The trial programme, closed on Sundays, with a supporter's weekly hours."""
    row = f'{{ supporter = "田中", days = [{days}], from = "{opens}", to = "{closes}" }}'
    return changed(
        ('"sat", "sun"]', '"sat"]'), ('grid = "5m"', f'grid = "5m"\navailability = [{row}]')
    )


@pytest.mark.parametrize(
    ("days", "opens", "closes", "key", "said"),
    [
        ('"mon"', "10:00", "10:00", "availability.0", "end after they begin"),
        ('"sun"', "10:00", "12:00", "availability.0", "outside every window"),
        ('"mon", "mon"', "10:00", "12:00", "availability.0.days", "twice"),
    ],
)
def test_hours_that_nobody_can_keep_are_a_mistake(days, opens, closes, key, said):
    assert said in mistakes_of(with_hours(days, opens, closes))[key]


def test_hours_inside_a_window_are_none():
    assert parse(with_hours('"mon"', "10:00", "12:00"), "demo.toml").availability[0].days == (
        "mon",
    )
