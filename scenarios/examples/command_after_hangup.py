"""Hang up a call that may be over already.

Played with by ../command_after_hangup.yaml:

    PORT=8088 python command_after_hangup.py
"""

from __future__ import annotations

from telnyx import Telnyx, UnprocessableEntityError
from webhook_server import Payload, error_code, serve

ALREADY_ENDED = "90018"


def handle(client: Telnyx, event_type: str, payload: Payload) -> None:
    """React to one webhook."""
    call = payload["call_control_id"]
    if event_type == "call.initiated" and payload["direction"] == "incoming":
        client.calls.actions.answer(call)
    elif event_type == "call.answered":
        print("answered", flush=True)
    elif event_type == "call.hangup":
        ensure_over(client, call)


def ensure_over(client: Telnyx, call: str) -> None:
    """Make sure that a call is over, whoever ended it."""
    try:
        client.calls.actions.hangup(call)
    except UnprocessableEntityError as error:
        if error_code(error) != ALREADY_ENDED:
            raise
        print("it is over already: fine", flush=True)
    else:
        print("hung up", flush=True)


if __name__ == "__main__":
    serve(handle)
