"""Faults of deliveries: twice, late, behind the next one, never, and with signatures that do not fit."""

from __future__ import annotations

import json
from collections.abc import Iterable
from random import Random
from typing import Any

import pytest

from mockserver.sim import fault_fields, faults
from mockserver.sim.events import Entry, Json, Route
from mockserver.sim.faults import About, Fault, Rule
from mockserver.webhooks.payload import Outgoing
from mockserver.webhooks.policy import Answer
from mockserver.webhooks.sender import HELD_BACK_SECS
from mockserver.webhooks.signing import DEFAULT_PUBLIC_KEY, SIGNATURE_HEADER, TIMESTAMP_HEADER, check

from .stage import APP, DEAD, OK, Door, Stage, answering, on_stage, settle

pytestmark = pytest.mark.anyio

NOW = 1_767_225_600


def suffering(stage: Stage, *written: Json) -> None:
    """Let the sender of a stage suffer some faults."""
    rules = [Rule(str(number), fault_fields.read(fields)) for number, fields in enumerate(written)]
    random = Random(0)

    def due(entry: Entry, attempt: int) -> Fault | None:
        return faults.due(rules, About("event", entry.name, entry.call_control_id, attempt=attempt), random)

    stage.sender._faults = due


def names(requests: Iterable[Outgoing]) -> list[str]:
    return [json.loads(request.body)["data"]["event_type"] for request in requests]


def told(stage: Stage) -> list[tuple[Any, ...]]:
    """Event, outcome and fault of all deliveries in the log."""
    return [
        (entry.name, entry.data["outcome"], entry.data.get("fault"))
        for entry in stage.log.entries
        if entry.kind == "delivery"
    ]


def failure(request: Outgoing) -> str | None:
    """The check that the signature of a request fails."""
    signature, timestamp = request.headers[SIGNATURE_HEADER], request.headers[TIMESTAMP_HEADER]
    found = check(DEFAULT_PUBLIC_KEY, timestamp, signature, request.body, NOW)
    return found.check if found else None


async def test_a_webhook_comes_twice_with_the_same_body() -> None:
    async with on_stage(answering(OK)) as stage:
        suffering(stage, {"event": "call.answered", "delivery": "duplicate"})
        stage.emit("call.initiated")
        stage.emit("call.answered")
        await stage.sender.idle()
        assert names(stage.posted) == ["call.initiated", "call.answered", "call.answered"]
        assert stage.posted[1] == stage.posted[2]
        assert told(stage) == [
            ("call.initiated", "delivered", None),
            ("call.answered", "delivered", "duplicate"),
            ("call.answered", "delivered", "duplicate"),
        ]


async def test_of_two_equal_requests_the_second_one_decides() -> None:
    async with on_stage(answering(DEAD, OK)) as stage:
        suffering(stage, {"event": "*", "delivery": "duplicate"})
        stage.emit("call.answered")
        await stage.sender.idle()
        assert told(stage) == [
            ("call.answered", "failed", "duplicate"),
            ("call.answered", "delivered", "duplicate"),
        ]


async def test_a_late_webhook_is_overtaken_and_holds_no_time() -> None:
    async with on_stage(answering(OK)) as stage:
        suffering(stage, {"event": "call.initiated", "latency": 3})
        stage.emit("call.initiated")
        stage.emit("call.answered")
        await stage.sender.idle()
        assert names(stage.posted) == ["call.answered"]
        assert not stage.held.total()
        assert stage.wake() == [3.0]
        await settle()
        await stage.sender.idle()
        assert names(stage.posted) == ["call.answered", "call.initiated"]
        assert told(stage)[1] == ("call.initiated", "delivered", "latency 3 s")


async def test_a_webhook_comes_behind_the_next_one_of_its_leg() -> None:
    async with on_stage(answering(OK)) as stage:
        suffering(stage, {"event": "call.initiated", "delivery": "reorder"})
        stage.emit("call.initiated")
        await settle()
        stage.emit("call.hangup", "another leg")
        await settle()
        assert names(stage.posted) == ["call.hangup"]
        stage.emit("call.answered")
        stage.emit("call.bridged")
        await stage.sender.idle()
        assert names(stage.posted) == ["call.hangup", "call.answered", "call.initiated", "call.bridged"]
        assert ("call.initiated", "delivered", "reorder") in told(stage)


