import pytest

from signaling.headers import FIXED, content_security_policy


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
    assert "display-capture=()" in FIXED["Permissions-Policy"]
    assert "camera=(self)" in FIXED["Permissions-Policy"]
