"""What people do at a moment or an event of their call."""

from __future__ import annotations

import pytest

from mockserver.sim import conversations, faults, legs, talking
from mockserver.sim.commands import can_be_waited_for
from mockserver.sim.errors import TOO_MANY_REQUESTS
from mockserver.sim.faults import Fault
from mockserver.sim.people import ACTS, EVERY, MOST_ACTS, Act, Assistant, Person, Turn
from mockserver.sim.simulation import Simulation
from tests.sim.telling import CALLEE, code, dial, do, events, new, ring, story, talk

Rows = list[tuple[str, str, str]]


def plays(*acts: Act) -> Rows:
    """Somebody with something to do calls and is answered; what they do."""
    simulation = new()
    talk(simulation, Person(acts=acts))
    simulation.advance(30)
    return did(simulation)


def did(simulation: Simulation) -> Rows:
    """What people did, apart from calling and answering."""
    rows = [row for row in story(simulation) if row[1].startswith("person")]
    return [row for row in rows if row[2] not in ("calls", "answers")]


def test_acts_come_at_their_time_from_the_answer_on() -> None:
    rows = plays(
        Act("hangs_up", after=9.0),
        Act("presses", "1w2", after=1.0),
        Act("says", "Hello?", after=0.0),
        Act("holds", after=2.0),
        Act("unholds", after=4.0),
        Act("silent", after=5.0),
    )
    assert rows == [
        ("0.400", "person", "says Hello?"),
        ("1.400", "person", "presses 1w2"),
        ("2.400", "person", "holds"),
        ("4.400", "person", "unholds"),
        ("5.400", "person", "goes_silent"),
        ("9.400", "person", "hangs_up normal"),
    ]


def test_whoever_is_called_acts_too() -> None:
    simulation = new(Person(CALLEE, acts=(Act("presses", "1", after=1.0),)))
    dial(simulation)
    simulation.advance(10)
    assert did(simulation) == [("3.300", "person", "presses 1")]


def test_an_act_waits_for_the_nth_event_and_its_time_after_it() -> None:
    simulation = new()
    leg = talk(simulation, Person(acts=(Act("presses", "5", "call.speak.started", 2, 0.5),)))
    for _ in range(3):
        do(simulation, "speak", leg, payload="Press five.")
    simulation.advance(10)
    rows = [row for row in story(simulation) if "started" in row[2] or "presses" in row[2]]
    assert rows == [
        ("0.900", "telnyx", "call.speak.started"),
        ("2.126", "telnyx", "call.speak.started"),
        ("2.626", "person", "presses 5"),
        ("3.352", "telnyx", "call.speak.started"),
    ]


def test_an_act_may_come_every_time() -> None:
    simulation = new()
    leg = talk(simulation, Person(acts=(Act("says", "Yes.", "call.speak.ended", EVERY),)))
    for _ in range(2):
        do(simulation, "speak", leg, payload="Ten chars.")
    simulation.advance(10)
    assert did(simulation) == [("1.560", "person", "says Yes."), ("2.720", "person", "says Yes.")]


def test_a_person_sees_the_commands_that_were_obeyed_and_no_others() -> None:
    simulation = new()
    faults.add(simulation.world, Fault(operation="gather", nth=1, error=TOO_MANY_REQUESTS))
    leg = talk(simulation, Person(acts=(Act("presses", "1", "gather", EVERY, 1.0),)))
    codes = [code(simulation, "gather", leg, command_id=name) for name in ("one", "two", "two")]
    assert codes == ["10011", "ok", "ok"]
    simulation.advance(3)
    assert did(simulation) == [("1.400", "person", "presses 1")]


def test_an_act_never_happens_inside_what_brings_it_about() -> None:
    simulation = new()
    caller = talk(simulation, Person(acts=(Act("hangs_up", when="call.bridged"),)))
    callee = dial(simulation)
    simulation.advance(3)
    begun = simulation.log.last_seq
    do(simulation, "bridge", caller, call_control_id=callee.call_control_id)
    simulation.advance(1)
    assert story(simulation, begun) == [
        ("3.400", "app", "bridge"),
        ("3.500", "telnyx", "call.bridged"),
        ("3.500", "telnyx 2", "call.bridged"),
        ("3.500", "person", "hangs_up normal"),
        ("3.500", "telnyx", "call.hangup normal_clearing caller 200"),
        ("3.650", "telnyx 2", "call.hangup normal_clearing caller 200"),
    ]


def test_a_caller_may_act_before_the_answer() -> None:
    simulation = new()
    ring(simulation, Person(acts=(Act("hangs_up", when="call.initiated", after=2.0),)))
    simulation.advance(60)
    assert did(simulation) == [("2.000", "person", "hangs_up normal")]


def test_one_act_may_bring_about_another_but_not_for_ever() -> None:
    turns = (Act("holds", when="call.unhold", nth=EVERY), Act("unholds", when="call.hold", nth=EVERY))
    rows = plays(Act("holds"), *turns)
    assert (len(rows), {time for time, _, _ in rows}) == (MOST_ACTS, {"0.400"})


