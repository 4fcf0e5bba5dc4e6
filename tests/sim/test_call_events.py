"""Commands and webhooks of calls, as the platform lists them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mockserver.http.contract import Contract
from mockserver.sim.commands import Request, execute
from mockserver.sim.errors import Refusal
from mockserver.sim.events import Json
from mockserver.sim.simulation import Simulation
from mockserver.sim.world import Leg
from tests.sim.conferring import confer, create
from tests.sim.delivering import URL, attempt, webhook
from tests.sim.telling import APP, CALLEE, CALLER, CONNECTION, UNKNOWN, code, dial, do, new, ring

SPECS = Contract(Path(__file__).parents[2] / "specs" / "openapi.yaml")
NO_ID = "0d5f7a0e-14e3-4c83-a1de-5d0c2b7f9a61"


def listed(simulation: Simulation, **filters: Any) -> list[Json]:
    """The list, or what the filters leave of it; as the specification has it."""
    answer = execute(simulation, Request("list_call_events", query={"filter": filters}))
    assert SPECS.response_errors(SPECS.operation("list_call_events"), 200, answer) == []
    data: list[Json] = answer["data"]
    return data


def names(simulation: Simulation, **filters: Any) -> list[str]:
    return [event["name"] for event in listed(simulation, **filters)]


def answered(simulation: Simulation, **more: Any) -> Leg:
    """A caller who is answered with a delivered and an undelivered webhook, and a command that is refused."""
    leg = ring(simulation, **more)
    attempt(simulation, webhook(simulation, "call.initiated"))
    simulation.advance(1)
    assert code(simulation, "speak", leg, payload="Hello.", voice="female") == "90034"
    do(simulation, "answer", leg, client_state="QQ==")
    simulation.advance(1)
    attempt(simulation, webhook(simulation, "call.answered"), "retrying", status=500, code="75500")
    attempt(simulation, webhook(simulation, "call.answered"), "failed", number=2, status=500, code="75500")
    return leg


def test_commands_and_webhooks_of_a_call_are_listed_in_the_order_in_which_they_happened() -> None:
    simulation = new()
    leg = answered(simulation)
    ids = {"call_leg_id": leg.call_leg_id, "call_session_id": leg.call_session_id, "record_type": "call_event"}
    initiated, spoken, answer, told = listed(simulation)
    assert initiated == {
        **ids,
        "event_timestamp": "2026-01-01T00:00:00.000000Z",
        "metadata": {
            "attempt": 1,
            "delivered_to": URL,
            "event": webhook(simulation, "call.initiated").data,
            "status": "delivered",
        },
        "name": "call.initiated",
        "type": "webhook",
    }
    assert answer == {
        **ids,
        "event_timestamp": "2026-01-01T00:00:01.000000Z",
        "metadata": {"client_state": "QQ=="},
        "name": "answer",
        "type": "command",
    }
    errors = [{"code": "90034", "title": spoken["metadata"]["errors"][0]["title"]}]
    assert [{name: error[name] for name in ("code", "title")} for error in spoken["metadata"]["errors"]] == errors
    assert (spoken["name"], spoken["metadata"]["payload"]) == ("speak", "Hello.")
    assert (told["metadata"]["attempt"], told["metadata"]["status"]) == (2, "failed")


def test_a_webhook_that_was_not_tried_yet_has_only_itself_to_tell() -> None:
    simulation = new()
    ring(simulation)
    (event,) = listed(simulation)
    assert event["metadata"] == {"event": webhook(simulation, "call.initiated").data}


def test_commands_have_the_names_that_the_platform_lists_them_by() -> None:
    simulation = new()
    leg = dial(simulation)
    simulation.advance(3)
    do(simulation, "streaming_start", leg, stream_url="wss://app.example/")
    do(simulation, "streaming_stop", leg)
    assert names(simulation, type="command") == ["dial", "stream_start", "stream_stop"]


def test_only_what_is_about_a_known_call_is_listed() -> None:
    simulation = new()
    leg = ring(simulation)
    do(simulation, "answer", leg)
    simulation.advance(1)
    assert code(simulation, "hangup", UNKNOWN) == "90015"
    execute(simulation, Request("create_queue", {"queue_name": "support"}))
    do(simulation, "record_start", leg, format="wav", channels="dual")
    do(simulation, "record_stop", leg)
    simulation.advance(1)
    (recording_id,) = simulation.world.recordings
    execute(simulation, Request("delete_recording", params={"recording_id": recording_id}))
    assert names(simulation, type="command") == ["answer", "record_start", "record_stop"]


def test_what_happens_in_a_conference_is_told_of_the_legs_that_it_names() -> None:
    simulation = new()
    leg = ring(simulation)
    do(simulation, "answer", leg)
    simulation.advance(1)
    create(simulation, leg)
    confer(simulation, "speak", payload="Hello.", voice="female")
    simulation.advance(3)
    assert names(simulation, leg_id=leg.call_leg_id)[3:5] == ["create_conference", "conference.created"]
    assert "conference_speak" not in names(simulation)


def test_the_list_goes_back_a_day_unless_it_is_about_one_leg_or_session() -> None:
    simulation = new()
    leg = ring(simulation)
    simulation.advance(1)
    do(simulation, "reject", leg, cause="USER_BUSY")
    simulation.advance(24 * 3600 - 0.5)
    assert names(simulation) == ["reject", "call.hangup"]
    simulation.advance(3600)
    assert names(simulation) == []
    for filters in ({"leg_id": leg.call_leg_id}, {"application_session_id": leg.call_session_id}):
        assert names(simulation, **filters) == ["call.initiated", "reject", "call.hangup"]


def test_a_call_that_is_forgotten_is_known_by_its_webhooks() -> None:
    simulation = new(ended_legs=0)
    for _ in range(2):
        leg = ring(simulation)
        do(simulation, "reject", leg, cause="USER_BUSY")
        simulation.advance(601)
    ring(simulation)
    simulation.advance(1)
    assert leg.call_control_id not in simulation.world.legs
    filters = {"leg_id": leg.call_leg_id, "from": CALLER, "to": APP, "connection_id": CONNECTION}
    assert names(simulation, **filters) == ["call.initiated", "reject", "call.hangup"]


def test_a_command_whose_call_is_unknown_by_now_is_left_out() -> None:
    simulation = Simulation(keep=3)
    leg = ring(simulation)
    do(simulation, "reject", leg, cause="USER_BUSY")
    simulation.advance(1)
    simulation.world.legs.clear()
    simulation.log.entries.pop()
    simulation.log.entries.popleft()
    assert listed(simulation) == []


FILTERS = [
    ({"leg_id": "{call_leg_id}"}, [0, 1, 2, 3]),
    ({"leg_id": NO_ID}, []),
    ({"application_session_id": "{call_session_id}"}, [0, 1, 2, 3]),
    ({"application_session_id": NO_ID}, []),
    ({"name": "call.answered"}, [3]),
    ({"name": "speak"}, [1]),
    ({"type": "command"}, [1, 2, 4]),
    ({"type": "webhook"}, [0, 3, 5]),
    ({"status": "init"}, []),
    ({"status": "in_progress"}, [5]),
    ({"status": "completed"}, [0, 1, 2, 3, 4]),
    ({"failed": True}, [1, 3]),
    ({"failed": False}, [0, 2, 4, 5]),
    ({"from": CALLER}, [0, 1, 2, 3]),
    ({"to": CALLEE}, [4, 5]),
    ({"connection_id": CONNECTION}, [4, 5]),
    ({"connection_id": "5"}, []),
    ({"product": "call_control"}, [0, 1, 2, 3, 4, 5]),
    ({"product": "fax"}, []),
    ({"application_name": {"contains": "SHOP"}}, [0, 1, 2, 3]),
    ({"application_name": {"contains": "bank"}}, []),
    ({"application_name": {"contains": "null"}}, [0, 1, 2, 3, 4, 5]),
    ({"application_name": {}}, [0, 1, 2, 3, 4, 5]),
    ({"outbound.outbound_voice_profile_id": "1"}, [0, 1, 2, 3]),
    ({"outbound.outbound_voice_profile_id": "2"}, []),
    ({"occurred_at": {"eq": "2026-01-01T00:00:01Z"}}, [1, 2]),
    ({"occurred_at": {"gt": "2026-01-01T00:00:01Z"}}, [3, 4, 5]),
    ({"occurred_at": {"gte": "2026-01-01T00:00:01Z"}}, [1, 2, 3, 4, 5]),
    ({"occurred_at": {"lt": "2026-01-01T00:00:01Z"}}, [0]),
    ({"occurred_at": {"lte": "2026-01-01T00:00:01Z"}}, [0, 1, 2]),
    ({"type": "command", "failed": True, "from": CALLER}, [1]),
]


@pytest.mark.parametrize(("filters", "found"), FILTERS)
def test_call_events_are_filtered(filters: Json, found: list[int]) -> None:
    simulation = new()
    shop = {"application_name": "The shop", "webhook_event_url": URL, "outbound": {"outbound_voice_profile_id": "1"}}
    execute(simulation, Request("create_application", shop))
    (connection_id,) = simulation.world.applications
    leg = answered(simulation, connection_id=connection_id)
    dial(simulation)
    simulation.advance(0.5)
    attempt(simulation, webhook(simulation, "call.initiated"), "retrying", status=500, code="75500")
    everything = listed(simulation)
    assert len(everything) == 6
    facts = {"call_leg_id": leg.call_leg_id, "call_session_id": leg.call_session_id}
    wanted = {name: value.format(**facts) if isinstance(value, str) else value for name, value in filters.items()}
    assert [everything.index(event) for event in listed(simulation, **wanted)] == found


def test_a_webhook_that_waits_for_its_first_attempt_is_found_as_such() -> None:
    simulation = new()
    ring(simulation)
    assert (names(simulation, status="init"), names(simulation, failed=True)) == (["call.initiated"], [])


def test_call_events_come_in_pages_by_number() -> None:
    simulation = new()
    answered(simulation)
    pages = [
        execute(simulation, Request("list_call_events", query={"page": {"number": number, "size": 3}}))
        for number in (1, 2)
    ]
    assert [len(page["data"]) for page in pages] == [3, 1]
    assert [event for page in pages for event in page["data"]] == listed(simulation)
    assert pages[1]["meta"] == {"page_number": 2, "page_size": 3, "total_pages": 2, "total_results": 4}


@pytest.mark.parametrize(
    ("filters", "blamed"),
    [
        ({"colour": "red"}, "filter[colour]"),
        ({"application_name": {"contains": "ab"}}, "filter[application_name][contains]"),
        ({"occurred_at": {"gt": "yesterday"}}, "filter[occurred_at][gt]"),
        ({"occurred_at": {"gt": "2026-01-01", "lt": "2026-01-02"}}, "filter[occurred_at]"),
    ],
)
def test_a_filter_that_is_none_is_refused(filters: Json, blamed: str) -> None:
    with pytest.raises(Refusal) as raised:
        listed(new(), **filters)
    (error,) = raised.value.body()["errors"]
    assert (error["code"], error["source"]) == ("10031", {"parameter": blamed})
