"""What goes wrong in a test's world: the same fields as `POST /_mock/faults` takes, typed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypedDict, TypeVar

from mockserver.sim import fault_fields, faults
from mockserver.sim.events import Json
from mockserver.sim.faults import Fault, Rule
from mockserver.sim.world import World

T = TypeVar("T")
Seconds = float | str
"""A number, or a text like `250ms` or `1m30s`."""


class FaultFields(TypedDict, total=False):
    """What a fault fits, when it is its turn, and what happens: docs/faults.md tells of each."""

    event: str
    number: str
    call: str
    state: str
    attempt: int
    nth: int
    first: int
    every: int
    probability: float
    error: str
    title: str
    status: int
    body: dict[str, Any] | str
    rate_limit: bool | dict[str, int]
    connection: str
    before_response: str
    race: str
    ms: int
    delivery: str
    within: Seconds
    besides: bool
    latency: Seconds | Sequence[Seconds] | Mapping[str, Seconds]
    wall: bool
    applied: str


class InStore:
    """A fault in store: how often it has fitted something (`seen`), and how often it was its turn (`applied`)."""

    def __init__(
        self, world: World, rule: Rule, look: Callable[[Callable[[], Any]], Any] = lambda read: read()
    ) -> None:
        self.id = rule.id
        self._world, self._rule, self._look = world, rule, look

    def __repr__(self) -> str:
        return f"<fault {self.fields}>"

    @property
    def fields(self) -> Json:
        """What it says, as `/_mock/faults` has it."""
        return faults.as_json(self._rule.fault)

    @property
    def seen(self) -> int:
        """How often something has fitted it."""
        return int(self._look(lambda: self._rule.seen))

    @property
    def applied(self) -> int:
        """How often it has happened."""
        return int(self._look(lambda: self._rule.applied))

    def remove(self) -> None:
        """Let it not happen any more; nothing happens if it is gone already."""
        self._look(lambda: self._world.faults.remove(self._rule) if self._rule in self._world.faults else None)

    def seen_by(self, look: Callable[[Callable[[], Any]], Any]) -> InStore:
        """The same, read in another way: for a test in another thread than its world."""
        return InStore(self._world, self._rule, look)


def read(operation: str | None, code: str | None, fields: FaultFields) -> Fault:
    """A fault from what a test says. Raises ValueError, with the field that is to be changed.

    `code` is short for `error`, which without a count befalls the first alone.
    """
    given: Json = {name: _plain(value) if name in ("latency", "within") else value for name, value in fields.items()}
    if operation is not None:
        given["operation"] = operation
    if code is not None:
        given["error"] = code
        if not given.keys() & {*faults.COUNTS}:
            given["nth"] = 1
    return fault_fields.read(given)


def _plain(value: Any) -> Any:
    """Durations as numbers of seconds."""
    from mockserver.scenario.values import duration

    if isinstance(value, Mapping):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return duration(value) if isinstance(value, str) else value
