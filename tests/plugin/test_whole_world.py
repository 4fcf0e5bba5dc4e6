"""What a test does with its world as a whole: faults, holds, clocks, moments that are kept, webhooks sent again."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any, get_type_hints

import pytest
from telnyx import APIConnectionError, APIStatusError, AsyncTelnyx, RateLimitError, Telnyx

from mockserver.sim import fault_fields
from mockserver.testing import AsyncSimulatedTelnyx, FaultFields, NothingCame, SimulatedTelnyx
from tests.plugin.applications import APP, CALLEE, CALLER

DIAL: dict[str, Any] = {"connection_id": "1", "from_": APP, "to": CALLEE}


@pytest.fixture
def client(telnyx: SimulatedTelnyx) -> Iterator[Telnyx]:
    options: Any = {"base_url": telnyx.base_url, "http_client": telnyx.http_client(), "max_retries": 0}
    with Telnyx(api_key=telnyx.api_key, **options) as client:
        yield client


# Faults


def test_a_fault_has_every_field_of_the_control_interface() -> None:
    assert get_type_hints(FaultFields).keys() | {"operation"} == fault_fields.FIELDS.keys() | {"error", "title"}


def test_a_request_is_refused_at_its_turn(telnyx: SimulatedTelnyx, client: Telnyx) -> None:
    fault = telnyx.fault(operation="dial", error="10010", nth=2)
    client.calls.dial(**DIAL)
    with pytest.raises(APIStatusError, match="10010"):
        client.calls.dial(**DIAL)
    client.calls.dial(**DIAL)
    assert (fault.seen, fault.applied) == (3, 1)
    assert fault.fields["nth"] == 2


def test_requests_are_limited_lost_and_late(telnyx: SimulatedTelnyx, client: Telnyx) -> None:
    telnyx.fault("dial", nth=1, rate_limit={"limit": 50, "reset": 2})
    telnyx.fault("dial", nth=2, connection="reset")
    telnyx.fault("dial", nth=3, latency="1500ms")
    with pytest.raises(RateLimitError):
        client.calls.dial(**DIAL)
    with pytest.raises(APIConnectionError):
        client.calls.dial(**DIAL)
    with telnyx.passing():
        client.calls.dial(**DIAL)
    assert telnyx.seconds >= 1.5


def test_a_race_is_lost(telnyx: SimulatedTelnyx, client: Telnyx) -> None:
    telnyx.fault(operation="speak", race="hang_up_before_command")
    call = telnyx.call(from_=CALLER, to=APP)
    client.calls.actions.answer(call.id)
    with pytest.raises(APIStatusError, match="90018"):
        client.calls.actions.speak(call.id, payload="Hello.", voice="female")


def test_a_webhook_comes_twice_and_unsigned(telnyx: SimulatedTelnyx, client: Telnyx) -> None:
    telnyx.fault(event="call.initiated", delivery="duplicate")
    telnyx.fault(event="call.answered", delivery="no_signature", besides=True)
    client.calls.dial(**DIAL)
    telnyx.wait_for("call.answered")
    telnyx.settle()
    assert len(telnyx.webhooks.of("call.initiated")) == 2
    assert {webhook.wrong for webhook in telnyx.webhooks.of("call.answered")} == {None, "it is not signed"}


def test_a_body_that_is_none_is_taken_as_it_came(telnyx: SimulatedTelnyx, client: Telnyx) -> None:
    telnyx.fault(event="call.initiated", delivery="changed_body", body="no JSON")
    telnyx.call(from_=CALLER, to=APP)
    telnyx.settle()
    [webhook] = telnyx.webhooks.received
    assert (webhook.event_type, webhook.body) == ("", b"no JSON")
    assert "it does not fit these 7 bytes" in str(webhook.wrong)


def test_faults_are_listed_and_removed(telnyx: SimulatedTelnyx, client: Telnyx) -> None:
    busy, late = telnyx.fault("dial", status=503), telnyx.fault("answer", latency=(0.1, 0.2))
    assert [fault.id for fault in telnyx.faults] == [busy.id, late.id]
    assert repr(late) == "<fault {'operation': 'answer', 'latency': [0.1, 0.2]}>"
    busy.remove()
    busy.remove()
    client.calls.dial(**DIAL)
    telnyx.clear_faults()
    assert telnyx.faults == []


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ({"operation": "dail", "error": "10010"}, "did you mean dial"),
        ({"operation": "dial", "error": "1"}, "no error code"),
        ({"event": "call.answered", "delivery": "dublicate"}, "did you mean duplicate"),
        ({"event": "call.answered", "latency": "2 s!"}, "2 s!"),
        ({"operation": "dial"}, "nothing happens to it"),
    ],
)
def test_a_mistake_in_a_fault_is_told(telnyx: SimulatedTelnyx, fault: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        telnyx.fault(**fault)


# Holds


def test_holds_are_named_whoever_has_them(telnyx: SimulatedTelnyx, client: Telnyx) -> None:
    client.calls.dial(**DIAL)
    telnyx.control("POST", "/clock/holds", {"name": "a-client"})
    with telnyx.hold("a test"):
        telnyx.control("GET", "/clock")
        assert {"a test", "a-client"} <= {*telnyx.holds}
        assert "time is held by a test, a-client" in telnyx.explain()
    with pytest.raises(NothingCame, match="time is held by a-client; next comes"):
        telnyx.wait_for("call.answered", timeout=0.05)
    telnyx.control("DELETE", "/clock/holds/a-client")
    telnyx.wait_for("call.answered")


# Moments


def test_a_world_goes_back_to_a_moment_that_was_kept(telnyx: SimulatedTelnyx, client: Telnyx) -> None:
    client.calls.dial(**DIAL)
    answered = telnyx.wait_for("call.answered")
    [call] = telnyx.calls
    telnyx.snapshot("answered")
    for cause in ("Goodbye.", "Hello."):
        client.calls.actions.speak(call.id, payload=cause, voice="female")
        assert telnyx.wait_for("call.speak.ended").call_control_id == call.id
        client.calls.actions.hangup(call.id)
        telnyx.wait_for("call.hangup")
        telnyx.restore("answered")
        assert (call.state, telnyx.events[-1]) == ("answered", answered)
    with pytest.raises(NothingCame, match="given to an earlier wait_for"):
        telnyx.wait_for("call.answered", timeout=0.05)
    with pytest.raises(ValueError, match="/snapshots/answred/restore"):
        telnyx.restore("answred")


@pytest.mark.telnyx(scenario="people: [{number: '+12025550162', outcome: busy}]\n")
def test_a_world_begins_anew_with_the_scenario_of_its_marker(telnyx: SimulatedTelnyx, client: Telnyx) -> None:
    for seed in (None, 7):
        client.calls.dial(**DIAL)
        assert telnyx.wait_for("call.hangup")["hangup_cause"] == "user_busy"
        telnyx.reset(seed)
        assert (telnyx.journal, telnyx.seconds) == ([], 0.0)
    client.calls.dial(**DIAL)
    assert telnyx.wait_for("call.hangup")["hangup_cause"] == "user_busy"


def test_a_webhook_is_sent_again(telnyx: SimulatedTelnyx) -> None:
    telnyx.call(from_=CALLER, to=APP)
    initiated = telnyx.wait_for("call.initiated")
    telnyx.settle()
    telnyx.redeliver(initiated)
    telnyx.settle()
    assert [webhook.attempt for webhook in telnyx.webhooks.received] == [1, 2]
    assert [(each["attempt"], each["outcome"]) for each in telnyx.deliveries] == [(1, "delivered"), (2, "delivered")]


def test_a_world_tells_why_nothing_happens(telnyx: SimulatedTelnyx, client: Telnyx) -> None:
    telnyx.webhooks.answer_with(lambda webhook: 404)
    telnyx.call(from_=CALLER, to=APP)
    telnyx.settle()
    worst = telnyx.diagnose()[0]
    assert (worst.severity, "404" in worst.seen) == ("error", True)
    assert worst.do


# The clocks


@pytest.mark.telnyx(clock="manual")
def test_a_clock_that_is_moved_by_hand(telnyx: SimulatedTelnyx, client: Telnyx) -> None:
    telnyx.person(CALLEE, answers_after="10s")
    client.calls.dial(**DIAL)
    telnyx.advance(0.3)
    telnyx.wait_for("call.initiated")
    with pytest.raises(NothingCame, match="this clock moves only when it is advanced"):
        telnyx.wait_for("call.answered", timeout=0.05)
    telnyx.settle()
    with telnyx.passing():
        assert telnyx.seconds == 0.3
    telnyx.advance(9.9)
    assert [call.state for call in telnyx.calls] == ["ringing"]
    telnyx.advance(1)
    assert telnyx.wait_for("call.answered").seconds == pytest.approx(10, abs=0.5)
    telnyx.calls[0].press("1")


@pytest.mark.telnyx(clock="real")
def test_the_clock_of_the_wall(telnyx: SimulatedTelnyx, client: Telnyx) -> None:
    began = time.monotonic()
    telnyx.person(CALLEE, answers_after="0.2s")
    client.calls.dial(**DIAL)
    telnyx.wait_for("call.answered")
    assert 0.2 <= telnyx.seconds <= time.monotonic() - began + 0.1
    telnyx.settle()
    telnyx.calls[0].press("1")
    assert telnyx.wait_for("call.dtmf.received")["digit"] == "1"
    with pytest.raises(ValueError, match="follows the wall and cannot be advanced: use the clock auto or manual"):
        telnyx.advance(1)
    with pytest.raises(ValueError, match="cannot be held"), telnyx.hold("in vain"):
        pass


@pytest.mark.telnyx(clock="fast", factor=200)
def test_a_clock_that_is_faster_than_the_wall(telnyx: SimulatedTelnyx, client: Telnyx) -> None:
    telnyx.person(CALLEE, answers_after="20s")
    began = time.monotonic()
    client.calls.dial(**DIAL)
    telnyx.settle()
    assert [call.state for call in telnyx.calls] == ["answered"]
    assert telnyx.seconds >= 20
    assert time.monotonic() - began < 5


# The same without sockets


@pytest.mark.anyio
@pytest.mark.telnyx(clock="manual")
async def test_all_of_it_without_sockets(telnyx_asgi: AsyncSimulatedTelnyx) -> None:
    telnyx = telnyx_asgi
    options: Any = {"base_url": telnyx.base_url, "http_client": telnyx.http_client(), "max_retries": 0}
    client = AsyncTelnyx(api_key=telnyx.api_key, **options)
    fault = telnyx.fault(operation="dial", error="10010", nth=1)
    with pytest.raises(APIStatusError, match="10010"):
        await client.calls.dial(**DIAL)
    assert [each.id for each in telnyx.faults] == [fault.id]
    fault.remove()
    telnyx.clear_faults()
    await client.calls.dial(**DIAL)
    await telnyx.advance(0.3)
    initiated = await telnyx.wait_for("call.initiated")
    await telnyx.snapshot("ringing")
    await telnyx.advance(3)
    await telnyx.wait_for("call.answered")
    await telnyx.restore("ringing")
    assert [call.state for call in telnyx.calls] == ["ringing"]
    await telnyx.redeliver(initiated)
    await telnyx.settle()
    assert [each["attempt"] for each in telnyx.deliveries] == [1, 2]
    assert await telnyx.diagnose()
    assert await telnyx.calls[0].heard() == b""
    with telnyx.hold("me"):
        assert telnyx.holds == ["me"]
        assert "time is held by me" in telnyx.explain()
    await telnyx.reset()
    assert (telnyx.journal, telnyx.seconds) == ([], 0.0)
