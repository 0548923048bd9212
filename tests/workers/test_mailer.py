"""The mailer against a real SMTP server, on real sockets."""

from __future__ import annotations

import asyncio
import re
import traceback
from email.headerregistry import Address
from pathlib import Path

import pytest

from orchestrator.addresses import read_smtp_url
from orchestrator.clock import SystemClock
from orchestrator.errors import Refused, Unavailable
from orchestrator.ports import Language, Message
from tests.mail_server import HOST, MailServer, a_certificate, mail_server
from workers.mailer import Mailer, message_id

SENDER = Address("ハローワーク熊谷", addr_spec="noreply@example.org")
SEEKER = "sakura@example.org"
TEXT = "さくら14 様\n\n下のリンクからお入りください。\nhttps://room.example.org/room#abc_DEF-123\n\n.\n終わり\n"


def a_message(key: str = "s1:7:seeker.rung:seeker:0", **changes) -> Message:
    """A message to the seeker."""
    fields = {
        "to": SEEKER,
        "language": Language.JA,
        "subject": "【ハローワーク熊谷】相談員がお待ちしています（2026年12月8日（火）10:00〜10:30）",
        "text": TEXT,
        "key": key,
    } | changes
    return Message(**fields)


def a_mailer(url: str, timeout_s: float = 10.0) -> Mailer:
    """A mailer for that server."""
    return Mailer(read_smtp_url(url), SENDER, SystemClock(), timeout_s=timeout_s)


@pytest.fixture
async def server():
    async with mail_server() as server:
        yield server


async def failing(
    server: MailServer, url: str | None = None, timeout_s: float = 10.0
) -> Unavailable:
    """What a message that cannot be sent now raises; nothing has arrived."""
    with pytest.raises(Unavailable) as failed:
        await a_mailer(url or server.url, timeout_s).send(a_message())
    assert server.letters == []
    return failed.value


# ---- what arrives ---------------------------------------------------------------------------------------------------


async def test_a_message_arrives_as_it_was_written(server):
    message = a_message()
    await a_mailer(server.url).send(message)

    (letter,) = server.letters
    assert (letter.sender, letter.recipients) == ("noreply@example.org", [SEEKER])
    assert letter.subject == message.subject
    assert letter.text.splitlines() == TEXT.splitlines()
    headers = letter.message
    assert str(headers["From"]) == "ハローワーク熊谷 <noreply@example.org>"
    assert headers["To"] == SEEKER
    assert headers["Content-Language"] == "ja"
    assert headers["Auto-Submitted"] == "auto-generated"
    assert headers["Date"].datetime.tzinfo is not None
    assert headers.get_content_type() == "text/plain"


async def test_an_english_message_arrives_as_well(server):
    await a_mailer(server.url).send(
        a_message(language=Language.EN, subject="Your counsellor is waiting", text="Come in.\n")
    )
    (letter,) = server.letters
    assert (letter.subject, letter.text.split()) == ("Your counsellor is waiting", ["Come", "in."])
    assert letter.message["Content-Language"] == "en"


async def test_a_repetition_has_the_same_message_id_and_another_message_has_not(server):
    mailer = a_mailer(server.url)
    for key in ("s1:7:seeker.rung:seeker:0", "s1:7:seeker.rung:seeker:0", "s1:9:seeker.rung:seeker:0"):  # fmt: skip
        await mailer.send(a_message(key))
    first, again, other = [letter.message["Message-ID"] for letter in server.letters]
    assert first == again == message_id("s1:7:seeker.rung:seeker:0", "example.org")
    assert other != first
    assert re.fullmatch(r"<[0-9a-f]{40}@example\.org>", first)


@pytest.mark.parametrize(
    "changes",
    [
        {"subject": "Hello\r\nBcc: everybody@example.org"},
        {"subject": "Hello\nX-Injected: yes"},
        {"to": "sakura@example.org\r\nBcc: everybody@example.org"},
        {"to": "sakura@example.org>\r\nRCPT TO:<everybody@example.org"},
        {"to": "sakura@example.org, everybody@example.org"},
    ],
)
async def test_no_header_and_no_recipient_can_be_smuggled_in(server, changes):
    with pytest.raises(ValueError, match=r"."):
        await a_mailer(server.url).send(a_message(**changes))
    assert server.letters == []
    assert server.attempts == 0


# ---- encryption and accounts ----------------------------------------------------------------------------------------


async def test_starttls_is_used_when_it_is_offered_whatever_the_certificate(tmp_path):
    async with mail_server(a_certificate(tmp_path)) as server:
        await a_mailer(server.url).send(a_message())
        assert [letter.is_encrypted for letter in server.letters] == [True]


async def test_a_server_without_starttls_is_spoken_to_all_the_same(server):
    await a_mailer(server.url).send(a_message())
    assert [letter.is_encrypted for letter in server.letters] == [False]


