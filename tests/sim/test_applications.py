"""Call control applications: what can be asked of them, and how their settings govern their calls."""

from __future__ import annotations

from typing import Any

import pytest

from mockserver.sim.application_commands import KINDS
from mockserver.sim.applications import LIMIT
from mockserver.sim.commands import Request, execute
from mockserver.sim.errors import Refusal
from mockserver.sim.events import Json, Route
from mockserver.sim.parties import place_call
from mockserver.sim.people import Person
from mockserver.sim.simulation import Simulation
from tests.sim.telling import APP, CALLEE, CALLER, CONNECTION, code, dial, do, events, names, new, ring, story, talk

HOME = "https://shop.example/calls"
WORLD = Route("https://world.example/")


def ask(simulation: Simulation, name: str, number: str = "", query: Json | None = None, **body: Any) -> Json:
    """Ask of applications or connections; the whole response."""
    return execute(simulation, Request(name, body, params={"id": number}, query=query or {}))


def create(simulation: Simulation, name: str = "Shop", **more: Any) -> str:
    """A new application; its id."""
    body = {"application_name": name, "webhook_event_url": HOME, "webhook_api_version": "2", **more}
    number: str = ask(simulation, "create_application", **body)["data"]["id"]
    return number


def change(simulation: Simulation, number: str, **more: Any) -> Json:
    known = {"application_name": "Shop", "webhook_event_url": HOME}
    data: Json = ask(simulation, "update_application", number, **{**known, **more})["data"]
    return data


def refused(simulation: Simulation, name: str, number: str = "", query: Json | None = None, **body: Any) -> list[Any]:
    """The code and the place of a refusal."""
    try:
        ask(simulation, name, number, query, **body)
    except Refusal as refusal:
        (error,) = refusal.body()["errors"]
        return [refusal.status, error["code"], error.get("source")]
    raise AssertionError(f"{name} was not refused")


def listed(simulation: Simulation, query: Json, name: str = "list_applications") -> list[str]:
    key = "application_name" if name == "list_applications" else "connection_name"
    return [one[key] for one in ask(simulation, name, query=query)["data"]]


def destinations(simulation: Simulation) -> list[tuple[str, str | None]]:
    """The webhooks and where they went."""
    return [(entry.name, entry.route.url) for entry in simulation.log.entries if entry.route]


# What there is


def test_a_new_application_has_what_is_given_and_for_the_rest_the_published_defaults() -> None:
    simulation = new()
    simulation.advance(1.2345)
    created = ask(
        simulation,
        "create_application",
        application_name="Shop",
        webhook_event_url=HOME,
        webhook_api_version="2",
        inbound={"channel_limit": 3},
    )["data"]
    number = created["id"]
    assert created == {
        "active": True,
        "anchorsite_override": "Latency",
        "application_name": "Shop",
        "call_cost_in_webhooks": False,
        "created_at": "2026-01-01T00:00:01.234Z",
        "dtmf_type": "RFC 2833",
        "first_command_timeout": False,
        "first_command_timeout_secs": 30,
        "id": number,
        "inbound": {
            "channel_limit": 3,
            "shaken_stir_enabled": False,
            "sip_subdomain_receive_settings": "from_anyone",
        },
        "outbound": {},
        "record_type": "call_control_application",
        "redact_dtmf_debug_logging": False,
        "tags": [],
        "updated_at": "2026-01-01T00:00:01.234Z",
        "webhook_api_version": "2",
        "webhook_event_failover_url": "",
        "webhook_event_url": HOME,
        "webhook_timeout_secs": None,
    }
    assert number.isdecimal()
    assert len(number) == 19
    assert ask(simulation, "retrieve_application", number)["data"] == created
    assert story(simulation) == [("1.234", "app", "create_application")]


def test_a_change_leaves_alone_what_it_does_not_name() -> None:
    simulation = new()
    number = create(simulation, inbound={"channel_limit": 3}, tags=["old"], dtmf_type="Inband")
    before = ask(simulation, "retrieve_application", number)["data"]
    simulation.advance(60)
    after = change(simulation, number, application_name="Store", inbound={"sip_subdomain": "store"})
    assert after == {
        **before,
        "application_name": "Store",
        "inbound": {**before["inbound"], "sip_subdomain": "store"},
        "updated_at": "2026-01-01T00:01:00.000Z",
    }
    assert ask(simulation, "retrieve_application", number)["data"] == after