async def test_a_webhook_that_nothing_follows_is_held_back_only_so_long() -> None:
    async with on_stage(answering(OK)) as stage:
        suffering(stage, {"event": "*", "delivery": "reorder"})
        stage.emit("one")
        stage.emit("two")
        await settle()
        assert stage.posted == []
        assert stage.wake() == [HELD_BACK_SECS] * 2
        await settle()
        await stage.sender.idle()
        assert sorted(names(stage.posted)) == ["one", "two"]


async def test_a_webhook_that_is_lost_is_neither_posted_nor_tried_again() -> None:
    async with on_stage(answering(OK)) as stage:
        suffering(stage, {"event": "call.initiated", "delivery": "drop"})
        stage.emit("call.initiated")
        stage.emit("call.answered")
        await stage.sender.idle()
        assert names(stage.posted) == ["call.answered"]
        assert told(stage) == [("call.initiated", "failed", "drop"), ("call.answered", "delivered", None)]
        assert stage.log.entries[-2].data["reason"] == "lost by a fault"


@pytest.mark.parametrize(
    ("delivery", "failed"),
    [
        ("wrong_signature", "signature"),
        ("stale_signature", "tolerance"),
        ("changed_body", "signature"),
        ("rewritten_body", "signature"),
    ],
)
async def test_a_signature_does_not_fit(delivery: str, failed: str) -> None:
    async with on_stage(answering(OK)) as stage:
        suffering(stage, {"event": "*", "nth": 1, "delivery": delivery})
        stage.emit("one")
        stage.emit("two")
        await stage.sender.idle()
        assert [failure(request) for request in stage.posted] == [failed, None]
        assert names(stage.posted) == ["one", "two"]
        assert told(stage)[0] == ("one", "delivered", delivery)


@pytest.mark.parametrize(("body", "sent"), [({"a": 1}, b'{"a":1}'), ("no JSON", b"no JSON")])
async def test_a_changed_body_may_be_any(body: Any, sent: bytes) -> None:
    async with on_stage(answering(OK)) as stage:
        suffering(stage, {"event": "*", "delivery": "changed_body", "body": body})
        stage.emit("one")
        await stage.sender.idle()
        assert [request.body for request in stage.posted] == [sent]


async def test_a_rewritten_body_says_what_was_signed() -> None:
    async with on_stage(answering(OK)) as stage:
        suffering(stage, {"event": "*", "nth": 1, "delivery": "rewritten_body"})
        stage.emit("one")
        stage.emit("one")
        await stage.sender.idle()
        rewritten, right = (request.body for request in stage.posted)
        assert json.loads(rewritten)["data"].keys() == json.loads(right)["data"].keys()
        assert (b'{"data": {' in rewritten, b'{"data":{' in right) == (True, True)


@pytest.mark.parametrize("delivery", ["changed_body", "rewritten_body"])
async def test_a_webhook_by_get_has_its_query_changed(delivery: str) -> None:
    async with on_stage(answering(OK)) as stage:
        suffering(stage, {"event": "*", "delivery": delivery})
        stage.emit("one", route=Route(url=APP, method="GET"))
        await stage.sender.idle()
        assert stage.posted[0].url.endswith("&changed=true")


async def test_a_webhook_may_come_without_a_signature() -> None:
    async with on_stage(answering(OK)) as stage:
        suffering(stage, {"event": "*", "delivery": "no_signature"})
        stage.emit("one")
        await stage.sender.idle()
        assert sorted(stage.posted[0].headers) == ["Content-Type", "User-Agent"]


