"""Answering machine detection: what each mode says of who has answered."""

from __future__ import annotations

import pytest

from mockserver.sim import legs
from mockserver.sim.people import Person
from tests.sim.telling import CALLEE, Row, dial, events, names, new, story

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


def test_the_webhooks_tell_the_parties_and_the_result() -> None:
    simulation = new(BEEP)
    dial(simulation, answering_machine_detection="premium")
    simulation.advance(60)
    for payload in events(simulation, PREMIUM) + events(simulation, PREMIUM_GREETING):
        assert {"from", "to", "result"} <= payload.keys()
