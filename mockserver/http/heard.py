"""What the person of a leg has heard of a media stream, as `/_mock/calls/{call_control_id}/heard` tells it."""

from __future__ import annotations

from base64 import b64encode

from mockserver.sim import sound
from mockserver.sim.events import Json
from mockserver.sim.simulation import Simulation
from mockserver.sim.world import Leg


def heard_body(simulation: Simulation, leg: Leg) -> Json:
    """The bytes of the last half minute, without the pauses, and a WAV file of them if it can hold their codec."""
    hearing = simulation.world.heard.get(leg.call_control_id)
    if hearing is None:
        return {"stream_id": None, "encoding": None, "sample_rate": None, "audio": "", "wav": None}
    audio = hearing.heard(simulation.now)
    file = sound.wav(hearing.sound, audio)
    return {
        "stream_id": hearing.stream_id,
        "encoding": hearing.sound.encoding,
        "sample_rate": hearing.sound.sample_rate,
        "audio": b64encode(audio).decode(),
        "wav": None if file is None else b64encode(file).decode(),
    }
