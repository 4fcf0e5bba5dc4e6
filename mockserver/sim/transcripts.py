"""What is kept of a conversation with an assistant, on a call or begun without one: who said what when, and notes.

A transcript outlives its conversation until as many newer ones have ended as ended calls are kept.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from mockserver.sim.events import Json
from mockserver.sim.world import World

MOST_MESSAGES = 10_000
"""How much of a conversation is kept: its latest messages."""


@dataclass(slots=True, eq=False)
class Insights:
    """What is made out of a conversation after its end; `results` are None until they are there."""

    id: str
    created_at: int
    results: tuple[Json, ...] | None = None


@dataclass(slots=True, eq=False)
class Transcript:
    """The record of a conversation; `times` are the moments of its `messages`, one each."""

    id: str
    created_at: int
    name: str | None = None
    metadata: dict[str, str] = field(default_factory=dict)
    messages: list[Json] = field(default_factory=list)
    times: list[int] = field(default_factory=list)
    insights: Insights | None = None

    @property
    def last_message_at(self) -> int:
        return self.times[-1] if self.times else self.created_at

    def add(self, now: int, messages: list[Json]) -> None:
        """Put down what was said; of a conversation that will not end, the latest is kept."""
        self.messages += [dict(message) for message in messages]
        self.times += [now] * len(messages)
        del self.messages[:-MOST_MESSAGES], self.times[:-MOST_MESSAGES]


def forget_the_oldest(world: World, ended: str) -> None:
    """One more conversation is over: keep no more of them than of ended legs."""
    world.ended_conversations.append(ended)
    while len(world.ended_conversations) > world.settings.ended_legs:
        oldest = world.ended_conversations.popleft()
        world.conversations.pop(oldest, None)
        world.transcripts.pop(oldest, None)
