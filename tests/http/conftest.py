from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.http.asking import Simulator, simulating


@pytest.fixture
async def simulator(anyio_backend: str) -> AsyncIterator[Simulator]:
    async with simulating() as simulator:
        yield simulator


@pytest.fixture
async def quiet(anyio_backend: str) -> AsyncIterator[Simulator]:
    """One whose webhooks have no destination, so that nobody is waited for."""
    async with simulating(webhook_url=None) as simulator:
        yield simulator


@pytest.fixture
async def strict(anyio_backend: str) -> AsyncIterator[Simulator]:
    async with simulating(strict=True, webhook_url=None) as simulator:
        yield simulator