def test_whoever_has_hung_up_does_nothing_more_and_is_watched_no_more() -> None:
    simulation = new()
    leg = talk(simulation, Person(acts=(Act("says", "Bye", "call.playback.ended"), Act("holds", after=5.0))))
    do(simulation, "playback_start", leg, audio_url="https://media.example/a.mp3")
    simulation.advance(2)
    legs.person_hangs_up(simulation, leg)
    simulation.advance(10)
    assert did(simulation) == [("2.400", "person", "hangs_up normal")]
    assert simulation.log._watchers == {}


def test_there_is_a_way_to_do_every_act() -> None:
    simulation = new()
    talk(simulation, Person(acts=tuple(Act(name, "1") for name in ACTS)))
    simulation.advance(1)
    assert [what.split()[0] for _, _, what in did(simulation)] == [
        *("presses", "says", "goes_silent", "holds", "unholds", "hangs_up")
    ]


# Going silent


def test_whoever_goes_silent_says_no_more_and_stays() -> None:
    simulation = new()
    simulation.world.assistants["a"] = Assistant(id="a", turns=(Turn("Yes?"), Turn("And?")))
    acts = (Act("silent", when="assistant_says", nth=1, after=1.5),)
    leg = talk(simulation, Person(says=("One.", "Two."), acts=acts, hangs_up_when_done=True))
    do(simulation, "ai_assistant_start", leg, assistant={"id": "a"})
    simulation.advance(60)
    assert did(simulation) == [("2.464", "person", "says One."), ("4.664", "person", "goes_silent")]
    talking.person_goes_silent(simulation, leg)
    conversations.said(simulation, leg, "Told to.")
    assert did(simulation)[2:] == [("60.400", "person", "says Told to.")]
    assert leg.state == "answered"


def test_an_assistant_that_asks_hears_nothing_of_somebody_who_has_gone_silent() -> None:
    simulation = new()
    leg = talk(simulation, Person(answers={"age": (36,)}, acts=(Act("silent", when="assistant_says", after=2.0),)))
    do(simulation, "gather_using_ai", leg, parameters={"properties": {"age": {"type": "integer"}}})
    simulation.advance(60)
    assert did(simulation) == [("3.200", "person", "goes_silent")]
    assert [payload["status"] for payload in events(simulation, "call.ai_gather.ended")] == ["invalid"]


def test_whoever_has_gone_cannot_go_silent() -> None:
    simulation = new()
    leg = talk(simulation)
    legs.person_hangs_up(simulation, leg)
    begun = simulation.log.last_seq
    talking.person_goes_silent(simulation, leg)
    assert simulation.log.last_seq == begun


# Talking over an assistant


GREETING = "Welcome to the bakery, how may I help?"


@pytest.mark.parametrize(
    ("assistant", "settings", "over"),
    [
        ({}, {}, ["greeting", "turn"]),
        ({}, {"enable": False}, []),
        ({"interruptible": False}, {}, []),
        ({"interruptible": False}, {"enable": True}, ["greeting", "turn"]),
        ({"finishes_greeting": True}, {}, ["turn"]),
    ],
)
def test_an_assistant_is_cut_short_if_it_may_be(
    assistant: dict[str, bool], settings: dict[str, bool], over: list[str]
) -> None:
    simulation = new()
    turns = (Turn("One moment, I shall look it up for you."), Turn("Well."), Turn("Bye."))
    simulation.world.assistants["a"] = Assistant(id="a", greeting=GREETING, turns=turns, **assistant)  # type: ignore[arg-type]
    leg = talk(simulation, Person(says=("A cake, please.",)))
    do(simulation, "ai_assistant_start", leg, assistant={"id": "a"}, interruption_settings=settings)
    simulation.advance(1.0)
    conversations.said(simulation, leg, "Hello?")
    cut = ["greeting"] if leg.conversation and leg.conversation.speaking is None else []
    while leg.conversation and (leg.conversation.speaking or ("",))[0] != turns[0].says:
        simulation.advance(0.1)
    conversations.said(simulation, leg, "Quick!")
    cut += ["turn"] if leg.conversation and leg.conversation.speaking is None else []
    assert cut == over


def test_the_interrupter_cuts_every_word_of_an_assistant() -> None:
    simulation = new()
    simulation.world.assistants["a"] = Assistant(id="a", greeting=GREETING, turns=(Turn("Well, well."),))
    leg = dial(simulation, "+15005550014")
    simulation.advance(3)
    do(simulation, "ai_assistant_start", leg, assistant={"id": "a"})
    simulation.advance(30)
    rows = [row for row in story(simulation) if row[1] == "assistant" or row[2].startswith("says")]
    assert rows == [
        ("3.800", "assistant", GREETING),
        ("4.300", "person", "says Hello?"),
        ("5.000", "assistant", "Well, well."),
        ("5.500", "person", "says Hello?"),
    ]


@pytest.mark.parametrize(
    ("name", "can"),
    [
        *(("call.bridged", True), ("transfer", True), ("conference_join", True), ("assistant_says", True)),
        *(("call.nothing", False), ("retrieve_call", False), ("list_queues", False), ("says", False)),
    ],
)
def test_a_person_waits_for_webhooks_commands_and_the_words_of_an_assistant(name: str, can: bool) -> None:
    assert can_be_waited_for(name) == can
