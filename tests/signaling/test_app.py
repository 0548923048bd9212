"""What is served over HTTP beside the API: pages, headers, cookie, health."""

import asyncio
import io
import logging
import re
import shutil
from contextlib import contextmanager

import pytest
import structlog
from aiohttp import ClientConnectionResetError
from structlog.testing import capture_logs
from yarl import URL

from orchestrator import log
from orchestrator.credentials import STAFF_PREFIX
from signaling.app import AppSettings
from signaling.auth import DEVICE_COOKIE, is_secret_shaped
from signaling.files import PAGES, TYPES
from signaling.shelf import TELEPHONE, takes_gzip
from tests.signaling.node import PATIENCE_S, running_node


@contextmanager
def kept_log():
    """Whatever is configured inside, the log is as before afterwards."""
    root = logging.getLogger()
    before = root.handlers[:], root.level, logging.raiseExceptions
    try:
        yield
    finally:
        root.handlers[:], _, logging.raiseExceptions = before
        root.setLevel(before[1])
        structlog.reset_defaults()


@pytest.fixture
def pages(tmp_path):
    """Small pages, so that the tests speak of serving and not of the pages."""
    assets = tmp_path / "assets" / "js"
    assets.mkdir(parents=True)
    for name in ("index", "room", "board", "desk"):
        (tmp_path / f"{name}.html").write_text(f"<!doctype html><title>{name}</title>")
    (assets / "room.js").write_text("export {};\n")
    (assets / ".secret.js").write_text("no")
    (assets / "notes.md").write_text("no")
    (tmp_path / "secret.html").write_text("no")
    shutil.copy(PAGES / "not_found.html", tmp_path)
    (assets / "site.js").write_text("")
    return tmp_path


@pytest.fixture
async def site(pages):
    """A node that serves them."""
    async with running_node(pages=pages) as node:
        yield node


@pytest.mark.parametrize(
    ("path", "name"), [("/", "index"), ("/room", "room"), ("/board", "board"), ("/desk", "desk")]
)
async def test_a_page_is_served_with_strict_headers(site, path, name):
    answer = await site.http.get(site.url(path))
    assert answer.status == 200
    assert f"<title>{name}</title>" in await answer.text()
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    host = site.base_url.removeprefix("http://")
    policy = answer.headers["Content-Security-Policy"]
    assert f"connect-src 'self' ws://{host} wss://{host};" in policy
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert answer.headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize(
    "path", ["/health/live", "/api/v1/sessions", "/nowhere", "/assets/nowhere.js", "/ws"]
)
async def test_every_answer_has_the_headers(site, path):
    answer = await site.http.get(site.url(path))
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_an_asset_has_the_headers_that_hold_for_it_and_no_others(site):
    answer = await site.http.get(site.url("/assets/js/room.js"))
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; script-src 'self'"
    assert sum(len(f"{name}: {value}\r\n") for name, value in answer.headers.items()) < 480


async def test_an_asset_is_served_with_its_type_and_revalidated(site):
    first = await site.http.get(site.url("/assets/js/room.js"))
    assert first.headers["Content-Type"] == "text/javascript; charset=utf-8"
    again = await site.http.get(
        site.url("/assets/js/room.js"), headers={"If-None-Match": first.headers["ETag"]}
    )
    assert again.status == 304


LONG = "export const words = [" + ", ".join(['"a word that comes again"'] * 40) + "];\n"


@pytest.mark.parametrize("path", ["/assets/js/long.js", "/room"])
async def test_what_is_long_is_sent_compressed_to_who_takes_that_and_has_a_tag_of_its_own(
    site, pages, path
):
    (pages / "assets" / "js" / "long.js").write_text(LONG)
    (pages / "room.html").write_text(f"<!doctype html><pre>{LONG}</pre>")
    plain = await site.http.get(site.url(path), headers={"Accept-Encoding": "identity"})
    small = await site.http.get(site.url(path), headers={"Accept-Encoding": "br, gzip;q=0.5"})
    assert "Content-Encoding" not in plain.headers
    assert small.headers["Content-Encoding"] == "gzip"
    assert int(small.headers["Content-Length"]) < int(plain.headers["Content-Length"]) / 3
    assert await small.text() == await plain.text()
    assert plain.headers["Vary"] == small.headers["Vary"] == "Accept-Encoding"
    assert plain.headers["ETag"] != small.headers["ETag"]
    for kept, encoding in ((plain, "identity"), (small, "gzip")):
        headers = {"If-None-Match": f"W/{kept.headers['ETag']}", "Accept-Encoding": encoding}
        again = await site.http.get(site.url(path), headers=headers)
        assert again.status == 304
        assert (again.headers["ETag"], again.headers["Vary"]) == (
            kept.headers["ETag"],
            "Accept-Encoding",
        )
        assert "Content-Encoding" not in again.headers


