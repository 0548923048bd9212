"""Addresses: what is taken, how it is stored, and that no sentence repeats what was typed."""

import pytest

from orchestrator.addresses import (
    Encryption,
    SmtpServer,
    read_mail_address,
    read_sender,
    read_smtp_url,
    read_telephone,
)


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("sakura@example.org", "sakura@example.org"),
        ("Sakura.14+x@Example.ORG", "Sakura.14+x@example.org"),
        ("ｓａｋｕｒａ＠ｅｘａｍｐｌｅ．ｏｒｇ", "sakura@example.org"),
        ("sakura@日本語.jp", "sakura@xn--wgv71a119e.jp"),
    ],
)
def test_a_mail_address_is_stored_as_servers_take_it(typed, stored):
    assert read_mail_address(typed) == stored
    assert read_mail_address(stored) == stored


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "sakura",
        "sakura@",
        "sakura@localhost",
        "sakura@example.org\r\nBcc: everybody@example.org",
        "sakura@example.org\nX: y",
        "a@example.org, b@example.org",
        "さくら <sakura@example.org>",
        "さくら@example.org",
        '"a b"@example.org',
        "a b@example.org",
        "sakura@example.org>",
        "sakura@[192.0.2.1]",
        "x" * 65 + "@example.org",
        "sakura\x00@example.org",
    ],
)
def test_what_is_no_mail_address_is_refused_without_repeating_it(typed):
    with pytest.raises(ValueError, match=r"^must be an e-mail address") as wrong:
        read_mail_address(typed)
    assert "sakura" not in str(wrong.value)


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("048-521-8609", "048-521-8609"),
        ("０４８－５２１－８６０９", "048-521-8609"),
        ("048ー521ー8609 ", "048-521-8609"),
        ("+81 48 521 8609", "+81 48 521 8609"),
        ("(048)521-8609", "(048)521-8609"),
        ("110119", "110119"),
    ],
)
def test_a_telephone_number_is_stored_in_ascii(typed, stored):
    assert read_telephone(typed) == stored


@pytest.mark.parametrize(
    "typed", ["", "048", "12345", "1" * 16, "048-521-8609\r\nX: y", "tel:0485218609", "1-" * 40]
)
def test_what_is_no_telephone_number_is_refused(typed):
    with pytest.raises(ValueError, match=r"^must be a telephone number"):
        read_telephone(typed)


@pytest.mark.parametrize(
    ("written", "name", "address"),
    [
        ("noreply@example.org", "", "noreply@example.org"),
        ("窓口 <noreply@example.org>", "窓口", "noreply@example.org"),
        ('"Office, Kumagaya" <noreply@example.org>', "Office, Kumagaya", "noreply@example.org"),
    ],
)
def test_a_sender_is_an_address_with_or_without_a_name(written, name, address):
    sender = read_sender(written)
    assert (sender.display_name, sender.addr_spec) == (name, address)


@pytest.mark.parametrize(
    "written",
    [
        "",
        "noreply",
        "a@example.org, b@example.org",
        "x <>",
        "x\r\nBcc: y <a@example.org>",
        "x <a@b",
    ],
)
def test_what_is_no_sender_is_refused(written):
    with pytest.raises(ValueError, match=r"^must be an address like"):
        read_sender(written)


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://mail.example.org", SmtpServer("mail.example.org", 25, Encryption.OFFERED)),
        ("smtp://mail.example.org:587?starttls=required",
         SmtpServer("mail.example.org", 587, Encryption.STARTTLS)),
        ("smtps://mail.example.org/", SmtpServer("mail.example.org", 465, Encryption.TLS)),
        ("smtp://[2001:db8::1]:2525", SmtpServer("2001:db8::1", 2525, Encryption.OFFERED)),
        ("smtps://office%40example.org:p%2Fw%23@mail.example.org",
         SmtpServer("mail.example.org", 465, Encryption.TLS, "office@example.org", "p/w#")),
    ],
)  # fmt: skip
def test_a_mail_server_is_read_from_its_url(url, server):
    assert read_smtp_url(url) == server


def test_a_password_goes_over_no_open_line_unless_somebody_wants_it():
    url = "smtp://office:hunter2@mail.example.org"
    assert read_smtp_url(url).encryption is Encryption.STARTTLS
    assert read_smtp_url(url + "?starttls=offered").encryption is Encryption.OFFERED


def test_neither_user_nor_password_shows_in_a_server():
    assert "hunter2" not in repr(read_smtp_url("smtps://office:hunter2@mail.example.org"))
    assert "office" not in repr(read_smtp_url("smtps://office:hunter2@mail.example.org"))


@pytest.mark.parametrize(
    "url",
    [
        "",
        "mail.example.org:25",
        "https://mail.example.org",
        "smtp://",
        "smtp://mail.example.org:0",
        "smtp://mail.example.org:99999",
        "smtp://mail.example.org/path",
        "smtp://[::1",
        "smtp://user@mail.example.org",
        "smtp://office:hunter2#@mail.example.org",
        "smtp://メール.example.org",
        "smtp://a..b",
        "smtp://mail.example.org?starttls=never",
        "smtp://mail.example.org?starttls",
        "smtp://mail.example.org?starttls=required&starttls=offered",
        "smtp://mail.example.org?tls=yes",
        "smtps://mail.example.org?starttls=required",
    ],
)
def test_what_is_no_mail_server_is_refused_without_its_password(url):
    with pytest.raises(ValueError, match=r"^must ") as wrong:
        read_smtp_url(url)
    assert "hunter2" not in str(wrong.value)
