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
def simulator(server: Simulator) -> Simulator:
    """The running simulator, with a key and thus a world of the test's own."""
    return server.on(f"KEY_{uuid4().hex}")


@pytest.fixture
def application(simulator: Simulator) -> Iterator[Application]:
    with Application(simulator).running() as application:
        yield application
