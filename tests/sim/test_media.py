"""What a leg hears: speech and audio, one after the other, and what cuts them."""

from __future__ import annotations

import io
import wave
from base64 import b64encode
from typing import Any

import pytest

from mockserver.sim import legs, media
from mockserver.sim.audio_files import BYTES_PER_SECOND
from mockserver.sim.simulation import Simulation
from mockserver.sim.world import Leg
from tests.sim.telling import Row, code, do, events, new, refusal, ring, story, talk

URL = "https://media.example/hold.mp3"
TEN_SECONDS = 10.0


def speak(simulation: Simulation, leg: Leg, payload: str = "Hello there, all.", **more: Any) -> str:
    return code(simulation, "speak", leg, payload=payload, voice="female", **more)


def play(simulation: Simulation, leg: Leg, **more: Any) -> str:
    return code(simulation, "playback_start", leg, **{"audio_url": URL, **more})


def heard(simulation: Simulation) -> list[Row]:
    """The webhooks of what was heard."""
    return [row for row in story(simulation) if "speak." in row[2] or "playback." in row[2] or "hangup" in row[2]]


def test_speech_begins_after_a_moment_and_lasts_as_long_as_its_text() -> None:
    simulation = new()
    leg = talk(simulation)
    speak(simulation, leg, "x" * 100)
    simulation.advance(60)
    assert heard(simulation) == [
        ("0.900", "telnyx", "call.speak.started"),
        ("7.500", "telnyx", "call.speak.ended completed"),
    ]
    started, ended = events(simulation, "call.speak.started")[0], events(simulation, "call.speak.ended")[0]
    assert started["speak_id"] == ended["speak_id"]
    assert len(started["speak_id"]) == 10


def test_tags_take_no_time_to_say() -> None:
    simulation = new()
    leg = talk(simulation)
    speak(simulation, leg, "<speak>" + "x" * 10 + "</speak>", payload_type="ssml")
    simulation.advance(60)
    assert heard(simulation)[-1] == ("1.560", "telnyx", "call.speak.ended completed")


def test_what_is_sent_straight_after_an_answer_waits_for_call_answered() -> None:
    simulation = new()
    leg = ring(simulation)
    do(simulation, "answer", leg)
    assert speak(simulation, leg, "x" * 10) == "ok"
    simulation.advance(60)
    assert [row[2] for row in story(simulation)][-3:] == [
        "call.answered",
        "call.speak.started",
        "call.speak.ended completed",
    ]


def test_speech_and_audio_queue_up() -> None:
    simulation = new()
    leg = talk(simulation)
    speak(simulation, leg, "x" * 10)
    play(simulation, leg)
    play(simulation, leg, audio_url=None, media_name="bye")
    simulation.advance(60)
    assert heard(simulation) == [
        ("0.900", "telnyx", "call.speak.started"),
        ("1.560", "telnyx", "call.speak.ended completed"),
        ("2.060", "telnyx", "call.playback.started"),
        ("12.060", "telnyx", "call.playback.ended completed"),
        ("12.560", "telnyx", "call.playback.started"),
        ("22.560", "telnyx", "call.playback.ended completed"),
    ]
    assert [(at.get("media_url"), at.get("media_name")) for at in events(simulation, "call.playback.ended")] == [
        (URL, None),
        (None, "bye"),
    ]


@pytest.mark.parametrize(
    ("stop", "then"),
    [
        ("current", [("3.900", "call.playback.ended cancelled"), ("4.400", "call.speak.started")]),
        ("all", [("3.900", "call.playback.ended cancelled")]),
        (None, [("3.900", "call.playback.ended cancelled")]),
        ("overlay", [("10.900", "call.playback.ended completed")]),
    ],
)
def test_playback_stop_cuts_what_it_is_told_to(stop: str | None, then: list[tuple[str, str]]) -> None:
    simulation = new()
    leg = talk(simulation)
    play(simulation, leg)
    speak(simulation, leg)
    simulation.advance(3.5)
    do(simulation, "playback_stop", leg, **({"stop": stop} if stop else {}))
    simulation.advance(60)
    assert [(time, what) for time, _, what in heard(simulation)][1:][: len(then)] == then
    assert len(heard(simulation)) == (2 if stop in ("all", None) else 4)


def test_stopped_speech_is_completed_since_it_knows_no_other_status() -> None:
    simulation = new()
    leg = talk(simulation)
    speak(simulation, leg, loop="infinity")
    simulation.advance(10)
    do(simulation, "playback_stop", leg)
    simulation.advance(60)
    assert heard(simulation)[-1] == ("10.400", "telnyx", "call.speak.ended completed")


@pytest.mark.parametrize(("stop", "left"), [("current", 3), ("all", 2)])
def test_a_new_item_can_make_way_for_itself(stop: str, left: int) -> None:
    simulation = new()
    leg = talk(simulation)
    play(simulation, leg)
    speak(simulation, leg, "x" * 10)
    simulation.advance(2)
    speak(simulation, leg, "x" * 20, stop=stop)
    simulation.advance(60)
    assert sum("started" in what for _, _, what in heard(simulation)) == left


def test_an_overlay_plays_above_what_plays_and_is_stopped_alone() -> None:
    simulation = new()
    leg = talk(simulation)
    play(simulation, leg, loop=3)
    play(simulation, leg, media_name="birds", audio_url=None, overlay=True, loop="infinity")
    simulation.advance(5)
    do(simulation, "playback_stop", leg, overlay=True)
    simulation.advance(60)
    assert heard(simulation) == [
        ("0.900", "telnyx", "call.playback.started"),
        ("0.900", "telnyx", "call.playback.started"),
        ("5.400", "telnyx", "call.playback.ended cancelled"),
        ("30.900", "telnyx", "call.playback.ended completed"),
    ]
    assert [payload["overlay"] for payload in events(simulation, "call.playback.ended")] == [True, False]


