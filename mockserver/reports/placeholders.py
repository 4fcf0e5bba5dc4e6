"""Placeholders that are the same in each run, for what is not: ids by the order in which they come, addresses by whose
they are, times of the wall by none.

An id that the scenario itself gives (an assistant's, say) stays what it is; one that an application has chosen too,
unless it is as random as the platform's.
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections import Counter
from typing import Any
from urllib.parse import urlsplit

from mockserver.sim.clock import EPOCH, iso
from mockserver.sim.events import Entry, Json

UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
CALL = r"v3:[A-Za-z0-9_-]{20,}"
HEX = r"(?<![A-Za-z0-9])[0-9a-fA-F]{32}(?![A-Za-z0-9])"
"""A UUID without hyphens, or a sum."""
NUMBER = r"(?<![+\d.])(?:\d+\.\d{6,}|\d{10,})(?![\d.])"
"""What clocks and chance make. In an id of a command only: elsewhere it may be an amount, or a number without a `+`."""
RANDOM = re.compile(f"{CALL}|(?i:{UUID})|{HEX}")
RANDOM_OF_A_COMMAND = re.compile(f"{RANDOM.pattern}|{NUMBER}")
TOKEN = re.compile(f"{RANDOM_OF_A_COMMAND.pattern}|[A-Za-z0-9]+")
ORIGIN = re.compile(r"(?:https?|wss?)://[^\s/\"'<>?#]+")
SIGNED = re.compile(r"(<platform>[^\s\"'<>?]*(?:<[^>]*>[^\s\"'<>?]*)*)\?(?:[^\s\"'<>]|<[^>]*>)*")
"""What follows a URL of the platform is signed, and with it each time another one."""
TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?")
LOOPBACK = ("localhost", "127.0.0.1", "::1", "0.0.0.0")
STABLE = ("connection_id", "assistant_id", "command_id", "sip_hangup_cause")
"""Ids that somebody has chosen, if they do not look random."""


class Placeholders:
    """The placeholders of one run. `learn` is told everything first, in order; `named` puts them in."""

    def __init__(self, given: str, calls: dict[str, str], app_url: str, platform_url: str) -> None:
        """`given` is the text of the scenario, `calls` the letters of calls by id."""
        self._names = {known: f"<call {letter}>" for known, letter in calls.items()}
        self._given = set(TOKEN.findall(given))
        self._counts: Counter[str] = Counter()
        self._chosen: set[str] = set()
        self._app, self._platform = _place(app_url), _place(platform_url)

    def learn(self, entry: Entry) -> None:
        """Take in the ids of an entry: what a request says is chosen by the application, the rest by the platform."""
        data = dict(entry.data)
        self._take(data.pop("request", None), "", chosen=True)
        self._take(data.get("payload", data) if entry.kind == "webhook" else data, "", chosen=False)

    def named(self, text: str) -> str:
        """A text with names in it."""
        if text in self._names:
            return self._names[text]
        text = ORIGIN.sub(self._origin, text)
        text = TOKEN.sub(lambda found: self._names.get(found[0], found[0]), text)
        return TIME.sub(_time, SIGNED.sub(r"\1", text))

    def _take(self, value: Any, key: str, chosen: bool) -> None:
        if isinstance(value, dict):
            for name in sorted(value, key=str):
                self._take(value[name], _noun(str(name), value), chosen)
        elif isinstance(value, list):
            for item in value:
                self._take(item, key, chosen)
        elif isinstance(value, str):
            self._take_text(value, key, chosen)

    def _take_text(self, text: str, key: str, chosen: bool) -> None:
        random = RANDOM_OF_A_COMMAND if key == "command_id" else RANDOM
        for found in random.findall(decoded(text) if key.endswith("client_state") else text):
            self._name(found, key.removesuffix("_id") if found == text and key.endswith("_id") else "id")
        if chosen:
            self._chosen.add(text)
        elif key.endswith("_id") and key not in STABLE and text not in self._chosen:
            self._name(text, key.removesuffix("_id"))

    def _name(self, known: str, noun: str) -> None:
        if known and known not in self._names and not self._given.issuperset(TOKEN.findall(known)):
            noun = "call of another run" if known.startswith("v3:") else noun.replace("_", " ")
            self._counts[noun] += 1
            self._names[known] = f"<{noun} {self._counts[noun]}>"

    def _origin(self, found: re.Match[str]) -> str:
        place = _place(found[0])
        if place == self._platform:
            return "<platform>"
        return "<app>" if place == self._app or place[0] in LOOPBACK else found[0]


def decoded(state: str) -> str:
    """What is in a `client_state`; the text itself if that is no text in Base64."""
    try:
        text = b64decode(state, validate=True).decode()
    except ValueError:
        return state
    return text if text.isprintable() else state


def _noun(name: str, among: Json) -> str:
    """What an id is of: `conference_id` of itself, `id` of the kind of thing that it stands in."""
    if name == "id" and isinstance(kind := among.get("record_type"), str):
        return f"{kind}_id"
    return f"{name.removesuffix('_ids')}_id" if name.endswith("_ids") else name


def _time(found: re.Match[str]) -> str:
    """A time of the run is the same in each; one of the wall is not."""
    return found[0] if found[0][:10] >= iso(EPOCH)[:10] and found[0][:7] == iso(EPOCH)[:7] else "<time>"


def _place(url: str) -> tuple[str, int | None]:
    """Host and port of a URL, by which it is known who is there."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        return "127.0.0.1" if host in LOOPBACK else host, parts.port
    except ValueError:
        return url, None
