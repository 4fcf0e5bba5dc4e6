"""Answering machine detection: who has answered a call that was dialled with it, and when their greeting ends.

Sources: the published interface and the guide for the modes, their webhooks and results; how long a detection takes is
configured by the command, how long a machine's greeting lasts is up to the machine (GUESS: 6 s, as many do).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from mockserver.sim import costs, media, timings
from mockserver.sim.simulation import Simulation
from mockserver.sim.world import Leg

CLASSIC: Mapping[str, str] = {"human": "human", "machine": "machine", "fax": "not_sure", "silence": "not_sure"}
PREMIUM: Mapping[str, str] = {
    "human": "human_residence",
    "machine": "machine",
    "fax": "fax_detected",
    "silence": "silence",
}
"""What the detection says of who has answered. GUESS: of a fax and of silence, where the mode has no word for it."""

DETECTION, GREETING = "call.machine.detection.ended", "call.machine.greeting.ended"
PREMIUM_DETECTION, PREMIUM_GREETING = "call.machine.premium.detection.ended", "call.machine.premium.greeting.ended"


@dataclass(frozen=True, slots=True)
class Mode:
    """A row: the webhooks and results of a mode. `without_beep` is what a greeting without a beep ends with, and after
    how many seconds since the answer; None where nothing is said of it."""

    detection: str = DETECTION
    results: Mapping[str, str] = field(default_factory=lambda: CLASSIC)
    greeting: str | None = GREETING
    without_beep: tuple[str, float] | None = None


MODES: Mapping[str, Mode] = {
    "detect": Mode(greeting=None),
    "detect_beep": Mode(),
    "detect_words": Mode(without_beep=("ended", timings.LONGEST_GREETING)),
    "greeting_end": Mode(without_beep=("ended", timings.GREETING)),
    "premium": Mode(PREMIUM_DETECTION, PREMIUM, PREMIUM_GREETING, ("no_beep_detected", timings.LONGEST_GREETING)),
}
"""By `answering_machine_detection`; `disabled` has no row."""


def on_answer(simulation: Simulation, leg: Leg) -> None:
    """A dialled leg was answered: plan what its detection will find."""
    options = leg.options or {}
    mode = MODES.get(options.get("answering_machine_detection") or "")
    if mode is None:
        return
    costs.turn(simulation, leg, "premium machine detection" if mode.results == PREMIUM else "machine detection", 1)
    config = options.get("answering_machine_detection_config") or {}
    analysis = config.get("total_analysis_time_millis", timings.ANALYSIS * 1000) / 1000
    who = _who(leg)
    seconds = min(timings.HUMAN_GREETING, analysis) if who == "human" else analysis
    result = mode.results[who]
    leg.plans["detection"] = simulation.after(seconds, _detected, simulation, leg, mode.detection, result)
    if mode.greeting is None or who != "machine":
        return
    if leg.person.machine == "beep":
        ends: tuple[str, float] | None = ("beep_detected", timings.GREETING)
    else:
        ends = mode.without_beep
    if ends is not None:
        leg.plans["greeting"] = simulation.after(ends[1], _tell, simulation, leg, mode.greeting, ends[0])


def _who(leg: Leg) -> str:
    if leg.person.machine == "fax":
        return "fax"
    if leg.person.machine:
        return "machine"
    return "silence" if leg.person.silent else "human"


def _detected(simulation: Simulation, leg: Leg, event_type: str, result: str) -> None:
    """The detection is over. GUESS: a machine is not meant: what it hears and a gather of keys are `cancelled_amd`."""
    _tell(simulation, leg, event_type, result)
    if result == "machine":
        if leg.keys is not None:
            leg.keys.end(simulation, leg, "cancelled_amd")
        media.stop(simulation, leg, "all", "cancelled_amd")


def _tell(simulation: Simulation, leg: Leg, event_type: str, result: str) -> None:
    simulation.emit(event_type, leg, **{"from": leg.from_}, result=result, to=leg.to)
