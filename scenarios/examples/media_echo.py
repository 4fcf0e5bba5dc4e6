"""Send back over a WebSocket whatever a caller says.

Played with by ../media_echo.yaml:

    PORT=8088 python media_echo.py

Its WebSocket listens on a port of its own: WEBSOCKET_PORT, or a free one.
"""

from __future__ import annotations

from functools import partial

from telnyx import Telnyx
from webhook_server import Payload, serve
from websocket_server import Message, websocket_server


def reply(message: Message) -> list[Message]:
    """What to send back for one message. A program that listens would decode the payload, and think."""
    if message["event"] == "start":
        print(f"streaming {message['start']['media_format']}", flush=True)
    if message["event"] == "error":
        print(f"a message was refused: {message['payload']['detail']}", flush=True)
    if message["event"] != "media":
        return []
    return [{"event": "media", "media": {"payload": message["media"]["payload"]}}]


def handle(client: Telnyx, event_type: str, payload: Payload, media_url: str = "ws://127.0.0.1:8089/") -> None:
    """React to one webhook."""
    if event_type == "call.initiated" and payload["direction"] == "incoming":
        client.calls.actions.answer(
            payload["call_control_id"],
            stream_url=media_url,
            stream_track="inbound_track",  # only what the caller says: with both tracks it would hear itself
            stream_bidirectional_mode="rtp",  # the default, mp3, is for whole files
            stream_bidirectional_codec="PCMU",
        )
    elif event_type == "streaming.failed":
        print(f"no stream: {payload['failure_reason']}", flush=True)


if __name__ == "__main__":
    with websocket_server(reply) as url:
        serve(partial(handle, media_url=url))
