"""Clients that are no browser join a room through the documented protocol and see and hear the other one."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from orchestrator import programmes
from tests.chaos.nodes import Node, a_folder, ending, free_tcp_port, start_demo, until
from tests.clients.aiortc_peer import AiortcPeer
from tests.clients.gstreamer_peer import GstreamerPeer
from tests.clients.participant import Participant

ORANGE, TEAL = (142, 72, 180), (90, 150, 70)
"""Y, U and V; GStreamer's picture is the same orange."""
COLOURS = {"seeker": ORANGE, "supporter": TEAL, "companion-1": (60, 120, 120)}
WANTED = {"audio": 20, "video": 10}
CLOSE = 12
"""VP8 at a low bitrate keeps a flat colour to within a few steps."""
START_S = 60.0


@asynccontextmanager
async def a_room(e2ee: str = "off") -> AsyncIterator[Node]:
    """A running server with the demo's session, whose programme says this about encryption from end to end."""
    async with a_folder() as data:
        node = await start_demo(
            data,
            free_tcp_port(),
            slot="90s",
            cutoff="60s",
            environment={"MADOGUCHI_PROGRAMMES": str(demo_programme(data, e2ee))},
        )
        async with ending(node):
            yield node


def demo_programme(data: Path, e2ee: str) -> Path:
    """A folder whose demo programme takes the place of the one that ships."""
    shipped = (files(programmes) / "demo.toml").read_text(encoding="utf-8")
    wanted = re.sub(r"^e2ee = .*$", f'e2ee = "{e2ee}"', shipped, flags=re.MULTILINE)
    assert f'\ne2ee = "{e2ee}"\n' in wanted
    folder = data / "programmes"
    folder.mkdir()
    (folder / "demo.toml").write_text(wanted, encoding="utf-8")
    return folder


def has_enough(peer: AiortcPeer | GstreamerPeer) -> bool:
    return all(peer.frames[kind] >= count for kind, count in WANTED.items())


def sees_the_others(peer: AiortcPeer | GstreamerPeer, seat: str) -> bool:
    others = {each: colour for each, colour in COLOURS.items() if each != seat}
    names = [f"{each}-video" for each in others] if isinstance(peer, AiortcPeer) else ["v", "v1"]
    wanted = dict(zip(names, others.values(), strict=True))
    return peer.colours.keys() == wanted.keys() and all(
        is_like(peer.colours[track], colour) for track, colour in wanted.items()
    )


def is_like(seen: tuple[int, ...], colour: tuple[int, ...]) -> bool:
    return all(abs(a - b) <= CLOSE for a, b in zip(seen, colour, strict=True))


async def see_each_other(peers: Mapping[str, AiortcPeer | GstreamerPeer]) -> dict[str, Any]:
    """Bring two people into a room and wait until both have decoded enough of the other; the session then."""
    async with a_room() as node:
        links = node.links
        async with (
            Participant(links["seeker_url"], lambda: peers["seeker"]),
            Participant(links["supporter_url"], lambda: peers["supporter"]),
        ):
            await until(
                lambda: all(has_enough(peer) for peer in peers.values()), "decoded", START_S
            )
            return await node.session(str(links["session_id"]))


@pytest.mark.timeout(180)
async def test_two_of_aiortcs_own_peer_connections_see_and_hear_each_other():
    seeker, supporter = AiortcPeer(ORANGE), AiortcPeer(TEAL)
    session = await see_each_other({"seeker": seeker, "supporter": supporter})
    assert session["has_media_flowed"]
    assert is_like(seeker.colours["supporter-video"], TEAL)
    assert is_like(supporter.colours["seeker-video"], ORANGE)


@pytest.mark.timeout(180)
async def test_gstreamers_webrtcbin_and_aiortc_see_and_hear_each_other():
    seeker, supporter = GstreamerPeer(address="127.0.0.1"), AiortcPeer(TEAL)
    session = await see_each_other({"seeker": seeker, "supporter": supporter})
    assert session["has_media_flowed"]
    assert seeker.complaints == []
    assert is_like(seeker.colours["v"], TEAL)
    assert is_like(supporter.colours["seeker-video"], ORANGE)


@pytest.mark.timeout(180)
async def test_three_in_a_room_see_two_others_each_and_know_who_is_who():
    peers = {
        "seeker": GstreamerPeer(address="127.0.0.1"),
        "supporter": AiortcPeer(TEAL),
        "companion-1": AiortcPeer(COLOURS["companion-1"]),
    }
    async with a_room() as node, AsyncExitStack() as stack:
        booking = {
            "programme": "demo",
            "starts_at": node.links["starts_at"],
            "seeker_name": "さくら2",
            "supporter": "supporter-2",
            "companions": ["通訳"],
        }
        links = (await node.ask("", booking))["links"]
        for seat, peer in peers.items():
            await stack.enter_async_context(Participant(links[seat], lambda peer=peer: peer))
        await until(
            lambda: all(sees_the_others(peers[seat], seat) for seat in peers), "everybody", START_S
        )


@pytest.mark.timeout(180)
async def test_a_room_that_requires_encryption_refuses_such_a_client_at_the_door():
    async with a_room(e2ee="required") as node:
        link = node.links["seeker_url"]
        async with Participant(link, lambda: AiortcPeer(ORANGE)) as seeker:
            await until(lambda: seeker.refused, "refused", START_S)
            assert seeker.refused == ["encryption_required"]
            assert seeker.session == {}
