"""Recordings: start, stop, pause, resume, and from the answer on; what is kept of them, and where they can be fetched.

A recording is kept as facts (how long, how many channels, which format), never as sound: whoever fetches it is given a
file of that length. It is on its leg while it runs, and in the world once `call.recording.saved` has told of it.

Sources: the published interface for the commands; a recorded webhook for the fields that it lacks, and for the pace.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from mockserver.sim import errors, timings
from mockserver.sim.clock import SECOND, iso
from mockserver.sim.errors import Refusal
from mockserver.sim.events import Json
from mockserver.sim.simulation import Simulation
from mockserver.sim.timeline import Plan
from mockserver.sim.world import Leg

MOST_RUNNING = 20
"""How many recordings may run on a leg. GUESS: several are documented, a limit is not."""

MOST_UTTERANCES = 10_000
"""How much of what was said a recording remembers for its transcript."""


@dataclass(slots=True, eq=False)
class Recording:
    """What is known of a recording.

    `started_at` is None until the answer that it waits for; `since` is when it began to take in what is heard, None
    while it is paused or over; `recorded` is what it took in before, in microseconds. `expires` is in Unix seconds.
    """

    id: str
    name: str
    format: str
    channels: str
    track: str
    max_length: int
    timeout_secs: int
    transcription: bool
    signature: str
    started_at: int | None = None
    since: int | None = None
    recorded: int = 0
    ended_at: int | None = None
    expires: int = 0
    words: deque[str] = field(default_factory=lambda: deque(maxlen=MOST_UTTERANCES))
    limit: Plan | None = None
    silence: Plan | None = None

    @property
    def seconds(self) -> float:
        """The length of the sound of one that is over."""
        return self.recorded / SECOND


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
    _start(simulation, leg, _new(simulation, leg, "record_start", body, body.get("recording_track", "both")))
    return {"result": "ok"}


def record_stop(simulation: Simulation, leg: Leg, body: Json) -> Json:
    """`record_stop`: end one recording of a leg, or all; `call.recording.saved` follows.

    Refusals, of pause and resume too: 404, 10005, where no recording of that id runs on the leg. GUESS: without an id
    and with none running, each of the three is accepted and does nothing.
    """
    for recording in _meant(leg, body):
        _end(simulation, leg, recording)
    return {"result": "ok"}


def record_pause(simulation: Simulation, leg: Leg, body: Json) -> Json:
    """`record_pause`: leave out what is heard from now on."""
    for recording in _meant(leg, body):
        _pause(simulation, recording)
    return {"result": "ok"}


def record_resume(simulation: Simulation, leg: Leg, body: Json) -> Json:
    """`record_resume`: go on with what was paused."""
    for recording in _meant(leg, body):
        if recording.started_at is not None and recording.since is None:
            _take_in(simulation, leg, recording)
    return {"result": "ok"}


# What a call brings about --------------------------------------------------------------------------------------------


def from_answer(simulation: Simulation, leg: Leg, command: str, body: Json) -> str | None:
    """`record: record-from-answer` of a command: the id of the recording that begins with the answer, or None."""
    if body.get("record") != "record-from-answer":
        return None
    plain = {name.removeprefix("record_"): value for name, value in body.items() if name.startswith("record_")}
    recording = _new(simulation, leg, command, plain, plain.get("track", "both"))
    leg.recordings = (*leg.recordings, recording)
    return recording.id


def on_answer(simulation: Simulation, leg: Leg) -> None:
    """The recordings that waited for the answer begin."""
    waiting, leg.recordings = leg.recordings, ()
    for recording in waiting:
        _start(simulation, leg, recording)


def after_hangup(simulation: Simulation, leg: Leg) -> None:
    """Every recording ends with its leg."""
    for recording in leg.recordings:
        _end(simulation, leg, recording)


def hear(simulation: Simulation, leg: Leg, track: str, text: str) -> None:
    """Something was said on a leg, just now to its end: silence is counted from here."""
    for recording in leg.recordings:
        if recording.since is None or recording.track not in (track, "both"):
            continue
        if recording.transcription:
            recording.words.append(text)
        if recording.timeout_secs:
            simulation.timeline.cancel(recording.silence)
            recording.silence = simulation.after(recording.timeout_secs, _end, simulation, leg, recording)


# The life of a recording ---------------------------------------------------------------------------------------------


def _new(simulation: Simulation, leg: Leg, command: str, body: Json, track: str) -> Recording:
    """A recording as a command wants it. That of a single side has a single channel, documented."""
    if body.get("trim"):
        simulation.warn(command, leg, f"{command}: trim-silence is accepted and has no effect: the length stays")
    return Recording(
        id=simulation.ids.uuid(),
        name=body.get("custom_file_name") or leg.call_leg_id,
        format=body.get("format", "mp3"),
        channels=body.get("channels", "dual") if track == "both" else "single",
        track=track,
        max_length=body.get("max_length", 0),
        timeout_secs=body.get("timeout_secs", 0),
        transcription=bool(body.get("transcription")),
        signature=simulation.ids.uuid().replace("-", ""),
    )


def _start(simulation: Simulation, leg: Leg, recording: Recording) -> None:
    recording.started_at = simulation.now
    leg.recordings = (*leg.recordings, recording)
    _take_in(simulation, leg, recording)


def _take_in(simulation: Simulation, leg: Leg, recording: Recording) -> None:
    recording.since = simulation.now
    if recording.max_length:
        left = recording.max_length - recording.recorded / SECOND
        recording.limit = simulation.after(left, _end, simulation, leg, recording, backstop=True)


def _pause(simulation: Simulation, recording: Recording) -> None:
    if recording.since is None:
        return
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
    _pause(simulation, recording)
    recording.ended_at = simulation.now
    simulation.after(timings.RECORDING_SAVED_AFTER, _saved, simulation, leg, recording)


def _saved(simulation: Simulation, leg: Leg, recording: Recording) -> None:
    """GUESS: `end_time` of a leg that is still up is the recording's end; `flow_destination` is always the same."""
    started_at, ended_at = recording.started_at, recording.ended_at
    assert started_at is not None
    assert ended_at is not None
    recording.expires = simulation.now // SECOND + round(timings.RECORDING_URL_KEPT)
    _keep(simulation, recording)
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
        recording_urls={recording.format: _url(simulation, recording)},
        start_time=iso(leg.created_at),
    )
    if recording.transcription:
        simulation.after(timings.TRANSCRIPT_AFTER, _transcribed, simulation, leg, recording)