@pytest.mark.parametrize(
    ("accepts", "takes"),
    [
        *(("gzip", True), ("br, GZIP ;q=0.1", True), ("*", True), ("gzip;q=0", False)),
        *(("", False), ("br", False), ("*, gzip;q=0.0", False), ("identity", False)),
    ],
)
def test_gzip_is_taken_only_where_it_is_named_with_a_weight(accepts, takes):
    assert takes_gzip(accepts) is takes


async def test_a_page_names_its_assets_by_their_version_and_only_that_one_is_kept_for_good(
    site, pages
):
    script = pages / "assets" / "js" / "room.js"
    (pages / "room.html").write_text('<!doctype html><script src="/assets/js/room.js"></script>')

    async def named():
        text = await (await site.http.get(site.url("/room"))).text()
        return re.search(r'"(/assets/.*?)"', text)[1]

    old = await named()
    assert re.fullmatch(r"/assets/v\.[0-9a-f]{12}/js/room\.js", old)
    first = await site.http.get(site.url(old))
    assert "immutable" in first.headers["Cache-Control"]
    script.write_text("export const more = 1;\n")
    changed = await site.http.get(site.url(old))
    assert await changed.text() == script.read_text()
    assert changed.headers["Cache-Control"] == "no-cache", "under its old name nobody may keep it"
    new = await named()
    assert new != old
    for name, keeping in (
        (new, "immutable"),
        (old, "no-cache"),
        ("/assets/js/room.js", "no-cache"),
    ):
        answer = await site.http.get(site.url(name))
        assert keeping in answer.headers["Cache-Control"]
        assert await answer.text() == script.read_text()


async def test_a_pages_script_comes_with_its_modules_as_one_and_alone_where_that_cannot_be(
    site, pages
):
    scripts = pages / "assets" / "js"
    (scripts / "room.js").write_text('import { a } from "./a.js";\nconsole.log(a);\n')
    (scripts / "a.js").write_text("export const a = 1;\n")
    (pages / "room.html").write_text('<script type="module" src="/assets/js/room.js"></script>')

    async def script():
        text = await (await site.http.get(site.url("/room"))).text()
        name = re.search(r'src="(/assets/v\.[0-9a-f]{12}/js/.*?)"', text)[1]
        return name, await site.http.get(site.url(name))

    name, whole = await script()
    assert name.endswith("/js/room.whole.js")
    assert "immutable" in whole.headers["Cache-Control"]
    assert whole.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert "const a = 1;" in await whole.text()
    (scripts / "a.js").write_text("export const a = 2;\n")
    changed = await site.http.get(site.url(name))
    assert "const a = 2;" in await changed.text()
    assert changed.headers["Cache-Control"] == "no-cache"
    assert (await script())[0] != name

    (scripts / "a.js").write_text("export let a = 1;\n")
    alone, apart = await script()
    assert alone.endswith("/js/room.js")
    assert await apart.text() == (scripts / "room.js").read_text()
    gone = await site.http.get(site.url("/assets/js/room.whole.js"))
    assert gone.status == 404


@pytest.mark.parametrize("path", ["/", "/room", "/nowhere"])
async def test_a_page_says_whom_to_call_where_the_office_has_given_a_number(path):
    asks = {"Accept": "text/html"}
    async with running_node(telephone="048-000-0000") as node:
        told = await (await node.http.get(node.url(path), headers=asks)).text()
    link = '<a class="num tel" href="tel:0480000000">048-000-0000</a>'
    assert told.count(link) == 2, "once in each language"
    async with running_node() as node:
        untold = await (await node.http.get(node.url(path), headers=asks)).text()
    assert "tel:" not in untold
    assert "<!--" not in untold


async def test_a_page_that_is_not_there_stays_404_whatever_a_browser_holds(site):
    headers = {"Accept": "text/html", "If-None-Match": "*"}
    answer = await site.http.get(site.url("/nowhere"), headers=headers)
    assert answer.status == 404
    assert "見つかりません" in await answer.text()


