"""Audio files: how long they are by their bytes, who is asked for them, what becomes of those that cannot be had."""

from __future__ import annotations

import io
import wave
from collections.abc import Mapping
from typing import Any

import pytest

from mockserver.sim import audio_files, legs, timings
from mockserver.sim.audio_files import MOST_LENGTHS, Said, mp3_seconds, wav_seconds
from mockserver.sim.digits import person_presses
from mockserver.sim.outside import Ask, Listener, NoSocket, Reply, Socket, Then
from mockserver.sim.simulation import Simulation
from mockserver.sim.world import Leg
from tests.sim.telling import Row, do, events, new, story, talk

URL = "https://media.example/hold.wav"


def wav(seconds: float, channels: int = 1) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(channels)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(bytes(round(seconds * 8000) * 2 * channels))
    return file.getvalue()


class Web:
    """The world outside as a test makes it: files by URL, each of them there after a second, and who asked for what."""

    def __init__(self) -> None:
        self.files = {URL: Reply(200, wav(1.5))}
        self.asked: list[str] = []

    def ask(self, simulation: Simulation, wanted: Ask, then: Then) -> None:
        self.asked.append(wanted.url)
        simulation.after(1, then, self.files.get(wanted.url, Reply(404)))

    def connect(self, simulation: Simulation, url: str, headers: Mapping[str, str], listener: Listener) -> Socket:
        return NoSocket()


def fetching(web: Web, *said: Said) -> tuple[Simulation, Leg]:
    """A call in a world that asks for files."""
    simulation = new(fetch_audio=True)
    simulation.outside = web
    simulation.world.audio = list(said)
    return simulation, talk(simulation)


def play(simulation: Simulation, leg: Leg, url: str = URL, **more: Any) -> None:
    do(simulation, "playback_start", leg, audio_url=url, **more)


def heard(simulation: Simulation) -> list[Row]:
    return [row for row in story(simulation) if row[0] > "0.400" and row[1] in ("telnyx", "warning")]


# Who is asked --------------------------------------------------------------------------------------------------------


def test_a_file_that_is_fetched_begins_when_it_has_come_and_lasts_as_long_as_it_is() -> None:
    simulation, leg = fetching(Web())
    play(simulation, leg, loop=2)
    simulation.advance(60)
    assert heard(simulation) == [
        ("1.900", "telnyx", "call.playback.started"),
        ("4.900", "telnyx", "call.playback.ended completed"),
    ]


def test_nobody_is_asked_in_a_world_that_was_not_told_to() -> None:
    web, simulation = Web(), new()
    simulation.outside = web
    play(simulation, talk(simulation))
    simulation.advance(60)
    assert web.asked == []
    assert heard(simulation)[-1] == ("10.900", "telnyx", "call.playback.ended completed")


@pytest.mark.parametrize(
    ("reply", "status", "detail"),
    [
        (Reply(404), "file_not_found", f"Received curl error 22 HTTP error code 404 trying to fetch {URL}."),
        (Reply(503), "failed", f"Received curl error 22 HTTP error code 503 trying to fetch {URL}."),
        (Reply(302), "failed", f"Received curl error 22 HTTP error code 302 trying to fetch {URL}."),
        (Reply(problem="refused"), "failed", f"Received curl error (refused) trying to fetch {URL}."),
    ],
)
def test_a_file_that_cannot_be_had_never_begins_and_makes_way_for_the_next(
    reply: Reply, status: str, detail: str
) -> None:
    web = Web()
    web.files = {URL: reply, f"{URL}?2": Reply(200, wav(1.0))}
    simulation, leg = fetching(web)
    play(simulation, leg)
    play(simulation, leg, f"{URL}?2")
    simulation.advance(60)
    assert heard(simulation) == [
        ("1.900", "telnyx", f"call.playback.ended {status}"),
        ("3.400", "telnyx", "call.playback.started"),
        ("4.400", "telnyx", "call.playback.ended completed"),
    ]
    assert [ended.get("status_detail") for ended in events(simulation, "call.playback.ended")] == [detail, None]


def test_a_file_that_nobody_can_read_lasts_as_long_as_any_and_that_is_told() -> None:
    web = Web()
    web.files[URL] = Reply(200, b"<html>")
    simulation, leg = fetching(web)
    play(simulation, leg)
    simulation.advance(60)
    assert heard(simulation) == [
        ("1.900", "warning", "audio"),
        ("1.900", "telnyx", "call.playback.started"),
        ("11.900", "telnyx", "call.playback.ended completed"),
    ]


