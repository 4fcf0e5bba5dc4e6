"""The person on a leg whose audio is streamed: they say their lines to whatever listens at the other end of the stream.

They take turns with the application by ear: after a line they wait for it to be heard, and for it to fall silent. Where
an assistant leads a conversation on the leg, that is who they talk to.

GUESS: all of it; people are nobody's interface, and these are as patient as a test should have to be.
"""

from __future__ import annotations

from dataclasses import replace

from mockserver.sim import conversations, timings, voices
from mockserver.sim.simulation import Simulation
from mockserver.sim.world import Leg


def begin(simulation: Simulation, leg: Leg) -> None:
    """The stream has begun: the person thinks of what to say."""
    _think(simulation, leg)


def application_fell_silent(simulation: Simulation, leg: Leg) -> None:
    """What the application sent has been heard: it is the person's turn, unless they speak anyway."""
    if "says" not in leg.plans:
        _think(simulation, leg)


def end(simulation: Simulation, leg: Leg) -> None:
    """The stream is over."""
    for name in ("says", "listens"):
        simulation.timeline.cancel(leg.plans.pop(name, None))
    voices.fall_silent(simulation, leg)


def person_goes_silent(simulation: Simulation, leg: Leg) -> None:
    """The person says nothing more of what they had in mind, not even to the end of what they are saying.

    They stay on the line, whatever they do when they have nothing left to say.
    """
    if leg.state == "ended" or leg.person.silent:
        return
    simulation.note("person", "goes_silent", leg)
    leg.person = replace(leg.person, silent=True, says=(), answers={}, hangs_up_when_done=False)
    simulation.timeline.cancel(leg.plans.pop("says", None))
    voices.fall_silent(simulation, leg)


def _think(simulation: Simulation, leg: Leg) -> None:
    """Speak in a moment if there is something to say, and leave if there is not."""
    simulation.timeline.cancel(leg.plans.get("listens"))
    if leg.conversation is None:
        leg.plans["listens"] = simulation.after(timings.THINK, _turn, simulation, leg)


def _listen(simulation: Simulation, leg: Leg) -> None:
    """The silence was long enough to tell that the line is over: now the application may take its time."""
    patience = timings.STREAM_PATIENCE - timings.STREAM_SILENCE
    leg.plans["listens"] = simulation.after(patience, _turn, simulation, leg, backstop=True)


def _turn(simulation: Simulation, leg: Leg) -> None:
    del leg.plans["listens"]
    sent = simulation.world.heard.get(leg.call_control_id)
    if leg.conversation is not None or (sent is not None and sent.since is not None):
        return
    if leg.said < len(leg.person.says) and not leg.on_hold:
        line = leg.person.says[leg.said]
        voices.will_speak(simulation, leg, line)
        leg.plans["says"] = simulation.after(timings.speech(line), _says, simulation, leg, line)
    elif leg.person.says and leg.person.hangs_up_when_done and leg.goes is not None:
        leg.goes(simulation, leg)


def _says(simulation: Simulation, leg: Leg, line: str) -> None:
    del leg.plans["says"]
    leg.said += 1
    conversations.said(simulation, leg, line)
    leg.plans["listens"] = simulation.after(timings.STREAM_SILENCE, _listen, simulation, leg)
