"""The pages and their assets, as they lie in `signaling/pages`. No build step; compressed at their first use."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web

from orchestrator.credentials import new_secret
from signaling.auth import DEVICE_COOKIE, is_secret_shaped
from signaling.shelf import VERSIONED, WHOLE, Held, Shelf, takes_gzip
from signaling.whole import Unjoinable

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

COMPRESSIBLE = ("text/", "application/json", "application/manifest", "image/svg", "image/x-icon")
"""Kinds that become smaller by it; pictures, sounds and fonts are compressed in themselves."""

FOR_GOOD = "public, max-age=31536000, immutable"
"""What lies under the version of now never changes there."""

REVALIDATED = "no-cache"
"""Asked for each time by its ETag: pages and scripts of two versions must not mix."""

LONGEST_NAME = 200
"""Of an asset with its folders; ours are below 40, and file systems end at 255 a part."""

_ASSET = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)*")


@dataclass(frozen=True, slots=True)
class Files:
    """Serves the pages.

    Attributes:
        root: the folder of the pages.
        is_secure: whether a request came over HTTPS, perhaps through a proxy; then the cookie stays there.
        telephone: of the office, for pages that know no programme; None: it has given none.
    """

    root: Path
    is_secure: Callable[[web.Request], bool]
    telephone: str | None = None
    shelf: Shelf = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "shelf", Shelf(self.root, self.telephone))

    def routes(self) -> list[web.RouteDef]:
        """What to serve."""
        return [
            web.get("/", self.index),
            web.get("/room", self.room),
            web.get("/board", self.board),
            web.get("/desk", self.desk),
            web.get("/assets/{path:.+}", self.asset),
        ]

    async def index(self, request: web.Request) -> web.StreamResponse:
        """What this server is."""
        return self._page(request, "index")

    async def board(self, request: web.Request) -> web.StreamResponse:
        """The schedulers' board; the token is in the fragment and never comes here."""
        return self._page(request, "board")

    async def desk(self, request: web.Request) -> web.StreamResponse:
        """A supporter's desk; the token is in the fragment and never comes here."""
        return self._page(request, "desk")

    async def room(self, request: web.Request) -> web.StreamResponse:
        """The page of an invitation link; the secret is in the fragment and never comes here."""
        answer = self._page(request, "room")
        known = request.cookies.get(DEVICE_COOKIE, "")
        device = known if is_secret_shaped(known) else new_secret()
        answer.set_cookie(
            DEVICE_COOKIE,
            device,
            max_age=DEVICE_AGE_S,
            path="/",
            httponly=True,
            samesite="Lax",  # Strict stays at home when a link is clicked in somebody's web mail
            secure=self.is_secure(request),
        )
        return answer

    def not_found(self, request: web.Request) -> web.Response:
        """What a browser shows of a page that is not there; for people, who may have cut a link short."""
        return self._page(request, "not_found", status=404)

    async def asset(self, request: web.Request) -> web.StreamResponse:
        """A script, a stylesheet, an icon: for good under the version of now, else revalidated each time."""
        path = request.match_info["path"]
        if len(path) > LONGEST_NAME or not _ASSET.fullmatch(path):
            raise web.HTTPNotFound
        versioned = VERSIONED.fullmatch(path)
        file = self.root / "assets" / (versioned["path"] if versioned else path)
        kind = TYPES.get(file.suffix)
        held = self._held(file) if kind is not None else None
        if kind is None or held is None:
            raise web.HTTPNotFound
        # A page of another version, while nodes are upgraded, gets what is here, and must not keep it.
        is_now = versioned and self.shelf.is_of(versioned["version"], file, held)
        return _answer(request, held, kind, FOR_GOOD if is_now else REVALIDATED)

    def _held(self, file: Path) -> Held | None:
        try:
            if file.name.endswith(WHOLE):
                return self.shelf.whole(file.with_name(file.name.removesuffix(WHOLE) + ".js"))
            return self.shelf.asset(file) if file.is_file() else None
        except (OSError, Unjoinable):  # what the file system does not take for a name names nothing
            return None

    def _page(self, request: web.Request, name: str, *, status: int = 200) -> web.Response:
        held = self.shelf.page(self.root / f"{name}.html")
        return _answer(request, held, TYPES[".html"], REVALIDATED, status)


def _answer(
    request: web.Request, held: Held, kind: str, keeping: str, status: int = 200
) -> web.Response:
    """The file in the encoding that the browser takes, or word that it has it already."""
    is_text = kind.startswith(COMPRESSIBLE)
    takes = is_text and takes_gzip(request.headers.get("Accept-Encoding", ""))
    copy = held.gzipped if takes else held.plain
    headers = {"Cache-Control": keeping, "ETag": f'"{copy.etag}"'}
    if is_text:
        headers["Vary"] = "Accept-Encoding"
    known = [each.value for each in request.if_none_match or ()]
    if status == 200 and (copy.etag in known or "*" in known):
        return web.Response(status=304, headers=headers)
    headers["Content-Type"] = kind
    if copy.encoding is not None:
        headers["Content-Encoding"] = copy.encoding
    return web.Response(status=status, body=copy.body, headers=headers)
