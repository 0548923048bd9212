"""From the outbox to somebody's mail box: real store, real host, real relay, real SMTP server."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from email.headerregistry import Address

import pytest
from redis.asyncio import Redis
from structlog.testing import capture_logs

from orchestrator.addresses import read_smtp_url
from orchestrator.bookings import Booked
from orchestrator.clock import SystemClock
from orchestrator.credentials import hash_secret
from orchestrator.errors import Unavailable
from orchestrator.messages.occasions import Topic
from orchestrator.messages.sending import Messages
from orchestrator.policy.events import Connected, Event, RingDelivered, Woken
from orchestrator.policy.model import (
    SEEKER,
    SUPPORTER,
    Cause,
    ConnectionId,
    DeviceId,
    PersonId,
    Role,
    Session,
    SessionId,
)
from orchestrator.ports import Delivery, Language, Link
from orchestrator.programmes import load_all
from orchestrator.reassigning import Reassigning
from orchestrator.store import keys
from orchestrator.store.valkey import ValkeyStore
from tests.mail_server import Letter, MailServer, mail_server
from tests.orchestrator.conftest import Office, opened
from workers import outbox
from workers.mailer import Mailer
from workers.outbox import OutboxRelay

SEEKERS, SUPPORTERS = "sakura@example.org", "aozora@example.org"
MINUTE = timedelta(minutes=1)
LINK = re.compile(r"^https://room\.example\.org/room#([\w-]{22})$", re.MULTILINE)


@pytest.fixture(autouse=True)
def _hasty(monkeypatch):
    monkeypatch.setattr(outbox, "_FIRST_DELAY_S", 0.05)


@pytest.fixture
async def store(valkey) -> AsyncIterator[ValkeyStore]:
    """A store in which deliveries count as left behind after 50 ms."""
    async with ValkeyStore(valkey, idle_ms=50) as store:
        yield store


@dataclass
class Post:
    """An office whose node writes to people."""

    office: Office
    server: MailServer
    messages: Messages
    raw: Redis
    told: list[Letter] = field(default_factory=list)
    """What the two got when the session was booked."""

    async def books(self, **wish) -> Booked:
        """A demo session in a minute, between two people who have addresses and know of it by now."""
        await self.office.bookings.add_staff("あおぞら", Role.SUPPORTER, mail=SUPPORTERS)
        booked = await self.office.books(**{"seeker_mail": SEEKERS} | wish)
        await self.relays()
        self.told = list(self.server.letters)
        self.server.letters.clear()
        self.server.attempts = 0
        return booked

    async def rings(self, session: SessionId) -> Session:
        """Let the supporter come and the seeker stay away until the session has begun."""
        await self.comes(session, SUPPORTER)
        self.office.clock.advance(MINUTE)
        return await self.office.host.deliver(session, Woken())

    async def comes(self, session: SessionId, seat) -> Session:
        """Let somebody open the page."""
        connection = ConnectionId(f"c-{seat}")
        return await self.office.host.deliver(
            session, Connected(seat, connection, DeviceId(f"d-{seat}"))
        )

    @asynccontextmanager
    async def relaying(self) -> AsyncIterator[None]:
        """Relay the outbox while the test looks on; everything is delivered at the end."""
        handlers = {topic.value: self.messages.deliver for topic in Topic}
        handlers["reschedule.opened"] = self._offer_dates
        relay = OutboxRelay(self.office.store, "n1", handlers, SystemClock())
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(relay.run())
            yield
            await self.until(self._is_empty)
            running.cancel()

    async def _offer_dates(self, delivery: Delivery) -> None:
        await self.office.bookings.rescheduling.propose_delivery(delivery)
        await self.messages.deliver(delivery)

    async def _is_empty(self) -> bool:
        # The ledgers' entries are for somebody else.
        entries = await self.raw.xrange(keys.OUTBOX)
        return not any(fields["topic"] in set(Topic) for _, fields in entries)

    @staticmethod
    async def until(is_so) -> None:
        """Wait until a condition of another process holds."""
        async with asyncio.timeout(10):
            while not await is_so():  # noqa: ASYNC110 - the server sets no event
                await asyncio.sleep(0.005)

    async def relays(self) -> None:
        """Deliver what is in the outbox."""
        async with self.relaying():
            pass

    def to(self, address: str) -> list[str]:
        """Texts that somebody got."""
        return [each.text for each in self.server.letters if each.recipients == [address]]

    async def link_in(self, text: str) -> Link:
        """Where the link of a text leads; there is one."""
        (secret,) = LINK.findall(text.replace("\r\n", "\n"))
        link = await self.office.store.link(hash_secret(secret))
        assert link is not None
        return link

    async def links(self, session: SessionId) -> int:
        """How many links the seeker's seat has."""
        return int(await self.raw.scard(keys.links(session, SEEKER)))


