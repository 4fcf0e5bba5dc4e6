"""Deepfake detection: whether the voice at the far end is a synthetic one, told once after the answer.

Source: the published interface for the option, its two time limits, and the webhooks. Of the errors only `rtp_timeout`
comes about by itself: no sound has come because the person put the call on hold.
"""

from __future__ import annotations

from mockserver.sim import costs, timings
from mockserver.sim.clock import SECOND
from mockserver.sim.events import Json
from mockserver.sim.simulation import Simulation
from mockserver.sim.world import Leg

SURE = 97.0
"""`consistency` of every result. GUESS: any number would do."""

SCORES = {"fake": 0.97, "real": 0.03}
"""`score`, how likely the voice is synthetic. GUESS: any numbers would do."""


def on_answer(simulation: Simulation, leg: Leg) -> None:
    """A leg was answered: plan what is found out, if the command wanted to know.

    GUESS: who is silent, and a fax, is waited for until `timeout`; an answering machine speaks with a real voice.
    """
    config: Json = (leg.options or {}).get("deepfake_detection") or {}
    if not config.get("enabled"):
        return
    costs.turn(simulation, leg, "deepfake detection", 1)
    person, limit = leg.person, config.get("timeout", timings.DEEPFAKE_TIMEOUT)
    result = "fake" if person.fake else "real"
    if person.silent or person.machine == "fax":
        result = "silence_timeout"
    seconds = limit if result == "silence_timeout" else min(timings.DEEPFAKE_ANALYSIS, limit)
    patience = simulation.now + round(config.get("rtp_timeout", timings.DEEPFAKE_RTP_TIMEOUT) * SECOND)
    leg.plans["deepfake"] = simulation.after(seconds, _decide, simulation, leg, result, patience)


def _decide(simulation: Simulation, leg: Leg, result: str, patience: int) -> None:
    """Tell the result; of somebody on hold there is nothing to hear, and it is tried once more when patience ends."""
    if not leg.on_hold:
        score = SCORES.get(result)
        consistency = None if score is None else SURE
        simulation.emit("call.deepfake_detection.result", leg, consistency=consistency, result=result, score=score)
    elif simulation.now < patience:
        leg.plans["deepfake"] = simulation.at(patience, _decide, simulation, leg, result, patience)
    else:
        simulation.emit("call.deepfake_detection.error", leg, error_message="rtp_timeout")
