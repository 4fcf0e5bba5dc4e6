"""`/_mock/recordings`: the files that the URLs of `call.recording.saved` lead to.

They are made while they are sent and never stored: a quiet tone for each side in a WAV, silence in an MP3, of the
length and with the channels of the recording. What storage behind signed URLs does is done here: a URL is good for
ten minutes of simulated time, needs no credentials, and refuses a request that brings some. A part of a file can be
had, and one that somebody has already is not sent again.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from hmac import compare_digest
from math import pi, sin
from struct import pack
from time import perf_counter
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from mockserver.http.edge import Exchange, Watch, below, request_id
from mockserver.sim.clock import SECOND
from mockserver.sim.kept_recordings import signature
from mockserver.sim.recordings import Recording
from mockserver.worlds import World, Worlds

RATE = 8_000
"""Samples a second, as on a telephone line."""

PITCHES = {"inbound": 400, "outbound": 500}
"""The tone of each side, in Hz; a hundredth of a second holds whole periods of both."""

LOUDNESS = 1_000
"""Of 32,767: quiet."""

WAV_LIMIT = 0xFFFF_FF00
"""What a WAV's header can say of its size, in bytes."""

MP3_FRAME_SECONDS = 0.024
MP3_FRAMES = {
    "single": b"\xff\xfb\x14\xc0".ljust(96, b"\0"),
    "dual": b"\xff\xfb\x14\x00".ljust(96, b"\0"),
}
"""A frame of silence: MPEG-1 Layer III, 32 kbit/s, 48 kHz; no side information, so no sound."""

CHUNK = 65_536