def test_a_deleted_application_is_shown_once_more_and_is_gone() -> None:
    simulation = new()
    number = create(simulation)
    before = ask(simulation, "retrieve_application", number)
    assert ask(simulation, "delete_application", number) == before
    for name in ("retrieve_application", "delete_application", "update_application", "retrieve_connection"):
        assert refused(simulation, name, number) == [404, "10005", {"pointer": "/"}]
    assert listed(simulation, {}) == []


def test_there_are_a_thousand_applications_at_most() -> None:
    simulation = new()
    numbers = [create(simulation) for _ in range(LIMIT)]
    assert len(set(numbers)) == LIMIT == 1_000
    given: Json = {"application_name": "Shop", "webhook_event_url": HOME}
    assert refused(simulation, "create_application", **given)[:2] == [422, "10027"]
    ask(simulation, "delete_application", numbers[0])
    create(simulation)


def test_version_one_of_webhooks_which_is_the_default_is_a_warning() -> None:
    simulation = new()
    given: Json = {"application_name": "Shop", "webhook_event_url": HOME}
    number = ask(simulation, "create_application", **given)["data"]["id"]
    change(simulation, number, tags=["x"])
    change(simulation, number, webhook_api_version="2")
    change(simulation, number, webhook_api_version="1")
    assert [(entry.kind, entry.name) for entry in simulation.log.entries] == [
        ("warning", "create_application"),
        ("command", "create_application"),
        ("command", "update_application"),
        ("command", "update_application"),
        ("warning", "update_application"),
        ("command", "update_application"),
    ]


def test_an_application_is_a_connection_too() -> None:
    simulation = new()
    profile = {"outbound_voice_profile_id": "7"}
    number = create(simulation, anchorsite_override="London, UK", outbound=profile, tags=["a"], active=False)
    assert ask(simulation, "retrieve_connection", number)["data"] == {
        "active": False,
        "anchorsite_override": "London, UK",
        "connection_name": "Shop",
        "created_at": "2026-01-01T00:00:00.000Z",
        "id": number,
        "outbound_voice_profile_id": "7",
        "record_type": "call_control_application",
        "tags": ["a"],
        "updated_at": "2026-01-01T00:00:00.000Z",
        "webhook_api_version": "2",
        "webhook_event_failover_url": "",
        "webhook_event_url": HOME,
    }
    change(simulation, number, anchorsite_override="Chennai, IN")
    assert "anchorsite_override" not in ask(simulation, "retrieve_connection", number)["data"]
    counted = ask(simulation, "retrieve_connection_count")["data"]
    assert counted["counts"] == {**dict.fromkeys(KINDS, 0), "call_control_applications": 1}
    assert counted["limits"] == {"global_limit": LIMIT}


# Lists


@pytest.mark.parametrize(
    ("sort", "found"),
    [
        (None, ["bee", "cow", "ant", "dog"]),
        ("created_at", ["dog", "ant", "cow", "bee"]),
        ("-created_at", ["bee", "cow", "ant", "dog"]),
        ("connection_name", ["ant", "bee", "cow", "dog"]),
        ("-connection_name", ["dog", "cow", "bee", "ant"]),
        ("active", ["ant", "dog", "cow", "bee"]),
        ("-active", ["bee", "cow", "dog", "ant"]),
    ],
)
@pytest.mark.parametrize("name", ["list_applications", "list_connections"])
def test_lists_have_the_order_that_is_asked_for(name: str, sort: str | None, found: list[str]) -> None:
    simulation = new()
    for seconds, animal in enumerate(["dog", "ant", "cow", "bee"]):
        simulation.advance(seconds % 2)
        create(simulation, animal, active=animal != "ant")
    assert listed(simulation, {"sort": sort} if sort else {}, name) == found


