"""Many datagrams with one call: order, sizes and addresses as Python's own sockets give them, and what cannot go."""

import socket

import pytest

from tests.workers.media.hand_made import drain, udp, without_port
from workers.media import datagrams as subject
from workers.media.datagrams import CUT_MOST_BYTES, SLOTS, SPARES, Datagrams, bind
from workers.media.srtp import MAX_DATAGRAM_BYTES

SO_NO_CHECK = 11
"""Linux; Python does not name it."""


@pytest.fixture
def port():
    made = Datagrams(bind("127.0.0.1", 0))
    yield made
    made.close()


@pytest.fixture
def client():
    with udp() as made:
        yield made


def sent(client, port, *payloads):
    for payload in payloads:
        client.sendto(payload, ("127.0.0.1", port.number))


def taken(port):
    return [
        (bytes(slot.view[:size]), port.address(spelling)) for slot, size, spelling in port.receive()
    ]


def received(port):
    """What has come, each of the length that it came with, and where it is sent if it is to go back."""
    back = []
    for slot, size, spelling in port.receive():
        slot.length[0] = size
        back.append((slot, size, port.destination(port.address(spelling))))
    return back


def returned(port, client, payload):
    """What comes back to a client whose datagram is sent on as it is."""
    sent(client, port, payload)
    [(slot, _, back)] = received(port)
    port.queue(slot, back)
    assert port.flush() == 0
    return drain(client)


def test_all_that_waits_is_taken_in_order_and_some_at_a_time(port, client):
    payloads = [b"%d" % number for number in range(SLOTS + 3)]
    sent(client, port, *payloads)
    here = client.getsockname()
    assert taken(port) == [(each, here) for each in payloads[:SLOTS]]
    assert taken(port) == [(each, here) for each in payloads[SLOTS:]]
    assert taken(port) == []


def test_a_datagram_of_any_size_is_one_and_of_a_huge_one_the_beginning(port, client):
    sent(client, port, b"", b"x" * MAX_DATAGRAM_BYTES, b"y" * 9_000, b"z")
    assert [len(data) for data, _ in taken(port)] == [0, *[MAX_DATAGRAM_BYTES] * 2, 1]


@pytest.mark.parametrize(
    ("listening", "speaking", "family"),
    [
        ("127.0.0.1", "127.0.0.1", socket.AF_INET),
        ("::1", "::1", socket.AF_INET6),
        ("::", "127.0.0.1", socket.AF_INET),
        ("::", "::1", socket.AF_INET6),
    ],
)
def test_an_address_is_the_one_that_pythons_sockets_give(listening, speaking, family):
    reference = bind(listening, 0)
    port = Datagrams(bind(listening, 0))
    with reference, socket.socket(family, socket.SOCK_DGRAM) as client:
        for number in (reference.getsockname()[1], port.number):
            client.sendto(b"hello", (speaking, number))
        _, expected = reference.recvfrom(100)
        [(slot, size, spelling)] = port.receive()
        assert port.address(spelling) == expected
        slot.length[0] = size
        port.queue(slot, port.destination(expected))
        assert port.flush() == 0
        assert client.recv(100) == b"hello"
    port.close()


def test_what_is_queued_is_sent_by_the_flush_with_the_length_it_has_then(port, client):
    sent(client, port, b"first", b"second", b"third")
    for slot, size, back in received(port):
        if size != len(b"second"):
            slot.data[size : size + 1] = b"!"
            slot.length[0] = size + 1
            port.queue(slot, back)
    assert drain(client) == []
    assert port.flush() == 0
    assert drain(client) == [b"first!", b"third!"]
    assert port.flush() == 0
    assert drain(client) == []


def test_what_was_never_flushed_is_forgotten_for_its_slot_is_anothers(port, client):
    sent(client, port, b"an exception stops its turn")
    [(slot, _, back)] = received(port)
    port.queue(slot, back)
    with udp() as other:
        sent(other, port, b"for other ears")
        assert len(port.receive()) == 1
        assert port.flush() == 0
        assert drain(client) == []


