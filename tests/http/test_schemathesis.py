"""Made-up requests by our own specifications: no 5xx but 501, and every answer as the specification has it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis.core.result import Ok
from schemathesis.generation import GenerationMode

from mockserver.http.contract import Contract, Found
from mockserver.server import Platform
from mockserver.settings import Config, data_folder
from mockserver.webhooks.payload import Outgoing
from mockserver.webhooks.policy import Answer

SPECS = data_folder("specs")
CONTRACTS = {name: Contract(SPECS / f"{name}.yaml") for name in ("openapi", "mock")}


def operations(name: str) -> Iterator[Any]:
    """The operations of a specification."""
    schema = schemathesis.openapi.from_path(SPECS / f"{name}.yaml")
    return (found.ok() for found in schema.get_all_operations() if isinstance(found, Ok))


OPERATIONS = [
    pytest.param(name, operation, mode, id=f"{operation.label} {mode.value}")
    for name in CONTRACTS
    for operation in operations(name)
    for mode in GenerationMode
    if operation.path != "/_mock/clock/advance"  # weeks of time, which all the other tests would have to live through
    if mode is GenerationMode.POSITIVE or list(operation.iter_parameters()) or list(operation.body)
]
BOUNDED = settings(
    max_examples=6,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
HOST = "http://simulator.example"
KEY = "Bearer KEY_made_up"
CALL = {"from": "+12025550143", "to": "+12025550100"}


Ask = Callable[..., httpx.Response]


@pytest.fixture(scope="module")
def ask() -> Iterator[Ask]:
    """Asks a simulator whose clock is moved by hand, and whose webhooks go nowhere."""

    async def post(_: Outgoing) -> Answer:
        return Answer(200)

    with asyncio.Runner() as runner:

        async def make() -> tuple[Platform, httpx.AsyncClient]:
            platform = Platform(Config(clock="manual", loop_guard=0), post=post)
            return platform, httpx.AsyncClient(transport=httpx.ASGITransport(app=platform.app))

        platform, client = runner.run(make())
        yield lambda method, url, **rest: runner.run(client.request(method, url, **rest))
        runner.run(client.aclose())
        runner.run(platform.close())


def answered(ask: Ask) -> str:
    """A call that was just answered."""
    headers = {"Authorization": KEY}
    placed = ask("POST", f"{HOST}/_mock/calls", json=CALL, headers=headers).json()
    call_control_id: str = placed["data"]["call_control_id"]
    ask("POST", f"{HOST}/v2/calls/{call_control_id}/actions/answer", json={}, headers=headers)
    return call_control_id


@pytest.mark.parametrize(("name", "operation", "mode"), OPERATIONS)
def test_made_up_requests_are_answered_as_the_specification_says(
    ask: Ask, name: str, operation: Any, mode: GenerationMode
) -> None:
    contract, leg = CONTRACTS[name], answered(ask)

    @BOUNDED
    @given(case=operation.as_strategy(generation_mode=mode), known=st.booleans())
    def try_it(case: Any, known: bool) -> None:
        if known and "call_control_id" in operation.path:
            case.path_parameters = {**(case.path_parameters or {}), "call_control_id": leg}
        request = case.as_transport_kwargs(base_url=f"{HOST}/v2" if name == "openapi" else HOST)
        headers = {**request["headers"], "Authorization": KEY}
        rest = {key: request[key] for key in ("json", "data", "params") if request.get(key) is not None}
        if isinstance(rest.get("data"), bytes | str):
            rest["content"] = rest.pop("data")
        check(contract, ask(request["method"], request["url"], headers=headers, **rest), case)

    with suppress(Unsatisfiable):  # some operations take anything
        try_it()


def check(contract: Contract, response: Any, case: Any) -> None:
    """Is the answer none of a defect, and as the specification has it?"""
    body = json.loads(response.content) if response.content else None
    assert response.status_code < 500 or response.status_code == 501, (case, body)
    assert response.headers["x-request-id"]
    path = response.request.url.raw_path.decode().split("?")[0]
    found = contract.find(response.request.method, path.removeprefix("/v2"))
    if isinstance(found, Found) and response.headers.get("content-type") == "application/json":
        assert contract.response_errors(found.operation, response.status_code, body) == [], ascii(body)
