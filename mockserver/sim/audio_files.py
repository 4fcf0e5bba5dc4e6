"""Audio files: how long they are, and what becomes of one that cannot be had.

A scenario may say it of any file. Otherwise a world that is told to (`Settings.fetch_audio`) asks for the file and
reads its length from its bytes, and any other takes every file for one of `timings.AUDIO`. Only lengths are kept.

Sources: the published interface for `cache_audio` and for what a playback that failed looks like; the formats' own
descriptions for their lengths.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from struct import error as struct_error
from struct import unpack_from
from typing import TYPE_CHECKING

from mockserver.sim import timings
from mockserver.sim.outside import Ask, Reply
from mockserver.sim.people import matches

if TYPE_CHECKING:
    from mockserver.sim.simulation import Simulation

PROBLEMS = {"not_found": "file_not_found", "failed": "failed"}
"""What a scenario may say is wrong with a file, and the status with which playing it ends."""

MOST_LENGTHS = 1_000
"""How many URLs' lengths a world remembers."""

BYTES_PER_SECOND = 16_000
"""128 kbit/s, for audio that came along and whose bytes tell no length."""


@dataclass(frozen=True, slots=True)
class Sound:
    """A file as whoever plays it finds it: its length in seconds, or another `status` and why, and no length."""

    seconds: float = timings.AUDIO
    status: str = "completed"
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """What is said of files whose `url` or `media` name is the given one, or fits it if there is a `*` in it.

    They last so many `seconds`, or have a `problem` (one of `PROBLEMS`), or else are fetched if `fetch` says so.
    """

    url: str = ""
    media: str = ""
    seconds: float | None = None
    problem: str = ""
    fetch: bool = False

    def fits(self, url: str, media: str) -> bool:
        return bool(url and self.url and matches(self.url, url)) or bool(
            media and self.media and matches(self.media, media)
        )


Then = Callable[[Sound], None]


def look(simulation: Simulation, url: str, media: str, then: Then, fresh: bool = False) -> None:
    """Find out about the file of a URL or a media name, and call `then` with it: at once unless it has to be fetched.

    Then it is called at the time that it is when the file has come. Nobody is asked twice for the same file, unless it
    is wanted `fresh`, or could not be had.
    """
    world = simulation.world
    otherwise = Said(fetch=world.settings.fetch_audio)
    said = next((said for said in world.audio if said.fits(url, media)), otherwise)
    if said.problem:
        then(_failed(PROBLEMS[said.problem], url or media, 404 if said.problem == "not_found" else 500))
    elif said.seconds is not None:
        then(Sound(said.seconds))
    elif not (said.fetch and url):
        then(Sound())
    elif fresh:
        simulation.outside.ask(simulation, Ask(url), partial(_arrived, simulation, url, [then]))
    elif url in world.audio_lengths:
        then(Sound(world.audio_lengths[url]))
    else:
        _ask_once(simulation, url, then)


def seconds(sound: bytes) -> float | None:
    """The length of a file by its bytes, or None if it is neither a WAV nor an MP3."""
    length = wav_seconds(sound)
    return mp3_seconds(sound) if length is None else length


def _ask_once(simulation: Simulation, url: str, then: Then) -> None:
    """Ask for a file, unless somebody waits for it already."""
    waiting = simulation.world.audio_awaited.setdefault(url, [])
    waiting.append(then)
    if len(waiting) == 1:
        simulation.outside.ask(simulation, Ask(url), partial(_arrived, simulation, url, waiting))


def _arrived(simulation: Simulation, url: str, waiting: list[Then], reply: Reply) -> None:
    world = simulation.world
    if world.audio_awaited.get(url) is waiting:
        del world.audio_awaited[url]
    found = _found(simulation, url, reply)
    if found.status == "completed":
        world.audio_lengths[url] = found.seconds
        if len(world.audio_lengths) > MOST_LENGTHS:
            world.audio_lengths.popitem(last=False)
    for then in waiting:
        then(found)


