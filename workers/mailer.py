"""Messages by SMTP. Implements `Notifier`: one connection a message, nothing kept, nothing retried here.

Whatever may pass is `Unavailable` and comes again through the outbox: no connection, a code 4yz, and what is wrong with
our account there, which only the operator can mend. A code 5yz for this recipient or this text is for good (RFC 5321
§4.2.1). Neither error holds an address: both are logged.
"""

from __future__ import annotations

import asyncio
import hashlib
import ssl
from contextlib import suppress
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as MAIL_POLICY
from email.utils import format_datetime

import aiosmtplib

from orchestrator.addresses import Encryption, SmtpServer
from orchestrator.errors import Refused, Unavailable
from orchestrator.ports import Clock, Message

TIMEOUT_S = 20.0
"""For one message, from connecting to the server's yes; within the relay's time for a delivery."""

GOODBYE_S = 1.0
"""How long we wait for the answer to QUIT, which changes nothing; ours."""

_PERMANENT = range(500, 600)
"""RFC 5321 §4.2.1."""

_OF_THE_ACCOUNT = frozenset({530, 534, 535, 538})
"""Who we are does not satisfy the server (RFC 4954 §6): no word about the recipient."""


class Mailer:
    """Hands messages to one mail server."""

    def __init__(
        self,
        server: SmtpServer,
        sender: Address,
        clock: Clock,
        *,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        """Prepare; nothing is connected yet.

        Args:
            server: takes the messages.
            sender: whom they come from.
            clock: for the `Date`.
            timeout_s: for one message.
        """
        self._server = server
        self._sender = sender
        self._clock = clock
        self._timeout_s = timeout_s
        self._tls = _tls(server.encryption)

    async def send(self, message: Message) -> None:
        """See `Notifier`."""
        letter = self._letter(message)
        server = self._server
        client = aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            username=server.user,
            password=server.password,
            # Not the machine's own name: asking for it can take seconds, and it is nobody's business.
            local_hostname=self._sender.domain,
            use_tls=server.encryption is Encryption.TLS,
            start_tls=True if server.encryption is Encryption.STARTTLS else None,
            tls_context=self._tls,
            timeout=self._timeout_s,
        )
        try:
            async with asyncio.timeout(self._timeout_s):
                await client.connect()
                await client.send_message(letter)
            # The message is theirs: however the goodbye goes, it must not be sent again.
            with suppress(aiosmtplib.SMTPException, OSError):
                await client.quit(timeout=GOODBYE_S)
        except (aiosmtplib.SMTPException, OSError) as error:
            # From None: the library's errors name the recipient, and the server likes to repeat it.
            raise _of(error) from None
        finally:
            client.close()

    def _letter(self, message: Message) -> EmailMessage:
        """The message as RFC 5322 wants it. No header can be smuggled in: `EmailMessage` refuses line breaks."""
        letter = EmailMessage(policy=MAIL_POLICY)
        letter["From"] = self._sender
        letter["To"] = Address(addr_spec=message.to)
        letter["Subject"] = message.subject
        letter["Date"] = format_datetime(self._clock.now())
        letter["Message-ID"] = message_id(message.key, self._sender.domain)
        letter["Auto-Submitted"] = "auto-generated"  # RFC 3834 §5: no holiday notice comes back
        letter.set_content(message.text, charset="utf-8")
        # After set_content, which drops what begins with Content-.
        letter["Content-Language"] = message.language.value
        return letter


def message_id(key: str, domain: str) -> str:
    """The `Message-ID` of a key: the same one for a repetition (RFC 5322 §3.6.4)."""
    return f"<{hashlib.sha256(key.encode()).hexdigest()[:40]}@{domain}>"


def _of(error: Exception) -> Refused | Unavailable:
    """What an error of the library means to us."""
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        error = error.recipients[0]  # there is one recipient only
    if not isinstance(error, aiosmtplib.SMTPResponseException):
        return Unavailable("mail", type(error).__name__)
    said = f"{type(error).__name__} {error.code}"
    is_about_message = isinstance(error, aiosmtplib.SMTPRecipientRefused | aiosmtplib.SMTPDataError)
    if is_about_message and error.code in _PERMANENT and error.code not in _OF_THE_ACCOUNT:
        return Refused("message_refused", said)
    return Unavailable("mail", said)


def _tls(encryption: Encryption) -> ssl.SSLContext:
    """What is asked of the server's certificate; `SSL_CERT_FILE` names an authority of one's own to OpenSSL."""
    context = ssl.create_default_context()
    if encryption is Encryption.OFFERED:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
