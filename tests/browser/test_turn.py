"""Networks that let no UDP through to us: the page finds its way through a TURN server by itself."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import expect

from tests.browser.conftest import ARGUMENTS
from tests.browser.office import Office, running, until
from tests.browser.person import Launch, Person, Stage, see_each_other, stage
from tests.browser.test_precall import checks, measured
from tests.relays import TcpRelay, UdpRelay
from tests.turn_server import RELAYED, TurnServer, running_turn

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

SELECTED = """async () => {
  const pc = window.watch.peers.at(-1);
  const report = await pc.getStats();
  for (const stat of report.values()) {
    if (stat.type !== "transport" || !stat.selectedCandidatePairId) continue;
    const here = report.get(report.get(stat.selectedCandidatePairId).localCandidateId);
    return { relayProtocol: here.relayProtocol, usernameFragment: here.usernameFragment };
  }
  return {};
}"""
"""By which way the media of a page goes; without `relayProtocol` it goes to us directly."""


@dataclass(frozen=True, slots=True)
class Network:
    """A network whose firewall lets nothing through to our media, and to the TURN server what it is told to."""

    udp: UdpRelay
    tcp: TcpRelay
    tls: TcpRelay

    @property
    def urls(self) -> str:
        """The TURN server, as the operator names it to the server."""
        return ",".join(
            (
                f"turn:127.0.0.1:{self.udp.port}?transport=udp",
                f"turn:127.0.0.1:{self.tcp.port}?transport=tcp",
                f"turns:127.0.0.1:{self.tls.port}?transport=tcp",
            )
        )

    def open_only(self, way: str) -> None:
        """Let one way through."""
        for name, relay in (("udp", self.udp), ("tcp", self.tcp), ("tls", self.tls)):
            relay.mend()
            if name != way:
                relay.cut()

    def changes(self) -> None:
        """Another address: whatever went out from the one before is known to nobody any more."""
        self.udp.forget()
        self.tcp.hang_up()
        self.tls.hang_up()


@dataclass(frozen=True, slots=True)
class Premises:
    """A server whose operator has a TURN server, and a network to reach both from."""

    office: Office
    turn: TurnServer
    network: Network
    log: Path


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def premises() -> AsyncIterator[Premises]:
    with tempfile.TemporaryDirectory(prefix="mg-") as name:
        folder = Path(name)
        async with running_turn() as turn, _network(turn) as network:
            variables = {
                "MADOGUCHI_TURN_URLS": network.urls,
                "MADOGUCHI_TURN_SECRET": turn.secret,
                "MADOGUCHI_LOG_LEVEL": "debug",
            }
            async with running(folder, variables=variables) as office:
                yield Premises(office, turn, network, folder / "server.log")


@asynccontextmanager
async def _network(turn: TurnServer) -> AsyncIterator[Network]:
    async with (
        UdpRelay(turn.port) as udp,
        TcpRelay(turn.port) as tcp,
        TcpRelay(turn.tls_port) as tls,
    ):
        yield Network(udp, tcp, tls)


@pytest_asyncio.fixture(loop_scope="session")
async def people(launch: Launch, premises: Premises) -> AsyncIterator[Stage]:
    # A certificate for 127.0.0.1 has no authority; the page itself asks for nothing less than any other.
    browser = await launch(args=[*ARGUMENTS, "--ignore-certificate-errors"])
    async with stage(browser, premises.office) as opened:
        yield opened
    await browser.close()


async def goes_by(person: Person, way: str) -> dict[str, Any]:
    """Wait until the media of a page goes through the TURN server."""

    async def is_so() -> dict[str, Any] | None:
        selected: dict[str, Any] = await person.page.evaluate(SELECTED)
        return selected if selected.get("relayProtocol") == way else None

    found: dict[str, Any] = await until(is_so, f"{person.name} is relayed over {way}", 20)
    return found


@pytest.mark.parametrize("way", ["udp", "tcp", "tls"])
async def test_a_network_without_udp_to_us_has_a_picture_through_turn_and_again_after_a_restart(
    people: Stage, premises: Premises, way: str
) -> None:
    office, network = premises.office, premises.network
    network.open_only(way)
    booking = await office.book("talk")
    async with UdpRelay(office.media_port, only_from=RELAYED) as firewall:
        device = await people.device()
        detour = f"{{ port: {office.media_port}, relay: {firewall.port} }}"
        await device.add_init_script(f"window.watch.detour = {detour};")
        seeker = await people.person("seeker", booking.links["seeker"], device)
        supporter = await people.supporter(booking)
        await asyncio.gather(seeker.comes(), supporter.comes())
        await supporter.admits()
        await see_each_other(seeker, supporter, within_s=30)
        await seeker.hears()
        before = await goes_by(seeker, way)
        assert firewall.refused > 0, "the short way was tried, and is closed"
        assert firewall.carried > 0

        network.changes()
        await seeker.page.evaluate("() => window.dispatchEvent(new Event('online'))")

        async def is_restarted() -> bool:
            selected: dict[str, Any] = await seeker.page.evaluate(SELECTED)
            return selected.get("usernameFragment") != before["usernameFragment"]

        await until(is_restarted, "the media goes by a new way", 20)
        await goes_by(seeker, way)
        await see_each_other(seeker, supporter)
        offers = [json.loads(offer) for offer in await seeker.heard("offer")]
        assert len({offer["media_epoch"] for offer in offers}) == 1
        credentials = [server for offer in offers for server in offer["ice_servers"]]
        # New ones with each offer; and a wish is repeated while nothing is heard.
        assert len({server["username"] for server in credentials}) == len(offers) >= 2
        assert (await seeker.carried())["peers"] == 1

        log = premises.log.read_text("utf-8")
        for private in [premises.turn.secret, *(server["credential"] for server in credentials)]:
            assert private not in log
        await seeker.ends()
        await office.ends(booking.id, "completed", None)


async def test_the_line_is_measured_through_turn_where_that_is_the_only_way(
    people: Stage, premises: Premises
) -> None:
    office, network = premises.office, premises.network
    network.open_only("tcp")
    booking = await office.book("talk", starts_in=1200)
    async with UdpRelay(office.media_port, only_from=RELAYED) as firewall:
        device = await people.device()
        detour = f"{{ port: {office.media_port}, relay: {firewall.port} }}"
        await device.add_init_script(f"window.watch.detour = {detour};")
        seeker = await people.person("seeker", booking.links["seeker"], device)
        await checks(seeker)
        assert await measured(seeker) != "none"
        await expect(seeker.at("check-line")).to_contain_text("中継サーバー経由")
