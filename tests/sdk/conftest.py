from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest

from tests.sdk.live import Application, Simulator, serving


@pytest.fixture(scope="session")
def server() -> Iterator[Simulator]:
    with serving() as simulator:
        yield simulator


@pytest.fixture
def simulator(server: Simulator, request: pytest.FixtureRequest) -> Simulator:
    """The running simulator, with a key and thus a world of the test's own.

    A module that is marked with `BOTH_CLIENTS` runs with the synchronous client, and again with the asynchronous one.
    """
    return server.on(f"KEY_{uuid4().hex}", waits=getattr(request, "param", "sync") == "async")


@pytest.fixture
def application(simulator: Simulator) -> Iterator[Application]:
    with Application(simulator).running() as application:
        yield application
