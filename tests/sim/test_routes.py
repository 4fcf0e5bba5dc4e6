"""Where the webhooks of a leg go."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from mockserver.sim.errors import Refusal
from mockserver.sim.event_types import EMITTED, EVENT_TYPES
from mockserver.sim.events import Route
from mockserver.sim.people import Person
from mockserver.sim.simulation import Simulation
from tests.sim.telling import APP, CALLEE, CONNECTION, code, dial, do, new, refusal, ring

HOME = Route(url="https://app.example/", failover_url="https://backup.example/", timeout_secs=5.0)


def routes(simulation: Simulation) -> list[Route | None]:
    return [entry.route for entry in simulation.log.entries if entry.kind == "webhook"]


def test_webhooks_go_to_the_route_of_the_world_and_nothing_else_has_one() -> None:
    simulation = new(route=HOME)
    dial(simulation)
    simulation.advance(10)
    assert [(entry.kind, entry.route) for entry in simulation.log.entries] == [
        ("command", None),
        ("webhook", HOME),
        ("person", None),
        ("webhook", HOME),
    ]


def test_a_webhook_url_of_a_command_is_sticky() -> None:
    simulation = new(Person(hangs_up_after=1.0), route=HOME)
    leg = ring(simulation, Person(hangs_up_after=1.0))
    do(simulation, "answer", leg, webhook_url="https://other.example/", webhook_url_method="GET")
    simulation.advance(10)
    other = Route("https://other.example/", "GET", HOME.failover_url, timeout_secs=5.0)
    assert routes(simulation) == [HOME, other, other]


def test_a_second_answer_still_says_where_webhooks_go() -> None:
    simulation = new(route=HOME)
    leg = ring(simulation)
    do(simulation, "answer", leg)
    do(simulation, "answer", leg, webhook_url="https://other.example/")
    assert leg.route.url == "https://other.example/"


@pytest.mark.parametrize(
    ("body", "route"),
    [
        ({}, HOME),
        ({"webhook_url_method": "GET"}, HOME),
        (
            {"webhook_url": "https://b.example/"},
            Route("https://b.example/", "POST", HOME.failover_url, timeout_secs=5.0),
        ),
        (
            {"webhook_urls": {"call.hangup": "https://c.example/"}},
            Route(HOME.url, "POST", HOME.failover_url, {"call.hangup": ("https://c.example/",)}, timeout_secs=5.0),
        ),
        (
            {"webhook_urls": {"call.hangup": ["https://c.example/", "https://d.example/"]}},
            replace(HOME, urls={"call.hangup": ("https://c.example/", "https://d.example/")}),
        ),
        (
            {"webhook_urls": {"call.hangup": "https://c.example/"}, "webhook_urls_method": "GET"},
            Route(
                HOME.url, "POST", HOME.failover_url, {"call.hangup": ("https://c.example/",)}, "GET", timeout_secs=5.0
            ),
        ),
        (
            {"webhook_retries_policies": {"call.hangup": {"retries_ms": [500, 2000]}, "call.answered": {}}},
            Route(
                HOME.url,
                "POST",
                HOME.failover_url,
                retries_ms={"call.hangup": (500, 2000), "call.answered": ()},
                timeout_secs=5.0,
            ),
        ),
    ],
)
def test_a_dial_says_where_the_webhooks_of_its_leg_go(body: dict[str, Any], route: Route) -> None:
    assert dial(new(route=HOME), **body).route == route


def test_what_an_answer_does_not_say_stays_as_it_was() -> None:
    simulation = new(route=HOME)
    leg = dial(
        simulation,
        webhook_url="https://b.example/",
        webhook_url_method="GET",
        webhook_urls={"call.hangup": "https://c.example/"},
        webhook_urls_method="GET",
        webhook_retries_policies={"call.hangup": {"retries_ms": [500]}},
    )
    linked = ring(simulation, webhook_url="https://b.example/")
    do(simulation, "answer", linked, webhook_urls={"call.hangup": "https://c.example/"})
    assert (leg.route.method, leg.route.urls_method, leg.route.retries_ms) == ("GET", "GET", {"call.hangup": (500,)})
    assert (linked.route.url, linked.route.urls) == ("https://b.example/", {"call.hangup": ("https://c.example/",)})


def test_with_known_applications_each_has_its_own_route() -> None:
    simulation = new(applications={"42": HOME, "43": Route("https://b.example/")})
    assert dial(simulation, connection_id="42").route == HOME
    assert ring(simulation, connection_id="43").route.url == "https://b.example/"


def test_with_known_applications_another_connection_is_refused() -> None:
    simulation = new(applications={"42": HOME})
    (error,) = refusal(simulation, "dial", to=CALLEE, from_=APP, connection_id=CONNECTION)
    assert (error["code"], error["source"]) == ("10015", {"pointer": "/connection_id"})
    assert error["title"] == "Invalid value for connection_id (Call Control App ID)"
    with pytest.raises(Refusal):
        ring(simulation, connection_id="43")
    assert simulation.world.legs == {}


def test_in_an_open_world_every_connection_is_good() -> None:
    assert code(new(), "dial", to=CALLEE, from_=APP, connection_id="1") == "ok"


@pytest.mark.parametrize("field", ["webhook_urls", "webhook_retries_policies"])
def test_a_key_that_is_no_event_is_refused(field: str) -> None:
    simulation = new()
    value: Any = {"call.answered": "https://a.test"} if field == "webhook_urls" else {"call.answered": {}}
    assert code(simulation, "dial", to=CALLEE, from_=APP, connection_id=CONNECTION, **{field: value}) == "ok"
    value["call.ringing"] = value["call.answered"]
    refused = refusal(simulation, "dial", to=CALLEE, from_=APP, connection_id=CONNECTION, **{field: value})
    assert (refused[0]["code"], refused[0]["source"]) == ("90057", {"pointer": f"/{field}"})


def test_the_events_that_may_be_named_are_those_of_the_specifications() -> None:
    specs = Path(__file__).parent.parent.parent / "specs"
    built = yaml.safe_load((specs / "openapi.yaml").read_text(encoding="utf-8"))["webhooks"]
    unbuilt = yaml.safe_load((specs / "unbuilt.yaml").read_text(encoding="utf-8"))["events"]
    newer = {"call.bridge", "call.conversation.start_failed", "call.sip_info.received"}
    assert {*built, *unbuilt, *newer} == EVENT_TYPES
    assert EVENT_TYPES > EMITTED
