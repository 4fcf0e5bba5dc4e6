"""What was recorded, looked at and deleted: recordings of calls and of conferences, and the texts of recordings.

`Settings.ended_legs` bounds how many of either are kept; past it the oldest goes.

Sources: the published interface for objects, filters and errors, which have the HTTP status as their code.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from mockserver.sim import errors, listings
from mockserver.sim.clock import iso
from mockserver.sim.errors import Refusal
from mockserver.sim.events import Json
from mockserver.sim.filters import Filters, filtered, is_at
from mockserver.sim.kept_recordings import Origin, RecordingText, url
from mockserver.sim.recordings import Recording
from mockserver.sim.simulation import Simulation

Params = Mapping[str, str]


def _origin(recording: Recording) -> Origin:
    assert recording.origin is not None
    return recording.origin


RECORDINGS: Filters[Recording] = {
    "call_control_id": lambda recording, value: _origin(recording).call_control_id == value,
    "call_leg_id": lambda recording, value: _origin(recording).call_leg_id == value.lower(),
    "call_session_id": lambda recording, value: _origin(recording).call_session_id == value.lower(),
    "conference_id": lambda recording, value: _origin(recording).conference_id == value,
    "conference_region": lambda recording, value: (_origin(recording).conference_region or "").lower() == value.lower(),
    "connection_id": lambda recording, value: _origin(recording).connection_id == value,
    "from": lambda recording, value: _origin(recording).from_ == value,
    "to": lambda recording, value: _origin(recording).to == value,
    "sip_call_id": lambda recording, value: False,
    "start_time": lambda recording, bounds: is_at(recording.started_at, bounds),
    "end_time": lambda recording, bounds: is_at(recording.ended_at, bounds),
    "created_at": lambda recording, bounds: is_at(recording.saved_at, bounds),
}
"""The filters of the list of recordings. GUESS: `sip_call_id` finds nothing, since calls have none here."""

TEXTS: Filters[RecordingText] = {
    "recording_id": lambda text, value: text.recording_id == value.lower(),
    "created_at": lambda text, bounds: is_at(text.saved_at, bounds),
}

# Recordings ----------------------------------------------------------------------------------------------------------


def list_recordings(simulation: Simulation, params: Params, query: Json) -> Json:
    """`GET /recordings`, in pages by number. GUESS: the newest first. Refusals: 10031."""
    fits = filtered(RECORDINGS, query)
    found = [recording for recording in reversed(simulation.world.recordings.values()) if fits(recording)]
    return listings.numbered(found, query, lambda recording: recording_object(simulation, recording))


def retrieve_recording(simulation: Simulation, params: Params, query: Json) -> Json:
    """`GET /recordings/{recording_id}`. Refusals: 404."""
    return {"data": recording_object(simulation, _find(simulation, params["recording_id"]))}


def delete_recording(simulation: Simulation, params: Params, body: Json) -> Json:
    """`DELETE /recordings/{recording_id}`: it is listed no more, and its file is gone. Refusals: 404.

    GUESS: the text of a recording stays when the recording is deleted.
    """
    recording = _find(simulation, params["recording_id"])
    shown = recording_object(simulation, recording)
    del simulation.world.recordings[recording.id]
    return {"data": shown}


def delete_recordings(simulation: Simulation, params: Params, body: Json) -> Json:
    """`POST /recordings/actions/delete`: delete several. Refusals: 404.

    GUESS: where there is no such recording as one of `ids`, nothing is deleted.
    """
    for recording in {_find(simulation, each).id for each in body["ids"]}:
        del simulation.world.recordings[recording]
    return {"status": "ok"}


def recording_object(simulation: Simulation, recording: Recording) -> Json:
    """A recording as it is shown, with a URL that is good from now on.

    GUESS: that of a conference tells the leg that the conference was made of.
    """
    origin, started_at, ended_at = _origin(recording), recording.started_at, recording.ended_at
    assert started_at is not None
    assert ended_at is not None
    shown: Json = {
        "call_control_id": origin.call_control_id,
        "call_leg_id": origin.call_leg_id,
        "call_session_id": origin.call_session_id,
        "channels": recording.channels,
        "connection_id": origin.connection_id,
        "created_at": iso(recording.saved_at),
        "download_urls": {recording.format: url(simulation, recording)},
        "duration_millis": recording.millis,
        "from": origin.from_,
        "id": recording.id,
        "initiated_by": recording.initiated_by,
        "record_type": "recording",
        "recording_ended_at": iso(ended_at),
        "recording_started_at": iso(started_at),
        "source": "call" if origin.conference_id is None else "conference",
        "status": "completed",
        "to": origin.to,
        "updated_at": iso(recording.saved_at),
    }
    return shown if origin.conference_id is None else {**shown, "conference_id": origin.conference_id}


def _find(simulation: Simulation, recording_id: str) -> Recording:
    recording = simulation.world.recordings.get(recording_id)
    if recording is None:
        raise Refusal(errors.RECORDINGS_NOT_FOUND)
    return recording


# Texts of recordings -------------------------------------------------------------------------------------------------


def list_recording_transcriptions(simulation: Simulation, params: Params, query: Json) -> Json:
    """`GET /recording_transcriptions`: the texts, the newest first. Refusals: 10031.

    Pages are asked for by number, and told of by cursors. GUESS: the cursors are ids of the page, and numbers stand
    beside them, since the official SDK stops by those alone.
    """
    fits = filtered(TEXTS, query)
    found = [one for one in reversed(simulation.world.recording_texts.values()) if fits(one)]
    listed = listings.numbered(found, query, text_object)
    shown, numbers = listed["data"], listed["meta"]
    number, last = numbers["page_number"], numbers["total_pages"]
    meta: Json = {"cursors": {}, "page_number": number, "total_pages": last}
    if 1 < number <= last:
        meta["cursors"]["before"] = shown[0]["id"]
        meta["previous"] = _page(query, number - 1, numbers["page_size"])
    if number < last:
        meta["cursors"]["after"] = shown[-1]["id"]
        meta["next"] = _page(query, number + 1, numbers["page_size"])
    return {"data": shown, "meta": meta}


def retrieve_recording_transcription(simulation: Simulation, params: Params, query: Json) -> Json:
    """`GET /recording_transcriptions/{recording_transcription_id}`. Refusals: 404."""
    return {"data": text_object(_find_text(simulation, params))}


def delete_recording_transcription(simulation: Simulation, params: Params, body: Json) -> Json:
    """`DELETE /recording_transcriptions/{recording_transcription_id}`. Refusals: 404."""
    text = _find_text(simulation, params)
    del simulation.world.recording_texts[text.id]
    return {"data": text_object(text)}


def text_object(text: RecordingText) -> Json:
    """The text of a recording as it is shown; it is there once it is complete."""
    return {
        "created_at": iso(text.saved_at),
        "duration_millis": text.millis,
        "id": text.id,
        "record_type": "recording_transcription",
        "recording_id": text.recording_id,
        "status": "completed",
        "transcription_text": text.text,
        "updated_at": iso(text.saved_at),
    }


def _find_text(simulation: Simulation, params: Params) -> RecordingText:
    text = simulation.world.recording_texts.get(params["recording_transcription_id"])
    if text is None:
        raise Refusal(errors.RECORDINGS_NOT_FOUND)
    return text


def _page(query: Json, number: int, size: int) -> str:
    """Path and query of another page of the same list."""
    asked = {"filter": query.get("filter") or {}, "page": {"number": number, "size": size}}
    pairs = (f"{name}={_escaped(str(value))}" for name, value in _flat("", asked))
    return f"/v2/recording_transcriptions?{'&'.join(pairs)}"


def _flat(prefix: str, value: Json) -> list[tuple[str, object]]:
    """The parameters of an object in brackets: `filter[created_at][gte]`."""
    found: list[tuple[str, object]] = []
    for key, inner in value.items():
        name = f"{prefix}[{key}]" if prefix else key
        found += _flat(name, inner) if isinstance(inner, dict) else [(name, inner)]
    return found


def _escaped(text: str) -> str:
    return re.sub(rb"[^\w.~:-]", lambda found: b"%%%02X" % found[0][0], text.encode()).decode()
