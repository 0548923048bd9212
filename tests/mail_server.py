"""A real SMTP server in the test's own loop: it keeps what arrives, and says no, or nothing, when the test wants it."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from orchestrator.commands.certificate import ensure_certificate

HOST = "127.0.0.1"


@dataclass(frozen=True)
class Letter:
    """A message that the server has taken."""

    sender: str
    recipients: list[str]
    message: EmailMessage
    is_encrypted: bool
    user: str | None

    @property
    def subject(self) -> str:
        """The subject, decoded."""
        return str(self.message["Subject"])

    @property
    def text(self) -> str:
        """The text, decoded."""
        return self.message.get_content()


@dataclass
class MailServer:
    """What the test sees of the server, and how it behaves."""

    port: int = 0
    """The same one after a restart."""
    letters: list[Letter] = field(default_factory=list)
    answers: dict[str, str] = field(default_factory=dict)
    """Command or recipient -> what is answered instead of yes: `{"DATA": "554 no"}`, `{"a@example.org": "550 no"}`."""
    hangs_at: str = ""
    """A command that is never answered."""
    attempts: int = 0
    """How often somebody has named a recipient."""
    _server: asyncio.Server | None = None
    _options: dict[str, object] = field(default_factory=dict)
    _is_tls: bool = False
    _open: set[_Counter] = field(default_factory=set)

    async def start(self) -> None:
        """Listen, again on the port that it had."""
        loop = asyncio.get_running_loop()
        options = dict(self._options)
        context = options.get("tls_context") if self._is_tls else None
        if self._is_tls:
            options.pop("tls_context")
        self._server = await loop.create_server(
            lambda: _Counter(self, hostname="mail.example.org", loop=loop, **options),
            HOST,
            self.port,
            ssl=context,
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Listen no longer, and hang up."""
        if self._server is not None:
            self._server.close()
            for counter in list(self._open):
                counter.hang_up()
            await self._server.wait_closed()
            self._server = None

    @property
    def url(self) -> str:
        """How it is reached, without encryption from the first byte."""
        return f"smtp://{HOST}:{self.port}"

    # ---- what aiosmtpd asks of a handler ----

    async def handle_MAIL(  # noqa: N802 - aiosmtpd looks for this name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        await self._hang("MAIL")
        envelope.mail_from = address
        return self.answers.get("MAIL", "250 OK")

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self.attempts += 1
        await self._hang("RCPT")
        answer = self.answers.get(address, "250 OK")
        if answer.startswith("2"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        await self._hang("DATA")
        answer = self.answers.get("DATA", "250 taken")
        if answer.startswith("2"):
            message = message_from_bytes(envelope.content, policy=policy.default)
            login = session.auth_data
            letter = Letter(
                sender=envelope.mail_from,
                recipients=list(envelope.rcpt_tos),
                message=message,
                is_encrypted=session.ssl is not None or self._is_tls,
                user=login.decode() if isinstance(login, bytes) else None,
            )
            self.letters.append(letter)
        return answer

    async def handle_QUIT(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        await self._hang("QUIT")
        return "221 bye"

    async def _hang(self, command: str) -> None:
        if self.hangs_at == command:
            await asyncio.Event().wait()


class _Counter(SMTP):
    """One connection; the server can hang up."""

    def __init__(self, house: MailServer, **options: object) -> None:
        super().__init__(house, **options)
        self._house = house

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._house._open.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._house._open.discard(self)
        super().connection_lost(error)

    def hang_up(self) -> None:
        """Cut the line, whatever is under way."""
        if self.transport is not None:
            self.transport.abort()


@dataclass(frozen=True)
class Certificate:
    """A certificate of 127.0.0.1 that nobody has signed but itself."""

    file: Path
    """Trusted by whoever is told so (`SSL_CERT_FILE`)."""
    context: ssl.SSLContext


def a_certificate(folder: Path) -> Certificate:
    """Make one in a folder."""
    file, key = ensure_certificate(folder, HOST, datetime.now(UTC))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(file, key)
    return Certificate(file, context)


@asynccontextmanager
async def mail_server(
    certificate: Certificate | None = None,
    *,
    is_tls: bool = False,
    logins: dict[str, str] | None = None,
) -> AsyncIterator[MailServer]:
    """A server that listens.

    Args:
        certificate: with one it offers STARTTLS.
        is_tls: it speaks TLS from the first byte instead.
        logins: user -> password; with some, nobody else may send.
    """
    house = MailServer(_is_tls=is_tls)
    if certificate is not None:
        house._options["tls_context"] = certificate.context
    if logins is not None:
        house._options |= {
            "authenticator": lambda _server, _session, _envelope, _mechanism, login: _authenticate(
                logins, login
            ),
            "auth_required": True,
            "auth_require_tls": certificate is not None and not is_tls,
        }
    await house.start()
    try:
        yield house
    finally:
        await house.stop()


def _authenticate(logins: dict[str, str], login: object) -> AuthResult:
    assert isinstance(login, LoginPassword), "PLAIN and LOGIN give this"
    is_right = logins.get(login.login.decode()) == login.password.decode()
    return AuthResult(success=is_right, handled=False, auth_data=login.login)
