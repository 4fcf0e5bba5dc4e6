"""The voice of a conversation relay: what it says and plays on a leg, one thing after the other.

Each thing goes through what the leg hears anyway (`media`), without webhooks, so that it is recorded and transcribed,
and takes its turn with what other commands play.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from mockserver.sim import conversations, media, timings, transcription
from mockserver.sim.clock import SECOND
from mockserver.sim.media import Item
from mockserver.sim.simulation import Simulation
from mockserver.sim.world import Conversation, Leg


@dataclass(slots=True, eq=False)
class Utterance:
    """Something to say or play, what of a person cuts it (`speech`, `dtmf`), and whether a later one does."""

    item: Item
    cut_by: frozenset[str]
    preemptible: bool = False


Spoken = Callable[[Simulation, Utterance, str], None]


@dataclass(slots=True, eq=False)
class Voice:
    """What is being said in a conversation, and what waits; `spoken` is told of each with the status of its end."""

    conversation: Conversation
    spoken: Spoken
    current: Utterance | None = None
    waiting: deque[Utterance] = field(default_factory=deque)

    @property
    def has_room(self) -> bool:
        return len(self.waiting) < media.MOST_WAITING

    def add(self, simulation: Simulation, utterance: Utterance) -> None:
        """Put something at the end of what waits. GUESS: whatever is `preemptible` makes way for it."""
        self.waiting = deque(other for other in self.waiting if not other.preemptible)
        if self.current is not None and self.current.preemptible:
            self._hush(simulation)
        self.waiting.append(utterance)

    def speak(self, simulation: Simulation) -> None:
        """Say or play what has waited longest."""
        self.current = self.waiting.popleft()
        leg, item = self.conversation.owner, self.current.item
        if item.words:
            conversations.remember(simulation, self.conversation, [{"role": "assistant", "content": item.words}])
            told = {"text": item.words, "conversation_id": self.conversation.id}
            simulation.note("person", "assistant_says", leg, **told)
        else:
            simulation.note("person", "hears_audio", leg, url=item.details["media_url"])
        item.then = self._then
        media.play(simulation, leg, item)

    def cut(self, simulation: Simulation, by: str) -> tuple[str, float] | None:
        """A person cuts it short, if it lets them: the words that were said, and how many seconds it took.

        GUESS: what waits is dropped with it, and of a file there are no words.
        """
        utterance = self.current
        if utterance is None or by not in utterance.cut_by:
            return None
        item = utterance.item
        seconds = (simulation.now - item.begun_at) / SECOND if item.begun else 0.0
        self.silence(simulation)
        return transcription.so_far(item.words, seconds) if item.words else "", seconds

    def silence(self, simulation: Simulation) -> None:
        """Say nothing more."""
        self.waiting.clear()
        self._hush(simulation)

    def _hush(self, simulation: Simulation) -> None:
        utterance, self.current = self.current, None
        if utterance is not None:
            utterance.item.then = None
            media.cut(simulation, self.conversation.owner, utterance.item)

    def _then(self, simulation: Simulation, leg: Leg, status: str) -> None:
        utterance, self.current = self.current, None
        assert utterance is not None
        self.spoken(simulation, utterance, status)


def speech(text: str) -> Item:
    """A text as something to hear; unlike that of `speak` it may have any length."""
    return Item("speak", timings.speech(text), silent=True, words=text)


def audio(url: str, loops: float) -> Item:
    """A file as something to hear. GUESS: without webhooks."""
    item = media.audio({"audio_url": url}, loops=loops)
    item.silent = True
    return item
