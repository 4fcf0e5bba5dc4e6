"""Follows the log of a simulator that runs: its entries as they come, and a line for each."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import urlencode
from urllib.request import ProxyHandler, Request, build_opener

from mockserver.printer import CYAN, DIM, GREEN, RED, RESET, YELLOW, plain

Json = dict[str, Any]

PATIENCE = 30.0
"""How long, in real seconds, a simulator that has gone is looked for before following ends."""

PAUSE = 0.2

MARKS: Mapping[str, tuple[str, str]] = {
    "command": ("<--", GREEN),
    "delivery": ("-->", CYAN),
    "webhook": (" * ", ""),
    "person": (" o ", ""),
    "warning": (" ! ", YELLOW),
    "scenario": (" # ", DIM),
}
"""What the line of an entry begins with, by its kind, and its colour."""

TOLD = ("from", "to", "hangup_cause", "digit", "digits", "status", "result", "reason", "text", "outcome")
"""What the line of a webhook or an act tells of it, if it is there."""


def follow(
    url: str, after: int, query: Mapping[str, str], headers: Mapping[str, str], patience: float = PATIENCE
) -> Iterator[Json]:
    """Every entry with a higher number than `after` that fits, as it comes, for as long as there is a simulator.

    A connection that ends is made anew; `OSError` when that does not succeed for so many seconds. A world that has
    begun anew, or was restored, is followed from its beginning.
    """
    give_up_at, world = time.monotonic() + patience, ""
    while True:
        try:
            with _open(url, {**query, "after": str(after)}, headers) as stream:
                before, world = world, stream.headers["x-mock-world"]
                if before not in ("", world) and after:
                    after = 0
                    continue
                for name, data in _messages(stream):
                    give_up_at = time.monotonic() + patience
                    if name == "lagging":
                        break
                    after = data["seq"]
                    yield data
        except OSError:
            if time.monotonic() > give_up_at:
                raise
        give_up_at = max(give_up_at, time.monotonic() + PAUSE)
        time.sleep(PAUSE)


def line(entry: Json, colour: bool = False) -> str:
    """An entry on one line: when, what, about which call, and what is worth telling of it."""
    mark, paint = MARKS[entry["kind"]]
    about = entry["call_control_id"] or ""
    call = f"{about[:9]}…" if len(about) > 10 else about
    status, note = NOTES.get(entry["kind"], _details)(entry["data"])
    bad = status not in ("", "200")

    def painted(code: str, text: str) -> str:
        return f"{code}{text}{RESET}" if colour and code else text

    head = f"{painted(DIM, entry['at'][11:23])} {painted(paint, mark)} {plain(entry['name']):<32} "
    text = f"{head}{painted(DIM, f'{plain(call):<11}')} {painted(RED if bad else GREEN, status)} {plain(note)}"
    return text.rstrip()


def _open(url: str, query: Mapping[str, str], headers: Mapping[str, str]) -> Any:
    asked = Request(f"{url}/_mock/events?{urlencode(query)}", headers={**headers, "Accept": "text/event-stream"})
    return build_opener(ProxyHandler({})).open(asked)


def _messages(stream: Iterable[bytes]) -> Iterator[tuple[str, Json]]:
    """The messages of one connection: their names and what is in them."""
    name = "message"
    for raw in stream:
        field, _, value = raw.decode().rstrip("\n").partition(": ")
        if field == "event":
            name = value
        elif field == "data":
            yield name, json.loads(value)
        elif not field:
            name = "message"


def _command(data: Json) -> tuple[str, str]:
    errors = data.get("errors") or ()
    return str(data["status"]), "; ".join(f"{error['code']} {error['title']}" for error in errors)


def _delivery(data: Json) -> tuple[str, str]:
    attempt = f"attempt {data['attempt']}, " if data["attempt"] > 1 else ""
    reason = f": {data['reason']}" if data["reason"] else ""
    return str(data["status"] or "---"), f"{attempt}{data['outcome']}{reason} ({data['url']})"


def _details(data: Json) -> tuple[str, str]:
    inside = data.get("payload", data)
    told = ((name, inside.get(name)) for name in TOLD)
    return "", " ".join(
        str(value) if name == "text" else f"{name}={value}"
        for name, value in told
        if isinstance(value, str | int) and value != ""
    )


NOTES: Mapping[str, Callable[[Json], tuple[str, str]]] = {"command": _command, "delivery": _delivery}
