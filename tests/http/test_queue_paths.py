"""Queues over HTTP: names in paths, answers without a body, pages, and what is refused by the contract."""

from __future__ import annotations

from typing import Any

import pytest

from tests.http.asking import UNKNOWN, Simulator, simulating

pytestmark = pytest.mark.anyio

NAMES = [
    ("support", "support"),
    ("Störungen am Abend", "St%C3%B6rungen%20am%20Abend"),
    ("50 % off/today?", "50%20%25%20off%2Ftoday%3F"),
]


@pytest.mark.parametrize(("name", "path"), NAMES)
async def test_a_queue_is_known_by_its_name_whatever_is_in_it(simulator: Simulator, name: str, path: str) -> None:
    queue = await simulator.do("POST", "/v2/queues", {"queue_name": name})
    assert await simulator.do("GET", f"/v2/queues/{path}") == queue
    leg = await simulator.dialled()
    await simulator.command("enqueue", leg, queue_name=name)
    call = f"/v2/queues/{path}/calls/{leg}"
    assert (await simulator.do("GET", call))["queue_id"] == queue["id"]
    assert (await simulator.do("POST", f"/v2/queues/{path}", {"max_size": 7}))["max_size"] == 7
    for method, of, body in (
        ("PATCH", call, {"keep_after_hangup": True}),
        ("DELETE", call, None),
        ("DELETE", f"/v2/queues/{path}", None),
    ):
        answer = await simulator.ask(method, of, body)
        assert (answer.status_code, answer.content) == (204, b"")
    assert await simulator.refused("GET", f"/v2/queues/{path}") == [("10005", "/")]


async def test_a_queue_with_calls_in_it_is_not_deleted(simulator: Simulator) -> None:
    await simulator.command("enqueue", await simulator.dialled(), queue_name="support")
    answer = await simulator.ask("DELETE", "/v2/queues/support")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "90050")
    assert await simulator.refused("DELETE", f"/v2/queues/support/calls/{UNKNOWN}") == [("10005", "/")]


@pytest.mark.parametrize(
    ("method", "path", "body", "expected"),
    [
        ("POST", "/v2/queues", {}, ("10004", "/queue_name")),
        ("POST", "/v2/queues", {"queue_name": "x" * 256}, ("10025", "/queue_name")),
        ("POST", "/v2/queues", {"queue_name": "x", "max_size": 0}, ("10033", "/max_size")),
        ("POST", "/v2/queues/support", {}, ("10004", "/max_size")),
        ("GET", "/v2/queues?page[size]=251", None, ("10033", "page[size]")),
        ("GET", "/v2/queues?page[number]=x", None, ("10026", "page[number]")),
        ("GET", "/v2/queues/support/calls?page[size]=251", None, ("10033", "page[size]")),
    ],
)
async def test_what_the_contract_refuses(
    simulator: Simulator, method: str, path: str, body: Any, expected: tuple[str, str]
) -> None:
    assert await simulator.refused(method, path, body) == [expected]


async def test_pages_are_by_number_and_an_unknown_parameter_is_refused_by_a_strict_server() -> None:
    async with simulating(strict=True) as simulator:
        for number in range(3):
            await simulator.do("POST", "/v2/queues", {"queue_name": f"queue {number}"})
        listed = await simulator.do("GET", "/v2/queues?page%5Bnumber%5D=2&page%5Bsize%5D=2")
        assert [queue["name"] for queue in listed["data"]] == ["queue 2"]
        assert listed["meta"] == {"page_number": 2, "page_size": 2, "total_pages": 2, "total_results": 3}
        assert await simulator.refused("GET", "/v2/queues?filter[name]=x") == [("10027", "filter[name]")]
