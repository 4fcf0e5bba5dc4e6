"""Faults: which rule decides, when it is its turn, what a refusal and a race do, and how rules are written."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from mockserver.sim import errors, fault_fields, faults
from mockserver.sim.commands import Request, execute, lost
from mockserver.sim.errors import Refusal
from mockserver.sim.events import Json
from mockserver.sim.fault_fields import Mistake
from mockserver.sim.faults import NONE, About, Fault, Latency, RateLimit, Rule
from mockserver.sim.races import HAPPENS
from mockserver.sim.simulation import Simulation
from mockserver.sim.world import Ids
from tests.sim.telling import APP, CALLEE, CALLER, code, dial, do, names, new, ring, story, talk

ANSWER = About("operation", "answer", "v3:one", (CALLER, APP), "parked")


def in_store(*written: Json, seed: int = 0) -> Simulation:
    """A simulation with some faults in store."""
    simulation = new(seed=seed)
    for fields in written:
        faults.add(simulation.world, fault_fields.read(fields))
    return simulation


def turns(count: int, seed: int = 0, **fields: Any) -> str:
    """Whose turn it is so many times: `x` is the rule's, `.` nobody's."""
    rule = Rule("one", Fault(operation="*", **fields))
    random = Random(seed)
    return "".join("x" if faults.due([rule], ANSWER, random) else "." for _ in range(count))


# Whose turn it is


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({}, "xxxxxx"),
        ({"nth": 2}, ".x...."),
        ({"first": 2}, "xx...."),
        ({"every": 2}, ".x.x.x"),
        ({"every": 1}, "xxxxxx"),
        ({"probability": 1.0}, "xxxxxx"),
        ({"probability": 0.0}, "......"),
    ],
)
def test_it_is_its_turn_the_nth_time_the_first_times_every_so_many_times_or_always(fields: Json, told: str) -> None:
    assert turns(6, **fields) == told


def test_the_same_seed_brings_the_same_chance_and_another_one_another() -> None:
    assert turns(100, seed=1, probability=0.3) == turns(100, seed=1, probability=0.3)
    assert turns(100, seed=1, probability=0.3) != turns(100, seed=2, probability=0.3)
    assert 150 < turns(1_000, probability=0.2).count("x") < 250


def test_chance_can_begin_anew_so_that_worlds_with_other_ids_have_the_same_luck() -> None:
    one, other = Ids(1), Ids(2)
    for ids in (one, other):
        ids.begin_chance("7:1")
    assert one.chance.random() == other.chance.random()
    assert one.uuid() != other.uuid()


@pytest.mark.parametrize(
    ("fields", "fits"),
    [
        ({"operation": "answer"}, True),
        ({"operation": "*"}, True),
        ({"operation": "a*r"}, True),
        ({"operation": "dial"}, False),
        ({"event": "*"}, False),
        ({"operation": "*", "number": CALLER}, True),
        ({"operation": "*", "number": "+1202555*"}, True),
        ({"operation": "*", "number": CALLEE}, False),
        ({"operation": "*", "call": "v3:one"}, True),
        ({"operation": "*", "call": "v3:two"}, False),
        ({"operation": "*", "state": "parked"}, True),
        ({"operation": "*", "state": "answered"}, False),
        ({"operation": "*", "attempt": 1}, False),
    ],
)
def test_a_rule_fits_by_name_number_call_and_state(fields: Json, fits: bool) -> None:
    assert faults.fits(Fault(**fields), ANSWER) is fits


def test_the_first_rule_whose_turn_it_is_decides_and_all_that_fit_count() -> None:
    rules = [
        Rule("a", Fault(operation="dial")),
        Rule("b", Fault(operation="answer", nth=2)),
        Rule("c", Fault(operation="*", status=503)),
        Rule("d", Fault(operation="*", first=1)),
    ]
    decided = [faults.due(rules, ANSWER, Random(0)) for _ in range(3)]
    assert decided == [rules[2].fault, rules[1].fault, rules[2].fault]
    assert [(rule.seen, rule.applied) for rule in rules] == [(0, 0), (3, 1), (3, 2), (3, 0)]


def test_of_more_rules_than_there_may_be_the_oldest_are_forgotten() -> None:
    simulation = new()
    for _ in range(faults.MOST + 2):
        faults.add(simulation.world, NONE)
    kept = simulation.world.faults
    assert (len(kept), kept[0].id, kept[-1].id) == (1_000, "fault-3", "fault-1002")


# Latency


@pytest.mark.parametrize(
    ("latency", "least", "most"),
    [
        (Latency(2.0, 2.0), 2.0, 2.0),
        (Latency(1.0, 3.0), 1.0, 3.0),
        (Latency(mean=1.0), 0.0, faults.LONGEST),
        (Latency(0.5, 1.5, mean=1.0, deviation=2.0), 0.5, 1.5),
    ],
)
def test_a_latency_stays_in_its_bounds_and_is_the_same_for_the_same_seed(
    latency: Latency, least: float, most: float
) -> None:
    drawn = [latency.drawn(random) for random in [Random(7)] for _ in range(200)]
    assert all(least <= seconds <= most for seconds in drawn)
    assert drawn == [latency.drawn(random) for random in [Random(7)] for _ in range(200)]


def test_a_fault_that_is_due_has_its_latency_drawn() -> None:
    rules = [Rule("a", Fault(operation="*", latency=Latency(1.0, 3.0)))]
    first, second = (faults.due(rules, ANSWER, random) for random in [Random(0)] for _ in range(2))
    assert first is not None
    assert second is not None
    assert 1 <= first.seconds <= 3
    assert first.seconds != second.seconds
    assert NONE.seconds == 0


# What happens in the world


def test_a_refused_command_and_a_refused_question_change_nothing() -> None:
    simulation = in_store(
        {"operation": "hangup", "nth": 1, "error": "90018"},
        {"operation": "retrieve_call", "nth": 1, "error": "10011"},
        {"operation": "list_active_calls", "nth": 1, "error": "10007"},
    )
    leg = talk(simulation)
    assert code(simulation, "hangup", leg) == "90018"
    assert code(simulation, "retrieve_call", leg) == "10011"
    with pytest.raises(Refusal, match="10007"):
        execute(simulation, Request("list_active_calls", params={"connection_id": leg.connection_id}))
    assert (leg.state, code(simulation, "retrieve_call", leg), code(simulation, "hangup", leg)) == (
        "answered",
        "ok",
        "ok",
    )


def test_the_log_tells_which_commands_suffered_a_fault() -> None:
    simulation = in_store({"operation": "hangup", "nth": 1, "error": "90018"}, {"operation": "speak", "latency": 0.25})
    leg = talk(simulation)
    code(simulation, "hangup", leg)
    do(simulation, "speak", leg, payload="Hello.")
    do(simulation, "hangup", leg)
    lost(simulation, Request("hangup", {}, leg.call_control_id, fault=Fault(connection="drop")), None, [])
    told = [
        (entry.name, entry.data["status"], entry.data.get("fault"))
        for entry in simulation.log.entries
        if entry.kind == "command"
    ]
    assert told == [
        ("answer", 200, None),
        ("hangup", 422, "error 90018"),
        ("speak", 200, "latency 0.25 s"),
        ("hangup", 200, None),
        ("hangup", None, "connection drop"),
    ]


def test_a_repeated_command_gets_its_first_answer_whatever_fault_is_due() -> None:
    simulation = in_store({"operation": "hangup", "nth": 2, "error": "10011"})
    leg = talk(simulation)
    assert [code(simulation, "hangup", leg, command_id="one") for _ in range(2)] == ["ok", "ok"]


def test_a_caller_hangs_up_just_before_the_answer_arrives() -> None:
    simulation = in_store({"operation": "answer", "race": "hang_up_before_command", "ms": 30})
    leg = ring(simulation)
    simulation.advance(1)
    assert code(simulation, "answer", leg) == "90018"
    assert story(simulation) == [
        ("0.000", "person", "calls"),
        ("0.000", "telnyx", "call.initiated"),
        ("1.000", "person", "hangs_up normal"),
        ("1.000", "telnyx", "call.hangup originator_cancel caller 487"),
        ("1.030", "app", "answer 90018"),
    ]


def test_a_race_about_no_leg_is_lost_by_nobody() -> None:
    simulation = in_store({"operation": "dial", "race": "hang_up_before_command"})
    assert names(simulation, dial(simulation)) == []
    assert simulation.now == new().now


def test_a_rule_may_be_about_the_calls_of_a_number_in_a_state() -> None:
    simulation = in_store(
        {"operation": "dial", "number": CALLEE, "error": "90041"},
        {"operation": "*", "number": CALLER, "state": "answered", "error": "10011"},
    )
    assert code(simulation, "dial", to=[CALLEE], from_=APP, connection_id="1") == "90041"
    assert code(simulation, "dial", to=CALLER, from_=APP, connection_id="1") == "ok"
    leg = talk(simulation)
    assert code(simulation, "hangup", leg) == "10011"


def test_faults_change_no_id_and_nothing_else_that_chance_decides() -> None:
    wrong = in_store({"operation": "*", "probability": 0.5, "status": 503}, {"operation": "*", "latency": [1, 2]})
    assert talk(wrong).call_control_id == talk(new()).call_control_id


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_same_seed_brings_the_same_faults(seed: int) -> None:
    def told() -> list[str]:
        simulation = in_store({"operation": "*", "probability": 0.5, "error": "10011"}, seed=seed)
        leg = ring(simulation)
        return [code(simulation, "client_state_update", leg, client_state="") for _ in range(20)]

    assert told() == told()
    assert set(told()) == {"ok", "10011"}


# Deliveries


def test_a_delivery_suffers_what_fits_its_event() -> None:
    simulation = in_store({"event": "call.*", "number": CALLER, "nth": 2, "delivery": "drop"})
    talk(simulation)
    webhooks = [entry for entry in simulation.log.entries if entry.kind == "webhook"]
    assert [entry.name for entry in webhooks] == ["call.initiated", "call.answered"]
    suffered = [faults.of_delivery(simulation, entry) for entry in webhooks]
    assert suffered == [None, simulation.world.faults[0].fault]
    assert faults.of_delivery(new(), webhooks[0]) is None


@pytest.mark.parametrize(("attempt", "suffers"), [(1, False), (2, True), (3, False)])
def test_a_rule_may_be_about_one_attempt_alone(attempt: int, suffers: bool) -> None:
    simulation = in_store({"event": "*", "attempt": 2, "delivery": "drop"})
    ring(simulation)
    (webhook,) = (entry for entry in simulation.log.entries if entry.kind == "webhook")
    assert (faults.of_delivery(simulation, webhook, attempt) is not None) == suffers


# How rules are written


@pytest.mark.parametrize(
    "written",
    [
        {"operation": "answer", "error": "90018", "title": "Call has already ended"},
        {"operation": "*", "status": 503, "body": "unwell", "first": 2},
        {"operation": "dial", "rate_limit": {"limit": 5, "reset": 3}, "probability": 0.5},
        {"operation": "dial", "connection": "truncate", "applied": "after"},
        {"operation": "dial", "before_response": "call.initiated", "applied": "after"},
        {"operation": "answer", "race": "hang_up_before_command", "ms": 5, "every": 3},
        {"event": "call.hangup", "delivery": "changed_body", "body": {"a": 1}, "number": "+1*"},
        {"event": "*", "latency": 2.0, "state": "ended", "call": "v3:x"},
        {"event": "*", "attempt": 1, "delivery": "lost_answer"},
        {"event": "*", "delivery": "reorder", "within": 0.5},
        {"event": "*", "delivery": "no_signature", "besides": True},
        {"event": "*", "latency": 30.0, "besides": True},
        {"operation": "*", "latency": [1.0, 2.0], "wall": True},
        {"operation": "*", "latency": {"mean": 1.0, "min": 0.0, "max": 3600.0}},
        {"operation": "*", "latency": {"mean": 1.0, "deviation": 0.5, "min": 0.5, "max": 2.0}, "nth": 4},
    ],
)
def test_a_rule_is_written_as_it_was_read(written: Json) -> None:
    assert faults.as_json(fault_fields.read(written)) == written


def test_short_forms_stand_for_long_ones() -> None:
    assert fault_fields.read({"operation": "dial", "rate_limit": True}).rate_limit == RateLimit(100, 1)
    assert fault_fields.read({"operation": "dial", "connection": "truncate"}).applied == "after"
    assert fault_fields.read_effect({"error": "90018", "status": 422}).error is errors.CALL_ENDED


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"connection": "drop", "applied": "after"}, "connection drop, after"),
        ({"rate_limit": True}, "rate limit"),
        ({"error": "90018", "latency": 1.5}, "error 90018, latency 1.5 s"),
        ({"race": "hang_up_before_command"}, "race hang_up_before_command"),
    ],
)
def test_a_fault_is_told_in_a_few_words(fields: Json, told: str) -> None:
    assert fault_fields.read_effect(fields).told() == told
    assert fault_fields.read({"event": "*", "delivery": "drop", "latency": 2}).told() == "drop, latency 2 s"
    assert fault_fields.read({"event": "*", "latency": 2, "besides": True}).told() == "latency 2 s, besides"


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ({}, "operation: give one of operation and event"),
        ({"operation": "*", "event": "*", "status": 503}, "operation: give one of operation and event"),
        ({"operation": "dail", "status": 503}, 'operation: "dail" is no operation: did you mean dial?'),
        ({"operation": "zzz"}, 'operation: "zzz" is no operation: write one like answer, dial or retrieve_call, or *'),
        ({"event": "call.anwsered", "delivery": "drop"}, 'event: "call.anwsered" is no event: did you mean call.answe'),
        ({"operation": "*", "stauts": 503}, "stauts: there is no such field: did you mean status?"),
        ({"operation": " ", "status": 503}, 'operation: " " is no text of 1 to 200 characters, with * five times at m'),
        ({"operation": "*"}, "operation: nothing happens to it: give one of error, status, rate_limit, connection, "),
        ({"operation": "*", "status": "503"}, 'status: "503" is not a whole number from 200 to 599'),
        ({"operation": "*", "status": True}, "status: True is not a whole number from 200 to 599"),
        ({"operation": "*", "status": 199}, "status: 199 is not a whole number from 200 to 599"),
        ({"operation": "*", "status": 503, "nth": 1, "every": 2}, "every: nth is given too: remove one of them"),
        ({"operation": "*", "status": 503, "connection": "drop"}, "connection: status is given too: remove one of the"),
        ({"operation": "*", "probability": 2, "status": 503}, "probability: 2 is not a number from 0 to 1"),
        ({"operation": "*", "error": 90018}, "error: 90018 is no error code of the catalogue, which are texts like"),
        ({"operation": "*", "error": "1"}, 'error: "1" is no error code of the catalogue, which are texts like "900'),
        ({"operation": "*", "error": "90018", "title": "x"}, "title: no row of 90018 has it: it is 422 Call has alre"),
        ({"operation": "*", "error": "90018", "status": 400}, "status: no row of 90018 has it: it is 422 Call has al"),
        ({"operation": "*", "title": "x", "status": 503}, "title: it tells rows of error apart: give error, or remov"),
        ({"operation": "*", "body": {}, "latency": 1}, "body: it goes with status"),
        ({"operation": "*", "body": 1, "status": 503}, "body: it is no object and no text of 65,536 characters at m"),
        ({"operation": "*", "ms": 1, "latency": 1}, "ms: it goes with race"),
        ({"operation": "retrieve_call", "race": "hang_up_before_command"}, "race: retrieve_call is no command"),
        ({"operation": "*", "connection": "cut"}, 'connection: "cut" is none of drop, reset, truncate'),
        ({"operation": "*", "connection": "trunkate"}, 'connection: "trunkate" is none of drop, reset, truncate: did'),
        ({"operation": "*", "rate_limit": {"most": 1}}, "rate_limit: {'most': 1} is neither true nor {limit, reset}"),
        ({"operation": "*", "latency": [2, 1]}, "latency: [2, 1] is not the shortest and the longest"),
        ({"operation": "*", "latency": [1]}, "latency: [1] is not the shortest and the longest"),
        ({"operation": "*", "latency": 4000}, "latency: 4000 is not a number from 0 to 3600"),
        ({"operation": "*", "latency": {"min": 1}}, "latency: {'min': 1} does not have mean, and of the rest only de"),
        ({"operation": "*", "latency": {"mean": 0}}, "latency: {'mean': 0} has a mean of 0, or min above max"),
        ({"operation": "*", "status": 503, "wall": True}, "wall: it says how latency is measured: give latency, or r"),
        ({"operation": "*", "latency": 1, "wall": 1}, "wall: 1 is neither true nor false"),
        ({"operation": "*", "status": 503, "attempt": 1}, "attempt: it is for webhooks: give event in place of op"),
        ({"event": "*", "delivery": "drop", "attempt": 0}, "attempt: 0 is not a whole number from 1 to 100"),
        ({"event": "*", "delivery": "drop", "within": 1}, "within: it goes with delivery: reorder"),
        ({"event": "*", "delivery": "drop", "besides": True}, "besides: it goes with latency alone, and with wrong_si"),
        ({"event": "*", "besides": True}, "delivery: give delivery or latency: what happens to the webhook"),
        ({"operation": "*", "connection": "truncate", "applied": "before"}, "applied: the command has been done by t"),
        ({"operation": "*", "delivery": "drop", "latency": 1}, "delivery: it is for webhooks: give event in place of"),
        ({"event": "*"}, "delivery: give delivery or latency: what happens to the webhook"),
        ({"event": "*", "status": 503}, "status: it is for requests, and this rule is about an event: remove it"),
        ({"event": "*", "delivery": "drop", "body": {}}, "body: it goes with delivery: changed_body"),
        ({"event": "*", "delivery": "drop", "number": "9" * 300}, 'number: "99999'),
    ],
)
def test_a_mistake_is_told_with_what_to_do(written: Json, told: str) -> None:
    with pytest.raises(Mistake) as raised:
        fault_fields.read(written)
    assert str(raised.value).startswith(told)
    assert raised.value.field in {*written, "operation", "delivery"}


def test_the_fault_of_one_request_matches_nothing() -> None:
    with pytest.raises(Mistake, match="nth: the fault is that of this very request: remove it"):
        fault_fields.read_effect({"nth": 1, "status": 503})


def test_every_race_that_can_be_named_happens() -> None:
    assert HAPPENS.keys() == faults.RACES.keys()