def test_lists_come_page_by_page() -> None:
    simulation = new()
    for number in range(21):
        create(simulation, f"number {number}")
    first = ask(simulation, "list_applications")
    assert [first["data"][0]["application_name"], len(first["data"])] == ["number 20", 20]
    assert first["meta"] == {"page_number": 1, "page_size": 20, "total_pages": 2, "total_results": 21}
    assert listed(simulation, {"page": {"number": 3, "size": 9}}) == ["number 2", "number 1", "number 0"]
    assert ask(simulation, "list_connections")["meta"]["page_size"] == 250
    assert refused(simulation, "list_applications", query={"page": {"after": "x"}}) == [
        400,
        "10015",
        {"parameter": "page[after]"},
    ]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"application_name": {"contains": "SHOP"}}, ["shop two", "Shop one"]),
        ({"application_name": {"contains": "null"}}, ["Bar", "shop two", "Shop one"]),
        ({"application_name": {}}, ["Bar", "shop two", "Shop one"]),
        ({"connection_id": "1"}, []),
        ({"outbound.outbound_voice_profile_id": "7"}, ["shop two"]),
        ({"product": "call_control"}, ["Bar", "shop two", "Shop one"]),
        ({"product": "fax"}, []),
        ({"occurred_at": {"gte": "2026-01-01T00:00:01"}}, ["Bar", "shop two"]),
        ({"occurred_at": {"gt": "2026-01-01T00:00:01"}, "application_name": {"contains": "shop"}}, []),
        (
            {"status": "init", "from": APP, "to": APP, "failed": True, "type": "webhook", "name": "call.hangup"},
            ["Bar", "shop two", "Shop one"],
        ),
        ({"application_session_id": "x", "leg_id": "x"}, ["Bar", "shop two", "Shop one"]),
    ],
)
def test_a_filter_leaves_out_applications_that_do_not_fit(wanted: Json, found: list[str]) -> None:
    simulation = three()
    assert listed(simulation, {"filter": wanted}) == found


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"connection_name": {"contains": "shop"}}, ["shop two", "Shop one"]),
        ({"outbound_voice_profile_id": "7"}, ["shop two"]),
        ({"fqdn": "shop.example"}, []),
    ],
)
def test_a_filter_leaves_out_connections_that_do_not_fit(wanted: Json, found: list[str]) -> None:
    assert listed(three(), {"filter": wanted}, "list_connections") == found


def three() -> Simulation:
    simulation = new()
    create(simulation, "Shop one")
    simulation.advance(1)
    create(simulation, "shop two", outbound={"outbound_voice_profile_id": "7"})
    simulation.advance(1)
    create(simulation, "Bar")
    return simulation


@pytest.mark.parametrize(
    ("name", "wanted", "parameter"),
    [
        ("list_applications", {"application_name": {"contains": "sh"}}, "filter[application_name][contains]"),
        ("list_connections", {"connection_name": {"contains": ""}}, "filter[connection_name][contains]"),
        ("list_applications", {"occurred_at": {"eq": "noon"}}, "filter[occurred_at][eq]"),
        ("list_applications", {"fqdn": "x"}, "filter[fqdn]"),
        ("list_connections", {"from": "x"}, "filter[from]"),
    ],
)
def test_a_filter_that_is_not_good_is_refused(name: str, wanted: Json, parameter: str) -> None:
    assert refused(new(), name, query={"filter": wanted}) == [422, "10031", {"parameter": parameter}]


# Where the webhooks of its calls go


def test_a_call_and_its_webhooks_belong_to_the_application_that_is_named() -> None:
    simulation = new(Person(CALLEE, hangs_up_after=1.0), route=WORLD)
    number = create(simulation, webhook_event_failover_url="https://spare.example/", webhook_timeout_secs=7)
    leg = dial(simulation, connection_id=number)
    assert leg.route == Route(HOME, failover_url="https://spare.example/", timeout_secs=7)
    simulation.advance(10)
    assert story(simulation)[1:] == [
        ("0.000", "app", "dial"),
        ("0.300", "telnyx", "call.initiated"),
        ("2.300", "person", "answers"),
        ("2.300", "telnyx", "call.answered"),
        ("3.300", "person", "hangs_up normal"),
        ("3.300", "telnyx", "call.hangup normal_clearing callee 200"),
    ]
    assert destinations(simulation) == [(name, HOME) for name in names(simulation)]
    assert {payload["connection_id"] for payload in events(simulation, "call.hangup")} == {number}


def test_a_connection_that_is_no_application_has_the_webhook_url_of_an_open_world() -> None:
    simulation = new(route=WORLD)
    create(simulation)
    assert (dial(simulation).route, ring(simulation).route) == (WORLD, WORLD)


def test_what_a_command_says_of_webhooks_goes_before_its_application() -> None:
    simulation = new()
    number = create(simulation, webhook_event_failover_url="https://spare.example/")
    leg = dial(simulation, connection_id=number, webhook_url="https://leg.example/")
    assert leg.route == Route("https://leg.example/", failover_url="https://spare.example/")


