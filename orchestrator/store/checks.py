"""Whether a store keeps what it has acknowledged. The node refuses to start on one that does not."""

from __future__ import annotations

from dataclasses import dataclass

from redis.exceptions import ResponseError

from orchestrator.errors import Misconfigured
from orchestrator.store.connections import Server, is_away

OLDEST_VERSION = (6, 2)
"""XAUTOCLAIM, with which another node's unfinished deliveries are taken over, came with Redis 6.2."""


@dataclass(frozen=True, slots=True)
class _Requirement:
    setting: str
    wanted: str
    why: str


REQUIREMENTS = (
    _Requirement("appendonly", "yes", "without it a restart loses everything"),
    _Requirement("appendfsync", "always", "otherwise a crash loses what was acknowledged last"),
    _Requirement(
        "maxmemory-policy", "noeviction", "otherwise a full store throws sessions away silently"
    ),
)

ACCEPTABLE = frozenset(requirement.setting for requirement in REQUIREMENTS)
"""What `--accept-durability` may name."""


async def check_durability(server: Server, accept: frozenset[str]) -> tuple[str, ...]:
    """Compare the store's settings with what our promises need (invariant 8).

    Args:
        server: the store.
        accept: settings that may be weaker or unreadable, by name (`--accept-durability`).

    Returns:
        One sentence for each weakness that was accepted; the board shows them.

    Raises:
        Misconfigured: a setting is wrong, cannot be read, or `accept` names one that does not exist.
        Unavailable: the store does not answer.
    """
    mistakes = [
        f"--accept-durability names {name!r}; it knows {', '.join(sorted(ACCEPTABLE))}"
        for name in sorted(accept - ACCEPTABLE)
    ]
    mistakes += await _version_mistakes(server)
    accepted = []
    for requirement in REQUIREMENTS:
        weakness = _weakness(requirement, await _setting(server, requirement.setting))
        if weakness is None:
            continue
        if requirement.setting in accept:
            accepted.append(weakness)
        else:
            mistakes.append(
                f"{weakness}; set it, or start with --accept-durability={requirement.setting}"
            )
    if mistakes:
        raise Misconfigured(mistakes)
    return tuple(accepted)


def _weakness(requirement: _Requirement, found: str | None) -> str | None:
    if found == requirement.wanted:
        return None
    if found is None:
        return f"the store does not let us read {requirement.setting}: {requirement.why}"
    return (
        f"the store has {requirement.setting} {found}, not {requirement.wanted}: {requirement.why}"
    )


async def _setting(server: Server, name: str) -> str | None:
    """A setting's value; None when the store does not tell (managed stores forbid CONFIG)."""
    async with server.answer():
        try:
            reply = await server.commands.config_get(name)
        except ResponseError as error:
            if is_away(error):
                raise
            return None
    value = reply.get(name)
    return None if value is None else str(value)


async def _version_mistakes(server: Server) -> list[str]:
    async with server.answer():
        try:
            info = await server.commands.info("server")
        except ResponseError as error:
            if is_away(error):
                raise
            return []  # a managed store that hides it is newer than that
    version = str(info["redis_version"])
    if tuple(int(part) for part in version.split(".")[:2]) >= OLDEST_VERSION:
        return []
    return [f"the store is version {version}; at least 6.2 is needed"]
