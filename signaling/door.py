"""The door of signalling: looks at a `hello` and says who comes in."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.credentials import hash_secret
from orchestrator.errors import MadoguchiError, NotFound, Refused
from orchestrator.policy.model import OBSERVER, SUPPORTER, DeviceId, Role
from orchestrator.ports import Link, Staff, Store
from signaling.auth import check_link, is_secret_shaped, is_token_shaped
from signaling.board import Feed, Watcher
from signaling.connection import Connection, Guest
from signaling.counter import Counter
from signaling.participant import Participant
from signaling.protocol.up import Hello
from signaling.views.shape import Bilingual


@dataclass(frozen=True, slots=True)
class Door:
    """Lets participants in by their link and boards by their token."""

    counter: Counter
    store: Store
    feed: Feed
    office: Bilingual

    async def greet(self, connection: Connection, hello: Hello, device: DeviceId) -> Guest:
        """Find out who says hello and welcome them.

        Args:
            connection: opened with the welcome.
            hello: its first message.
            device: of the cookie.

        Raises:
            Refused: `draining`, `link_unknown`, `link_revoked`, `link_expired`, `token_unknown`, or of the policy.
            Conflict: another node runs the session.
            Unavailable: the store does not answer.
        """
        if self.counter.audience.is_draining:
            raise Refused("draining")
        if hello.token is not None:
            return await self._greet_staff(connection, hello.token)
        return await self._greet_participant(connection, hello, device)

    async def _greet_staff(self, connection: Connection, token: str) -> Guest:
        staff = await self.staff(token)
        if staff is None:
            raise Refused("token_unknown")
        limits = self.counter.limits
        watcher = Watcher(self.feed, connection, staff, limits, lambda: self.staff(token))
        await watcher.greet(self.office, self.counter.clock.now())
        return watcher

    async def staff(self, token: str) -> Staff | None:
        """Who a staff token names; None when it names nobody who may see sessions.

        Raises:
            Unavailable: the store does not answer.
        """
        if not is_token_shaped(token):
            return None
        staff = await self.store.staff_by_token(hash_secret(token))
        if staff is None or staff.role not in (Role.SCHEDULER, Role.SUPPORTER):
            return None
        return staff

    async def _greet_participant(
        self, connection: Connection, hello: Hello, device: DeviceId
    ) -> Guest:
        secret = hello.link
        assert secret is not None, "the protocol wants one of link and token"
        link = await self.store.link(hash_secret(secret)) if is_secret_shaped(secret) else None
        code = check_link(link, self.counter.clock.now())
        if link is None or code is not None:
            connection.telephone = await self._telephone_of(link)
            raise Refused(code or "link_unknown")
        participant = Participant(
            self.counter,
            connection,
            link.session,
            link.seat,
            device,
            can_encrypt=hello.e2ee,
            person=link.person,
        )
        try:
            await participant.greet(hello.media_epoch)
        except NotFound as error:
            raise Refused("link_unknown") from error
        except Refused:
            connection.telephone = await self._telephone_of(link)
            raise
        return participant

    async def _telephone_of(self, link: Link | None) -> str | None:
        """Whom a guest may call who is turned away; the office's own people ask the scheduler."""
        if link is None or link.seat in (SUPPORTER, OBSERVER):
            return None
        try:
            session = await self.counter.host.view(link.session)
        except MadoguchiError:  # the refusal itself is what matters
            return None
        programme = self.counter.programmes.get(session.rules.programme)
        return programme.telephone if programme is not None else None
