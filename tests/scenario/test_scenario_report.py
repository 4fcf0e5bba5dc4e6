"""The ladder, the summary and the JSON of a run."""

from __future__ import annotations

import json
from collections.abc import Callable
from textwrap import dedent
from typing import Any

import pytest

from mockserver.scenario import bundled
from mockserver.scenario.expecting.expect import check
from mockserver.scenario.load import load
from mockserver.scenario.report import WIDTH, as_json, ladder, summary
from mockserver.sim.events import Entry

Play = Callable[..., list[Entry]]

GOLDEN = """\
A = v3:vm-fYqxM… +12025550143 (Ada) -> +12025550178

     time  application                               platform                                          people
    0.000  |                                             |<- A: calls -------------------------------------|
    0.000  |<- call.initiated A -------------------------|                                                 |
    0.000  |- answer A: ok ----------------------------->|                                                 |
    0.400  |<- call.answered A --------------------------|                                                 |
    0.400  |- ai_assistant_start A: ok ----------------->|                                                 |
    0.400  |- ai_assistant_start A: 422 90061 ---------->| AI Assistant is already in progress             |
    1.200  |<- call.conversation.created A --------------|                                                 |
    1.200  |                                             |- assistant A: "Hello!" ------------------------>|
    3.718  |                                             |<- A: "When do you open?" -----------------------|
    4.418  |                                             |- assistant A: "At nine." ---------------------->|
    7.200  |                                             |<- A: "Thank you, goodbye." ---------------------|
    7.900  |                                             |- assistant A: "Goodbye." ---------------------->|
    9.428  |                                             |<- A: hangs up ----------------------------------|
    9.428  |<- call.hangup A ----------------------------| normal_clearing, by the caller                  |
    9.478  |<- call.conversation.ended A ----------------|                                                 |
   12.478  |<- call.conversation_insights.generated A ---|                                                 |"""


def entry(kind: str, name: str, call_control_id: str | None = "v3:a", **data: Any) -> Entry:
    return Entry(1, 2_500_000, kind, name, call_control_id, data)


def rows(*entries: Entry, colour: bool = False) -> list[str]:
    """The rows of a ladder, without legend and head, from time 0."""
    text = ladder(entries, start=0, colour=colour)
    lines = text.splitlines()
    return lines[next(index for index, line in enumerate(lines) if "application" in line) + 1 :]


def test_a_run_is_a_ladder(play: Play, example: Callable[[str], Any]) -> None:
    scenario = load(bundled.bundled("start_twice"))
    assert ladder(play(scenario, example("start_twice")), scenario.to_people()) == GOLDEN


def test_calls_are_named_in_the_order_they_appear() -> None:
    entries = [entry("webhook", "call.hangup", f"v3:{n}", payload={"from": "+1", "to": f"+{n}"}) for n in range(28)]
    legend = ladder(entries).splitlines()
    assert legend[0] == "A = v3:0 +1 -> +0"
    assert legend[25:28] == ["Z = v3:25 +1 -> +25", "AA = v3:26 +1 -> +26", "AB = v3:27 +1 -> +27"]


def test_deliveries_show_when_they_failed_and_only_then() -> None:
    delivered = entry("delivery", "call.answered", outcome="delivered")
    failed = entry("delivery", "call.answered", outcome="failed", reason="connection refused")
    assert rows(delivered) == []
    assert rows(failed) == ["    2.500  ! call.answered A was not delivered: connection refused"]


def test_a_warning_has_a_line_of_its_own() -> None:
    assert rows(entry("warning", "loop guard", None, text="x\x1b[2Jy\nz")) == ["    2.500  ! warning: x?[2Jy z"]
    assert rows(entry("warning", "no webhook URL", None, message="none")) == ["    2.500  ! warning: none"]


def test_what_is_too_long_is_cut_and_no_row_is_wider_than_the_others() -> None:
    long = "word " * 60
    (says,) = rows(entry("person", "says", text=long))
    (assistant,) = rows(entry("person", "assistant_says", text=long))
    (warning,) = rows(entry("warning", "w", text=long))
    assert len(says) == len(assistant) == WIDTH
    assert len(warning) <= WIDTH
    assert "…" in says
    assert "…" in assistant


