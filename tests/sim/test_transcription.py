"""Transcriptions: what is said on a call becomes text while it is said."""

from __future__ import annotations

from typing import Any

import pytest

from mockserver.sim import conversations, legs
from mockserver.sim.clock import EPOCH, SECOND
from mockserver.sim.people import Assistant, Person, Turn
from mockserver.sim.simulation import Simulation
from mockserver.sim.timings import speech
from mockserver.sim.transcription import so_far
from tests.sim.telling import code, dial, do, names, new, ring, talk

INTERIM = {"transcription_engine": "Google", "interim_results": True}


def told(simulation: Simulation) -> list[tuple[float, str, str, bool]]:
    """What was reported: when, which side, what, and whether it stays so."""
    rows = []
    for entry in simulation.log.entries:
        if entry.name == "call.transcription":
            data = entry.data["payload"]["transcription_data"]
            assert data["confidence"] == 0.97
            at = round((entry.at - EPOCH) / SECOND, 3)
            rows.append((at, data["transcription_track"], data["transcript"], data["is_final"]))
    return rows


def says_both(simulation: Simulation, **body: Any) -> None:
    """A call that is transcribed, on which both sides say something."""
    leg = talk(simulation)
    do(simulation, "transcription_start", leg, **body)
    conversations.said(simulation, leg, "I would  like a cake.")
    do(simulation, "speak", leg, payload="Which one?", voice="female")
    simulation.advance(10)


HIM = (0.7, "inbound", "I would like a cake.", True)
US = (1.86, "outbound", "Which one?", True)


@pytest.mark.parametrize(
    ("body", "rows"),
    [
        ({}, [HIM]),
        ({"transcription_tracks": "inbound"}, [HIM]),
        ({"transcription_tracks": "outbound"}, [US]),
        ({"transcription_tracks": "both"}, [HIM, US]),
        ({"transcription_tracks": "all"}, [HIM]),
        (
            {"transcription_tracks": "both", "transcription_engine_config": INTERIM},
            [(0.5, "inbound", "I would", False), HIM, (1.66, "outbound", "Which", False), US],
        ),
        ({"transcription_engine_config": {**INTERIM, "interim_results": False}}, [HIM]),
    ],
)
def test_the_sides_that_were_asked_for_become_text_a_moment_after_they_spoke(body: dict[str, Any], rows: Any) -> None:
    simulation = new()
    says_both(simulation, **body)
    assert told(simulation) == rows


def test_tracks_that_there_are_not_are_a_warning() -> None:
    simulation = new()
    says_both(simulation, transcription_tracks="all")
    warnings = [entry.data["text"] for entry in simulation.log.entries if entry.kind == "warning"]
    assert warnings == ["transcription_start: no such transcription_tracks, taken for inbound: all"]


def test_a_single_word_is_its_own_beginning() -> None:
    simulation = new()
    leg = talk(simulation)
    do(simulation, "transcription_start", leg, transcription_engine_config=INTERIM)
    conversations.said(simulation, leg, "Hello.")
    conversations.said(simulation, leg, " ")
    simulation.advance(1)
    assert told(simulation) == [(0.5, "inbound", "Hello.", False), (0.7, "inbound", "Hello.", True)]


def test_an_assistant_is_heard_when_it_has_finished_or_up_to_where_it_is_cut() -> None:
    simulation = new()
    assistant = Assistant(id="a", greeting="Hello, how may I help you today?", turns=(Turn("Two of them, then."),))
    simulation.world.assistants["a"] = assistant
    leg = talk(simulation)
    do(simulation, "transcription_start", leg, transcription_tracks="both")
    do(simulation, "ai_assistant_start", leg, assistant={"id": "a"})
    simulation.advance(0.8 + 1.0)  # 0.4 + 0.8: the greeting begins, and is cut after a second
    conversations.said(simulation, leg, "Cakes, please.")
    simulation.advance(10)
    assert told(simulation) == [
        (2.5, "inbound", "Cakes, please.", True),
        (2.5, "outbound", "Hello, how may", True),
        (round(2.2 + 0.7 + speech("Two of them, then.") + 0.3, 3), "outbound", "Two of them, then.", True),
    ]


def test_everybody_in_a_conversation_hears_the_assistant_until_they_leave() -> None:
    simulation = new()
    simulation.world.assistants["a"] = Assistant(id="a", greeting="Good morning to you both.")
    leg, other = talk(simulation), talk(simulation)
    participants = [{"id": other.call_control_id}]
    do(simulation, "ai_assistant_start", leg, assistant={"id": "a"}, participants=participants)
    for each in (leg, other):
        do(simulation, "record_start", each, format="wav", channels="dual", transcription=True)
    simulation.advance(0.8 + 1.0)
    legs.person_hangs_up(simulation, other)
    simulation.advance(10)
    legs.person_hangs_up(simulation, leg)
    simulation.advance(10)
    heard = {
        entry.call_control_id: entry.data["payload"]["transcription_text"]
        for entry in simulation.log.entries
        if entry.name == "call.recording.transcription.saved"
    }
    assert heard == {leg.call_control_id: "Good morning to you both.", other.call_control_id: "Good morning"}


