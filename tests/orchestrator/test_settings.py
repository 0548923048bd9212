"""Claims about what the operator decides."""

from email.headerregistry import Address
from pathlib import Path

import pytest

from orchestrator import settings
from orchestrator.errors import Misconfigured
from orchestrator.secret import Secret
from orchestrator.settings import from_env


def mistakes_of(environ, **overrides):
    """What `from_env` complains about."""
    with pytest.raises(Misconfigured) as caught:
        from_env(environ, **overrides)
    return caught.value.mistakes


def test_empty_environment_gives_a_node_for_one_machine():
    chosen = from_env({"HOME": "/home/tanaka"})
    assert chosen.data_dir == Path("/home/tanaka/.local/share/madoguchi")
    assert chosen.is_store_embedded
    assert not chosen.is_secure
    assert (chosen.host, chosen.port, chosen.media_port) == ("127.0.0.1", 8080, 40_000)
    assert chosen.media_workers >= 1
    assert (chosen.log_format, chosen.log_level, chosen.log_private) == ("json", "info", False)


def test_data_follow_the_xdg_folder_unless_it_is_relative():
    assert from_env({"HOME": "/h", "XDG_DATA_HOME": "/data"}).data_dir == Path("/data/madoguchi")
    assert from_env({"HOME": "/h", "XDG_DATA_HOME": "data"}).data_dir == Path(
        "/h/.local/share/madoguchi"
    )


def test_every_variable_is_read(tmp_path):
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    cert.touch()
    key.touch()
    environ = {
        "MADOGUCHI_DATA": str(tmp_path),
        "MADOGUCHI_REDIS_URL": "rediss://:pw@store:6379/0",
        "MADOGUCHI_ACCEPT_DURABILITY": "appendfsync, unknown",
        "MADOGUCHI_HOST": "0.0.0.0",
        "MADOGUCHI_PORT": "0",
        "MADOGUCHI_PUBLIC_URL": "https://madoguchi.example.org/",
        "MADOGUCHI_TLS_CERT": str(cert),
        "MADOGUCHI_TLS_KEY": str(key),
        "MADOGUCHI_MEDIA_HOST": "::",
        "MADOGUCHI_MEDIA_PORT": "50000",
        "MADOGUCHI_MEDIA_WORKERS": "3",
        "MADOGUCHI_PUBLIC_ADDRESS": "203.0.113.7, 2001:db8::7",
        "MADOGUCHI_TURN_URLS": "turn:turn.example.org?transport=udp, turns:[2001:db8::7]:443",
        "MADOGUCHI_TURN_SECRET": "sixteen-or-more-characters",
        "MADOGUCHI_SMTP_URL": "smtps://office:pw@mail.example.org",
        "MADOGUCHI_MAIL_FROM": "窓口 <noreply@example.org>",
        "MADOGUCHI_PROGRAMMES": str(tmp_path),
        "MADOGUCHI_TIME_ZONE": "Europe/Berlin",
        "MADOGUCHI_TELEPHONE": "０４８－000－0000",
        "MADOGUCHI_NODE_TTL_S": "1.5",
        "MADOGUCHI_LOG": "text",
        "MADOGUCHI_LOG_LEVEL": "debug",
        "MADOGUCHI_LOG_PRIVATE": "yes",
    }
    chosen = from_env(environ)
    assert chosen == settings.Settings(
        data_dir=tmp_path,
        redis_url=Secret("rediss://:pw@store:6379/0"),
        accept_durability=frozenset({"appendfsync", "unknown"}),
        host="0.0.0.0",
        port=0,
        public_url="https://madoguchi.example.org",
        tls_cert=cert,
        tls_key=key,
        media_host="::",
        media_port=50_000,
        media_workers=3,
        public_addresses=("203.0.113.7", "2001:db8::7"),
        turn_urls=("turn:turn.example.org?transport=udp", "turns:[2001:db8::7]:443"),
        turn_secret=Secret("sixteen-or-more-characters"),
        smtp_url=Secret("smtps://office:pw@mail.example.org"),
        mail_from=Address("窓口", addr_spec="noreply@example.org"),
        programmes_dir=tmp_path,
        time_zone="Europe/Berlin",
        telephone="048-000-0000",
        node_ttl_s=1.5,
        log_format="text",
        log_level="debug",
        log_private=True,
    )
    listed = [line for line in settings.document().splitlines() if line.startswith("| `")]
    assert set(environ) == {line.split("`")[1] for line in listed}


