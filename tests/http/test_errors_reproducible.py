"""Every error that is said to be reproducible is raised in the way that is said: `WAYS` has a row for each."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from mockserver.sim import errors
from mockserver.sim.errors import Problem
from mockserver.sim.events import Json
from tests.http.asking import DIAL, KEY, UNKNOWN, Simulator, simulating

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).parents[2]
NO_ID = "0d5f7a0e-14e3-4c83-a1de-5d0c2b7f9a61"
MP3: Json = {"format": "mp3", "channels": "dual"}
SPEAK: Json = {"payload": "Hello.", "voice": "female"}
ASSISTANT: Json = {"assistant": {"id": "assistant-1"}}

Act = Callable[[Simulator], Awaitable[httpx.Response]]


@dataclass(frozen=True)
class Way:
    """What to ask of a simulator that was started with `options`."""

    act: Act
    options: Json = field(default_factory=dict)


def asking(method: str, path: str, body: Any = None, **more: Any) -> Way:
    """One request. `options` of the server apart, what else is given goes with the request."""
    options = more.pop("options", {})

    async def act(simulator: Simulator) -> httpx.Response:
        return await simulator.ask(method, path, body, **more)

    return Way(act, options)


def dialling(*omitted: str, options: Json | None = None, **changes: Any) -> Way:
    """Dial, with changes to what is otherwise good."""
    body = {name: value for name, value in {**DIAL, **changes}.items() if name not in omitted}
    return asking("POST", "/v2/calls", body, options=options or {})


async def ringing(simulator: Simulator) -> str:
    return await simulator.ring()


async def calling(simulator: Simulator) -> str:
    return await simulator.dial()


async def answered(simulator: Simulator) -> str:
    return await simulator.dialled()


async def answering(simulator: Simulator) -> str:
    leg = await simulator.ring()
    await simulator.command("answer", leg)
    return leg


async def ended(simulator: Simulator) -> str:
    return await simulator.ended()


async def nobody(simulator: Simulator) -> str:
    return UNKNOWN


Step = tuple[str, Json]


def on(leg: Callable[[Simulator], Awaitable[str]], *steps: Step) -> Way:
    """Commands to a leg that is so; the last one is refused."""

    async def act(simulator: Simulator) -> httpx.Response:
        where = await leg(simulator)
        *before, (name, body) = steps
        for earlier, given in before:
            await simulator.command(earlier, where, **given)
        return await simulator.ask("POST", f"/v2/calls/{where}/actions/{name}", body)

    return Way(act)


def filled(body: Json, legs: dict[str, str]) -> Json | None:
    """A body with the ids of legs in the place of their names; none for one without fields."""
    return {key: value.format(**legs) if isinstance(value, str) else value for key, value in body.items()} or None


def between(*steps: tuple[str, str, Json]) -> Way:
    """Requests with `{one}` and so on in their paths and bodies for three calls; the last one is refused."""

    async def act(simulator: Simulator) -> httpx.Response:
        legs = {name: await simulator.dialled() for name in ("one", "other", "third")}
        *before, (method, path, body) = steps
        for earlier, where, given in before:
            await simulator.do(earlier, where.format(**legs), filled(given, legs))
        return await simulator.ask(method, path.format(**legs), filled(body, legs))

    return Way(act)


def conference(name: str, **body: Any) -> tuple[str, str, Json]:
    """A command to the conference in which the first call is."""
    return "POST", f"/v2/conferences/team/actions/{name}", body


async def _beyond_the_limit(simulator: Simulator) -> httpx.Response:
    """Dial twice with an application that may have one call up."""
    given = {"application_name": "Shop", "webhook_event_url": "https://shop.example", "outbound": {"channel_limit": 1}}
    application = await simulator.do("POST", "/v2/call_control_applications", given)
    await simulator.dial(connection_id=application["id"])
    return await simulator.ask("POST", "/v2/calls", {**DIAL, "connection_id": application["id"]})


CREATE = ("POST", "/v2/conferences", {"call_control_id": "{one}", "name": "team", "max_participants": 2})
JOIN = conference("join", call_control_id="{other}")
STREAM: Json = {"stream_url": "ws://127.0.0.1:9/"}
ENQUEUE = ("POST", "/v2/calls/{one}/actions/enqueue", {"queue_name": "support", "max_size": 1})

WAYS: dict[str, Way] = {
    "AUTHENTICATION_FAILED": asking(
        "GET", f"/v2/calls/{UNKNOWN}", key=None, headers={"authorization": "Basic eA=="}, options={"api_keys": (KEY,)}
    ),
    "NO_CREDENTIALS": asking("GET", f"/v2/calls/{UNKNOWN}", key=None, options={"api_keys": (KEY,)}),
    "UNKNOWN_CREDENTIALS": asking("GET", f"/v2/calls/{UNKNOWN}", key="KEY_other", options={"api_keys": (KEY,)}),
    "MALFORMED_CREDENTIALS": asking("GET", f"/v2/calls/{UNKNOWN}", key="KEY other", options={"api_keys": (KEY,)}),
    "DESTINATION_NOT_ALLOWED": dialling(to="+15005550403"),
    "URL_NOT_FOUND": asking("GET", "/v2/nothing-here"),
    "RECORDING_NOT_FOUND": on(answered, ("record_stop", {"recording_id": NO_ID})),
    "METHOD_NOT_ALLOWED": asking("DELETE", "/v2/calls"),
    "MALFORMED_JSON": asking("POST", "/v2/calls", b'{"to": ', headers={"content-type": "application/json"}),
    "UNDECODABLE_BODY": asking("POST", "/v2/calls", b"\xff", headers={"content-type": "application/json"}),
    "BAD_REQUEST": asking("GET", "/v2/connections/1234567890/active_calls", params={"page[after]": "nowhere"}),
    "EXPECTED_JSON": asking("POST", "/v2/calls", b"{}", headers={"content-type": "text/plain"}),
    "BODY_TOO_LARGE": asking("POST", "/v2/calls", b" " * 2_000_000, headers={"content-type": "application/json"}),
    "MISSING_PARAMETER": asking("POST", "/v2/calls", {}),
    "INVALID_URL": dialling(webhook_url="not a url"),
    "SRTP_NOT_FOR_PSTN": dialling(media_encryption="SRTP"),
    "DUPLICATE_RESOURCE": between(
        ("POST", "/v2/queues", {"queue_name": "support"}), ("POST", "/v2/queues", {"queue_name": "support"})
    ),
    "INVALID_CONNECTION": dialling(connection_id="5", options={"connections": "known", "connection_ids": ("4",)}),
    "NOT_E164": dialling(to="555-0100"),
    "LENGTH_OUT_OF_RANGE": dialling(record_custom_file_name="x" * 41),
    "WRONG_TYPE": asking("POST", "/v2/calls", {**DIAL, "from": 5}),
    "UNPROCESSABLE": dialling(nonsense=1, options={"strict": True}),
    "NOT_IN_ENUM": dialling(record_channels="stereo"),
    "INVALID_FILTER": asking("GET", "/v2/conferences", params={"filter[colour]": "red"}),
    "OUT_OF_RANGE": asking("GET", "/v2/connections/1234567890/active_calls", params={"page[limit]": "0"}),
    "INVALID_ID": on(ringing, ("answer", {"billing_group_id": "none"})),
    "DIALOGFLOW_NOT_FOUND": on(answered, ("streaming_start", {**STREAM, "enable_dialogflow": True})),
    "CONFERENCE_ENDED": between(CREATE, conference("end"), conference("hold")),
    "CONFERENCE_FULL": between(CREATE, JOIN, conference("join", call_control_id="{third}")),
    "CONFERENCE_NAME_TAKEN": between(CREATE, CREATE),
    "CONFERENCE_EMPTY": between(CREATE, ("POST", "/v2/calls/{one}/actions/hangup", {}), conference("speak", **SPEAK)),
    "CONFERENCE_NOT_FOUND": asking("POST", f"/v2/conferences/{NO_ID}/actions/hold", {}),
    "JOIN_NOT_ALLOWED": between(CREATE, JOIN, JOIN),
    "STREAMING_USED": on(answered, ("streaming_start", STREAM), ("streaming_start", STREAM)),
    "STREAMING_FAILED": on(answered, ("streaming_start", {"stream_url": "http://127.0.0.1:9/"})),
    "STREAMING_NOT_USED": on(answered, ("streaming_stop", {})),
    "INVALID_FORMAT": on(answered, ("record_start", {**MP3, "format": "ogg"})),
    "INVALID_CHANNELS": on(answered, ("record_start", {**MP3, "channels": "stereo"})),
    "INVALID_TERMINATING_DIGIT": on(answered, ("gather", {"terminating_digit": "x"})),
    "INVALID_VALID_DIGITS": on(answered, ("gather", {"valid_digits": "12x"})),
    "INVALID_LOOP": on(answered, ("speak", {**SPEAK, "loop": 101})),
    "INVALID_PAYLOAD": on(answered, ("speak", {**SPEAK, "payload": "x" * 3_001})),
    "INVALID_PAYLOAD_TYPE": on(answered, ("speak", {**SPEAK, "payload_type": "html"})),
    "INVALID_VOICE": on(
        answered, ("gather_using_ai", {"parameters": {"properties": {"age": {"type": "integer"}}}, "voice": "female"})
    ),
    "INVALID_LANGUAGE": on(answered, ("speak", {**SPEAK, "language": "xx-XX"})),
    "INVALID_DIGITS": on(answered, ("send_dtmf", {"digits": "12x"})),
    "INVALID_CALL_CONTROL_ID": on(nobody, ("hangup", {})),
    "INVALID_STOP": on(answered, ("playback_stop", {"stop": "everything"})),
    "INVALID_CLIENT_STATE": dialling(client_state="not base64!"),
    "CALL_ENDED": on(ended, ("hangup", {})),
    "NO_AUDIO_YET": on(answering, ("record_start", MP3)),
    "INVALID_MINIMUM_DIGITS": on(answered, ("gather", {"minimum_digits": 0})),
    "INVALID_MAXIMUM_DIGITS": on(answered, ("gather", {"maximum_digits": 129})),
    "INVALID_MAXIMUM_TRIES": on(answered, ("gather_using_speak", {**SPEAK, "maximum_tries": 0})),
    "INVALID_TIMEOUT_MILLIS": on(answered, ("gather", {"timeout_millis": 0})),
    "INVALID_INTER_DIGIT_TIMEOUT_MILLIS": on(answered, ("gather", {"inter_digit_timeout_millis": 0})),
    "INVALID_DURATION_MILLIS": on(answered, ("send_dtmf", {"digits": "1", "duration_millis": 99})),
    "INVALID_TIMEOUT_SECS": dialling(timeout_secs=1),
    "INVALID_TIME_LIMIT_SECS": dialling(time_limit_secs=5),
    "INVALID_SERVICE_LEVEL": on(answered, ("speak", {**SPEAK, "service_level": "best"})),
    "NOT_FORKED": on(answered, ("fork_stop", {})),
    "NOT_ANSWERED": on(ringing, ("ai_assistant_start", ASSISTANT)),
    "NOT_IN_QUEUE": on(answered, ("leave_queue", {})),
    "QUEUE_FULL": between(ENQUEUE, ("POST", "/v2/calls/{other}/actions/enqueue", {"queue_name": "support"})),
    "QUEUE_SIZE_FIXED": between(
        ENQUEUE, ("POST", "/v2/calls/{other}/actions/enqueue", {"queue_name": "support", "max_size": 2})
    ),
    "ALREADY_IN_QUEUE": between(ENQUEUE, ENQUEUE),
    "CHANNEL_LIMIT": dialling(to="+15005550041"),
    "CONNECTION_CHANNEL_LIMIT": Way(_beyond_the_limit),
    "INVALID_RECORD_TIMEOUT_SECS": dialling(record_timeout_secs=-1),
    "QUEUE_NOT_EMPTY": between(ENQUEUE, ("DELETE", "/v2/queues/support", {})),
    "RECORDING_WHILE_TRANSCRIBING": on(
        answered, ("transcription_start", {}), ("record_start", {**MP3, "timeout_secs": 5})
    ),
    "TRANSCRIPTION_IN_PROGRESS": on(answered, ("transcription_start", {}), ("transcription_start", {})),
    "TRANSCRIPTION_NEEDED": on(
        answered, ("record_start", {**MP3, "timeout_secs": 5}), ("transcription_start", {}), ("transcription_stop", {})
    ),
    "INVALID_INITIAL_TIMEOUT_MILLIS": on(answered, ("gather", {"initial_timeout_millis": 0})),
    "INVALID_WEBHOOK_EVENT": dialling(webhook_urls={"call.unknown": "https://shop.example/hooks"}),
    "INVALID_RECORDING_TRACK": on(answered, ("record_start", {**MP3, "recording_track": "left"})),
    "ASSISTANT_IN_PROGRESS": on(answered, ("ai_assistant_start", ASSISTANT), ("ai_assistant_start", ASSISTANT)),
    "COMMAND_INVALID": on(calling, ("answer", {})),
    "NOT_TO_BE_REJECTED": on(answering, ("reject", {"cause": "USER_BUSY"})),
    "RECORDINGS_UNAUTHORIZED": asking("GET", "/v2/recordings", key=None),
    "RECORDINGS_NOT_FOUND": asking("GET", f"/v2/recordings/{NO_ID}"),
}

ROWS: dict[str, Problem] = {name: row for name, row in vars(errors).items() if isinstance(row, Problem)}

ELSEWHERE = {
    "INTERNAL_ERROR": "only a defect of the simulator brings it about",
    "NOT_SIMULATED": "what it needs changes: test_api.py",
    **dict.fromkeys(
        ("STREAM_UNKNOWN_ERROR", "STREAM_MALFORMED_FRAME", "STREAM_INVALID_MEDIA", "STREAM_RATE_LIMIT"),
        "they come over a WebSocket",
    ),
    "TOO_MANY_REQUESTS": "it takes many worlds: tests/test_worlds.py",
}
"""Rows without a way, and why."""


@pytest.mark.parametrize("name", WAYS)
async def test_an_error_is_raised_in_the_way_that_is_said(name: str) -> None:
    way = WAYS[name]
    async with simulating(**{"webhook_url": None, **way.options}) as simulator:
        response = await way.act(simulator)
    row, raised = ROWS[name], response.json()["errors"][0]
    assert (response.status_code, raised["code"], raised["title"]) == (row.status, row.code, row.title)


def test_every_error_that_is_said_to_be_reproducible_has_a_way_here_and_the_other_way_round() -> None:
    assert {name for name, row in ROWS.items() if row.reproduce} - ELSEWHERE.keys() == WAYS.keys()


def test_every_error_that_the_code_raises_can_be_reproduced() -> None:
    named: set[str] = set()
    for file in (ROOT / "mockserver").rglob("*.py"):
        if file.name not in ("errors.py", "people.py"):
            named |= set(re.findall(r"\b(?:errors|e)\.([A-Z][A-Z_0-9]+)\b", file.read_text(encoding="utf-8")))
    raised = {name for name in named if name in ROWS}
    assert raised - WAYS.keys() - ELSEWHERE.keys() == set()
