"""The list of the calls that are up."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from typing import Any

import pytest

from mockserver.sim import legs
from mockserver.sim.commands import Request, execute
from mockserver.sim.errors import Refusal
from mockserver.sim.events import Json
from mockserver.sim.simulation import Simulation
from mockserver.sim.world import Leg
from tests.sim.telling import CONNECTION, dial, do, new, ring


def page(simulation: Simulation, connection_id: str = CONNECTION, **asked: Any) -> Json:
    request = Request(
        "list_active_calls", params={"connection_id": connection_id}, query={"page": asked} if asked else {}
    )
    return execute(simulation, request)


def shown(legs: list[Leg], listed: Json) -> list[int]:
    order = [leg.call_control_id for leg in legs]
    return [order.index(item["call_control_id"]) for item in listed["data"]]


def test_a_call_is_listed_from_its_first_event_to_its_last() -> None:
    simulation = new()
    leg = dial(simulation, client_state="QQ==")
    assert page(simulation) == {
        "data": [],
        "meta": {"total_items": 0, "cursors": {}, "page_number": 1, "total_pages": 1},
    }
    simulation.advance(10)
    assert page(simulation)["data"] == [
        {
            "call_control_id": leg.call_control_id,
            "call_duration": 7,
            "call_leg_id": leg.call_leg_id,
            "call_session_id": leg.call_session_id,
            "client_state": "QQ==",
            "record_type": "call",
        }
    ]
    do(simulation, "hangup", leg)
    assert page(simulation)["meta"]["total_items"] == 1
    simulation.advance(1)
    assert page(simulation)["meta"]["total_items"] == 0


def test_a_call_that_rings_is_up_with_no_duration_and_no_client_state() -> None:
    simulation = new()
    ring(simulation)
    (item,) = page(simulation)["data"]
    assert (item["call_duration"], item["client_state"]) == (0, "")


def test_only_the_calls_of_the_connection_are_listed() -> None:
    simulation = new()
    ring(simulation)
    rung = [ring(simulation, connection_id="42")]
    assert shown(rung, page(simulation, "42")) == [0]
    assert page(simulation, "43")["data"] == []


def test_pages_can_be_walked_forth_and_back() -> None:
    simulation = new()
    rung = [ring(simulation) for _ in range(7)]
    first = page(simulation, limit=3)
    second = page(simulation, limit=3, after=first["meta"]["cursors"]["after"])
    third = page(simulation, limit=3, after=second["meta"]["cursors"]["after"])
    assert [shown(rung, listed) for listed in (first, second, third)] == [[0, 1, 2], [3, 4, 5], [6]]
    assert [sorted(listed["meta"]["cursors"]) for listed in (first, second, third)] == [
        ["after"],
        ["after", "before"],
        ["before"],
    ]
    assert {listed["meta"]["total_items"] for listed in (first, second, third)} == {7}
    back = page(simulation, limit=3, before=third["meta"]["cursors"]["before"])
    assert shown(rung, back) == [3, 4, 5]
    assert shown(rung, page(simulation, limit=3, before=back["meta"]["cursors"]["before"])) == [0, 1, 2]


def test_a_page_says_where_the_next_and_the_previous_are() -> None:
    simulation = new()
    for _ in range(3):
        ring(simulation)
    first = page(simulation, limit=1)
    meta = page(simulation, limit=1, after=first["meta"]["cursors"]["after"])["meta"]
    path = f"/v2/connections/{CONNECTION}/active_calls?page[limit]=1"
    assert meta["next"] == f"{path}&page[after]={meta['cursors']['after']}"
    assert meta["previous"] == f"{path}&page[before]={meta['cursors']['before']}"
    assert "previous" not in first["meta"]


def test_a_page_before_a_cursor_ends_before_it() -> None:
    simulation = new()
    rung = [ring(simulation) for _ in range(4)]
    cursor = page(simulation, limit=2)["meta"]["cursors"]["after"]  # of the second leg
    before = page(simulation, limit=3, before=cursor)
    assert shown(rung, before) == [0]
    assert sorted(before["meta"]["cursors"]) == ["after"]
    nothing = page(simulation, limit=3, before=page(simulation, limit=1)["meta"]["cursors"]["after"])
    assert (nothing["data"], nothing["meta"]["cursors"]) == ([], {})


def test_a_cursor_outlives_its_call() -> None:
    simulation = new()
    rung = [ring(simulation) for _ in range(5)]
    cursor = page(simulation, limit=2)["meta"]["cursors"]["after"]
    legs.person_hangs_up(simulation, rung[1])
    assert shown(rung, page(simulation, limit=2, after=cursor)) == [2, 3]
    assert shown(rung, page(simulation, limit=2, before=cursor)) == [0]


def test_pages_can_be_numbered() -> None:
    simulation = new()
    rung = [ring(simulation) for _ in range(5)]
    assert shown(rung, page(simulation, number=2, size=2)) == [2, 3]
    assert shown(rung, page(simulation, number=3, size=2)) == [4]
    assert shown(rung, page(simulation, number=4, size=2)) == []
    assert shown(rung, page(simulation)) == [0, 1, 2, 3, 4]
    metas = [page(simulation, number=number, size=2)["meta"] for number in (1, 2, 3)]
    assert [(meta["page_number"], meta["total_pages"]) for meta in metas] == [(1, 3), (2, 3), (3, 3)]


def test_a_page_has_twenty_calls_when_nobody_says_otherwise() -> None:
    simulation = new()
    for _ in range(21):
        ring(simulation)
    assert len(page(simulation)["data"]) == 20


@pytest.mark.parametrize("name", ["after", "before"])
@pytest.mark.parametrize("cursor", ["x", "é", "____", urlsafe_b64encode(b"v3:unknown").decode()])
def test_a_cursor_that_was_not_given_is_refused(name: str, cursor: str) -> None:
    simulation = new()
    ring(simulation)
    with pytest.raises(Refusal) as refused:
        page(simulation, **{name: cursor})
    (error,) = refused.value.body()["errors"]
    assert (error["code"], error["source"]) == ("10015", {"parameter": f"page[{name}]"})
