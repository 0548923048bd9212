"""Firefox on a line that is lost: it comes back without a click."""

from __future__ import annotations

import pytest

from tests.browser.both.pairs import pairs
from tests.browser.office import Office, seat
from tests.browser.person import Stage, same_code, see_each_other
from tests.browser.test_line import line, meet, seeker_behind

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

CUT = (r"can.t establish a connection", r"was interrupted")
"""What Firefox says of a socket on a dead line."""


@pytest.mark.timeout(180)
@pairs(long=("Firefox Chromium",))
@pytest.mark.parametrize("how", ["cut", "forgotten"])
async def test_a_lost_line_comes_back_without_a_click(
    people: Stage, office: Office, how: str
) -> None:
    booking = await office.book("sealed")
    async with line(office) as network:
        seeker = await seeker_behind(network, people, office, booking)
        seeker.forgiven += CUT
        supporter = await people.supporter(booking)
        await meet(seeker, supporter)
        carried = await seeker.carried()
        assert carried["remote"] == f"{office.media_host}:{network.udp.port}", "the detour is taken"
        code, life = await same_code(seeker, supporter), await seeker.life()

        network.cut()
        lost = await office.phase(booking.id, "interrupted", 25)
        assert seat(lost, "seeker")["is_lost"]
        if how == "forgotten":
            network.udp.forget()
            network.tcp.hang_up()
        network.mend()
        await office.phase(booking.id, "live", 25)
        await see_each_other(seeker, supporter)
        assert await same_code(seeker, supporter) == code
        assert await seeker.life() == life, "no reload"
        shown = await office.session(booking.id)
        assert shown["verdict"] is None
        await seeker.ends()
        await office.ends(booking.id, "completed", None)