@dataclass(frozen=True, slots=True)
class Sound:
    """A file: what it begins with, a block that is repeated, and the size of all."""

    head: bytes
    block: bytes
    size: int
    media_type: str

    async def chunks(self, part: range | None = None) -> AsyncIterator[bytes]:
        """The file, or the bytes of one part of it, in pieces."""
        part = range(self.size) if part is None else part
        if part.start < len(self.head):
            yield self.head[part.start : part.stop]
        position = max(part.start, len(self.head))
        piece = self.block * max(1, CHUNK // len(self.block))
        while position < part.stop:
            within = (position - len(self.head)) % len(self.block)
            chunk = piece[within : within + part.stop - position]
            yield chunk
            position += len(chunk)


def sound(recording: Recording) -> Sound:
    """The file of a recording."""
    return (_wav if recording.format == "wav" else _mp3)(recording)


def _wav(recording: Recording) -> Sound:
    sides = ["inbound", "outbound"] if recording.track == "both" else [recording.track]
    channels = [[side] for side in sides] if recording.channels == "dual" else [sides]
    width = 2 * len(channels)
    size = min(round(recording.seconds * RATE) * width, WAV_LIMIT // width * width)
    block = b"".join(pack("<h", _sample(heard, at)) for at in range(RATE // 100) for heard in channels)
    header = pack("<HHIIHH", 1, len(channels), RATE, RATE * width, width, 16)
    head = b"RIFF" + pack("<I", 36 + size) + b"WAVEfmt " + pack("<I", 16) + header + b"data" + pack("<I", size)
    return Sound(head, block, len(head) + size, "audio/wav")


def _sample(sides: list[str], at: int) -> int:
    return round(sum(LOUDNESS * sin(2 * pi * PITCHES[side] * at / RATE) for side in sides))


def _mp3(recording: Recording) -> Sound:
    frame = MP3_FRAMES[recording.channels]
    return Sound(b"", frame, len(frame) * round(recording.seconds / MP3_FRAME_SECONDS), "audio/mpeg")


@dataclass(slots=True, eq=False)
class Refused(Exception):
    """Why a file is not given away."""

    status: int
    code: str
    message: str
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Recordings:
    """The ASGI application of `/_mock/recordings`."""

    worlds: Worlds
    watch: Watch

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = perf_counter()
        request = Request(scope, receive)
        problems: tuple[str, ...] = ()
        try:
            response = self._answer(request)
        except Refused as refused:
            problems = (f"{refused.code}: {refused.message}",)
            response = _refusal(refused)
        response.headers["x-request-id"] = request_id()
        await response(scope, receive, send)
        millis = (perf_counter() - began) * 1000
        path = scope["path"]
        self.watch(Exchange(request.method, path, "recording", None, response.status_code, millis, problems))

    def _answer(self, request: Request) -> Response:
        """GUESS: what is refused, and how, is as at the usual storage behind signed URLs, in our words."""
        if request.method not in ("GET", "HEAD"):
            raise Refused(405, "MethodNotAllowed", "A recording can be fetched with GET and HEAD.")
        query = parse_qs(request.url.query)
        given, expires = query.get("signature", [""])[0], query.get("expires", [""])[0]
        world, recording = self._find(below(request.scope).strip("/"))
        if "authorization" in request.headers:
            message = "The URL is signed already: send it without an Authorization header."
            raise Refused(400, "InvalidArgument", message)
        if not compare_digest(given.encode(), signature(recording, expires).encode()):
            raise Refused(403, "SignatureDoesNotMatch", "The URL is not the one that was given out.")
        world.driver.catch_up()
        if world.simulation.now > int(expires) * SECOND:
            raise Refused(403, "AccessDenied", "The URL has expired: it is good for ten minutes.")
        return _file(recording, request)

    def _find(self, name: str) -> tuple[World, Recording]:
        """The recording that a file name stands for, and its world; credentials, which would tell it, are refused."""
        for world in self.worlds.all():
            recording = world.simulation.world.recordings.get(name.rpartition(".")[0])
            if recording is not None and name == f"{recording.id}.{recording.format}":
                return world, recording
        raise Refused(404, "NoSuchKey", "There is no such recording, or none any more.")


def _file(recording: Recording, request: Request) -> Response:
    """The whole file, a part of it (206), or word that it is the one that is known (304). Raises `Refused` (416)."""
    file = sound(recording)
    tag = f'"{recording.id}"'
    started = (recording.started_at or 0) // SECOND
    name = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in recording.name)
    headers = {
        "content-length": str(file.size),
        "content-disposition": f'attachment; filename="{name}-{started}.{recording.format}"',
        "accept-ranges": "bytes",
        "etag": tag,
    }
    known = [each.strip().removeprefix("W/") for each in request.headers.get("if-none-match", "").split(",")]
    if tag in known or "*" in known:
        return Response(status_code=304, headers={"etag": tag})
    if request.method == "HEAD":
        return Response(b"", headers=headers, media_type=file.media_type)
    wanted = request.headers.get("range", "") if request.headers.get("if-range", tag) == tag else ""
    part = _part(wanted, file.size)
    if part is None:
        return StreamingResponse(file.chunks(), headers=headers, media_type=file.media_type)
    headers["content-range"] = f"bytes {part.start}-{part.stop - 1}/{file.size}"
    headers["content-length"] = str(len(part))
    return StreamingResponse(file.chunks(part), 206, headers=headers, media_type=file.media_type)


ONE_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII | re.IGNORECASE)


def _part(wanted: str, size: int) -> range | None:
    """The bytes that a Range header asks for; None for all, also where it asks for several parts or says nothing.

    Raises `Refused` (416) for bytes that are not there.
    """
    found = ONE_RANGE.fullmatch(wanted.strip())
    if found is None or found[1] + found[2] == "" or (found[1] and found[2] and int(found[1]) > int(found[2])):
        return None
    first, last = found.groups()
    if first:
        part = range(int(first), min(int(last) + 1, size) if last else size)
    else:
        part = range(max(0, size - int(last)), size)
    if not part:
        raise Refused(416, "InvalidRange", "The file has no such bytes.", {"content-range": f"bytes */{size}"})
    return part


def _refusal(refused: Refused) -> Response:
    from xml.sax.saxutils import escape

    text = f"<Error><Code>{refused.code}</Code><Message>{escape(refused.message)}</Message></Error>\n"
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n{text}'
    return Response(body, refused.status, refused.headers, media_type="application/xml")
