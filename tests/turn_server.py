"""A real coturn on loopback, with the settings that operators are given (deploy/coturn/turnserver.conf)."""

from __future__ import annotations

import asyncio
import re
import secrets
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path

TEMPLATE = Path(__file__).parents[1] / "deploy" / "coturn" / "turnserver.conf"
HOST = "127.0.0.1"
RELAYED = range(20_000, 20_200)
"""Ports of allocations: outside of those that the kernel gives to browsers."""


@dataclass(frozen=True, slots=True)
class TurnServer:
    """A running coturn."""

    secret: str
    port: int
    """UDP and TCP."""
    tls_port: int
    peer: str
    """The one address that it relays to."""


def free_port() -> int:
    """A port that is free for UDP and for TCP."""
    while True:
        with (
            closing(socket.socket(socket.AF_INET, socket.SOCK_STREAM)) as tcp,
            closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as udp,
        ):
            tcp.bind((HOST, 0))
            try:
                udp.bind(tcp.getsockname())
            except OSError:
                continue
            return int(tcp.getsockname()[1])


def configuration(server: TurnServer, folder: Path) -> str:
    """The operators' file with the values of this test; what it lacks is an error."""
    text = TEMPLATE.read_text("utf-8")
    values = {
        "static-auth-secret": server.secret,
        "realm": "turn.test",
        "allowed-peer-ip": server.peer,
        "cert": str(folder / "cert.pem"),
        "pkey": str(folder / "key.pem"),
        "listening-port": str(server.port),
        "tls-listening-port": str(server.tls_port),
        "min-port": str(RELAYED[0]),
        "max-port": str(RELAYED[-1]),
        "log-file": str(folder / "turn.log"),
    }
    for key, value in values.items():
        text, count = re.subn(rf"(?m)^{key}=.*$", f"{key}={value}", text)
        assert count == 1, f"{key} is in {TEMPLATE.name} {count} times"
    # Of this machine alone: elsewhere the media has an address that is not loopback.
    own = [
        f"listening-ip={HOST}",
        f"relay-ip={HOST}",
        "allow-loopback-peers",
        "simple-log",
        f"userdb={folder / 'turn.db'}",
        f"pidfile={folder / 'turn.pid'}",
    ]
    return "\n".join([text, *own, ""])


async def _make_certificate(folder: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"),
        *("-nodes", "-days", "2", "-subj", "/CN=localhost"),
        *("-addext", f"subjectAltName=DNS:localhost,IP:{HOST}"),
        *("-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")),
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert await process.wait() == 0, "openssl makes a certificate"


@asynccontextmanager
async def running_turn(peer: str = HOST) -> AsyncIterator[TurnServer]:
    """A coturn that relays to one address alone."""
    program = shutil.which("turnserver")
    assert program is not None, "coturn is not installed; `make setup-browsers` does it"
    server = TurnServer(secrets.token_hex(16), free_port(), free_port(), peer)
    with tempfile.TemporaryDirectory(prefix="mg-turn-") as name:
        folder = Path(name)
        await _make_certificate(folder)
        file = folder / "turnserver.conf"
        file.write_text(configuration(server, folder), "utf-8")
        with (folder / "said.txt").open("wb") as said:
            process = await asyncio.create_subprocess_exec(
                program, "-c", str(file), stdout=said, stderr=said
            )
        try:
            await _listens(server, process, folder)
            yield server
        finally:
            if process.returncode is None:
                process.terminate()
            async with asyncio.timeout(15):
                await process.wait()


async def _listens(server: TurnServer, process: asyncio.subprocess.Process, folder: Path) -> None:
    async with asyncio.timeout(20):
        for port in (server.port, server.tls_port):
            while True:
                assert process.returncode is None, (folder / "said.txt").read_text("utf-8")
                try:
                    _, writer = await asyncio.open_connection(HOST, port)
                except OSError:
                    await asyncio.sleep(0.05)
                    continue
                writer.close()
                break