def test_a_world_that_was_given_nothing_outside_reaches_no_file() -> None:
    simulation = new(fetch_audio=True)
    play(simulation, talk(simulation))
    simulation.advance(60)
    assert heard(simulation) == [("0.900", "telnyx", "call.playback.ended failed")]


def test_the_same_file_is_asked_for_once_also_while_it_is_on_its_way() -> None:
    web = Web()
    simulation, leg = fetching(web)
    other = talk(simulation)
    for one in (leg, other, leg):
        play(simulation, one)
    simulation.advance(60)
    assert web.asked == [URL]
    assert [ended["status"] for ended in events(simulation, "call.playback.ended")] == ["completed"] * 3
    assert simulation.world.audio_awaited == {}


def test_a_file_that_must_not_be_cached_is_asked_for_each_time() -> None:
    web = Web()
    simulation, leg = fetching(web)
    play(simulation, leg)
    for _ in range(2):
        play(simulation, leg, cache_audio=False)
    simulation.advance(60)
    assert web.asked == [URL] * 3


def test_a_file_that_could_not_be_had_is_asked_for_again() -> None:
    web = Web()
    simulation, leg = fetching(web)
    for _ in range(2):
        play(simulation, leg, f"{URL}?missing")
    simulation.advance(60)
    assert web.asked == [f"{URL}?missing"] * 2


def test_a_world_remembers_so_many_lengths() -> None:
    web = Web()
    simulation, leg = fetching(web)
    for number in range(MOST_LENGTHS):
        simulation.world.audio_lengths[f"{URL}?{number}"] = 1.0
    play(simulation, leg)
    simulation.advance(60)
    lengths = simulation.world.audio_lengths
    assert (len(lengths), lengths[URL], f"{URL}?0" in lengths) == (MOST_LENGTHS, 1.5, False)


@pytest.mark.parametrize("how", ["stop", "hang up", "stop and play"])
def test_what_is_cut_while_its_file_is_on_its_way_is_never_heard_of(how: str) -> None:
    simulation, leg = fetching(Web())
    play(simulation, leg)
    simulation.advance(1)
    if how == "hang up":
        legs.person_hangs_up(simulation, leg)
    else:
        do(simulation, "playback_stop", leg)
    if how == "stop and play":
        play(simulation, leg)
    simulation.advance(60)
    assert [row[2] for row in heard(simulation) if "playback." in row[2]] == (
        ["call.playback.started", "call.playback.ended completed"] if how == "stop and play" else []
    )


def test_a_prompt_that_cannot_be_had_leaves_the_keys_to_be_pressed() -> None:
    simulation, leg = fetching(Web())
    do(simulation, "gather_using_audio", leg, audio_url=f"{URL}?missing", maximum_digits=1)
    simulation.advance(5)
    person_presses(simulation, leg, "7")
    simulation.advance(60)
    assert heard(simulation) == [
        ("1.900", "telnyx", "call.playback.ended file_not_found"),
        ("5.400", "telnyx", "call.dtmf.received 7"),
        ("5.400", "telnyx", "call.gather.ended valid 7"),
    ]


def test_sound_of_no_length_can_be_played_for_ever() -> None:
    simulation, leg = fetching(Web(), Said(url="*", seconds=0.0))
    play(simulation, leg, loop="infinity")
    simulation.advance(2)
    do(simulation, "playback_stop", leg)
    assert heard(simulation)[-1] == ("2.400", "telnyx", "call.playback.ended cancelled")


# What a scenario says ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "what", "ended"),
    [
        (Said(url=URL, seconds=4.2), {"audio_url": URL}, ("5.100", "telnyx", "call.playback.ended completed")),
        (
            Said(url="https://*.wav", seconds=4.2),
            {"audio_url": URL},
            ("5.100", "telnyx", "call.playback.ended completed"),
        ),
        (Said(url="http://*", seconds=4.2), {"audio_url": URL}, ("10.900", "telnyx", "call.playback.ended completed")),
        (Said(url="*", problem="failed"), {"audio_url": URL}, ("0.900", "telnyx", "call.playback.ended failed")),
        (
            Said(url="*", problem="not_found"),
            {"audio_url": URL},
            ("0.900", "telnyx", "call.playback.ended file_not_found"),
        ),
        (Said(media="bye", seconds=2.0), {"media_name": "bye"}, ("2.900", "telnyx", "call.playback.ended completed")),
        (Said(url="*", seconds=2.0), {"media_name": "bye"}, ("10.900", "telnyx", "call.playback.ended completed")),
        (
            Said(media="b*", problem="not_found"),
            {"media_name": "bye"},
            ("0.900", "telnyx", "call.playback.ended file_not_found"),
        ),
        (Said(url="*", fetch=True), {"media_name": "bye"}, ("10.900", "telnyx", "call.playback.ended completed")),
    ],
)
def test_a_scenario_says_what_a_file_is_with_nobody_asked(said: Said, what: dict[str, str], ended: Row) -> None:
    web, simulation = Web(), new()
    simulation.outside = web
    simulation.world.audio = [said]
    do(simulation, "playback_start", talk(simulation), **what)
    simulation.advance(60)
    assert heard(simulation)[-1] == ended
    assert web.asked == []


