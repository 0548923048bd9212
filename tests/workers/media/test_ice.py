"""The ICE-lite agent: what it answers, what it does not, where a leg goes. No socket, no clock."""

import random

import pytest
from aioice import stun

from tests.workers.media.hand_made import check, reply
from workers.media.ice import (
    IN_USE_S,
    MAX_GENERATIONS,
    MAX_PATHS,
    Discarded,
    Expired,
    IceAgent,
    Moved,
    Restarted,
    Returned,
    Sent,
    Silent,
)

HOME = ("192.0.2.1", 5000)
AWAY = ("198.51.100.7", 6000)
PASSWORD = "b" * 24


@pytest.fixture
def agent():
    return IceAgent()


@pytest.fixture
def leg(agent):
    return agent.join("seeker")


def receive(agent, leg, address, now, *, nominates=True, generation=-1):
    credentials = leg.generations[generation]
    message = check(f"{credentials.ufrag}:x", credentials.password, nominates=nominates)
    return agent.receive(bytes(message), address, now)


def answered(agent, leg):
    agent.answered(leg, "x", PASSWORD)
    return leg


def kinds(outputs):
    return [type(each) for each in outputs]


def test_a_check_is_answered_and_moves_the_leg_there(agent, leg):
    credentials = leg.generations[0]
    message = check(f"{credentials.ufrag}:x", credentials.password)
    sent, moved = agent.receive(bytes(message), HOME, 0.0)
    answer = stun.parse_message(sent.data)
    assert answer.transaction_id == message.transaction_id
    assert answer.attributes["XOR-MAPPED-ADDRESS"] == HOME
    assert answer.check_message_integrity(credentials.password.encode())
    assert (sent.to, leg.address) == (HOME, HOME)
    assert moved == Moved(leg, "use_candidate", True)


def test_an_ipv4_client_of_a_dual_stack_socket_is_told_its_ipv4_address(agent, leg):
    sent = receive(agent, leg, ("::ffff:192.0.2.9", 77, 0, 0), 0.0)[0]
    assert stun.parse_message(sent.data).attributes["XOR-MAPPED-ADDRESS"] == ("192.0.2.9", 77)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda own: check("nobody:x", own.password),
        lambda own: check("", own.password),
        lambda own: check(f"{own.ufrag}:x", "wrong"),
        lambda own: check(f"{own.ufrag}:x", "", signed=False),
        lambda own: check(f"{own.ufrag}:x", own.password, fingerprint=False),
        lambda own: check(f"{own.ufrag}:somebody-else", own.password),
    ],
    ids=["ufrag", "no-user", "password", "unsigned", "no-fingerprint", "remote-ufrag"],
)
def test_a_wrong_check_is_met_with_silence(agent, leg, wrong):
    answered(agent, leg)
    outputs = agent.receive(bytes(wrong(leg.generations[0])), HOME, 0.0)
    assert kinds(outputs) == [Discarded]
    assert leg.address is None
    assert agent.paths == {}


@pytest.mark.parametrize("kind", [stun.Class.INDICATION, stun.Class.ERROR, stun.Class.RESPONSE])
def test_only_requests_and_answers_to_probes_are_taken(agent, leg, kind):
    message = stun.Message(stun.Method.BINDING, kind, attributes={"PRIORITY": 1})
    message.add_message_integrity(leg.generations[0].password.encode())
    assert kinds(agent.receive(bytes(message), HOME, 0.0)) == [Discarded]


def test_a_check_without_nomination_does_not_move_a_leg_that_is_heard_elsewhere(agent, leg):
    receive(agent, leg, HOME, 0.0)
    assert kinds(receive(agent, leg, AWAY, 0.4, nominates=False)) == [Sent]
    assert leg.address == HOME


def test_a_check_without_nomination_moves_a_leg_whose_address_is_silent(agent, leg):
    receive(agent, leg, HOME, 0.0)
    assert receive(agent, leg, AWAY, 0.6, nominates=False)[1] == Moved(leg, "check", False)
    assert leg.address == AWAY


def test_media_keeps_an_address_from_being_silent(agent, leg):
    receive(agent, leg, HOME, 0.0)
    agent.paths[HOME].heard_at = 0.5
    receive(agent, leg, AWAY, 0.6, nominates=False)
    assert leg.address == HOME


