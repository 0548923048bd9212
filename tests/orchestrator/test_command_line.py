"""The program as an operator meets it: a process, its output, its exit status, its sentences."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import pytest

from orchestrator.commands.certificate import ensure_certificate
from orchestrator.errors import Misconfigured
from orchestrator.policy import slots
from orchestrator.programmes import load_all

HALF_AN_HOUR = timedelta(minutes=30)
PROGRAM = [sys.executable, "-m", "orchestrator"]

CREATE = [
    "session", "create", "--programme", "kumagaya", "--starts", "2036-12-01T10:00+09:00", "--seeker-name", "a",
    "--supporter", "b",
]  # fmt: skip


def run(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run the program to its end."""
    return subprocess.run(
        [*PROGRAM, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, **environ},
    )


def free_port() -> int:
    """A TCP port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def demo(data: Path, *arguments: str) -> Iterator[dict[str, str]]:
    """A running demo, as its first line describes it."""
    process = subprocess.Popen(
        [*PROGRAM, "demo", "--json", "--data", str(data), "--port", str(free_port()), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
    assert process.returncode == 0


def asks(info: dict[str, str], path: str | None = None) -> dict[str, object]:
    """What the API answers to the demo's scheduler, of the demo's session where nothing else is asked for."""
    path = path or f"/api/v1/sessions/{info['session_id']}"
    request = Request(
        info["base_url"] + path, headers={"Authorization": f"Bearer {info['staff_token']}"}
    )
    with urlopen(request, timeout=10) as answer:
        return json.load(answer)


def test_the_demo_says_everything_in_its_first_line_and_ends_by_sigterm(tmp_path: Path) -> None:
    with demo(tmp_path, "--starts-in", "20s", "--slot", "3m") as info:
        assert set(info) == {
            "base_url", "session_id", "starts_at", "ends_at", "seeker_url", "supporter_url", "desk_url",
            "board_url", "staff_token",
        }  # fmt: skip
        starts_at = datetime.fromisoformat(info["starts_at"])
        ends_at = datetime.fromisoformat(info["ends_at"])
        assert ends_at - starts_at == timedelta(minutes=3)
        session = asks(info)
        assert session["phase"] in {"scheduled", "open"}
        assert session["outcome"] is None
        assert len(urlsplit(info["seeker_url"]).fragment) >= 22


def test_what_was_there_is_still_there_after_a_second_start(tmp_path: Path) -> None:
    with demo(tmp_path, "--starts-in", "20m") as first:
        pass
    with demo(tmp_path, "--starts-in", "20m") as second:
        assert second["session_id"] != first["session_id"]
        assert second["staff_token"] == first["staff_token"]
        session = asks(second, f"/api/v1/sessions/{first['session_id']}")
        assert session["starts_at"][:19] == first["starts_at"][:19]  # type: ignore[index]


def books(data: Path, *arguments: str, hour: int = 10, **environ: str) -> dict[str, Any]:
    """What `session create` prints of a session in a week, on the first day on which the office is open."""
    programme = load_all()["kumagaya"]
    now = datetime.now(programme.zone)
    day = now + timedelta(days=8)
    while slots.check(
        programme, day.replace(hour=hour, minute=0, second=0, microsecond=0), HALF_AN_HOUR, now
    ):
        day += timedelta(days=1)
    booked = run(
        "session", "create", "--programme", "kumagaya", "--starts", f"{day:%Y-%m-%d}T{hour}:00+09:00",
        "--seeker-name", "さくら14", "--supporter", "tanaka", "--data", str(data), "--json",
        "--exception", "試験のため", *arguments, **environ,
    )  # fmt: skip
    assert booked.returncode == 0, booked.stderr
    return json.loads(booked.stdout)


def test_a_session_is_booked_beside_the_running_server(tmp_path: Path) -> None:
    with demo(tmp_path, "--starts-in", "20m") as info:
        found = books(tmp_path)
        assert set(found["links"]) == {"seeker", "supporter"}
        session = asks(info, f"/api/v1/sessions/{found['session_id']}")
        assert [seat["display_name"] for seat in session["participants"]] == ["さくら14", "tanaka"]  # type: ignore[attr-defined]


def test_what_nobody_sees_does_not_come_in_at_the_shell(tmp_path: Path) -> None:
    with demo(tmp_path, "--starts-in", "20m") as info:
        hidden = ("--seeker-name", "さ\u200bくら\u202e14", "--supporter", "\ufefftanaka")
        found = books(tmp_path, *hidden, "--exception", "急\u200bぎ")
        session = asks(info, f"/api/v1/sessions/{found['session_id']}")
        assert [seat["display_name"] for seat in session["participants"]] == ["さくら14", "tanaka"]  # type: ignore[attr-defined]


def test_links_lead_to_the_node_that_runs_on_the_data_folder(tmp_path: Path) -> None:
    elsewhere = "https://room.example.org"
    with demo(tmp_path, "--starts-in", "20m") as info:
        links = books(tmp_path)["links"]
        assert all(link.startswith(f"{info['base_url']}/room#") for link in links.values())
        with urlopen(links["seeker"], timeout=10) as answer:
            assert answer.status == 200
        told = books(tmp_path, hour=11, MADOGUCHI_PUBLIC_URL=elsewhere)["links"]
        assert told["seeker"].startswith(f"{elsewhere}/room#")
        wins = books(
            tmp_path, "--public-url", elsewhere, hour=13, MADOGUCHI_PUBLIC_URL="https://a.example"
        )["links"]
        assert wins["seeker"].startswith(f"{elsewhere}/room#")
    assert not (tmp_path / "node.url").exists()


def test_what_a_killed_node_left_misleads_no_link(tmp_path: Path) -> None:
    (tmp_path / "node.url").write_text("http://127.0.0.1:1")
    links = books(tmp_path, MADOGUCHI_HOST="::1", MADOGUCHI_PORT="8444")["links"]
    assert links["seeker"].startswith("http://[::1]:8444/room#")


def test_a_staff_token_opens_the_api_at_once(tmp_path: Path) -> None:
    with demo(tmp_path, "--starts-in", "20m") as info:
        added = run("staff", "add", "yamada", "--role", "scheduler", "--data", str(tmp_path))
        assert added.returncode == 0, added.stderr
        token = added.stdout.strip()
        assert f"madoguchi: it opens {info['base_url']}/board#{token}" in added.stderr
        assert asks({**info, "staff_token": token})["id"] == info["session_id"]


def test_a_taken_port_is_one_sentence(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        failed = run("demo", "--data", str(tmp_path), "--port", str(port))
    assert failed.returncode == 2
    ours = [line for line in failed.stderr.splitlines() if line.startswith("madoguchi:")]
    assert ours == [
        f"madoguchi: port {port} is taken by another program; stop it or use another --port"
    ]
    assert "Traceback" not in failed.stderr


def test_a_second_server_on_one_data_folder_is_one_sentence(tmp_path: Path) -> None:
    with demo(tmp_path, "--starts-in", "20m"):
        failed = run("serve", "--data", str(tmp_path), "--port", str(free_port()))
    assert failed.returncode == 2
    assert "another server runs on the data folder" in failed.stderr
    assert "Traceback" not in failed.stderr


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["demo", "--slot", "3"], "--slot: A span is written like"),
        (["demo", "--slot", "3m", "--cutoff", "9m"], "cutoff"),
        (["session", "create", "--programme", "kumagaya", "--starts", "2026-12-01T10:00", "--seeker-name", "a",
          "--supporter", "b"], "--starts: the offset is missing"),
        (["session", "create", "--programme", "kumagaya", "--starts", "tomorrow", "--seeker-name", "a",
          "--supporter", "b"], "--starts: write it like"),
        (["session", "create", "--programme", "nope", "--starts", "2036-12-01T10:00+09:00", "--seeker-name", "a",
          "--supporter", "b"], "there is no programme 'nope'"),
        ([*CREATE, "--minutes", "0"], "--minutes: a whole number from 1 to 1440, not 0"),
        ([*CREATE, "--minutes", "-30"], "--minutes: a whole number from 1 to 1440, not -30"),
        ([*CREATE, "--minutes", "99999999999999"], "--minutes: a whole number from 1 to 1440"),
        ([*CREATE, "--supporter", os.fsdecode(b"\xff")], "--supporter: the text is not"),
        ([*CREATE, "--starts", "0001-01-01T00:00+14:00"], "--starts: "),
        ([*CREATE, "--starts", "9999-12-31T23:59-12:00"], "--starts: "),
        ([*CREATE, "--public-url", "example.org"], "PUBLIC_URL must look like"),
        (["staff", "add", os.fsdecode(b"\xff"), "--role", "scheduler"], "name: the text is not"),
        (["serve", "--host", "a..b"], "cannot listen on a..b"),
        ([*CREATE, "--seeker-mail", "sakura"], "--seeker-mail must be an e-mail address"),
        ([*CREATE, "--seeker-telephone", "0"], "--seeker-telephone must be a telephone number"),
        ([*CREATE, "--seeker-reference", "1\n2"], "--seeker-reference must be one line"),
        ([*CREATE, "--seeker-note", "x" * 501], "--seeker-note must have 1 to 500"),
        (["staff", "add", "a", "--role", "supporter", "--mail", "a@b"], "--mail must be an e-mail"),
    ],
)  # fmt: skip
def test_a_mistake_on_the_command_line_is_a_sentence(
    tmp_path: Path, arguments: list[str], sentence: str
) -> None:
    failed = run(*arguments, "--data", str(tmp_path))
    assert failed.returncode in {1, 2}
    assert sentence in failed.stderr
    assert "Traceback" not in failed.stderr


@pytest.mark.parametrize("folder", ["/proc/nope", "/" + "a" * 300, "~nobody-of-that-name/x"])
@pytest.mark.parametrize("command", [["serve", "--port", "0"], CREATE], ids=["serve", "create"])
def test_a_data_folder_that_cannot_be_is_a_sentence(command: list[str], folder: str) -> None:
    failed = run(*command, "--data", folder)
    assert failed.returncode == 2
    ours = [line for line in failed.stderr.splitlines() if line.startswith("madoguchi: ")]
    assert len(ours) == 1
    assert "folder" in ours[0]
    assert "Traceback" not in failed.stderr


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    failed = run("serve", "--data", str(file / "below"), "--port", str(free_port()))
    assert failed.returncode == 2
    assert "madoguchi: " in failed.stderr
    assert "Traceback" not in failed.stderr


def test_a_certificate_that_cannot_be_kept_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Misconfigured, match=r"the data folder .* cannot be used"):
        ensure_certificate(tmp_path / "file" / "below", "192.0.2.7", datetime.now().astimezone())


def test_a_certificate_is_made_once_for_an_address_and_kept_private(tmp_path: Path) -> None:
    now = datetime.now().astimezone()
    certificate, key = ensure_certificate(tmp_path, "192.0.2.7", now)
    before = certificate.read_bytes()
    assert key.stat().st_mode & 0o077 == 0
    assert ensure_certificate(tmp_path, "192.0.2.7", now)[0].read_bytes() == before
    assert ensure_certificate(tmp_path, "192.0.2.8", now)[0].read_bytes() != before
    later = now + timedelta(days=100)
    renewed = ensure_certificate(tmp_path, "192.0.2.8", later)[0].read_bytes()
    assert ensure_certificate(tmp_path, "192.0.2.8", later)[0].read_bytes() == renewed


def adds(data: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """What `staff add` does."""
    return run("staff", "add", *arguments, "--data", str(data))


def test_a_new_token_voids_the_old_one_aloud_and_a_role_is_not_changed(tmp_path: Path) -> None:
    with demo(tmp_path, "--starts-in", "20m") as info:
        first = adds(tmp_path, "yamada", "--role", "scheduler")
        assert "void" not in first.stderr
        refused = adds(tmp_path, "yamada", "--role", "supporter")
        assert (refused.returncode, refused.stdout) == (1, "")
        assert "madoguchi: 'yamada' is a scheduler" in refused.stderr
        # The refusal has changed nothing.
        assert asks({**info, "staff_token": first.stdout.strip()})["id"] == info["session_id"]
        second = adds(tmp_path, "yamada", "--role", "scheduler")
        assert second.returncode == 0
        assert "madoguchi: 'yamada' was known; an earlier token is void now" in second.stderr
        assert asks({**info, "staff_token": second.stdout.strip()})["id"] == info["session_id"]
        with pytest.raises(HTTPError, match="401"):
            asks({**info, "staff_token": first.stdout.strip()})