def test_a_scenario_says_which_files_are_fetched_and_the_first_that_fits_counts() -> None:
    web, simulation = Web(), new()
    simulation.outside = web
    simulation.world.audio = [Said(url=URL, fetch=True), Said(url="*", fetch=False), Said(url="*", seconds=1.0)]
    leg = talk(simulation)
    play(simulation, leg)
    play(simulation, leg, f"{URL}?other")
    simulation.advance(60)
    assert web.asked == [URL]
    assert [row[0] for row in heard(simulation)] == ["1.900", "3.400", "3.900", "13.900"]


# What the bytes say --------------------------------------------------------------------------------------------------


def frame(header: int, size: int) -> bytes:
    """A frame of an MP3 with silence in it."""
    return header.to_bytes(4, "big").ljust(size, b"\0")


SILENCE = frame(0xFFFB14C0, 96)
"""MPEG 1, 32 kbit/s, 48 kHz: 24 ms."""

TAG = b"ID3\4\0\0\0\0\1\1" + bytes(129)
"""Its size is written with seven bits a byte."""


@pytest.mark.parametrize(
    ("content", "seconds"),
    [
        (SILENCE * 250, 6.0),
        (SILENCE, 0.024),
        (TAG + SILENCE * 250, 6.0),
        (SILENCE * 250 + b"TAG" + bytes(125), 6.0),
        (frame(0xFFFB9064, 417) * 1_000, 1_000 * 1_152 / 44_100),
        ((frame(0xFFFB9064, 417) + frame(0xFFFB9264, 418)) * 10, 20 * 1_152 / 44_100),
        (frame(0xFFFB9064, 417) + frame(0xFFFBB064, 626), 2 * 1_152 / 44_100),
        (frame(0xFFF38064, 208) * 50, 50 * 576 / 22_050),
        (frame(0xFFE34864, 288) * 50, 50 * 576 / 8_000),
        (SILENCE[:36] + b"Xing" + SILENCE[40:] + SILENCE * 250, 6.0),
        (SILENCE[:21] + b"Info" + SILENCE[25:] + SILENCE * 250, 6.0),
        (SILENCE * 2 + SILENCE[:50], 0.072),
        (SILENCE[:50], None),
        (SILENCE + b"not a frame", None),
        (b"", None),
        (b"ID3", None),
        (b"<html>", None),
        (frame(0xFFFB04C0, 96) * 9, None),  # of a bit rate that is not said
        (frame(0xFFFBF4C0, 96) * 9, None),  # of none that there is
        (frame(0xFFFB1CC0, 96) * 9, None),  # of no sample rate that there is
        (frame(0xFFFD14C0, 96) * 9, None),  # layer 2
        (frame(0xFFEB14C0, 96) * 9, None),  # of no version that there is
    ],
)
def test_an_mp3_lasts_as_long_as_its_frames(content: bytes, seconds: float | None) -> None:
    assert mp3_seconds(content) == (None if seconds is None else pytest.approx(seconds))
    assert wav_seconds(content) is None


@pytest.mark.parametrize(
    ("content", "seconds"),
    [
        (wav(2.5), 2.5),
        (wav(2.5, channels=2), 2.5),
        (wav(2.5)[:36] + b"LIST\3\0\0\0abc\0" + wav(2.5)[36:], 2.5),
        (wav(0), 0.0),
        (wav(2.5)[:40], None),
        (b"RIFF\0\0\0\0WAVElist", None),
        (SILENCE * 9, None),
    ],
)
def test_a_wav_lasts_as_long_as_its_header_says(content: bytes, seconds: float | None) -> None:
    assert wav_seconds(content) == seconds


def test_bytes_may_be_of_either_kind() -> None:
    assert audio_files.seconds(wav(0)) == 0.0
    assert audio_files.seconds(SILENCE * 250) == pytest.approx(6.0)
    assert audio_files.seconds(bytes(100)) is None
    assert audio_files.Sound().seconds == timings.AUDIO