def test_keys_are_told_where_they_are_pressed_and_where_they_arrive() -> None:
    pressed, heard, arrived, ended = rows(
        entry("person", "presses", digits="12#"),
        entry("person", "hears_digits", "v3:b", digits="1"),
        entry("webhook", "call.dtmf.received", payload={"digit": "1"}),
        entry("webhook", "call.gather.ended", payload={"status": "valid", "digits": "12"}),
    )
    assert "<- A: presses 12# ---" in pressed
    assert "|- B: hears 1 ---" in heard
    assert [row.split("|")[2].strip() for row in (arrived, ended)] == ["1", "valid 12"]


def test_a_refused_dial_has_no_call_and_says_why() -> None:
    errors = [{"code": "10010", "title": "Authorization failed"}]
    (row,) = rows(entry("command", "dial", None, request={}, status=403, errors=errors))
    assert row.split("|")[1].startswith("- dial: 403 10010 ---")
    assert row.split("|")[2].strip() == "Authorization failed"


def test_colour_is_put_on_when_asked_for() -> None:
    refused = entry("command", "answer", request={}, status=422, errors=[{"code": "90018", "title": "x"}])
    assert "\x1b" not in rows(refused)[0]
    assert "\x1b[31m- answer A: 422 90018 -" in rows(refused, colour=True)[0]


def test_an_empty_run_has_a_head_and_no_rows() -> None:
    assert len(ladder([]).splitlines()) == 1


def test_the_summary_tells_what_did_not_hold() -> None:
    scenario = load("expect: [{event: call.initiated}, {event: call.hangup, with: {hangup_cause: timeout}}]")
    log = [
        entry("webhook", "call.initiated", payload={}),
        entry("webhook", "call.hangup", payload={"hangup_cause": "x"}),
    ]
    report = check(scenario.to_expectations(), log)
    assert "\n".join(summary(report)) == dedent(
        """\
        ok       1  call.initiated
        MISSED   2  call.hangup with hangup_cause=timeout
                    the nearest was at 00:00:00.000: hangup_cause was x
        1 of 2 expectations did not hold"""
    )
    assert summary(check([], log)) == ["nothing was expected"]


def test_the_json_has_everything(play: Play) -> None:
    scenario = load(
        "calls: [{from: +12025550143, to: +12025550178}]\nexpect: [{event: call.initiated}, {person: joins}]"
    )
    entries = play(scenario)
    written = json.loads(json.dumps(as_json(check(scenario.to_expectations(), entries), entries)))
    assert written["held"] is False
    assert [row["held"] for row in written["expect"]] == [True, False]
    assert written["expect"][0]["seq"] == 2
    assert [row["name"] for row in written["log"]] == [entry.name for entry in entries]
    assert written["log"][0]["at"] == "2026-01-01T00:00:00.000000Z"


def test_a_command_on_no_call_is_ok_whatever_its_status() -> None:
    (row,) = rows(entry("command", "create_application", None, status=201, request={}, response={}))
    assert "|- create_application: ok ---" in row


@pytest.mark.parametrize(
    ("name", "payload", "told"),
    [
        ("call.machine.detection.ended", {"result": "machine"}, "machine"),
        ("call.enqueued", {"queue": "support", "current_position": 2}, "support 2"),
        ("call.dequeued", {"reason": "leave"}, "leave"),
        ("call.transcription", {"transcription_data": {"transcript": "Hello."}}, "Hello."),
        ("conference.ended", {"reason": "host_left"}, "host_left"),
        ("call.bridged", {}, ""),
    ],
)
def test_the_row_of_a_webhook_tells_what_matters_most(name: str, payload: dict[str, Any], told: str) -> None:
    (row,) = rows(entry("webhook", name, payload=payload))
    assert row.rpartition("-|")[2].strip(" |") == told
