"""Speech becomes text while it is spoken: `transcription_start`, `transcription_stop`, and who hears what is said.

`heard_words` is told of everything that is said on a leg, when it has been said: by the person (track `inbound`), by
the application or its assistant (`outbound`). Running transcriptions report it, and recordings take it in.

Sources: the published interface for the commands and the webhook; recorded webhooks for `confidence`.
"""

from __future__ import annotations

from dataclasses import dataclass

from mockserver.sim import costs, errors, recordings, supervision, timings
from mockserver.sim.errors import Refusal
from mockserver.sim.events import Json
from mockserver.sim.simulation import Simulation
from mockserver.sim.world import Leg

TRACKS = {"inbound": ("inbound",), "outbound": ("outbound",), "both": ("inbound", "outbound")}
CONFIDENCE = 0.97


@dataclass(slots=True, eq=False)
class Transcription:
    """A transcription that runs: whose speech becomes text, and whether text is reported that may still change."""

    tracks: tuple[str, ...]
    interim: bool = False


# Commands of the application -----------------------------------------------------------------------------------------


def transcription_start(simulation: Simulation, leg: Leg, body: Json) -> Json:
    """`transcription_start`: report what is said. Refuses a second one (90054), and any that comes with an answer."""
    if leg.transcription is not None or comes_with_answer(leg):
        raise Refusal(errors.TRANSCRIPTION_IN_PROGRESS)
    _begin(simulation, leg, "transcription_start", body)
    return {"result": "ok"}


def transcription_stop(simulation: Simulation, leg: Leg, body: Json) -> Json:
    """`transcription_stop`: report no more, also not what was said just now.

    Refuses while a recording with `timeout_secs` runs, which needs it (90055). GUESS: with none running it is accepted
    and does nothing.
    """
    if any(recording.timeout_secs for recording in leg.recordings):
        raise Refusal(errors.TRANSCRIPTION_NEEDED)
    _end(simulation, leg)
    if comes_with_answer(leg):
        leg.options = {name: value for name, value in (leg.options or {}).items() if name != "transcription"}
    return {"result": "ok"}


def comes_with_answer(leg: Leg) -> bool:
    """Is an answer under way that starts a transcription?"""
    return leg.state == "answering" and bool((leg.options or {}).get("transcription"))


# What a call brings about --------------------------------------------------------------------------------------------


def on_answer(simulation: Simulation, leg: Leg) -> None:
    """`transcription: true` of dial and answer."""
    options = leg.options or {}
    if options.get("transcription"):
        _begin(simulation, leg, "transcription", options.get("transcription_config") or {})


def before_hangup(simulation: Simulation, leg: Leg) -> None:
    """Nothing is reported of a leg that is over. GUESS: what was said in its last moment is lost."""
    _end(simulation, leg)


def heard_words(simulation: Simulation, leg: Leg, track: str, text: str) -> None:
    """Something was said on a leg, just now to its end; whoever listens hears it on their own leg."""
    text = " ".join(text.split())
    if leg.answered_at is None or not text:
        return
    _hear(simulation, leg, track, text)
    others = supervision.listeners(leg, track)
    if track == "inbound" and leg.participation is not None:
        others = [*others, *leg.participation.said(simulation, text)]
    for other in dict.fromkeys(others):
        _hear(simulation, other, "outbound", text)


def so_far(text: str, seconds: float) -> str:
    """The whole words of a text that have been said after so many seconds."""
    if seconds > timings.speech(text) - 0.001:
        return text
    return text[: round(seconds / timings.SECONDS_PER_CHARACTER)].rpartition(" ")[0]


def _hear(simulation: Simulation, leg: Leg, track: str, text: str) -> None:
    recordings.hear(simulation, leg, track, text)
    transcription = leg.transcription
    if transcription is None or track not in transcription.tracks:
        return
    if transcription.interim:
        begins = " ".join(text.split()[: (text.count(" ") + 1) // 2]) or text
        simulation.after(timings.INTERIM_AFTER, _report, simulation, leg, transcription, track, begins, False)
    simulation.after(timings.TRANSCRIPTION_AFTER, _report, simulation, leg, transcription, track, text, True)


def _report(
    simulation: Simulation, leg: Leg, transcription: Transcription, track: str, text: str, is_final: bool
) -> None:
    if leg.transcription is not transcription:
        return
    data = {
        "confidence": CONFIDENCE,
        "is_final": is_final,
        "transcript": text,
        "transcription_track": track,
    }
    simulation.emit("call.transcription", leg, transcription_data=data)


def _begin(simulation: Simulation, leg: Leg, command: str, body: Json) -> None:
    """GUESS: tracks that there are not are taken for `inbound`; the published interface lets any text pass."""
    wanted = body.get("transcription_tracks") or "inbound"
    if wanted not in TRACKS:
        simulation.warn(command, leg, f"{command}: no such transcription_tracks, taken for inbound: {wanted}")
    engine: Json = body.get("transcription_engine_config") or {}
    leg.transcription = Transcription(TRACKS.get(wanted, TRACKS["inbound"]), bool(engine.get("interim_results")))
    costs.turn(simulation, leg, "transcription", 1)


def _end(simulation: Simulation, leg: Leg) -> None:
    if leg.transcription is not None:
        leg.transcription = None
        costs.turn(simulation, leg, "transcription", -1)
