"""What a leg hears: speech and audio, one after the other, and an overlay above them.

`speak` and `playback_start` queue up; `stop` of either cuts what plays. An item that never began has no webhooks at
all. A gathering plays its prompt through the same queue, so that it cuts and is cut like everything else.

Sources: the published interface for queueing, `stop`, `overlay` and `loop`; recorded calls for the pace of speech.
"""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error as NotBase64
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from mockserver.sim import audio_files, errors, recordings, timings, transcription, voices
from mockserver.sim.audio_files import Sound
from mockserver.sim.clock import SECOND
from mockserver.sim.errors import Refusal
from mockserver.sim.events import Json
from mockserver.sim.simulation import Simulation
from mockserver.sim.timeline import Plan
from mockserver.sim.world import Leg

EVENTS = {
    "speak": ("call.speak.started", "call.speak.ended"),
    "playback": ("call.playback.started", "call.playback.ended"),
}

TAG = re.compile(r"<[^>]*>")
LONGEST_PAYLOAD = 3_000
MOST_WAITING = 1_000
"""How many items may wait for a leg. GUESS: the platform's own limit is not published."""

Finished = Callable[[Simulation, Leg, str], None]


@dataclass(slots=True, eq=False)
class Item:
    """One thing to hear. `status` is given to `then` when it has ended; a silent one has no webhooks.

    `seconds` of a file is only known when it is about to begin; it is looked into anew if it has to be `fresh`.
    """

    kind: str
    seconds: float
    loops: float = 1
    details: Json = field(default_factory=dict)
    silent: bool = False
    fresh: bool = False
    begun: bool = False
    begun_at: int = 0
    status: str = "completed"
    status_detail: str | None = None
    then: Finished | None = None
    plan: Plan | None = None
    words: str = ""


@dataclass(slots=True, eq=False)
class Playing:
    """What a leg hears now, what comes next, and the same of the overlay."""

    current: Item | None = None
    waiting: deque[Item] = field(default_factory=deque)
    overlay: Item | None = None
    overlay_waiting: deque[Item] = field(default_factory=deque)


# Commands of the application -----------------------------------------------------------------------------------------


def speak(simulation: Simulation, leg: Leg, body: Json) -> Json:
    """`speak`: say a text. Refusals: 90010 for a text that is empty or longer than 3,000 characters, 90009, 90016."""
    item = speech(body["payload"], loops=loops_of(body))
    _check_stop(body)
    _check_room(leg, item)
    item.details["speak_id"] = _speak_id(simulation)
    _stop_first(simulation, leg, body)
    play(simulation, leg, item)
    return {"result": "ok"}


def playback_start(simulation: Simulation, leg: Leg, body: Json) -> Json:
    """`playback_start`: play audio from a URL, from stored media, or sent along.

    Refusals: 10004 where nothing is given to play, 90009, 90016. GUESS: 10027 where several things are.
    """
    item = audio(body, loops=loops_of(body), overlay=bool(body.get("overlay")))
    _check_stop(body)
    _check_room(leg, item)
    if item.details["overlay"] and (leg.playing is None or leg.playing.current is None):
        # GUESS: the code; that an overlay needs something beneath it is documented
        raise Refusal(errors.UNPROCESSABLE, reason="An overlay needs audio that plays already.", at="/overlay")
    _stop_first(simulation, leg, body)
    play(simulation, leg, item)
    return {"result": "ok"}


def playback_stop(simulation: Simulation, leg: Leg, body: Json) -> Json:
    """`playback_stop`: cut what plays. GUESS: with nothing playing it is accepted and does nothing."""
    _check_stop(body)
    what = "overlay" if body.get("overlay") else body.get("stop") or "all"
    stop(simulation, leg, what)
    return {"result": "ok"}


# What there is to hear -----------------------------------------------------------------------------------------------


def speech(payload: str, *, loops: float = 1, silent: bool = False) -> Item:
    """A text to say; SSML tags take no time. Refuses one that is empty or too long (90010)."""
    if not 0 < len(payload) <= LONGEST_PAYLOAD:
        raise Refusal(errors.INVALID_PAYLOAD)
    words = TAG.sub("", payload)
    return Item("speak", timings.speech(words), loops, {}, silent, words=words)