def messages_of(office: Office, server: MailServer, **changes) -> Messages:
    """The use case, as a node wires it."""
    sender = Address("窓口", addr_spec="noreply@example.org")
    mailer = Mailer(read_smtp_url(server.url), sender, SystemClock(), timeout_s=5.0)
    parts = {
        "store": office.store,
        "sessions": office.host,
        "clock": office.clock,
        "programmes": load_all(),
        "notifier": mailer,
        "base_url": "https://room.example.org",
    }
    return Messages(**parts | changes)


@pytest.fixture
async def post(store: ValkeyStore, valkey: str) -> AsyncIterator[Post]:
    """An office and a mail server that works."""
    async with (
        mail_server() as server,
        opened(store, "n1") as office,
        Redis.from_url(valkey, decode_responses=True) as raw,
    ):
        yield Post(office, server, messages_of(office, server), raw)


def names(log: list[dict]) -> list[str]:
    """What was logged about messages."""
    return [line["event"] for line in log if line["event"].startswith("message.")]


# ---- what arrives ---------------------------------------------------------------------------------------------------


async def test_a_rung_seeker_gets_a_link_and_the_session_learns_of_it(post):
    session = (await post.books()).session
    assert (await post.rings(session.id)).ringing == SEEKER

    await post.relays()

    (text,) = post.to(SEEKERS)
    assert "相談員のあおぞらがお待ちしています" in text
    link = await post.link_in(text)
    assert (link.session, link.seat) == (session.id, SEEKER)
    assert (await post.office.host.view(session.id)).is_rung
    history = [record.name for _, record in await post.office.store.events(session.id)]
    assert history.count("ringing.delivered") == 1
    assert post.to(SUPPORTERS) == []


async def test_the_links_that_a_person_has_stay_valid(post):
    booked = await post.books()
    await post.rings(booked.session.id)
    await post.relays()
    link = await post.office.store.link(hash_secret(booked.links[SEEKER]))
    assert link is not None
    assert link.revoked_at is None


async def test_a_cancelled_appointment_is_told_to_both_without_a_link(post):
    session = (await post.books()).session
    await post.office.bookings.cancel(session.id, Cause.OFFICE, "p", "api")

    await post.relays()

    (mine,) = [each for each in post.to(SEEKERS) if "当窓口の都合により" in each]
    assert not LINK.search(mine)
    (theirs,) = post.to(SUPPORTERS)
    assert "窓口の都合により" in theirs


async def missed_by_the_supporter(post: Post, **wish) -> Session:
    """A session that the supporter missed: another date is open."""
    session = (await post.books(**wish)).session
    await post.office.host.deliver(session.id, Woken())  # a node ran it: there is no service gap
    post.office.clock.advance(2 * MINUTE)
    return await post.office.host.deliver(session.id, Woken())


async def test_another_date_is_offered_with_the_proposals_and_a_link_to_choose(post):
    session = await missed_by_the_supporter(post, seeker_language=Language.EN)

    await post.relays()

    (text,) = post.to(SEEKERS)
    assert "This consultation could not be held" in text
    known = await post.office.host.view(session.id)
    assert known.reschedule is not None
    assert len(re.findall(r"^\* ", text, re.MULTILINE)) == len(known.reschedule.options) > 0
    link = await post.link_in(text)
    assert link.session == session.id
    assert link.expires_at >= known.reschedule.expires_at


async def test_a_new_date_is_told_to_both_with_links_to_the_new_session(post):
    old = await missed_by_the_supporter(post)
    await post.relays()
    post.server.letters.clear()
    reschedule = (await post.office.host.view(old.id)).reschedule
    assert reschedule is not None
    chosen = await post.office.bookings.rescheduling.choose(
        old.id, reschedule.options[0].id, "seeker"
    )

    await post.relays()

    assert chosen.reschedule is not None
    for address, seat in ((SEEKERS, SEEKER), (SUPPORTERS, SUPPORTER)):
        (text,) = [each for each in post.to(address) if "新しい日時が決まりました" in each]
        link = await post.link_in(text)
        assert (link.session, link.seat) == (chosen.reschedule.new_session, seat)


async def test_a_booked_appointment_is_told_in_the_readers_language(post):
    session = (await post.books(seeker_language=Language.EN)).session
    mine, theirs = sorted(post.told, key=lambda each: each.recipients[0], reverse=True)
    assert (mine.recipients, theirs.recipients) == ([SEEKERS], [SUPPORTERS])
    assert "Your appointment is booked" in mine.text
    assert "次の相談が入りました" in theirs.text
    assert (await post.link_in(mine.text)).session == session.id
    assert (await post.link_in(theirs.text)).seat == SUPPORTER


