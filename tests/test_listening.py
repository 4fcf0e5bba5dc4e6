"""The server is up before there is a platform: what it says then, and that it makes one for anything else."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from mockserver.http.contract import Contract
from mockserver.listening import Opening
from mockserver.server import Platform
from mockserver.settings import SPEC_DATE, Config, data_folder

pytestmark = pytest.mark.anyio

CONTROL = Contract(data_folder("specs") / "mock.yaml")


class Opened:
    """An opening, and how many platforms it has made."""

    def __init__(self, config: Config) -> None:
        self.made = 0
        self.opening = Opening(config, self._make)
        self.opening.base_url = "http://127.0.0.1:1"
        self._config = config
        transport = httpx.ASGITransport(app=self.opening)  # which sends no lifespan: nothing is warmed
        self.http = httpx.AsyncClient(transport=transport, base_url="http://box")

    def _make(self) -> Platform:
        self.made += 1
        return Platform(self._config)

    async def health(self) -> Any:
        answer = await self.http.get("/_mock/health")
        assert answer.headers["x-request-id"]
        return answer.json()


async def test_it_is_up_before_there_is_a_platform_and_says_what_one_would_say() -> None:
    opened = Opened(Config(clock="manual", seed=7))
    early = await opened.health()
    assert CONTROL.response_errors(CONTROL.operation("mock_health"), 200, early) == []
    assert opened.made == 0
    assert (await opened.http.get("/_mock/scenarios")).status_code == 200
    assert (await opened.http.get("/_mock/scenarios")).status_code == 200
    assert opened.made == 1
    assert {**await opened.health(), "worlds": 0} == early
    await opened.opening.platform.close()


async def test_a_platform_is_told_where_it_can_be_reached() -> None:
    opened = Opened(Config())
    opened.opening.tls = {"port": 4, "certificate": "PEM"}
    assert (await opened.health())["tls"] == {"port": 4, "certificate": "PEM"}
    platform = opened.opening.platform
    assert (platform.base_url, platform.control.tls) == ("http://127.0.0.1:1", {"port": 4, "certificate": "PEM"})
    await platform.close()


def test_the_day_of_the_interface_is_that_of_the_specification() -> None:
    assert Contract(data_folder("specs") / "openapi.yaml").documents.root.value["info"]["x-spec-date"] == SPEC_DATE
