"""Answers made up from the contract, and any description as a server."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from mockserver.http.contract import Contract
from mockserver.http.documents import load_cached
from mockserver.http.made_up import MadeUp
from mockserver.server import Platform
from mockserver.settings import Config, data_folder
from tests.http.asking import CALLEE, CONNECTION, DIAL, HOOKS, KEY, simulating

SPECS = data_folder("specs")
pytestmark = pytest.mark.anyio

OURS = Contract(SPECS / "openapi.yaml")
MADE_UP = MadeUp(OURS.documents)

THINGS = """
openapi: 3.0.3
info: {title: things, version: '1'}
servers: [{url: 'https://things.example/v7'}]
security: [{bearer: []}]
paths:
  /things/{thing-id}:
    parameters: [{name: thing-id, in: path, required: true, schema: {type: string}}]
    get:
      responses:
        '200': {description: one, content: {application/json: {schema: {$ref: '#/components/schemas/Thing'}}}}
    delete:
      operationId: drop
      responses: {'204': {description: gone}}
  /things:
    get:
      security: []
      parameters: [{name: size, in: query, schema: {type: integer, minimum: 1}}]
      responses:
        200:
          description: all
          content:
            application/json:
              schema: {type: array, minItems: 2, items: {$ref: '#/components/schemas/Thing'}}
    post:
      operationId: add
      requestBody:
        content:
          application/json:
            schema:
              type: object
              required: [name]
              properties:
                name: {type: string, nullable: true}
                size: {type: number, minimum: 0, exclusiveMinimum: true}
      responses:
        '201': {description: new, content: {application/json: {schema: {$ref: '#/components/schemas/Thing'}}}}
  /broken:
    post:
      requestBody: {content: {application/json: {schema: {$ref: '#/components/schemas/Missing'}}}}
      responses: {'200': {description: no, content: {application/json: {schema: {$ref: '#/nothing'}}}}}
  /odd:
    post:
      requestBody: {content: {application/json: {schema: {type: wrong}}}}
      responses: {default: {description: fine}}
components:
  schemas:
    Thing:
      type: object
      required: [id]
      properties:
        id: {type: string}
        name: {type: string, nullable: true, example: Lamp}
        size: {type: number, minimum: 0, exclusiveMinimum: true}
        colour: {type: string, enum: [red, green]}
        born: {type: string, format: date-time}
        released: {type: string, example: 2026-01-01}
        part: {$ref: '#/components/schemas/Thing'}
        tags: {type: array, items: {type: string, minLength: 20}}
        kind: {oneOf: [{$ref: '#/components/schemas/Cat'}, {type: integer}], discriminator: {propertyName: species}}
    Cat:
      allOf:
        - {type: object, properties: {species: {type: string}, claws: {type: integer, minimum: 4, maximum: 20}}}
        - {type: object, properties: {name: {type: string, default: Tom}}}
