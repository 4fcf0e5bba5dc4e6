"""Talk with a caller over a WebSocket: the platform hears and speaks, this program thinks.

Played with by ../conversation_relay.yaml:

    PORT=8088 python conversation_relay.py

Its WebSocket listens on a port of its own: WEBSOCKET_PORT, or a free one.
"""

from __future__ import annotations

from functools import partial

from telnyx import Telnyx
from webhook_server import Payload, serve
from websocket_server import Message, websocket_server


def reply(frame: Message) -> list[Message]:
    """What to send back for one frame. A program that asks a language model would send its tokens as they come."""
    if frame["type"] == "error":
        print(f"a frame was refused: {frame['description']}", flush=True)
    if frame["type"] != "prompt" or not frame["last"]:  # the caller is still speaking: `last` comes with the whole
        return []
    words = frame["voicePrompt"]
    if "goodbye" in words.casefold():
        return [{"type": "text", "token": "Goodbye!", "last": True}, {"type": "end"}]
    return [
        {"type": "text", "token": words},
        {"type": "text", "token": ", very well. "},
        {"type": "text", "token": "Anything else?", "last": True},  # without `last`, nothing is said
    ]


def handle(client: Telnyx, event_type: str, payload: Payload, relay_url: str = "ws://127.0.0.1:8089/") -> None:
    """React to one webhook."""
    call = payload["call_control_id"]
    if event_type == "call.initiated" and payload["direction"] == "incoming":
        client.calls.actions.answer(call)
    elif event_type == "call.answered":
        client.calls.actions.start_conversation_relay(
            call, url=relay_url, greeting="Corner Bakery, how can I help?", interruptible="any"
        )
    elif event_type == "call.conversation.ended":
        print(f"the conversation is over: {payload['reason'] or 'as it should be'}", flush=True)
        client.calls.actions.hangup(call)


if __name__ == "__main__":
    with websocket_server(reply) as url:
        serve(partial(handle, relay_url=url))