def _transcribed(simulation: Simulation, leg: Leg, recording: Recording) -> None:
    text = " ".join(recording.words)
    recording.words.clear()
    simulation.emit(
        "call.recording.transcription.saved",
        leg,
        recording_id=recording.id,
        recording_transcription_id=simulation.ids.uuid(),
        status="completed",
        transcription_text=text,
    )


# Small parts ---------------------------------------------------------------------------------------------------------


def _meant(leg: Leg, body: Json) -> tuple[Recording, ...]:
    """The recordings that a command is about: the one it names, or all of the leg."""
    wanted = body.get("recording_id")
    if wanted is None:
        return leg.recordings
    named = tuple(recording for recording in leg.recordings if recording.id == wanted)
    if not named:
        raise Refusal(errors.RECORDING_NOT_FOUND)
    return named


def _url(simulation: Simulation, recording: Recording) -> str:
    where = f"{simulation.world.settings.base_url}/_mock/recordings/{recording.id}.{recording.format}"
    return f"{where}?expires={recording.expires}&signature={recording.signature}"


def _keep(simulation: Simulation, recording: Recording) -> None:
    """Keep no more recordings than ended legs."""
    kept = simulation.world.recordings
    kept[recording.id] = recording
    while len(kept) > simulation.world.settings.ended_legs:
        kept.popitem(last=False)
