from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.credentials import new_secret, new_staff_token
from orchestrator.policy.model import SEEKER, SessionId
from orchestrator.ports import Link
from signaling.auth import (
    bearer_token,
    check_ended,
    check_link,
    device_from,
    is_secret_shaped,
    is_token_shaped,
)
from tests.signaling.sessions import a_session, with_seat

NOW = datetime(2026, 12, 1, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
LINK = Link(SessionId("s"), SEEKER, NOW + SECOND)


@pytest.mark.parametrize(
    ("link", "code"),
    [
        (LINK, None),
        (None, "link_unknown"),
        (replace(LINK, expires_at=NOW), "link_expired"),
        (replace(LINK, expires_at=NOW - SECOND), "link_expired"),
        (replace(LINK, revoked_at=NOW), "link_revoked"),
        (replace(LINK, revoked_at=NOW - SECOND), "link_revoked"),
        (replace(LINK, revoked_at=NOW - SECOND, expires_at=NOW), "link_revoked"),
        (replace(LINK, revoked_at=NOW + SECOND), None),
    ],
)
def test_a_link_lets_in_or_says_why_not(link, code):
    assert check_link(link, NOW) == code


@given(st.text())
def test_only_secrets_are_looked_up(text):
    if is_secret_shaped(text):
        assert text.isascii()
        assert 22 <= len(text) <= 200
        assert set(text) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


def test_what_we_draw_has_the_shape():
    assert all(is_secret_shaped(new_secret()) for _ in range(200))
    assert all(is_token_shaped(new_staff_token()) for _ in range(200))
    assert not is_token_shaped(new_secret())


@pytest.mark.parametrize(
    ("header", "token"),
    [
        ("Bearer mdg_" + "x" * 22, "mdg_" + "x" * 22),
        ("bearer  mdg_" + "x" * 22, "mdg_" + "x" * 22),
        ("Basic mdg_" + "x" * 22, None),
        ("mdg_" + "x" * 22, None),
        ("Bearer " + "x" * 26, None),
        ("Bearer mdg_x", None),
        ("Bearer", None),
        ("", None),
        (None, None),
    ],
)
def test_a_bearer_token_is_read(header, token):
    assert bearer_token(header) == token


def test_a_device_is_never_the_cookie_itself():
    assert device_from("x" * 22) == device_from("x" * 22)
    assert device_from("x" * 22) != device_from("y" * 22)
    assert "x" * 22 not in device_from("x" * 22)


@pytest.mark.parametrize(
    ("bound", "code"), [(None, None), ("mine", None), ("another", "session_over")]
)
def test_an_ended_session_is_shown_to_the_device_that_was_there(bound, code):
    session = with_seat(a_session(), SEEKER, device=bound)
    assert check_ended(session, SEEKER, "mine") == code
