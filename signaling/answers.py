"""What every HTTP answer has in common: its headers, and how an error becomes one.

The middleware is the one place where an error of ours becomes an HTTP answer; the table is in `signaling.ends`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from http import HTTPStatus

import structlog
from aiohttp import ClientConnectionResetError, web
from aiohttp.typedefs import Middleware

from orchestrator.errors import MadoguchiError, Malformed, Refused, Unavailable
from orchestrator.refusals import for_programs
from signaling.ends import http_status
from signaling.files import Files
from signaling.headers import ASSET, FIXED, content_security_policy, permissions_policy
from signaling.limits import Limits

_log = structlog.get_logger(__name__)

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_NO_SCREEN = permissions_policy(may_share_screen=False)

RETRY_AFTER_S = "2"
"""What a 503 asks for: a store that restarts takes about a second."""

LOGGED_PATH = 200
"""Characters of a path that a log line has: the rest is a stranger's to choose."""


def adding_headers(
    permissions: str,
) -> Callable[[web.Request, web.StreamResponse], Awaitable[None]]:
    """What gives every answer its headers.

    Args:
        permissions: what the room's page may use; every other page may use less.
    """

    async def add_headers(request: web.Request, answer: web.StreamResponse) -> None:
        if answer.status == HTTPStatus.SWITCHING_PROTOCOLS:
            return  # a socket is no document, and its answer stays in memory for as long as it is open
        if request.path.startswith("/assets/") and answer.status in {200, 304}:
            answer.headers.update(ASSET)
            return
        for name, value in FIXED.items():
            answer.headers.setdefault(name, value)
        policy = content_security_policy(request.headers.get("Host"))
        answer.headers["Content-Security-Policy"] = policy
        # The secret of a link stays in the browser: which session's page it becomes is not known here.
        on_room = request.path == "/room"
        answer.headers["Permissions-Policy"] = permissions if on_room else _NO_SCREEN
        if request.path.startswith(("/api/", "/health/")):
            answer.headers["Cache-Control"] = "no-store"

    return add_headers


def answer_errors(limits: Limits, files: Files) -> Middleware:
    """The middleware in which an error becomes an answer."""

    @web.middleware
    async def answer(request: web.Request, handler: _Handler) -> web.StreamResponse:
        try:
            if not request.path.startswith("/api/"):
                return await handler(request)
            async with asyncio.timeout(limits.request_s):
                return await handler(request)
        except MadoguchiError as error:
            return _answer_to(error)
        except TimeoutError:
            return _error(503, "timeout", "the request took too long", retry=True)
        except web.RequestPayloadError:
            return _error(400, "bad_body", "the body is not encoded as its headers say")
        except web.HTTPException as error:
            return _answer_to_http(request, error, files)
        except ClientConnectionResetError:  # the browser has gone meanwhile: nobody reads this
            return web.Response(status=400)
        except Exception:  # the request's boundary: a bug is ours, and its text is not for the peer
            path = request.path[:LOGGED_PATH]
            _log.exception("request.failed", path=path, method=request.method)
            return _error(500, "internal", "an error of the server")

    return answer


def _answer_to_http(
    request: web.Request, error: web.HTTPException, files: Files
) -> web.StreamResponse:
    """What aiohttp itself refuses: as JSON for the API, as a page for a browser that looks for one."""
    if request.path.startswith("/api/") and error.status >= 400:
        answer = _error(error.status, error.reason.lower().replace(" ", "_"), error.reason)
        if "Allow" in error.headers:
            answer.headers["Allow"] = error.headers["Allow"]
        return answer
    if error.status == 404 and "text/html" in request.headers.get("Accept", ""):
        return files.not_found(request)
    raise error


def _answer_to(error: MadoguchiError) -> web.Response:
    status = http_status(error)
    is_for_peer = isinstance(error, Refused | Malformed | Unavailable)
    detail = str(error) if is_for_peer else "please try again"
    answer = _error(status, error.code, detail, retry=status == 503)
    if status == 401:
        answer.headers["WWW-Authenticate"] = "Bearer"
    return answer


def _error(status: int, code: str, detail: str, *, retry: bool = False) -> web.Response:
    body = {"code": code, "detail": detail, **for_programs(code)}
    answer = web.json_response({"error": body}, status=status)
    if retry:
        answer.headers["Retry-After"] = RETRY_AFTER_S
    return answer
