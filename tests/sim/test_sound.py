"""Sound as data: frames of every codec, the lengths of payloads, WAV files."""

from __future__ import annotations

from base64 import b64decode
from struct import unpack

import pytest

from mockserver.sim import g722, sound
from mockserver.sim.sound import Format

L16 = Format("L16", 16_000)


@pytest.mark.parametrize(
    ("form", "size"),
    [
        (Format("PCMU"), 160),
        (Format("PCMA"), 160),
        (Format("G722"), 160),
        *((Format("L16", rate), rate // 25) for rate in (8_000, 16_000, 24_000, 48_000)),
        (Format("L16", 22_050), 882),
        (Format("OPUS"), 3),
        (Format("AMR-WB", 16_000), 2),
    ],
)
@pytest.mark.parametrize("pitch", [0, 400])
def test_a_frame_lasts_20_ms_in_every_codec(form: Format, size: int, pitch: int) -> None:
    data = b64decode(sound.frame(form, pitch))
    assert len(data) == size
    assert sound.seconds(form, data) == 0.02
    assert sound.frame(form, pitch) is sound.frame(form, pitch)


@pytest.mark.parametrize(
    ("values", "mu", "a"),
    [
        ([0, 4, 8, -1, -4, -8], "fffefe7e7e7e", "d5d5d5555555"),
        ([32767, -32768, 8000, -8000, 132, -132], "8000a020ef6f", "aa2a8a0add5d"),
        ([255, 256, 1023, 1024, 4095, 4096, -255, -256, -1024, -4096], "e7e7cdcdafaf67674d2f", "dac5fae59a855a5a7a1a"),
    ],
)  # fmt: skip
def test_telephone_codecs_are_those_of_g711(values: list[int], mu: str, a: str) -> None:
    assert sound.encoded("PCMU", values).hex() == mu
    assert sound.encoded("PCMA", values).hex() == a


def test_a_tone_in_l16_is_a_sine_of_its_pitch_that_joins_without_a_step() -> None:
    values = unpack("<320h", sound.tone(L16, 400))
    assert (max(values), min(values), values[0], values[10]) == (8000, -8000, 0, 8000)
    crossings = sum(before < 0 <= after for before, after in zip((*values[-1:], *values), values, strict=False))
    assert crossings == 8


def test_g722_agrees_with_a_reference_encoder() -> None:
    assert g722.encode([0] * 16).hex() == "fa" * 8
    assert g722.encode(sound.samples(16_000, 400)[:16]).hex() == "fa9b2e91248da0a0"
    noise = [(at * 7919 % 60_001) - 30_000 for at in range(64)]
    assert g722.encode(noise).hex() == "238420842084049622bc05bc20b308af230590af2108942695069a24b748fc62"


@pytest.mark.parametrize(
    ("form", "payload", "seconds"),
    [
        (Format("PCMU"), bytes(8_000), 1.0),
        (Format("PCMU"), b"", 0.0),
        (L16, bytes(32_000), 1.0),
        (L16, bytes(3), None),
        (Format("G722"), bytes(4_000), 0.5),
        (Format("OPUS"), b"", None),
        (Format("OPUS"), b"\xf8", 0.02),
        (Format("OPUS"), b"\xf9\0", 0.04),
        (Format("OPUS"), b"\x1a", 0.12),
        (Format("OPUS"), b"\xfb", None),
        (Format("OPUS"), b"\xfb\x03", 0.06),
        (Format("OPUS"), b"\xfb\x3f", None),
        (Format("AMR-WB", 16_000), b"\xf0", None),
        (Format("AMR-WB", 16_000), b"\xf0\x7c", 0.02),
        (Format("AMR-WB", 16_000), b"\xf0\xfc\x7c", 0.04),
        (Format("AMR-WB", 16_000), b"\xf0\xfc", None),
        (Format("MP3"), b"\xff\xfb\x14\xc0".ljust(96, b"\0") * 125, 3.0),
        (Format("OPUS"), b"\xf8" * 1_301, None),
        (Format("AMR-WB", 16_000), b"\xf0\x7c" * 40, None),
        (Format("MP3"), b"\xff\xfb\x14\xc0".ljust(96, b"\0") * 2 + bytes(1_100_000), None),
        (Format("MP3"), b"RIFF", None),
    ],
)
def test_the_length_of_a_payload(form: Format, payload: bytes, seconds: float | None) -> None:
    found = sound.seconds(form, payload)
    assert found is None if seconds is None else found == pytest.approx(seconds)


@pytest.mark.parametrize("encoding", ["PCMU", "PCMA", "L16", "G722", "OPUS", "AMR-WB", "MP3"])
def test_silence_is_told_from_sound(encoding: str) -> None:
    form = Format(encoding)
    if encoding == "MP3":
        assert not sound.is_silent(form, b"\xff\xfb\x14\xc0")
        return
    silence = b64decode(sound.frame(form, 0))
    assert sound.is_silent(form, silence)
    assert sound.is_silent(form, silence * 3)
    assert sound.is_silent(form, b64decode(sound.frame(form, 400))) == (encoding in ("OPUS", "AMR-WB"))
    assert not sound.is_silent(form, b"\x10\x20" * 80)


@pytest.mark.parametrize(("form", "number", "width"), [(Format("PCMU"), 7, 1), (Format("PCMA"), 6, 1), (L16, 1, 2)])
def test_a_wav_file_tells_what_is_in_it(form: Format, number: int, width: int) -> None:
    file = sound.wav(form, b"abcd")
    assert file is not None
    assert (file[:4], file[8:16], file[-4:]) == (b"RIFF", b"WAVEfmt ", b"abcd")
    rate = form.sample_rate
    assert unpack("<IHHIIHH4sI", file[16:44]) == (16, number, 1, rate, rate * width, width, 8 * width, b"data", 4)
    assert unpack("<I", file[4:8]) == (len(file) - 8,)


def test_not_everything_fits_into_one() -> None:
    assert sound.wav(Format("OPUS"), b"") is None