# ---- what does not --------------------------------------------------------------------------------------------------


async def test_who_has_no_address_gets_nothing_and_that_is_logged_by_ids(post):
    session = (await post.books(seeker_mail=None)).session
    with capture_logs() as log:
        await post.rings(session.id)
        await post.relays()
    assert post.server.letters == []
    (line,) = [each for each in log if each["event"] == "message.unaddressed"]
    assert line["session"] == session.id
    assert (line["recipient"], line["topic"]) == ("seeker", "seeker.rung")
    assert "さくら" not in repr(line)
    assert not (await post.office.host.view(session.id)).is_rung


async def test_who_was_erased_gets_nothing(post):
    session = (await post.books()).session
    await post.raw.delete(keys.private(session.seeker.person))
    await post.rings(session.id)
    with capture_logs() as log:
        await post.relays()
    assert post.server.letters == []
    assert names(log) == ["message.unaddressed"]


async def test_a_ringing_that_is_over_is_not_sent(post):
    session = (await post.books()).session
    await post.rings(session.id)
    await post.comes(session.id, SEEKER)
    with capture_logs() as log:
        await post.relays()
    assert post.server.letters == []
    assert [each["reason"] for each in log if each["event"] == "message.left_out"] == [
        "not_ringing"
    ]


async def test_the_office_took_the_links_away_and_a_message_brings_none_back(post):
    session = (await post.books()).session
    await post.office.store.revoke_links(session.id, SEEKER, post.office.clock.now())
    await post.rings(session.id)
    with capture_logs() as log:
        await post.relays()
    assert post.server.letters == []
    assert [each["reason"] for each in log if each["event"] == "message.left_out"] == ["link_revoked"]  # fmt: skip
    await post.office.bookings.renew_link(session.id, SEEKER)
    await post.messages.deliver(Delivery("2-1", session.id, "seeker.rung", SEEKER, "again"))
    assert len(post.to(SEEKERS)) == 1


@pytest.mark.parametrize(
    ("session", "topic", "recipient", "reason"),
    [
        ("s_none", "session.booked", "seeker", "session_unknown"),
        (None, "session.booked", "companion-1", "seat_unknown"),
        (None, "reschedule.chosen", "seeker", "not_chosen"),
        (None, "next.chosen", "seeker", "not_chosen"),
    ],
)
async def test_an_entry_that_leads_nowhere_is_done_with(post, session, topic, recipient, reason):
    booked = (await post.books()).session
    with capture_logs() as log:
        entry = Delivery("1-1", SessionId(session or booked.id), topic, recipient, "key")
        await post.messages.deliver(entry)
    assert post.server.letters == []
    assert [line["reason"] for line in log] == [reason]


async def test_a_node_without_a_mail_server_sends_nothing_and_minds_nothing(post):
    post.messages = messages_of(post.office, post.server, notifier=None)
    session = (await post.books()).session
    await post.rings(session.id)
    with capture_logs() as log:
        await post.relays()
    assert post.told == post.server.letters == []
    assert names(log) == []
    assert await post.links(session.id) == 1


async def test_a_recipient_whom_the_server_refuses_is_given_up(post):
    session = (await post.books()).session
    post.server.answers = {SEEKERS: f"550 5.1.1 <{SEEKERS}> no such user"}
    await post.rings(session.id)
    with capture_logs() as log:
        await post.relays()
    assert post.server.attempts == 1
    (line,) = [each for each in log if each["event"] == "message.left_out"]
    assert (line["reason"], line["session"]) == ("message_refused", session.id)
    assert "550" in line["detail"]
    assert SEEKERS not in repr(log)
    assert not (await post.office.host.view(session.id)).is_rung


# ---- again ----------------------------------------------------------------------------------------------------------


async def test_a_server_that_was_down_gets_the_message_once_it_is_up(post):
    session = (await post.books()).session
    before = await post.links(session.id)
    await post.server.stop()
    await post.rings(session.id)
    with capture_logs() as log:
        async with post.relaying():
            await post.until(_counted(log, "message.delayed", 3))
            await post.server.start()
    assert len(post.server.letters) == 1
    assert await post.links(session.id) == before + 1
    assert (await post.office.host.view(session.id)).is_rung


def _counted(log: list[dict], event: str, times: int):
    async def is_so() -> bool:
        return names(log).count(event) >= times

    return is_so


@pytest.mark.parametrize(
    "answers", [{SEEKERS: "450 4.2.0 greylisted"}, {"DATA": "451 4.3.0 later"}]
)
async def test_what_was_put_off_arrives_once(post, answers):
    session = (await post.books()).session
    post.server.answers = answers
    await post.rings(session.id)
    with capture_logs() as log:
        async with post.relaying():
            await post.until(_counted(log, "message.delayed", 2))
            post.server.answers = {}
    assert len({each.message["Message-ID"] for each in post.server.letters}) == 1
    assert len(post.server.letters) == 1


