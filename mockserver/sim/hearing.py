"""What people hear of the audio that an application sends over a stream: piece after piece, and marks between them.

The bytes of the last thirty seconds are kept, so that a test can compare them with what it sent.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Protocol

from mockserver.sim import recordings, voices
from mockserver.sim.clock import SECOND
from mockserver.sim.simulation import Simulation
from mockserver.sim.sound import Format, is_silent
from mockserver.sim.timeline import Plan
from mockserver.sim.world import Leg

KEPT = 30 * SECOND
"""How much of what was heard is kept for a stream."""

MOST_WAITING = 120 * SECOND
"""How much sound may wait to be heard. GUESS: the platform's own limit is not published."""

MOST_MARKS = 1_000
"""How many marks may wait for it. GUESS: the platform's own limit is not published."""

QUIET = SECOND // 2
"""How long there has to be nothing to hear until the application counts as silent."""

MOST_LEGS = 32
"""Of how many legs a world keeps what was heard on them; the one that has heard nothing for longest is forgotten."""


@dataclass(slots=True)
class Piece:
    """What one message brought, and when it is heard."""

    begins: int
    ends: int
    data: bytes


@dataclass(slots=True, eq=False)
class Mark:
    """A mark that waits for the end of what was sent before it."""

    name: str
    plan: Plan | None = None


class Sender(Protocol):
    """Who has sent it, and is told of what was heard."""

    def passed(self, simulation: Simulation, mark: str) -> None:
        """What was sent before a mark has been heard."""

    def fell_silent(self, simulation: Simulation) -> None:
        """All has been heard."""


@dataclass(slots=True, eq=False)
class Hearing:
    """Everything that comes back over one stream. `until` is when what was sent so far has been heard.

    `legs` are those whose people hear it; `since` is when they began to, None in silence, which may be sent too:
    `loud_until` is the end of what is none.
    """

    stream_id: str
    sound: Format
    sender: Sender | None = None
    until: int = 0
    loud_until: int = 0
    since: int | None = None
    legs: tuple[Leg, ...] = ()
    pieces: deque[Piece] = field(default_factory=deque)
    marks: deque[Mark] = field(default_factory=deque)
    quiet: Plan | None = None

    def has_room(self, now: int, seconds: float) -> bool:
        """May so much more wait?"""
        return max(now, self.until) + round(seconds * SECOND) - now <= MOST_WAITING

    def add(self, simulation: Simulation, legs: tuple[Leg, ...], data: bytes, seconds: float) -> None:
        """Let people hear something, behind what they hear already."""
        begins = max(simulation.now, self.until)
        self.until = begins + round(seconds * SECOND)
        self.pieces.append(Piece(begins, self.until, data))
        self._forget(simulation.now)
        self.legs = legs
        for leg in legs:
            _keep(simulation, leg, self)
        if is_silent(self.sound, data):
            return
        self.loud_until = self.until
        if self.since is None:
            self.since = begins
            for leg in legs:
                simulation.note("person", "hears_stream", leg, stream_id=self.stream_id)
            self.quiet = simulation.at(self.loud_until + QUIET, self._quiet, simulation)

    def mark(self, simulation: Simulation, name: str) -> None:
        """Tell of a mark when what was sent before it has been heard."""
        mark = Mark(name)
        self.marks.append(mark)
        if self.until <= simulation.now and len(self.marks) == 1:
            self._pass(simulation, mark)
        else:
            mark.plan = simulation.at(self.until, self._pass, simulation, mark)

    def clear(self, simulation: Simulation) -> list[str]:
        """Nobody hears any more of what was sent; the marks that waited."""
        names = [mark.name for mark in self.marks]
        for mark in self.marks:
            simulation.timeline.cancel(mark.plan)
        self.marks.clear()
        self.until = min(self.until, simulation.now)
        self.loud_until = min(self.loud_until, simulation.now)
        while self.pieces and self.pieces[-1].begins >= simulation.now:
            self.pieces.pop()
        if self.pieces:
            self.pieces[-1] = self._cut(self.pieces[-1], simulation.now)
        if self.since is not None:
            simulation.timeline.cancel(self.quiet)
            self.quiet = simulation.at(self.loud_until + QUIET, self._quiet, simulation)
        return names

    def end(self, simulation: Simulation) -> None:
        """The stream is over."""
        self.clear(simulation)
        simulation.timeline.cancel(self.quiet)
        self._tell(simulation)

    def heard(self, now: int) -> bytes:
        """The bytes of what people have heard, without the pauses."""
        return b"".join(self._cut(piece, now).data for piece in self.pieces if piece.begins < now)

    def _cut(self, piece: Piece, now: int) -> Piece:
        """What is heard of a piece until now; packets that are not a matter of bytes are heard as a whole."""
        rate, width = self.sound.bytes_per_second, self.sound.sample_bytes
        if piece.ends <= now or not rate:
            return piece
        size = (now - piece.begins) * rate // SECOND // width * width
        return Piece(piece.begins, now, piece.data[:size])

    def _forget(self, now: int) -> None:
        while self.pieces[0].ends < now - KEPT:
            self.pieces.popleft()

    def _pass(self, simulation: Simulation, mark: Mark) -> None:
        self.marks.remove(mark)
        assert self.sender is not None
        self.sender.passed(simulation, mark.name)

    def _quiet(self, simulation: Simulation) -> None:
        if self.loud_until + QUIET > simulation.now:
            self.quiet = simulation.at(self.loud_until + QUIET, self._quiet, simulation)
            return
        self._tell(simulation)
        assert self.sender is not None
        self.sender.fell_silent(simulation)

    def _tell(self, simulation: Simulation) -> None:
        """What was heard comes to an end."""
        since, self.since = self.since, None
        if since is None:
            return
        for leg in self.legs:
            if leg.state == "ended":
                continue
            seconds = max(0, self.loud_until - since) / SECOND
            simulation.note("person", "heard_stream", leg, stream_id=self.stream_id, seconds=seconds)
            recordings.sounded(simulation, leg, "outbound", since)
            voices.sound_ends(simulation, [leg], (self.loud_until - simulation.now) / SECOND)


def _keep(simulation: Simulation, leg: Leg, hearing: Hearing) -> None:
    kept = simulation.world.heard
    kept[leg.call_control_id] = hearing
    kept.move_to_end(leg.call_control_id)
    while len(kept) > MOST_LEGS:
        kept.popitem(last=False)