def test_a_nomination_moves_the_leg_at_once(agent, leg):
    receive(agent, leg, HOME, 0.0)
    assert receive(agent, leg, AWAY, 0.1)[1] == Moved(leg, "use_candidate", False)


def talks(agent, leg, address, now):
    """A leg that is at an address, and whose media came from there just now."""
    answered(agent, leg)
    receive(agent, leg, address, now)
    agent.paths[address].media_at = now


@pytest.mark.parametrize("silent_s", [0.1, 2.0])
def test_a_check_that_somebody_sends_again_from_elsewhere_diverts_no_media(agent, leg, silent_s):
    talks(agent, leg, HOME, 1.0)
    sent, probe = receive(agent, leg, AWAY, 1.0 + silent_s)
    assert (sent.to, probe.to) == (AWAY, AWAY)
    assert stun.parse_message(probe.data).check_message_integrity(PASSWORD.encode())
    assert leg.address == HOME
    receive(agent, leg, AWAY, 1.1 + silent_s)
    assert leg.address == HOME, "however often"


def test_the_answer_to_our_own_check_moves_a_leg_to_where_it_nominates(agent, leg):
    talks(agent, leg, HOME, 1.0)
    probe = stun.parse_message(receive(agent, leg, AWAY, 1.1)[1].data)
    assert agent.receive(reply(probe, PASSWORD), AWAY, 1.2) == [Moved(leg, "probe", False)]
    agent.paths[HOME].media_at = 1.25
    assert receive(agent, leg, HOME, 1.3)[1] == Moved(leg, "use_candidate", False)
    assert receive(agent, leg, AWAY, 1.4)[1] == Moved(leg, "use_candidate", False), "proven lately"


def test_authentic_media_from_there_moves_it_with_the_next_check(agent, leg):
    talks(agent, leg, HOME, 1.0)
    receive(agent, leg, AWAY, 1.1)
    agent.paths[AWAY].media_at = 1.2
    assert receive(agent, leg, AWAY, 1.3)[1] == Moved(leg, "use_candidate", False)


def test_a_leg_whose_old_address_is_dead_moves_without_an_answer(agent, leg):
    talks(agent, leg, HOME, 1.0)
    assert receive(agent, leg, AWAY, 6.1)[1] == Moved(leg, "use_candidate", False)


def test_a_check_alone_does_not_take_over_an_address_in_use(agent, leg):
    other = answered(agent, agent.join("supporter"))
    receive(agent, leg, HOME, 0.0)
    outputs = receive(agent, other, HOME, 1.0)
    assert agent.paths[HOME].leg is leg
    assert other.address is None
    probe = stun.parse_message(outputs[1].data)
    assert probe.message_class == stun.Class.REQUEST
    assert probe.check_message_integrity(PASSWORD.encode())


def test_the_answer_to_a_probe_takes_over_an_address_in_use(agent, leg):
    other = answered(agent, agent.join("supporter"))
    receive(agent, leg, HOME, 0.0)
    probe = stun.parse_message(receive(agent, other, HOME, 1.0)[1].data)
    agent.receive(reply(probe, PASSWORD), HOME, 1.1)
    assert agent.paths[HOME].leg is other
    assert (other.address, leg.address) == (HOME, None)
    assert HOME not in leg.paths


def test_a_check_takes_over_an_address_that_has_fallen_silent(agent, leg):
    other = agent.join("supporter")
    receive(agent, leg, HOME, 0.0)
    receive(agent, other, HOME, 6.0)
    assert agent.paths[HOME].leg is other


def test_what_was_heard_at_an_address_counts_on_when_another_has_it(agent, leg):
    leg.has_media = True
    receive(agent, leg, HOME, 0.0)
    agent.paths[HOME].media_at = 2.0
    assert agent.tick(2.5) == []
    receive(agent, agent.join("supporter"), HOME, 7.0 + IN_USE_S)
    assert leg.last_media_at == 2.0
    (silent,) = agent.look_at(leg, 30.0)
    assert silent == Silent(leg, pytest.approx(28.0))