def _found(simulation: Simulation, url: str, reply: Reply) -> Sound:
    """GUESS: 404 is `file_not_found`, anything else `failed`: both are published without a word on which is which."""
    if not reply.is_success:
        return _failed("file_not_found" if reply.status == 404 else "failed", url, reply.status, reply.problem)
    length = seconds(reply.body)
    if length is None:
        text = f"{url} is neither a WAV nor an MP3 that can be read: it is taken for {timings.AUDIO:g} s of sound"
        simulation.warn("audio", None, text)
        return Sound()
    return Sound(length)


def _failed(status: str, what: str, code: int, problem: str = "") -> Sound:
    """The detail has the form of the published example; GUESS: where no answer came, our words stand in it."""
    why = f"22 HTTP error code {code}" if code else f"({problem})"
    return Sound(status=status, detail=f"Received curl error {why} trying to fetch {what}.")


# What the bytes of a file say ----------------------------------------------------------------------------------------


def wav_seconds(sound: bytes) -> float | None:
    """The length of a WAV file by its chunks, or None if it is none."""
    if sound[:4] != b"RIFF" or sound[8:12] != b"WAVE":
        return None
    position, rate = 12, 0
    try:
        while True:
            name, size = unpack_from("<4sI", sound, position)
            if name == b"fmt ":
                rate = unpack_from("<I", sound, position + 16)[0]
            elif name == b"data" and rate:
                return float(min(size, len(sound) - position - 8) / rate)
            position += 8 + size + size % 2
    except struct_error:
        return None


MPEG_1, MPEG_2 = 3, 2
KBITS = {
    MPEG_1: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0),
    MPEG_2: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0),
}
RATES = {MPEG_1: (44_100, 48_000, 32_000, 0), MPEG_2: (22_050, 24_000, 16_000, 0), 0: (11_025, 12_000, 8_000, 0)}
"""By the version in a frame's header; 0 is MPEG 2.5, which has the bit rates of MPEG 2. A 0 is nothing we can read."""

LAYER_3 = 1


def mp3_seconds(sound: bytes) -> float | None:
    """The length of an MP3 file by its frames, or None if it does not begin with two of them, or is not a single one.

    A tag before them is passed over, and so is a first frame that holds no sound but facts about the others.
    """
    start = position = _after_tag(sound)
    length, frames = 0.0, 0
    while (frame := _frame(sound, position)) is not None:
        size, lasts = frame
        about = sound[position + 4 : position + 44]
        length += 0.0 if position == start and (b"Xing" in about or b"Info" in about) else lasts
        position += size
        frames += 1
    return length if frames > 1 or (frames and position == len(sound)) else None


def _after_tag(sound: bytes) -> int:
    """Where the frames begin: behind an ID3v2 tag, whose size has seven bits a byte."""
    if sound[:3] != b"ID3" or len(sound) < 10:
        return 0
    size = 0
    for byte in sound[6:10]:
        size = size << 7 | byte & 0x7F
    return 10 + size


def _frame(sound: bytes, position: int) -> tuple[int, float] | None:
    """The bytes and the seconds of the frame at a position, or None if there is none. A last one may be cut short."""
    header = int.from_bytes(sound[position : position + 4], "big") if position + 4 <= len(sound) else 0
    version, layer = header >> 19 & 3, header >> 17 & 3
    if header >> 21 != 0x7FF or layer != LAYER_3 or version not in RATES:
        return None
    kbits = KBITS[MPEG_1 if version == MPEG_1 else MPEG_2][header >> 12 & 15]
    rate = RATES[version][header >> 10 & 3]
    if not kbits or not rate:
        return None
    samples = 1_152 if version == MPEG_1 else 576
    return samples // 8 * kbits * 1_000 // rate + (header >> 9 & 1), samples / rate
