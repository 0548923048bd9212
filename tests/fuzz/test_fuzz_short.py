"""A short cut of `make fuzz`, always with the same inputs; and that it finds what is planted."""

from __future__ import annotations

import pytest

from tests.fuzz.captures import record
from tests.fuzz.inputs import Captures
from tests.fuzz.live import live
from tests.fuzz.playing import Progress, play_generated, play_mutated, play_texts
from tests.fuzz.switch import Disturbed, no_exception_in_the_log
from workers.media import ice, port, sdp
from workers.media.ice import IceAgent

SEED = 4
REACHED = {
    *(
        "answered",
        "dtls",
        "forwarded",
        "function_refused",
        "not_forwarded",
        "pli_sent",
        "rtcp_malformed",
        "rtcp_read",
    ),
    *("srtp_refused", "stun_malformed", "stun_refused", "unknown"),
}
"""What must become of some of them; otherwise the fuzzing has lost its way in."""


@pytest.fixture
async def captures() -> Captures:
    with no_exception_in_the_log():
        return await record()


@pytest.fixture
def progress() -> Progress:
    return Progress(lambda _: None)


def test_what_the_grammars_allow_disturbs_nobody_and_leaves_a_trace(progress: Progress):
    play_generated(40, 5, None, progress)
    assert progress.done > 300


async def test_changed_captures_disturb_nobody_and_leave_a_trace(captures, progress):
    outcomes = play_mutated(captures, 6_000, SEED, progress)
    assert progress.done == 6_000
    assert outcomes.keys() >= REACHED


async def test_no_answer_of_a_page_and_no_line_of_the_link_is_more_than_refused(captures, progress):
    play_texts(captures, 1_000, SEED, progress)


async def test_a_worker_process_bears_it_too_and_its_other_call_loses_no_packet(captures, progress):
    async with live(SEED) as made:
        await made.attack(captures, 600, progress)
        await made.attack_handshakes(6, progress)
    assert progress.done > 600


async def test_a_certificate_that_only_one_library_can_read_is_a_failed_handshake(progress):
    async with live(SEED) as made:
        await made.attack_certificates(4, progress)
        counters = await made.end()
    assert counters["dtls_failed"] >= 2


# ---- planted --------------------------------------------------------------------------------------------------------


async def test_an_exception_in_the_way_of_a_packet_is_found(monkeypatch, captures, progress):
    receive = IceAgent.receive

    def careless(self, data, address, now):
        assert len(data) % 4 != 3
        return receive(self, data, address, now)

    monkeypatch.setattr(IceAgent, "receive", careless)
    with pytest.raises(Disturbed, match="input"):
        play_mutated(captures, 2_000, SEED, progress)


async def test_a_packet_that_vanishes_is_found(monkeypatch, captures, progress):
    monkeypatch.setattr(port.MediaPort, "_receive_dtls", lambda *_: None)
    with pytest.raises(Disturbed, match="input"):
        play_mutated(captures, 2_000, SEED, progress)


async def test_a_call_whose_address_is_taken_away_is_found(monkeypatch, captures, progress):
    monkeypatch.setattr(ice, "IN_USE_S", 0.0)
    with pytest.raises(Disturbed):
        play_mutated(captures, 4_000, SEED, progress)


async def test_an_answer_that_raises_is_found(monkeypatch, captures, progress):
    monkeypatch.setattr(sdp, "MAX_FINGERPRINTS", "4")
    with pytest.raises(TypeError):
        play_texts(captures, 200, SEED, progress)
