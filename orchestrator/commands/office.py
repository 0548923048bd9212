"""`madoguchi session create` and `madoguchi staff add`: what an operator does at the shell, beside a running node."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from orchestrator.addresses import read_mail_address, read_telephone
from orchestrator.api.moments import is_in_calendar
from orchestrator.api.up import LONGEST_MINUTES
from orchestrator.bookings import Bookings
from orchestrator.clock import StoreClock
from orchestrator.commands import listening, node
from orchestrator.errors import Misconfigured, NotFound, Refused, Unavailable
from orchestrator.policy.events import Event
from orchestrator.policy.model import Medium, Role, Session, SessionId
from orchestrator.policy.programme import Programme
from orchestrator.policy.writing import legible, read_noted, read_reference
from orchestrator.ports import Language
from orchestrator.settings import Settings
from orchestrator.store import embedded
from orchestrator.store.valkey import ValkeyStore
from orchestrator.wish import Wish


class _StoredSessions:
    """Sessions as they are stored: to be read, not to be stepped; that is for a node."""

    def __init__(self, store: ValkeyStore) -> None:
        self._store = store

    async def deliver(self, session: SessionId, event: Event, words: str | None = None) -> Session:
        """Refused: the shell is not a node."""
        raise Unavailable("node", f"{type(event).__name__} for {session} needs a running server")

    async def view(self, session: SessionId) -> Session:
        """The session as it was committed last."""
        stored = await self._store.load(session)
        if stored is None:
            raise NotFound("session_unknown")
        return stored.session


@dataclass(frozen=True, slots=True)
class _Office:
    """What an operator's command works with."""

    store: ValkeyStore
    bookings: Bookings
    left_url: str | None
    """What links begin with, as the node says that runs on the same data folder; None: none does."""


@asynccontextmanager
async def _office(settings: Settings, programmes: dict[str, Programme]) -> AsyncIterator[_Office]:
    """The use cases on the store of these settings; an embedded server is left as it was found."""
    async with AsyncExitStack() as stack:
        left_url = None
        if settings.is_store_embedded:
            lock = node.lock(settings.data_dir)
            if lock is None:
                left_url = listening.left_url(settings.data_dir)
            url = await embedded.ensure(settings.data_dir)
            if lock is not None:  # no node runs there, so nobody else needs the server
                stack.push_async_callback(embedded.stop, settings.data_dir)
                stack.callback(lock.release)
        else:
            url = settings.redis_url.reveal()
        store = await stack.enter_async_context(ValkeyStore(url))
        await store.check(settings.accept_durability)
        clock = await StoreClock.start(store)
        sessions = _StoredSessions(store)
        bookings = Bookings(store=store, clock=clock, host=sessions, programmes=programmes)
        yield _Office(store, bookings, left_url)


async def create_session(
    arguments: Namespace, settings: Settings, programmes: dict[str, Programme]
) -> None:
    """Book a session and print its links."""
    language = arguments.seeker_language
    wish = Wish(
        programme=arguments.programme,
        starts_at=_moment(arguments.starts),
        seeker_name=legible(arguments.seeker_name),
        supporter=legible(arguments.supporter),
        length=_length(arguments.minutes),
        medium=Medium(arguments.medium),
        seeker_real_name=legible(arguments.seeker_real_name or "") or None,
        exception=legible(arguments.exception or "") or None,
        seeker_mail=_read("--seeker-mail", read_mail_address, arguments.seeker_mail),
        seeker_language=Language(language) if language else None,
        seeker_telephone=_read("--seeker-telephone", read_telephone, arguments.seeker_telephone),
        seeker_reference=_read("--seeker-reference", read_reference, arguments.seeker_reference),
        seeker_note=_read("--seeker-note", read_noted, arguments.seeker_note),
    )
    async with _office(settings, programmes) as office:
        booked = await office.bookings.create(wish, "operator")
    base = settings.public_url or office.left_url or listening.base_url(settings, settings.port)
    links = {str(seat): f"{base}/room#{secret}" for seat, secret in booked.links.items()}
    session = booked.session
    if arguments.json:
        found = {
            "session_id": session.id,
            "starts_at": session.starts_at.isoformat(),
            "ends_at": session.ends_at.isoformat(),
            "links": links,
            "notes": list(booked.notes),
        }
        print(json.dumps(found, ensure_ascii=False))
        return
    print(f"session    {session.id}")
    print(f"from - to  {session.starts_at.isoformat()} - {session.ends_at.isoformat()}")
    for seat, link in links.items():
        print(f"{seat:<10} {link}")
    for note in booked.notes:
        print(f"note       {note}")


def _read(option: str, read: Callable[[str], str], written: str | None) -> str | None:
    """An address as it is stored; None: not given.

    Raises:
        Misconfigured: it is none.
    """
    if written is None:
        return None
    try:
        return read(written)
    except ValueError as wrong:
        raise Misconfigured([f"{option} {wrong}"]) from None


def _length(minutes: int | None) -> timedelta | None:
    """A length; None: the programme's default.

    Raises:
        Misconfigured: none at all, or longer than a day.
    """
    if minutes is not None and not 1 <= minutes <= LONGEST_MINUTES:
        raise Misconfigured(
            [f"--minutes: a whole number from 1 to {LONGEST_MINUTES}, not {minutes}"]
        )
    return timedelta(minutes=minutes) if minutes is not None else None


def _moment(written: str) -> datetime:
    """A moment with its offset.

    Raises:
        Misconfigured: without one it would be anybody's guess; or it is in no calendar of an office.
    """
    try:
        moment = datetime.fromisoformat(written)
    except ValueError:
        raise Misconfigured(
            [f"--starts: write it like 2026-12-01T10:00+09:00, not {written!r}"]
        ) from None
    if moment.tzinfo is None:
        raise Misconfigured([f"--starts: the offset is missing, as in {written}+09:00"])
    if not is_in_calendar(moment):
        raise Misconfigured([f"--starts: {written} is too far away"])
    return moment


async def add_staff(
    arguments: Namespace, settings: Settings, programmes: dict[str, Programme]
) -> None:
    """Add somebody of the office and print the token, once.

    Raises:
        Refused: `role_differs`; whoever opens the board is not made a supporter, or the reverse, by a slip.
    """
    role = Role(arguments.role)
    name, display_name = legible(arguments.name), legible(arguments.display_name or "") or None
    mail = _read("--mail", read_mail_address, arguments.mail)
    language = Language(arguments.language) if arguments.language else None
    async with _office(settings, programmes) as office:
        known = await office.store.staff_by_name(name)
        if known is not None and known.role is not role:
            raise Refused(
                "role_differs",
                f"{known.name!r} is a {known.role.value}; add a {role.value} under another name",
            )
        token = await office.bookings.add_staff(name, role, display_name, mail, language)
    base = settings.public_url or office.left_url or listening.base_url(settings, settings.port)
    if known is not None:
        print(f"madoguchi: {known.name!r} was known; an earlier token is void now", file=sys.stderr)
    if arguments.json:
        print(json.dumps({"name": name, "role": arguments.role, "token": token}))
    else:
        print(token)
        page = "desk" if role is Role.SUPPORTER else "board"
        print(f"madoguchi: it opens {base}/{page}#{token}", file=sys.stderr)
