"""From an outbox entry to a message: to whom, in which language, with which link; and what follows once it is sent.

Addresses are read at the moment of sending, from the erasable hash of the person, and go nowhere but into the message.
Links are stored hashed, so each message brings one more for its seat; those that the person has stay valid.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass

import structlog

from orchestrator.addresses import read_mail_address
from orchestrator.credentials import hash_secret, link_expires_at, new_secret
from orchestrator.errors import NotFound, Refused, Unavailable
from orchestrator.messages.occasions import Topic, why_not
from orchestrator.messages.writing import facts_of, write
from orchestrator.policy.events import RingDelivered, Woken
from orchestrator.policy.model import SUPPORTER, PersonId, Role, Seat, SeatId, Session, SessionId
from orchestrator.policy.programme import Programme
from orchestrator.ports import (
    Clock,
    Delivery,
    Language,
    Link,
    Message,
    Notifier,
    PrivateField,
    Sessions,
    Store,
)

log = structlog.get_logger()

WITHOUT_LINK = frozenset({Topic.SESSION_CANCELLED, Topic.SESSION_HANDED_OVER})
"""There is nothing to go into any more."""

REMEMBERED = 10_000
"""Deliveries whose link or success is remembered; forgetting one only costs a link more, or a repetition."""


@dataclass(slots=True)
class _Attempt:
    """What earlier attempts at a delivery have left."""

    secret: str | None = None
    """Of the link in the message: a repetition is the same message, and the store is not filled with links."""
    is_accepted: bool = False
    """The mail server has it; only what follows is still to be done."""


@dataclass(frozen=True, slots=True)
class _Reader:
    """Whom a message is to, and about which session."""

    session: Session
    seat: Seat
    mail: str
    language: Language


class Messages:
    """Writes to people.

    Args:
        store: the record.
        sessions: runs them; told that a ringing reached the seeker's mail box.
        clock: now.
        programmes: by name.
        notifier: takes the messages; None: this node sends none.
        base_url: what links begin with, without a slash at the end.
    """

    def __init__(
        self,
        *,
        store: Store,
        sessions: Sessions,
        clock: Clock,
        programmes: Mapping[str, Programme],
        notifier: Notifier | None,
        base_url: str,
    ) -> None:
        self._store = store
        self._sessions = sessions
        self._clock = clock
        self._programmes = programmes
        self._notifier = notifier
        self._base_url = base_url
        self._attempts: OrderedDict[str, _Attempt] = OrderedDict()

    async def deliver(self, delivery: Delivery) -> None:
        """Send the message of an outbox entry whose topic is a `Topic`; bears being done twice.

        A message that nobody can get, or that says nothing true any more, is logged and left out.

        Raises:
            Unavailable: it has to be tried again.
            Fenced: the same, by the node that runs the session.
        """
        if self._notifier is None:
            return
        topic, attempt = Topic(delivery.topic), self._attempt(delivery.key)
        if not attempt.is_accepted:
            attempt.is_accepted = await self._send(self._notifier, topic, delivery, attempt)
        if attempt.is_accepted and topic is Topic.SEEKER_RUNG:
            await self._sessions.deliver(delivery.session, RingDelivered(channel="mail"))
        self._attempts.pop(delivery.key, None)

    def _attempt(self, key: str) -> _Attempt:
        attempt = self._attempts.setdefault(key, _Attempt())
        self._attempts.move_to_end(key)
        while len(self._attempts) > REMEMBERED:
            self._attempts.popitem(last=False)
        return attempt

    async def _send(
        self, notifier: Notifier, topic: Topic, delivery: Delivery, attempt: _Attempt
    ) -> bool:
        """Whether the mail server has taken the message; False: it never will."""
        said = {"topic": topic.value, "session": delivery.session, "recipient": delivery.recipient}
        try:
            reader = await self._reader(topic, delivery)
            link = await self._link(topic, reader, attempt)
            await notifier.send(self._message(topic, delivery.key, reader, link))
        except NotFound as missing:
            log.info("message.unaddressed", **said, reason=missing.code)
            return False
        except Refused as refused:
            log.info("message.left_out", **said, reason=refused.code, detail=refused.detail)
            return False
        except Unavailable as away:
            log.warning("message.delayed", **said, reason=str(away))
            raise
        log.info("message.sent", **said)
        return True

    # ---- to whom ----------------------------------------------------------------------------------------------------

    async def _reader(self, topic: Topic, delivery: Delivery) -> _Reader:
        """Whom the message is to.

        Raises:
            NotFound: there is no such session or seat, or its person has no address.
            Refused: the message makes no sense any more.
        """
        session = await self._session(topic, delivery.session)
        seat = session.seat(SeatId(delivery.recipient))
        if topic is Topic.SESSION_HANDED_OVER:
            seat = await self._former(PersonId(delivery.recipient))
        if seat is None:
            raise NotFound("seat_unknown")
        reason = why_not(topic, session, seat, self._clock.now())
        if reason is not None:
            raise Refused(reason)
        private = await self._store.private(seat.person)
        try:
            mail = read_mail_address(private.get(PrivateField.MAIL, ""))
        except ValueError:
            raise NotFound("mail_unknown") from None
        language = private.get(PrivateField.LANGUAGE)
        is_english = language == Language.EN.value
        return _Reader(session, seat, mail, Language.EN if is_english else Language.JA)

    async def _former(self, person: PersonId) -> Seat | None:
        """Who held the supporter's seat before, as if still on it."""
        staff = await self._store.staff_by_person(person)
        if staff is None:
            return None
        return Seat(SUPPORTER, Role.SUPPORTER, person, staff.display_name)

    async def _session(self, topic: Topic, session_id: SessionId) -> Session:
        """The session that the message is about."""
        if topic is Topic.SEEKER_RUNG:
            # It has to be told of the ringing afterwards; a node that may not shall not send the message either.
            return await self._sessions.deliver(session_id, Woken())
        session = await self._load(session_id)
        if topic not in {Topic.RESCHEDULE_CHOSEN, Topic.NEXT_CHOSEN}:
            return session
        is_next = topic is Topic.NEXT_CHOSEN
        choice = session.following if is_next else session.reschedule
        if choice is None or choice.new_session is None:
            raise Refused("not_chosen")
        return await self._load(choice.new_session)

    async def _load(self, session_id: SessionId) -> Session:
        # Not from the host's memory: the entry was written with its transition, so what is stored is never older.
        stored = await self._store.load(session_id)
        if stored is None:
            raise NotFound("session_unknown")
        return stored.session

    # ---- with what --------------------------------------------------------------------------------------------------

    async def _link(self, topic: Topic, reader: _Reader, attempt: _Attempt) -> str:
        """The invitation in the message; empty when it needs none.

        Raises:
            Refused: `link_revoked`; the office took the links away and gave no new one, and we do not either (IX 4-2).
        """
        if topic in WITHOUT_LINK:
            return ""
        if attempt.secret is None or not await self._is_open(attempt.secret):
            attempt.secret = await self._mint(reader)
        return f"{self._base_url}/room#{attempt.secret}"

    async def _is_open(self, secret: str) -> bool:
        link = await self._store.link(hash_secret(secret))
        return link is not None and link.revoked_at is None

    async def _mint(self, reader: _Reader) -> str:
        secret = new_secret()
        link = Link(
            reader.session.id,
            reader.seat.id,
            link_expires_at(reader.session),
            person=reader.seat.person,
        )
        if not await self._store.add_link_beside(hash_secret(secret), link):
            raise Refused("link_revoked")
        return secret

    def _message(self, topic: Topic, key: str, reader: _Reader, link: str) -> Message:
        session = reader.session
        facts = facts_of(
            session,
            reader.seat,
            reader.language,
            self._programmes.get(session.rules.programme),
            link,
            self._clock.now(),
        )
        subject, text = write(topic, facts)
        return Message(reader.mail, reader.language, subject, text, key)
