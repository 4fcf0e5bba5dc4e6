"""What an application sends over the WebSocket of a media stream: media, marks, and the wish to be silent.

What is wrong with a message is told in an `error` message, and the stream goes on.

Sources: the published description of the WebSocket for the events, their limits and the codes of errors; GUESS: which
of the four codes is meant for what.
"""

from __future__ import annotations

import json
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mockserver.sim import errors, hearing, sound
from mockserver.sim import stream_messages as messages
from mockserver.sim.clock import SECOND
from mockserver.sim.errors import Problem
from mockserver.sim.events import Json
from mockserver.sim.simulation import Simulation
from mockserver.sim.world import Leg

if TYPE_CHECKING:
    from mockserver.sim.streams import Stream

SHORTEST, LONGEST = 0.02, 30.0
"""Seconds of audio in one message, documented."""


@dataclass(slots=True, eq=False)
class Wrong(Exception):
    """What is wrong with a message of the application."""

    problem: Problem
    detail: str


def receive(simulation: Simulation, stream: Stream, message: str | bytes) -> None:
    """Do what a message asks for, or tell the application why not."""
    try:
        event, body = _read(message)
        if event not in FROM_APPLICATION:
            raise Wrong(errors.STREAM_UNKNOWN_ERROR, f"There is no event {event[:40]!r} to send.")
        FROM_APPLICATION[event](simulation, stream, body)
    except Wrong as wrong:
        stream.send(messages.error(stream.id, wrong.problem, wrong.detail))


def _read(message: str | bytes) -> tuple[str, Json]:
    """The event of a message, and all of it."""
    malformed = errors.STREAM_MALFORMED_FRAME
    if isinstance(message, bytes):
        raise Wrong(malformed, "A message is a text, not bytes.")
    try:
        body = json.loads(message)
    except (ValueError, RecursionError):
        raise Wrong(malformed, "The message is not JSON.") from None
    event = body.get("event") if isinstance(body, dict) else None
    if not isinstance(event, str):
        raise Wrong(malformed, "A message is an object with an `event`.")
    return event, body


def _media(simulation: Simulation, stream: Stream, body: Json) -> None:
    """Audio to be heard, behind what waits already."""
    data, seconds = _sound_of(stream, body)
    now = simulation.now
    if stream.mode == "mp3":
        if stream.last_file_at is not None and now - stream.last_file_at < SECOND:
            raise Wrong(errors.STREAM_RATE_LIMIT, "One MP3 file a second can be sent.")
        stream.last_file_at = now
    if not stream.heard.has_room(now, seconds):
        raise Wrong(errors.STREAM_RATE_LIMIT, f"{hearing.MOST_WAITING // SECOND} seconds of audio wait already.")
    stream.heard.add(simulation, _targets(stream), data, seconds)


def _sound_of(stream: Stream, body: Json) -> tuple[bytes, float]:
    """The bytes of a media message, and how long they last. GUESS: an MP3 file may be as long as fits in the queue."""
    about = body.get("media")
    payload = about.get("payload") if isinstance(about, dict) else None
    if not isinstance(payload, str):
        raise Wrong(errors.STREAM_MALFORMED_FRAME, "The message has no media.payload.")
    try:
        data = b64decode(payload, validate=True)
    except (NotBase64, ValueError):
        raise Wrong(errors.STREAM_INVALID_MEDIA, "The payload is not Base64.") from None
    seconds = sound.seconds(stream.heard.sound, data)
    if seconds is None:
        raise Wrong(errors.STREAM_INVALID_MEDIA, f"The payload is not {stream.heard.sound.encoding}.")
    if stream.mode == "rtp" and not SHORTEST <= seconds <= LONGEST:
        text = f"The payload lasts {seconds:g} s, not between 20 ms and 30 s."
        raise Wrong(errors.STREAM_INVALID_MEDIA, text)
    return data, seconds


def _targets(stream: Stream) -> tuple[Leg, ...]:
    """Whose people hear it. GUESS: `opposite` of a leg that is not bridged is the person on that leg."""
    leg, other = stream.leg, stream.leg.bridged_with
    if other is None or stream.targets == "self":
        return (leg,)
    return (other,) if stream.targets == "opposite" else (leg, other)


def _mark(simulation: Simulation, stream: Stream, body: Json) -> None:
    about = body.get("mark")
    name = about.get("name") if isinstance(about, dict) else None
    if not isinstance(name, str):
        raise Wrong(errors.STREAM_MALFORMED_FRAME, "The message has no mark.name.")
    if len(stream.heard.marks) >= hearing.MOST_MARKS:
        raise Wrong(errors.STREAM_RATE_LIMIT, f"{hearing.MOST_MARKS:,} marks wait already.")
    stream.heard.mark(simulation, name)


def _clear(simulation: Simulation, stream: Stream, body: Json) -> None:
    for name in stream.heard.clear(simulation):
        stream.passed(simulation, name)


FROM_APPLICATION: Mapping[str, Callable[[Simulation, Stream, Json], None]] = {
    "media": _media,
    "mark": _mark,
    "clear": _clear,
}
