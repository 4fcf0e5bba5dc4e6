"""A conversation relay over a real WebSocket: the official SDK, an application of aiohttp, a person with two lines."""

from __future__ import annotations

from typing import Any

from telnyx.types.calls import ActionStartConversationRelayResponse, ActionStopConversationRelayResponse

from mockserver.sim.events import Json
from tests.sdk.live import LIMIT_SECS, Application, Simulator
from tests.sdk.websocket import WebSocket


class Relay(WebSocket):
    """The application's end of a relay."""

    kind = "type"

    @property
    def prompts(self) -> list[tuple[str, bool]]:
        return [(frame["voicePrompt"], frame["last"]) for frame in self.messages if frame["type"] == "prompt"]


def echo(frame: Json) -> list[Json]:
    """Repeat what the person says, token by token, until they say when."""
    if frame["type"] != "prompt" or not frame["last"]:
        return []
    tokens = [{"type": "text", "token": f"{word} "} for word in frame["voicePrompt"].split()]
    end = [{"type": "end"}] if frame["voicePrompt"] == "Tonight." else []
    return [*tokens, {"type": "text", "token": "Is that right?", "last": True}, *end]


def said(simulator: Simulator) -> list[str]:
    """Who said what, in order."""
    names = {"assistant_says": "application", "says": "person"}
    return [f"{names[entry['name']]}: {entry['data']['text']}" for entry in simulator.log() if entry["name"] in names]


def test_a_person_talks_with_a_websocket_until_it_ends_the_conversation(
    simulator: Simulator, application: Application
) -> None:
    with simulator.client(_strict_response_validation=True) as client, Relay().serving(echo) as relay:
        leg = simulator.ring(webhook_url=application.url, says=["A table for two.", "Tonight."])
        application.wait_for("call.initiated", leg)
        client.calls.actions.answer(leg)
        application.wait_for("call.answered", leg)
        started = client.calls.actions.start_conversation_relay(
            leg, url=relay.url, greeting="Hello.", language="en", custom_parameters={"shop": "Corner Bakery"}
        )
        assert isinstance(started, ActionStartConversationRelayResponse)
        assert started.data is not None
        ended = application.wait_for("call.conversation.ended", leg)
        client.calls.actions.hangup(leg)
        application.wait_for("call.hangup", leg)
    assert (ended.conversation_id, ended.reason) == (started.data.conversation_relay_id, None)
    setup = relay.messages[0]
    assert (setup["type"], setup["sessionId"]) == ("setup", ended.conversation_id)
    assert setup["customParameters"] == {"shop": "Corner Bakery"}
    assert relay.prompts == [("A table", False), ("A table for two.", True), ("Tonight.", True)]
    assert said(simulator) == [
        "application: Hello.",
        "person: A table for two.",
        "application: A table for two. Is that right?",
        "person: Tonight.",
        "application: Tonight. Is that right?",
    ]
    assert relay.closed.get(timeout=LIMIT_SECS) == 1000
    assert application.names(leg) == ["call.initiated", "call.answered", "call.conversation.ended", "call.hangup"]


def test_a_relay_is_stopped_and_one_comes_with_the_answer(simulator: Simulator, application: Application) -> None:
    with simulator.client(_strict_response_validation=True) as client, Relay().serving(lambda frame: []) as relay:
        leg = simulator.ring(webhook_url=application.url)
        config: Any = {"url": relay.url, "greeting": "Hello.", "dtmf_detection": True}
        client.calls.actions.answer(leg, conversation_relay_config=config)
        application.wait_for("call.answered", leg)
        relay.wait_for("setup")
        simulator.control("POST", f"/calls/{leg}/press", {"digits": "7"})
        assert relay.wait_for("dtmf")["digit"] == "7"
        stopped = client.calls.actions.stop_conversation_relay(leg)
        assert isinstance(stopped, ActionStopConversationRelayResponse)
        assert application.wait_for("call.conversation.ended", leg).reason is None
        assert relay.closed.get(timeout=LIMIT_SECS) == 1000
        client.calls.actions.hangup(leg)
        application.wait_for("call.hangup", leg)


def test_an_application_that_goes_or_is_not_there_ends_it(simulator: Simulator, application: Application) -> None:
    def goes(frame: Json) -> list[Json]:
        return [{}] if frame["type"] == "prompt" else [{"type": "what"}] if frame["type"] == "setup" else []

    with simulator.client() as client, Relay().serving(goes) as relay:
        leg = simulator.ring(webhook_url=application.url, says=["Hello."])
        client.calls.actions.answer(leg)
        application.wait_for("call.answered", leg)
        client.calls.actions.start_conversation_relay(leg, url=relay.url, greeting="Hi.")
        assert application.wait_for("call.conversation.ended", leg).reason == "customer_disconnect"
        assert {"type": "error", "description": "Invalid message: unknown type: what"} in relay.messages
    with simulator.client() as client:
        client.calls.actions.start_conversation_relay(leg, url=relay.url)
        assert application.wait_for("call.conversation.ended", leg, 2).reason == "customer_disconnect"
    warnings = [entry["data"]["text"] for entry in simulator.log() if entry["kind"] == "warning"]
    assert warnings[-1].startswith(f"no connection to {relay.url}: ")
