"""Deliveries of webhooks as the platform shows them, and the key that verifies them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mockserver.http.contract import Contract
from mockserver.sim.commands import Request, execute
from mockserver.sim.errors import Refusal
from mockserver.sim.events import Json
from mockserver.sim.simulation import Simulation
from mockserver.sim.stream_messages import USER_ID
from tests.sim.delivering import URL, attempt, webhook
from tests.sim.telling import do, new, ring

SPECS = Contract(Path(__file__).parents[2] / "specs" / "openapi.yaml")
NO_ID = "0d5f7a0e-14e3-4c83-a1de-5d0c2b7f9a61"
SPARE = "https://spare.example/hooks"


def listed(simulation: Simulation, **filters: Any) -> Any:
    """The list, or what the filters leave of it; as the specification has it."""
    answer = execute(simulation, Request("list_webhook_deliveries", query={"filter": filters}))
    assert SPECS.response_errors(SPECS.operation("list_webhook_deliveries"), 200, answer) == []
    return answer["data"]


def names(deliveries: list[Json]) -> list[str]:
    return [delivery["webhook"]["event_type"] for delivery in deliveries]


def three(simulation: Simulation) -> None:
    """One webhook that was delivered at once, one in the second attempt, and one that never arrives."""
    leg = ring(simulation)
    attempt(simulation, webhook(simulation, "call.initiated"), seconds=1)
    do(simulation, "answer", leg)
    simulation.advance(1)
    answered = webhook(simulation, "call.answered")
    attempt(simulation, answered, "retrying", seconds=1, status=None, code="75002")
    attempt(simulation, answered, number=2, seconds=1, status=202, code="75299")
    do(simulation, "hangup", leg)
    simulation.advance(1)
    hangup = webhook(simulation, "call.hangup")
    attempt(simulation, hangup, "retrying", status=500, code="75500")
    attempt(simulation, hangup, "failed", number=2, seconds=2, url=SPARE, status=404, code="75404")


def test_a_delivery_tells_its_webhook_and_its_attempts_the_latest_first() -> None:
    simulation = new()
    three(simulation)
    _, delivery, _ = listed(simulation)
    event = webhook(simulation, "call.answered").data
    assert delivery == {
        "attempts": [
            {
                "errors": [75299],
                "finished_at": "2026-01-01T00:00:04.000000Z",
                "http": {"request": {"url": URL}, "response": {"status": 202}},
                "started_at": "2026-01-01T00:00:03.000000Z",
                "status": "delivered",
            },
            {
                "errors": [75002],
                "finished_at": "2026-01-01T00:00:03.000000Z",
                "http": {"request": {"url": URL}},
                "started_at": "2026-01-01T00:00:02.000000Z",
                "status": "failed",
            },
        ],
        "finished_at": "2026-01-01T00:00:04.000000Z",
        "id": event["id"],
        "record_type": "webhook_delivery",
        "started_at": "2026-01-01T00:00:02.000000Z",
        "status": "delivered",
        "user_id": USER_ID,
        "webhook": event,
    }
    found = execute(simulation, Request("retrieve_webhook_delivery", params={"id": event["id"].upper()}))
    assert found == {"data": delivery}
    assert SPECS.response_errors(SPECS.operation("retrieve_webhook_delivery"), 200, found) == []


def test_deliveries_are_listed_newest_first_in_pages_by_number() -> None:
    simulation = new()
    three(simulation)
    assert names(listed(simulation)) == ["call.hangup", "call.answered", "call.initiated"]
    page = execute(simulation, Request("list_webhook_deliveries", query={"page": {"number": 2, "size": 2}}))
    assert (names(page["data"]), page["meta"]["total_pages"]) == (["call.initiated"], 2)


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"status": {"eq": "failed"}}, ["call.hangup"]),
        ({"status": {"eq": "delivered"}}, ["call.answered", "call.initiated"]),
        ({"event_type": "call.answered"}, ["call.answered"]),
        ({"event_type": "call.hangup,call_initiated,call.initiated"}, ["call.hangup", "call.initiated"]),
        ({"webhook": {"contains": "normal_clearing"}}, ["call.hangup"]),
        ({"webhook": {"contains": "spare.example"}}, []),
        ({"attempts": {"contains": SPARE}}, ["call.hangup"]),
        ({"attempts": {"contains": "75299"}}, ["call.answered"]),
        ({"attempts": {"contains": "normal_clearing"}}, []),
        ({"started_at": {"gte": "2026-01-01T00:00:02Z"}}, ["call.hangup", "call.answered"]),
        ({"started_at": {"lte": "2026-01-01T00:00:02Z"}}, ["call.answered", "call.initiated"]),
        ({"finished_at": {"gte": "2026-01-01T00:00:04Z"}}, ["call.hangup", "call.answered"]),
        ({"finished_at": {"lte": "2026-01-01T00:00:04Z"}}, ["call.answered", "call.initiated"]),
        ({"event_type": "call.hangup", "status": {"eq": "delivered"}}, []),
        ({"status": {}, "webhook": {}, "attempts": {}}, ["call.hangup", "call.answered", "call.initiated"]),
    ],
)
def test_deliveries_are_filtered(filters: Json, found: list[str]) -> None:
    simulation = new()
    three(simulation)
    assert names(listed(simulation, **filters)) == found


def test_a_forged_copy_is_no_attempt_to_deliver() -> None:
    simulation = new()
    ring(simulation)
    event = webhook(simulation, "call.initiated")
    attempt(simulation, event, "forged", number=0, status=401)
    assert listed(simulation) == []
    attempt(simulation, event)
    assert [(one["status"], len(one["attempts"])) for one in listed(simulation)] == [("delivered", 1)]


def test_an_event_that_was_not_tried_is_not_there_and_one_that_is_tried_again_has_failed_so_far() -> None:
    simulation = new()
    ring(simulation)
    assert listed(simulation) == []
    event = webhook(simulation, "call.initiated")
    attempt(simulation, event, "retrying", status=503, code="75599")
    (delivery,) = listed(simulation)
    assert (delivery["status"], "finished_at" in delivery) == ("failed", False)
    assert listed(simulation, finished_at={"gte": "2000-01-01"}) == []
    attempt(simulation, event, number=2)
    (delivery,) = listed(simulation)
    assert (delivery["status"], "finished_at" in delivery) == ("delivered", True)


def test_an_event_for_several_urls_is_one_delivery_that_fails_if_one_of_them_does() -> None:
    simulation = new()
    ring(simulation)
    event = webhook(simulation, "call.initiated")
    attempt(simulation, event, "retrying", status=500, code="75500")
    attempt(simulation, event, url=SPARE)
    (delivery,) = listed(simulation)
    assert (delivery["status"], "finished_at" in delivery) == ("failed", False)
    attempt(simulation, event, "failed", number=2, status=500, code="75500")
    (delivery,) = listed(simulation)
    assert (delivery["status"], "finished_at" in delivery, len(delivery["attempts"])) == ("failed", True, 3)


def test_what_the_log_has_forgotten_is_not_listed() -> None:
    simulation = Simulation(keep=4)
    ring(simulation)
    attempt(simulation, webhook(simulation, "call.initiated"))
    assert names(listed(simulation)) == ["call.initiated"]
    for number in range(3):
        simulation.note("person", f"waits {number}", None)
    assert listed(simulation) == []


def test_an_unknown_delivery_is_refused() -> None:
    with pytest.raises(Refusal) as raised:
        execute(new(), Request("retrieve_webhook_delivery", params={"id": NO_ID}))
    assert (raised.value.status, raised.value.problems[0].problem.code) == (404, "10005")


def test_the_public_key_is_that_of_the_world() -> None:
    key = "mW78UZGIDeXVPZcxrm2jtSqhe/2i20n2SDQrIhl59lY="
    assert execute(new(public_key=key), Request("retrieve_public_key")) == {"data": {"public": key}}
