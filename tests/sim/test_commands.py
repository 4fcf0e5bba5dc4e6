"""What holds for every command: client_state, command_id, injected errors, the log; and retrieving a call."""

from __future__ import annotations

from typing import Any

import pytest

from mockserver.sim import commands, errors, faults, legs
from mockserver.sim.commands import Request, execute, is_command
from mockserver.sim.errors import Refusal, Unsupported
from mockserver.sim.faults import Fault
from mockserver.sim.people import Person
from tests.sim.telling import (
    APP,
    CALLEE,
    CONNECTION,
    UNKNOWN,
    code,
    dial,
    do,
    events,
    names,
    new,
    refusal,
    ring,
    story,
    talk,
)

DIAL: dict[str, Any] = {"to": CALLEE, "from_": APP, "connection_id": CONNECTION}
SCHEMA: dict[str, Any] = {"properties": {"name": {"type": "string"}}, "required": ["name"]}

# client_state


def test_client_state_is_null_until_it_is_set_and_then_sticks() -> None:
    simulation = new()
    leg = ring(simulation, Person(hangs_up_after=9.0))
    do(simulation, "answer", leg, client_state="QQ==")
    simulation.advance(1)
    do(simulation, "ai_assistant_start", leg)
    simulation.advance(1)
    do(simulation, "client_state_update", leg, client_state="Qg==")
    simulation.advance(20)
    states = [entry.data["payload"]["client_state"] for entry in simulation.log.entries if entry.kind == "webhook"]
    assert list(zip(names(simulation), states, strict=True)) == [
        ("call.initiated", None),
        ("call.answered", "QQ=="),
        ("call.conversation.created", "QQ=="),
        ("call.hangup", "Qg=="),
        ("call.conversation.ended", "Qg=="),
        ("call.conversation_insights.generated", "Qg=="),
    ]


def test_client_state_of_a_dial_is_on_all_events_of_its_leg_and_on_no_other() -> None:
    simulation = new()
    dial(simulation, client_state="QQ==")
    dial(simulation)
    simulation.advance(10)
    assert [payload["client_state"] for payload in events(simulation, "call.answered")] == ["QQ==", None]


def test_client_state_of_a_command_is_on_the_very_events_that_the_command_brings_about() -> None:
    simulation = new()
    leg = talk(simulation, Person(silent=True))
    do(simulation, "gather_using_ai", leg, parameters=SCHEMA, client_state="QQ==")
    simulation.advance(2)
    do(simulation, "ai_assistant_stop", leg, client_state="Qg==")
    assert events(simulation, "call.ai_gather.ended")[0]["client_state"] == "Qg=="


def test_client_state_of_a_refused_command_is_forgotten() -> None:
    simulation = new()
    leg = talk(simulation)
    do(simulation, "client_state_update", leg, client_state="QQ==")
    assert code(simulation, "reject", leg, cause="USER_BUSY", client_state="Qg==") == "90102"
    assert code(simulation, "ai_assistant_add_messages", leg, client_state="Qg==") == "10027"
    assert leg.client_state == "QQ=="


@pytest.mark.parametrize("state", ["", "QQ==", "QUI=", "QUJD", "+/+/"])
def test_base64_with_its_padding_is_a_client_state(state: str) -> None:
    simulation = new()
    leg = ring(simulation)
    assert code(simulation, "client_state_update", leg, client_state=state) == "ok"
    assert leg.client_state == state


@pytest.mark.parametrize(
    "state", ["QQ", "QQ=", "=", "QQ==\n", "Q Q==", "not base64!", "-_-_", "é", '{"a":1}', "QQ==QQ=="]
)
def test_anything_else_is_none(state: str) -> None:
    simulation = new()
    leg = ring(simulation)
    (error,) = refusal(simulation, "answer", leg, client_state=state)
    assert (error["code"], error["title"]) == ("90017", "Invalid value for client_state")
    assert code(simulation, "dial", **DIAL, client_state=state) == "90017"
    assert (leg.state, leg.client_state, len(simulation.world.legs)) == ("parked", None, 1)


# command_id


def test_a_repeated_command_is_answered_alike_and_done_once() -> None:
    simulation = new()
    leg = talk(simulation)
    first = do(simulation, "ai_assistant_start", leg, command_id="one")
    assert do(simulation, "ai_assistant_start", leg, command_id="one") == first
    simulation.advance(2)
    assert story(simulation)[4:] == [
        ("0.400", "app", "ai_assistant_start"),
        ("0.400", "app", "ai_assistant_start again"),
        ("1.200", "telnyx", "call.conversation.created"),
    ]


