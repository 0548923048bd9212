"""`madoguchi demo`: a server with one session that begins in half a minute, and its links."""

from __future__ import annotations

import json
import os
import sys
from argparse import Namespace
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import segno

from orchestrator.commands.certificate import ensure_certificate, lan_address
from orchestrator.commands.node import Node, run_node
from orchestrator.credentials import hash_secret
from orchestrator.entering import Booked
from orchestrator.errors import Misconfigured, Refused
from orchestrator.policy.model import SEEKER, SUPPORTER, PersonId, Role
from orchestrator.policy.programme import Programme, ProgrammeMistakes
from orchestrator.policy.span import read_span, write_span
from orchestrator.settings import Settings
from orchestrator.wish import Wish

SUPPORTERS = (
    "あおぞら", "こもれび", "さざなみ", "せせらぎ", "そよかぜ", "つきかげ", "はまべ", "ひだまり", "みなも", "やまびこ",
)  # fmt: skip
"""A supporter who still has the session of an earlier start is busy; the next one takes over."""

SEEKER_NAME = "さくら14"
SCHEDULER = "demo-scheduler"


NOTED = "履歴書の二枚目から。声は大きめに。"


@dataclass(frozen=True, slots=True)
class _Tokens:
    """Of the office's people in a demonstration."""

    scheduler: str
    supporter: str
    """A new one at each start."""


def programme_of(arguments: Namespace, programmes: dict[str, Programme]) -> Programme:
    """The demo programme with the times of the command line.

    Raises:
        Misconfigured: a span that cannot be read, or times that contradict each other.
    """
    mistakes: list[str] = []
    spans: dict[str, timedelta | None] = {}
    for name in ("slot", "cutoff", "grace", "starts_in"):
        written = getattr(arguments, name)
        try:
            spans[name] = read_span(written) if written is not None else None
        except ValueError as error:
            mistakes.append(f"--{name.replace('_', '-')}: {error}")
    if mistakes:
        raise Misconfigured(mistakes)
    try:
        return programmes["demo"].override(spans["slot"], spans["cutoff"], spans["grace"])
    except ProgrammeMistakes as found:
        raise Misconfigured([str(mistake) for mistake in found.mistakes]) from None


def on_the_network(settings: Settings, folder: Path, now: datetime) -> Settings:
    """The same settings, listening on the local network with HTTPS.

    Raises:
        Misconfigured: this machine has no address there.
    """
    address = lan_address()
    if address is None:
        raise Misconfigured(["--lan: this machine has no address on a local network"])
    certificate, key = ensure_certificate(folder, address, now)
    return replace(
        settings,
        host="0.0.0.0",  # noqa: S104 - the point of --lan
        media_host="0.0.0.0",  # noqa: S104
        public_addresses=(*settings.public_addresses, address),
        public_url=f"https://{address}:{settings.port}",
        tls_cert=certificate,
        tls_key=key,
    )


async def demo(arguments: Namespace, settings: Settings, programmes: dict[str, Programme]) -> None:
    """Run the server and print the links once it is ready."""
    programme = programme_of(arguments, programmes)
    starts_in = read_span(arguments.starts_in)

    async def book(node: Node) -> None:
        token = await _scheduler_token(node, settings.data_dir / "demo-scheduler.token")
        earlier = await node.store.between(
            node.clock.now() - timedelta(days=1), node.clock.now() + timedelta(days=1)
        )
        booked = await _book(node, starts_in, arguments)
        supporter = booked.session.supporter.display_name
        desk = await node.bookings.add_staff(supporter, Role.SUPPORTER)
        _print(arguments, node, booked, _Tokens(token, desk), len(earlier), programme)

    await run_node(settings, {**programmes, "demo": programme}, on_ready=book)


async def _scheduler_token(node: Node, file: Path) -> str:
    """The token of the demo's scheduler; the same at the next start, so that an open board stays open.

    A demonstration keeps it in a file that only its user can read; a real office gets its tokens shown once.
    """
    kept = _read(file)
    if kept and await node.store.staff_by_token(hash_secret(kept)) is not None:
        return kept
    token = await node.bookings.add_staff(SCHEDULER, Role.SCHEDULER, "調整担当")
    _keep(file, token)
    return token


def _read(file: Path) -> str:
    try:
        return file.read_text().strip()
    except OSError:
        return ""


def _keep(file: Path, token: str) -> None:
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as kept:
        kept.write(token)


async def _book(node: Node, starts_in: timedelta, arguments: Namespace) -> Booked:
    starts_at = (node.clock.now() + starts_in).replace(microsecond=0) + timedelta(seconds=1)
    for supporter in SUPPORTERS:
        wish = Wish(
            "demo", starts_at, SEEKER_NAME, supporter, seeker_reference="0014", seeker_note=NOTED
        )
        try:
            return await node.bookings.create(wish, PersonId("demo"))
        except Refused as refusal:
            if refusal.code != "slot_taken":
                raise
    raise Misconfigured(
        [f"all {len(SUPPORTERS)} supporters of the demo are busy; wait for a session to end"]
    )


def _print(
    arguments: Namespace,
    node: Node,
    booked: Booked,
    tokens: _Tokens,
    earlier: int,
    programme: Programme,
) -> None:
    session = booked.session
    room = f"{node.base_url}/room#"
    links = {
        "base_url": node.base_url,
        "session_id": session.id,
        "starts_at": session.starts_at.isoformat(),
        "ends_at": session.ends_at.isoformat(),
        "seeker_url": room + booked.links[SEEKER],
        "supporter_url": room + booked.links[SUPPORTER],
        "desk_url": f"{node.base_url}/desk#{tokens.supporter}",
        "board_url": f"{node.base_url}/board#{tokens.scheduler}",
        "staff_token": tokens.scheduler,
    }
    if arguments.json:
        print(json.dumps(links, ensure_ascii=False), flush=True)
        return
    zone = programme.zone
    begins, ends = session.starts_at.astimezone(zone), session.ends_at.astimezone(zone)
    print()
    print(f"  窓口 Madoguchi   session {begins:%H:%M:%S} - {ends:%H:%M:%S} ({programme.time_zone})")
    print(
        f"                   no-show cutoff after {write_span(programme.cutoff)}, grace {write_span(programme.grace)}"
    )
    print()
    print(f"  Seeker     {links['seeker_url']}")
    print(f"  Supporter  {links['supporter_url']}")
    print(f"  Desk       {links['desk_url']}")
    print(f"  Board      {links['board_url']}")
    print()
    if arguments.lan:
        segno.make(links["seeker_url"], error="m").terminal(out=sys.stdout, compact=True)
        print(
            "  Seeker's link for a phone on the same network. The certificate was made by this machine:"
        )
        print("  Android Chrome: «Advanced», then «Proceed».")
        print("  iPhone Safari: «Show Details», then «visit this website», then confirm.")
        print("  If the iPhone's page says that the connection is blocked, the iPhone has to trust")
        print("  lan.crt.pem of the data folder first: docs/phones.md has the way.")
        print("  The phone then asks for camera and microphone: allow both.")
    else:
        print(
            "  These links are for this machine. For a telephone in its network: --lan, with a QR code."
        )
    print()
    if earlier:
        print(f"  {earlier} earlier session(s) of this data folder are on the board as well.")
    print(
        "  Open the seeker's and the supporter's link in two browsers (or one private window). Ctrl-C ends the server."
    )
    print(flush=True)
