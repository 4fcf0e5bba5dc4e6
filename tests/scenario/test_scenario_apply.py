"""A scenario in a simulation: who is there, who calls, what is refused."""

from __future__ import annotations

import pytest

from mockserver.scenario.apply import apply
from mockserver.scenario.load import load
from mockserver.sim import faults, people
from mockserver.sim.applications import DEFAULTS
from mockserver.sim.audio_files import Said
from mockserver.sim.clock import SECOND
from mockserver.sim.commands import Request, execute
from mockserver.sim.errors import Refusal
from mockserver.sim.events import Route
from mockserver.sim.simulation import Simulation
from mockserver.sim.world import Settings

ADA, APP = "+12025550143", "+12025550178"
DIAL = {"connection_id": "1", "to": ADA, "from": APP}


def code(simulation: Simulation, name: str, body: dict[str, str]) -> str:
    """What a command gets: ok or a code."""
    try:
        execute(simulation, Request(name, body))
    except Refusal as refusal:
        return refusal.problems[0].problem.code
    return "ok"


def test_calls_come_at_their_time_with_what_they_carry() -> None:
    simulation = Simulation(Settings(route=Route("http://app")))
    apply(
        load(
            f"calls: [{{from: {ADA}, to: {APP}, at: 2s, from_display_name: Ada,"
            f" custom_headers: [{{name: X, value: y}}], webhook_url: 'http://other/hook', connection_id: '7'}},"
            f" {{from: {APP}, to: {ADA}}}]"
        ),
        simulation,
    )
    start = simulation.now
    assert list(simulation.log.entries) == []
    simulation.advance(3)
    first, second = [entry for entry in simulation.log.entries if entry.kind == "webhook"]
    assert (first.at - start, second.at - start) == (0, 2 * SECOND)
    assert first.route == Route("http://app")
    assert second.route == Route("http://other/hook")
    payload = second.data["payload"]
    assert (payload["from"], payload["to"], payload["connection_id"]) == (ADA, APP, "7")
    assert payload["caller_id_name"] == "Ada"
    assert payload["custom_headers"] == [{"name": "X", "value": "y"}]


def test_people_are_found_before_those_who_were_there() -> None:
    simulation = Simulation()
    apply(load(f"people: [{{number: {ADA}, name: First}}, {{number: '*', name: Anyone}}]"), simulation)
    apply(load(f"people: [{{number: {ADA}, name: Second}}]"), simulation)
    assert people.find(ADA, simulation.world.people).name == "Second"
    assert people.find(APP, simulation.world.people).name == "Anyone"
    assert len(simulation.world.people) == 2


def test_errors_count_the_commands_from_when_the_scenario_came() -> None:
    simulation = Simulation()
    apply(load("errors: [{command: dial, nth: 2, code: '90041'}]"), simulation)
    assert [code(simulation, "dial", DIAL) for _ in range(3)] == ["ok", "90041", "ok"]
    apply(load("errors: [{command: dial, nth: 1, code: '10010'}]"), simulation)
    assert [code(simulation, "dial", DIAL) for _ in range(2)] == ["10010", "ok"]


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("fetch", [Said(url="*", fetch=True)]),
        ("1m", [Said(url="*", seconds=60.0), Said(media="*", seconds=60.0)]),
        (
            "[{url: 'https://a.example/**', seconds: 4.2}, {media: bye, problem: not_found}, {url: x, fetch: false}]",
            [Said(url="https://a.example/*", seconds=4.2), Said(media="bye", problem="not_found"), Said(url="x")],
        ),
    ],
)
def test_files_are_found_before_those_that_were_there(written: str, said: list[Said]) -> None:
    simulation = Simulation()
    simulation.world.audio = [Said(url="old")]
    apply(load(f"audio: {written}"), simulation)
    assert simulation.world.audio == [*said, Said(url="old")]


def test_recordings_are_counted_from_when_the_scenario_came() -> None:
    simulation = Simulation()
    simulation.world.recordings_begun = 4
    apply(load("recordings: [{problem: Unsupported backend}, {nth: 3, problem: Internal server error}]"), simulation)
    assert simulation.world.failing_recordings == {5: "Unsupported backend", 7: "Internal server error"}


def test_somebody_may_be_refused_to_be_dialled() -> None:
    simulation = Simulation()
    apply(load(f"people: [{{number: '{ADA[:5]}*', refused: '10010'}}]"), simulation)
    assert code(simulation, "dial", DIAL) == "10010"


def test_applications_make_their_connections_the_known_ones() -> None:
    simulation = Simulation(Settings(route=Route("http://app", timeout_secs=3.0)))
    text = (
        "applications: [{connection_id: one}, {connection_id: two, webhook_url: 'http://two/', webhook_failover_url: "
        f"'http://spare/'}}]\ncalls: [{{from: {ADA}, to: {APP}}}, {{from: {ADA}, to: {APP}, connection_id: two}}]"
    )
    apply(load(text), simulation)
    simulation.advance(1)
    webhooks = [entry for entry in simulation.log.entries if entry.kind == "webhook"]
    assert [entry.data["payload"]["connection_id"] for entry in webhooks] == ["one", "two"]
    assert [entry.route for entry in webhooks] == [
        Route("http://app", timeout_secs=3.0),
        Route("http://two/", failover_url="http://spare/"),
    ]
    assert code(simulation, "dial", DIAL) == "10015"
    assert code(simulation, "dial", {**DIAL, "connection_id": "two"}) == "ok"