def test_another_command_with_the_same_id_is_a_repetition_too() -> None:
    simulation = new()
    leg = talk(simulation)
    do(simulation, "client_state_update", leg, client_state="QQ==", command_id="one")
    assert do(simulation, "hangup", leg, command_id="one", client_state="Qg==") == {"result": "ok"}
    simulation.advance(10)
    assert (leg.state, leg.client_state) == ("answered", "QQ==")


def test_a_command_id_counts_on_its_leg_alone() -> None:
    simulation = new()
    first, second = talk(simulation), talk(simulation)
    do(simulation, "hangup", first, command_id="one")
    do(simulation, "hangup", second, command_id="one")
    simulation.advance(1)
    assert (first.state, second.state) == ("ended", "ended")


def test_a_repeated_dial_gives_the_same_call() -> None:
    simulation = new()
    first = do(simulation, "dial", **DIAL, command_id="one")
    simulation.advance(30)
    assert do(simulation, "dial", **DIAL, command_id="one") == first
    assert do(simulation, "dial", **DIAL, command_id="two") != first
    assert len(simulation.world.legs) == 2
    assert code(simulation, "hangup", first["call_control_id"], command_id="one") == "ok"
    simulation.advance(1)
    assert simulation.world.legs[first["call_control_id"]].state == "ended"


@pytest.mark.parametrize(("seconds", "calls_made"), [(60, 1), (60.001, 2)])
def test_a_command_id_counts_for_a_minute(seconds: float, calls_made: int) -> None:
    simulation = new()
    do(simulation, "dial", **DIAL, command_id="one")
    simulation.advance(seconds)
    do(simulation, "dial", **DIAL, command_id="one")
    assert len(simulation.world.legs) == calls_made


def test_repeating_a_command_does_not_prolong_its_minute() -> None:
    simulation = new()
    for _ in range(3):
        do(simulation, "dial", **DIAL, command_id="one")
        simulation.advance(40)
    assert len(simulation.world.legs) == 2


def test_a_refused_command_does_not_use_up_its_id() -> None:
    simulation = new()
    leg = ring(simulation)
    assert code(simulation, "ai_assistant_start", leg, command_id="one") == "90034"
    do(simulation, "answer", leg)
    assert code(simulation, "ai_assistant_start", leg, command_id="one") == "ok"
    simulation.advance(2)
    assert "call.conversation.created" in names(simulation)


def test_a_repetition_is_recognised_although_the_call_is_over() -> None:
    simulation = new()
    leg = talk(simulation)
    do(simulation, "hangup", leg, command_id="one")
    simulation.advance(1)
    assert code(simulation, "hangup", leg, command_id="one") == "ok"
    assert code(simulation, "hangup", leg, command_id="two") == "90018"


# Injected errors


def test_the_nth_command_of_a_name_is_refused_as_wanted() -> None:
    simulation = new()
    faults.add(simulation.world, Fault(operation="hangup", nth=2, error=errors.TOO_MANY_REQUESTS))
    faults.add(simulation.world, Fault(operation="dial", nth=1, error=errors.CHANNEL_LIMIT))
    leg = talk(simulation)
    assert code(simulation, "dial", **DIAL) == "90041"
    assert [code(simulation, "client_state_update", leg, client_state="") for _ in range(3)] == ["ok"] * 3
    assert [code(simulation, "hangup", leg) for _ in range(3)] == ["ok", "10011", "90018"]
    assert code(simulation, "dial", **DIAL) == "ok"


def test_an_injected_error_changes_nothing_but_the_log() -> None:
    simulation = new()
    faults.add(simulation.world, Fault(operation="hangup", nth=1, error=errors.CALL_ENDED))
    leg = talk(simulation)
    assert code(simulation, "hangup", leg, client_state="QQ==", command_id="one") == "90018"
    assert (leg.state, leg.client_state) == ("answered", None)
    assert code(simulation, "hangup", leg, command_id="one") == "ok"
    assert leg.state == "ending"


# The log


def test_commands_are_in_the_log_with_what_was_asked_and_answered() -> None:
    simulation = new()
    leg = ring(simulation)
    do(simulation, "answer", leg, client_state="QQ==")
    code(simulation, "reject", leg, cause="USER_BUSY")
    do(simulation, "dial", **DIAL)
    commands = [entry for entry in simulation.log.entries if entry.kind == "command"]
    assert [(entry.name, entry.data["status"]) for entry in commands] == [
        ("answer", 200),
        ("reject", 422),
        ("dial", 200),
    ]
    answer, reject, dialed = commands
    assert answer.data["request"] == {"client_state": "QQ=="}
    assert answer.data["response"] == {"data": {"result": "ok"}}
    assert reject.data["errors"][0]["code"] == "90102"
    assert (answer.call_control_id, reject.call_control_id) == (leg.call_control_id, leg.call_control_id)
    assert dialed.call_control_id == dialed.data["response"]["data"]["call_control_id"]


