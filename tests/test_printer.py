"""What is printed while the simulator runs."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from mockserver.http.edge import Exchange
from mockserver.printer import Printer
from mockserver.sim.clock import EPOCH
from mockserver.sim.events import Entry, Json, Log

LEG = "v3:jwviESQXnD3Z9zgXzm4RjSZKrWy23SEPr5Ss08-SwZAjfLEfXRCM8g"
DELIVERY: Json = {
    "event_id": "e",
    "url": "http://127.0.0.1:8000/hooks",
    "method": "POST",
    "attempt": 1,
    "status": 200,
    "outcome": "delivered",
    "code": None,
    "reason": None,
    "ms": 1.25,
}


def exchange(**changes: Any) -> Exchange:
    known: Json = {
        "method": "POST",
        "path": "/v2/calls",
        "name": "dial",
        "about": LEG,
        "status": 200,
        "millis": 1.25,
    }
    return Exchange(**{**known, **changes})


def entry(kind: str, name: str, data: Json, leg: str | None = LEG) -> Entry:
    return Entry(1, EPOCH, kind, name, leg, data)


def printed(what: Exchange | Entry, **options: Any) -> str:
    out = io.StringIO()
    printer = Printer(out, **options)
    if isinstance(what, Exchange):
        printer.exchange(what)
    else:
        printer.entry(what)
    return out.getvalue()


EXCHANGES = [
    (exchange(), "<-- dial                             v3:jwviES…  200    1.2 ms\n"),
    (
        exchange(name="", about=None, method="GET", path="/v3", status=404, problems=("10005 Resource not found: no",)),
        "<-- GET /v3                                      404    1.2 ms  10005 Resource not found: no\n",
    ),
    (
        exchange(status=422, problems=("10004 A: a", "10016 B: b"), warnings=("it was forgiven",)),
        "<-- dial                             v3:jwviES…  422    1.2 ms  10004 A: a; 10016 B: b\n"
        "    warning: it was forgiven\n",
    ),
]


@pytest.mark.parametrize(("what", "text"), EXCHANGES)
def test_a_request_is_a_line_with_operation_call_status_and_time(what: Exchange, text: str) -> None:
    assert printed(what) == text


DELIVERIES = [
    ({}, "--> call.hangup                      v3:jwviES…  200    1.2 ms\n"),
    (
        {"status": None, "attempt": 2, "outcome": "failed", "code": "75002", "reason": "nothing listens"},
        "--> call.hangup                      v3:jwviES…  ---    1.2 ms  attempt 2, failed: nothing listens "
        "(http://127.0.0.1:8000/hooks)\n",
    ),
    (
        {"status": 204, "reason": "answered 204 No Content"},
        "--> call.hangup                      v3:jwviES…  204    1.2 ms  delivered: answered 204 No Content "
        "(http://127.0.0.1:8000/hooks)\n",
    ),
    (
        {"status": 500, "outcome": "retrying", "reason": "answered 500"},
        "--> call.hangup                      v3:jwviES…  500    1.2 ms  retrying: answered 500 "
        "(http://127.0.0.1:8000/hooks)\n",
    ),
]


@pytest.mark.parametrize(("changes", "text"), DELIVERIES)
def test_a_delivery_is_a_line_that_says_what_became_of_it(changes: Json, text: str) -> None:
    assert printed(entry("delivery", "call.hangup", {**DELIVERY, **changes})) == text


def test_a_warning_is_a_line() -> None:
    assert printed(entry("warning", "dial", {"text": "record has no effect"})) == "    warning: record has no effect\n"


@pytest.mark.parametrize("kind", ["webhook", "command", "person", "scenario"])
def test_what_else_happens_is_not_printed(kind: str) -> None:
    assert printed(entry(kind, "call.initiated", {"payload": {}})) == ""


@pytest.mark.parametrize(
    "what",
    [
        exchange(),
        exchange(status=422, problems=("10004 A: a",), warnings=("forgiven",)),
        entry("delivery", "call.hangup", DELIVERY),
        entry("warning", "dial", {"text": "no effect"}),
    ],
)
def test_as_json_everything_is_one_object_a_line(what: Exchange | Entry) -> None:
    text = printed(what, form="json")
    assert text.count("\n") == 1
    assert json.loads(text)["direction"] in ("in", "out", "warning")


def test_as_json_a_request_has_all_that_the_line_has() -> None:
    what = exchange(status=422, problems=("10004 A: a",), warnings=("forgiven",))
    assert json.loads(printed(what, form="json")) == {
        "direction": "in",
        "name": "dial",
        "method": "POST",
        "path": "/v2/calls",
        "call_control_id": LEG,
        "status": 422,
        "ms": 1.25,
        "problems": ["10004 A: a"],
        "warnings": ["forgiven"],
    }


@pytest.mark.parametrize("what", [exchange(), entry("delivery", "call.hangup", DELIVERY)])
def test_lines_are_coloured_only_where_wanted(what: Exchange | Entry) -> None:
    assert "\x1b[" in printed(what, colour=True)
    assert "\x1b[" not in printed(what)


@pytest.mark.parametrize("form", ["text", "json"])
def test_nothing_that_a_request_brings_along_moves_the_cursor_or_begins_a_line(form: str) -> None:
    what = exchange(name="", path="/v2/\x1b[2J\nforged \x85\u2028 line\r", about="v3:\x1b]0;title\x07")
    text = printed(what, form=form)
    assert text.isprintable() or text.rstrip("\n").isprintable()
    assert len(text.splitlines()) == 1


class Gone(io.StringIO):
    """A pipe that nobody reads any more."""

    def write(self, text: str, /) -> int:
        raise BrokenPipeError


def closed() -> io.StringIO:
    out = io.StringIO()
    out.close()
    return out


@pytest.mark.parametrize("out", [Gone(), closed()])
@pytest.mark.parametrize("form", ["text", "json"])
def test_an_output_that_is_gone_does_not_keep_the_log_from_going_on(out: io.StringIO, form: str) -> None:
    log = Log()
    log.subscribe(Printer(out, form).entry)
    log.append(EPOCH, "delivery", "call.hangup", LEG, DELIVERY)
    assert log.last_seq == 1


def test_a_terminal_that_lacks_a_character_gets_another_one() -> None:
    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, encoding="ascii")
    Printer(out).exchange(exchange(problems=("10027 Ω: “no”",), status=422))
    assert raw.getvalue().decode("ascii").startswith("<-- dial")
    assert raw.getvalue().endswith(b"\n")
    out.close()