def test_a_change_governs_the_calls_that_come_after_it() -> None:
    simulation = new(Person(CALLEE, hangs_up_after=5.0))
    number = create(simulation)
    dial(simulation, connection_id=number)
    change(simulation, number, webhook_event_url="https://moved.example/", call_cost_in_webhooks=True)
    simulation.advance(3)
    dial(simulation, connection_id=number)
    simulation.advance(20)
    first, second = HOME, "https://moved.example/"
    assert destinations(simulation) == [
        ("call.initiated", first),
        ("call.answered", first),
        ("call.initiated", second),
        ("call.answered", second),
        ("call.hangup", first),
        ("call.hangup", second),
        ("call.cost", second),
    ]


def test_the_calls_of_a_deleted_application_go_on() -> None:
    simulation = new(applications={})
    number = create(simulation)
    leg = ring(simulation, connection_id=number)
    ask(simulation, "delete_application", number)
    do(simulation, "answer", leg)
    simulation.advance(1)
    assert destinations(simulation) == [("call.initiated", HOME), ("call.answered", HOME)]
    assert code(simulation, "dial", to=CALLEE, from_=APP, connection_id=number) == "10015"


def test_a_transfer_goes_out_by_the_application_of_its_leg() -> None:
    simulation = new()
    number = create(simulation)
    leg = ring(simulation, connection_id=number)
    do(simulation, "transfer", leg, to=CALLEE)
    simulation.advance(1)
    assert destinations(simulation) == [("call.initiated", HOME)] * 2
    change(simulation, number, active=False)
    assert code(simulation, "transfer", leg, to=CALLEE) == "10015"


# Who may dial and be called


def test_where_only_known_connections_are_good_those_of_the_start_and_new_ones_are() -> None:
    simulation = new(applications={"42": WORLD}, call_cost=True)
    number = create(simulation)
    assert (dial(simulation, connection_id="42").route, dial(simulation, connection_id=number).route.url) == (
        WORLD,
        HOME,
    )
    for name in ("dial", "ring"):
        with pytest.raises(Refusal, match="10015"):
            dial(simulation) if name == "dial" else ring(simulation)
    shown = ask(simulation, "retrieve_application", "42")["data"]
    assert (shown["application_name"], shown["webhook_event_url"]) == ("42", WORLD.url)
    assert (shown["call_cost_in_webhooks"], shown["webhook_api_version"]) == (True, "2")


def test_an_application_of_the_start_that_has_no_url_can_dial_and_tells_nobody() -> None:
    simulation = new(applications={"42": Route()})
    assert dial(simulation, connection_id="42").route == Route()
    assert "webhook_event_url" not in ask(simulation, "retrieve_application", "42")["data"]
    assert ask(simulation, "retrieve_connection", "42")["data"]["webhook_event_url"] is None


def test_active_calls_of_an_unknown_connection_are_none_or_not_to_be_asked_for() -> None:
    query = Request("list_active_calls", params={"connection_id": "1"})
    assert execute(new(), query)["data"] == []
    with pytest.raises(Refusal, match="10005"):
        execute(new(applications={}), query)
    assert execute(new(applications={"1": WORLD}), query)["data"] == []


def test_an_application_that_is_not_active_can_neither_dial_nor_be_called() -> None:
    simulation = new()
    number = create(simulation, active=False)
    before = len(simulation.log.entries)
    assert code(simulation, "dial", to=CALLEE, from_=APP, connection_id=number) == "10015"
    with pytest.raises(Refusal, match="is not active"):
        ring(simulation, connection_id=number)
    assert story(simulation, before) == [("0.000", "app", "dial 10015")]
    change(simulation, number, active=True)
    dial(simulation, connection_id=number)
    ring(simulation, connection_id=number)


def test_no_more_calls_go_out_at_once_than_the_limit() -> None:
    simulation = new(Person("*", hangs_up_after=1.0))
    number = create(simulation, outbound={"channel_limit": 2})
    given = {"to": CALLEE, "from_": APP, "connection_id": number}
    ring(simulation, connection_id=number)
    dial(simulation)
    assert [code(simulation, "dial", **given) for _ in range(3)] == ["ok", "ok", "90043"]
    simulation.advance(10)
    assert code(simulation, "dial", **given) == "ok"


def test_no_more_calls_come_in_at_once_than_the_limit() -> None:
    simulation = new()
    number = create(simulation, inbound={"channel_limit": 1})
    dial(simulation, connection_id=number)
    ring(simulation, Person(gives_up_after=5.0), connection_id=number)
    with pytest.raises(Refusal, match="hears a busy tone"):
        ring(simulation, connection_id=number)
    simulation.advance(5)
    ring(simulation, connection_id=number)
    assert names(simulation) == ["call.initiated", "call.initiated", "call.answered", "call.hangup", "call.initiated"]