def test_a_probe_moves_the_leg_only_when_its_signed_answer_comes_from_there(agent, leg):
    answered(agent, leg)
    receive(agent, leg, HOME, 0.0)
    (sent,) = agent.probe(leg, AWAY, 1.0)
    probe = stun.parse_message(sent.data)
    assert sent.to == AWAY
    assert kinds(agent.receive(reply(probe, "wrong"), AWAY, 1.1)) == [Discarded]
    assert kinds(agent.receive(reply(probe, PASSWORD), HOME, 1.1)) == [Discarded]
    assert leg.address == HOME
    assert leg.shortest_s == float("inf")
    assert agent.receive(reply(probe, PASSWORD), AWAY, 1.2) == [Moved(leg, "probe", False)]
    assert kinds(agent.receive(reply(probe, PASSWORD), AWAY, 1.3)) == [Discarded]
    assert leg.shortest_s == pytest.approx(0.2)


def test_how_long_a_way_is_holds_for_one_address(agent, leg):
    answered(agent, leg)
    receive(agent, leg, HOME, 0.0)
    probe = stun.parse_message(agent.probe(leg, HOME, 1.0)[0].data)
    agent.receive(reply(probe, PASSWORD), HOME, 1.01)
    probe = stun.parse_message(agent.probe(leg, AWAY, 2.0)[0].data)
    agent.receive(reply(probe, PASSWORD), AWAY, 2.3)
    assert (leg.address, leg.shortest_s) == (AWAY, pytest.approx(0.3))


def test_probes_are_sent_every_50_ms_at_most(agent, leg):
    answered(agent, leg)
    sent = [at for at in range(200) if agent.probe(leg, AWAY, 1.0 + at / 1_000)]
    assert sent == pytest.approx([0, 50, 100, 150], abs=2)


def test_nobody_is_probed_before_the_answer(agent, leg):
    assert agent.probe(leg, AWAY, 1.0) == []


def test_an_old_probe_is_forgotten(agent, leg):
    answered(agent, leg)
    probe = stun.parse_message(agent.probe(leg, AWAY, 1.0)[0].data)
    agent.tick(3.5)
    assert kinds(agent.receive(reply(probe, PASSWORD), AWAY, 3.6)) == [Discarded]


def test_both_credentials_are_valid_until_the_new_ones_nominate(agent, leg):
    receive(agent, leg, HOME, 0.0)
    agent.renew(leg)
    assert kinds(receive(agent, leg, HOME, 0.1, generation=0)) == [Sent]
    assert kinds(receive(agent, leg, HOME, 0.2, nominates=False)) == [Sent]
    old = leg.generations[0]
    assert receive(agent, leg, AWAY, 0.3)[-1] == Restarted(leg)
    late = check(f"{old.ufrag}:x", old.password)
    assert kinds(agent.receive(bytes(late), HOME, 0.4)) == [Discarded]
    assert leg.address == AWAY


def test_a_probe_during_a_restart_uses_the_credentials_that_the_browser_knows(agent, leg):
    answered(agent, leg)
    old = leg.generations[0]
    agent.renew(leg)
    probe = stun.parse_message(agent.probe(leg, AWAY, 1.0)[0].data)
    assert probe.attributes["USERNAME"] == f"x:{old.ufrag}"


def test_neither_restarts_nor_addresses_make_the_tables_grow(agent, leg):
    for number in range(50):
        agent.renew(leg)
        receive(agent, leg, ("192.0.2.1", 1_000 + number), number / 10, nominates=False)
    assert agent.table_sizes[:3] == (1, MAX_GENERATIONS, MAX_PATHS)
    assert leg.address in leg.paths


def test_a_leg_that_leaves_takes_everything_with_it(agent, leg):
    answered(agent, leg)
    receive(agent, leg, HOME, 0.0)
    agent.renew(leg)
    agent.probe(leg, AWAY, 1.0)
    agent.leave(leg)
    assert agent.table_sizes == (0, 0, 0, 0)


def test_silence_is_reported_once_and_only_when_media_had_flowed(agent, leg):
    quiet = agent.join("supporter")
    receive(agent, leg, HOME, 0.0)
    receive(agent, quiet, AWAY, 0.0)
    leg.has_media = True
    assert agent.tick(5.0) == []
    (silent,) = agent.tick(5.1)
    assert isinstance(silent, Silent)
    assert silent.leg is leg
    assert silent.silent_for_s == pytest.approx(5.1)
    assert agent.tick(6.0) == []


