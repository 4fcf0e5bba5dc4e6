"""Sound as data: 20 ms of a tone or of silence in each codec, how long a payload lasts, and WAV files.

PCMU, PCMA, L16 and G722 are encodings of the tone. OPUS and AMR-WB carry the same valid packet of silence for either,
since an encoder of theirs is no small thing.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import pi, sin
from struct import iter_unpack, pack

from mockserver.sim import audio_files, g722

FRAME = 20_000
"""Microseconds of sound in a frame; every pitch has whole periods in it, so that frames join without a click."""

LOUDNESS = 8_000
"""Of 32,767."""

OPUS_SILENCE = b"\xf8\xff\xfe"
"""RFC 6716: one frame of 20 ms, mono, nothing to hear."""

AMR_WB_SILENCE = b"\xf0\x7c"
"""RFC 4867, octet-aligned: no wish for another mode, and one frame of 20 ms without data."""

MOST_OF_OPUS, MOST_OF_AMR_WB = 1_300, 64
"""Bytes of a frame, with its share of what is around it; more is no sound, and not worth its memory."""

MOST_OF_MP3 = 40_000
"""Bytes in a second, at 320 kbit/s."""

MOST_OF_TAGS = 1_048_576
"""Bytes of an MP3 file that are no sound, such as a picture."""

OPUS_MILLIS = (*(10, 20, 40, 60) * 3, *(10, 20) * 2, *(2.5, 5, 10, 20) * 4)
"""RFC 6716, table 2: how long a frame lasts, by the configuration number of the packet."""

QUIETEST = 64
"""Of 32,767: what is louder can be heard."""

QUIET_BYTES = {
    "PCMU": bytes((*range(0x78, 0x80), *range(0xF8, 0x100))),
    "PCMA": bytes((*range(0xD4, 0xD8), *range(0x54, 0x58))),
}

WAV_FORMATS = {"L16": (1, 2), "PCMA": (6, 1), "PCMU": (7, 1)}
"""What a WAV file can hold: its format number and the bytes of a sample."""


@dataclass(frozen=True, slots=True)
class Format:
    """A codec, and its clock rate as the stream announces it (that of RTP for G722: 8,000)."""

    encoding: str = "PCMU"
    sample_rate: int = 8_000

    @property
    def bytes_per_second(self) -> int:
        """0 where the length of a payload is not a matter of its bytes alone."""
        return {"L16": 2 * self.sample_rate, "OPUS": 0, "AMR-WB": 0, "MP3": 0}.get(self.encoding, 8_000)

    @property
    def sample_bytes(self) -> int:
        return 2 if self.encoding == "L16" else 1


@lru_cache(maxsize=256)
def frame(sound: Format, pitch: int) -> str:
    """20 ms of a tone of `pitch` Hz, a multiple of 50, or of silence (0), in Base64."""
    return b64encode(tone(sound, pitch)).decode()


def tone(sound: Format, pitch: int) -> bytes:
    """The bytes of `frame`. Those of G722 are from the middle of a tone, since its steps depend on what was before."""
    encoding, rate = sound.encoding, sound.sample_rate
    if encoding == "OPUS":
        return OPUS_SILENCE
    if encoding == "AMR-WB":
        return AMR_WB_SILENCE
    if encoding == "G722":
        return g722.encode(samples(16_000, pitch) * 10)[-160:]
    return encoded(encoding, samples(rate, pitch))


def samples(rate: int, pitch: int) -> list[int]:
    """20 ms of a tone, 16 bits a sample."""
    return [round(LOUDNESS * sin(2 * pi * pitch * at / rate)) for at in range(rate // 50)]


def encoded(encoding: str, values: Sequence[int]) -> bytes:
    """Samples as L16, PCMU or PCMA.

    GUESS: the bytes of an L16 sample are those of a little-endian machine, as speech services take them; RTP itself
    has them the other way round.
    """
    if encoding == "L16":
        return pack(f"<{len(values)}h", *values)
    return bytes(map(_mu_law if encoding == "PCMU" else _a_law, values))


def seconds(sound: Format, payload: bytes) -> float | None:
    """How long a payload lasts; None if it is no sound in this format."""
    if sound.bytes_per_second:
        return len(payload) / sound.bytes_per_second if len(payload) % sound.sample_bytes == 0 else None
    return {"OPUS": _opus_seconds, "AMR-WB": _amr_wb_seconds, "MP3": _mp3_seconds}[sound.encoding](payload)


def is_silent(sound: Format, payload: bytes) -> bool:
    """Is there nothing to hear in it? Of a codec without plain samples, only our own silence counts as such."""
    if sound.encoding == "L16":
        return all(-QUIETEST < value < QUIETEST for (value,) in iter_unpack("<h", payload))
    if sound.encoding in QUIET_BYTES:
        return not payload.translate(None, QUIET_BYTES[sound.encoding])
    silence = b64decode(frame(sound, 0)) if sound.encoding != "MP3" else b""
    return bool(silence) and payload == silence * (len(payload) // len(silence))


def wav(sound: Format, data: bytes) -> bytes | None:
    """A WAV file, or None for what it cannot hold."""
    if sound.encoding not in WAV_FORMATS:
        return None
    number, width = WAV_FORMATS[sound.encoding]
    rate = sound.sample_rate
    about = pack("<HHIIHH", number, 1, rate, rate * width, width, 8 * width)
    chunks = b"WAVEfmt " + pack("<I", 16) + about + b"data" + pack("<I", len(data)) + data
    return b"RIFF" + pack("<I", len(chunks)) + chunks


def _mu_law(value: int) -> int:
    """ITU-T G.711: 14 bits, all of them inverted."""
    value >>= 2
    sign, size = (0x80, -value) if value < 0 else (0, value)
    size = min(size, 8_158) + 33
    exponent = size.bit_length() - 6
    return ~(sign | exponent << 4 | (size >> (exponent + 1)) & 0x0F) & 0xFF


def _a_law(value: int) -> int:
    """ITU-T G.711: 13 bits, every other bit inverted."""
    size = value >> 3
    mask = 0xD5
    if size < 0:
        size, mask = -size - 1, 0x55
    segment = max(0, size.bit_length() - 5)
    return (segment << 4 | (size >> max(1, segment)) & 0x0F) ^ mask


def _mp3_seconds(file: bytes) -> float | None:
    length = audio_files.mp3_seconds(file)
    return None if length is None or len(file) > MOST_OF_TAGS + length * MOST_OF_MP3 else length


def _opus_seconds(packet: bytes) -> float | None:
    if not packet:
        return None
    kind = packet[0] & 3
    if kind == 3 and len(packet) < 2:
        return None
    count = (1, 2, 2)[kind] if kind < 3 else packet[1] & 0x3F
    total = OPUS_MILLIS[packet[0] >> 3] * count
    return total / 1000 if 0 < total <= 120 and len(packet) <= MOST_OF_OPUS * count else None


def _amr_wb_seconds(packet: bytes) -> float | None:
    count = 1
    while count < len(packet):
        if not packet[count] & 0x80:
            return 0.02 * count if len(packet) <= MOST_OF_AMR_WB * count else None
        count += 1
    return None