def test_empty_value_counts_as_not_given():
    assert from_env({"HOME": "/h", "MADOGUCHI_PORT": " "}).port == 8080


def test_command_line_wins_and_none_of_it_does_not():
    environ = {"HOME": "/h", "MADOGUCHI_PORT": "9000", "MADOGUCHI_HOST": "10.0.0.1"}
    chosen = from_env(environ, port="9001", host=None, media_port=0)
    assert (chosen.port, chosen.host, chosen.media_port) == (9001, "10.0.0.1", 0)


def test_a_wrong_variable_that_the_command_line_overrides_is_no_mistake():
    assert from_env({"HOME": "/h", "MADOGUCHI_PORT": "many"}, port=1).port == 1


def test_unknown_name_from_the_command_line_is_a_bug():
    with pytest.raises(AssertionError, match="prot"):
        from_env({}, prot=1)


def test_all_mistakes_are_reported_together():
    mistakes = mistakes_of(
        {
            "MADOGUCHI_PORT": "eighty",
            "MADOGUCHI_MEDIA_WORKERS": "0",
            "MADOGUCHI_PUBLIC_ADDRESS": "203.0.113.7,example.org",
            "MADOGUCHI_NODE_TTL_S": "nan",
            "MADOGUCHI_LOG": "xml",
            "MADOGUCHI_TLS_CERT": "/nowhere/cert.pem",
            "MADOGUCHI_REDIS_ULR": "redis://localhost",
        }
    )
    assert [mistake.split()[0] for mistake in mistakes] == [
        "MADOGUCHI_REDIS_ULR",
        "MADOGUCHI_PORT",
        "MADOGUCHI_TLS_CERT",
        "MADOGUCHI_MEDIA_WORKERS",
        "MADOGUCHI_PUBLIC_ADDRESS",
        "MADOGUCHI_NODE_TTL_S",
        "MADOGUCHI_LOG",
    ]
    assert "MADOGUCHI_REDIS_URL" in mistakes[0]


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("PORT", "65536"),
        ("TELEPHONE", "048-000-0000 (代表)"),
        ("PORT", "-1"),
        ("PORT", "tcp://10.0.0.1:8080"),
        ("PORT", "٨٠"),
        ("HOST", "a host"),
        ("MEDIA_HOST", "localhost"),
        ("MEDIA_WORKERS", "257"),
        ("PUBLIC_ADDRESS", "0.0.0.0"),
        ("PUBLIC_URL", "madoguchi.example.org"),
        ("PUBLIC_URL", "https://example.org/madoguchi"),
        ("PUBLIC_URL", "https://example.org:port"),
        ("PUBLIC_URL", "https://[::1"),
        ("TURN_URLS", "stun:turn.example.org"),
        ("TURN_URLS", "turn://turn.example.org:3478"),
        ("TURN_URLS", "turn:user@turn.example.org"),
        ("TURN_URLS", "turn:turn.example.org,turns:turn.example.org?transport=sctp"),
        ("TURN_SECRET", "short"),
        ("REDIS_URL", "localhost:6379"),
        ("SMTP_URL", "mail.example.org"),
        ("SMTP_URL", "http://mail.example.org"),
        ("SMTP_URL", "smtp://mail.example.org/inbox"),
        ("SMTP_URL", "smtp://user@mail.example.org"),
        ("SMTP_URL", "smtp://mail.example.org?starttls=never"),
        ("SMTP_URL", "smtps://mail.example.org?starttls=required"),
        ("MAIL_FROM", "noreply"),
        ("MAIL_FROM", "a@example.org, b@example.org"),
        ("TIME_ZONE", "Tokyo"),
        ("TIME_ZONE", "../etc/passwd"),
        ("TIME_ZONE", "/etc/localtime"),
        ("NODE_TTL_S", "0.1"),
        ("NODE_TTL_S", "-2"),
        ("LOG_LEVEL", "loud"),
        ("LOG_PRIVATE", "1"),
        ("PROGRAMMES", "/nowhere/programmes"),
    ],
)
def test_wrong_value_is_refused_by_name(variable, value):
    (mistake,) = mistakes_of({"MADOGUCHI_" + variable: value})
    assert mistake.startswith(f"MADOGUCHI_{variable} must ")


