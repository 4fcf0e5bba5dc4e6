"""Deepfake detection: whose voice is told to be a synthetic one, and when."""

from __future__ import annotations

from typing import Any

import pytest

from mockserver.sim import holding, legs
from mockserver.sim.events import Json
from mockserver.sim.people import Person
from tests.sim.telling import CALLEE, dial, do, events, names, new, ring, story

RESULT, ERROR = "call.deepfake_detection.result", "call.deepfake_detection.error"


# Seconds are counted from the answer.
@pytest.mark.parametrize(
    ("person", "config", "at", "result"),
    [
        (Person(CALLEE), {}, 5.0, "real"),
        (Person(CALLEE, fake=True), {}, 5.0, "fake"),
        (Person(CALLEE, machine="beep"), {}, 5.0, "real"),
        (Person(CALLEE, machine="fax"), {}, 15.0, "silence_timeout"),
        (Person(CALLEE, silent=True, fake=True), {}, 15.0, "silence_timeout"),
        (Person(CALLEE, silent=True), {"timeout": 7}, 7.0, "silence_timeout"),
        (Person(CALLEE), {"timeout": 60, "rtp_timeout": 5}, 5.0, "real"),
    ],
)
def test_who_is_there_decides_the_result(person: Person, config: Json, at: float, result: str) -> None:
    simulation = new(person)
    dial(simulation, deepfake_detection={"enabled": True, **config})
    simulation.advance(100)
    assert story(simulation)[-1] == (f"{2.3 + at:.3f}", "telnyx", f"{RESULT} {result}")


@pytest.mark.parametrize(
    ("person", "numbers"),
    [
        (Person(), ("real", 0.03, 97.0)),
        (Person(fake=True), ("fake", 0.97, 97.0)),
        (Person(silent=True), ("silence_timeout", None, None)),
    ],
)
def test_the_caller_of_an_incoming_call_is_listened_to_as_well(person: Person, numbers: tuple[Any, ...]) -> None:
    simulation = new()
    leg = ring(simulation, person)
    do(simulation, "answer", leg, deepfake_detection={"enabled": True})
    simulation.advance(30)
    (payload,) = events(simulation, RESULT)
    assert (payload["result"], payload["score"], payload["consistency"]) == numbers


@pytest.mark.parametrize("config", [{"enabled": False}, None])
def test_who_does_not_want_to_know_is_not_told(config: Json | None) -> None:
    simulation = new()
    body: Json = {"deepfake_detection": config} if config else {}
    dial(simulation, **body)
    simulation.advance(100)
    assert names(simulation) == ["call.initiated", "call.answered"]


@pytest.mark.parametrize(
    ("back", "config", "end"),
    [
        (None, {}, ("32.300", "telnyx", ERROR)),
        (None, {"rtp_timeout": 5}, ("7.300", "telnyx", ERROR)),
        (6.0, {}, ("32.300", "telnyx", f"{RESULT} real")),
        (2.0, {}, ("7.300", "telnyx", f"{RESULT} real")),
    ],
)
def test_a_call_on_hold_has_no_sound_to_decide_by(back: float | None, config: Json, end: tuple[str, str, str]) -> None:
    simulation = new()
    leg = dial(simulation, deepfake_detection={"enabled": True, **config})
    simulation.advance(3)
    holding.person_holds(simulation, leg)
    if back is not None:
        simulation.advance(back)
        holding.person_unholds(simulation, leg)
    simulation.advance(100)
    assert story(simulation)[-1] == end
    assert [payload["error_message"] for payload in events(simulation, ERROR)] == ["rtp_timeout"] * (end[2] == ERROR)


def test_a_hang_up_comes_before_the_result() -> None:
    simulation = new()
    leg = dial(simulation, deepfake_detection={"enabled": True})
    simulation.advance(5)
    legs.person_hangs_up(simulation, leg)
    simulation.advance(100)
    assert names(simulation) == ["call.initiated", "call.answered", "call.hangup"]
