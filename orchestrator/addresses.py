"""Addresses that somebody typed: of people, and of the mail server. PURE: nothing is looked up, nothing is sent.

Every `read_…` raises `ValueError` with the rest of a sentence («must be …»). None of them repeats what was typed: the
sentences go into answers and logs, and an address is private.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from email.headerregistry import Address
from email.utils import parseaddr
from enum import StrEnum
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from email_validator import EmailNotValidError, validate_email

LONGEST_MAIL_ADDRESS = 254
"""Characters: RFC 5321 §4.5.3.1.3, without the brackets."""

LONGEST_TELEPHONE = 40
"""Characters, the hyphens included; ours."""

_TELEPHONE = re.compile(r"\+?[ (]*\d(?:[ ()-]*\d){5,14}", re.ASCII)
"""At most 15 digits (ITU-T E.164), at least six, as people write them."""

_HYPHENS = str.maketrans(dict.fromkeys("‐‑‒–—―−ー", "-"))
"""What Japanese keyboards make of the hyphen key; the fullwidth one is folded before."""

_SMTP_PORTS = {"smtp": 25, "smtps": 465}
"""What the schemes mean without a port: RFC 5321 §4.5.4.2, RFC 8314 §3.3."""


def read_mail_address(text: str) -> str:
    """An e-mail address as it is stored: ASCII, its domain in lower case.

    What the mail server would need SMTPUTF8 for, and local parts in quotes, are refused: too few servers take them.

    Raises:
        ValueError: it is none.
    """
    try:
        found = validate_email(
            unicodedata.normalize("NFKC", text),
            check_deliverability=False,
            allow_smtputf8=False,
            strict=True,
        )
    except EmailNotValidError:
        raise ValueError("must be an e-mail address like name@example.org") from None
    assert found.ascii_email is not None, "without SMTPUTF8 every address is ASCII"
    return found.ascii_email


def read_telephone(text: str) -> str:
    """A telephone number as it is stored: ASCII digits, blanks, hyphens, brackets, perhaps a plus in front.

    Raises:
        ValueError: it is none.
    """
    folded = unicodedata.normalize("NFKC", text).translate(_HYPHENS).strip()
    if len(folded) > LONGEST_TELEPHONE or not _TELEPHONE.fullmatch(folded):
        raise ValueError("must be a telephone number like 048-000-0000")
    return folded


def read_sender(text: str) -> Address:
    """Whom messages come from: `noreply@example.org`, or `窓口 <noreply@example.org>`.

    Raises:
        ValueError: it is neither.
    """
    wrong = "must be an address like noreply@example.org or Office <noreply@example.org>"
    name, address = parseaddr(text) if "<" in text else ("", text)
    if not text.isprintable():
        raise ValueError(wrong)
    try:
        return Address(name, addr_spec=read_mail_address(address))
    except ValueError:
        raise ValueError(wrong) from None


class Encryption(StrEnum):
    """How the connection to the mail server is kept from others."""

    TLS = "tls"
    """From the first byte; the certificate is checked (RFC 8314 §3.3)."""
    STARTTLS = "starttls"
    """Before anything is said; the certificate is checked, and a server without it is not spoken to."""
    OFFERED = "offered"
    """When the server offers it, whatever its certificate: better than none (RFC 7435)."""


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """The mail server that takes our messages."""

    host: str
    port: int
    encryption: Encryption
    user: str | None = field(default=None, repr=False)
    """None: the server takes our messages without one."""
    password: str | None = field(default=None, repr=False)


def read_smtp_url(url: str) -> SmtpServer:
    """A mail server: `smtp://mail.example.org`, `smtps://user:password@mail.example.org:465`.

    `?starttls=required` or `?starttls=offered` may follow `smtp://`; a password asks for the first by itself, so that
    it never goes over a line that others read.

    Raises:
        ValueError: it is none.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
        (host or "").encode("idna")  # the socket will want it; a..b cannot be
    except ValueError:
        host, port = None, None
        parts = SplitResult("", "", "", "", "")
    if parts.scheme not in _SMTP_PORTS or not host or port == 0 or parts.path not in {"", "/"}:
        raise ValueError("must look like smtp://mail.example.org:25 or smtps://mail.example.org")
    if not host.isascii() or not host.isprintable() or " " in host or parts.fragment:
        raise ValueError("must name a host in ASCII; write %23 for a # in a password")
    if (parts.username is None) != (parts.password is None):
        raise ValueError("must have a user and a password, or neither")
    return SmtpServer(
        host=host,
        port=port or _SMTP_PORTS[parts.scheme],
        encryption=_encryption(parts),
        user=unquote(parts.username) if parts.username is not None else None,
        password=unquote(parts.password) if parts.password is not None else None,
    )


def _encryption(parts: SplitResult) -> Encryption:
    options = parse_qs(parts.query, keep_blank_values=True)
    asked = options.pop("starttls", [])
    if options or len(asked) > 1 or (asked and parts.scheme == "smtps"):
        raise ValueError("must have nothing after it but ?starttls=…, and that with smtp:// only")
    match asked:
        case []:
            if parts.scheme == "smtps":
                return Encryption.TLS
            return Encryption.OFFERED if parts.password is None else Encryption.STARTTLS
        case ["required"]:
            return Encryption.STARTTLS
        case ["offered"]:
            return Encryption.OFFERED
        case _:
            raise ValueError("must have ?starttls=required or ?starttls=offered")