def test_certificate_without_its_key_is_refused(tmp_path):
    cert = tmp_path / "cert.pem"
    cert.touch()
    (mistake,) = mistakes_of({"MADOGUCHI_TLS_CERT": str(cert)})
    assert "MADOGUCHI_TLS_KEY" in mistake


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({"MADOGUCHI_SMTP_URL": "smtp://mail.example.org"}, "MADOGUCHI_MAIL_FROM"),
        ({"MADOGUCHI_MAIL_FROM": "noreply@example.org"}, "MADOGUCHI_SMTP_URL"),
        ({"MADOGUCHI_TURN_URLS": "turn:turn.example.org"}, "MADOGUCHI_TURN_SECRET"),
        ({"MADOGUCHI_TURN_SECRET": "sixteen-or-more-characters"}, "MADOGUCHI_TURN_URLS"),
    ],
)
def test_a_server_without_what_belongs_to_it_is_refused(given, missing):
    (mistake,) = mistakes_of(given)
    assert missing in mistake


def test_last_workers_port_must_exist():
    (mistake,) = mistakes_of({"MADOGUCHI_MEDIA_PORT": "65535", "MADOGUCHI_MEDIA_WORKERS": "2"})
    assert "65536" in mistake


def test_accepted_weakness_needs_an_external_store():
    (mistake,) = mistakes_of({"MADOGUCHI_ACCEPT_DURABILITY": "appendfsync"})
    assert "MADOGUCHI_REDIS_URL" in mistake


def test_data_that_are_a_file_are_refused(tmp_path):
    file = tmp_path / "data"
    file.touch()
    (mistake,) = mistakes_of({"MADOGUCHI_DATA": str(file)})
    assert mistake.startswith("MADOGUCHI_DATA must be a folder")


def test_what_kubernetes_adds_for_a_service_of_our_name_is_not_ours():
    environ = {
        "MADOGUCHI_SERVICE_HOST": "10.0.0.1",
        "MADOGUCHI_PORT_8080_TCP_ADDR": "10.0.0.1",
        "HOME": "/h",
    }
    assert from_env(environ).port == 8080


def test_secrets_do_not_show_in_settings_or_mistakes():
    chosen = from_env(
        {
            "HOME": "/h",
            "MADOGUCHI_REDIS_URL": "redis://:hunter2@store",
            "MADOGUCHI_SMTP_URL": "smtps://office:hunter2@mail.example.org",
            "MADOGUCHI_MAIL_FROM": "noreply@example.org",
            "MADOGUCHI_TURN_URLS": "turn:turn.example.org",
            "MADOGUCHI_TURN_SECRET": "hunter2-hunter2-hunter2",
        }
    )
    assert "hunter2" not in repr(chosen)
    assert "hunter2" not in str(mistakes_of({"MADOGUCHI_TURN_SECRET": "hunter2"}))
    assert chosen.redis_url.reveal() == "redis://:hunter2@store"
    assert "hunter2" not in str(mistakes_of({"MADOGUCHI_REDIS_URL": "http://:hunter2@store"}))
