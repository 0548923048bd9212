"""A call that keeps its appointment, in two real browsers."""

from __future__ import annotations

import asyncio
import re
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from tests.browser.office import Office, moment, running, until
from tests.browser.person import Person, Stage, see_each_other, stage

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

NOTE_PHASES = """(row) => {
  row.phases = [row.dataset.phase];
  const note = () => row.phases.at(-1) !== row.dataset.phase && row.phases.push(row.dataset.phase);
  new MutationObserver(note).observe(row, { attributes: true, attributeFilter: ["data-phase"] });
}"""


async def test_the_demo_holds_a_call_that_is_cut_at_its_end(browser: Browser) -> None:
    options = ("--starts-in", "5s", "--slot", "25s", "--cutoff", "15s", "--grace", "4s")
    with tempfile.TemporaryDirectory(prefix="mg-") as folder:
        async with running(Path(folder), *options) as office, stage(browser, office) as people:
            booking = office.demo_booking
            board = await people.board(office)
            await board.page.goto(board.link)
            row = board.page.locator(f'[data-session-id="{booking.id}"]')
            await expect(row).to_have_attribute("data-phase", "open", timeout=10_000)
            await row.evaluate(NOTE_PHASES)

            seeker, supporter = await people.call(booking)
            both = (seeker, supporter)
            await asyncio.gather(seeker.hears(), supporter.hears())
            await expect(row).to_have_attribute("data-phase", "live")
            await expect(board.at("staff-list")).to_be_visible()
            carried = await asyncio.gather(*(each.carried() for each in both))
            for own in carried:
                assert own["remote"] == f"127.0.0.1:{office.media_port}"  # never the other browser
            live = await office.session(booking.id)
            assert live["phase"] == "live"
            assert live["cutoff_at"] is None

            await asyncio.gather(*(each.sees("warning") for each in both))
            await asyncio.gather(*(each.disobeys() for each in both))
            await asyncio.gather(*(each.is_told("completed", None, 35) for each in both))
            told_at = datetime.now(UTC)
            ended = await office.ends(booking.id, "completed", None)
            assert moment(ended["ended_at"]) == booking.ends_at
            assert told_at - booking.ends_at < timedelta(seconds=3)

            await nothing_arrives_though_both_send(*both)
            await expect(row).to_have_attribute("data-phase", "ended")
            await expect(row).to_have_attribute("data-outcome", "completed")
            walk = ["open", "waiting", "live", "ended"]
            assert await row.evaluate("(row) => row.phases") == walk


async def nothing_arrives_though_both_send(*people: Person) -> None:
    """The server does not forward any more: it is not the pages that have stopped."""
    before = await asyncio.gather(*(each.carried() for each in people))

    async def both_have_sent() -> list[dict[str, int]] | None:
        now = await asyncio.gather(*(each.carried() for each in people))
        sent = [new["sent"] - old["sent"] for new, old in zip(now, before, strict=True)]
        return list(now) if min(sent) > 30 else None

    after = await until(both_have_sent, "both pages go on sending")
    for old, new in zip(before, after, strict=True):
        assert new["frames"] == old["frames"]
        assert new["received"] == old["received"]


async def test_a_seeker_who_comes_late_has_the_rest_of_the_time(
    people: Stage, office: Office
) -> None:
    booking = await office.book("brief", starts_in=0.5)
    seeker, supporter = await people.seeker(booking), await people.supporter(booking)
    await supporter.comes()
    late = booking.starts_at + timedelta(seconds=4)

    async def is_late() -> bool:
        return datetime.now(UTC) > late

    await until(is_late, "the seeker is late")
    assert (await office.session(booking.id))["phase"] == "waiting"
    await seeker.comes()
    await supporter.admits()
    await see_each_other(seeker, supporter)
    both = (seeker, supporter)
    await asyncio.gather(*(each.is_told("completed", None) for each in both))
    ended = await office.ends(booking.id, "completed", None)
    assert moment(ended["ended_at"]) == booking.ends_at


async def test_an_english_browser_reads_english(people: Stage, office: Office) -> None:
    booking = await office.book("talk")
    seeker = await people.seeker(booking, locale="en-US")
    await seeker.arrives()
    await expect(seeker.page.locator("html")).to_have_attribute("lang", "en")
    text = await seeker.page.locator("main").inner_text()
    assert not re.search(r"[ぁ-んァ-ヶ]", text.replace("さくら", "").replace("まどぐち", "")), text
    await seeker.joins()
