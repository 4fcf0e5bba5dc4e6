"""Media streams: the audio of a leg goes to a WebSocket of the application, and what comes back is heard.

A stream sends a frame of every track each 20 ms of simulated time; `voices` tells what is in it. Frames are beats of
the timeline: a clock that skips passes them on the way to something, and an idle call does not run by itself. A frame
is not logged; what is heard of the application is, at its beginning and its end.

Sources: the published interface for the commands and webhooks, the published description of the WebSocket for messages.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from mockserver.sim import costs, errors, hearing, sound, stream_input, talking, timings, voices
from mockserver.sim import stream_messages as messages
from mockserver.sim.clock import SECOND
from mockserver.sim.errors import Refusal
from mockserver.sim.events import Json
from mockserver.sim.outside import Socket
from mockserver.sim.simulation import Simulation
from mockserver.sim.sound import Format
from mockserver.sim.states import STREAM, step
from mockserver.sim.timeline import Plan
from mockserver.sim.world import Leg

TRACKS = {"inbound_track": ("inbound",), "outbound_track": ("outbound",), "both_tracks": ("inbound", "outbound")}
FRAMES_AWAITED = 25
"""Every so many frames the application gets real time to catch up, so that a clock that skips is no faster than it."""

OF_ANSWER = (
    "send_silence_when_idle",
    "stream_auth_token",
    "stream_bidirectional_codec",
    "stream_bidirectional_mode",
    "stream_bidirectional_sampling_rate",
    "stream_bidirectional_target_legs",
    "stream_codec",
    "stream_establish_before_call_originate",
    "stream_track",
    "stream_url",
)
"""What dial and answer can say of a stream that begins with the answer."""


@dataclass(slots=True, eq=False)
class Stream:
    """A media stream of a leg: the listener at our end of its WebSocket."""

    id: str
    leg: Leg
    url: str
    track: str
    sound: Format
    mode: str
    targets: str
    token: str | None
    parameters: dict[str, str]
    heard: hearing.Hearing
    sends_silence: bool = False
    state: str = "connecting"
    socket: Socket | None = None
    number: int = 0
    frames: int = 0
    chunks: dict[str, int] = field(default_factory=dict)
    beat: Plan | None = None
    last_file_at: int | None = None

    def opened(self, simulation: Simulation) -> None:
        """The application has accepted: the stream begins, or waits for the answer of its leg."""
        if self.state == "over":
            return
        self.state = step(STREAM, self.state, "open")
        self.send(messages.connected(self.token))
        if self.leg.answered_at is not None:
            _begin(simulation, self)

    def received(self, simulation: Simulation, message: str | bytes) -> None:
        """The application has sent something: do it, or tell it what is wrong with it."""
        if self.state != "over":
            stream_input.receive(simulation, self, message)

    def closed(self, simulation: Simulation, problem: str) -> None:
        """The application has gone, or was never there. GUESS: one that goes ends the stream, and only that."""
        self.socket = None
        if self.state == "started":
            _end(simulation, self)
        elif self.state != "over":
            _fail(simulation, self, problem)

    def send(self, message: Json, awaited: bool = True) -> None:
        """Send a message, while there is somebody to send it to."""
        if self.socket is not None:
            self.socket.send(message, awaited)

    def passed(self, simulation: Simulation, mark: str) -> None:
        """What the application sent before a mark has been heard."""
        self.send(messages.mark(self.id, self.next_number(), mark))

    def fell_silent(self, simulation: Simulation) -> None:
        """What the application sent has all been heard."""
        talking.application_fell_silent(simulation, self.leg)

    def next_number(self) -> int:
        self.number += 1
        return self.number


# Commands of the application -----------------------------------------------------------------------------------------


def streaming_start(simulation: Simulation, leg: Leg, body: Json) -> Json:
    """`streaming_start`: send the audio of a leg to a WebSocket.

    Refusals: 90045 for a second stream; GUESS: and while the leg is forked, since one excludes the other. 10005 with
    Dialogflow, of which no connection exists here; 10004 without a URL; GUESS: 90046 for one that is not ws or wss.
    """
    if body.get("enable_dialogflow"):
        raise Refusal(errors.DIALOGFLOW_NOT_FOUND)
    url = body.get("stream_url") or ""
    if not url:
        raise Refusal(errors.MISSING_PARAMETER, parameter="stream_url")
    if not url.lower().startswith(("ws://", "wss://")):
        raise Refusal(errors.STREAMING_FAILED, at="/stream_url")
    if is_used(leg) or "fork" in (leg.running or {}):
        raise Refusal(errors.STREAMING_USED)
    stream = leg.stream = _new(simulation, leg, body)
    moment = max(simulation.now, leg.due_at) + round(timings.ACTIVITY_AFTER_COMMAND * SECOND)
    leg.plans["connects"] = simulation.at(moment, _connect, simulation, stream)
    return {"result": "ok"}


def streaming_stop(simulation: Simulation, leg: Leg, body: Json) -> Json:
    """`streaming_stop`: send no more. Refuses a leg without a stream (90048); GUESS: and one with another id."""
    stream = leg.stream
    if not is_used(leg) or (stream is not None and body.get("stream_id") not in (None, stream.id)):
        raise Refusal(errors.STREAMING_NOT_USED)
    if stream is not None:
        _end(simulation, stream)
    else:
        leg.options = {name: value for name, value in (leg.options or {}).items() if name != "stream_url"}
    return {"result": "ok"}


def is_used(leg: Leg) -> bool:
    """Is audio streamed, or is an answer under way that will let it be?"""
    return leg.stream is not None or (leg.state == "answering" and bool((leg.options or {}).get("stream_url")))


# What a call brings about --------------------------------------------------------------------------------------------


def before_dialling(simulation: Simulation, leg: Leg, body: Json) -> None:
    """`stream_establish_before_call_originate`. GUESS: a connection that is not there in time holds nothing up."""
    if body.get("stream_url") and body.get("stream_establish_before_call_originate"):
        leg.stream = _new(simulation, leg, body)
        _connect(simulation, leg.stream)


def of_answer(leg: Leg) -> Json:
    """What `call.answered` tells of a stream that begins with the answer."""
    options = leg.options or {}
    url = options.get("stream_url")
    return {"stream_url": url, "stream_track": options.get("stream_track", "inbound_track")} if url else {}


def on_answer(simulation: Simulation, leg: Leg) -> None:
    """`stream_url` of dial and answer: connect now, or begin if that was done before."""
    if leg.stream is not None:
        if leg.stream.state == "open":
            _begin(simulation, leg.stream)
        return
    options = leg.options or {}
    if options.get("stream_url") and not options.get("stream_establish_before_call_originate"):
        leg.stream = _new(simulation, leg, options)
        _connect(simulation, leg.stream)


def pressed(simulation: Simulation, leg: Leg, key: str) -> None:
    """The person has pressed a key."""
    stream = leg.stream
    if stream is not None and stream.state == "started":
        stream.send(messages.dtmf(stream.id, stream.next_number(), simulation.now, key))


def before_hangup(simulation: Simulation, leg: Leg) -> None:
    """A stream ends with its leg."""
    if leg.stream is not None:
        _end(simulation, leg.stream)


# The life of a stream ------------------------------------------------------------------------------------------------


def _new(simulation: Simulation, leg: Leg, body: Json) -> Stream:
    """A stream as a command wants it. GUESS: of `custom_parameters` with the same name the last one counts."""
    stream_id = simulation.ids.uuid()
    rate = body.get("stream_bidirectional_sampling_rate", 8_000)
    mode = body.get("stream_bidirectional_mode", "mp3")
    back = Format("MP3") if mode == "mp3" else _format(body.get("stream_bidirectional_codec", "PCMU"), rate)
    given = body.get("custom_parameters") or []
    stream = Stream(
        id=stream_id,
        leg=leg,
        url=body["stream_url"],
        track=body.get("stream_track", "inbound_track"),
        sound=_format(body.get("stream_codec", "default"), rate),
        mode=mode,
        targets=body.get("stream_bidirectional_target_legs", "opposite"),
        token=body.get("stream_auth_token"),
        parameters={str(each.get("name", "")): str(each.get("value", "")) for each in given},
        heard=hearing.Hearing(stream_id, back),
        sends_silence=bool(body.get("send_silence_when_idle")),
    )
    stream.heard.sender = stream
    return stream


def _format(codec: str, rate: int) -> Format:
    """GUESS: L16, OPUS and AMR-WB have the sampling rate of the other direction, as far as they have that one."""
    rates = {"L16": rate, "OPUS": 16_000 if rate == 16_000 else 8_000, "AMR-WB": 16_000}
    return Format("PCMU" if codec == "default" else codec, rates.get(codec, 8_000))


def _connect(simulation: Simulation, stream: Stream) -> None:
    stream.leg.plans.pop("connects", None)
    headers = {messages.TOKEN: stream.token} if stream.token else {}
    stream.socket = simulation.outside.connect(simulation, stream.url, headers, stream)


def _begin(simulation: Simulation, stream: Stream) -> None:
    leg = stream.leg
    stream.state = step(STREAM, stream.state, "start")
    costs.turn(simulation, leg, "streaming", 1)
    stream.send(messages.start(stream.id, stream.next_number(), leg, stream.sound, stream.parameters))
    # GUESS: `stream_id` in this webhook and the last one; the published ones have the URL alone
    simulation.emit("streaming.started", leg, stream_id=stream.id, stream_url=stream.url)
    stream.beat = simulation.beat(sound.FRAME, _frame, simulation, stream)
    talking.begin(simulation, leg)


def _frame(simulation: Simulation, stream: Stream) -> None:
    """One frame of every track. GUESS: the track to the person is silent without frames, unless
    `send_silence_when_idle` wants them."""
    stream.frames += 1
    stream.beat = simulation.beat(sound.FRAME, _frame, simulation, stream)
    began = simulation.now - sound.FRAME
    awaited = stream.frames % FRAMES_AWAITED == 0
    for track in TRACKS[stream.track]:
        if track == "inbound":
            pitch = voices.heard_from_person(stream.leg, began)
        else:
            pitch = voices.heard_by_person(simulation, stream.leg, began)
            if not pitch and not stream.sends_silence:
                continue
        chunk = stream.chunks[track] = stream.chunks.get(track, 0) + 1
        millis = (stream.frames - 1) * sound.FRAME // 1000
        payload = sound.frame(stream.sound, pitch)
        stream.send(messages.media(stream.id, stream.next_number(), track, chunk, millis, payload), awaited)


def _end(simulation: Simulation, stream: Stream) -> None:
    """A stream is over; one that never began leaves without a word."""
    leg, began = stream.leg, stream.state == "started"
    stream.state = step(STREAM, stream.state, "stop")
    _leave(simulation, stream)
    if began:
        costs.turn(simulation, leg, "streaming", -1)
        stream.send(messages.stop(stream.id, stream.next_number(), leg))
        talking.end(simulation, leg)
        simulation.emit("streaming.stopped", leg, stream_id=stream.id, stream_url=stream.url)
    if stream.socket is not None:
        stream.socket.close()
        stream.socket = None


def _fail(simulation: Simulation, stream: Stream, problem: str) -> None:
    """There is no connection. GUESS: the reason is always the published `connection_failed`; ours is a warning."""
    leg = stream.leg
    stream.state = step(STREAM, stream.state, "fail")
    _leave(simulation, stream)
    simulation.warn("streaming.failed", leg, f"{stream.url}: {problem}")
    if simulation.now < leg.due_at:  # nothing is told of a leg before its first webhook
        leg.plans["stream_failed"] = simulation.at(leg.due_at, _tell_failure, simulation, stream)
    else:
        _tell_failure(simulation, stream)


def _tell_failure(simulation: Simulation, stream: Stream) -> None:
    stream.leg.plans.pop("stream_failed", None)
    simulation.emit(
        "streaming.failed",
        stream.leg,
        failure_reason="connection_failed",
        stream_id=stream.id,
        stream_params={"stream_url": stream.url, "track": stream.track},
        stream_type="websocket",
    )


def _leave(simulation: Simulation, stream: Stream) -> None:
    """The leg has no stream any more, and nothing of it is to come."""
    stream.leg.stream = None
    simulation.timeline.cancel(stream.leg.plans.pop("connects", None))
    simulation.timeline.cancel(stream.beat)
    stream.heard.end(simulation)
