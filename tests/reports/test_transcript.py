"""Transcripts: everything that was said, and nothing that differs between two right runs."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest

from mockserver.reports.placeholders import Placeholders, decoded
from mockserver.reports.played import Played
from mockserver.reports.transcript import in_order, transcript
from mockserver.scenario import bundled
from mockserver.scenario.expecting.expect import check
from mockserver.scenario.load import load
from mockserver.sim.clock import EPOCH, SECOND
from mockserver.sim.events import Entry, Json
from tests.reports.test_played import HELD_RUN
from tests.scenario import conftest

APP, PLATFORM = "http://127.0.0.1:40001/webhooks", "http://127.0.0.1:40002"
UUIDS = [f"{number}1111111-2222-4333-8444-555555555555" for number in range(9)]
CALLS = [f"v3:{letter * 54}" for letter in "abc"]

KEPT = [path.stem for path in sorted(bundled.folder().glob("*.transcript"))]


def entry(kind: str, name: str, call: str | None = CALLS[0], at: float = 0.0, **data: Any) -> Entry:
    return Entry(1, EPOCH + round(at * SECOND), kind, name, call, data)


def webhook(name: str, call: Any = CALLS[0], at: Any = 0.0, **payload: Any) -> Entry:
    return entry("webhook", name, call, at, payload={"call_control_id": call, **payload})


def command(name: str, request: Json, response: Json | None = None, at: float = 0.0, **data: Any) -> Entry:
    return entry("command", name, at=at, request=request, status=200, response={"data": response or {}}, **data)


def told(*entries: Entry, app_url: str = APP, platform_url: str = PLATFORM) -> list[str]:
    """The rows of a transcript, without its head."""
    run = replace(HELD_RUN, entries=entries, app_url=app_url, platform_url=platform_url)
    text = transcript(run)
    assert text.endswith("\n")
    return text.partition("\n\n")[2].partition("\n\n")[2].splitlines()


@pytest.mark.parametrize(
    ("chosen", "written"),
    [
        (UUIDS[1].replace("-", ""), "<command 1>"),
        ("AAAAAAAA-2222-4333-8444-555555555555", "<command 1>"),
        ("1700000000123456789", "<command 1>"),
        ("0.857770897735671", "<command 1>"),
        ("answer-1700000000.123456", "answer-<id 1>"),
        ("answer-+12025550143", "answer-+12025550143"),
        ("ring 2.5", "ring 2.5"),
    ],
)
def test_the_id_of_a_command_that_clocks_or_chance_have_made_is_named(chosen: str, written: str) -> None:
    assert told(command("answer", {"command_id": chosen}))[1].strip() == f"command_id: {written}"


def test_a_long_number_that_is_no_id_of_a_command_stays() -> None:
    assert told(command("speak", {"payload": "Your order 1700000000123."}))[1].strip() == (
        "payload: Your order 1700000000123."
    )


def test_a_row_an_entry_and_what_was_said_below_it() -> None:
    assert told(
        webhook(
            "call.initiated", direction="incoming", start_time="2026-01-01T00:00:00Z", **{"from": "+1", "to": "+2"}
        ),
        command("speak", {"voice": "female", "payload": "Hello\nthere."}, {"result": "ok"}, at=0.4),
        entry("person", "presses", at=2.0, digits="1"),
        entry("delivery", "call.answered", at=3.0, outcome="delivered", status=200),
        entry("delivery", "call.answered", at=3.5, outcome="retrying", status=500, attempt=1),
        entry("warning", "scenario", None, at=4.0, text="that is odd"),
    ) == [
        "     0.000  A   <- call.initiated",
        "                  direction: incoming",
        "                  from: +1",
        "                  to: +2",
        "     0.400  A   -> speak: ok",
        '                  payload: "Hello\\nthere."',
        "                  voice: female",
        "     2.000  A      +1: presses 1",
        "     3.500  A   !  call.answered was not delivered: answered with 500",
        "                  attempt: 1",
        "     4.000      !  warning: that is odd",
    ]


def test_a_refusal_says_with_what_and_a_success_what_it_answered() -> None:
    problem = {"code": "90018", "title": "Call has already ended", "detail": "It is over."}
    assert told(
        entry("command", "hangup", request={}, status=422, errors=[problem]),
        command("create_conference", {"name": "line"}, {"id": UUIDS[1], "name": "line", "record_type": "conference"}),
        command("answer", {}, repeated=True, forgiven="a comma"),
    ) == [
        "     0.000  A   -> hangup: 422 90018 Call has already ended",
        "                  <- detail: It is over.",
        "     0.000  A   -> create_conference: ok",
        "                  name: line",
        "                  <- id: <conference 1>",
        "     0.000  A   -> answer: ok (repeated)",
        "                  <- forgiven: a comma",
    ]


def test_ids_are_named_by_the_order_in_which_they_come_wherever_they_stand() -> None:
    state = base64.b64encode(json.dumps({"leg": CALLS[0], "of": UUIDS[3]}).encode()).decode()
    rows = told(
        webhook("call.conversation.created", conversation_id=UUIDS[3], gather_id=UUIDS[4], speak_id="rlJGE0UiVT"),
        command("dial", {"client_state": state, "command_id": UUIDS[5], "assistant": {"id": "assistant-7"}}),
        command("transfer", {"target_leg_client_state": state}),
        command("conference_mute", {"call_control_ids": [CALLS[0], CALLS[2]], "command_id": "mine"}),
        webhook(
            "call.recording.saved", recording_id=UUIDS[6], url=f"{PLATFORM}/_mock/recordings/{UUIDS[6]}.wav?e=1&s=2"
        ),
    )
    assert [row.strip() for row in rows] == [
        "0.000  A   <- call.conversation.created",
        "conversation_id: <conversation 1>",
        "gather_id: <gather 1>",
        "speak_id: <speak 1>",
        "0.000  A   -> dial: ok",
        'assistant: {"id": "assistant-7"}',
        'client_state: {"leg": "<call A>", "of": "<conversation 1>"}',
        "command_id: <command 1>",
        "0.000  A   -> transfer: ok",
        'target_leg_client_state: {"leg": "<call A>", "of": "<conversation 1>"}',
        "0.000  A   -> conference_mute: ok",
        'call_control_ids: ["<call A>", "<call of another run 1>"]',
        "command_id: mine",
        "0.000  A   <- call.recording.saved",
        "recording_id: <recording 1>",
        "url: <platform>/_mock/recordings/<recording 1>.wav",
    ]


def test_an_id_that_the_scenario_gives_stays_what_it_is() -> None:
    names = Placeholders(f"id='assistant-{UUIDS[1]}'", {}, APP, PLATFORM)
    names.learn(webhook("x", assistant_id=f"assistant-{UUIDS[1]}", voice_id=UUIDS[2]))
    assert names.named(f"assistant-{UUIDS[1]} and {UUIDS[2]}") == f"assistant-{UUIDS[1]} and <voice 1>"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("http://127.0.0.1:40001/a", "<app>/a"),
        ("ws://localhost:9/media?x=1", "<app>/media?x=1"),
        ("http://localhost:40002/_mock/x?signature=1", "<platform>/_mock/x"),
        ("https://example.com:40002/x", "https://example.com:40002/x"),
        ('{"url": "http://[::1]:8/"}', '{"url": "<app>/"}'),
        ("http://[oops/x", "http://[oops/x"),
        ("at 2031-11-21T12:00:00Z, not 2026-01-01T00:00:10Z", "at <time>, not 2026-01-01T00:00:10Z"),
    ],
)
def test_addresses_are_named_by_whose_they_are_and_times_of_the_wall_not_at_all(text: str, named: str) -> None:
    assert Placeholders("", {}, APP, PLATFORM).named(text) == named


def test_an_application_elsewhere_is_known_by_its_url() -> None:
    names = Placeholders("", {}, "https://app.example/webhooks", PLATFORM)
    assert names.named("https://app.example/files/a.mp3") == "<app>/files/a.mp3"


@pytest.mark.parametrize(("state", "seen"), [("YWJj", "abc"), ("not base64", "not base64"), ("/w==", "/w==")])
def test_a_client_state_is_read_if_it_can_be(state: str, seen: str) -> None:
    assert decoded(state) == seen


def test_what_happens_at_one_moment_stands_in_the_same_order_whoever_was_faster() -> None:
    first = [webhook("call.initiated", CALLS[0], **{"from": "+1", "to": "+9"})]
    racing = [
        webhook("call.initiated", CALLS[1], 1.0, **{"from": "+2", "to": "+9"}),
        webhook("call.initiated", CALLS[2], 1.0, **{"from": "+3", "to": "+9"}),
        webhook("call.answered", CALLS[0], 1.0),
        entry("command", "list", None, 1.0, request={}, status=200),
    ]
    for order in permutations(racing):
        assert in_order([*first, *order]) == [first[0], racing[2], racing[0], racing[1], racing[3]]


def test_a_long_value_is_cut_and_what_no_file_can_hold_is_written_otherwise() -> None:
    [_, row] = told(command("speak", {"payload": "x" * 1_500}))
    assert row == f"                  payload: {'x' * 1_000}… (500 characters more)"
    [_, row] = told(command("speak", {"payload": "half \ud800"}))
    assert row.encode() == b'                  payload: "half \\ud800"'


def test_how_much_of_a_stream_was_heard_is_left_out() -> None:
    assert told(entry("person", "heard_stream", seconds=1.7)) == []


def test_two_runs_with_other_ids_have_the_same_transcript() -> None:
    def run(ids: list[str], call: str, port: int) -> list[str]:
        url = f"http://127.0.0.1:{port}/webhooks"
        return told(
            webhook("call.conversation.created", call, conversation_id=ids[0]),
            replace(command("dial", {"webhook_url": url, "conversation_id": ids[0]}), call_control_id=call),
            app_url=url,
        )

    assert run(UUIDS, CALLS[0], 8088) == run(UUIDS[4:], CALLS[1], 9099)


@pytest.mark.parametrize("name", KEPT)
def test_the_transcript_of_a_bundled_scenario_holds(
    name: str, play: Callable[..., list[Entry]], example: Callable[[str], Any]
) -> None:
    scenario = load(bundled.bundled(name))
    entries = tuple(play(scenario, example(name)))
    run = Played(scenario, check(scenario.to_expectations(), entries), entries, platform_url="http://127.0.0.1:12111")
    assert transcript(run) == (bundled.folder() / f"{name}.transcript").read_text(encoding="utf-8")


def test_some_transcripts_are_bundled() -> None:
    assert len(KEPT) >= 3


play, example = conftest.play_fixture, conftest.example_fixture
