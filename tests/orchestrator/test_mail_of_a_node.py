"""A whole node, as an operator starts it, and a mail server: the seeker is rung, and the link in the message opens."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
from structlog.testing import capture_logs

from orchestrator.bookings import Bookings
from orchestrator.clock import SystemClock
from orchestrator.commands.node import notifier_of
from orchestrator.policy.model import Role
from orchestrator.ports import Language
from orchestrator.settings import from_env
from orchestrator.store import embedded
from orchestrator.store.valkey import ValkeyStore
from tests.chaos.nodes import Node, a_folder, ending, free_tcp_port, start_server, until
from tests.mail_server import MailServer, a_certificate, mail_server

SOCKETS: list[aiohttp.ClientWebSocketResponse] = []
"""Those that are open: one that nobody holds would be closed by the garbage collector."""

SEEKERS, SUPPORTERS = "sakura@example.org", "aozora@example.org"


async def adds_staff(data: Path) -> str:
    """Add a scheduler, and a supporter who has an address; the scheduler's token."""
    url = await embedded.ensure(data)
    async with ValkeyStore(url) as store:
        bookings = Bookings(store=store, clock=SystemClock(), host=None, programmes={})
        await bookings.add_staff("あおぞら", Role.SUPPORTER, mail=SUPPORTERS, language=Language.EN)
        token = await bookings.add_staff("yamada", Role.SCHEDULER)
    await embedded.stop(data)
    return token


@asynccontextmanager
async def a_node(data: Path, server: MailServer) -> AsyncIterator[Node]:
    """A node that uses this mail server, on that folder."""
    port = free_tcp_port()
    environment = {
        "MADOGUCHI_MEDIA_PORT": "0",
        "MADOGUCHI_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "MADOGUCHI_SMTP_URL": server.url,
        "MADOGUCHI_MAIL_FROM": "デモ窓口 <noreply@example.org>",
    }
    node = await start_server(data, port, await adds_staff(data), environment)
    async with ending(node):
        yield node


async def books(node: Node, starts_in: timedelta) -> dict[str, Any]:
    """A session of the demo programme whose seeker has an address."""
    return await node.ask(
        "",
        {
            "programme": "demo",
            "starts_at": (datetime.now(UTC) + starts_in).isoformat(),
            "seeker_name": "さくら14",
            "supporter": "あおぞら",
            "seeker_mail": SEEKERS,
            "seeker_telephone": "048-000-0000",
        },
    )


async def opens(node: Node, http: aiohttp.ClientSession, link: str) -> dict[str, Any]:
    """Open a link as a page does: the page itself, then the socket, which stays open; the welcome."""
    page, secret = link.split("#")
    async with http.get(page) as answer:
        assert answer.status == 200
    socket = await http.ws_connect(f"{node.base_url}/ws")
    SOCKETS.append(socket)
    await socket.send_json({"type": "hello", "version": 1, "language": "ja", "link": secret})
    return dict(await socket.receive_json(timeout=10))


async def until_arrived(server: MailServer, address: str, word: str) -> str:
    """Wait for a message; its text."""
    async with asyncio.timeout(30):
        while True:
            for letter in server.letters:
                if letter.recipients == [address] and word in letter.text:
                    return letter.text
            await asyncio.sleep(0.05)


async def refusing(node: Node, server: MailServer) -> None:
    """Cancel an appointment while the mail server is down; it is told once the server is back."""
    await server.stop()
    booked = await books(node, timedelta(hours=2))
    await node.ask(f"/{booked['id']}/cancel", {"by": "office"})
    log = node.data / "node.log"
    await until(lambda: '"message.delayed"' in log.read_text(), "delayed")
    await server.start()
    assert "取り消し" in await until_arrived(server, SEEKERS, "当窓口の都合により")
    assert "さくら14" in await until_arrived(server, SUPPORTERS, "has cancelled")


async def test_an_absent_seeker_is_rung_by_a_message_whose_link_opens_the_seat(tmp_path):
    async with (
        mail_server(a_certificate(tmp_path)) as server,
        a_folder() as data,
        a_node(data, server) as node,
        aiohttp.ClientSession() as http,
    ):
        headers = {"Authorization": f"Bearer {node.token}"}
        async with http.get(f"{node.base_url}/api/v1/booking", headers=headers) as answer:
            assert (await answer.json())["sends_mail"] is True, "which the board tells who books"
        await refusing(node, server)
        booked = await books(node, timedelta(seconds=4))
        await opens(node, http, booked["links"]["supporter"])

        text = await until_arrived(server, SEEKERS, "あおぞらがお待ちしています")

        line = rf"^{re.escape(node.base_url)}/room#[\w-]+(?=\r?$)"
        (link,) = re.findall(line, text, re.MULTILINE)
        assert link not in booked["links"].values()
        welcome = await opens(node, http, link)
        assert (welcome["type"], welcome["you"]["seat"]) == ("welcome", "seeker")
        assert welcome["session"]["id"] == booked["id"]

        events = await node.events(booked["id"])
        delivered = [each["data"] for each in events if each["name"] == "ringing.delivered"]
        assert delivered == [{"channel": "mail"}]
        rung = [each for each in server.letters if "お待ちしています" in each.text]
        assert len(rung) == 1
        ids = [each.message["Message-ID"] for each in server.letters]
        assert len(set(ids)) == len(ids)
        assert all(each.is_encrypted for each in server.letters)

        shown = json.dumps([booked, events, await node.session(booked["id"])], ensure_ascii=False)
        written = (data / "node.log").read_text()
        assert '"message.sent"' in written
        for private in (SEEKERS, SUPPORTERS, "048-000-0000"):
            assert private not in shown
            assert private not in written
        for secret in (link, *booked["links"].values()):
            assert secret.split("#")[1] not in written


def test_a_node_without_a_mail_server_says_so_and_sends_nothing():
    with capture_logs() as log:
        assert notifier_of(from_env({"HOME": "/h"}), SystemClock()) is None
    (line,) = log
    assert (line["event"], line["log_level"]) == ("mail.left_out", "info")
    assert line["needs"] == ["MADOGUCHI_SMTP_URL", "MADOGUCHI_MAIL_FROM"]


def test_links_that_only_this_machine_can_open_are_warned_of():
    environ = {
        "HOME": "/h",
        "MADOGUCHI_SMTP_URL": "smtp://mail.example.org",
        "MADOGUCHI_MAIL_FROM": "noreply@example.org",
    }
    with capture_logs() as log:
        assert notifier_of(from_env(environ), SystemClock()) is not None
    assert [(line["event"], line["needs"]) for line in log] == [
        ("mail.misleading", ["MADOGUCHI_PUBLIC_URL"])
    ]
    environ["MADOGUCHI_PUBLIC_URL"] = "https://room.example.org"
    with capture_logs() as log:
        notifier_of(from_env(environ), SystemClock())
    assert log == []
