"""webrtcbin behind a pipe: offers come in on standard input, answers and what was decoded go out on standard output.

Runs under the system's Python with python3-gi; started by `gstreamer_peer.py`.
"""

import json
import sys
import threading

import gi

for name in ("Gst", "GstSdp", "GstWebRTC"):
    gi.require_version(name, "1.0")
from gi.repository import GLib, Gst, GstSdp, GstWebRTC  # noqa: E402

ORANGE = 0xFFE6_7E22
"""ARGB of the picture that is sent."""
# The offer's payload types are used as they are. Sound first, as in the offer: a sink pad's number is its section.
PIPELINE = f"""
  webrtcbin name=peer bundle-policy=max-bundle
  audiotestsrc is-live=true wave=sine volume=0.2 ! audioconvert ! opusenc ! rtpopuspay pt=111
    ! application/x-rtp,media=audio,encoding-name=OPUS,payload=111 ! peer.sink_0
  videotestsrc is-live=true pattern=solid-color foreground-color={ORANGE}
    ! video/x-raw,width=320,height=240,framerate=30/1 ! videoconvert
    ! vp8enc deadline=1 keyframe-max-dist=30 ! rtpvp8pay pt=96 picture-id-mode=15-bit
    ! application/x-rtp,media=video,encoding-name=VP8,payload=96 ! peer.sink_1
"""


class Program:
    """One connection.

    Args:
        address: the only one that checks are sent from. libnice ties each socket to an interface, so a server on
            127.0.0.1 is reached from 127.0.0.1 alone, which libnice would leave out; None: any but that.
    """

    def __init__(self, address=None):
        self.loop = GLib.MainLoop()
        self.decoded = {"audio": 0, "video": 0}
        self.colours = {}
        self.pipeline = Gst.parse_launch(PIPELINE)
        self.peer = self.pipeline.get_by_name("peer")
        self.peer.connect("pad-added", self.on_pad)
        self.ice = self.peer.get_property("ice-agent")  # kept: the binding takes it for its own
        self.ice.get_property("agent").set_property("upnp", False)
        if address:
            self.ice.emit("add-local-ip-address", address)
        bus = self.pipeline.get_bus()
        bus.add_signal_watch()
        bus.connect("message::error", self.on_error)
        self.pipeline.set_state(Gst.State.PLAYING)

    def say(self, **message):
        sys.stdout.write(json.dumps(message) + "\n")
        sys.stdout.flush()

    def on_error(self, _bus, message):
        error, detail = message.parse_error()
        self.say(error=f"{error.message} {detail}")

    # ---- signalling ----

    def take(self, line):
        sdp = json.loads(line)["offer"]
        _, parsed = GstSdp.SDPMessage.new_from_text(sdp)
        offer = GstWebRTC.WebRTCSessionDescription.new(GstWebRTC.WebRTCSDPType.OFFER, parsed)
        promise = Gst.Promise.new_with_change_func(self.on_offer_taken)
        self.peer.emit("set-remote-description", offer, promise)

    def on_offer_taken(self, promise):
        if promise.wait() != Gst.PromiseResult.REPLIED:
            self.say(error="the offer was not taken")
            return
        self.peer.emit("create-answer", None, Gst.Promise.new_with_change_func(self.on_answer))

    def on_answer(self, promise):
        promise.wait()
        reply = promise.get_reply()
        answer = reply.get_value("answer") if reply is not None else None
        if answer is None:
            self.say(error=f"no answer: {reply.to_string() if reply is not None else None}")
            return
        self.peer.emit("set-local-description", answer, Gst.Promise.new())
        # The server asks for no candidates: it sees where our checks come from.
        self.say(answer=answer.sdp.as_text())

    # ---- media ----

    def on_pad(self, _peer, pad):
        if pad.get_direction() != Gst.PadDirection.SRC:
            return
        decoder = Gst.ElementFactory.make("decodebin")
        decoder.connect(
            "pad-added", self.on_decoded, pad.get_property("transceiver").get_property("mid")
        )
        self.pipeline.add(decoder)
        decoder.sync_state_with_parent()
        pad.link(decoder.get_static_pad("sink"))

    def on_decoded(self, _decoder, pad, mid):
        kind = pad.get_current_caps().get_structure(0).get_name().partition("/")[0]
        description = {
            "video": "queue ! videoconvert ! video/x-raw,format=I420 ! fakesink sync=false "
            "signal-handoffs=true name=end",
            "audio": "queue ! audioconvert ! fakesink sync=false signal-handoffs=true name=end",
        }[kind]
        end = Gst.parse_bin_from_description(description, True)
        end.get_by_name("end").connect("handoff", self.on_frame, kind, mid)
        self.pipeline.add(end)
        end.sync_state_with_parent()
        pad.link(end.get_static_pad("sink"))

    def on_frame(self, _end, buffer, pad, kind, mid):
        self.decoded[kind] += 1
        if kind == "video":
            shape = pad.get_current_caps().get_structure(0)
            width, height = shape.get_value("width"), shape.get_value("height")
            half = (width + 1) // 2 * ((height + 1) // 2)
            middle = width * (height // 2) + width // 2
            places = (middle, width * height + half // 2, width * height + half + half // 2)
            self.colours[mid] = [buffer.extract_dup(at, 1)[0] for at in places]

    def tell(self):
        self.say(**self.decoded, colours=self.colours)
        return True


def main():
    """Work until standard input ends."""
    Gst.init(None)
    program = Program(*sys.argv[1:2])
    GLib.timeout_add(200, program.tell)

    def read():
        for line in sys.stdin:
            GLib.idle_add(program.take, line)
        GLib.idle_add(program.loop.quit)

    threading.Thread(target=read, daemon=True).start()
    program.loop.run()
    program.pipeline.set_state(Gst.State.NULL)


if __name__ == "__main__":
    main()