def audio(body: Json, *, prefix: str = "", loops: float = 1, overlay: bool = False) -> Item:
    """Audio to play, from the fields of a command; with a `prefix`, from `invalid_audio_url` and the like."""
    url, name = body.get(f"{prefix}audio_url"), body.get(f"{prefix}media_name")
    content = body.get("playback_content") if not prefix else None
    given = [value for value in (url, name, content) if value]
    if not given:
        raise Refusal(errors.MISSING_PARAMETER, parameter=f"{prefix}audio_url")
    if len(given) > 1:
        raise Refusal(errors.UNPROCESSABLE, reason="Give one thing to play, not several.", at=f"/{prefix}media_name")
    details: Json = {"media_name": name} if name else {"media_url": url or ""}
    seconds = _length(content) if content else timings.AUDIO
    fresh = body.get("cache_audio") is False
    return Item("playback", seconds, loops, {**details, "overlay": overlay}, fresh=fresh)


def on_answer_of(body: Json) -> Item | None:
    """What whoever answers hears first: `audio_url` or `media_name` of dial and transfer. Refuses both (10027)."""
    given = {name: body[name] for name in ("audio_url", "media_name") if body.get(name)}
    return audio(given) if given else None


def loops_of(body: Json) -> float:
    """How often to play: 1 to 100, or for ever. Refuses anything else (90009)."""
    loop = body.get("loop", 1)
    if loop == "infinity":
        return float("inf")
    if isinstance(loop, str) and loop.isdecimal() and loop.isascii():
        loop = int(loop)
    if isinstance(loop, bool) or not isinstance(loop, int) or not 1 <= loop <= 100:
        raise Refusal(errors.INVALID_LOOP)
    return loop


# What becomes of it --------------------------------------------------------------------------------------------------


def play(simulation: Simulation, leg: Leg, item: Item) -> None:
    """Put an item at the end of what a leg hears; it begins at once if nothing is before it.

    It never begins before the leg's `call.answered`.
    """
    playing = leg.playing = leg.playing or Playing()
    (playing.overlay_waiting if item.details.get("overlay") else playing.waiting).append(item)
    _go_on(simulation, leg)


def stop(simulation: Simulation, leg: Leg, what: str, status: str = "cancelled") -> None:
    """Cut what a leg hears: `all` that plays and waits, only the `current` item, or the `overlay`."""
    playing = leg.playing
    if playing is None:
        return
    dropped: list[Item] = []
    if what == "all":
        dropped = list(playing.waiting)
        playing.waiting.clear()
    if what in ("all", "overlay"):
        playing.overlay_waiting.clear()
        _end(simulation, leg, playing.overlay, status)
    if what != "overlay":
        _end(simulation, leg, playing.current, status)
    for item in dropped:
        if item.then is not None:
            item.then(simulation, leg, status)


def cut(simulation: Simulation, leg: Leg, item: Item, status: str = "cancelled") -> None:
    """Cut one item, whether it plays or waits."""
    playing = leg.playing
    if playing is None:
        return
    if item is playing.current or item is playing.overlay:
        _end(simulation, leg, item, status)
    elif item in playing.waiting:
        playing.waiting.remove(item)


def before_hangup(simulation: Simulation, leg: Leg) -> None:
    """What is heard when a leg ends says so, and what waits says nothing."""
    playing = leg.playing
    if playing is None:
        return
    playing.waiting.clear()
    playing.overlay_waiting.clear()
    for item in (playing.overlay, playing.current):
        if item is not None:
            item.then = None
        _end(simulation, leg, item, "call_hangup")
    leg.playing = None


def _go_on(simulation: Simulation, leg: Leg) -> None:
    playing = leg.playing
    assert playing is not None
    if playing.current is None and playing.waiting:
        playing.current = _prepare(simulation, leg, playing.waiting.popleft())
    if playing.overlay is None and playing.overlay_waiting and playing.current is not None:
        playing.overlay = _prepare(simulation, leg, playing.overlay_waiting.popleft())