async def test_required_starttls_wants_a_certificate_that_is_trusted(tmp_path, monkeypatch):
    certificate = a_certificate(tmp_path)
    async with mail_server(certificate) as server:
        await failing(server, f"{server.url}?starttls=required")
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate.file))
        await a_mailer(f"{server.url}?starttls=required").send(a_message())
        assert [letter.is_encrypted for letter in server.letters] == [True]


async def test_required_starttls_that_is_not_offered_sends_nothing(server):
    await failing(server, f"{server.url}?starttls=required")
    assert server.attempts == 0


async def test_smtps_is_tls_from_the_first_byte_with_a_trusted_certificate(tmp_path, monkeypatch):
    certificate = a_certificate(tmp_path)
    async with mail_server(certificate, is_tls=True) as server:
        await failing(server, f"smtps://{HOST}:{server.port}")
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate.file))
        await a_mailer(f"smtps://{HOST}:{server.port}").send(a_message())
        assert [letter.is_encrypted for letter in server.letters] == [True]


async def test_a_user_with_a_password_may_send(tmp_path, monkeypatch):
    certificate = a_certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.file))
    async with mail_server(certificate, logins={"office@example.org": "hunter/2"}) as server:
        url = f"smtp://office%40example.org:hunter%2F2@{HOST}:{server.port}"
        await a_mailer(url).send(a_message())
        (letter,) = server.letters
        assert (letter.user, letter.is_encrypted) == ("office@example.org", True)


@pytest.mark.parametrize("account", ["office:wrong@", ""])
async def test_a_wrong_account_is_for_the_operator_to_mend_and_the_message_waits(
    tmp_path: Path, monkeypatch, account
):
    certificate = a_certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.file))
    async with mail_server(certificate, logins={"office": "hunter2"}) as server:
        failed = await failing(server, f"smtp://{account}{HOST}:{server.port}")
        assert re.search(r"53[05]", str(failed))
        assert "wrong" not in str(failed)


async def test_a_password_is_not_sent_over_an_open_line(server):
    await failing(server, f"smtp://office:hunter2@{HOST}:{server.port}")
    assert server.attempts == 0


# ---- when it does not go --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "answers",
    [
        {SEEKER: f"550 5.1.1 <{SEEKER}> no such user"},
        {SEEKER: "553 5.1.3 not a mail box"},
        {"DATA": "554 5.6.0 we do not want this"},
    ],
)
async def test_what_the_server_refuses_for_good_is_refused(server, answers):
    server.answers = answers
    with pytest.raises(Refused) as refused:
        await a_mailer(server.url).send(a_message())
    assert refused.value.code == "message_refused"
    assert re.search(r"55[034]", refused.value.detail)
    assert "example.org" not in "".join(traceback.format_exception(refused.value))


@pytest.mark.parametrize(
    "answers",
    [
        {SEEKER: f"450 4.2.0 <{SEEKER}> greylisted"},
        {SEEKER: "530 5.7.0 log in first"},
        {"MAIL": "550 5.7.1 you may not send as noreply@example.org"},
        {"MAIL": "421 4.3.2 going down"},
        {"DATA": "451 4.3.0 later"},
    ],
)
async def test_what_may_pass_is_tried_again_later(server, answers):
    server.answers = answers
    failed = await failing(server)
    assert failed.dependency == "mail"
    assert "example.org" not in "".join(traceback.format_exception(failed))


async def test_a_server_that_is_down_is_unavailable(server):
    await server.stop()
    await failing(server)


async def test_a_name_that_is_nobodys_is_unavailable(server):
    await failing(server, "smtp://nobody.invalid")


@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA"])
async def test_a_server_that_says_nothing_is_given_up_in_time(server, command):
    server.hangs_at = command
    loop = asyncio.get_running_loop()
    began = loop.time()
    await failing(server, timeout_s=0.5)
    assert loop.time() - began < 3.0


async def test_a_server_that_does_not_even_greet_is_given_up_in_time():
    released = asyncio.Event()

    async def silent(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await released.wait()
        writer.close()

    mute = await asyncio.start_server(silent, HOST, 0)
    port = mute.sockets[0].getsockname()[1]
    with pytest.raises(Unavailable):
        await a_mailer(f"smtp://{HOST}:{port}", timeout_s=0.5).send(a_message())
    released.set()
    mute.close()


async def test_a_server_that_does_not_say_goodbye_has_the_message_all_the_same(server):
    server.hangs_at = "QUIT"
    await a_mailer(server.url).send(a_message())
    assert len(server.letters) == 1


async def test_a_message_that_is_cancelled_leaves_no_connection_open(server):
    server.hangs_at = "DATA"
    async with asyncio.TaskGroup() as tasks:
        sending = tasks.create_task(a_mailer(server.url).send(a_message()))
        async with asyncio.timeout(5):
            while not server.attempts:  # noqa: ASYNC110 - the server sets no event
                await asyncio.sleep(0.005)
        sending.cancel()
    async with asyncio.timeout(5):
        while server._open:  # noqa: ASYNC110
            await asyncio.sleep(0.005)
