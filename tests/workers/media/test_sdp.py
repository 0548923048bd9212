"""The offer that is made and the answer that is read."""

import pytest

from workers.media.sdp import Candidate, MalformedAnswer, OfferedSsrcs, offer, parse_answer

DIGEST = ":".join(["AB"] * 32)
OFFER = offer(
    origin=5,
    version=2,
    ufrag="abcd",
    password="p" * 24,
    fingerprint=DIGEST,
    candidates=[Candidate("127.0.0.1", 4000), Candidate("192.0.2.1", 4000)],
    ssrcs=OfferedSsrcs(1, 2, 3),
)


def answer(*, ufrag="wxyz", password="q" * 24, digest=f"sha-256 {DIGEST}", setup="active"):
    section = f"a=ice-ufrag:{ufrag}\r\na=ice-pwd:{password}\r\na=fingerprint:{digest}\r\na=setup:{setup}\r\n"
    return f"v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n{section}m=video 9 UDP/TLS/RTP/SAVPF 96\r\n{section}"


@pytest.mark.parametrize(
    "line",
    [
        "a=ice-lite",
        "a=group:BUNDLE a v",
        "m=audio 9 UDP/TLS/RTP/SAVPF 111",
        "m=video 9 UDP/TLS/RTP/SAVPF 96 97",
        "a=ssrc-group:FID 2 3",
        "a=candidate:1 1 udp 2130706430 127.0.0.1 4000 typ host",
        "a=candidate:2 1 udp 2130706429 192.0.2.1 4000 typ host",
        "a=end-of-candidates",
        "a=setup:actpass",
        "a=sendrecv",
        "o=- 5 2 IN IP4 127.0.0.1",
    ],
)
def test_the_offer_says(line):
    assert line in OFFER.split("\r\n")


def test_an_answer_gives_credentials_and_fingerprints_once():
    parsed = parse_answer(answer())
    assert (parsed.ufrag, parsed.password) == ("wxyz", "q" * 24)
    assert parsed.fingerprints == (("sha-256", DIGEST),)


def test_a_fingerprint_in_other_letters_is_the_same():
    assert parse_answer(answer(digest=f"SHA-256 {DIGEST.lower()}")).fingerprints == (
        ("sha-256", DIGEST),
    )


@pytest.mark.parametrize(
    "sdp",
    [
        "",
        "v=0",
        answer(ufrag="a"),
        answer(ufrag="ab cd"),
        answer(password="short"),
        answer(password="x" * 300),
        answer(digest="md5 AB:CD"),
        answer(digest=f"sha-1 {DIGEST}"),
        answer(setup="passive"),
        answer() + "x" * 70_000,
        "\0" * 100,
    ],
)
def test_an_answer_that_lacks_something_is_refused(sdp):
    with pytest.raises(MalformedAnswer):
        parse_answer(sdp)


def test_very_many_fingerprints_are_refused():
    extra = "".join(f"a=fingerprint:sha-256 {i:02X}{DIGEST[2:]}\r\n" for i in range(5))
    with pytest.raises(MalformedAnswer):
        parse_answer(answer() + extra)