def test_what_was_forgiven_is_in_the_log() -> None:
    simulation = new()
    leg = ring(simulation)
    execute(simulation, Request("answer", {}, leg.call_control_id, forgiven=("colour: unknown field",)))
    with pytest.raises(Refusal):
        execute(simulation, Request("hangup", {}, UNKNOWN, forgiven=("colour: unknown field",)))
    assert [entry.data["forgiven"] for entry in simulation.log.entries if entry.kind == "command"] == [
        ["colour: unknown field"],
        ["colour: unknown field"],
    ]


def test_questions_are_not_in_the_log() -> None:
    simulation = new()
    leg = ring(simulation)
    before = simulation.log.last_seq
    do(simulation, "retrieve_call", leg)
    code(simulation, "retrieve_call", UNKNOWN)
    execute(simulation, Request("list_active_calls", params={"connection_id": CONNECTION}))
    assert simulation.log.last_seq == before


def test_a_command_that_nobody_wrote_is_named() -> None:
    simulation = new()
    with pytest.raises(Unsupported, match="juggle is not simulated") as raised:
        execute(simulation, Request("juggle", {}, ring(simulation).call_control_id))
    assert (raised.value.status, raised.value.operation) == (501, "juggle")


# Retrieving a call


def test_a_call_can_be_retrieved_in_every_stage() -> None:
    simulation = new()
    leg = dial(simulation, client_state="QQ==")
    ids = {
        "record_type": "call",
        "call_control_id": leg.call_control_id,
        "call_leg_id": leg.call_leg_id,
        "call_session_id": leg.call_session_id,
        "client_state": "QQ==",
        "start_time": "2026-01-01T00:00:00.000000Z",
    }
    assert do(simulation, "retrieve_call", leg) == {**ids, "is_alive": False}
    simulation.advance(1)
    assert do(simulation, "retrieve_call", leg) == {**ids, "is_alive": True}
    simulation.advance(8)
    assert do(simulation, "retrieve_call", leg) == {**ids, "is_alive": True, "call_duration": 6}
    do(simulation, "hangup", leg)
    simulation.advance(60)
    assert do(simulation, "retrieve_call", leg) == {
        **ids,
        "is_alive": False,
        "call_duration": 6,
        "end_time": "2026-01-01T00:00:09.150000Z",
    }


@pytest.mark.parametrize("somebody_else_hangs_up", [False, True])
def test_a_call_can_be_retrieved_for_ten_minutes_after_its_end(somebody_else_hangs_up: bool) -> None:
    simulation = new()
    leg, other = ring(simulation), talk(simulation)
    legs.person_hangs_up(simulation, leg)
    simulation.advance(600)
    if somebody_else_hangs_up:
        legs.person_hangs_up(simulation, other)
    assert code(simulation, "retrieve_call", leg) == "ok"
    assert code(simulation, "hangup", leg) == "90018"
    simulation.advance(0.001)
    assert code(simulation, "retrieve_call", leg) == "90015"
    assert code(simulation, "hangup", leg) == "90015"


def test_a_call_without_answer_has_no_duration() -> None:
    simulation = new()
    leg = ring(simulation)
    legs.person_hangs_up(simulation, leg)
    assert "call_duration" not in do(simulation, "retrieve_call", leg)
    assert leg.duration(simulation.now) == 0


@pytest.mark.parametrize(
    ("name", "command"), [("answer", True), ("dial", True), ("streaming_stop", True), ("retrieve_call", False)]
)
def test_questions_are_no_commands_and_what_is_not_simulated_is_taken_for_one(name: str, command: bool) -> None:
    assert is_command(name) is command


@pytest.mark.parametrize(
    ("name", "found"),
    [("answer", True), ("retrieve_call", True), ("dial", False), ("list_queues", False), ("x", False)],
)
def test_some_commands_are_about_a_leg(name: str, found: bool) -> None:
    assert commands.is_on_leg(name) is found


def test_what_was_made_up_is_told_as_such_and_changes_nothing() -> None:
    simulation = new()
    request = Request("hangup", {"client_state": "QQ=="}, "any", size=24)
    commands.made_up(simulation, request, 200, {"data": {"result": "ok"}})
    (entry,) = simulation.log.entries
    assert (entry.kind, entry.name, entry.call_control_id) == ("command", "hangup", "any")
    assert entry.data["made_up"] is True
    assert entry.data["request"] == {"client_state": "QQ=="}
    assert not simulation.world.legs


def test_the_world_knows_what_there_is_by_any_id_or_name() -> None:
    simulation = new()
    leg = ring(simulation)
    execute(simulation, Request("create_queue", {"queue_name": "support"}))
    world, now = simulation.world, simulation.now
    known = [world.knows(name, now) for name in (leg.call_control_id, "support", "sales", None)]
    assert known == [True, True, False, False]