def test_an_application_has_the_settings_of_the_scenario_and_else_the_defaults() -> None:
    simulation = Simulation(Settings(route=Route("http://app"), call_cost=True))
    text = (
        "applications: [{connection_id: one, application_name: Shop, active: false, webhook_timeout_secs: 30, "
        "first_command_timeout: true, first_command_timeout_secs: 5, call_cost_in_webhooks: false, "
        "inbound: {channel_limit: 0, sip_subdomain: shop, shaken_stir_enabled: true}, "
        "outbound: {channel_limit: 1, outbound_voice_profile_id: '7'}}, "
        "{connection_id: two}, {connection_id: three, webhook_url: ''}]"
    )
    apply(load(text), simulation)
    one, two, three = simulation.world.applications.values()
    assert one.fields == {
        **DEFAULTS,
        "active": False,
        "application_name": "Shop",
        "call_cost_in_webhooks": False,
        "first_command_timeout": True,
        "first_command_timeout_secs": 5,
        "inbound": {
            "channel_limit": 0,
            "shaken_stir_enabled": True,
            "sip_subdomain": "shop",
            "sip_subdomain_receive_settings": "from_anyone",
        },
        "outbound": {"channel_limit": 1, "outbound_voice_profile_id": "7"},
        "webhook_api_version": "2",
        "webhook_event_url": "http://app",
        "webhook_timeout_secs": 30,
    }
    assert (two.name, two.tells_cost, two.route) == ("two", True, Route("http://app"))
    assert three.route == Route()
    assert [code(simulation, "dial", {**DIAL, "connection_id": one}) for one in ("one", "two", "three")] == [
        "10015",
        "ok",
        "10015",
    ]


def test_a_call_that_does_not_reach_its_application_is_a_warning() -> None:
    simulation = Simulation()
    apply(load(f"applications: [{{connection_id: a, active: false}}]\ncalls: [{{from: {ADA}, to: {APP}}}]"), simulation)
    simulation.advance(1)
    (entry,) = simulation.log.entries
    assert (entry.kind, entry.data["text"].endswith("The application a is not active.")) == ("warning", True)


def test_a_call_to_an_unknown_connection_is_a_warning_and_no_crash() -> None:
    simulation = Simulation(Settings(applications={"1": Route("http://app")}))
    apply(load(f"calls: [{{from: {ADA}, to: {APP}}}]"), simulation)
    simulation.advance(1)
    (entry,) = simulation.log.entries
    assert (entry.kind, entry.name) == ("warning", "scenario")
    assert "Name its connection_id under applications." in entry.data["text"]


@pytest.mark.parametrize(
    ("written", "seconds"),
    [("2", 2), ("0.5", 0.5), ("2s", 2), ("500ms", 0.5), ("1m30s", 90), ("1m", 60), ("1h", 3600), ("1h2m3.5s", 3723.5)],
)
def test_durations_are_seconds(written: str, seconds: float) -> None:
    assert load(f"people: [{{number: '*', answers_after: {written}}}]").people[0].answers_after == seconds


def test_assistants_are_there_from_now_on_and_secrets_are_known() -> None:
    simulation = Simulation()
    simulation.advance(5)
    apply(load("assistants: [{id: a, name: Desk}]\nsecrets: {key: abc}"), simulation)
    assistant = simulation.world.assistants["a"]
    assert (assistant.name, assistant.created_at) == ("Desk", simulation.now)
    assert simulation.world.secrets == {"key": "abc"}


def test_faults_are_in_store_behind_errors_and_counted_from_when_the_scenario_came() -> None:
    simulation = Simulation()
    apply(
        load(
            "errors: [{command: dial, nth: 2, code: '90041'}]\n"
            "faults:\n"
            "- {operation: dial, first: 1, error: '10010', title: Not authorized, applied: before}\n"
            "- {operation: '*', probability: 5%, status: 503, body: {a: 1}, latency: [100ms, 2s], wall: true}\n"
            "- {operation: dial, number: '+1202*', rate_limit: {limit: 50, reset: 2}}\n"
            "- {operation: dial, state: parked, rate_limit: true, latency: 1m}\n"
            "- {operation: speak, race: hang_up_before_command, ms: 30}\n"
            "- {event: 'call.*', every: 3, delivery: changed_body, body: text, latency: {mean: 1s, deviation: 200ms}}\n"
        ),
        simulation,
    )
    assert [faults.as_json(rule.fault) for rule in simulation.world.faults] == [
        {"operation": "dial", "nth": 2, "error": "90041", "title": "User termination channels limit exceeded"},
        {"operation": "dial", "first": 1, "error": "10010", "title": "Not authorized"},
        {
            "operation": "*",
            "probability": 0.05,
            "status": 503,
            "body": {"a": 1},
            "latency": [0.1, 2.0],
            "wall": True,
        },
        {"operation": "dial", "number": "+1202*", "rate_limit": {"limit": 50, "reset": 2}},
        {"operation": "dial", "state": "parked", "rate_limit": {"limit": 100, "reset": 1}, "latency": 60.0},
        {"operation": "speak", "race": "hang_up_before_command", "ms": 30},
        {
            "event": "call.*",
            "every": 3,
            "delivery": "changed_body",
            "body": "text",
            "latency": {"mean": 1.0, "deviation": 0.2, "min": 0.0, "max": 3600.0},
        },
    ]
    assert [code(simulation, "dial", DIAL) for _ in range(3)] == ["10010", "90041", "ok"]