@pytest.mark.parametrize(
    "path",
    [
        "/assets/js/none.js",
        "/assets/js/none.whole.js",
        "/assets/js/.secret.whole.js",
        "/assets/v.0123456789ab/js/none.js",
        "/assets/v.0123456789ab/../secret.html",
        "/assets/js/.secret.js",
        "/assets/js/notes.md",
        "/assets/../secret.html",
        "/assets/%2e%2e/secret.html",
        "/assets/..%2fsecret.html",
        "/assets/js/..%5c..%5csecret.html",
        "/assets//etc/passwd",
        "/assets/js",
        "/assets/js/room.js%00",
        "/secret.html",
    ],
)
async def test_nothing_else_can_be_had(site, path):
    answer = await site.http.get(URL(site.url("") + path, encoded=True))
    assert answer.status == 404
    assert await answer.text() != "no"


async def test_the_device_cookie_is_made_once_and_kept(site):
    first = await site.http.get(site.url("/room"))
    cookie = first.cookies[DEVICE_COOKIE]
    assert is_secret_shaped(cookie.value)
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert cookie["max-age"] == "5184000"
    assert not cookie["secure"]
    again = await site.http.get(
        site.url("/room"), headers={"Cookie": f"{DEVICE_COOKIE}={cookie.value}"}
    )
    assert again.cookies[DEVICE_COOKIE].value == cookie.value


async def test_a_cookie_that_is_not_ours_is_replaced(site):
    answer = await site.http.get(site.url("/room"), headers={"Cookie": f"{DEVICE_COOKIE}=short"})
    assert is_secret_shaped(answer.cookies[DEVICE_COOKIE].value)


async def test_only_the_room_makes_a_cookie(site):
    for path in ("/", "/board", "/assets/js/room.js"):
        assert not (await site.http.get(site.url(path))).cookies


async def test_behind_https_the_cookie_is_secure_and_its_origin_is_ours():
    async with running_node(public_url="https://room.example.org") as node:
        answer = await node.http.get(node.url("/room"))
        assert answer.cookies[DEVICE_COOKIE]["secure"]
        plain = {"Origin": "http://room.example.org"}
        answer = await node.http.get(node.url("/ws"), headers=plain)
        assert (await answer.json())["error"]["code"] == "origin_refused"
        meeting = await node.meet()
        origin = {"Origin": "https://room.example.org"}
        page = await node.socket("s", headers=origin)
        await page.send(type="hello", version=1, link=meeting.secrets["seeker"])
        assert await page.receive("welcome")


async def test_live_is_said_at_once_and_ready_when_it_is_true(site):
    assert (await site.http.get(site.url("/health/live"))).status == 200
    ready = await site.http.get(site.url("/health/ready"))
    assert (ready.status, await ready.json()) == (200, {"status": "ready"})


@pytest.mark.parametrize("problem", ["media", "store", "draining"])
async def test_what_is_not_ready_is_named(problem):
    async with running_node(has_media=lambda: problem != "media") as node:
        if problem == "draining":
            node.audience.drain()
        if problem == "store":
            await node.lose_store()
        answer = await node.http.get(node.url("/health/ready"))
        assert answer.status == 503
        assert (await answer.json())["problems"] == [problem]


async def test_a_beacon_from_elsewhere_is_refused(site):
    answer = await site.http.post(
        site.url("/beacon"), data="x", headers={"Origin": "https://evil.example"}
    )
    assert answer.status == 403
    assert (await answer.json())["error"]["code"] == "origin_refused"


def test_every_file_of_the_pages_can_be_served():
    files = [path for path in (PAGES / "assets").rglob("*") if path.is_file()]
    assert files, "the pages have assets"
    for path in files:
        assert path.suffix in TYPES, path
        assert re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", path.name), path


def test_the_settings_stand_by_themselves():
    settings = AppSettings()
    assert settings.public_url is None
    assert settings.has_media()


@pytest.mark.parametrize("name", ["a" * 300, "a/" * 3_000 + "a"])
async def test_a_name_that_no_file_can_have_is_not_found(site, name):
    answer = await site.http.get(site.url(f"/assets/{name}.js"))
    assert answer.status == 404


