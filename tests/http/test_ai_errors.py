"""`/ai/*` over HTTP: its own form of refusals, and answers without a body."""

from __future__ import annotations

from typing import Any

import pytest

from mockserver.http import ai_errors
from mockserver.http.edge import Answer
from mockserver.sim.events import Json
from tests.http.asking import Simulator, simulating

pytestmark = pytest.mark.anyio

ASSISTANTS = "/v2/ai/assistants"
CONVERSATIONS = "/v2/ai/conversations"
UNKNOWN = f"{CONVERSATIONS}/5f0a7c52-6d0b-4e44-9a51-0f3b6a1f7d20"
NEW = {"name": "Front desk", "instructions": "You answer."}


def problem(kind: str, msg: str, *place: str | int) -> Json:
    return {"loc": [*place], "msg": msg, "type": kind}


@pytest.mark.parametrize(
    ("method", "path", "body", "expected"),
    [
        (
            *("POST", ASSISTANTS, {}),
            [(["body", "name"], "value_error.missing"), (["body", "instructions"], "value_error.missing")],
        ),
        (
            *("POST", ASSISTANTS, {**NEW, "telephony_settings": {"time_limit_secs": 29}}),
            [(["body", "telephony_settings", "time_limit_secs"], "value_error.number")],
        ),
        ("POST", ASSISTANTS, {**NEW, "tags": ["a", 7]}, [(["body", "tags", 1], "type_error")]),
        ("GET", f"{CONVERSATIONS}?created_at=yesterday", None, [(["query", "created_at"], "value_error")]),
        ("GET", f"{CONVERSATIONS}?limit=x", None, [(["query", "limit"], "type_error")]),
    ],
)
async def test_what_is_wrong_with_a_request_is_a_list_of_places(
    simulator: Simulator, method: str, path: str, body: Any, expected: list[Any]
) -> None:
    answer = await simulator.ask(method, path, body)
    assert answer.status_code == 422
    found = answer.json()["detail"]
    assert [(one["loc"], one["type"]) for one in found] == expected
    assert all((one["msg"] == "field required") == (one["type"] == "value_error.missing") for one in found)


async def test_json_that_is_none_is_422_here(simulator: Simulator) -> None:
    answer = await simulator.ask("POST", ASSISTANTS, b"{", headers={"content-type": "application/json"})
    assert answer.status_code == 422
    assert [(one["loc"], one["type"]) for one in answer.json()["detail"]] == [(["body"], "value_error.jsondecode")]


@pytest.mark.parametrize("path", [UNKNOWN, f"{UNKNOWN}/messages", f"{ASSISTANTS}/assistant-x"])
async def test_what_is_not_there_is_a_sentence(simulator: Simulator, path: str) -> None:
    answer = await simulator.ask("GET", path)
    assert (answer.status_code, answer.json()) == (
        404,
        {"detail": "The requested resource or URL could not be found."},
    )
    [exchange] = simulator.exchanges
    assert exchange.problems == ("10005 Resource not found: The requested resource or URL could not be found.",)


async def test_credentials_are_the_gateways_business() -> None:
    async with simulating(api_keys=("KEY_good",)) as simulator:
        answer = await simulator.ask("GET", ASSISTANTS, key="KEY_bad")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (401, "10009")


async def test_what_is_not_simulated_is_501_as_everywhere(simulator: Simulator) -> None:
    made = await simulator.do("POST", ASSISTANTS, NEW)
    answer = await simulator.ask("GET", f"{ASSISTANTS}/{made['id']}?fetch_dynamic_variables_from_webhook=true")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (501, "501")


async def test_a_new_conversation_is_bare_and_two_answers_are_empty(simulator: Simulator) -> None:
    made = (await simulator.ask("POST", CONVERSATIONS, {"name": "Order"})).json()
    one = f"{CONVERSATIONS}/{made['id']}"
    assert (await simulator.ask("GET", one)).json() == {"data": made}
    for method, path, body in (("POST", f"{one}/message", {"role": "user", "content": "Hi."}), ("DELETE", one, None)):
        answer = await simulator.ask(method, path, body)
        assert (answer.status_code, answer.content) == (200, b"")


async def test_filters_come_from_the_query_as_they_are_sent(simulator: Simulator) -> None:
    for name in ("Order", "Question"):
        await simulator.do("POST", CONVERSATIONS, {"name": name, "metadata": {"assistant_id": name}})
    for query in ("metadata-%3Eassistant_id=eq.Order", "metadata->assistant_id=eq.Order", "or=(name.eq.Order)&limit=7"):
        listed = await simulator.do("GET", f"{CONVERSATIONS}?{query}")
        assert [row["name"] for row in listed] == ["Order"]


def test_other_answers_stay_as_they_are() -> None:
    for answer in (Answer(200, {"data": 1}), Answer(200, None), Answer(500, {"errors": [{}]}), Answer(404, {"x": 1})):
        assert ai_errors.dressed(answer) is answer


def test_a_pointer_is_a_way_into_the_body() -> None:
    item = {"code": "10026", "title": "x", "detail": "y", "source": {"pointer": "/a~1b/0/~0c"}}
    body = ai_errors.dressed(Answer(422, {"errors": [item]})).body
    assert body == {"detail": [problem("type_error", "y", "body", "a/b", 0, "~c")]}
