"""One line for each exchange: `<--` for what came in, `-->` for what went out; coloured on a terminal, or JSON.

Reads the log for deliveries and warnings; requests are reported by the HTTP layer, which alone knows how long they
took. Nothing secret is ever printed: no key, no header, no body.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TextIO

from mockserver.sim.clock import iso

if TYPE_CHECKING:
    from mockserver.http.edge import Exchange
    from mockserver.sim.events import Entry

RESET, DIM, RED, GREEN, YELLOW, CYAN = "\x1b[0m", "\x1b[2m", "\x1b[31m", "\x1b[32m", "\x1b[33m", "\x1b[36m"


@dataclass(slots=True)
class Printer:
    """Writes lines to `out`, as `text` or `json`."""

    out: TextIO = field(default_factory=lambda: sys.stdout)
    form: str = "text"
    colour: bool = False

    def exchange(self, exchange: Exchange) -> None:
        """A request that was served."""
        name = exchange.name or f"{exchange.method} {exchange.path}"
        if self.form == "json":
            self._json(
                direction="in",
                name=name,
                method=exchange.method,
                path=exchange.path,
                call_control_id=exchange.about,
                status=exchange.status,
                ms=round(exchange.millis, 3),
                problems=list(exchange.problems),
                warnings=list(exchange.warnings),
            )
            return
        self._line("<--", name, exchange.about, exchange.status, exchange.millis, "; ".join(exchange.problems))
        for warning in exchange.warnings:
            self._warning(warning)

    def entry(self, entry: Entry) -> None:
        """An entry of the log: deliveries and warnings are lines, the rest is not."""
        if entry.kind == "delivery":
            self._delivery(entry)
        elif entry.kind == "warning":
            if self.form == "json":
                self._json(
                    direction="warning",
                    name=entry.name,
                    call_control_id=entry.call_control_id,
                    text=entry.data.get("text"),
                )
            else:
                self._warning(str(entry.data.get("text") or entry.name))

    def say(self, text: str) -> None:
        """A line of the simulator's own. An output that is gone, or lacks a character, stops nothing."""
        try:
            print(text, file=self.out, flush=True)
        except UnicodeEncodeError:
            print(text.encode("ascii", "replace").decode(), file=self.out, flush=True)
        except (OSError, ValueError):
            return

    def _delivery(self, entry: Entry) -> None:
        data = entry.data
        if self.form == "json":
            self._json(
                direction="out", name=entry.name, call_control_id=entry.call_control_id, at=iso(entry.at), **data
            )
            return
        failed = data["outcome"] != "delivered" or data.get("reason")
        attempt = f"attempt {data['attempt']}, " if data["attempt"] > 1 else ""
        note = f"{attempt}{data['outcome']}: {data['reason']} ({data['url']})" if failed else ""
        self._line("-->", entry.name, entry.call_control_id, data["status"], data["ms"], note)

    def _line(self, arrow: str, name: str, about: str | None, status: int | None, millis: float, note: str) -> None:
        call = f"{about[:9]}…" if about and len(about) > 10 else about or ""
        paint = self._paint
        good = (status or 999) < 300
        self.say(
            f"{paint(CYAN if arrow == '-->' else GREEN, arrow)} {plain(name):<32} {paint(DIM, f'{plain(call):<11}')} "
            f"{paint(GREEN if good else RED, str(status or '---'))} {paint(DIM, f'{millis:6.1f} ms')}"
            + (f"  {paint(RED, plain(note))}" if note else "")
        )

    def _warning(self, text: str) -> None:
        self.say(f"    {self._paint(YELLOW, 'warning:')} {plain(text)}")

    def _paint(self, colour: str, text: str) -> str:
        return f"{colour}{text}{RESET}" if self.colour else text

    def _json(self, **fields: object) -> None:
        self.say(json.dumps(fields))


def plain(text: str) -> str:
    """Text from outside as it may be shown on a terminal: no line ends, no control sequences."""
    return text if text.isprintable() else "".join(c if c.isprintable() else "?" for c in text)
