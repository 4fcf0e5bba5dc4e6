"""Supervision: who hears whom, and what becomes of a supervisor."""

from __future__ import annotations

import pytest

from mockserver.sim import conversations, legs
from mockserver.sim.people import Person
from mockserver.sim.simulation import Simulation
from mockserver.sim.world import Leg
from tests.sim.telling import CALLEE, CALLER, UNKNOWN, code, dial, do, names, new, refusal, story, talk

SUPERVISOR = "+12025550188"


def supervised(simulation: Simulation, role: str | None = None) -> tuple[Leg, Leg, Leg]:
    """An agent who is bridged with a caller, and the supervisor of the agent's leg."""
    caller, agent = talk(simulation), dial(simulation)
    simulation.advance(2.6)
    do(simulation, "bridge", agent, call_control_id=caller.call_control_id)
    more = {"supervisor_role": role} if role else {}
    supervisor = dial(simulation, SUPERVISOR, supervise_call_control_id=agent.call_control_id, **more)
    simulation.advance(3)
    return caller, agent, supervisor


def hear(simulation: Simulation, *parties: Leg) -> None:
    for leg in parties:
        do(simulation, "transcription_start", leg, transcription_tracks="both")


def heard(simulation: Simulation, parties: tuple[Leg, ...]) -> list[str]:
    """Who heard what, by their places in `parties`, from 0."""
    ids = [leg.call_control_id for leg in parties]
    rows = []
    for entry in simulation.log.entries:
        if entry.name == "call.transcription":
            data = entry.data["payload"]["transcription_data"]
            rows.append(f"{ids.index(entry.call_control_id or '')} {data['transcription_track']} {data['transcript']}")
    return sorted(rows)


EVERYBODY_TO_THE_SUPERVISOR = [
    *("0 inbound Caller.", "0 outbound Agent.", "1 inbound Agent.", "1 outbound App.", "1 outbound Caller."),
    *("2 inbound Boss.", "2 outbound Agent.", "2 outbound App.", "2 outbound Caller."),
]


@pytest.mark.parametrize(
    ("role", "hear_the_supervisor"),
    [(None, ["0", "1"]), ("barge", ["0", "1"]), ("whisper", ["1"]), ("monitor", [])],
)
def test_a_supervisor_hears_it_all_and_is_heard_by_role(role: str | None, hear_the_supervisor: list[str]) -> None:
    simulation = new()
    parties = supervised(simulation, role)
    hear(simulation, *parties)
    for leg, words in zip(parties, ("Caller.", "Agent.", "Boss."), strict=True):
        conversations.said(simulation, leg, words)
    do(simulation, "speak", parties[1], payload="App.", voice="female")
    simulation.advance(5)
    boss = [f"{number} outbound Boss." for number in hear_the_supervisor]
    assert heard(simulation, parties) == sorted([*EVERYBODY_TO_THE_SUPERVISOR, *boss])


def test_another_role_counts_from_now_on_and_nothing_tells_of_it() -> None:
    simulation = new()
    parties = supervised(simulation, "monitor")
    hear(simulation, parties[1])
    begun = simulation.log.last_seq
    for role in ("whisper", "monitor"):
        assert do(simulation, "switch_supervisor_role", parties[2], role=role) == {"result": "ok"}
        conversations.said(simulation, parties[2], role)
    simulation.advance(1)
    assert heard(simulation, parties) == ["1 outbound whisper"]
    assert [what for _, _, what in story(simulation, begun)] == [
        *("switch_supervisor_role", "says whisper", "switch_supervisor_role", "says monitor", "call.transcription"),
    ]


def test_a_supervisor_of_a_leg_without_another_side_talks_to_that_leg() -> None:
    simulation = new()
    caller = talk(simulation)
    supervisor = dial(simulation, SUPERVISOR, supervise_call_control_id=caller.call_control_id)
    hear(simulation, caller)
    conversations.said(simulation, caller, "Nobody listens yet.")
    simulation.advance(3)
    hear(simulation, supervisor)
    conversations.said(simulation, supervisor, "Boss.")
    simulation.advance(1)
    assert heard(simulation, (caller, supervisor)) == [
        "0 inbound Nobody listens yet.",
        "0 outbound Boss.",
        "1 inbound Boss.",
    ]


def test_supervisors_of_one_leg_hear_each_other() -> None:
    simulation = new()
    caller = talk(simulation)
    both = [dial(simulation, SUPERVISOR, supervise_call_control_id=caller.call_control_id) for _ in range(2)]
    simulation.advance(3)
    hear(simulation, *both)
    conversations.said(simulation, both[0], "Boss.")
    simulation.advance(1)
    assert heard(simulation, (caller, *both)) == ["1 inbound Boss.", "2 outbound Boss."]


def test_the_end_of_the_supervised_leg_is_that_of_its_supervisors() -> None:
    simulation = new(Person(CALLEE), Person(SUPERVISOR, answers_after=20.0))
    caller = talk(simulation)
    answered = dial(simulation, supervise_call_control_id=caller.call_control_id)
    dial(simulation, SUPERVISOR, supervise_call_control_id=caller.call_control_id)
    simulation.advance(4.6)
    begun = simulation.log.last_seq
    legs.person_hangs_up(simulation, caller)
    assert code(simulation, "switch_supervisor_role", answered, role="barge") == "90018"
    simulation.advance(30)
    assert story(simulation, begun) == [
        ("5.000", "person", "hangs_up normal"),
        ("5.000", "telnyx", "call.hangup normal_clearing caller 200"),
        ("5.000", "app 2", "switch_supervisor_role 90018"),
        ("5.150", "telnyx 2", "call.hangup normal_clearing caller 200"),
        ("5.150", "telnyx 3", "call.hangup originator_cancel caller 487"),
    ]


def test_the_end_of_a_supervisor_leaves_the_others_alone() -> None:
    simulation = new()
    caller, agent, supervisor = supervised(simulation)
    legs.person_hangs_up(simulation, supervisor)
    simulation.advance(1)
    assert (caller.state, agent.state, agent.supervisors, supervisor.supervises) == ("answered", "answered", (), None)
    assert names(simulation, supervisor) == ["call.initiated", "call.answered", "call.hangup"]


def test_the_supervised_call_must_be_one_that_is_up() -> None:
    simulation = new()
    caller = talk(simulation, from_=CALLER)
    fields = {"to": CALLEE, "from_": SUPERVISOR, "connection_id": "1"}
    (error,) = refusal(simulation, "dial", **fields, supervise_call_control_id=UNKNOWN)
    assert (error["code"], error["source"]["pointer"]) == ("90015", "/supervise_call_control_id")
    legs.person_hangs_up(simulation, caller)
    assert code(simulation, "dial", **fields, supervise_call_control_id=caller.call_control_id) == "90018"
    assert list(simulation.world.legs.values()) == [caller]


def test_a_leg_that_supervises_nothing_has_no_role() -> None:
    simulation = new()
    leg = talk(simulation)
    assert code(simulation, "switch_supervisor_role", leg, role="barge") == "10027"
    assert leg.supervisor_role == ""
