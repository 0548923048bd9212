"""What a participant's page sends: whether its role may, how often, and to whom it goes.

Whether it may come now is the policy's question.
"""

from __future__ import annotations

from signaling.audience import Listener
from signaling.connection import Connection
from signaling.counter import Counter
from signaling.ends import Close
from signaling.intents import event_of
from signaling.limits import TokenBucket
from signaling.place import Place
from signaling.precall import Precall
from signaling.protocol import down, up
from signaling.reports import Reports
from signaling.requests import Requests

_PRECALL = (up.Probe, up.AnswerProbe, up.EndProbe, up.Checked)


class Receiver:
    """Takes the messages of one page.

    Args:
        counter: what it is served from.
        connection: the page's.
        place: where it stands.
        precall: its pre-call check.
        requests: what takes time.
        listener: the participant, as the others know it.
    """

    def __init__(
        self,
        counter: Counter,
        connection: Connection,
        place: Place,
        precall: Precall,
        requests: Requests,
        listener: Listener,
    ) -> None:
        self._counter = counter
        self._connection = connection
        self._place = place
        self._precall = precall
        self._requests = requests
        self._listener = listener
        self.media_state: down.MediaStateOf | None = None
        """What the page said last of its microphone and camera."""
        limits, now_s = counter.limits, counter.clock.monotonic()
        self._deeds = TokenBucket(limits.deeds_per_s, limits.deeds_burst, now_s)
        self._chat = TokenBucket(limits.chat_per_s, limits.chat_burst, now_s)
        self._keys = TokenBucket(limits.keys_per_s, limits.keys_burst, now_s)
        self._reports = Reports(limits, now_s)
        self._restarts = TokenBucket(limits.restarts_per_s, limits.restarts_burst, now_s)
        self._renewals = TokenBucket(limits.renewals_per_s, limits.renewals_burst, now_s)

    def receive(self, message: up.Up) -> None:
        """Take a message of the page."""
        if self._place.role not in message.senders:
            self._connection.refuse("not_your_seat")
            return
        if isinstance(message, up.RestartMedia):
            self._connection.ping()  # an offer may take long; that it was heard the page shall know now
        if not self._may_trouble_media(message):
            return
        if isinstance(message, up.Answer | up.RestartMedia):
            self._pass_to_media(message)
        elif isinstance(message, up.MediaState):
            said = message.model_dump(exclude={"type"})
            self.media_state = down.MediaStateOf(seat=self._place.seat_id, **said)
            self._counter.audience.share(self._listener)
        elif isinstance(message, up.Key):
            self._pass_key(message.text)
        elif isinstance(message, up.Chat):
            self._write(message.text)
        elif isinstance(message, up.Report | up.Observed):
            self._observe(message)
        elif isinstance(message, _PRECALL):
            self._check(message)
        else:
            self._act(message)

    def _act(self, message: up.Up) -> None:
        """What may change something: each can be a line of the session's history."""
        if not self._deeds.take(self._counter.clock.monotonic()):
            self._connection.close(Close.TOO_MANY)
            return
        event = event_of(message, self._place.seat_id, self._place.connection_id)
        if event is not None:
            self._counter.host.post(self._place.session_id, event)
        else:
            self._requests.take(message)

    def _may_trouble_media(self, message: up.Up) -> bool:
        """False for a wish about the media connection that comes too soon after others; a page wishes again."""
        now_s = self._counter.clock.monotonic()
        if isinstance(message, up.RestartMedia):
            return self._restarts.take(now_s)
        # Another medium is a new connection for everybody.
        is_renewal = isinstance(message, up.RenewMedia | up.SwitchMedium)
        return not is_renewal or self._renewals.take(now_s)

    def _write(self, text: str) -> None:
        """Pass a line on, in memory only: what people write to each other is nobody else's (SAKAI 5-4)."""
        session, counter = self._place.session, self._counter
        if session is None or not self._place.is_talking:
            self._connection.refuse("not_connected")
        elif "chat" not in session.functions:
            self._connection.refuse("function_not_allowed")
        elif not self._chat.take(counter.clock.monotonic()):
            self._connection.refuse("too_many_messages")
        elif not counter.audience.pass_on(
            self._listener,
            line := down.ChatLine(seat=self._place.seat_id, text=text, at=counter.clock.now()),
        ):
            self._connection.refuse("nobody_reads")
        else:
            self._connection.tell(line)

    def _check(
        self,
        message: up.Probe | up.AnswerProbe | up.EndProbe | up.Checked,
    ) -> None:
        """The pre-call check: before one is let in, a line may be measured; what was found goes to the office."""
        clock = self._counter.clock
        if isinstance(message, up.Checked):
            if self._place.is_held and self._precall.note(message, clock.now(), clock.monotonic()):
                self._counter.audience.share_check(self._place.session_id)
        elif isinstance(message, up.EndProbe):
            self._precall.end()
        elif not self._place.may_probe:
            if isinstance(message, up.Probe):
                self._connection.refuse("probe_not_now")
        elif isinstance(message, up.AnswerProbe):
            self._precall.answer(message.sdp)
        elif not self._precall.begin(clock.monotonic()):
            self._connection.refuse("probe_full")

    def _pass_key(self, text: str) -> None:
        """To the others who are in; what comes too early, too late or too often is dropped: the pages begin anew."""
        counter = self._counter
        if self._place.is_in and self._keys.take(counter.clock.monotonic()):
            counter.audience.pass_key(
                self._listener, down.KeyOf(seat=self._place.seat_id, text=text)
            )

    def _observe(self, message: up.Report | up.Observed) -> None:
        """Evidence of who holds the seat; anybody else's, and what is too much, is dropped without a word."""
        if not self._place.is_held:
            return
        clock, reports = self._counter.clock, self._reports
        if isinstance(message, up.Report):
            sample = reports.sample(message, clock.now(), clock.monotonic())
            if sample is None:
                return
            self._counter.host.note_page(self._place.session_id, self._place.seat_id, sample)
            observed = reports.of_line(sample, self._place.seat_id, clock.monotonic())
        else:
            observed = reports.of_page(message, self._place.seat_id, clock.now(), clock.monotonic())
        if observed is not None:
            self._counter.host.post(self._place.session_id, observed)

    def _pass_to_media(self, message: up.Answer | up.RestartMedia) -> None:
        """Only the connection that holds the seat speaks for its media, and only of its present epoch."""
        place, seat = self._place, self._place.seat
        if seat is None or not place.is_held:
            self._connection.refuse("not_connected")
        elif seat.media_epoch != message.media_epoch or message.media_epoch == 0:
            return  # of an epoch that is over: the next offer is on its way
        elif isinstance(message, up.Answer):
            self._counter.host.answer(
                place.session_id, place.seat_id, message.media_epoch, message.sdp
            )
        else:
            self._counter.host.restart_media(place.session_id, place.seat_id, message.media_epoch)