def test_packets_of_our_own_leave_with_those_of_their_turn(port, client):
    assert port.spare() is None
    sent(client, port, b"passes")
    [(slot, _, back)] = received(port)
    for number in range(SPARES):
        spare = port.spare()
        spare.fill(b"ours %d" % number)
        port.queue(spare, back)
    port.queue(slot, back)
    assert port.spare() is None
    assert drain(client) == []
    assert port.flush() == 0
    assert drain(client) == [*[b"ours %d" % number for number in range(SPARES)], b"passes"]
    assert port.spare() is None
    assert port.receive() == []
    assert port.spare() is None


def test_all_slots_and_all_spare_ones_go_in_one_turn(port, client):
    sent(client, port, *[b"%d" % number for number in range(SLOTS)])
    turn = received(port)
    # Each longer than the one before, so that none joins another.
    for size, (slot, _, back) in enumerate(turn, 1):
        slot.length[0] = size
        port.queue(slot, back)
    for size in range(SLOTS + 1, SLOTS + SPARES + 1):
        spare = port.spare()
        spare.fill(size * b"x")
        port.queue(spare, turn[0][2])
    assert port._queued == SLOTS + SPARES
    assert port.flush() == 0
    assert len(drain(client)) == SLOTS + SPARES


def test_what_the_kernel_refuses_is_counted_and_the_others_go(port, client):
    sent(client, port, b"a", b"b", b"c", b"d")
    for (slot, size, back), is_huge in zip(received(port), (1, 0, 1, 0), strict=True):
        slot.length[0] = 70_000 if is_huge else size
        port.queue(slot, back)
    assert port.flush() == 2
    assert drain(client) == [b"b", b"d"]


def test_a_flood_of_addresses_is_forgotten_and_nobody_is_the_worse_for_it(port, monkeypatch):
    monkeypatch.setattr(subject, "KNOWN_ADDRESSES", 4)
    clients = [udp() for _ in range(9)]
    for payload in (b"once", b"again"):
        for client in clients:
            assert returned(port, client, payload) == [payload]
            assert len(port._addresses) <= 4
    # The first is forgotten by the time its datagram goes on; who has its destination needs nothing else.
    for client in clients:
        sent(client, port, b"all at once")
    back = received(port)
    assert port.destination(clients[0].getsockname()) is None
    for slot, _, destination in back:
        port.queue(slot, destination)
    assert port.flush() == 0
    for client in clients:
        assert drain(client) == [b"all at once"]
        client.close()


def test_an_address_without_a_way_is_told_and_is_no_exception(port, client):
    sent(client, port, b"x")
    [(slot, _, back)] = received(port)
    without_port(back)
    port.queue(slot, back)
    assert port.flush() == 1
    assert not port.send(b"x", ("127.0.0.1", 0))


def test_an_error_of_the_kernel_is_one_of_python():
    port = Datagrams(bind("127.0.0.1", 0))
    port.close()
    with pytest.raises(OSError, match="Bad file descriptor"):
        port.receive()


def test_a_closed_port_does_not_read_the_socket_that_has_its_number_now(client):
    port = Datagrams(bind("127.0.0.1", 0))
    number = port.fileno()
    port.close()
    with bind("127.0.0.1", 0) as other:
        assert other.fileno() == number
        client.sendto(b"x", other.getsockname())
        with pytest.raises(OSError, match="Bad file descriptor"):
            port.receive()
        assert other.recv(10) == b"x"


# ---- pieces of one message ------------------------------------------------------------------------------------------


PICTURE = [b"1" * 900, b"2" * 900, b"3" * 900, b"4" * 500, b"5" * 900, b"6" * 900, b"7" * 901]
"""As browsers cut them: pieces of one size, sometimes a smaller one last, sometimes one byte more."""


def forward_all(port):
    """Send all that has come back, in order."""
    for slot, _, back in received(port):
        port.queue(slot, back)
    return port._queued, port.flush()


