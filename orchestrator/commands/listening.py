"""Where a node listens, and how it is reached: by links, and by commands that are run beside it."""

from __future__ import annotations

import errno
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext
from pathlib import Path

from aiohttp import web

from orchestrator.errors import Misconfigured
from orchestrator.settings import Settings

URL_FILE = "node.url"
"""In the data folder of an embedded store, on which one node runs at a time."""


@contextmanager
def bound(settings: Settings) -> Iterator[socket.socket]:
    """The address of pages and API, taken before anything else is started; nobody can connect yet.

    Raises:
        Misconfigured: it is taken, not ours, or not allowed.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
    except UnicodeError:  # names of hosts are encoded before they are asked for (RFC 5890)
        where = f"{settings.host}:{settings.port}"
        raise Misconfigured([f"cannot listen on {where}: no such name can be"]) from None
    except OSError as wrong:
        raise Misconfigured([_why_not(settings, wrong)]) from None
    with listener:
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
        except OSError as wrong:
            raise Misconfigured([_why_not(settings, wrong)]) from None
        yield listener


@asynccontextmanager
async def _listening(
    app: web.Application, settings: Settings, listener: socket.socket
) -> AsyncIterator[str]:
    """Serve the application; the base URL. On leaving, everybody is told to connect again."""
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=2.0)
    await runner.setup()
    try:
        context: ssl.SSLContext | None = None
        if settings.tls_cert is not None:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(settings.tls_cert, settings.tls_key)
        await web.SockSite(runner, listener, ssl_context=context).start()
        yield base_url(settings, listener.getsockname()[1])
    finally:
        await runner.cleanup()


@asynccontextmanager
async def reachable(
    app: web.Application, settings: Settings, listener: socket.socket
) -> AsyncIterator[str]:
    """Serve the application, and leave word of it where only one node can be."""
    async with _listening(app, settings, listener) as url:
        with _left(settings.data_dir, url) if settings.is_store_embedded else nullcontext():
            yield url


def base_url(settings: Settings, port: int) -> str:
    """What links of a node begin with, without a slash at the end."""
    scheme = "https" if settings.is_secure else "http"
    host = f"[{settings.host}]" if ":" in settings.host else settings.host  # RFC 3986 §3.2.2
    return settings.public_url or f"{scheme}://{host}:{port}"


@contextmanager
def _left(data_dir: Path, url: str) -> Iterator[None]:
    """Leave word of how this node is reached, for commands that are run beside it."""
    file = data_dir / URL_FILE
    fresh = file.with_suffix(".new")
    fresh.write_text(url)
    fresh.replace(file)
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


def left_url(data_dir: Path) -> str | None:
    """What links begin with, as the node left it that runs on a data folder; None when it does not listen yet."""
    try:
        return (data_dir / URL_FILE).read_text() or None
    except OSError:
        return None


def _why_not(settings: Settings, wrong: OSError) -> str:
    where = f"{settings.host}:{settings.port}"
    if wrong.errno == errno.EADDRINUSE:
        return f"port {settings.port} is taken by another program; stop it or use another --port"
    if wrong.errno == errno.EACCES:
        return f"no permission to listen on {where}; ports below 1024 need root, use another --port"
    return f"cannot listen on {where}: {wrong.strerror}"