"""


@pytest.mark.parametrize("name", [operation.name for operation in OURS.operations])
def test_what_is_made_up_is_valid_for_every_operation(name: str) -> None:
    operation = OURS.operation(name)
    status, body = MADE_UP.answer(operation, dict.fromkeys(operation.parameter_names, "some-id"), {})
    assert OURS.response_errors(operation, status, body) == []


def test_the_same_path_has_the_same_answer_and_another_path_another_one() -> None:
    retrieve = OURS.operation("retrieve_call")

    def about(call_control_id: str) -> Any:
        return MADE_UP.answer(retrieve, {"call_control_id": call_control_id}, None)[1]["data"]

    assert about("one") == about("one")
    assert about("one")["call_control_id"] == "one"
    assert about("two")["call_control_id"] == "two"


def test_what_the_request_tells_comes_back() -> None:
    start = OURS.operation("ai_assistant_start")
    _, body = MADE_UP.answer(start, {"call_control_id": "x"}, {"client_state": "QQ=="})
    assert body["data"]["result"] == "ok"
    assert UUID(body["data"]["conversation_id"])


async def test_contract_mode_answers_what_exists_truly_and_makes_up_the_rest() -> None:
    async with simulating(contract=True, webhook_url=HOOKS) as simulator:
        leg = await simulator.dialled()
        assert (await simulator.do("GET", f"/v2/calls/{leg}"))["call_control_id"] == leg
        await simulator.command("hangup", leg)
        assert await simulator.refused("POST", f"/v2/calls/{leg}/actions/hangup", {}) == [("90018", "")]
        assert (await simulator.command("hangup", "call_control_id"))["result"] == "ok"
        assert (await simulator.do("GET", "/v2/calls/call_control_id"))["call_control_id"] == "call_control_id"
        bogus = {**DIAL, "to": f"{CALLEE} or sip:username@sip.telnyx.com", "connection_id": "7267xxxxxxxxxxxxxx"}
        assert (await simulator.do("POST", "/v2/calls", bogus))["record_type"] == "call"
        assert "made up, as --contract wants it: there is no such call" in simulator.exchanges[-2].warnings
        entries = simulator.world(KEY).simulation.log.entries
        told = [entry.data.get("made_up") for entry in entries if entry.kind == "command"]
        assert told.count(True) == 2


async def test_contract_mode_still_says_what_is_wrong_with_a_request() -> None:
    async with simulating(contract=True, webhook_url=None) as simulator:
        assert await simulator.refused("POST", "/v2/calls/call_control_id/actions/speak", {"voice": "female"}) == [
            ("10004", "/payload")
        ]
        without_key = await simulator.ask("POST", "/v2/calls/call_control_id/actions/hangup", {}, key=None)
        assert without_key.status_code == 401
        assert (await simulator.ask("GET", f"/v2/connections/{CONNECTION}/active_calls", key="My API Key")).is_success


@asynccontextmanager
async def serving(tmp_path: Path, text: str = THINGS) -> AsyncIterator[httpx.AsyncClient]:
    """A server of a description."""
    file = tmp_path / "things.yaml"
    file.write_text(text, encoding="utf-8")
    platform = Platform(Config(spec=file, cache=tmp_path / "cache"))
    transport = httpx.ASGITransport(app=platform.app)
    headers = {"authorization": "Bearer x", "content-type": "application/json"}
    async with httpx.AsyncClient(transport=transport, base_url="http://box", headers=headers) as client:
        yield client
    await platform.close()


async def test_any_description_is_a_server(tmp_path: Path) -> None:
    async with serving(tmp_path) as client:
        thing = (await client.get("/v7/things/4711")).json()
        assert {name: thing[name] for name in ("id", "name", "size", "colour", "born", "released")} == {
            "id": "4711",
            "name": "Lamp",
            "size": 2.0,
            "colour": "red",
            "born": "2026-01-01T00:00:00.000000Z",
            "released": "2026-01-01",
        }
        assert len(thing["tags"][0]) == 64
        assert thing["kind"] == {"species": "Cat", "claws": 4, "name": "Tom"}
        assert (await client.get("/v2/things/4711")).json() == (await client.get("/things/4711")).json() == thing
        assert len((await client.get("/things")).json()) == 2
        added = await client.post("/things", content=json.dumps({"name": "Desk", "size": 2.5}))
        assert (added.status_code, added.json()["name"], added.json()["size"]) == (201, "Desk", 2.5)
        gone = await client.delete("/things/4711")
        assert (gone.status_code, gone.content) == (204, b"")
        assert (await client.get("/_mock/health")).is_success


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("GET", "/nothing", None, 404, "10005"),
        ("PUT", "/things", None, 405, "10030"),
        ("POST", "/things", {"size": 1}, 422, "10027"),
        ("POST", "/things", {"name": None, "size": 0}, 422, "10027"),
        ("GET", "/things?size=0", None, 422, "10027"),
        ("GET", "/things?size=x", None, 422, "10026"),
    ],
)
async def test_a_description_is_held_to(
    tmp_path: Path, method: str, path: str, body: Any, status: int, code: str
) -> None:
    async with serving(tmp_path) as client:
        answer = await client.request(method, path, content=None if body is None else json.dumps(body))
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (status, code)


async def test_who_asks_must_say_so_where_the_description_wants_it(tmp_path: Path) -> None:
    async with serving(tmp_path) as client:
        del client.headers["authorization"]
        assert (await client.get("/things/1")).status_code == 401
        assert (await client.get("/things")).status_code == 200


async def test_an_operation_that_is_not_valid_by_the_letter_is_served_all_the_same(tmp_path: Path) -> None:
    async with serving(tmp_path) as client:
        for path in ("/broken", "/odd"):
            answer = await client.post(path, content=b'{"a": 1}')
            assert (answer.status_code, answer.content) in ((200, b"{}"), (200, b""))


def test_what_was_parsed_once_is_kept(tmp_path: Path) -> None:
    file, cache = tmp_path / "a.yaml", tmp_path / "cache"
    file.write_text("a: {200: 2026-01-01}", encoding="utf-8")
    assert load_cached(file, cache) == {"a": {"200": "2026-01-01"}}
    (kept,) = cache.iterdir()
    kept.write_text('{"kept": true}', encoding="utf-8")
    assert load_cached(file, cache) == {"kept": True}
    kept.write_text("broken", encoding="utf-8")
    assert load_cached(file, cache) == {"a": {"200": "2026-01-01"}}
    assert load_cached(file, None) == {"a": {"200": "2026-01-01"}}
    other = tmp_path / "a.json"
    other.write_text('{"a": 1}', encoding="utf-8")
    assert load_cached(other, cache) == {"a": 1}