async def test_a_webhook_whose_answer_is_lost_comes_again() -> None:
    async with on_stage(answering(OK)) as stage:
        suffering(stage, {"event": "*", "attempt": 1, "delivery": "lost_answer"})
        stage.emit("one")
        await settle()
        assert stage.wake() == [1.0]
        await settle()
        await stage.sender.idle()
        assert [json.loads(request.body)["meta"]["attempt"] for request in stage.posted] == [1, 2]
        assert told(stage) == [("one", "retrying", "lost_answer"), ("one", "delivered", None)]
        assert stage.log.entries[1].data["reason"] == "its answer was lost by a fault"


async def test_a_held_back_webhook_waits_for_the_next_one_as_long_as_it_is_told() -> None:
    async with on_stage(answering(OK)) as stage:
        suffering(stage, {"event": "*", "delivery": "reorder", "within": 0.5})
        stage.emit("one")
        await settle()
        assert stage.wake() == [0.5]
        await settle()
        await stage.sender.idle()
        assert names(stage.posted) == ["one"]


@pytest.mark.parametrize("delivery", faults.FORGERIES)
async def test_a_forged_copy_comes_before_the_webhook_itself_and_decides_nothing(delivery: str) -> None:
    async with on_stage(answering(Answer(401), OK)) as stage:
        suffering(stage, {"event": "call.answered", "delivery": delivery, "besides": True})
        stage.emit("call.answered")
        stage.emit("two")
        await stage.sender.idle()
        assert names(stage.posted) == ["call.answered", "call.answered", "two"]
        assert [failure(request) for request in stage.posted[1:]] == [None, None]
        assert told(stage) == [
            ("call.answered", "forged", f"{delivery}, besides"),
            ("call.answered", "delivered", None),
            ("two", "delivered", None),
        ]
        forged = stage.log.entries[2].data
        assert (forged["attempt"], forged["status"], forged["code"]) == (0, 401, None)
        assert forged["reason"] == f"a forged copy: {faults.DELIVERIES[delivery]}"


async def test_a_second_copy_comes_later_and_holds_no_time_until_then() -> None:
    async with on_stage(answering(OK)) as stage:
        suffering(stage, {"event": "call.answered", "latency": 30, "besides": True})
        stage.emit("call.answered")
        stage.emit("two")
        await stage.sender.idle()
        assert names(stage.posted) == ["call.answered", "two"]
        assert not stage.held.total()
        assert stage.wake() == [30.0]
        await settle()
        await stage.sender.idle()
        assert stage.posted[2] == stage.posted[0]
        assert told(stage)[-1] == ("call.answered", "delivered", "latency 30 s, besides")


async def test_a_copy_that_is_not_accepted_is_told_as_failed_and_not_tried_again() -> None:
    async with on_stage(answering(OK, DEAD)) as stage:
        suffering(stage, {"event": "*", "latency": 30, "besides": True})
        stage.emit("one")
        await stage.sender.idle()
        stage.wake()
        await settle()
        await stage.sender.idle()
        assert [outcome for _, outcome, _ in told(stage)] == ["delivered", "failed"]
        assert stage.sleeping == []


async def test_a_copy_that_is_still_to_come_at_the_end_never_comes() -> None:
    async with on_stage(answering(OK)) as stage:
        suffering(stage, {"event": "*", "latency": 30, "besides": True})
        stage.emit("one")
        await stage.sender.idle()
    assert names(stage.posted) == ["one"]


async def test_every_attempt_is_asked_anew() -> None:
    async with on_stage(answering(DEAD, OK)) as stage:
        suffering(stage, {"event": "*", "nth": 1, "delivery": "wrong_signature"})
        stage.emit("one")
        await settle()
        stage.wake()
        await settle()
        await stage.sender.idle()
        assert [failure(request) for request in stage.posted] == ["signature", None]
        assert told(stage) == [("one", "retrying", "wrong_signature"), ("one", "delivered", None)]


async def test_what_is_held_back_at_the_end_is_told_as_failed() -> None:
    async with on_stage(Door()) as stage:
        suffering(stage, {"event": "*", "delivery": "reorder"})
        stage.emit("one")
        await settle()
        await stage.sender.close()
        assert [(name, outcome) for name, outcome, _ in told(stage)] == [("one", "failed")]
