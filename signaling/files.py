"""The pages and their assets, as they lie in `signaling/pages`. No build step, nothing generated."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from orchestrator.credentials import new_secret
from signaling.auth import DEVICE_COOKIE, is_secret_shaped

PAGES = Path(__file__).parent / "pages"

DEVICE_AGE_S = 60 * 24 * 3600
"""Sixty days: from the booking of a session to its reschedule, with room to spare."""

TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".jpg": "image/jpeg",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".mp3": "audio/mpeg",
    ".ogg": "audio/ogg",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".wasm": "application/wasm",
    ".wav": "audio/wav",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
}
"""What is served, and as what: the machine's own table of types is not to be relied on."""

LONGEST_NAME = 200
"""Of an asset with its folders; ours are below 40, and file systems end at 255 a part."""

_ASSET = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)*")


@dataclass(frozen=True, slots=True)
class Files:
    """Serves the pages.

    Attributes:
        root: the folder of the pages.
        is_secure: whether a request came over HTTPS, perhaps through a proxy; then the cookie stays there.
    """

    root: Path
    is_secure: Callable[[web.Request], bool]

    def routes(self) -> list[web.RouteDef]:
        """What to serve."""
        return [
            web.get("/", self.index),
            web.get("/room", self.room),
            web.get("/board", self.board),
            web.get("/assets/{path:.+}", self.asset),
        ]

    async def index(self, request: web.Request) -> web.StreamResponse:
        """What this server is."""
        return self._file(self.root / "index.html")

    async def board(self, request: web.Request) -> web.StreamResponse:
        """The schedulers' board; the token is in the fragment and never comes here."""
        return self._file(self.root / "board.html")

    async def room(self, request: web.Request) -> web.StreamResponse:
        """The page of an invitation link; the secret is in the fragment and never comes here."""
        answer = self._file(self.root / "room.html")
        known = request.cookies.get(DEVICE_COOKIE, "")
        device = known if is_secret_shaped(known) else new_secret()
        answer.set_cookie(
            DEVICE_COOKIE,
            device,
            max_age=DEVICE_AGE_S,
            path="/",
            httponly=True,
            samesite="Strict",
            secure=self.is_secure(request),
        )
        return answer

    def not_found(self) -> web.Response:
        """What a browser shows of a page that is not there; for people, who may have cut a link short."""
        text = (self.root / "not_found.html").read_text("utf-8")
        return web.Response(status=404, text=text, content_type="text/html")

    async def asset(self, request: web.Request) -> web.StreamResponse:
        """A script, a stylesheet, an icon."""
        path = request.match_info["path"]
        if len(path) > LONGEST_NAME or not _ASSET.fullmatch(path):
            raise web.HTTPNotFound
        return self._file(self.root / "assets" / path)

    def _file(self, path: Path) -> web.StreamResponse:
        kind = TYPES.get(path.suffix)
        try:
            is_there = kind is not None and path.is_file()
        except OSError:  # what the file system does not take for a name names nothing
            is_there = False
        if kind is None or not is_there:
            raise web.HTTPNotFound
        # Revalidated each time by its ETag: pages and scripts of two versions must not mix.
        headers = {"Content-Type": kind, "Cache-Control": "no-cache"}
        return web.FileResponse(path, headers=headers)
