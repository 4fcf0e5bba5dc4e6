"""The official Node SDK, unmodified, against a simulator in a process of its own; every webhook is verified by it."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from mockserver.http.contract import Contract
from mockserver.settings import data_folder
from mockserver.webhooks.signing import DEFAULT_PUBLIC_KEY
from tests.processes import LIMIT_SECS, environment, serve
from tests.sim.telling import what_is_told

HERE = Path(__file__).parent

pytestmark = [
    pytest.mark.skipif(shutil.which("node") is None, reason="needs node, which is not installed"),
    pytest.mark.skipif(
        not (HERE / "node_modules" / "telnyx").exists(),
        reason="needs the npm package telnyx: (cd tests/node && npm install), which make test does where npm is",
    ),
]

COMMANDS = [
    *("answer", "speak", "startPlayback", "stopPlayback", "gather", "startRecording", "stopRecording"),
    *("startTranscription", "stopTranscription", "sendDtmf", "updateClientState", "enqueue", "leaveQueue", "hangup"),
]

EVENTS = [
    "call.initiated",
    "call.answered",
    "call.speak.started",
    "call.speak.ended completed",
    "call.playback.started",
    "call.playback.ended cancelled",
    "call.dtmf.received 4",
    "call.dtmf.received 2",
    "call.gather.ended valid 42",
    "call.recording.saved",
    "call.transcription",
    "call.enqueued",
    "call.dequeued leave",
    "call.hangup normal_clearing callee 200",
]


def test_a_call_is_commanded_with_the_node_sdk_which_verifies_its_webhooks() -> None:
    contract = Contract(data_folder("specs") / "openapi.yaml")
    with serve("--clock", "manual") as server:
        done = subprocess.run(
            ["node", str(HERE / "calls.mjs"), server.url, DEFAULT_PUBLIC_KEY],
            capture_output=True,
            timeout=LIMIT_SECS,
            env=environment(),
        )
    assert (done.returncode, done.stderr.decode()) == (0, "")
    told = json.loads(done.stdout)
    assert told["answers"] == [[name, "ok"] for name in COMMANDS]
    events = [webhook["data"] for webhook in told["webhooks"]]
    assert [what_is_told(event["event_type"], event["payload"]) for event in events] == EVENTS
    assert [contract.webhook_errors(webhook["data"]["event_type"], webhook) for webhook in told["webhooks"]] == [
        [] for _ in EVENTS
    ]
    assert (told["wrong"], told["forged"]) == ([], "TelnyxWebhookVerificationError")
    assert told["client_state"] == "bmV3"
    assert told["refused"] == ["UnprocessableEntityError", 422, ["90018"]]