async def test_a_delivery_that_comes_twice_has_one_message_id(post):
    session = (await post.books()).session
    await post.rings(session.id)
    delivery = Delivery("1-1", session.id, "seeker.rung", SEEKER, f"{session.id}:3:rung")
    await post.messages.deliver(delivery)
    await messages_of(post.office, post.server).deliver(delivery)
    first, again = [each.message["Message-ID"] for each in post.server.letters]
    assert first == again


async def test_a_message_that_was_taken_is_not_sent_again_for_what_failed_after_it(post):
    session = (await post.books()).session
    await post.rings(session.id)
    forgetful = _Forgetful(post.office)
    messages = messages_of(post.office, post.server, sessions=forgetful)
    delivery = Delivery("1-1", session.id, "seeker.rung", SEEKER, f"{session.id}:3:rung")
    with pytest.raises(Unavailable):
        await messages.deliver(delivery)
    assert not (await post.office.host.view(session.id)).is_rung
    await messages.deliver(delivery)
    assert len(post.server.letters) == 1
    assert (await post.office.host.view(session.id)).is_rung


class _Forgetful:
    """The host, but the store is away when the first ringing is to be recorded."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._is_away = True

    async def deliver(self, session: SessionId, event: Event) -> Session:
        if isinstance(event, RingDelivered) and self._is_away:
            self._is_away = False
            raise Unavailable("store")
        return await self._office.host.deliver(session, event)

    async def view(self, session: SessionId) -> Session:
        return await self._office.host.view(session)


async def test_a_link_that_was_revoked_while_the_message_waited_is_not_sent(post):
    session = (await post.books()).session
    await post.rings(session.id)
    await post.server.stop()
    delivery = Delivery("1-1", session.id, "seeker.rung", SEEKER, f"{session.id}:3:rung")
    with pytest.raises(Unavailable):
        await post.messages.deliver(delivery)
    await post.office.bookings.renew_link(session.id, SEEKER)
    await post.server.start()
    await post.messages.deliver(delivery)
    (text,) = post.to(SEEKERS)
    assert (await post.link_in(text)).revoked_at is None


async def test_neither_address_nor_link_nor_name_is_in_any_line_of_the_log(post):
    with capture_logs() as log:
        private = {"seeker_telephone": "048-000-0000", "seeker_real_name": "佐藤 花子"}
        session = (await post.books(**private)).session
        await post.server.stop()
        await post.rings(session.id)
        async with post.relaying():
            await post.until(_counted(log, "message.delayed", 1))
            await post.server.start()
        await post.office.bookings.cancel(session.id, Cause.OFFICE, "p", "api")
        await post.relays()
    letters = [*post.told, *post.server.letters]
    assert len(letters) >= 5
    written = repr(log)
    for each in letters:
        assert "佐藤" not in each.text
        for secret in LINK.findall(each.text.replace("\r\n", "\n")):
            assert secret not in written
    for private in (SEEKERS, SUPPORTERS, "048-000-0000", "さくら14", "佐藤"):
        assert private not in written


# ---- another supporter ----------------------------------------------------------------------------------------------


async def test_of_another_supporter_all_three_are_told_and_each_gets_the_link_that_is_theirs(post):
    booked = await post.books()
    await post.office.bookings.add_staff("やまびこ", Role.SUPPORTER, mail="yamabiko@example.org")
    reassigning = Reassigning(post.office.store, post.office.host)
    handed = await reassigning.hand_over(
        booked.session.id, PersonId("p_clerk"), "体調不良", name="やまびこ"
    )
    await post.relays()
    [to_seeker], [to_former] = post.to(SEEKERS), post.to(SUPPORTERS)
    [to_new] = post.to("yamabiko@example.org")
    assert "相談員　やまびこ" in to_seeker
    assert (await post.link_in(to_seeker)).seat == SEEKER
    assert "次の相談が入りました" in to_new
    assert (await post.link_in(to_new)).person == handed.session.supporter.person
    assert "やまびこ さんが担当する" in to_former
    assert "/room#" not in to_former
    assert "体調不良" not in to_seeker + to_former + to_new


async def test_who_took_it_back_is_not_told_that_it_is_somebody_elses(post):
    booked = await post.books()
    await post.office.bookings.add_staff("やまびこ", Role.SUPPORTER)
    reassigning = Reassigning(post.office.store, post.office.host)
    for name in ("やまびこ", "あおぞら"):
        await reassigning.hand_over(booked.session.id, PersonId("p_clerk"), "x", name=name)
    await post.relays()
    assert not [text for text in post.to(SUPPORTERS) if "が担当する" in text]
