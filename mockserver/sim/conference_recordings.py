"""Recordings of a conference: start, stop, pause, resume. They are kept and fetched like those of a call.

Sources: the published interface for the commands and for `conference.recording.saved`.
"""

from __future__ import annotations

from collections.abc import Mapping

from mockserver.sim import errors, recordings, timings
from mockserver.sim.clock import iso
from mockserver.sim.conferences import Conference, find_active, tell
from mockserver.sim.errors import Refusal
from mockserver.sim.events import Json
from mockserver.sim.kept_recordings import Origin, keep, url
from mockserver.sim.recordings import MOST_RUNNING, Recording
from mockserver.sim.simulation import Simulation

Params = Mapping[str, str]

OK: Json = {"data": {"result": "ok"}}


def record_start(simulation: Simulation, params: Params, body: Json) -> Json:
    """`record_start`: record all that is said to all, and what is played to all; several recordings may run."""
    conference = find_active(simulation, params["id"])
    if len(conference.recordings) >= MOST_RUNNING:
        raise Refusal(errors.UNPROCESSABLE, reason=f"{MOST_RUNNING} recordings run in this conference already.")
    recording = Recording(
        id=simulation.ids.uuid(),
        name=body.get("custom_file_name") or conference.id,
        format=body["format"],
        channels=body.get("channels", "single"),
        track="both",
        max_length=0,
        timeout_secs=0,
        transcription=False,
        secret=simulation.ids.uuid().replace("-", ""),
        trim=body.get("trim") == "trim-silence",
        started_at=simulation.now,
        since=simulation.now,
        initiated_by=recordings.BY_CONFERENCE,
    )
    conference.recordings = (*conference.recordings, recording)
    return OK


def record_stop(simulation: Simulation, params: Params, body: Json) -> Json:
    """`record_stop`: end one recording, or all; `conference.recording.saved` follows.

    GUESS: its `client_state` is for the leg that the conference was made of, whose state the webhooks carry.

    Refusals, of pause and resume too: 404, 10005, where no recording of that id runs. GUESS: without an id and with
    none running, each of the three is accepted and does nothing.
    """
    conference = find_active(simulation, params["id"])
    ended = recordings.meant(conference.recordings, body)
    conference.creator.client_state = body.get("client_state", conference.creator.client_state)
    for recording in ended:
        _end(simulation, conference, recording)
    return OK


def record_pause(simulation: Simulation, params: Params, body: Json) -> Json:
    """`record_pause`: leave out what follows."""
    for recording in recordings.meant(find_active(simulation, params["id"]).recordings, body):
        _pause(simulation, recording)
    return OK


def record_resume(simulation: Simulation, params: Params, body: Json) -> Json:
    """`record_resume`: go on with what was paused."""
    for recording in recordings.meant(find_active(simulation, params["id"]).recordings, body):
        if recording.since is None:
            recording.since = simulation.now
    return OK


def end_all(simulation: Simulation, conference: Conference) -> None:
    """Every recording ends with its conference."""
    for recording in conference.recordings:
        _end(simulation, conference, recording)


def _pause(simulation: Simulation, recording: Recording) -> None:
    if recording.since is not None:
        recording.recorded += simulation.now - recording.since
        recording.since = None


def _end(simulation: Simulation, conference: Conference, recording: Recording) -> None:
    conference.recordings = tuple(other for other in conference.recordings if other is not recording)
    _pause(simulation, recording)
    if recording.trim:
        recording.recorded = sum(ends - begins for begins, ends in recording.sounds)
    recording.ended_at = simulation.now
    simulation.after(timings.RECORDING_SAVED_AFTER, _saved, simulation, conference, recording)


def _saved(simulation: Simulation, conference: Conference, recording: Recording) -> None:
    started_at, ended_at = recording.started_at, recording.ended_at
    assert started_at is not None
    assert ended_at is not None
    keep(simulation, recording, Origin.of(conference.creator, conference.id, conference.region))
    tell(
        simulation,
        "conference.recording.saved",
        conference,
        "call_leg_id",
        channels=recording.channels,
        format=recording.format,
        public_recording_urls={},
        recording_ended_at=iso(ended_at),
        recording_id=recording.id,
        recording_started_at=iso(started_at),
        recording_urls={recording.format: url(simulation, recording)},
    )
