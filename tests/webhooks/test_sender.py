"""The sender: order, retries, bounds, and that no event is lost. No sockets and no sleeping."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from mockserver.sim.events import Entry, Route
from mockserver.webhooks.payload import Outgoing
from mockserver.webhooks.policy import Answer, DeliverySettings

from .stage import APP, DEAD, OK, PATIENT, SPARE, Door, Stage, answering, on_stage, settle

pytestmark = pytest.mark.anyio


def names(requests: list[Outgoing]) -> list[str]:
    return [json.loads(request.body)["data"]["event_type"] for request in requests]


async def test_a_webhook_is_delivered_and_the_log_says_so() -> None:
    async with on_stage(answering(OK)) as stage:
        stage.emit("call.answered")
        await stage.sender.idle()
        (request,) = stage.posted
        assert json.loads(request.body)["meta"] == {"attempt": 1, "delivered_to": APP}
        entry = stage.log.entries[-1]
        assert (entry.kind, entry.name, entry.call_control_id) == ("delivery", "call.answered", "leg")
        assert entry.data.pop("ms") >= 0
        assert entry.data == {
            "event_id": "call.answered",
            "url": APP,
            "method": "POST",
            "attempt": 1,
            "status": 200,
            "outcome": "delivered",
            "started_at": "1970-01-01T00:00:00.000000Z",
            "code": None,
            "reason": None,
        }


async def test_entries_of_other_kinds_are_not_sent() -> None:
    async with on_stage(answering(OK)) as stage:
        stage.log.append(0, "command", "answer", "leg", {}, Route(url=APP))
        await settle()
        assert stage.posted == []


async def test_the_events_of_a_leg_wait_for_the_answer_to_the_one_before() -> None:
    door = Door()
    async with on_stage(door) as stage:
        for name in ("one", "two", "three"):
            stage.emit(name)
        await settle()
        assert names(stage.posted) == ["one"]
        door.let_through()
        await settle()
        assert names(stage.posted) == ["one", "two"]
        door.let_through(Answer(404))
        await settle()
        door.let_through()
        await stage.sender.idle()
        assert names(stage.posted) == ["one", "two", "three"]


async def test_legs_and_destinations_do_not_wait_for_each_other() -> None:
    door = Door()
    async with on_stage(door) as stage:
        stage.emit("one", "leg 1")
        stage.emit("two", "leg 2")
        stage.emit("three", "leg 1", Route(url=SPARE))
        stage.emit("four", None)
        await settle()
        assert names(stage.posted) == ["one", "two", "three", "four"]
        for _ in range(4):
            door.let_through()
        await stage.sender.idle()


async def test_an_event_that_is_never_answered_delays_the_next_one_by_the_order_wait_only() -> None:
    async with on_stage(Door(), DeliverySettings(order_wait_secs=0, deadline_secs=3600)) as stage:
        stage.emit("one")
        stage.emit("two")
        await settle()
        assert names(stage.posted) == ["one", "two"]
        stage.emit("three")
        await settle()
        assert names(stage.posted) == ["one", "two", "three"]


async def test_a_retry_does_not_hold_up_the_leg_and_counts_its_attempts() -> None:
    async with on_stage(answering(DEAD, OK)) as stage:
        stage.emit("one")
        stage.emit("two")
        await stage.sender.idle()
        assert stage.deliveries() == [("one", 1, "retrying", "75002"), ("two", 1, "delivered", None)]
        assert stage.sender.unfinished == 1
        assert not stage.held.total()
        assert stage.wake() == [1.0]
        await settle()
        assert stage.deliveries()[2:] == [("one", 2, "delivered", None)]
        first, _, again = (json.loads(request.body) for request in stage.posted)
        assert again["data"] == first["data"]
        assert (first["meta"]["attempt"], again["meta"]["attempt"]) == (1, 2)


async def test_an_event_with_several_urls_goes_to_each_of_them() -> None:
    async with on_stage(answering(OK)) as stage:
        stage.emit("one", route=Route(urls={"one": (APP, "https://other.example/hooks")}))
        await stage.sender.idle()
        assert [request.url for request in stage.posted] == [APP, "https://other.example/hooks"]
        assert stage.deliveries() == [("one", 1, "delivered", None)] * 2
        assert stage.sender.unfinished == 0


async def test_an_event_that_is_refused_everywhere_ends_at_the_failover() -> None:
    async with on_stage(answering(Answer(503))) as stage:
        stage.emit("one", route=Route(url=APP, failover_url=SPARE, retries_ms={"one": (250, 500)}))
        await settle()
        assert stage.wake() == [0.25]
        await settle()
        assert stage.wake() == [0.5]
        await stage.sender.idle()
        await settle()
        assert [entry.data["url"] for entry in stage.log.entries if entry.kind == "delivery"] == [APP, APP, APP, SPARE]
        assert [outcome for _, _, outcome, _ in stage.deliveries()] == ["retrying"] * 3 + ["failed"]
        assert stage.log.entries[-1].data["reason"] == "answered 503 Service Unavailable"


async def test_time_is_held_from_the_event_to_its_answer() -> None:
    door = Door()
    async with on_stage(door) as stage:
        stage.emit("one")
        stage.emit("two")
        assert stage.held == {"delivery one": 1, "delivery two": 1}
        await settle()
        door.let_through()
        await settle()
        assert stage.held == {"delivery one": 0, "delivery two": 1}
        door.let_through(DEAD)
        await settle()
        assert not stage.held.total()
        stage.wake()
        await settle()
        assert stage.held["delivery two"] == 1
        door.let_through()
        await stage.sender.idle()


async def test_an_application_that_takes_too_long_is_given_up_at_its_deadline() -> None:
    async with on_stage(Door()) as stage:
        stage.emit("one", route=Route(url=APP, timeout_secs=0.001))
        await stage.sender.idle()
        assert stage.deliveries() == [("one", 1, "retrying", "75000")]
        assert stage.log.entries[-1].data["reason"] == "no answer within 0.001 s"


async def test_a_post_that_breaks_is_a_failed_delivery() -> None:
    async def broken(_: Outgoing) -> Answer:
        raise RuntimeError("the application fell over")

    async with on_stage(broken) as stage:
        stage.emit("one", route=Route(url=APP, retries_ms={"one": ()}))
        await stage.sender.idle()
        assert stage.deliveries() == [("one", 1, "failed", "75000")]
        assert stage.log.entries[-1].data["reason"] == "RuntimeError: the application fell over"


async def test_an_event_that_is_not_json_is_a_failed_delivery() -> None:
    async with on_stage(answering(OK)) as stage:
        stage.log.append(0, "webhook", "one", "leg", {"id": "one", "payload": object()}, Route(url=APP))
        await stage.sender.idle()
        assert stage.deliveries() == [("one", 1, "retrying", "75000")]


async def test_concurrency_is_bounded_and_a_full_destination_slows_no_other() -> None:
    door = Door(SPARE)
    async with on_stage(door, DeliverySettings(max_in_flight=3, deadline_secs=3600)) as stage:
        for leg in range(10):
            stage.emit("call.answered", f"leg {leg}")
        stage.emit("call.answered", "another", Route(url=SPARE))
        await settle()
        assert len(door.waiting) == 3
        assert stage.deliveries() == [("call.answered", 1, "delivered", None)]
        for _ in range(10):
            assert len(door.waiting) <= 3
            door.let_through()
            await settle()
        await stage.sender.idle()
        assert len(stage.deliveries()) == 11


async def test_what_would_wait_beyond_the_bound_is_failed_and_not_lost() -> None:
    door = Door()
    async with on_stage(door, DeliverySettings(max_waiting=2, deadline_secs=3600)) as stage:
        for name in ("one", "two", "three"):
            stage.emit(name)
        assert [entry.kind for entry in stage.log.entries] == ["webhook"] * 3
        await settle()
        assert stage.deliveries() == [("three", 1, "failed", "75000")]
        reason = "2 webhooks wait for this application already: it is dead, or too slow"
        assert stage.log.entries[-1].data["reason"] == reason
        door.let_through()
        await settle()
        door.let_through()
        await stage.sender.idle()
        assert [outcome for _, _, outcome, _ in stage.deliveries()] == ["failed", "delivered", "delivered"]


async def test_a_leg_without_a_url_is_warned_of_once() -> None:
    async with on_stage(answering(OK)) as stage:
        for leg in ("leg 1", "leg 2", "leg 1"):
            stage.emit("call.answered", leg, Route())
        stage.log.append(0, "webhook", "x", "leg 2", {})
        await settle()
        warnings = [entry for entry in stage.log.entries if entry.kind == "warning"]
        assert [(entry.name, entry.call_control_id) for entry in warnings] == [
            ("no webhook URL", "leg 1"),
        ]
        assert warnings[0].data["text"].startswith("call.answered is not sent, nor is any other event")


async def test_nothing_is_left_of_a_leg_or_a_destination_that_is_idle() -> None:
    others = asyncio.all_tasks()
    async with on_stage(answering(OK)) as stage:
        for leg in range(1000):
            stage.emit("call.answered", f"leg {leg}", Route(url=f"http://host-{leg % 50}/"))
        await stage.sender.idle()
        await settle()
        lines = stage.sender._lines
        assert (lines.destinations, lines.unfinished, lines._last) == ({}, {}, {})
        assert asyncio.all_tasks() == others
        assert len(stage.posted) == 1000


async def test_closing_fails_what_was_not_delivered_and_says_so() -> None:
    async with on_stage(Door()) as stage:
        stage.emit("one")
        stage.emit("two")
        await settle()
        await stage.sender.close()
        await stage.sender.close()
        assert stage.deliveries() == [("one", 1, "failed", "75000"), ("two", 1, "failed", "75000")]
        assert stage.log.entries[-1].data["reason"] == "the server stopped before it was delivered"
        stage.emit("three")
        await stage.sender.idle()
        assert len(stage.deliveries()) == 2


async def test_an_answer_after_closing_changes_nothing() -> None:
    released = asyncio.Event()

    async def stubborn(_: Outgoing) -> Answer:
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            await released.wait()
        return OK

    stage = Stage(stubborn, DeliverySettings(close_secs=0))
    stage.sender.start()
    stage.emit("one")
    await settle()
    await stage.sender.close()
    assert stage.deliveries() == [("one", 1, "failed", "75000")]
    released.set()
    await settle()
    assert stage.deliveries() == [("one", 1, "failed", "75000")]
    assert stage.sender.unfinished == 0


async def test_closing_before_a_sender_has_started_is_nothing() -> None:
    await Stage(answering(OK)).sender.close()


async def test_a_reader_that_breaks_does_not_stop_deliveries() -> None:
    told: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))

    def reader(entry: Entry) -> None:
        if entry.kind == "delivery":
            raise RuntimeError("a reader of the log")

    async with on_stage(answering(OK), PATIENT) as stage:
        stage.log.subscribe(reader)
        stage.emit("one")
        stage.emit("two")
        await stage.sender.idle()
        await settle()
        assert names(stage.posted) == ["one", "two"]
    assert [str(context["exception"]) for context in told] == ["a reader of the log"] * 2
