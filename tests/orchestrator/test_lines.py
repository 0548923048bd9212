"""What the last half minute of a line says about a loss."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from orchestrator.lines import UNEVEN_MS, points_of
from orchestrator.policy.events import Disconnected
from orchestrator.policy.model import SEEKER, SUPPORTER, Signal
from orchestrator.ports import Line, LineSample
from tests.orchestrator.conftest import Office
from tests.orchestrator.test_host import C_SEEKER, C_SUPPORTER, goes_live


def sample(office: Office, ago_s: float, jitter_ms: float | None) -> LineSample:
    at = office.clock.now() - timedelta(seconds=ago_s)
    return LineSample(at, 1, 900_000, 900_000, 0.0, 0.0, 30.0, jitter_ms)


def knows(office: Office, *samples: LineSample) -> None:
    media = office.host._media
    media.known_lines = {SEEKER: Line(measured=samples)}  # type: ignore[attr-defined]


async def test_who_is_lost_after_nothing_came_evenly_has_the_worst_of_it_as_evidence(
    office: Office,
) -> None:
    session_id = await goes_live(office)
    worst = sample(office, 12, 2 * UNEVEN_MS)
    knows(
        office,
        sample(office, 31, 9 * UNEVEN_MS),
        worst,
        sample(office, 3, UNEVEN_MS),
        sample(office, 1, None),
    )
    await office.host.deliver(session_id, Disconnected(SEEKER, C_SEEKER, page_closed=True))
    session = await office.host.deliver(session_id, Disconnected(SUPPORTER, C_SUPPORTER, False))
    [seen] = [one for one in session.seeker.observed if one.signal is Signal.JITTER_HIGH]
    assert (seen.value, seen.at) == (2 * UNEVEN_MS, worst.at)
    loss = session.seeker.loss
    assert loss is not None
    assert seen in loss.evidence
    assert all(one.signal is not Signal.JITTER_HIGH for one in session.supporter.observed)


async def test_what_was_even_enough_is_no_evidence(office: Office) -> None:
    session_id = await goes_live(office)
    knows(office, sample(office, 3, UNEVEN_MS - 1))
    await office.host.deliver(session_id, Disconnected(SEEKER, C_SEEKER, page_closed=True))
    session = await office.host.deliver(session_id, Disconnected(SUPPORTER, C_SUPPORTER, False))
    assert session.seeker.observed == ()


NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)
QUARTER = timedelta(seconds=15)


def line(*samples: tuple[float, float | None, float | None]) -> Line:
    """A line by seconds ago, loss on the way down, round trip."""
    one = LineSample(NOW, 1, 0, 0, None, None, None, None)
    return Line(
        measured=tuple(
            replace(one, at=NOW - timedelta(seconds=ago), loss_down=loss, rtt_ms=rtt)
            for ago, loss, rtt in samples
        )
    )


def test_a_room_is_as_good_as_the_worst_of_its_lines() -> None:
    lines = {SEEKER: line((3, 0.02, 40.0), (2, 0.04, 60.0)), SUPPORTER: line((2, 0.001, 300.0))}
    assert points_of(lines, NOW, QUARTER, 1) == ((0.03, 300),)


def test_a_room_that_is_seen_for_the_first_time_has_the_past_that_is_known() -> None:
    lines = {SEEKER: line((40, 0.2, 40.0), (20, None, 50.0), (1, 0.0, None))}
    assert points_of(lines, NOW, QUARTER) == ((0.2, 40), (None, 50), (0.0, None))
    assert points_of(lines, NOW, QUARTER, 1) == ((0.0, None),)


def test_of_a_room_without_lines_nothing_is_known() -> None:
    assert points_of({}, NOW, QUARTER) == ((None, None),)
