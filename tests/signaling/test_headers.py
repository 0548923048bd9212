import pytest

from signaling.headers import content_security_policy, permissions_policy
from tests.signaling.node import PROGRAMMES, running_node


@pytest.mark.parametrize(
    "host", ["room.example.org", "127.0.0.1:8080", "[::1]:8080", "localhost", "[fe80::1]"]
)
def test_the_socket_of_the_same_host_is_named(host):
    assert f"connect-src 'self' ws://{host} wss://{host};" in content_security_policy(host)


@pytest.mark.parametrize(
    "host", [None, "", "a b", "x; script-src *", "x\r\nSet-Cookie: a", "x,y", "*", "'self'", "x:y"]
)
def test_a_host_that_is_none_adds_nothing(host):
    assert "connect-src 'self';" in content_security_policy(host)


def test_nothing_inline_and_nothing_from_elsewhere_runs():
    policy = content_security_policy("x")
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    assert "unsafe" not in policy
    assert "*" not in policy


def test_the_screen_cannot_be_captured_from_our_pages():
    policy = permissions_policy(may_share_screen=False)
    assert "display-capture=()" in policy
    assert "camera=(self)" in policy


def test_a_screen_may_be_shared_where_a_programme_lists_it():
    policy = permissions_policy(may_share_screen=True).split(", ")
    assert [each for each in policy if each.startswith("display-capture")] == [
        "display-capture=(self)"
    ]
    assert "geolocation=()" in policy


async def test_only_the_room_may_share_and_only_where_a_programme_says_so(monkeypatch):
    shipped = [each for each in PROGRAMMES.values() if "screen" in each.functions]
    assert shipped == []
    for functions, found in ((("audio", "video"), "()"), (("audio", "screen"), "(self)")):
        programme = PROGRAMMES["demo"].model_copy(update={"functions": functions})
        monkeypatch.setitem(PROGRAMMES, "demo", programme)
        async with running_node() as node:
            for path, where in (("/room", found), ("/board", "()")):
                async with node.http.get(node.url(path)) as answer:
                    policy = answer.headers["Permissions-Policy"].split(", ")
                assert f"display-capture={where}" in policy, path


async def test_the_answer_to_a_socket_has_no_headers_of_a_page():
    async with running_node() as node, node.http.ws_connect(node.url("/ws")) as socket:
        assert socket._response.status == 101
        assert "Content-Security-Policy" not in socket._response.headers
