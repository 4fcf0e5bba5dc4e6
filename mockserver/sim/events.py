"""What happened: frozen entries in an append-only log, with readers.

The log is the hub of the whole program. The simulation writes webhooks, commands and people's acts to it; the webhook
sender, the printer, whoever waits and the live stream of the control interface read it. Nobody calls anybody else.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]

EVERYWHERE = "*"
"""Whoever watches this instead of a call is told of every entry."""

KINDS = ("webhook", "command", "person", "delivery", "warning", "scenario")


@dataclass(frozen=True, slots=True)
class Route:
    """Where the webhooks of a leg go; `webhooks/policy.py` turns it into attempts.

    `urls` and `retries_ms` are keyed by event type, as `webhook_urls` and `webhook_retries_policies` of a command are;
    an event goes to all URLs that are named for it.
    """

    url: str | None = None
    method: str = "POST"
    failover_url: str | None = None
    urls: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    urls_method: str = "POST"
    retries_ms: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    timeout_secs: float | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened.

    `seq` counts from 1 without gaps; `at` is simulated time in microseconds since the Unix epoch. `data` of a webhook
    is its `data` object as the application receives it; of a command: `request`, `status`, `response` or `errors`.
    `route` is set on webhooks alone.
    """

    seq: int
    at: int
    kind: str
    name: str
    call_control_id: str | None
    data: Json
    route: Route | None = None


Reader = Callable[[Entry], None]


class Log:
    """The last `keep` entries, and the readers that are told of each new one, in the order they came."""

    def __init__(self, keep: int = 10_000) -> None:
        self.entries: deque[Entry] = deque(maxlen=keep)
        self.last_seq = 0
        self._readers: list[Reader] = []
        self._watchers: dict[str, Reader] = {}

    def append(
        self,
        at: int,
        kind: str,
        name: str,
        call_control_id: str | None,
        data: Json,
        route: Route | None = None,
    ) -> Entry:
        """Add an entry and tell every reader."""
        self.last_seq += 1
        entry = Entry(self.last_seq, at, kind, name, call_control_id, data, route)
        self.entries.append(entry)
        for reader in self._readers:
            reader(entry)
        if self._watchers:
            for about in (call_control_id, EVERYWHERE):
                if about in self._watchers:
                    self._watchers[about](entry)
        return entry

    def subscribe(self, reader: Reader) -> Callable[[], None]:
        """Tell `reader` of every entry from now on; the result ends that."""
        self._readers = [*self._readers, reader]
        return lambda: self._unsubscribe(reader)

    def watch(self, call_control_id: str, watcher: Reader) -> None:
        """Tell `watcher` of every entry about a call, or `EVERYWHERE`, until `unwatch`; each has one at most.

        Unlike a reader, a watcher belongs to the world, and a copy of the world has it too.
        """
        self._watchers[call_control_id] = watcher

    def unwatch(self, call_control_id: str) -> None:
        """Tell whoever watches a call no more."""
        self._watchers.pop(call_control_id, None)

    def after(self, seq: int) -> Iterator[Entry]:
        """The kept entries with a higher number than `seq`."""
        skip = max(0, seq - (self.last_seq - len(self.entries)))
        for index in range(skip, len(self.entries)):
            yield self.entries[index]

    def __deepcopy__(self, memo: dict[int, Any]) -> Log:
        """A copy has the same entries, which never change, and copies of its watchers; nobody reads it."""
        copy = memo[id(self)] = Log()
        copy.entries, copy.last_seq = self.entries.copy(), self.last_seq
        copy._watchers = deepcopy(self._watchers, memo)
        return copy

    @property
    def dropped(self) -> int:
        """How many of the oldest entries are gone."""
        return self.last_seq - len(self.entries)

    def _unsubscribe(self, reader: Reader) -> None:
        self._readers = [other for other in self._readers if other != reader]
