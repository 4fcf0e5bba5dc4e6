"""Forks, SIPREC sessions and noise suppression: what starts and ends them."""

from __future__ import annotations

from typing import Any

import pytest

from mockserver.sim import legs
from tests.sim.telling import code, do, events, names, new, ring, story, talk

FORK = {"rx": "udp:192.0.2.1:9000", "tx": "udp:192.0.2.1:9001"}
BODIES: dict[str, dict[str, Any]] = {"fork": FORK, "siprec": {"connector_name": "archive"}, "suppression": {}}
WEBHOOKS = {
    "fork": ("call.fork.started", "call.fork.stopped"),
    "siprec": ("siprec.started", "siprec.stopped"),
    "suppression": (),
}


@pytest.mark.parametrize("kind", BODIES)
def test_it_starts_and_stops(kind: str) -> None:
    simulation = new()
    leg = talk(simulation)
    do(simulation, f"{kind}_start", leg, **BODIES[kind])
    simulation.advance(5)
    do(simulation, f"{kind}_stop", leg)
    simulation.advance(60)
    told = [row for row in story(simulation) if row[1] == "telnyx"]
    assert [(time, what.split()[0]) for time, _, what in told[2:]] == list(
        zip(("0.700", "5.400"), WEBHOOKS[kind], strict=False)
    )


@pytest.mark.parametrize("kind", BODIES)
def test_a_hang_up_ends_it(kind: str) -> None:
    simulation = new()
    leg = talk(simulation)
    do(simulation, f"{kind}_start", leg, **BODIES[kind])
    simulation.advance(5)
    legs.person_hangs_up(simulation, leg)
    assert names(simulation)[2:] == [*WEBHOOKS[kind], "call.hangup"]


def test_all_of_them_end_in_a_fixed_order() -> None:
    simulation = new()
    leg = talk(simulation)
    for kind in reversed(BODIES):
        do(simulation, f"{kind}_start", leg, **BODIES[kind])
    simulation.advance(5)
    legs.person_hangs_up(simulation, leg)
    assert names(simulation)[-3:] == ["call.fork.stopped", "siprec.stopped", "call.hangup"]


def test_a_second_start_takes_the_place_of_the_first() -> None:
    simulation = new()
    leg = talk(simulation)
    do(simulation, "fork_start", leg, **FORK)
    simulation.advance(5)
    do(simulation, "fork_start", leg, **FORK)
    simulation.advance(5)
    assert names(simulation)[2:] == ["call.fork.started", "call.fork.stopped", "call.fork.started"]


def test_what_is_stopped_before_it_began_says_nothing() -> None:
    simulation = new()
    leg = talk(simulation)
    do(simulation, "fork_start", leg, **FORK)
    do(simulation, "fork_stop", leg)
    simulation.advance(60)
    assert names(simulation) == ["call.initiated", "call.answered"]


def test_what_is_started_straight_after_answer_waits_for_call_answered() -> None:
    simulation = new()
    leg = ring(simulation)
    do(simulation, "answer", leg)
    do(simulation, "siprec_start", leg)
    simulation.advance(60)
    assert names(simulation) == ["call.initiated", "call.answered", "siprec.started"]


@pytest.mark.parametrize(("kind", "outcome"), [("fork", "90031"), ("siprec", "ok"), ("suppression", "ok")])
def test_stopping_what_does_not_run(kind: str, outcome: str) -> None:
    simulation = new()
    assert code(simulation, f"{kind}_stop", talk(simulation)) == outcome


@pytest.mark.parametrize(
    ("command", "body", "codes"),
    [
        ("fork_start", {}, "10004 10004"),
        ("fork_start", {"rx": FORK["rx"]}, "10004"),
        ("fork_start", FORK, "ok"),
        ("siprec_start", {"session_timeout_secs": 89}, "10033"),
        ("siprec_start", {"session_timeout_secs": 0}, "ok"),
        ("siprec_start", {"session_timeout_secs": 90}, "ok"),
    ],
)
def test_what_the_interface_says_in_words_alone_is_held_to(command: str, body: dict[str, Any], codes: str) -> None:
    simulation = new()
    assert code(simulation, command, talk(simulation), **body) == codes


def test_the_webhooks_tell_what_the_interface_wants() -> None:
    simulation = new()
    leg = talk(simulation)
    do(simulation, "fork_start", leg, **FORK)
    do(simulation, "siprec_start", leg)
    simulation.advance(5)
    legs.person_hangs_up(simulation, leg)
    assert [payload["stream_type"] for payload in events(simulation, "call.fork.stopped")] == ["decrypted"]
    assert [payload["hangup_cause"] for payload in events(simulation, "siprec.stopped")] == ["normal_clearing"]


def test_a_siprec_session_with_a_connector_that_cannot_be_reached_fails() -> None:
    simulation = new()
    leg = talk(simulation)
    begun = simulation.log.last_seq
    do(simulation, "siprec_start", leg, connector_name="Unreachable archive")
    simulation.advance(1)
    do(simulation, "siprec_stop", leg)
    do(simulation, "siprec_start", leg, connector_name="unreachable")
    do(simulation, "siprec_stop", leg)
    simulation.advance(1)
    assert [entry.name for entry in simulation.log.after(begun) if entry.kind == "webhook"] == ["siprec.failed"]
    assert [payload["failure_cause"] for payload in events(simulation, "siprec.failed")] == ["no_route_destination"]
