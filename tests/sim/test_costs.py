"""What a call has cost: when it is told, and what it is made up of."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from mockserver.sim import conversations, legs
from mockserver.sim.costs import PRICES
from mockserver.sim.events import Json
from mockserver.sim.people import Person
from tests.sim.telling import CALLEE, dial, do, events, names, new, story, talk

DOCS = Path(__file__).parent.parent.parent / "docs"
MP3 = {"format": "mp3", "channels": "dual"}


def bill(part: str, seconds: int, cost: str, rate: str) -> Json:
    return {"billed_duration_secs": seconds, "call_part": part, "cost": cost, "currency": "USD", "rate": rate}


def test_a_call_that_is_over_tells_last_what_it_has_cost() -> None:
    simulation = new(Person(CALLEE, hangs_up_after=60.5), call_cost=True)
    leg = dial(simulation, record="record-from-answer", assistant={"id": "a"})
    simulation.advance(100)
    assert story(simulation)[-5:] == [
        ("62.800", "telnyx", "call.hangup normal_clearing callee 200"),
        ("62.850", "telnyx", "call.conversation.ended"),
        ("63.300", "telnyx", "call.recording.saved"),
        ("65.850", "telnyx", "call.conversation_insights.generated"),
        ("67.800", "telnyx", "call.cost success"),
    ]
    (payload,) = events(simulation, "call.cost")
    assert payload == {
        "billed_duration_secs": 120,
        "billing_group_id": None,
        "call_control_id": leg.call_control_id,
        "call_leg_id": leg.call_leg_id,
        "call_session_id": leg.call_session_id,
        "calling_party_type": "pstn",
        "client_state": None,
        "connection_id": leg.connection_id,
        "cost_parts": [
            bill("sip-trunking", 120, "0.0100", "0.0050"),
            bill("call-control", 120, "0.0040", "0.0020"),
            bill("recording", 120, "0.0040", "0.0020"),
            bill("ai-assistant", 60, "0.0600", "0.0600"),
        ],
        "occurred_at": "2026-01-01T00:01:07.800000Z",
        "status": "success",
        "total_cost": "0.0780",
    }


def test_nobody_is_told_who_does_not_ask() -> None:
    simulation = new(Person(CALLEE, hangs_up_after=1.0))
    leg = dial(simulation, record="record-from-answer")
    simulation.advance(100)
    assert (names(simulation)[-1], leg.meters) == ("call.recording.saved", None)


def test_a_call_that_nobody_answers_costs_nothing() -> None:
    simulation = new(Person(CALLEE, outcome="busy"), call_cost=True)
    dial(simulation, answering_machine_detection="premium")
    simulation.advance(10)
    assert story(simulation)[-1] == ("5.300", "telnyx", "call.cost success")
    (payload,) = events(simulation, "call.cost")
    told = [payload[name] for name in ("billed_duration_secs", "cost_parts", "total_cost")]
    assert told == [0, [], "0.0000"]


@pytest.mark.parametrize(
    ("to", "body", "parts"),
    [
        (CALLEE, {}, ["sip-trunking 60 0.0050", "call-control 60 0.0020"]),
        ("sip:desk@shop.example", {}, ["sip-trunking 60 0.0010", "call-control 60 0.0020"]),
        (CALLEE, {"answering_machine_detection": "detect"}, ["answering-machine-detection 0 0.0020"]),
        (CALLEE, {"answering_machine_detection": "premium"}, ["answering-machine-detection 0 0.0065"]),
        (CALLEE, {"deepfake_detection": {"enabled": True}}, ["deepfake-detection 0 0.0100"]),
        (CALLEE, {"transcription": True}, ["transcription 60 0.0250"]),
    ],
)
def test_what_is_used_has_its_price(to: str, body: dict[str, Any], parts: list[str]) -> None:
    simulation = new(Person("*", hangs_up_after=30.0), call_cost=True)
    group = "0d5f7a0e-14e3-4c83-a1de-5d0c2b7f9a61"
    dial(simulation, to, billing_group_id=group, **body)
    simulation.advance(60)
    (payload,) = events(simulation, "call.cost")
    told = [f"{part['call_part']} {part['billed_duration_secs']} {part['cost']}" for part in payload["cost_parts"]]
    assert told[-len(parts) :] == parts
    assert payload["billing_group_id"] == group


def test_a_service_is_billed_while_it_runs_as_often_as_it_runs() -> None:
    simulation = new(call_cost=True)
    leg = talk(simulation)
    do(simulation, "record_start", leg, **MP3)
    do(simulation, "transcription_start", leg)
    simulation.advance(30)
    do(simulation, "record_start", leg, **MP3)
    do(simulation, "transcription_stop", leg)
    do(simulation, "transcription_stop", leg)
    simulation.advance(30)
    do(simulation, "record_pause", leg)
    do(simulation, "ai_assistant_start", leg)
    simulation.advance(100)
    do(simulation, "ai_assistant_stop", leg)
    simulation.advance(100)
    legs.person_hangs_up(simulation, leg)
    simulation.advance(10)
    (payload,) = events(simulation, "call.cost")
    assert payload["cost_parts"] == [
        bill("sip-trunking", 300, "0.0175", "0.0035"),
        bill("call-control", 300, "0.0100", "0.0020"),
        bill("recording", 120, "0.0040", "0.0020"),  # 60 s and 30 s: two minutes have begun
        bill("transcription", 60, "0.0250", "0.0250"),
        bill("ai-assistant", 120, "0.1200", "0.0600"),
    ]
    assert Decimal(payload["total_cost"]) == sum(Decimal(part["cost"]) for part in payload["cost_parts"])


def test_an_assistant_that_goes_on_without_the_call_that_started_it_costs_that_call_nothing_more() -> None:
    simulation = new(call_cost=True)
    first, second = talk(simulation), talk(simulation)
    participants = [{"id": second.call_control_id, "role": "user"}]
    do(simulation, "ai_assistant_start", first, participants=participants)
    simulation.advance(30)
    legs.person_hangs_up(simulation, first)
    simulation.advance(200)
    conversations.said(simulation, second, "Hello?")
    legs.person_hangs_up(simulation, second)
    simulation.advance(10)
    one, other = ([part["call_part"] for part in each["cost_parts"]] for each in events(simulation, "call.cost"))
    assert (one, other) == (["sip-trunking", "call-control", "ai-assistant"], ["sip-trunking", "call-control"])
    assert events(simulation, "call.cost")[0]["billed_duration_secs"] == 60


def test_the_page_shows_the_prices() -> None:
    page = (DOCS / "costs.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([\w ]+) \| `([\w-]+)` \| (\d\.\d{4}) \| (minute|use) \|$", page, re.MULTILINE)
    assert rows == [
        (name, price.part, f"{price.rate:.4f}", "use" if price.each else "minute") for name, price in PRICES.items()
    ]
