"""How the text of one setting becomes its value. PURE.

Each reader raises ValueError with the rest of a sentence that begins with the name of the variable.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from orchestrator.addresses import read_smtp_url
from orchestrator.secret import Secret

_TURN_URL = re.compile(
    r"turns?:(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?(?:\?transport=(?:udp|tcp))?"
)
"""RFC 7065 §3.1."""
LEAST_TURN_SECRET = 16
"""Whoever has seen one credential can try secrets against it at leisure."""


def text(value: str) -> str:
    """A name or an address."""
    if not value or any(character.isspace() for character in value):
        raise ValueError("must be a name or an address without spaces")
    return value


def whole(low: int, high: int) -> Callable[[str], int]:
    """A whole number in a range."""

    def read(value: str) -> int:
        if not re.fullmatch(r"\d{1,9}", value, re.ASCII) or not low <= int(value) <= high:
            raise ValueError(f"must be a whole number from {low} to {high}, not {value!r}")
        return int(value)

    return read


def seconds(low: float, high: float) -> Callable[[str], float]:
    """A number of seconds in a range."""

    def read(value: str) -> float:
        if not re.fullmatch(r"\d+(\.\d+)?", value, re.ASCII) or not low <= float(value) <= high:
            raise ValueError(f"must be a number of seconds from {low:g} to {high:g}, not {value!r}")
        return float(value)

    return read


def yes_or_no(value: str) -> bool:
    """A choice."""
    if value not in {"yes", "no"}:
        raise ValueError(f"must be yes or no, not {value!r}")
    return value == "yes"


def one_of(*words: str) -> Callable[[str], str]:
    """One of a few words."""

    def read(value: str) -> str:
        if value not in words:
            raise ValueError(f"must be one of {', '.join(words)}, not {value!r}")
        return value

    return read


def listed(value: str) -> tuple[str, ...]:
    """What stands between commas."""
    return tuple(word for word in (part.strip() for part in value.split(",")) if word)


def words(value: str) -> frozenset[str]:
    """The same, in no order."""
    return frozenset(listed(value))


def addresses(value: str) -> tuple[str, ...]:
    """IP addresses with commas between, that a browser can be given."""
    addresses = listed(value)
    for address in addresses:
        try:
            parsed = ipaddress.ip_address(address)
        except ValueError:
            raise ValueError(f"must be IP addresses with commas between, not {address!r}") from None
        if parsed.is_unspecified:
            raise ValueError(f"must be addresses that browsers can reach, not {address!r}")
    return addresses


def turn_urls(value: str) -> tuple[str, ...]:
    """Addresses of TURN servers with commas between."""
    urls = listed(value)
    for url in urls:
        if not _TURN_URL.fullmatch(url):
            raise ValueError(
                "must be like turn:turn.example.org:3478?transport=udp or turns:turn.example.org:443, "
                f"with commas between, not {url!r}"
            )
    return urls


def turn_secret(value: str) -> Secret:
    """The secret shared with them."""
    if len(value) < LEAST_TURN_SECRET or any(character.isspace() for character in value):
        raise ValueError(f"must have at least {LEAST_TURN_SECRET} characters and no spaces")
    return Secret(value)


def address(value: str) -> str:
    """An IP address to listen at."""
    try:
        return str(ipaddress.ip_address(value))
    except ValueError:
        raise ValueError(
            f"must be an IP address of this machine, 0.0.0.0 or ::, not {value!r}"
        ) from None


def web_address(value: str) -> str:
    """Where browsers find the server: scheme, host and port."""
    try:
        parts = urlsplit(value)
        is_web = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        raise ValueError(f"must look like https://example.org, not {value!r}") from None
    if not is_web or parts.query or parts.fragment:
        raise ValueError(f"must look like https://example.org, not {value!r}")
    if parts.path not in {"", "/"}:
        raise ValueError("must have no path: the server wants a host name of its own")
    return value.rstrip("/")


def zone(value: str) -> str:
    """A time zone by its IANA name."""
    try:
        return ZoneInfo(value).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"must be a time zone like Asia/Tokyo, not {value!r}") from None


def store_address(value: str) -> Secret:
    """Where an external store is; it may hold a password."""
    if urlsplit(value).scheme not in {"redis", "rediss", "unix"}:
        raise ValueError("must begin with redis://, rediss:// or unix://")
    return Secret(value)


def mail_server(value: str) -> Secret:
    """A mail server; it may hold a password."""
    read_smtp_url(value)  # only whether it can be read; it may hold a password
    return Secret(value)


def path(value: str) -> Path:
    """A file or a folder, there or not."""
    return Path(value).expanduser()


def existing(what: str, test: Callable[[Path], bool]) -> Callable[[str], Path]:
    """One that is there."""

    def read(value: str) -> Path:
        found = path(value)
        if not test(found):
            raise ValueError(f"must be {what} that is there, not {value!r}")
        return found

    return read