def _prepare(simulation: Simulation, leg: Leg, item: Item) -> Item:
    delay = timings.MEDIA_AFTER_COMMAND if not item.silent else 0.0
    moment = max(simulation.now, leg.due_at) + round(delay * SECOND)
    item.plan = simulation.at(moment, _begin, simulation, leg, item)
    return item


def _begin(simulation: Simulation, leg: Leg, item: Item) -> None:
    item.plan = None
    url, name = item.details.get("media_url", ""), item.details.get("media_name", "")
    begin = partial(_heard, simulation, leg, item)
    if url or name:
        audio_files.look(simulation, url, name, begin, item.fresh)
    else:
        begin(Sound(item.seconds))


def _heard(simulation: Simulation, leg: Leg, item: Item, sound: Sound) -> None:
    """An item can be heard from now on, or never, unless it was cut while its file was asked for.

    GUESS: a file that cannot be had is told by `call.playback.ended` alone, since nothing ever played.
    """
    playing = leg.playing
    if playing is None or item not in (playing.current, playing.overlay):
        return
    if sound.status != "completed":
        item.status_detail = sound.detail
        _end(simulation, leg, item, sound.status)
        return
    item.begun, item.begun_at, item.seconds = True, simulation.now, sound.seconds
    if not item.silent:
        simulation.emit(EVENTS[item.kind][0], leg, **item.details)
    if item.loops != float("inf"):
        item.plan = simulation.after(item.seconds * item.loops, _end, simulation, leg, item, item.status)


def _end(simulation: Simulation, leg: Leg, item: Item | None, status: str) -> None:
    if item is None:
        return
    simulation.timeline.cancel(item.plan)
    playing = leg.playing
    assert playing is not None
    if playing.overlay is item:
        playing.overlay = None
    else:
        playing.current = None
    if item.begun:
        recordings.sounded(simulation, leg, "outbound", item.begun_at)
        left = (item.plan.at - simulation.now) / SECOND if item.plan else 0.0
        said = transcription.so_far(item.words, item.seconds * item.loops - left) if item.words else ""
        transcription.heard_words(simulation, leg, "outbound", said)
        voices.sound_ends(simulation, [leg])
    why = {"status_detail": item.status_detail} if item.status_detail else {}
    if (item.begun or why) and not item.silent:
        simulation.emit(EVENTS[item.kind][1], leg, **item.details, status=_status(item, status), **why)
    if item.then is not None:
        item.then(simulation, leg, status)
    _go_on(simulation, leg)


def _status(item: Item, status: str) -> str:
    """GUESS: speech that was stopped is `completed`; the published statuses of speech have no `cancelled`."""
    return "completed" if item.kind == "speak" and status == "cancelled" else status


def _check_stop(body: Json) -> None:
    if body.get("stop") not in (None, "", "current", "all", "overlay"):
        raise Refusal(errors.INVALID_STOP)


def _check_room(leg: Leg, item: Item) -> None:
    if leg.playing and len(leg.playing.waiting) + len(leg.playing.overlay_waiting) >= MOST_WAITING:
        raise Refusal(errors.UNPROCESSABLE, reason=f"{MOST_WAITING} things wait to be played already.")


def _stop_first(simulation: Simulation, leg: Leg, body: Json) -> None:
    """`stop` of a command that plays: `current` makes way for what waits, `all` for this item alone."""
    if body.get("stop"):
        stop(simulation, leg, body["stop"])


def _length(content: str) -> float:
    """How long audio is that came with the command: a WAV or an MP3 by its bytes, anything else by its size."""
    try:
        sound = b64decode(content, validate=True)
    except (NotBase64, ValueError):
        raise Refusal(errors.UNPROCESSABLE, reason="playback_content is not Base64.", at="/playback_content") from None
    length = audio_files.seconds(sound)
    return len(sound) / audio_files.BYTES_PER_SECOND if length is None else length


def _speak_id(simulation: Simulation) -> str:
    """Ten letters and digits, as recorded."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
    made: Any = simulation.ids.random.choices(letters, k=10)
    return "".join(made)
