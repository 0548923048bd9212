"""Claims about the log: what is in a line, and what never is."""

import io
import json
import logging

import pytest
import structlog
from aiohttp.http_exceptions import BadHttpMessage

from orchestrator import log
from orchestrator.log import HIDDEN, Private
from orchestrator.secret import Secret

SDP = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\na=ice-pwd:letmein\r\n"


@pytest.fixture(autouse=True)
def _quiet_again():
    root = logging.getLogger()
    before = root.handlers[:], root.level, logging.raiseExceptions
    yield
    root.handlers[:], _, logging.raiseExceptions = before
    root.setLevel(before[1])
    structlog.reset_defaults()


def written(write, log_format="json", level="info", **settings):
    """What `write(logger)` leaves in the log."""
    stream = io.StringIO()
    log.configure(log_format, level, stream=stream, **settings)
    write(structlog.get_logger())
    return stream.getvalue()


def line(write, **settings):
    """The only line that `write(logger)` leaves, as a dict."""
    return json.loads(written(write, **settings))


def test_line_is_json_with_event_level_time_and_keys():
    entry = line(lambda out: out.info("session.entered", session="s1", seat="seeker"), node="n1")
    assert entry.pop("at").endswith("Z")
    assert entry == {
        "event": "session.entered",
        "level": "info",
        "node": "n1",
        "session": "s1",
        "seat": "seeker",
    }


def test_text_is_for_eyes():
    assert "session.entered" in written(
        lambda out: out.info("session.entered", session="s1"), "text"
    )


def test_level_holds_for_ours_and_for_libraries():
    def write(out):
        out.info("alarm.armed")
        logging.getLogger("somebody").info("hello")
        logging.getLogger("somebody").warning("trouble")

    assert line(write, level="warning")["event"] == "trouble"


@pytest.mark.parametrize(
    "value", [Private("さくら14"), [Private("さくら14")], {"who": Private("さくら14")}]
)
def test_wrapped_value_is_hidden(value):
    text = written(lambda out: out.info("seat.taken", who=value))
    assert "さくら14" not in text
    assert HIDDEN in text


def test_wrapped_value_is_shown_in_development():
    entry = line(lambda out: out.info("seat.taken", who=Private("さくら14")), shows_private=True)
    assert entry["who"] == "さくら14"


def test_key_that_names_private_data_hides_what_nobody_wrapped():
    entry = line(
        lambda out: out.info(
            "seat.taken", display_name="さくら14", data={"remote_address": "192.0.2.1"}
        )
    )
    assert entry["display_name"] == HIDDEN
    assert entry["data"] == {"remote_address": HIDDEN}


@pytest.mark.parametrize(
    ("key", "value", "secret"),
    [
        ("token", "abc123", "abc123"),
        ("store", Secret("redis://:hunter2@store"), "hunter2"),
        ("store", "redis://:hunter2@store:6379", "hunter2"),
        ("detail", "who is mdg_Zx-9_k?", "Zx-9_k"),
        ("page", "https://example.org/room#Zx-9_k", "Zx-9_k"),
        ("detail", SDP, "letmein"),
        ("detail", {"why": [SDP]}, "letmein"),
        ("detail", ValueError(f"bad answer {SDP!r}"), "letmein"),
    ],
)
def test_secret_is_hidden_even_in_development(key, value, secret):
    text = written(lambda out: out.info("link.used", **{key: value}), shows_private=True)
    assert secret not in text
    assert HIDDEN in text


def test_secret_in_a_traceback_is_hidden():
    def write(out):
        try:
            {}["no staff for mdg_Zx-9_k"]
        except KeyError:
            out.exception("request.failed")

    entry = line(write)
    assert "no staff for mdg_" in entry["exception"]
    assert "Zx-9_k" not in entry["exception"]


@pytest.mark.parametrize("address", ["192.0.2.17", "2001:db8::17", "::ffff:192.0.2.17"])
def test_address_in_a_librarys_message_is_hidden(address):
    entry = line(lambda _out: logging.getLogger("somebody").warning("lost %s, port 4000", address))
    assert "17" not in entry["event"]
    assert entry["event"].endswith(", port 4000")


@pytest.mark.parametrize("address", ["sakura@example.org", "Sakura.14+x@mail.example.co.jp"])
def test_a_mail_address_in_a_librarys_message_is_hidden(address):
    entry = line(
        lambda _out: logging.getLogger("somebody").warning("RCPT TO:<%s> refused", address)
    )
    assert entry["event"] == f"RCPT TO:<{HIDDEN}> refused"


def test_times_versions_and_numbers_of_libraries_stay():
    entry = line(
        lambda _out: logging.getLogger("somebody").warning("at 10:15:30.250 with 3.11.2 after 17 s")
    )
    assert entry["event"] == "at 10:15:30.250 with 3.11.2 after 17 s"


def test_configuring_twice_writes_once():
    log.configure("json", "info", stream=io.StringIO())
    assert written(lambda out: out.info("node.started")).count("node.started") == 1


def test_reader_that_went_away_stops_nobody(capsys):
    class Closed(io.StringIO):
        def write(self, _text):
            raise BrokenPipeError

    log.configure("json", "info", stream=Closed())
    structlog.get_logger().info("node.started")
    assert capsys.readouterr().err == ""


def of_the_web(error):
    """Says an error as aiohttp's server does."""
    logging.getLogger("aiohttp.server").error("Error handling %s", "192.0.2.1", exc_info=error)


def test_a_peer_that_speaks_no_http_is_one_line_for_who_debugs_and_none_else():
    wrong = BadHttpMessage("400, message: rubbish")
    assert written(lambda _out: of_the_web(wrong)) == ""
    entry = line(lambda _out: of_the_web(wrong), level="debug")
    assert (entry["event"], entry["level"]) == ("peer.spoke_no_http", "debug")
    assert "rubbish" not in str(entry)


def test_a_bug_that_the_web_server_met_keeps_its_trace():
    entry = line(lambda _out: of_the_web(ValueError("a bug of ours")))
    assert entry["level"] == "error"
    assert "a bug of ours" in entry["exception"]
