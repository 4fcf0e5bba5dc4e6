"""A scenario and those that it includes, made one: what comes first wins."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any

from mockserver.scenario.model import Scenario
from mockserver.scenario.parts.part import Part

Same = Callable[[Any], Hashable]

SAME: dict[str, Same | None] = {
    "people": lambda person: person.number,
    "applications": lambda application: application.connection_id,
    "calls": None,
    "assistants": lambda assistant: assistant.known_id,
    "errors": lambda error: (error.command, error.nth),
    "faults": None,
    "audio": lambda audio: (audio.url, audio.media),
    "recordings": lambda recording: recording.nth,
    "expect": None,
}
"""The lists of a scenario, and what of an item tells whether an earlier file has it already; None: all are kept."""


def merged(scenarios: Sequence[Scenario]) -> Scenario:
    """One scenario: the lists of all, one behind the other, the secrets of all, and the rest of the first."""
    first, *others = scenarios
    if not others:
        return first
    secrets = {name: value for each in reversed(scenarios) for name, value in each.secrets.items()}
    lists = {key: _joined([getattr(each, key) for each in scenarios], same) for key, same in SAME.items()}
    return first.model_copy(update={**lists, "secrets": secrets})


def _joined(lists: Sequence[Sequence[Part]], same: Same | None) -> list[Part]:
    joined: list[Part] = []
    seen: set[Hashable] = set()
    for items in lists:
        joined += [item for item in items if same is None or same(item) not in seen]
        seen |= {same(item) for item in items} if same else set()
    return joined