@pytest.mark.parametrize(
    ("to", "reached"),
    [
        ("sip:anybody@shop.sip.telnyx.com", True),
        ("sip:Anybody@SHOP.SIP.TELNYX.COM", True),
        ("sip:anybody@bar.sip.telnyx.com", False),
        ("sip:anybody@shop.example", False),
        (APP, False),
    ],
)
def test_whoever_calls_a_subdomain_reaches_its_application(to: str, reached: bool) -> None:
    simulation = new()
    create(simulation)
    number = create(simulation, inbound={"sip_subdomain": "shop"})
    place_call(simulation, CALLER, to, Person())
    (payload,) = events(simulation, "call.initiated")
    assert payload["connection_id"] == (number if reached else CONNECTION)


# What else its calls live under


def test_a_caller_whose_call_has_no_command_in_time_is_hung_up() -> None:
    simulation = new()
    number = create(simulation, first_command_timeout=True, first_command_timeout_secs=5)
    ring(simulation, connection_id=number)
    simulation.advance(60)
    assert story(simulation)[1:] == [
        ("0.000", "person", "calls"),
        ("0.000", "telnyx", "call.initiated"),
        ("5.150", "telnyx", "call.hangup timeout unknown 480"),
    ]


@pytest.mark.parametrize("name", ["answer", "client_state_update"])
def test_any_command_is_in_time(name: str) -> None:
    simulation = new()
    number = create(simulation, first_command_timeout=True)
    leg = ring(simulation, connection_id=number)
    simulation.advance(29)
    do(simulation, name, leg, client_state="QQ==")
    simulation.advance(20)
    assert "call.hangup" not in names(simulation)


def test_a_refused_command_is_none_and_a_call_that_is_over_needs_none() -> None:
    simulation = new()
    number = create(simulation, first_command_timeout=True, first_command_timeout_secs=-1)
    leg = ring(simulation, connection_id=number)
    assert code(simulation, "speak", leg, payload="Hello.", voice="female") == "90034"
    simulation.advance(1)
    assert names(simulation)[-1] == "call.hangup"
    change(simulation, number, first_command_timeout_secs=30)
    ring(simulation, Person(gives_up_after=1.0), connection_id=number)
    simulation.advance(60)
    assert [payload["hangup_cause"] for payload in events(simulation, "call.hangup")] == [
        "timeout",
        "originator_cancel",
    ]


@pytest.mark.parametrize(("world", "wanted"), [(False, True), (True, False)])
def test_an_application_says_whether_its_calls_tell_what_they_cost(world: bool, wanted: bool) -> None:
    simulation = new(Person(CALLEE, hangs_up_after=1.0), call_cost=world)
    number = create(simulation, call_cost_in_webhooks=wanted)
    dial(simulation)
    leg = dial(simulation, connection_id=number)
    simulation.advance(60)
    assert (names(simulation, leg).count("call.cost"), names(simulation).count("call.cost")) == (wanted, 1)


def test_a_caller_is_attested_where_the_application_wants_it() -> None:
    simulation = new()
    number = create(simulation, inbound={"shaken_stir_enabled": True})
    ring(simulation, connection_id=number)
    ring(simulation, from_="sip:ada@shop.example", connection_id=number)
    ring(simulation)
    assert [payload.get("shaken_stir_attestation") for payload in events(simulation, "call.initiated")] == [
        "A",
        None,
        None,
    ]


def test_the_webhooks_of_a_conference_go_to_the_application_of_its_creator() -> None:
    simulation = new(route=WORLD)
    number = create(simulation)
    for connection in (number, CONNECTION):
        leg = ring(simulation, connection_id=connection)
        do(simulation, "answer", leg, webhook_url="https://leg.example/")
        simulation.advance(1)
        do(simulation, "create_conference", call_control_id=leg.call_control_id, name=connection)
        simulation.advance(1)
    went = [url for name, url in destinations(simulation) if name == "conference.created"]
    assert went == [HOME, WORLD.url]


def test_the_same_seed_gives_the_same_ids_of_applications() -> None:
    def told(seed: int) -> list[str]:
        simulation = new(seed=seed)
        return [create(simulation), talk(simulation).call_control_id, create(simulation)]

    assert told(1) == told(1) != told(2)
