"""One log: events named `noun.past_verb` with keys, to standard error, as JSON or as text.

Private data (display names, addresses, links, tokens, SDP) is kept out three times: what is wrapped in `Private` shows
only where the operator asked for it (`MADOGUCHI_LOG_PRIVATE=yes`, for development); a value under a key that names
private data is treated the same, wrapped or not; and tokens, link secrets and SDP are cut out of every text, foreign
libraries' messages and tracebacks included, always.

Modules take `structlog.get_logger()`; `configure` is called once, by whoever starts the process, before the first line.
The policy does not log: the host logs the step it took. The time in a line is the machine's, not the session's.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping
from typing import TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from orchestrator.secret import Secret

HIDDEN = "‹private›"

PRIVATE_KEYS = frozenset(
    {
        "address", "addresses", "candidate", "device_name", "display_name", "display_names", "email", "host_address",
        "mail", "peer_address", "phone", "real_name", "remote", "remote_address", "seeker_mail", "seeker_name",
        "seeker_note", "seeker_real_name", "seeker_reference", "seeker_telephone", "supporter_name",
        "telephone", "user_agent",
    }
)  # fmt: skip
"""Keys whose values are about a person or where a person is."""

SECRET_KEYS = frozenset(
    {
        "answer",
        "authorization",
        "cookie",
        "link",
        "links",
        "offer",
        "password",
        "sdp",
        "secret",
        "token",
        "url",
    }
)
"""Keys whose values open something; they are never shown, not even in development."""

_SECRET_TEXT = re.compile(
    r"(?P<token>\bmdg_)[\w-]+"
    r"|(?P<link>/(?:room|board)#)[\w-]+"
    r"|(?P<account>\b[a-z]+://[^\s/:@]*:)[^\s@]+(?=@)"
    r"|(?P<sdp>\bv=0(?:\r?\n|\\r\\n|\\n)o=)[\s\S]*"
)
"""Staff tokens, invitation links, passwords in store addresses, and SDP from its first line on."""

_ADDRESS_TEXT = re.compile(
    r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.])|(?<![\w:])(?:[0-9a-f]{0,4}:){3,7}[0-9a-f]{1,4}(?!\w|:|\.\d)"
    r"|(?<![\w.!#$%&'*+/=?^`{|}~-])[\w.!#$%&'*+/=?^`{|}~-]+@[\w-]+(?:\.[\w-]+)+",
    re.IGNORECASE,
)
"""IP and e-mail addresses in the messages of libraries, which know nothing of `Private`."""


class Private:
    """A value about a person: shown in development only."""

    __slots__ = ("_value",)

    def __init__(self, value: object) -> None:
        self._value = value

    def reveal(self) -> object:
        """The value itself."""
        return self._value

    def __repr__(self) -> str:
        return HIDDEN


def configure(
    log_format: str,
    level: str,
    shows_private: bool = False,
    stream: TextIO | None = None,
    **bound: object,
) -> None:
    """Set the process's log up; the last call counts.

    Args:
        log_format: `json` or `text`.
        level: `debug`, `info`, `warning` or `error`.
        shows_private: private data in clear; secrets stay hidden.
        stream: where to write; None: standard error.
        bound: keys that every line of this process carries, for instance `node`.
    """
    hide: Processor = _Redaction(shows_private)
    ours: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        _Always(bound),
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        structlog.processors.format_exc_info,
        hide,
    ]
    renderer: Processor = (
        structlog.dev.ConsoleRenderer(colors=False, timestamp_key="at")
        if log_format == "text"
        else structlog.processors.JSONRenderer(ensure_ascii=False, default=repr)
    )
    structlog.configure(
        processors=[*ours, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    handler = _Output(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
            foreign_pre_chain=[
                structlog.stdlib.add_logger_name,
                *ours[:-1],
                _without_addresses(shows_private),
                hide,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [other for other in root.handlers if not isinstance(other, _Output)]
    root.addHandler(handler)
    root.setLevel(level.upper())
    # A reader of standard error that went away must not stop a session.
    logging.raiseExceptions = False
    for name in ("aiohttp.access", "aioice", "apscheduler", "aiortc", "redis"):
        # One line a packet, job or request, with addresses: only what is wrong is worth the reading.
        logging.getLogger(name).setLevel(logging.WARNING)
    server = logging.getLogger("aiohttp.server")
    if not any(isinstance(other, _NoHttp) for other in server.filters):
        server.addFilter(_NoHttp())


class _NoHttp(logging.Filter):
    """Lowers what aiohttp says of a peer that speaks no HTTP: anybody can, and would fill the log with tracebacks."""

    def filter(self, record: logging.LogRecord) -> bool:
        wrong = record.exc_info[1] if record.exc_info else None
        # By name: a media worker logs too, and does without the web.
        if not any(kind.__module__ == "aiohttp.http_exceptions" for kind in type(wrong).__mro__):
            return True
        record.levelno, record.levelname = logging.DEBUG, "DEBUG"
        record.msg, record.args = "peer.spoke_no_http", ()
        record.exc_info = None
        return logging.getLogger().isEnabledFor(logging.DEBUG)


class _Output(logging.StreamHandler[TextIO]):
    """The handler of ours, so that a later `configure` finds the one it replaces."""


class _Always:
    """Adds keys that every line carries; what a line says itself wins."""

    def __init__(self, bound: Mapping[str, object]) -> None:
        self._bound = dict(bound)

    def __call__(self, _logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
        return {**self._bound, **line}


class _Redaction:
    """Hides what the module docstring names, in nested values too."""

    def __init__(self, shows_private: bool) -> None:
        self._shows_private = shows_private

    def __call__(self, _logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
        return {key: self._value(key, value) for key, value in line.items()}

    def _value(self, key: str, value: object) -> object:
        if key.startswith("_"):
            return value
        if isinstance(value, Secret) or key in SECRET_KEYS:
            return HIDDEN if value else value
        if isinstance(value, Private):
            value = value.reveal() if self._shows_private else HIDDEN
        elif key in PRIVATE_KEYS and value is not None and not self._shows_private:
            return HIDDEN
        if isinstance(value, Mapping):
            return {str(name): self._value(str(name), inner) for name, inner in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [self._value(key, inner) for inner in value]
        if isinstance(value, bool | int | float) or value is None:
            return value
        return _SECRET_TEXT.sub(_cut, value if isinstance(value, str) else str(value))


def _cut(match: re.Match[str]) -> str:
    kept = match.group(match.lastgroup or 0)
    return f"{kept}{HIDDEN}"


def _without_addresses(shows_private: bool) -> Processor:
    def process(_logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
        if shows_private:
            return line
        return {
            key: _ADDRESS_TEXT.sub(HIDDEN, value)
            if isinstance(value, str) and key != "at"
            else value
            for key, value in line.items()
        }

    return process
