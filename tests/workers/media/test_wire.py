"""The messages of the link, and how they are cut."""

import pytest

from workers.media import wire

COMMANDS = [
    wire.Configure(host="127.0.0.1", port=0, announced=("192.0.2.1",), ttl_s=2.0),
    wire.OpenRoom(session="s", closes_at=12.5),
    wire.ExtendRoom(session="s", closes_at=13.5, reference="2026-12-01T12:30:00+00:00"),
    wire.Connect(
        session="s",
        seat="seeker",
        media_epoch=1,
        functions=frozenset({"audio"}),
        others=("supporter",),
    ),
    wire.Answer(session="s", seat="seeker", media_epoch=1, sdp="v=0\r\n…\n"),
    wire.Restart(session="s", seat="seeker", media_epoch=1),
    wire.Disconnect(session="s", seat="seeker"),
    wire.CloseRoom(session="s"),
    wire.NodeBeat(),
]
LEG = wire.LegStatistics(
    session="s" * 200,
    seat="x" * 200,
    media_epoch=2**31,
    up_bps=10**8,
    down_bps=10**8,
    loss_up=1 / 3,
    loss_down=None,
    rtt_ms=10_000 / 3,
    jitter_ms=100 / 3,
)
REPORTS = [
    wire.Ready(port=4000),
    wire.Failed(reason="no"),
    wire.Offered(session="s", seat="seeker", media_epoch=1, sdp="v=0\r\n"),
    wire.Up(session="s", seat="seeker", media_epoch=1),
    wire.Flowing(session="s"),
    wire.WentSilent(session="s", seat="seeker", media_epoch=1, silent_for_s=5.1),
    wire.CameBack(session="s", seat="seeker", media_epoch=1),
    wire.LegQuality(
        session="s",
        seat="seeker",
        media_epoch=1,
        loss_up=0.4,
        loss_down=None,
        rtt_ms=1200.5,
        jitter_ms=3.0,
        is_lossy=True,
        is_slow=True,
    ),
    wire.Statistics(legs=(LEG,)),
    wire.Extended(session="s", reference="2026-12-01T12:30:00+00:00"),
    wire.RoomClosed(session="s"),
    wire.SeatRefused(session="s", seat="x", code="room_full"),
    wire.WorkerBeat(counters={"forwarded": 3}),
]


@pytest.mark.parametrize("message", COMMANDS, ids=lambda each: each.type)
def test_a_command_arrives_as_it_was_said(message):
    (line,) = wire.Lines().feed(wire.encode(message))
    assert wire.parse_command(line) == message


@pytest.mark.parametrize("message", REPORTS, ids=lambda each: each.type)
def test_a_report_arrives_as_it_was_said(message):
    (line,) = wire.Lines().feed(wire.encode(message))
    assert wire.parse_report(line) == message


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{",
        b"[]",
        b'{"type":"unheard_of"}',
        b'{"type":"ready","port":1}',
        b'{"type":"close_room"}',
        b'{"type":"close_room","session":""}',
        b'{"type":"close_room","session":"s","more":1}',
        b'{"type":"configure","host":"h","port":70000,"announced":[],"ttl_s":2}',
        b"\xff\xfe",
    ],
)
def test_what_is_no_command_breaks_the_link(line):
    with pytest.raises(wire.LinkBroken):
        wire.parse_command(line)


def test_lines_are_put_together_from_pieces():
    lines, whole = wire.Lines(), b"one\ntwo\nthree\n"
    cut = [line for byte in whole for line in lines.feed(bytes([byte]))]
    assert cut == [b"one", b"two", b"three"]


@pytest.mark.parametrize("end", [b"", b"\n"])
def test_a_line_without_end_breaks_the_link(end):
    with pytest.raises(wire.LinkBroken):
        wire.Lines().feed(b"x" * (wire.MAX_LINE_BYTES + 1) + end)


def test_as_many_lines_as_are_told_at_once_fit_with_the_longest_names():
    message = wire.Statistics(legs=(LEG,) * wire.MAX_LEGS_A_LINE)
    assert len(wire.encode(message)) < wire.MAX_LINE_BYTES


@pytest.mark.parametrize("others", [(), ("a", "b", "c", "d")])
def test_a_leg_has_one_to_three_others(others):
    with pytest.raises(ValueError, match="others"):
        wire.Connect(
            session="s", seat="seeker", media_epoch=1, functions=frozenset(), others=others
        )
