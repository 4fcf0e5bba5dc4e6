"""What an application does, as work for the load generator: dials, commands on answered legs, whole calls."""

from __future__ import annotations

import json
import time
from collections import deque
from typing import Any

from benchmarks.load import Work, drive, request
from benchmarks.processes import Process

INSTANT, BUSY = "+15005550007", "+15005550001"
"""Somebody who answers at the first ring, and somebody who is busy."""

ANSWERED_AFTER = 0.45
"""Seconds after which a leg to `INSTANT` is surely up: `call.initiated` comes 0.3 s after dial."""

STATE = "eyJzdGVwIjogImdyZWV0aW5nIiwgImN1c3RvbWVyIjogIjQ3MTEifQ=="

Waiting = deque[tuple[float, str]]
"""Legs that were dialled, the oldest first: from when on they are up, and their ids."""


def dial_body(to: str, **more: Any) -> dict[str, Any]:
    """A dial as a real application makes it, with most of what one gives."""
    return {
        "connection_id": "2790114250386114973",
        "from": "+12025550117",
        "to": to,
        "from_display_name": "Acme Service",
        "timeout_secs": 45,
        "time_limit_secs": 3600,
        "retry_on_timeout": False,
        "privacy": "none",
        "media_encryption": "disabled",
        "preferred_codecs": "PCMU,PCMA,OPUS",
        "sip_region": "Europe",
        "sip_transport_protocol": "UDP",
        "client_state": STATE,
        "custom_headers": [{"name": "X-Order", "value": "4711"}, {"name": "X-Tenant", "value": "acme"}],
        "sip_headers": [{"name": "User-to-User", "value": "4711"}],
        **more,
    }


def assistant_body() -> dict[str, Any]:
    """A start of an assistant with its instructions and a greeting."""
    return {
        "assistant": {"id": "assistant-3e2d6f0a-7c41-4f0b-9c35-1a2b8d0e6f57", "instructions": "Take the order."},
        "greeting": "Hello, what can I do for you?",
        "voice": "Telnyx.KokoroTTS.af",
        "interruption_settings": {"enable": True},
        "client_state": STATE,
    }


def action(call_control_id: str, name: str, body: dict[str, Any] | None = None, key: str = "KEY_benchmark") -> bytes:
    """The bytes of a command on a leg."""
    method = "PUT" if name == "client_state_update" else "POST"
    return request(method, f"/v2/calls/{call_control_id}/actions/{name}", body or {}, key)


def dialled(body: bytes) -> str:
    """The id of the leg that a dial made."""
    call_control_id: str = json.loads(body)["data"]["call_control_id"]
    return call_control_id


def dials(to: str = BUSY) -> Work:
    """Dial again and again; nobody is there, so that legs end by themselves."""
    dial = request("POST", "/v2/calls", dial_body(to))
    while True:
        yield dial


def updates(call_control_id: str) -> Work:
    """Change the client state of an answered leg again and again."""
    update = action(call_control_id, "client_state_update", {"client_state": STATE})
    while True:
        yield update


def assistants(call_control_id: str) -> Work:
    """Stop the assistant on an answered leg and start one, again and again; to stop none is fine."""
    start = action(call_control_id, "ai_assistant_start", assistant_body())
    stop = action(call_control_id, "ai_assistant_stop")
    while True:
        yield stop
        yield start


def lives(waiting: Waiting) -> Work:
    """Whole calls: dial; when it is up, client state, assistant, stop, hang up.

    `waiting` is shared by connections and kept between turns: after a first turn, which dials, there is always a leg
    that is up, and each call that ends is followed by one that begins.
    """
    dial = request("POST", "/v2/calls", dial_body(INSTANT))
    update, start = {"client_state": STATE}, assistant_body()
    while True:
        if waiting and waiting[0][0] <= time.monotonic():
            leg = waiting.popleft()[1]
            yield action(leg, "client_state_update", update)
            yield action(leg, "ai_assistant_start", start)
            yield action(leg, "ai_assistant_stop")
            yield action(leg, "hangup", {"client_state": STATE})
        body = yield dial
        waiting.append((time.monotonic() + ANSWERED_AFTER, dialled(body)))


def answered_legs(server: Process, number: int) -> list[str]:
    """Dial so many legs, and wait until they are up."""
    legs: list[str] = []

    def each() -> Work:
        body = yield request("POST", "/v2/calls", dial_body(INSTANT))
        legs.append(dialled(body))

    drive(server, [each() for _ in range(number)]).all_good()
    time.sleep(ANSWERED_AFTER)
    return legs
