"""The table of the cutoff, written a second time from product.md, against the policy.

Seeker and supporter each stay once, somewhere in the first ten minutes; what is expected is counted second by second.
"""

from __future__ import annotations

from dataclasses import dataclass

import hypothesis
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.policy.events import (
    Woken,
)
from tests.orchestrator.policy.scenario import (
    IX,
    KUMAGAYA,
    office,
    seeker,
    server,
    story,
    supporter,
)


@dataclass(frozen=True)
class Stay:
    """Somebody is there between two seconds of the first ten minutes, or not at all."""

    came: int
    left: int

    def is_there(self, second: int) -> bool:
        return self.came <= second < self.left

    @property
    def is_there_at_the_cutoff(self) -> bool:
        """Who goes at that very instant is still there: time comes first."""
        return self.came < 600 <= self.left

    def seconds_alone(self, other: Stay) -> int:
        return sum(self.is_there(s) and not other.is_there(s) for s in range(600))


RUNG_FROM = 30
"""The mail server takes the message half a minute after the start."""


def expected(seeker_stay: Stay, supporter_stay: Stay, has_notice: bool, ringing: int) -> str:
    """What product.md says about the cutoff when nobody comes back afterwards."""
    if supporter_stay.is_there_at_the_cutoff and seeker_stay.is_there_at_the_cutoff:
        return "goes on"
    if not supporter_stay.is_there_at_the_cutoff:
        was_lost = supporter_stay.came < 600 and supporter_stay.left > 480
        return "grace" if was_lost else "supporter_no_show"
    if has_notice:
        return "held"
    if seeker_stay.seconds_alone(supporter_stay) > 120:
        return "supporter_late"
    if seeker_stay.left >= 0 and seeker_stay.came < 600:
        return "grace" if seeker_stay.left > 480 else "not_held"
    rung = sum(
        supporter_stay.is_there(s) and not seeker_stay.is_there(s) for s in range(RUNG_FROM, 600)
    )
    return "rings on" if rung < ringing else "seeker_no_show"


STAYS = st.one_of(
    st.just(Stay(700, 700)),
    st.builds(
        lambda came, long: Stay(came, came + long),
        st.sampled_from([-60, 0, 1, 119, 120, 121, 300, 480, 539, 540, 541, 598, 599]),
        st.sampled_from([1, 60, 119, 120, 121, 240, 479, 480, 481, 600, 1200]),
    ),
)


@settings(max_examples=150, derandomize=True, database=None, deadline=None)
@given(
    seeker_stay=STAYS,
    supporter_stay=STAYS,
    has_notice=st.booleans(),
    rules=st.sampled_from([KUMAGAYA, IX]),
)
def test_the_cutoff_agrees_with_the_table_of_the_specification(
    seeker_stay, supporter_stay, has_notice, rules
):
    moves = [
        (seeker_stay.came, seeker.connects()),
        (seeker_stay.left, seeker.closes_page()),
        (supporter_stay.came, supporter.connects()),
        (supporter_stay.left, supporter.closes_page()),
    ]
    it = story(rules, "60:00")
    if has_notice:
        it.at("-5:00", office.notes(seeker))
    if rules.ringing:
        moves.append((RUNG_FROM, server.sends_the_message()))
    for second, action in sorted(moves, key=lambda move: move[0]):
        if second < 600:
            it.jumps_to(
                f"{'-' if second < 0 else ''}{abs(second) // 60}:{abs(second) % 60}", action
            )
    it.jumps_to("9:59.999999")
    it.take(Woken())
    it.is_not_over()
    it.jumps_to("10:00")
    it.take(Woken())
    wanted = expected(seeker_stay, supporter_stay, has_notice, int(rules.ringing.total_seconds()))
    hypothesis.event(wanted)
    if wanted in ("goes on", "grace", "held", "rings on"):
        assert it.session.outcome is None
    else:
        assert it.session.outcome is not None
        assert it.session.outcome.value == wanted
