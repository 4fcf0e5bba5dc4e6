"""People who wait for silence: what they hear, when it is over, and what they do then."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mockserver.sim import acting, conversations, digits, holding, legs, talking
from mockserver.sim.people import EVERY, MOST_ACTS, Act, Assistant, Person
from mockserver.sim.simulation import Simulation
from mockserver.sim.snapshots import copied
from mockserver.sim.world import Leg
from tests.sim.conferring import confer, create
from tests.sim.telling import CALLEE, Row, dial, do, new, ring, story, talk
from tests.sim.websocket import Application

TEN = "Ten chars."
"""What takes 0.66 s to say."""


def after(seconds: float, does: str = "presses", what: str = "1", nth: int = 1) -> Act:
    """What somebody does after a silence."""
    return Act(does, what, "", nth, after_silence=seconds)


def patient(simulation: Simulation, seconds: float = 2.0, nth: int = EVERY) -> Leg:
    """A caller, answered at 0.4, who goes silent whenever nothing was heard for so long: an act that makes no sound."""
    return talk(simulation, Person(acts=(after(seconds, "holds", nth=nth),)))


def acts(simulation: Simulation) -> list[Row]:
    """What people did after all had been set up."""
    rows = [row for row in story(simulation) if row[1].startswith("person")]
    return [row for row in rows if row[2] not in ("calls", "answers", "joins")]


def test_a_silence_begins_with_the_answer() -> None:
    simulation = new()
    ring(simulation, Person(acts=(after(2.0),)))
    simulation.advance(10)
    assert acts(simulation) == []
    leg = talk(simulation, Person(acts=(after(2.0, "hangs_up"),)))
    simulation.advance(10)
    assert acts(simulation) == [("12.400", "person 2", "hangs_up normal")]
    assert leg.plans == {}


def test_a_called_person_waits_for_silence_too() -> None:
    simulation = new(Person(CALLEE, acts=(after(1.0),)))
    dial(simulation)
    simulation.advance(10)
    assert acts(simulation) == [("3.300", "person", "presses 1")]


def test_no_silence_at_all_is_one_too() -> None:
    simulation = new()
    leg = talk(simulation, Person(acts=(after(0.0, nth=2),)))
    do(simulation, "speak", leg, payload=TEN)
    simulation.advance(10)
    assert acts(simulation) == [("1.560", "person", "presses 1")]


def test_each_silence_counts_once_and_nth_says_which() -> None:
    simulation = new()
    leg = talk(simulation, Person(acts=(after(2.0, nth=2), after(3.0, "says", "Hello?"), after(1.0, "silent"))))
    for _ in range(3):
        do(simulation, "speak", leg, payload=TEN)
        simulation.advance(5)
    assert acts(simulation) == [
        ("2.560", "person", "goes_silent"),
        ("4.560", "person", "says Hello?"),
        ("8.560", "person", "presses 1"),
    ]


def test_who_has_done_something_waits_for_an_answer_again_and_not_for_ever() -> None:
    simulation = new()
    talk(simulation, Person(acts=(after(2.0, nth=EVERY), after(3.0, "hangs_up"))))
    simulation.advance(7)
    assert acts(simulation) == [(f"{moment:.3f}", "person", "presses 1") for moment in (2.4, 4.4, 6.4)]
    simulation.advance(MOST_ACTS * 3)
    assert (len(acts(simulation)), simulation.timeline.anything_near()) == (MOST_ACTS, False)


def test_who_speaks_or_presses_keys_waits_from_the_end_of_it() -> None:
    simulation = new()
    leg = talk(simulation, Person(acts=(after(1.0, "holds"),)))
    simulation.advance(0.6)
    conversations.said(simulation, leg, TEN)
    simulation.advance(0.66 + 0.9)
    digits.person_presses(simulation, leg, "12")
    simulation.advance(5)
    assert acts(simulation)[-1] == ("3.810", "person", "holds")


# What is heard

Sound = Callable[[Simulation, Leg], object]


def _speaks(simulation: Simulation, leg: Leg) -> object:
    return do(simulation, "speak", leg, payload=TEN)


def _plays_until_stopped(simulation: Simulation, leg: Leg) -> None:
    do(simulation, "playback_start", leg, audio_url="https://media.example/a.mp3", loop="infinity")
    simulation.advance(7)
    do(simulation, "playback_stop", leg)


def _asks_for_keys(simulation: Simulation, leg: Leg) -> object:
    return do(simulation, "gather_using_speak", leg, payload=TEN)


def _greets(simulation: Simulation, leg: Leg) -> object:
    simulation.world.assistants["a"] = Assistant(id="a", greeting=TEN)
    return do(simulation, "ai_assistant_start", leg, assistant={"id": "a"})


def _greets_and_is_stopped(simulation: Simulation, leg: Leg) -> object:
    _greets(simulation, leg)
    simulation.advance(1.0)
    return do(simulation, "ai_assistant_stop", leg)


def _relays(simulation: Simulation, leg: Leg) -> None:
    simulation.outside = Application()
    do(simulation, "conversation_relay_start", leg, url="wss://a.example/", greeting=TEN)


def _streams(simulation: Simulation, leg: Leg) -> None:
    application = simulation.outside = Application()
    do(simulation, "streaming_start", leg, stream_url="wss://a.example/", stream_bidirectional_mode="rtp")
    simulation.advance(0.6)
    application.plays(simulation, bytes(range(200)) * 40)


def _streams_and_sends_a_key_soon_after(simulation: Simulation, leg: Leg) -> None:
    _streams(simulation, leg)
    simulation.advance(1.2)
    do(simulation, "send_dtmf", leg, digits="1")


def _plays_something_longer_above_something(simulation: Simulation, leg: Leg) -> None:
    do(simulation, "playback_start", leg, audio_url="https://media.example/a.mp3", loop=2)
    do(simulation, "playback_start", leg, audio_url="https://media.example/b.mp3", loop=3, overlay=True)


def _sends_keys(simulation: Simulation, leg: Leg) -> None:
    simulation.advance(1)
    do(simulation, "send_dtmf", leg, digits="1")


def _is_bridged(simulation: Simulation, leg: Leg) -> Leg:
    other = talk(simulation)
    do(simulation, "bridge", leg, call_control_id=other.call_control_id)
    simulation.advance(0.6)
    return other


def _is_spoken_to_across_a_bridge(simulation: Simulation, leg: Leg) -> None:
    conversations.said(simulation, _is_bridged(simulation, leg), TEN)


def _is_interrupted_across_a_bridge(simulation: Simulation, leg: Leg) -> None:
    other = _is_bridged(simulation, leg)
    conversations.said(simulation, other, TEN * 10)
    simulation.advance(3)
    talking.person_goes_silent(simulation, other)


def _is_left_in_a_conference(simulation: Simulation, leg: Leg) -> None:
    create(simulation, leg)
    other = talk(simulation)
    confer(simulation, "join", call_control_id=other)
    simulation.advance(0.4)
    conversations.said(simulation, other, TEN * 10)
    simulation.advance(1)
    legs.person_hangs_up(simulation, other)


def _is_played_to_in_a_conference(simulation: Simulation, leg: Leg) -> None:
    create(simulation, leg)
    confer(simulation, "speak", payload=TEN, voice="female")


def _hears_a_message_alone_in_a_conference(simulation: Simulation, leg: Leg) -> None:
    create(simulation, leg)
    confer(simulation, "speak", payload=TEN, voice="female", call_control_ids=[leg.call_control_id])


@pytest.mark.parametrize(
    ("sound", "over"),
    [
        (_speaks, 1.56),  # 0.4, the time until it begins, 0.66
        (_plays_until_stopped, 7.4),
        (_asks_for_keys, 1.06),
        (_greets, 1.86),
        (_greets_and_is_stopped, 1.4),
        (_relays, 1.86),
        (_streams, 2.0),
        (_streams_and_sends_a_key_soon_after, 2.2),
        (_plays_something_longer_above_something, 30.9),
        (_sends_keys, 1.4),
        (_is_bridged, 0.9),
        (_is_spoken_to_across_a_bridge, 2.06),
        (_is_interrupted_across_a_bridge, 4.4),
        (_is_left_in_a_conference, 2.4),
        (_is_played_to_in_a_conference, 1.76),
        (_hears_a_message_alone_in_a_conference, 1.76),
    ],
)
def test_a_silence_begins_when_what_was_heard_is_over(sound: Sound, over: float) -> None:
    """Whatever they hear begins within the two seconds for which they wait, so that no silence comes before."""
    simulation = new()
    leg = patient(simulation)
    sound(simulation, leg)
    simulation.advance(40)
    assert [row for row in acts(simulation) if row[2] == "holds"] == [(f"{over + 2:.3f}", "person", "holds")]


def test_a_supervisor_hears_both_sides_and_what_is_played() -> None:
    simulation = new(Person("+12025550188", acts=(after(1.5, "hangs_up"),)))
    agent = talk(simulation)
    caller = _is_bridged(simulation, agent)
    dial(simulation, "+12025550188", supervise_call_control_id=agent.call_control_id)
    simulation.advance(2.4)  # answered at 3.7
    begun = simulation.log.last_seq
    _speaks(simulation, agent)
    simulation.advance(1.4)
    conversations.said(simulation, caller, TEN * 3)
    simulation.advance(10.4)
    assert [row[::2] for row in story(simulation, begun) if row[2].startswith("hangs")] == [
        ("8.680", "hangs_up normal")
    ]


# What is none


def test_on_hold_nobody_waits_and_taking_the_call_back_begins_anew() -> None:
    simulation = new()
    leg = talk(simulation, Person(acts=(after(2.0),)))
    simulation.advance(1)
    holding.person_holds(simulation, leg)
    simulation.advance(20)
    holding.person_unholds(simulation, leg)
    simulation.advance(20)
    assert acts(simulation)[2:] == [("23.400", "person", "presses 1")]


def test_who_hears_somebody_speak_on_and_on_waits_for_the_end() -> None:
    """The line of a stream's person is told of when it has been said; it is heard all the while."""
    simulation = new()
    simulation.outside = Application()
    leg = patient(simulation, 1.5, 1)
    other = talk(simulation, Person(says=(TEN * 8,)))
    do(simulation, "bridge", leg, call_control_id=other.call_control_id)
    do(simulation, "streaming_start", other, stream_url="wss://a.example/", stream_bidirectional_mode="rtp")
    simulation.advance(30)
    said, held = acts(simulation)
    assert said == ("7.380", "person 2", f"says {TEN * 8}")
    assert held == ("8.880", "person", "holds")