def test_an_overlay_needs_something_to_lie_over() -> None:
    simulation = new()
    leg = talk(simulation)
    assert play(simulation, leg, overlay=True) == "10027"


def test_a_hang_up_cuts_what_plays_and_forgets_what_waits() -> None:
    simulation = new()
    leg = talk(simulation)
    play(simulation, leg)
    play(simulation, leg, overlay=True)
    speak(simulation, leg)
    simulation.advance(2)
    legs.person_hangs_up(simulation, leg)
    simulation.advance(60)
    assert heard(simulation)[-3:] == [
        ("2.400", "telnyx", "call.playback.ended call_hangup"),
        ("2.400", "telnyx", "call.playback.ended call_hangup"),
        ("2.400", "telnyx", "call.hangup normal_clearing caller 200"),
    ]


def test_a_hang_up_in_the_middle_of_a_word_says_so() -> None:
    simulation = new()
    leg = talk(simulation)
    speak(simulation, leg, "x" * 100)
    simulation.advance(2)
    legs.person_hangs_up(simulation, leg)
    assert heard(simulation)[1:] == [
        ("2.400", "telnyx", "call.speak.ended call_hangup"),
        ("2.400", "telnyx", "call.hangup normal_clearing caller 200"),
    ]


def test_what_has_not_begun_when_it_is_cut_says_nothing() -> None:
    simulation = new()
    leg = talk(simulation)
    play(simulation, leg)
    do(simulation, "playback_stop", leg)
    simulation.advance(60)
    assert heard(simulation) == []


def test_stopping_when_nothing_plays_is_accepted() -> None:
    simulation = new()
    assert code(simulation, "playback_stop", talk(simulation)) == "ok"


def test_one_item_can_be_cut_wherever_it_is() -> None:
    simulation = new()
    leg = talk(simulation)
    items = [media.speech("x" * 10, silent=True) for _ in range(3)]
    media.cut(simulation, leg, items[0])
    for item in items:
        media.play(simulation, leg, item)
    media.cut(simulation, leg, items[1])
    media.cut(simulation, leg, items[0])
    media.cut(simulation, leg, items[0])
    assert leg.playing is not None
    assert leg.playing.current is items[2]


def test_whoever_waits_for_the_end_of_an_item_is_told_how_it_ended() -> None:
    simulation = new()
    leg = talk(simulation)
    told: list[str] = []
    item = media.speech("x", silent=True)
    item.then = lambda simulation, leg, status: told.append(status)
    media.play(simulation, leg, item)
    simulation.advance(5)
    assert told == ["completed"]
    assert heard(simulation) == []


@pytest.mark.parametrize(
    ("body", "codes"),
    [
        ({"payload": ""}, "90010"),
        ({"payload": "x" * 3_001}, "90010"),
        ({"payload": "x" * 3_000}, "ok"),
        ({"loop": 0}, "90009"),
        ({"loop": 101}, "90009"),
        ({"loop": 100}, "ok"),
        ({"loop": "7"}, "ok"),
        ({"loop": "ever"}, "90009"),
        ({"loop": True}, "90009"),
        ({"loop": "infinity"}, "ok"),
        ({"stop": "everything"}, "90016"),
        ({"stop": "all"}, "ok"),
    ],
)
def test_what_cannot_be_said_is_refused(body: dict[str, Any], codes: str) -> None:
    simulation = new()
    assert code(simulation, "speak", talk(simulation), **{"payload": "x", "voice": "female", **body}) == codes


def test_nothing_to_play_and_too_much_to_play_are_refused() -> None:
    simulation = new()
    leg = talk(simulation)
    assert refusal(simulation, "playback_start", leg)[0]["source"] == {"pointer": "/audio_url"}
    assert play(simulation, leg, media_name="x") == "10027"
    assert code(simulation, "playback_stop", leg, stop="everything") == "90016"


def test_a_queue_that_grows_for_ever_ends() -> None:
    simulation = new()
    leg = talk(simulation)
    for _ in range(media.MOST_WAITING + 1):
        assert play(simulation, leg) == "ok"
    assert play(simulation, leg) == "10027"
    assert speak(simulation, leg) == "10027"


def wav(seconds: float, channels: int = 1) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(channels)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(bytes(round(seconds * 8000) * 2 * channels))
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "seconds"),
    [
        (wav(2.5), 2.5),
        (wav(2.5, channels=2), 2.5),
        (wav(2.5)[:36] + b"LIST\3\0\0\0abc\0" + wav(2.5)[36:], 2.5),
        (wav(2.5)[:40], 40 / BYTES_PER_SECOND),
        (bytes(BYTES_PER_SECOND * 3), 3.0),
        (b"RIFF\0\0\0\0WAVElist", 16 / BYTES_PER_SECOND),
    ],
)
def test_audio_that_comes_with_the_command_lasts_as_long_as_it_is(content: bytes, seconds: float) -> None:
    simulation = new()
    leg = talk(simulation)
    sent = {"audio_url": None, "playback_content": b64encode(content).decode()}
    assert play(simulation, leg, **sent) == "ok"
    simulation.advance(60)
    began, ended = (float(time) for time, _, _ in heard(simulation))
    assert ended - began == pytest.approx(seconds, abs=0.0011)
    assert events(simulation, "call.playback.ended")[0]["media_url"] == ""


def test_content_that_is_not_base64_is_refused() -> None:
    simulation = new()
    assert play(simulation, talk(simulation), audio_url=None, playback_content="%%%") == "10027"
