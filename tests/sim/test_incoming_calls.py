"""Incoming legs: somebody calls one of the application's numbers."""

from __future__ import annotations

from typing import Any

import pytest

from mockserver.sim import legs
from mockserver.sim.events import Route
from mockserver.sim.people import Person
from tests.sim.telling import CALLER, Row, code, do, events, new, ring, story, talk

RINGS: list[Row] = [("0.000", "person", "calls"), ("0.000", "telnyx", "call.initiated")]
ANSWERED: list[Row] = [*RINGS, ("0.000", "app", "answer"), ("0.400", "telnyx", "call.answered")]


def test_a_call_rings_until_the_application_answers() -> None:
    simulation = new()
    leg = ring(simulation)
    simulation.advance(30)
    assert story(simulation) == RINGS
    do(simulation, "answer", leg)
    simulation.advance(1_000)
    assert story(simulation) == [*RINGS, ("30.000", "app", "answer"), ("30.400", "telnyx", "call.answered")]


def test_a_caller_gives_up_after_a_minute() -> None:
    simulation = new()
    ring(simulation)
    assert not simulation.timeline.anything_near()
    simulation.advance(100)
    assert story(simulation) == [
        *RINGS,
        ("60.000", "person", "hangs_up normal"),
        ("60.000", "telnyx", "call.hangup originator_cancel caller 487"),
    ]


def test_an_impatient_caller_gives_up_sooner() -> None:
    simulation = new()
    leg = ring(simulation, Person(gives_up_after=4.0))
    assert simulation.timeline.anything_near()
    simulation.advance(10)
    assert story(simulation) == [
        *RINGS,
        ("4.000", "person", "hangs_up normal"),
        ("4.000", "telnyx", "call.hangup originator_cancel caller 487"),
    ]
    assert code(simulation, "answer", leg) == "90018"


def test_a_caller_who_was_answered_does_not_give_up() -> None:
    simulation = new()
    leg = ring(simulation, Person(gives_up_after=0.2))
    do(simulation, "answer", leg)
    simulation.advance(100)
    assert story(simulation) == ANSWERED


def test_a_caller_hangs_up_some_time_after_the_answer() -> None:
    simulation = new()
    talk(simulation, Person(hangs_up_after=5.0))
    simulation.advance(10)
    assert story(simulation) == [
        *ANSWERED,
        ("5.400", "person", "hangs_up normal"),
        ("5.400", "telnyx", "call.hangup normal_clearing caller 200"),
    ]


def test_answering_twice_is_accepted_and_does_nothing() -> None:
    simulation = new()
    leg = ring(simulation)
    do(simulation, "answer", leg)
    do(simulation, "answer", leg)
    simulation.advance(1)
    assert do(simulation, "answer", leg) == {"result": "ok"}
    simulation.advance(10)
    assert story(simulation) == [
        *RINGS,
        ("0.000", "app", "answer"),
        ("0.000", "app", "answer"),
        ("0.400", "telnyx", "call.answered"),
        ("1.000", "app", "answer"),
    ]


@pytest.mark.parametrize(
    ("cause", "end"),
    [("CALL_REJECTED", "call_rejected callee 603"), ("USER_BUSY", "user_busy callee 486")],
)
def test_a_call_can_be_rejected(cause: str, end: str) -> None:
    simulation = new()
    leg = ring(simulation)
    simulation.advance(1)
    do(simulation, "reject", leg, cause=cause)
    simulation.advance(100)
    assert story(simulation) == [
        *RINGS,
        ("1.000", "app", "reject"),
        ("1.150", "telnyx", f"call.hangup {end}"),
    ]


@pytest.mark.parametrize(
    ("answered_for", "end"),
    [
        pytest.param(None, ("0.150", "telnyx", "call.hangup call_rejected callee 603"), id="ringing"),
        pytest.param(0.4, ("0.550", "telnyx", "call.hangup normal_clearing callee 200"), id="answered"),
    ],
)
def test_hanging_up_an_incoming_call_declines_or_clears_it(answered_for: float | None, end: Row) -> None:
    simulation = new()
    leg = ring(simulation)
    if answered_for is not None:
        do(simulation, "answer", leg)
        simulation.advance(answered_for)
    do(simulation, "hangup", leg)
    simulation.advance(100)
    assert story(simulation)[-1] == end


def test_a_call_that_is_hung_up_while_it_is_being_answered_is_never_answered() -> None:
    simulation = new()
    leg = ring(simulation)
    do(simulation, "answer", leg)
    simulation.advance(0.1)
    do(simulation, "hangup", leg)
    simulation.advance(100)
    assert story(simulation) == [
        *RINGS,
        ("0.000", "app", "answer"),
        ("0.100", "app", "hangup"),
        ("0.550", "telnyx", "call.hangup normal_clearing callee 200"),
    ]


@pytest.mark.parametrize(
    ("before", "end"),
    [
        ([], "originator_cancel caller 487"),
        ([("answer", {})], "originator_cancel caller 487"),
        ([("reject", {"cause": "USER_BUSY"})], "originator_cancel caller 487"),
        ([("hangup", {})], "originator_cancel caller 487"),
    ],
)
def test_a_caller_may_go_before_what_was_asked_for_is_done(before: list[tuple[str, Any]], end: str) -> None:
    simulation = new()
    leg = ring(simulation)
    for name, body in before:
        do(simulation, name, leg, **body)
    simulation.advance(0.1)
    legs.person_hangs_up(simulation, leg)
    simulation.advance(100)
    assert story(simulation) == [
        *RINGS,
        *(("0.000", "app", name) for name, _ in before),
        ("0.100", "person", "hangs_up normal"),
        ("0.100", "telnyx", f"call.hangup {end}"),
    ]


def test_a_caller_cannot_pick_up_their_own_call() -> None:
    simulation = new()
    legs.person_answers(simulation, ring(simulation))
    assert story(simulation) == RINGS


def test_a_caller_may_bring_a_name_and_headers() -> None:
    simulation = new()
    ring(simulation, from_display_name="Ada", custom_headers=[{"name": "X-A", "value": "1"}])
    payload = events(simulation, "call.initiated")[0]
    assert (payload["caller_id_name"], payload["custom_headers"]) == ("Ada", [{"name": "X-A", "value": "1"}])


@pytest.mark.parametrize(
    ("from_", "kind", "uri"),
    [
        (CALLER, "pstn", f"{CALLER[1:]}@203.0.113.10:5060"),
        ("sip:ada@home.example", "sip", "ada@home.example"),
        ("sips:ada@home.example", "sip", "ada@home.example"),
    ],
)
def test_a_caller_has_a_sip_uri_without_its_scheme(from_: str, kind: str, uri: str) -> None:
    simulation = new()
    ring(simulation, from_=from_)
    payload = events(simulation, "call.initiated")[0]
    assert (payload["from"], payload["calling_party_type"], payload["from_sip_uri"]) == (from_, kind, uri)


def test_a_call_belongs_to_the_application_that_was_named_or_to_the_usual_one() -> None:
    simulation = new(connection_id="42", route=Route(url="https://app.example/"))
    usual, named = ring(simulation), ring(simulation, connection_id="43", webhook_url="https://b.example/")
    assert [(leg.connection_id, leg.route.url) for leg in (usual, named)] == [
        ("42", "https://app.example/"),
        ("43", "https://b.example/"),
    ]