# More to do


def test_a_person_can_be_given_more_to_do_which_counts_from_then() -> None:
    simulation = new()
    leg = talk(simulation)
    do(simulation, "speak", leg, payload=TEN)
    simulation.advance(5)
    acting.give(simulation, leg, [Act("presses", "5", after=1.0), Act("holds", when="call.speak.ended"), after(3.0)])
    simulation.advance(2)
    do(simulation, "speak", leg, payload=TEN)
    simulation.advance(10)
    acting.give(simulation, leg, [Act("unholds"), after(1.0, "hangs_up")])
    simulation.advance(5)
    assert acts(simulation) == [
        ("6.400", "person", "presses 5"),
        ("8.560", "person", "holds"),
        ("17.400", "person", "unholds"),
        ("18.400", "person", "hangs_up normal"),
    ]


def test_what_is_given_before_the_answer_waits_for_it() -> None:
    simulation = new()
    leg = ring(simulation)
    acting.give(simulation, leg, [Act("presses", "1"), after(2.0, "hangs_up")])
    simulation.advance(5)
    do(simulation, "answer", leg)
    simulation.advance(10)
    assert acts(simulation) == [("5.400", "person", "presses 1"), ("7.400", "person", "hangs_up normal")]


def test_there_is_room_for_so_many_acts() -> None:
    simulation = new()
    leg = talk(simulation)
    assert (acting.has_room(leg, MOST_ACTS), leg.acting) == (True, None)
    acting.give(simulation, leg, [Act("holds", when="call.hold", nth=EVERY)] * (MOST_ACTS - 1))
    assert [acting.has_room(leg, count) for count in (1, 2)] == [True, False]
    holding.person_holds(simulation, leg)
    holding.person_unholds(simulation, leg)
    holding.person_holds(simulation, leg)
    assert not acting.has_room(leg, 0)


# Copies


@pytest.mark.parametrize("seconds", [0.0, 1.0, 3.0, 5.0])
def test_a_copy_waits_for_the_same_silence(seconds: float) -> None:
    simulation = new()
    leg = talk(simulation, Person(acts=(after(2.0, nth=2), after(3.0, "says", "Hello?", EVERY))))
    do(simulation, "speak", leg, payload=TEN)
    simulation.advance(seconds)
    copy = copied(simulation)
    told = simulation.log.last_seq
    copy.advance(20)
    assert story(simulation, told) == []
    assert copy.world.legs[leg.call_control_id].acting is not leg.acting
    simulation.advance(20)
    assert story(simulation) == story(copy)
