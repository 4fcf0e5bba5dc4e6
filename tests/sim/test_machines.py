"""Answering machine detection: what each mode says of who has answered."""

from __future__ import annotations

import pytest

from mockserver.sim import legs
from mockserver.sim.people import Person
from tests.sim.telling import CALLEE, Row, dial, do, events, names, new, story

HUMAN = Person(CALLEE)
BEEP = Person(CALLEE, machine="beep")
NO_BEEP = Person(CALLEE, machine="no_beep")
FAX = Person(CALLEE, machine="fax")
SILENT = Person(CALLEE, silent=True)

DETECTION, GREETING = "call.machine.detection.ended", "call.machine.greeting.ended"
PREMIUM, PREMIUM_GREETING = "call.machine.premium.detection.ended", "call.machine.premium.greeting.ended"

# Seconds are counted from the answer.
TABLE = [
    ("detect", HUMAN, [("1.000", DETECTION, "human")]),
    ("detect", BEEP, [("3.500", DETECTION, "machine")]),
    ("detect", FAX, [("3.500", DETECTION, "not_sure")]),
    ("detect", SILENT, [("3.500", DETECTION, "not_sure")]),
    ("detect_beep", HUMAN, [("1.000", DETECTION, "human")]),
    ("detect_beep", BEEP, [("3.500", DETECTION, "machine"), ("6.000", GREETING, "beep_detected")]),
    ("detect_beep", NO_BEEP, [("3.500", DETECTION, "machine")]),
    ("detect_words", BEEP, [("3.500", DETECTION, "machine"), ("6.000", GREETING, "beep_detected")]),
    ("detect_words", NO_BEEP, [("3.500", DETECTION, "machine"), ("30.000", GREETING, "ended")]),
    ("greeting_end", BEEP, [("3.500", DETECTION, "machine"), ("6.000", GREETING, "beep_detected")]),
    ("greeting_end", NO_BEEP, [("3.500", DETECTION, "machine"), ("6.000", GREETING, "ended")]),
    ("premium", HUMAN, [("1.000", PREMIUM, "human_residence")]),
    ("premium", BEEP, [("3.500", PREMIUM, "machine"), ("6.000", PREMIUM_GREETING, "beep_detected")]),
    ("premium", NO_BEEP, [("3.500", PREMIUM, "machine"), ("30.000", PREMIUM_GREETING, "no_beep_detected")]),
    ("premium", FAX, [("3.500", PREMIUM, "fax_detected")]),
    ("premium", SILENT, [("3.500", PREMIUM, "silence")]),
    ("disabled", BEEP, []),
]


@pytest.mark.parametrize(("mode", "person", "told"), TABLE)
def test_each_mode_says_what_it_can_of_who_has_answered(mode: str, person: Person, told: list[Row]) -> None:
    simulation = new(person)
    dial(simulation, answering_machine_detection=mode)
    simulation.advance(60)
    rows = [(time, *what.split()) for time, _, what in story(simulation) if "call.machine" in what]
    assert rows == [(f"{float(after) + 2.3:.3f}", name, result) for after, name, result in told]


def test_the_analysis_takes_as_long_as_the_command_says() -> None:
    simulation = new(BEEP)
    config = {"total_analysis_time_millis": 500}
    dial(simulation, answering_machine_detection="detect", answering_machine_detection_config=config)
    simulation.advance(60)
    assert story(simulation)[-1] == ("2.800", "telnyx", f"{DETECTION} machine")


def test_a_hang_up_cuts_in_anywhere() -> None:
    simulation = new(BEEP)
    leg = dial(simulation, answering_machine_detection="greeting_end")
    simulation.advance(6)
    legs.person_hangs_up(simulation, leg)
    simulation.advance(60)
    assert names(simulation) == ["call.initiated", "call.answered", DETECTION, "call.hangup"]


def test_a_machine_cancels_what_it_hears_and_the_keys_that_are_gathered_from_it() -> None:
    simulation = new(BEEP)
    leg = dial(simulation, answering_machine_detection="premium")
    simulation.advance(3)
    do(simulation, "playback_start", leg, audio_url="https://a.example/a.mp3")
    do(simulation, "speak", leg, payload="Hello.", voice="female")
    do(simulation, "gather", leg, gather_id="mine")
    simulation.advance(60)
    assert story(simulation)[4:] == [
        ("3.000", "app", "playback_start"),
        ("3.000", "app", "speak"),
        ("3.000", "app", "gather"),
        ("3.500", "telnyx", "call.playback.started"),
        ("5.800", "telnyx", f"{PREMIUM} machine"),
        ("5.800", "telnyx", "call.gather.ended cancelled_amd"),
        ("5.800", "telnyx", "call.playback.ended cancelled_amd"),
        ("8.300", "telnyx", f"{PREMIUM_GREETING} beep_detected"),
    ]


def test_speech_and_the_prompt_of_a_gather_are_cancelled_by_a_machine_too() -> None:
    simulation = new(BEEP)
    for name, body in (
        ("speak", {"payload": "x" * 100, "voice": "female"}),
        ("gather_using_audio", {"media_name": "menu"}),
    ):
        leg = dial(simulation, answering_machine_detection="detect")
        simulation.advance(3)
        begun = simulation.log.last_seq
        do(simulation, name, leg, **body)
        simulation.advance(5)
        ended = [what for _, _, what in story(simulation, begun) if "ended" in what]
        kind = "call.speak" if name == "speak" else "call.gather"
        assert ended[:2] == [f"{DETECTION} machine", f"{kind}.ended cancelled_amd"]


@pytest.mark.parametrize("person", [HUMAN, FAX, SILENT])
def test_whoever_is_no_machine_hears_it_to_the_end(person: Person) -> None:
    simulation = new(person)
    dial(simulation, answering_machine_detection="detect", audio_url="https://a.example/a.mp3")
    simulation.advance(60)
    assert story(simulation)[-1] == ("12.800", "telnyx", "call.playback.ended completed")


def test_the_webhooks_tell_the_parties_and_the_result() -> None:
    simulation = new(BEEP)
    dial(simulation, answering_machine_detection="premium")
    simulation.advance(60)
    for payload in events(simulation, PREMIUM) + events(simulation, PREMIUM_GREETING):
        assert {"from", "to", "result"} <= payload.keys()
