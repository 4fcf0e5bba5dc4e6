"""The JSON messages of a media stream, as the platform sends them.

Source: the published description of the stream's WebSocket. Numbers in them are texts, but for the media format's.
"""

from __future__ import annotations

from mockserver.sim.clock import iso
from mockserver.sim.errors import Problem
from mockserver.sim.events import Json
from mockserver.sim.sound import Format
from mockserver.sim.world import Leg

USER_ID = "6d0c3f8e-2b7a-4c15-9e64-0a5b8f1d7c23"
"""The account, the same in every world: nothing else in the interface names it."""

TOKEN = "x-telnyx-streaming-auth-token"


def connected(token: str | None) -> Json:
    """The first one. GUESS: where the token stands in it; it is documented that it does, and is a header too."""
    message: Json = {"event": "connected", "version": "1.0.0"}
    if token:
        message["connected"] = {TOKEN: token}
    return message


def start(stream_id: str, number: int, leg: Leg, sound: Format, parameters: dict[str, str]) -> Json:
    """What is streamed, and in which format."""
    about: Json = {
        "user_id": USER_ID,
        "call_control_id": leg.call_control_id,
        "call_session_id": leg.call_session_id,
        "from": leg.from_,
        "to": leg.to,
        "client_state": leg.client_state,
        "media_format": {"encoding": sound.encoding, "sample_rate": sound.sample_rate, "channels": 1},
    }
    if parameters:
        about["custom_parameters"] = parameters
    return {"event": "start", "sequence_number": str(number), "start": about, "stream_id": stream_id}


def media(stream_id: str, number: int, track: str, chunk: int, millis: int, payload: str) -> Json:
    """Twenty milliseconds of a track."""
    about = {"track": track, "chunk": str(chunk), "timestamp": str(millis), "payload": payload}
    return {"event": "media", "sequence_number": str(number), "media": about, "stream_id": stream_id}


def dtmf(stream_id: str, number: int, now: int, digit: str) -> Json:
    """A key that the person has pressed."""
    return {
        "event": "dtmf",
        "occurred_at": iso(now),
        "sequence_number": str(number),
        "dtmf": {"digit": digit},
        "stream_id": stream_id,
    }


def mark(stream_id: str, number: int, name: str) -> Json:
    """A mark of the application comes back."""
    return {"event": "mark", "sequence_number": str(number), "mark": {"name": name}, "stream_id": stream_id}


def stop(stream_id: str, number: int, leg: Leg) -> Json:
    """The last one."""
    about = {"user_id": USER_ID, "call_control_id": leg.call_control_id}
    return {"event": "stop", "sequence_number": str(number), "stop": about, "stream_id": stream_id}


def error(stream_id: str, problem: Problem, detail: str) -> Json:
    """Something that the application sent was no good. GUESS: the code is a number, the title in lower case with
    underscores."""
    about = {"code": int(problem.code), "title": problem.title.lower().replace(" ", "_"), "detail": detail}
    return {"event": "error", "payload": about, "stream_id": stream_id}