def test_pieces_of_one_size_to_one_address_are_one_message_and_arrive_as_they_were(port, client):
    sent(client, port, *PICTURE)
    assert forward_all(port) == (3, 0), "1 to 4, 5 and 6, 7"
    assert drain(client) == PICTURE


def test_packets_for_two_are_not_mixed(port, client):
    with udp() as other:
        for number in range(3):
            sent(client, port, b"c%d" % number)
        for number in range(3):
            sent(other, port, b"o%d" % number)
        sent(client, port, b"c3")
        assert forward_all(port) == (3, 0)
        assert drain(client) == [b"c0", b"c1", b"c2", b"c3"]
        assert drain(other) == [b"o0", b"o1", b"o2"]


def test_a_packet_that_does_not_go_on_ends_a_message(port, client):
    sent(client, port, *PICTURE[:3])
    first, _, third = received(port)
    for slot, _, back in (first, third):
        port.queue(slot, back)
    assert (port._queued, port.flush()) == (2, 0)
    assert drain(client) == [PICTURE[0], PICTURE[2]]


def test_the_messages_of_one_turn_leave_nothing_behind_for_the_next(port, client):
    for _ in range(3):
        sent(client, port, *PICTURE)
        assert forward_all(port) == (3, 0)
        assert drain(client) == PICTURE
        sent(client, port, b"alone")
        assert forward_all(port) == (1, 0)
        assert drain(client) == [b"alone"]


def test_packets_that_not_every_path_takes_whole_go_alone(port, client):
    huge = [b"x" * (CUT_MOST_BYTES + 1)] * 3
    sent(client, port, *huge)
    assert forward_all(port) == (3, 0)
    assert drain(client) == huge


def test_where_the_kernel_does_not_cut_they_go_one_by_one_and_are_not_joined_again(client):
    listening = bind("127.0.0.1", 0)
    listening.setsockopt(socket.SOL_SOCKET, SO_NO_CHECK, 1)  # without checksums it refuses to
    port = Datagrams(listening)
    sent(client, port, *PICTURE)
    assert forward_all(port) == (3, 0)
    assert drain(client) == PICTURE
    sent(client, port, *PICTURE)
    assert forward_all(port) == (len(PICTURE), 0)
    assert drain(client) == PICTURE
    port.close()


class _Old(socket.socket):
    """Of a kernel before Linux 4.18."""

    def getsockopt(self, *_):
        raise OSError(92, "Protocol not available")


def test_where_the_kernel_does_not_know_how_to_cut_it_is_not_asked_to(client):
    listening = _Old(socket.AF_INET, socket.SOCK_DGRAM)
    listening.bind(("127.0.0.1", 0))
    listening.setblocking(False)
    port = Datagrams(listening)
    sent(client, port, *PICTURE)
    assert forward_all(port) == (len(PICTURE), 0)
    assert drain(client) == PICTURE
    port.close()


@pytest.mark.parametrize("is_portless", [False, True])
def test_an_address_to_which_the_kernel_does_not_cut_takes_it_from_nobody_else(
    port, client, is_portless
):
    sent(client, port, *PICTURE[:3])
    pieces = received(port)
    if is_portless:
        without_port(pieces[0][2])
    port._udp.setsockopt(socket.SOL_SOCKET, SO_NO_CHECK, 1)
    for slot, _, back in pieces:
        port.queue(slot, back)
    assert (port._queued, port.flush()) == (1, 3 if is_portless else 0)
    port._udp.setsockopt(socket.SOL_SOCKET, SO_NO_CHECK, 0)
    with udp() as other:
        sent(client, port, *PICTURE[:3])
        sent(other, port, *PICTURE[:3])
        assert forward_all(port) == (4, 3 if is_portless else 0), "three alone, and three as one"
        assert drain(other) == PICTURE[:3]


def test_of_a_message_that_has_no_way_every_packet_is_counted(port, client):
    sent(client, port, *PICTURE[:3])
    for slot, _, back in received(port):
        port.queue(slot, back)
    without_port(back)
    assert port.flush() == 3