@pytest.mark.parametrize("kind", ["check", "media"])
def test_a_silent_leg_that_is_heard_again_has_returned(agent, leg, kind):
    receive(agent, leg, HOME, 0.0)
    leg.has_media = True
    agent.tick(5.1)
    if kind == "check":
        receive(agent, leg, HOME, 7.0, nominates=False)
    else:
        agent.paths[HOME].media_at = 7.0
    assert agent.tick(7.1) == [Returned(leg)]


def test_media_alone_is_a_sign_of_life(agent, leg):
    receive(agent, leg, HOME, 0.0)
    leg.has_media = True
    for second in range(1, 20):
        agent.paths[HOME].media_at = float(second)
        assert agent.tick(second + 0.5) == []


def test_checks_alone_are_silence_after_fifteen_seconds(agent, leg):
    leg.has_media = True
    receive(agent, leg, HOME, 0.0)
    agent.paths[HOME].media_at = 1.0
    for second in range(2, 17):
        receive(agent, leg, HOME, float(second), nominates=False)
        assert agent.tick(float(second)) == []
    receive(agent, leg, HOME, 16.1, nominates=False)
    (silent,) = agent.tick(16.2)
    assert isinstance(silent, Silent)
    assert silent.silent_for_s == pytest.approx(15.2)
    receive(agent, leg, HOME, 17.0, nominates=False)
    assert agent.tick(17.1) == [], "checks do not mend what they could not keep up"
    agent.paths[HOME].media_at = 18.0
    assert agent.tick(18.1) == [Returned(leg)]


def test_a_browser_that_checks_seldom_is_asked_every_second(agent, leg):
    answered(agent, leg)
    receive(agent, leg, HOME, 0.0)
    asked = [at / 10 for at in range(0, 51) if agent.tick(at / 10)]
    assert asked == pytest.approx([2.9, 3.9, 4.9])


def test_an_answer_to_a_probe_is_consent(agent, leg):
    answered(agent, leg)
    receive(agent, leg, HOME, 0.0)
    leg.has_media = True
    (sent,) = agent.tick(3.0)
    agent.receive(reply(stun.parse_message(sent.data), PASSWORD), HOME, 3.1)
    assert Silent not in kinds(agent.tick(8.0))
    assert leg.consent_at == 3.1


def test_without_check_or_answer_for_30_s_nothing_is_sent_any_more(agent, leg):
    receive(agent, leg, HOME, 0.0)
    agent.paths[HOME].media_at = 30.0  # media goes on, but it is no consent (RFC 7675)
    assert agent.tick(30.0) == []
    assert agent.tick(30.1) == [Expired(leg)]
    assert leg.address is None
    receive(agent, leg, HOME, 31.0, nominates=False)
    assert leg.address == HOME


def test_garbage_never_raises(agent, leg):
    seeded = random.Random(20261122)
    answered(agent, leg)
    credentials = leg.generations[0]
    good = bytes(check(f"{credentials.ufrag}:x", credentials.password))
    probe = agent.probe(leg, AWAY, 1.0)[0].data
    for _ in range(3_000):
        data = bytearray(seeded.choice((good, probe)))
        for _ in range(seeded.randrange(1, 5)):
            data[seeded.randrange(len(data))] = seeded.randrange(256)
        agent.receive(
            bytes(data[: seeded.choice((len(data), seeded.randrange(len(data))))]), AWAY, 2.0
        )
    assert kinds(receive(agent, leg, HOME, 3.0))[0] is Sent


def test_legs_behind_one_relay_share_its_ip_and_a_port_that_it_gives_to_the_next_goes_over(
    agent, leg
):
    other = answered(agent, agent.join("supporter"))
    relay = "203.0.113.8"
    ours, theirs, fresh = (relay, 49_160), (relay, 49_161), (relay, 49_162)
    for at, whose in ((ours, leg), (theirs, other)):
        receive(agent, whose, at, 0.0)
        agent.paths[at].media_at = 1.0
    assert (leg.address, other.address) == (ours, theirs)
    # The seeker's relayed port changes, and the relay gives the old one away while it still counts as in use.
    [_, probe] = receive(agent, answered(agent, leg), fresh, 1.1)
    agent.receive(reply(stun.parse_message(probe.data), PASSWORD), fresh, 1.15)
    [_, probe] = receive(agent, other, ours, 1.2)
    assert other.address == theirs
    agent.receive(reply(stun.parse_message(probe.data), PASSWORD), ours, 1.25)
    assert (leg.address, other.address) == (fresh, ours)
    assert agent.paths[ours].leg is other
