"""What is found when nothing happens."""

from __future__ import annotations

from typing import Any

import pytest

from mockserver.sim.diagnosis import VERIFIES, WRONG_URL, counts, findings, legs_by_state
from mockserver.sim.events import Log, Route
from mockserver.sim.simulation import Simulation
from tests.sim.telling import code, dial, do, new, ring, talk

URL = "http://app.example/hooks"
ROUTE = Route(url=URL)


def found(simulation: Simulation) -> list[tuple[str, str, str]]:
    return [(finding.severity, finding.what, finding.seen) for finding in findings(simulation)]


def attempt(simulation: Simulation, outcome: str = "failed", url: str = URL, **data: Any) -> None:
    told = {"event_id": "e", "url": url, "outcome": outcome, "status": None, "code": "75002", "reason": "nobody there"}
    simulation.note("delivery", "call.initiated", None, **{**told, **data})


def test_in_an_empty_world_nothing_has_happened() -> None:
    simulation = new()
    assert found(simulation) == [("info", "Nothing has happened in this world.", "its log is empty")]
    assert legs_by_state(simulation) == {}
    assert set(counts(simulation).values()) == {0}


def test_a_destination_is_told_whose_last_attempts_failed() -> None:
    simulation = new(route=ROUTE)
    attempt(simulation)
    attempt(simulation, "delivered")
    attempt(simulation, "delivered", "http://well.example/")
    assert found(simulation) == []
    attempt(simulation, "retrying")
    attempt(simulation)
    assert found(simulation) == [
        ("error", f"Webhooks to {URL} are not delivered.", "the last 2 attempts failed, the latest: nobody there")
    ]


@pytest.mark.parametrize(
    ("data", "do"),
    [
        ({"status": 401, "code": "75499"}, VERIFIES),
        ({"status": 404, "code": "75404"}, WRONG_URL),
        ({"status": 500, "code": "75500"}, "Look at the application's own log: its handler failed."),
        ({"code": "75300"}, "Look at what the URL leads to."),
    ],
)
def test_what_to_do_depends_on_how_an_attempt_failed(data: dict[str, Any], do: str) -> None:
    simulation = new(route=ROUTE)
    attempt(simulation, **data)
    assert [finding.do for finding in findings(simulation)] == [do]


def test_a_forged_copy_that_is_refused_is_no_webhook_that_was_not_delivered() -> None:
    simulation = new(route=ROUTE)
    attempt(simulation, "forged", status=401)
    assert found(simulation) == []


def test_calls_that_ring_and_webhooks_that_go_nowhere_are_told_the_worst_first() -> None:
    simulation = new()
    leg, called = ring(simulation), dial(simulation)
    simulation.advance(0.3)
    attempt(simulation)
    assert found(simulation) == [
        ("error", f"Webhooks to {URL} are not delivered.", "the last 1 attempts failed, the latest: nobody there"),
        ("warning", "Webhooks have no destination.", "2 of 2, the latest: call.initiated"),
        (
            "warning",
            "A call to the application rings and is not answered.",
            f"{leg.from_} to {leg.to}, for 0.3 s: {leg.call_control_id}",
        ),
        (
            "info",
            "Somebody who was called has not answered.",
            f"{called.from_} to {called.to}, for 0.3 s: {called.call_control_id}",
        ),
    ]
    assert sum(legs_by_state(simulation).values()) == counts(simulation)["legs"] == 2


def test_a_call_that_waits_for_a_command_is_told_unless_something_goes_on() -> None:
    simulation = new(route=ROUTE)
    leg = talk(simulation)
    waits = [("info", "Calls are up, and nothing goes on in them.", f"1, the latest: {leg.call_control_id}")]
    assert found(simulation) == waits
    do(simulation, "speak", leg, payload="One moment.", voice="female")
    assert found(simulation) == []


def test_refusals_and_warnings_are_counted() -> None:
    simulation = new(route=ROUTE)
    leg = ring(simulation)
    for _ in range(2):
        assert code(simulation, "speak", leg, payload="Hi", voice="female") == "90034"
    simulation.warn("tool", leg, "no such tool")
    told = found(simulation)
    assert ("warning", "The simulator warns.", "no such tool") in told
    assert [(what, seen[:13]) for _, what, seen in told if "refused" in what] == [
        ("speak is refused.", "2 times 90034")
    ]


def test_a_log_that_has_forgotten_says_so() -> None:
    simulation = new(route=ROUTE)
    simulation.log = Log(keep=1)
    for _ in range(3):
        simulation.note("person", "waits", None)
    assert found(simulation) == [("info", "The log is longer than what is kept.", "2 entries are gone")]