async def test_a_browser_that_has_gone_before_its_answer_is_no_error(site, monkeypatch):
    async def gone(_):
        raise ClientConnectionResetError("Cannot write to closing transport")

    monkeypatch.setattr(site.store, "staff_by_token", gone)
    token = {"Authorization": f"Bearer {STAFF_PREFIX}{'a' * 22}"}
    with capture_logs() as lines:
        answer = await site.http.get(site.url("/api/v1/sessions"), headers=token)
    assert answer.status == 400
    assert [line for line in lines if line["log_level"] == "error"] == []


async def test_a_long_path_does_not_fill_the_log(site, monkeypatch):
    async def broken(_):
        raise RuntimeError("a bug")

    monkeypatch.setattr(site.store, "staff_by_token", broken)
    token = {"Authorization": f"Bearer {STAFF_PREFIX}{'a' * 22}"}
    with capture_logs() as lines:
        path = f"/api/v1/sessions/{'a' * 3_000}"
        answer = await site.http.get(site.url(path), headers=token)
    assert answer.status == 500
    (line,) = [line for line in lines if line["event"] == "request.failed"]
    assert line["path"].startswith("/api/v1/sessions/aaa")
    assert len(line["path"]) <= 200


@pytest.mark.parametrize(
    ("data", "kind"), [(b"\xff\xfe", "text/plain"), (b"x", "text/plain; charset=nope")]
)
async def test_a_beacon_that_is_no_text_is_taken_and_means_nothing(site, data, kind):
    answer = await site.http.post(site.url("/beacon"), data=data, headers={"Content-Type": kind})
    assert answer.status == 204


@pytest.mark.parametrize("path", ["/beacon", "/api/v1/sessions"])
async def test_a_body_that_cannot_be_unpacked_is_the_senders_mistake(site, path):
    headers = {
        "Content-Encoding": "gzip",
        "Authorization": f"Bearer {await site.staff()}",
    }
    answer = await site.http.post(site.url(path), data=b"no gzip", headers=headers)
    assert answer.status == 400


@pytest.mark.parametrize("origin", ["http://[::1", "http://[nope]", "null", ""])
async def test_an_origin_that_is_none_is_refused(site, origin):
    answer = await site.http.get(site.url("/ws"), headers={"Origin": origin})
    assert answer.status == 403
    assert (await answer.json())["error"]["code"] == "origin_refused"


@pytest.mark.parametrize("path", ["/", "/room", "/nowhere", "/health/live"])
@pytest.mark.parametrize("host", ["[::1", "a b", "x:y:z", "x" * 1_000])
async def test_a_host_that_is_none_breaks_nothing(site, path, host):
    answer = await site.http.get(site.url(path), headers={"Host": host})
    assert answer.status < 500


@pytest.mark.parametrize(
    "said",
    [
        b"GET /" + b"a" * 10_000 + b" HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(200)),
        b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\n\r\nGET nonsense\r\n\r\n",
    ],
    ids=["long", "tls", "length", "second"],
)
async def test_what_is_no_http_is_answered_400_and_leaves_no_trace_in_the_log(site, said):
    stream = io.StringIO()
    with kept_log():
        log.configure("json", "info", stream=stream)
        host, port = site.base_url.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(said)
        async with asyncio.timeout(PATIENCE_S):
            heard = await reader.read()
        writer.close()
    assert b"HTTP/1.0 400" in heard or b"HTTP/1.1 400" in heard
    assert stream.getvalue() == ""


BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.mark.parametrize("path", ["/nowhere", "/rooms", "/assets/none.js", "/%ff"])
async def test_a_browser_is_told_in_both_languages_that_a_page_is_not_there(site, path):
    url = URL(site.url(path), encoded=True)
    answer = await site.http.get(url, headers={"Accept": BROWSER})
    assert answer.status == 404
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    text = re.sub(r"/v\.[0-9a-f]{12}/", "/", await answer.text()).replace(".whole.js", ".js")
    assert text == (PAGES / "not_found.html").read_text("utf-8").replace(TELEPHONE, "")
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert not answer.cookies


@pytest.mark.parametrize("path", ["/api/v1/nowhere", "/nowhere"])
async def test_a_program_is_told_without_a_page(site, path):
    answer = await site.http.get(site.url(path), headers={"Accept": "application/json"})
    assert answer.status == 404
    assert "<" not in await answer.text()


async def test_the_api_has_no_pages_even_for_a_browser(site):
    answer = await site.http.get(site.url("/api/v1/nowhere"), headers={"Accept": BROWSER})
    assert (answer.status, (await answer.json())["error"]["code"]) == (404, "not_found")
