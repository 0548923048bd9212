"""The operators' coturn, for real: takes our credentials, and relays to our media alone."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from aioice import stun, turn

from orchestrator.clock import SystemClock
from orchestrator.secret import Secret
from signaling import turn as ours
from signaling.protocol.down import IceServer
from signaling.turn import Turn
from tests.signaling.node import until
from tests.turn_server import HOST, RELAYED, TurnServer, running_turn

pytestmark = pytest.mark.browser  # it needs the Debian packages of that set

ELSEWHERE = "127.0.0.9"


@pytest.fixture
async def server() -> AsyncIterator[TurnServer]:
    async with running_turn(peer=HOST) as started:
        yield started


def credentials(secret: str) -> IceServer:
    """What a page is given now."""
    now = SystemClock().now()
    [made] = Turn(("turn:turn.test",), Secret(secret)).servers(now, now)
    return made


@asynccontextmanager
async def allocation(
    server: TurnServer, known: IceServer, transport: str = "udp"
) -> AsyncIterator[Any]:
    """An allocation of a client; gives what speaks TURN."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    is_tls = transport == "tls"
    made, _ = await turn.create_turn_endpoint(
        asyncio.DatagramProtocol,
        server_addr=(HOST, server.tls_port if is_tls else server.port),
        username=known.username,
        password=known.credential,
        transport="udp" if transport == "udp" else "tcp",
        ssl=context if is_tls else False,
    )
    inner = made._TurnTransport__inner_protocol  # type: ignore[attr-defined]
    try:
        yield inner
    finally:
        await inner.delete()


async def permits(inner: Any, peer: str) -> int | None:
    """The error code of a wish to talk to an address; None: it may."""
    request = stun.Message(stun.Method.CREATE_PERMISSION, stun.Class.REQUEST)
    request.attributes["XOR-PEER-ADDRESS"] = (peer, 40_000)
    try:
        await inner.request_with_retry(request)
    except stun.TransactionFailed as failed:
        return int(failed.response.attributes["ERROR-CODE"][0])
    return None


@pytest.mark.parametrize("transport", ["udp", "tcp", "tls"])
async def test_our_credentials_open_an_allocation_towards_our_media_and_nowhere_else(
    server: TurnServer, transport: str
) -> None:
    async with allocation(server, credentials(server.secret), transport) as inner:
        assert inner.relayed_address[0] == HOST
        assert inner.relayed_address[1] in RELAYED
        assert await permits(inner, HOST) is None
        for peer in (ELSEWHERE, "10.0.0.1", "192.168.1.1", "169.254.169.254", "203.0.113.7"):
            assert await permits(inner, peer) == 403, peer


async def test_credentials_of_another_secret_or_that_are_over_open_nothing(
    server: TurnServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    forged = credentials("another secret")
    monkeypatch.setattr(ours, "OUTLIVES", timedelta(seconds=-5))
    over = credentials(server.secret)
    for bad in (forged, over):
        with pytest.raises(stun.TransactionFailed) as refused:
            async with allocation(server, bad):
                raise AssertionError("no allocation may be made")
        assert refused.value.response.attributes["ERROR-CODE"][0] == 401


async def test_an_allocation_outlives_its_credentials(
    server: TurnServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ours, "OUTLIVES", timedelta(seconds=2))
    known = credentials(server.secret)
    async with allocation(server, known) as inner:
        expires_at = int(known.username.partition(":")[0])
        clock = SystemClock()
        await until(lambda: clock.now().timestamp() > expires_at + 1, "they are over")
        refresh = stun.Message(stun.Method.REFRESH, stun.Class.REQUEST)
        refresh.attributes["LIFETIME"] = 600
        response, _ = await inner.request_with_retry(refresh)
        assert response.attributes["LIFETIME"] == 600