def test_the_sides_of_a_bridge_hear_each_other() -> None:
    simulation = new()
    leg, other = talk(simulation), talk(simulation, from_="+12025550177")
    for each in (leg, other):
        do(simulation, "transcription_start", each, transcription_tracks="both")
    do(simulation, "bridge", leg, call_control_id=other.call_control_id)
    simulation.advance(1)
    conversations.said(simulation, leg, "Is that you?")
    simulation.advance(1)
    rows = [
        (entry.call_control_id, entry.data["payload"]["transcription_data"]["transcription_track"])
        for entry in simulation.log.entries
        if entry.name == "call.transcription"
    ]
    assert rows == [(leg.call_control_id, "inbound"), (other.call_control_id, "outbound")]


def test_speech_for_ever_is_heard_once() -> None:
    simulation = new()
    leg = talk(simulation)
    do(simulation, "transcription_start", leg, transcription_tracks="outbound")
    do(simulation, "speak", leg, payload="Please hold.", voice="female", loop="infinity")
    simulation.advance(20)
    do(simulation, "playback_stop", leg)
    simulation.advance(1)
    assert told(simulation) == [(20.7, "outbound", "Please hold.", True)]


@pytest.mark.parametrize("direction", ["incoming", "outgoing"])
def test_a_call_can_be_transcribed_from_its_answer_on(direction: str) -> None:
    simulation = new()
    options: dict[str, Any] = {"transcription": True, "transcription_config": {"transcription_tracks": "both"}}
    if direction == "outgoing":
        leg = dial(simulation, **options)
        assert code(simulation, "transcription_start", leg) == "90034"
        simulation.advance(2.3)
    else:
        leg = ring(simulation)
        do(simulation, "answer", leg, **options)
        assert code(simulation, "transcription_start", leg) == "90054"
        conversations.said(simulation, leg, "Nobody hears this.")
        simulation.advance(0.4)
    assert code(simulation, "transcription_start", leg) == "90054"
    conversations.said(simulation, leg, "Hello?")
    do(simulation, "speak", leg, payload="Hello!", voice="female")
    simulation.advance(5)
    assert [row[1:3] for row in told(simulation)] == [("inbound", "Hello?"), ("outbound", "Hello!")]


def test_what_comes_with_an_answer_can_be_stopped_before_it() -> None:
    simulation = new()
    leg = ring(simulation)
    do(simulation, "answer", leg, transcription=True)
    do(simulation, "transcription_stop", leg)
    simulation.advance(1)
    conversations.said(simulation, leg, "Hello?")
    simulation.advance(1)
    assert (told(simulation), leg.transcription) == ([], None)


def test_a_transcription_that_is_stopped_reports_no_more_and_another_can_be_started() -> None:
    simulation = new()
    leg = talk(simulation)
    assert code(simulation, "transcription_stop", leg) == "ok"
    assert code(simulation, "transcription_start", leg) == "ok"
    assert code(simulation, "transcription_start", leg) == "90054"
    conversations.said(simulation, leg, "One.")
    simulation.advance(0.2)
    assert code(simulation, "transcription_stop", leg) == "ok"
    assert code(simulation, "transcription_start", leg) == "ok"
    conversations.said(simulation, leg, "Two.")
    simulation.advance(1)
    assert [row[2] for row in told(simulation)] == ["Two."]


def test_a_transcription_that_a_recording_needs_cannot_be_stopped() -> None:
    simulation = new()
    leg = talk(simulation)
    do(simulation, "record_start", leg, format="wav", channels="single", timeout_secs=5)
    assert code(simulation, "transcription_start", leg) == "ok"
    assert code(simulation, "transcription_stop", leg) == "90055"
    do(simulation, "record_stop", leg)
    assert code(simulation, "transcription_stop", leg) == "ok"


def test_nothing_is_reported_after_a_hang_up() -> None:
    simulation = new()
    leg = talk(simulation, Person())
    do(simulation, "transcription_start", leg)
    conversations.said(simulation, leg, "Bye.")
    legs.person_hangs_up(simulation, leg)
    simulation.advance(5)
    assert names(simulation)[-1] == "call.hangup"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0, ""), (0.3, ""), (0.5, "Hello"), (speech("Hello there you") - 0.1, "Hello there"), (9.0, "Hello there you")],
)
def test_of_what_is_being_said_whole_words_have_been_heard(seconds: float, text: str) -> None:
    assert so_far("Hello there you", seconds) == text
