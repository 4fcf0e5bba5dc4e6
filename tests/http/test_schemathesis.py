"""Made-up requests by our own specifications: no 5xx but 501, and every answer as the specification has it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.generation import GenerationMode
from starlette.testclient import TestClient

from mockserver.http.contract import Contract, Found
from mockserver.server import Platform
from mockserver.settings import Config, data_folder
from mockserver.webhooks.payload import Outgoing
from mockserver.webhooks.policy import Answer

SPECS = data_folder("specs")
CONTRACTS = {name: Contract(SPECS / f"{name}.yaml") for name in ("openapi", "mock")}
OPERATIONS = [
    pytest.param(name, found.ok(), id=found.ok().label)
    for name in CONTRACTS
    for found in schemathesis.openapi.from_path(SPECS / f"{name}.yaml").get_all_operations()
]
KEY = "Bearer KEY_made_up"
CALL = {"from": "+12025550143", "to": "+12025550100"}


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    """A simulator whose clock is moved by hand, and whose webhooks go nowhere; in its world a call is up."""

    async def post(_: Outgoing) -> Answer:
        return Answer(200)

    platform = Platform(Config(clock="manual", loop_guard=0), post=post)
    with TestClient(platform.app, raise_server_exceptions=True) as client:
        yield client


def leg(client: TestClient) -> str:
    """A call that was just answered."""
    headers = {"authorization": KEY}
    placed = client.post("/_mock/calls", json=CALL, headers=headers).json()
    call_control_id: str = placed["data"]["call_control_id"]
    client.post(f"/v2/calls/{call_control_id}/actions/answer", json={}, headers=headers)
    return call_control_id


@pytest.mark.parametrize("mode", list(GenerationMode))
@pytest.mark.parametrize(("name", "operation"), OPERATIONS)
def test_made_up_requests_are_answered_as_the_specification_says(
    client: TestClient, name: str, operation: Any, mode: GenerationMode
) -> None:
    contract = CONTRACTS[name]
    answered = leg(client)
    if operation.path == "/_mock/clock/advance":
        pytest.skip("weeks of time, which every other test would have to live through")

    @settings(
        max_examples=6,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode), known=st.booleans())
    def ask(case: Any, known: bool) -> None:
        if known and "call_control_id" in operation.path:
            case.path_parameters = {**(case.path_parameters or {}), "call_control_id": answered}
        request = case.as_transport_kwargs(
            base_url="http://testserver/v2" if name == "openapi" else "http://testserver"
        )
        request["headers"] = {**request["headers"], "Authorization": KEY}
        check(contract, client.request(**{key: request[key] for key in request if key in KNOWN}), case)

    ask()


KNOWN = ("method", "url", "headers", "json", "data", "content", "params")


def check(contract: Contract, response: Any, case: Any) -> None:
    """Is the answer none of a defect, and as the specification has it?"""
    body = json.loads(response.content) if response.content else None
    assert response.status_code < 500 or response.status_code == 501, (case, body)
    assert response.headers["x-request-id"]
    path = response.request.url.raw_path.decode().split("?")[0]
    found = contract.find(response.request.method, path.removeprefix("/v2"))
    if isinstance(found, Found) and response.headers["content-type"] == "application/json":
        assert contract.response_errors(found.operation, response.status_code, body) == []
