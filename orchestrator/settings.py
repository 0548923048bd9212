"""What the operator decides: one frozen value, read once from the environment, all mistakes reported together.

This is the only module that reads the environment. The policy numbers of a programme are not here: they travel with
each session (`policy.model.Rules`). Nothing is connected to or created here; only what can be judged by looking is.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from email.headerregistry import Address
from pathlib import Path
from typing import Any

from orchestrator import variables
from orchestrator.addresses import read_sender, read_telephone
from orchestrator.errors import Misconfigured
from orchestrator.secret import Secret

PREFIX = "MADOGUCHI_"
_SERVICE_LINK = re.compile(r"MADOGUCHI_(?:SERVICE_(?:HOST|PORT).*|PORT_\d+_(?:TCP|UDP).*)")
"""What Kubernetes puts into the environment of every pod beside a Service called `madoguchi`; not ours."""


def _about(
    variable: str, read: Callable[[str], object], shown: str, meaning: str
) -> dict[str, object]:
    """What a field knows of itself: its variable, how to read it, how its default is shown, what it means."""
    return {"variable": PREFIX + variable, "read": read, "shown": shown, "meaning": meaning}


@dataclass(frozen=True, slots=True)
class Settings:
    """What the operator decides. Make it with `from_env`; the defaults here suit one machine."""

    data_dir: Path = field(
        default=Path(),
        metadata=_about(
            "DATA",
            variables.path,
            "`~/.local/share/madoguchi`",
            "folder of the embedded store and of what it needs",
        ),
    )
    redis_url: Secret = field(
        default=Secret(""),
        metadata=_about(
            "REDIS_URL",
            variables.store_address,
            "none: embedded",
            "an external Valkey or Redis, `redis://…`",
        ),
    )
    accept_durability: frozenset[str] = field(
        default=frozenset(),
        metadata=_about(
            "ACCEPT_DURABILITY",
            variables.words,
            "none",
            "weaknesses of that store that are accepted, with commas",
        ),
    )
    host: str = field(
        default="127.0.0.1",
        metadata=_about("HOST", variables.text, "`127.0.0.1`", "where pages and API listen"),
    )
    port: int = field(
        default=8080,
        metadata=_about("PORT", variables.whole(0, 65_535), "`8080`", "the same; 0: any free one"),
    )
    public_url: str | None = field(
        default=None,
        metadata=_about(
            "PUBLIC_URL",
            variables.web_address,
            "from host and port",
            "what links begin with, `https://…`",
        ),
    )
    tls_cert: Path | None = field(
        default=None,
        metadata=_about(
            "TLS_CERT",
            variables.existing("a file", Path.is_file),
            "none: plain HTTP",
            "certificate chain, PEM",
        ),
    )
    tls_key: Path | None = field(
        default=None,
        metadata=_about(
            "TLS_KEY", variables.existing("a file", Path.is_file), "none", "its key, PEM"
        ),
    )
    media_host: str = field(
        default="127.0.0.1",
        metadata=_about(
            "MEDIA_HOST", variables.address, "`127.0.0.1`", "where media workers listen (UDP)"
        ),
    )
    media_port: int = field(
        default=40_000,
        metadata=_about(
            "MEDIA_PORT",
            variables.whole(0, 65_535),
            "`40000`",
            "port of the first worker, the next has the next; 0: any",
        ),
    )
    media_workers: int = field(
        default=0,
        metadata=_about(
            "MEDIA_WORKERS",
            variables.whole(1, 256),
            "one a core",
            "how many media workers this node runs",
        ),
    )
    public_addresses: tuple[str, ...] = field(
        default=(),
        metadata=_about(
            "PUBLIC_ADDRESS",
            variables.addresses,
            "none",
            "IP addresses that browsers reach the media at, with commas",
        ),
    )
    turn_urls: tuple[str, ...] = field(
        default=(),
        metadata=_about(
            "TURN_URLS",
            variables.turn_urls,
            "none",
            "TURN servers for browsers whose UDP is blocked, with commas: `turn:turn.example.org:3478?transport=udp`, "
            "`turns:turn.example.org:443?transport=tcp`",
        ),
    )
    turn_secret: Secret = field(
        default=Secret(""),
        metadata=_about(
            "TURN_SECRET",
            variables.turn_secret,
            "none",
            "what these servers call `static-auth-secret`; time-limited credentials are made with it",
        ),
    )
    smtp_url: Secret = field(
        default=Secret(""),
        metadata=_about(
            "SMTP_URL",
            variables.mail_server,
            "none: no messages",
            "the mail server for messages to people: `smtps://user:password@host`, or `smtp://…`, then "
            "STARTTLS when offered; `?starttls=required`, and a password, refuse to go without it and check "
            "the certificate",
        ),
    )
    mail_from: Address | None = field(
        default=None,
        metadata=_about(
            "MAIL_FROM",
            read_sender,
            "none",
            "whom they come from: `noreply@example.org` or `窓口 <noreply@example.org>`",
        ),
    )
    programmes_dir: Path | None = field(
        default=None,
        metadata=_about(
            "PROGRAMMES",
            variables.existing("a folder", Path.is_dir),
            "none",
            "folder with programmes of your own, `*.toml`; `orchestrator/programmes` has four as examples. The full "
            "text of the terms is `[terms.full]`, with `ja` and `en`, or behind the address `url` in `[terms]`; with "
            "neither the page sends people to the office for it",
        ),
    )
    time_zone: str = field(
        default="Asia/Tokyo",
        metadata=_about(
            "TIME_ZONE",
            variables.zone,
            "`Asia/Tokyo`",
            "of the office: from which midnight to which a day of board and desk goes; what people read of their "
            "session is in the zone of its programme",
        ),
    )
    telephone: str | None = field(
        default=None,
        metadata=_about(
            "TELEPHONE",
            read_telephone,
            "none",
            "number that people may call: of programmes that name none, and of pages that know no programme, as "
            "where a link is not recognised",
        ),
    )
    node_ttl_s: float = field(
        default=2.0,
        metadata=_about(
            "NODE_TTL_S",
            variables.seconds(0.5, 60),
            "`2`",
            "seconds of silence after which a node counts as dead",
        ),
    )
    log_format: str = field(
        default="json",
        metadata=_about(
            "LOG", variables.one_of("json", "text"), "`json`", "`json` or `text`, to standard error"
        ),
    )
    log_level: str = field(
        default="info",
        metadata=_about(
            "LOG_LEVEL",
            variables.one_of("debug", "info", "warning", "error"),
            "`info`",
            "`debug`, `info`, `warning` or `error`",
        ),
    )
    log_private: bool = field(
        default=False,
        metadata=_about(
            "LOG_PRIVATE",
            variables.yes_or_no,
            "`no`",
            "`yes`: names and addresses in clear, for development only",
        ),
    )

    @property
    def is_store_embedded(self) -> bool:
        """The node runs the store itself."""
        return not self.redis_url

    @property
    def is_secure(self) -> bool:
        """The node itself serves HTTPS."""
        return self.tls_cert is not None


def from_env(environ: Mapping[str, str], **overrides: object) -> Settings:
    """Read the settings.

    Args:
        environ: variable -> value; empty values count as not given.
        overrides: field name -> value of the command line, which wins over the environment; None counts as not given.
            Strings are read like variables, other values must have the field's type already.

    Returns:
        Settings in which `data_dir` and `media_workers` are filled in.

    Raises:
        Misconfigured: with every mistake that was found, each naming its variable.
    """
    known = {entry.name: entry for entry in fields(Settings)}
    unknown = overrides.keys() - known.keys()
    assert not unknown, f"the command line names settings that do not exist: {sorted(unknown)}"
    mistakes = _unknown_variables(environ)
    values: dict[str, Any] = {}
    for name, entry in known.items():
        given = overrides.get(name)
        if given is None:
            given = environ.get(entry.metadata["variable"], "").strip() or None
        if given is None:
            continue
        try:
            values[name] = entry.metadata["read"](given) if isinstance(given, str) else given
        except ValueError as mistake:
            mistakes.append(f"{entry.metadata['variable']} {mistake}")
    values.setdefault("data_dir", _default_data_dir(environ))
    values.setdefault("media_workers", len(os.sched_getaffinity(0)))
    settings = Settings(**values)
    mistakes += _contradictions(settings)
    if mistakes:
        raise Misconfigured(mistakes)
    return settings


def process_environment() -> Mapping[str, str]:
    """The environment of this process, for the composition root to pass to `from_env`."""
    return os.environ


def document() -> str:
    """The whole of docs/settings.md: variable, default, meaning."""
    rows = [
        (entry.metadata["variable"], entry.metadata["shown"], entry.metadata["meaning"])
        for entry in fields(Settings)
    ]
    lines = [f"| `{variable}` | {shown} | {meaning} |" for variable, shown, meaning in rows]
    head = [
        "# Settings",
        "",
        "Environment variables; options of the command line win over them. All mistakes are reported at once, and an",
        "unknown variable that begins with `MADOGUCHI_` is one. `make docs` writes this page from",
        "`orchestrator/settings.py`.",
        "",
        "| variable | default | meaning |",
        "| --- | --- | --- |",
    ]
    return "\n".join([*head, *lines, ""])


def _unknown_variables(environ: Mapping[str, str]) -> list[str]:
    variables = [entry.metadata["variable"] for entry in fields(Settings)]
    mistakes = []
    for variable in sorted(environ):
        if (
            not variable.startswith(PREFIX)
            or variable in variables
            or _SERVICE_LINK.fullmatch(variable)
        ):
            continue
        near = difflib.get_close_matches(variable, variables, n=1)
        mistakes.append(f"{variable} is not a setting" + (f"; is {near[0]} meant?" if near else ""))
    return mistakes


def _default_data_dir(environ: Mapping[str, str]) -> Path:
    base = environ.get("XDG_DATA_HOME", "")
    # The XDG Base Directory Specification wants relative values ignored.
    root = (
        Path(base)
        if Path(base).is_absolute()
        else Path(environ.get("HOME") or Path.home()) / ".local" / "share"
    )
    return root / "madoguchi"


def _contradictions(settings: Settings) -> list[str]:
    mistakes = []
    if (settings.tls_cert is None) != (settings.tls_key is None):
        mistakes.append(f"{PREFIX}TLS_CERT and {PREFIX}TLS_KEY belong together: give both or none")
    if bool(settings.smtp_url) != (settings.mail_from is not None):
        mistakes.append(
            f"{PREFIX}SMTP_URL and {PREFIX}MAIL_FROM belong together: give both or none"
        )
    if bool(settings.turn_urls) != bool(settings.turn_secret):
        mistakes.append(
            f"{PREFIX}TURN_URLS and {PREFIX}TURN_SECRET belong together: give both or none"
        )
    if settings.media_port and settings.media_port + settings.media_workers - 1 > 65_535:
        mistakes.append(
            f"{PREFIX}MEDIA_PORT leaves no room for {settings.media_workers} workers below 65536"
        )
    if settings.accept_durability and settings.is_store_embedded:
        mistakes.append(
            f"{PREFIX}ACCEPT_DURABILITY speaks of an external store: give {PREFIX}REDIS_URL or leave it out"
        )
    if settings.data_dir.exists() and not settings.data_dir.is_dir():
        mistakes.append(f"{PREFIX}DATA must be a folder, not the file {str(settings.data_dir)!r}")
    return mistakes
