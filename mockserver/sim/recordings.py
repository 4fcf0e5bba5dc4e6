"""Recordings: start, stop, pause, resume, and from the answer on; `kept_recordings` has what is kept of them.

A recording is kept as facts (how long, how many channels, which format), never as sound: whoever fetches it is given a
file of that length. It is on its leg while it runs, and in the world once `call.recording.saved` has told of it.

Sources: the published interface for the commands; a recorded webhook for the fields that it lacks, and for the pace.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from mockserver.sim import costs, errors, timings
from mockserver.sim.clock import SECOND, iso
from mockserver.sim.errors import Refusal
from mockserver.sim.events import Json
from mockserver.sim.kept_recordings import Origin, RecordingText, keep, keep_text, url
from mockserver.sim.simulation import Simulation
from mockserver.sim.timeline import Plan
from mockserver.sim.world import Leg

MOST_RUNNING = 20
"""How many recordings may run on a leg. GUESS: several are documented, a limit is not."""

BY_COMMAND, BY_CALLING, BY_CONFERENCE = "StartCallRecordingAPI", "OutboundAPI", "StartConferenceRecordingAPI"
"""What begins a recording, in published words. GUESS: `OutboundAPI` is `record` of dial and transfer; that of answer
and bridge is told like `record_start`."""

MOST_UTTERANCES = 10_000
"""How much of what was said a recording remembers for its transcript, and how many stretches of sound when trimmed."""


PROBLEMS = (
    "Failed to authorize with storage using custom credentials",
    "Internal server error",
    "Invalid credentials json",
    "Unsupported backend",
)
"""Why a recording may not be kept, as published."""


@dataclass(slots=True, eq=False)
class Recording:
    """What is known of a recording.

    `started_at` is None until the answer that it waits for; `since` is when it began to take in what is heard, None
    while it is paused or over; `recorded` is what it took in before, in microseconds. `secret` signs its URLs.
    `problem` is why it cannot be kept, if so. With `trim` only `sounds` is left of it: from when until when there was
    something to hear. `initiated_by` is what began it, in the platform's words; `origin` and `saved_at` are known once
    it is kept.
    """

    id: str
    name: str
    format: str
    channels: str
    track: str
    max_length: int
    timeout_secs: int
    transcription: bool
    secret: str
    trim: bool = False
    problem: str = ""
    started_at: int | None = None
    since: int | None = None
    recorded: int = 0
    ended_at: int | None = None
    initiated_by: str = ""
    origin: Origin | None = None
    saved_at: int = 0
    words: deque[str] = field(default_factory=lambda: deque(maxlen=MOST_UTTERANCES))
    sounds: deque[tuple[int, int]] = field(default_factory=lambda: deque(maxlen=MOST_UTTERANCES))
    limit: Plan | None = None
    silence: Plan | None = None

    @property
    def seconds(self) -> float:
        """The length of the sound of one that is over."""
        return self.recorded / SECOND

    @property
    def millis(self) -> int:
        """The same as published, in 32 bits."""
        return min(self.recorded // 1000, 2**31 - 1)

    def sounded(self, track: str, begins: int, ends: int) -> None:
        """Take in a stretch of sound that ends no earlier than those before; those that it touches become one."""
        if not self.trim or self.since is None or self.track not in (track, "both"):
            return
        begins = max(begins, self.since)
        while self.sounds and self.sounds[-1][1] >= begins:
            begins = min(begins, self.sounds.pop()[0])
        self.sounds.append((begins, ends))


# Commands of the application -----------------------------------------------------------------------------------------


def record_start(simulation: Simulation, leg: Leg, body: Json) -> Json:
    """`record_start`: record what is heard on a leg; several recordings may run.

    Refusals: 90020 before there is sound, that is between answer and `call.answered` (GUESS: documented without saying
    when), 90053 with `timeout_secs` while the leg is transcribed.
    """
    if leg.state == "answering":
        raise Refusal(errors.NO_AUDIO_YET)
    if body.get("timeout_secs") and leg.transcription is not None:
        raise Refusal(errors.RECORDING_WHILE_TRANSCRIBING)
    if len(leg.recordings) >= MOST_RUNNING:
        raise Refusal(errors.UNPROCESSABLE, reason=f"{MOST_RUNNING} recordings run on this call already.")
    recording = _new(simulation, leg, body, body.get("recording_track", "both"))
    recording.initiated_by = BY_COMMAND
    _start(simulation, leg, recording)
    return {"result": "ok"}


def record_stop(simulation: Simulation, leg: Leg, body: Json) -> Json:
    """`record_stop`: end one recording of a leg, or all; `call.recording.saved` follows.

    Refusals, of pause and resume too: 404, 10005, where no recording of that id runs on the leg. GUESS: without an id
    and with none running, each of the three is accepted and does nothing.
    """
    for recording in meant(leg.recordings, body):
        _end(simulation, leg, recording)
    return {"result": "ok"}


def record_pause(simulation: Simulation, leg: Leg, body: Json) -> Json:
    """`record_pause`: leave out what is heard from now on."""
    for recording in meant(leg.recordings, body):
        _pause(simulation, leg, recording)
    return {"result": "ok"}


def record_resume(simulation: Simulation, leg: Leg, body: Json) -> Json:
    """`record_resume`: go on with what was paused."""
    for recording in meant(leg.recordings, body):
        if recording.started_at is not None and recording.since is None:
            _take_in(simulation, leg, recording)
    return {"result": "ok"}


# What a call brings about --------------------------------------------------------------------------------------------


def from_answer(simulation: Simulation, leg: Leg, body: Json) -> str | None:
    """`record: record-from-answer` of a command: the id of the recording that begins with the answer, or None."""
    recording = _wanted(simulation, leg, body)
    if recording is None:
        return None
    leg.recordings = (*leg.recordings, recording)
    return recording.id


def from_now(simulation: Simulation, leg: Leg, body: Json) -> None:
    """`record: record-from-answer` of a bridge that has come about. One too many is a warning."""
    recording = _wanted(simulation, leg, body)
    if recording is None:
        return
    if len(leg.recordings) < MOST_RUNNING:
        _start(simulation, leg, recording)
    else:
        simulation.warn("bridge", leg, f"{MOST_RUNNING} recordings run on this call already: no further one begins")


def on_answer(simulation: Simulation, leg: Leg) -> None:
    """The recordings that waited for the answer begin."""
    waiting, leg.recordings = leg.recordings, ()
    for recording in waiting:
        _start(simulation, leg, recording)


def after_hangup(simulation: Simulation, leg: Leg) -> None:
    """Every recording ends with its leg."""
    for recording in leg.recordings:
        _end(simulation, leg, recording)


def sounded(simulation: Simulation, leg: Leg, track: str, since: int) -> None:
    """There was something to hear on a leg, from `since` until now."""
    for recording in leg.recordings:
        recording.sounded(track, since, simulation.now)


def hear(simulation: Simulation, leg: Leg, track: str, text: str) -> None:
    """Something was said on a leg, just now to its end: silence is counted from here."""
    sounded(simulation, leg, track, simulation.now - round(timings.speech(text) * SECOND))
    for recording in leg.recordings:
        if recording.since is None or recording.track not in (track, "both"):
            continue
        if recording.transcription:
            recording.words.append(text)
        if recording.timeout_secs:
            simulation.timeline.cancel(recording.silence)
            recording.silence = simulation.after(recording.timeout_secs, _end, simulation, leg, recording)


# The life of a recording ---------------------------------------------------------------------------------------------


def _wanted(simulation: Simulation, leg: Leg, body: Json) -> Recording | None:
    """The recording that a command wants besides what else it does."""
    if body.get("record") != "record-from-answer":
        return None
    plain = {name.removeprefix("record_"): value for name, value in body.items() if name.startswith("record_")}
    recording = _new(simulation, leg, plain, plain.get("track", "both"))
    recording.initiated_by = BY_CALLING if leg.direction == "outgoing" and leg.answered_at is None else BY_COMMAND
    return recording


def _new(simulation: Simulation, leg: Leg, body: Json, track: str) -> Recording:
    """A recording as a command wants it. That of a single side has a single channel, documented."""
    return Recording(
        id=simulation.ids.uuid(),
        name=body.get("custom_file_name") or leg.call_leg_id,
        format=body.get("format", "mp3"),
        channels=body.get("channels", "dual") if track == "both" else "single",
        track=track,
        max_length=body.get("max_length", 0),
        timeout_secs=body.get("timeout_secs", 0),
        transcription=bool(body.get("transcription")),
        secret=simulation.ids.uuid().replace("-", ""),
        trim=body.get("trim") == "trim-silence",
    )


def _start(simulation: Simulation, leg: Leg, recording: Recording) -> None:
    world = simulation.world
    world.recordings_begun += 1
    recording.problem = world.failing_recordings.pop(world.recordings_begun, "")
    recording.started_at = simulation.now
    leg.recordings = (*leg.recordings, recording)
    _take_in(simulation, leg, recording)


def _take_in(simulation: Simulation, leg: Leg, recording: Recording) -> None:
    recording.since = simulation.now
    costs.turn(simulation, leg, "recording", 1)
    if recording.max_length:
        left = recording.max_length - recording.recorded / SECOND
        recording.limit = simulation.after(left, _end, simulation, leg, recording, backstop=True)


def _pause(simulation: Simulation, leg: Leg, recording: Recording) -> None:
    if recording.since is None:
        return
    playing = leg.playing.current if leg.playing is not None else None
    if playing is not None and playing.begun:
        recording.sounded("outbound", playing.begun_at, simulation.now)
    costs.turn(simulation, leg, "recording", -1)
    recording.recorded += simulation.now - recording.since
    recording.since = None
    for plan in (recording.limit, recording.silence):
        simulation.timeline.cancel(plan)
    recording.limit = recording.silence = None


def _end(simulation: Simulation, leg: Leg, recording: Recording) -> None:
    """A recording is over; one that never began leaves nothing behind."""
    leg.recordings = tuple(other for other in leg.recordings if other is not recording)
    if recording.started_at is None:
        return
    _pause(simulation, leg, recording)
    if recording.trim:  # GUESS: silence of any length is left out; the platform's threshold is not published
        recording.recorded = sum(ends - begins for begins, ends in recording.sounds)
    recording.ended_at = simulation.now
    simulation.after(timings.RECORDING_SAVED_AFTER, _saved, simulation, leg, recording)


def _saved(simulation: Simulation, leg: Leg, recording: Recording) -> None:
    """A recording is kept and told of, or cannot be kept and that is told, in the words that a scenario chose.

    GUESS: `end_time` of a leg that is still up is the recording's end; `flow_destination` is always the same. GUESS:
    `call.recording.error` comes in place of `call.recording.saved`: of it only the reasons are published.
    """
    if recording.problem:
        simulation.emit("call.recording.error", leg, reason=recording.problem)
        return
    started_at, ended_at = recording.started_at, recording.ended_at
    assert started_at is not None
    assert ended_at is not None
    keep(simulation, recording, Origin.of(leg))
    simulation.emit(
        "call.recording.saved",
        leg,
        channels=recording.channels,
        end_time=iso(leg.ended_at or ended_at),
        flow_destination="telnyx_number_cc_app",
        format=recording.format,
        public_recording_urls={},
        recording_ended_at=iso(ended_at),
        recording_id=recording.id,
        recording_started_at=iso(started_at),
        recording_urls={recording.format: url(simulation, recording)},
        start_time=iso(leg.created_at),
    )
    if recording.transcription:
        simulation.after(timings.TRANSCRIPT_AFTER, _transcribed, simulation, leg, recording)


def _transcribed(simulation: Simulation, leg: Leg, recording: Recording) -> None:
    text = " ".join(recording.words)
    recording.words.clear()
    kept = RecordingText(simulation.ids.uuid(), recording.id, text, recording.millis, simulation.now)
    keep_text(simulation, kept)
    simulation.emit(
        "call.recording.transcription.saved",
        leg,
        recording_id=recording.id,
        recording_transcription_id=kept.id,
        status="completed",
        transcription_text=text,
    )


# Small parts ---------------------------------------------------------------------------------------------------------


def meant(running: tuple[Recording, ...], body: Json) -> tuple[Recording, ...]:
    """Those of the running recordings that a command is about: the one it names, or all."""
    wanted = body.get("recording_id")
    if wanted is None:
        return running
    named = tuple(recording for recording in running if recording.id == wanted)
    if not named:
        raise Refusal(errors.RECORDING_NOT_FOUND)
    return named
