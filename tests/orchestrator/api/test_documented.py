"""docs/api.md says everything that the code does: routes, fields, codes with their statuses."""

import ast
import re
from pathlib import Path

import pytest
from pydantic import BaseModel

import orchestrator.api.booking
import orchestrator.api.correcting
import orchestrator.api.desk
import orchestrator.api.maintenance
import orchestrator.api.office
import orchestrator.api.query
import orchestrator.api.questionnaires
import orchestrator.api.reassigning
import orchestrator.api.sessions
import orchestrator.api.standing
import orchestrator.bookings
import orchestrator.correcting
import orchestrator.entering
import orchestrator.maintenance
import orchestrator.office
import orchestrator.reassigning
import orchestrator.rescheduling
import orchestrator.standing
import orchestrator.wish
from orchestrator.api import aftermath, down, up
from orchestrator.api.moments import NextMoment
from orchestrator.errors import Conflict, Fenced, Malformed, NotFound, Refused, Unavailable
from orchestrator.policy import slots
from signaling.app import AppSettings, make_app
from signaling.audience import Audience
from signaling.ends import http_status
from tests.fakes import FakeClock

HOUSE = Path(__file__).parents[3]
PAGE = (HOUSE / "docs" / "api.md").read_text("utf-8")
KINDS = {"Refused": Refused, "NotFound": NotFound, "Malformed": Malformed}
NOT_OVER_HTTP = {("Refused", "seat_unknown"), ("Refused", "note_refused")}
"""What a request's body has checked before."""

OF_THE_POLICY = {
    "accused_unknown", "extension_never", "extension_not_later", "extension_too_late", "incident_resolved",
    "incident_unknown", "not_over", "not_on_the_phone", "outcome_impossible", "overruled_meanwhile", "task_unknown",
    "too_many_incidents", "data_closed", "too_many_readings", "not_live", "verdict_unchanged",
    "companions_declared", "nothing_corrected",
    "nothing_to_hold",
}  # fmt: skip
"""What the policy refuses the office, beside codes that others raise too."""

BODIES = [
    kind
    for module in (
        down,
        up,
        aftermath,
        orchestrator.api.booking,
        orchestrator.api.correcting,
        orchestrator.api.desk,
        orchestrator.api.office,
        orchestrator.api.questionnaires,
        orchestrator.api.reassigning,
        orchestrator.api.standing,
        orchestrator.api.maintenance,
    )
    for kind in vars(module).values()
    if isinstance(kind, type) and issubclass(kind, BaseModel) and kind.__name__ != "BaseModel"
]


def section(title):
    """What stands under a heading, up to the next one."""
    found = re.search(rf"^##+ {title}\n(.*?)(?=^##|\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert found, title
    return found[1]


def first_cells(text):
    """The words in code of each row's first cell."""
    rows = re.findall(r"^\| (`.*?) \|", text, re.MULTILINE)
    return [word for row in rows for word in re.findall(r"`([^`]+)`", row)]


def documented_codes():
    """Code -> status, as the page says."""
    rows = re.findall(r"^\| (\d{3}) \| (.*?) \|", section("Codes"), re.MULTILINE)
    return {code: int(status) for status, cell in rows for code in re.findall(r"`(\w+)`", cell)}


def raised():
    """Every error with a code that the API and its use cases make, slots' reasons included."""
    for reason in slots.REASONS:
        yield Refused(reason)
    for code in OF_THE_POLICY:
        yield Refused(code)
    yield from (Conflict(), Fenced(), Unavailable("store"), NotFound("session_unknown"))
    for module in (
        orchestrator.api.booking,
        orchestrator.api.desk,
        orchestrator.api.sessions,
        orchestrator.api.office,
        orchestrator.api.query,
        orchestrator.api.standing,
        orchestrator.api.maintenance,
        orchestrator.bookings,
        orchestrator.correcting,
        orchestrator.wish,
        orchestrator.entering,
        orchestrator.office,
        orchestrator.rescheduling,
        orchestrator.reassigning,
        orchestrator.reassigning,
        orchestrator.standing,
        orchestrator.maintenance,
    ):
        for node in ast.walk(ast.parse(Path(module.__file__).read_text("utf-8"))):
            if (
                isinstance(node, ast.Call)
                and getattr(node.func, "id", "") in KINDS
                and isinstance(node.args[0], ast.Constant)
                and (node.func.id, node.args[0].value) not in NOT_OVER_HTTP
            ):
                yield KINDS[node.func.id](node.args[0].value)


def test_the_page_has_every_route_of_the_app_and_no_other():
    app = make_app(None, None, None, FakeClock(), Audience(), {}, AppSettings())
    served = {
        f"{route.method} {route.resource.canonical}"
        for route in app.router.routes()
        if route.method != "HEAD"
    }
    rows = section("Routes") + section("Everything else that answers")
    assert {cell for cell in first_cells(rows) if " /" in cell} == served


@pytest.mark.parametrize(
    ("title", "body"),
    [
        ("New session", up.NewSession),
        ("Cancellation", up.Cancellation),
        ("Notice", up.NewNotice),
        ("Answer to a claim", up.ClaimAnswer),
        ("Overruling", orchestrator.api.office.NewOverruling),
        ("Correction", orchestrator.api.correcting.NewCorrection),
        ("Another supporter", orchestrator.api.reassigning.NewSupporter),
        ("Incident", orchestrator.api.office.NewIncident),
        ("End", orchestrator.api.office.Ending),
        ("Later end", orchestrator.api.office.NewEnd),
        ("Choice", orchestrator.api.office.Choice),
        ("Any slot", orchestrator.api.office.AnySlot),
        ("Task", aftermath.ListedTask),
        ("Decision", orchestrator.api.standing.NewDecision),
        ("Maintenance", orchestrator.api.maintenance.NewMaintenance),
        ("Questionnaire", orchestrator.api.questionnaires.QuestionnaireBody),
        ("Standing", orchestrator.api.standing.StandingBody),
        ("Window", orchestrator.api.maintenance.WindowBody),
        ("Session", down.BookedBody),
        ("Participant", down.Participant),
    ],
)
def test_a_table_has_every_field_of_its_body_and_no_other(title, body):
    assert sorted(first_cells(section(title))) == sorted(body.model_fields)


def test_what_is_needed_is_said_to_be():
    for title, body in [("New session", up.NewSession), ("Cancellation", up.Cancellation)]:
        needed = {name for name, field in body.model_fields.items() if field.is_required()}
        rows = section(title).splitlines()
        said = {row.split("`")[1] for row in rows if re.search(r"needed \|", row)}
        assert said == needed


@pytest.mark.parametrize("body", [*BODIES, NextMoment], ids=lambda body: body.__name__)
def test_every_field_is_named_somewhere(body):
    missing = [name for name in body.model_fields if not re.search(rf"[`\"]{name}[`\"]", PAGE)]
    assert missing == []


def test_every_code_has_a_row_with_its_status():
    page = documented_codes()
    wrong = {
        error.code: http_status(error)
        for error in raised()
        if page.get(error.code) != http_status(error)
    }
    assert wrong == {}


def test_no_row_has_a_code_that_nobody_sends():
    of_the_server = {
        "bad_body", "internal", "method_not_allowed", "not_found", "request_entity_too_large", "timeout",
    }  # fmt: skip
    assert documented_codes().keys() == {error.code for error in raised()} | of_the_server
