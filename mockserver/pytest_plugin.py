"""The pytest plugin: a world of the platform for each test that wants one, and the ladder in the report of a failure.

It costs nothing where no test uses it: what makes a world is imported by the first fixture that needs it.
docs/pytest.md tells how to use it.
"""

from __future__ import annotations

from collections.abc import Collection, Generator, Iterator
from hashlib import sha256
from threading import Thread
from threading import enumerate as threads
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from mockserver.testing import AsyncSimulatedTelnyx, Background, Options, SimulatedTelnyx, Specs

SETTINGS = (
    ("telnyx_webhook_url", "where webhooks go; the default is a sink in the test process"),
    ("telnyx_seed", "a whole number: another one gives other ids"),
    ("telnyx_strict", "true: requests that the live platform forgives are refused"),
    ("telnyx_clock", "auto (the default), manual, real or fast"),
    ("telnyx_factor", "how many times as fast as the wall the clock fast goes (60)"),
    ("telnyx_timeout", "how many real seconds a test waits for anything (5)"),
    ("telnyx_cushion", "how many real seconds an application may act after its answer (0.05 if nothing is known)"),
)
"""The settings of the configuration file, and what they are for; each is an option of the command line too."""

CLOCKS = ("auto", "manual", "real", "fast")

MARKER = (
    "telnyx(seed=..., strict=..., scenario=..., webhook_url=..., clock=..., factor=..., timeout=..., cushion=...): "
    "the world of a test that uses telnyx or telnyx_asgi"
)

WORLDS = pytest.StashKey[list[Any]]()
"""The worlds of a test, for its report."""

BYSTANDERS = pytest.StashKey[Collection[Thread]]()
"""The threads that were there before any test: those of pytest and its workers, which act for no application."""


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("telnyx", "the simulated Telnyx")
    for name, about in SETTINGS:
        group.addoption(f"--{name.replace('_', '-')}", default=None, help=about)
        parser.addini(name, about, default="")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", MARKER)
    config.stash[BYSTANDERS] = list(threads())


@pytest.fixture(scope="session")
def telnyx_specs() -> Specs:
    """The specifications, read once for all tests of this process."""
    from mockserver.testing import Specs

    return Specs()


@pytest.fixture(scope="session")
def telnyx_server(telnyx_specs: Specs, pytestconfig: pytest.Config) -> Iterator[Background]:
    """A server in a thread of this process, on a free port; each test has a world of its own in it."""
    from mockserver.testing import Background

    server = Background(telnyx_specs, pytestconfig.stash[BYSTANDERS])
    server.start()
    yield server
    server.stop()


@pytest.fixture
def telnyx(request: pytest.FixtureRequest, telnyx_server: Background) -> Iterator[SimulatedTelnyx]:
    """A world of this test's own, behind a socket."""
    from mockserver.testing import SimulatedTelnyx

    world = SimulatedTelnyx(telnyx_server, api_key_of(request.node), _options(request.node))
    _remember(request.node, world)
    try:
        _begin(request.node, world)
        yield world
    finally:
        world.close()


@pytest.fixture
def telnyx_env(telnyx: SimulatedTelnyx, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The same world, with the variables that the official SDK reads set in the environment."""
    for name, value in telnyx.env.items():
        monkeypatch.setenv(name, value)
    return telnyx.env


@pytest.fixture
def telnyx_asgi(request: pytest.FixtureRequest, telnyx_specs: Specs) -> Iterator[AsyncSimulatedTelnyx]:
    """A world of this test's own in its event loop, with no sockets at all; for tests that are coroutines."""
    from mockserver.testing import AsyncSimulatedTelnyx

    bystanders = request.config.stash[BYSTANDERS]
    options = _options(request.node)
    world = AsyncSimulatedTelnyx(api_key_of(request.node), options, telnyx_specs, bystanders=bystanders)
    _remember(request.node, world)
    marked = _marked(request.node)
    if "scenario" in marked:
        world.starts_with(marked["scenario"])
    yield world
    world.close_after()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed:
        for world in item.stash.get(WORLDS, []):
            report.sections.append(("telnyx", _ladder(world)))
    return report


def api_key_of(item: pytest.Item) -> str:
    """The API key of a test: its own, and the same in every run."""
    return f"KEY_{sha256(item.nodeid.encode()).hexdigest()[:24]}"


def _options(item: pytest.Item) -> Options:
    """What the command line says, else the marker, else the configuration file."""
    from mockserver.testing import Options

    marked = _marked(item)
    given: dict[str, Any] = {}
    for setting, _ in SETTINGS:
        name = setting.removeprefix("telnyx_")
        value = item.config.getoption(setting)
        if value is None:
            value = marked.get(name, item.config.getini(setting))
        if value not in ("", None):
            given[name] = READ[name](setting, value)
    return Options(**given)


def _marked(item: pytest.Item) -> dict[str, Any]:
    """What the markers of a test say, the nearest one first."""
    found: dict[str, Any] = {}
    for marker in item.iter_markers("telnyx"):
        unknown = marker.kwargs.keys() - READ.keys() - {"scenario"}
        if marker.args or unknown:
            seen = ", ".join([*map(repr, marker.args), *sorted(unknown)])
            raise pytest.UsageError(f"{item.nodeid}: telnyx does not take {seen}: {MARKER}")
        found = {**marker.kwargs, **found}
    return found


def _yes(setting: str, value: Any) -> bool:
    words = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}
    if str(value).lower() not in words:
        raise pytest.UsageError(f"{setting} is {value!r}: write true or false")
    return words[str(value).lower()]


def _whole(setting: str, value: Any) -> int:
    try:
        return int(value)
    except ValueError:
        raise pytest.UsageError(f"{setting} is {value!r}: write a whole number") from None


def _seconds(setting: str, value: Any) -> float:
    try:
        return float(value)
    except ValueError:
        raise pytest.UsageError(f"{setting} is {value!r}: write seconds, as 0.5") from None


def _clock(setting: str, value: Any) -> str:
    if str(value) not in CLOCKS:
        raise pytest.UsageError(f"{setting} is {value!r}: write one of {', '.join(CLOCKS)}")
    return str(value)


def _factor(setting: str, value: Any) -> float:
    factor = _seconds(setting, value)
    if factor <= 0:
        raise pytest.UsageError(f"{setting} is {value!r}: write a number above 0")
    return factor


READ = {
    "webhook_url": lambda setting, value: str(value),
    "seed": _whole,
    "strict": _yes,
    "clock": _clock,
    "factor": _factor,
    "timeout": _seconds,
    "cushion": _seconds,
}


def _remember(item: pytest.Item, world: Any) -> None:
    item.stash.setdefault(WORLDS, []).append(world)


def _begin(item: pytest.Item, world: SimulatedTelnyx) -> None:
    marked = _marked(item)
    if "scenario" in marked:
        world.starts_with(marked["scenario"])


def _ladder(world: Any) -> str:
    try:
        return str(world.ladder())
    except Exception as error:  # a report is never the reason why a run ends
        return f"the ladder cannot be drawn: {type(error).__name__}: {error}"
