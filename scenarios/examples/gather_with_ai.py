"""Let an AI assistant collect a name and an age.

Played with by ../gather_with_ai.yaml:

    PORT=8088 python gather_with_ai.py
"""

from __future__ import annotations

from telnyx import Telnyx, UnprocessableEntityError
from webhook_server import Payload, error_code, serve

WANTED: dict[str, object] = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "description": "What is your full name?"},
        "age": {"type": "integer", "minimum": 0, "maximum": 150, "description": "How old are you?"},
    },
    "required": ["name", "age"],  # without it, the gathering ends after the first value
}
ALREADY_ENDED = "90018"


def handle(client: Telnyx, event_type: str, payload: Payload) -> None:
    """React to one webhook."""
    call = payload["call_control_id"]
    if event_type == "call.initiated" and payload["direction"] == "incoming":
        client.calls.actions.answer(call)
    elif event_type == "call.answered":
        client.calls.actions.gather_using_ai(
            call,
            parameters=WANTED,
            send_partial_results=True,
            gather_ended_speech="Thank you. Goodbye!",
        )
    elif event_type == "call.ai_gather.partial_results":
        print(f"so far: {payload['partial_results']}", flush=True)
    elif event_type == "call.ai_gather.ended":
        # `invalid` means that not everything could be collected: there may be part of it nevertheless.
        print(f"{payload['status']}: {payload['result']}", flush=True)
        hang_up(client, call)


def hang_up(client: Telnyx, call: str) -> None:
    """End the call, unless the caller was faster: a gathering ends, too, when the caller hangs up."""
    try:
        client.calls.actions.hangup(call)
    except UnprocessableEntityError as error:
        if error_code(error) != ALREADY_ENDED:
            raise


if __name__ == "__main__":
    serve(handle)
