"""The offer that is made and the answer that is read."""

import pytest

from workers.media.sdp import Candidate, MalformedAnswer, OfferedPlace, offer, parse_answer

DIGEST = ":".join(["AB"] * 32)
SUPPORTER = OfferedPlace("supporter", 1, 2, 3)
COMPANIONS = [OfferedPlace("companion-1", 4, 5, 6), OfferedPlace("companion-2", 7, 8, 9)]


def offered(places, screen=None):
    return offer(
        origin=5,
        version=2,
        ufrag="abcd",
        password="p" * 24,
        fingerprint=DIGEST,
        candidates=[Candidate("127.0.0.1", 4000), Candidate("2001:db8::1", 4000)],
        places=places,
        screen=screen,
    )


OFFER = offered([SUPPORTER])


def sections(sdp):
    """Section -> its lines, by MID."""
    made = {}
    for text in sdp.split("\r\nm=")[1:]:
        lines = ("m=" + text).split("\r\n")
        made[next(line[6:] for line in lines if line.startswith("a=mid:"))] = lines
    return made


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
        "a=candidate:2 1 udp 2130706429 2001:db8::1 4000 typ host",
        "a=end-of-candidates",
        "a=setup:actpass",
        "a=sendrecv",
        "a=msid:supporter supporter-audio",
        "a=msid:supporter supporter-video",
        "a=rtcp-fb:96 transport-cc",
        "o=- 5 2 IN IP4 127.0.0.1",
    ],
)
def test_the_offer_says(line):
    assert line in OFFER.split("\r\n")


def test_two_people_have_one_section_of_each_kind_and_no_second_estimate():
    assert list(sections(OFFER)) == ["a", "v"]
    assert "goog-remb" not in OFFER
    assert "abs-send-time" not in OFFER


def test_each_further_person_has_two_sections_that_only_we_send():
    made = sections(offered([SUPPORTER, *COMPANIONS]))
    assert list(made) == ["a", "v", "a1", "v1", "a2", "v2"]
    directions = {
        mid: next(d for d in lines if d in ("a=sendrecv", "a=sendonly"))
        for mid, lines in made.items()
    }
    assert [mid for mid, direction in directions.items() if direction == "a=sendrecv"] == ["a", "v"]
    for mid, seat in (("a", "supporter"), ("v1", "companion-1"), ("v2", "companion-2")):
        assert any(line.startswith(f"a=msid:{seat} ") for line in made[mid])
    assert "a=ssrc-group:FID 8 9" in made["v2"]


def test_with_several_the_worst_receivers_estimate_is_asked_for_in_every_section():
    made = sections(offered([SUPPORTER, *COMPANIONS], screen=(10, 11)))
    for lines in made.values():
        assert any(line.endswith(" goog-remb") for line in lines)
        assert "a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time" in lines
        assert not any("transport-cc" in line or "transport-wide" in line for line in lines)


@pytest.mark.parametrize("places", [[SUPPORTER], [SUPPORTER, *COMPANIONS]])
def test_a_screen_has_a_section_and_payload_types_of_its_own(places):
    made = sections(offered(places, screen=(10, 11)))
    lines = made["s"]
    assert list(made)[-1] == "s"
    assert lines[0] == "m=video 9 UDP/TLS/RTP/SAVPF 98 99"
    assert {"a=sendrecv", "a=msid:screen screen-video", "a=fmtp:99 apt=98"} <= set(lines)
    assert "a=ssrc-group:FID 10 11" in lines


def test_all_sections_are_bundled():
    sdp = offered([SUPPORTER, *COMPANIONS], screen=(10, 11))
    assert "a=group:BUNDLE a v a1 v1 a2 v2 s\r\n" in sdp


@pytest.mark.parametrize(
    ("video", "taken"),
    [
        ("9 UDP/TLS/RTP/SAVPF 96 97", {111, 96, 97}),
        ("9 UDP/TLS/RTP/SAVPF 96", {111, 96}),
        ("0 UDP/TLS/RTP/SAVPF 96 97", {111}),
        ("9 UDP/TLS/RTP/SAVPF rubbish", {111}),
    ],
)
def test_an_answer_says_what_the_browser_takes(video, taken):
    sdp = answer().replace("9 UDP/TLS/RTP/SAVPF 96", video)
    assert parse_answer(sdp).payload_types == taken


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
