"""Applications and connections over HTTP: statuses, filters in brackets, and what is refused by the contract."""

from __future__ import annotations

from typing import Any

import pytest

from tests.http.asking import CALLEE, CONNECTION, DIAL, HOOKS, Simulator, simulating

pytestmark = pytest.mark.anyio

PATH = "/v2/call_control_applications"
SHOP = {"application_name": "Shop", "webhook_event_url": "https://shop.example/calls"}


async def created(simulator: Simulator, **more: Any) -> str:
    number: str = (await simulator.do("POST", PATH, {**SHOP, **more}))["id"]
    return number


async def test_an_application_is_created_changed_shown_and_deleted(simulator: Simulator) -> None:
    answer = await simulator.ask("POST", PATH, {**SHOP, "webhook_event_failover_url": "", "webhook_timeout_secs": None})
    assert answer.status_code == 201
    path = f"{PATH}/{answer.json()['data']['id']}"
    assert await simulator.do("GET", path) == answer.json()["data"]
    changed = await simulator.do("PATCH", path, {**SHOP, "active": False, "anchorsite_override": "Chennai, IN"})
    assert (changed["active"], changed["webhook_api_version"]) == (False, "1")
    connection = path.replace("call_control_applications", "connections")
    assert (await simulator.do("GET", connection))["connection_name"] == "Shop"
    answer = await simulator.ask("DELETE", path)
    assert (answer.status_code, answer.json()["data"]) == (200, changed)
    for method, body in (("GET", None), ("PATCH", SHOP), ("DELETE", None)):
        assert await simulator.refused(method, path, body) == [("10005", "/")]
    assert await simulator.refused("GET", connection) == [("10005", "/")]


async def test_the_count_of_connections_is_no_connection(simulator: Simulator) -> None:
    await created(simulator)
    counted = await simulator.do("GET", "/v2/connections/count")
    assert (counted["counts"]["call_control_applications"], counted["limits"]) == (1, {"global_limit": 1_000})


@pytest.mark.parametrize(
    ("path", "query"),
    [
        (PATH, "filter[application_name][contains]=sho"),
        (PATH, "filter%5Bapplication_name%5D%5Bcontains%5D=SHOP&sort=-connection_name"),
        (PATH, "filter[occurred_at][gte]=2026-01-01T00:00:00Z&filter[product]=call_control"),
        (PATH, "page[number]=1&page[size]=1"),
        ("/v2/connections", "filter[connection_name][contains]=sho&sort=active"),
        ("/v2/connections", "page[size]=250"),
    ],
)
async def test_lists_are_asked_for_in_brackets(simulator: Simulator, path: str, query: str) -> None:
    number = await created(simulator)
    assert [one["id"] for one in (await simulator.do("GET", f"{path}?{query}"))["data"]] == [number]


@pytest.mark.parametrize(
    ("method", "path", "body", "expected"),
    [
        ("POST", PATH, {}, ("10004", "/application_name")),
        ("POST", PATH, {**SHOP, "webhook_event_url": "shop"}, ("10003", "/webhook_event_url")),
        ("POST", PATH, {**SHOP, "webhook_timeout_secs": 31}, ("10033", "/webhook_timeout_secs")),
        ("POST", PATH, {**SHOP, "dtmf_type": "Morse"}, ("10032", "/dtmf_type")),
        ("POST", PATH, {**SHOP, "inbound": {"channel_limit": "many"}}, ("10026", "/inbound/channel_limit")),
        ("GET", f"{PATH}?filter[colour]=red", None, ("10031", "filter[colour]")),
        ("GET", f"{PATH}?filter[status]=never", None, ("10031", "filter[status]")),
        ("GET", f"{PATH}?filter[application_name][contains]=sh", None, ("10031", "filter[application_name][contains]")),
        ("GET", f"{PATH}?filter[occurred_at][gt]=noon", None, ("10031", "filter[occurred_at][gt]")),
        ("GET", f"{PATH}?page[after]=x", None, ("10015", "page[after]")),
        ("GET", f"{PATH}?sort=colour", None, ("10032", "sort")),
        ("GET", "/v2/connections?filter[name]=x", None, ("10031", "filter[name]")),
        ("GET", "/v2/connections?page[size]=251", None, ("10033", "page[size]")),
    ],
)
async def test_what_is_refused(
    simulator: Simulator, method: str, path: str, body: Any, expected: tuple[str, str]
) -> None:
    first = (await simulator.refused(method, path, body))[0]
    assert first == expected


async def test_where_only_known_connections_are_good_a_new_application_is_one() -> None:
    async with simulating(connections="known", connection_ids=(CONNECTION,)) as simulator:
        assert [one["id"] for one in (await simulator.do("GET", PATH))["data"]] == [CONNECTION]
        assert (await simulator.do("GET", f"{PATH}/{CONNECTION}"))["webhook_event_url"] == HOOKS
        number = await created(simulator)
        await simulator.dial(connection_id=number)
        active = await simulator.do("GET", f"/v2/connections/{number}/active_calls")
        assert active["meta"]["total_items"] == 0
        assert await simulator.refused("GET", "/v2/connections/5/active_calls") == [("10005", "/")]
        await simulator.ring(connection_id=number)
        await simulator.advance(1)
        assert {request.url for request in simulator.posted} == {SHOP["webhook_event_url"]}
        await simulator.do("DELETE", f"{PATH}/{number}")
        assert await simulator.refused("POST", "/v2/calls", {**DIAL, "connection_id": number}) == [
            ("10015", "/connection_id")
        ]


async def test_a_caller_who_does_not_reach_an_application_is_told_why(simulator: Simulator) -> None:
    number = await created(simulator, inbound={"channel_limit": 0})
    call = {"from": CALLEE, "to": "+12025550100", "connection_id": number}
    answer = await simulator.ask("POST", "/_mock/calls", call)
    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["code"]) == (422, "10027")
    assert "hears a busy tone" in error["detail"]
    await simulator.do("PATCH", f"{PATH}/{number}", {**SHOP, "active": False})
    assert await simulator.refused("POST", "/_mock/calls", call) == [("10027", "")]
