"""What is kept of recordings when they are over: where they come from, their texts, and the URLs that lead to them.

`Settings.ended_legs` bounds how many recordings and how many texts are kept; past it the oldest goes.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, TypeVar

from mockserver.sim import timings
from mockserver.sim.clock import SECOND
from mockserver.sim.simulation import Simulation
from mockserver.sim.world import Leg

if TYPE_CHECKING:
    from mockserver.sim.recordings import Recording

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a recording comes from: its leg, or the conference and the leg that this one was made of."""

    call_control_id: str
    call_leg_id: str
    call_session_id: str
    connection_id: str
    from_: str
    to: str
    conference_id: str | None = None
    conference_region: str | None = None

    @classmethod
    def of(cls, leg: Leg, conference_id: str | None = None, region: str | None = None) -> Origin:
        """The facts of a leg as they are now, so that they outlive it."""
        ids = (leg.call_control_id, leg.call_leg_id, leg.call_session_id, leg.connection_id)
        return cls(*ids, leg.from_, leg.to, conference_id, region)


@dataclass(frozen=True, slots=True, eq=False)
class RecordingText:
    """The text of a recording, kept apart from it."""

    id: str
    recording_id: str
    text: str
    millis: int
    saved_at: int


def url(simulation: Simulation, recording: Recording) -> str:
    """Where a recording can be fetched for the next ten minutes."""
    where = f"{simulation.world.settings.base_url}/_mock/recordings/{recording.id}.{recording.format}"
    expires = simulation.now // SECOND + round(timings.RECORDING_URL_KEPT)
    return f"{where}?expires={expires}&signature={signature(recording, str(expires))}"


def signature(recording: Recording, expires: str) -> str:
    """What makes the URL of one moment good, and no other: 32 hexadecimal digits; `expires` is in Unix seconds."""
    return f"{Random(f'{recording.secret}:{expires}').getrandbits(128):032x}"


def keep(simulation: Simulation, recording: Recording, origin: Origin) -> None:
    """Keep a recording that is over: in the world, so that it can be listed and fetched."""
    recording.origin, recording.saved_at = origin, simulation.now
    _put(simulation, simulation.world.recordings, recording.id, recording)


def keep_text(simulation: Simulation, text: RecordingText) -> None:
    """Keep the text of a recording."""
    _put(simulation, simulation.world.recording_texts, text.id, text)


def _put(simulation: Simulation, kept: OrderedDict[str, T], key: str, value: T) -> None:
    """Keep no more of a kind than ended legs."""
    kept[key] = value
    while len(kept) > simulation.world.settings.ended_legs:
        kept.popitem(last=False)
