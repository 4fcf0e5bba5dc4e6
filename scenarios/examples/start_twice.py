"""Start an AI assistant on a call that may have one already.

Played with by ../start_twice.yaml:

    PORT=8088 python start_twice.py
"""

from __future__ import annotations

from telnyx import Telnyx, UnprocessableEntityError
from webhook_server import Payload, error_code, serve

ASSISTANT = "assistant-6f1f2bb4-2c43-4c8e-9d1e-0a4f3f7e5b21"
ALREADY_IN_PROGRESS = "90061"


def handle(client: Telnyx, event_type: str, payload: Payload) -> None:
    """React to one webhook."""
    call = payload["call_control_id"]
    if event_type == "call.initiated" and payload["direction"] == "incoming":
        client.calls.actions.answer(call)
    elif event_type == "call.answered":
        # Twice, as it happens when this webhook is delivered twice. Giving both commands the same `command_id` would
        # be another way out: the platform then takes the second for a repetition of the first.
        ensure_assistant(client, call)
        ensure_assistant(client, call)
    elif event_type == "call.conversation.ended":
        print("the conversation is over", flush=True)


def ensure_assistant(client: Telnyx, call: str) -> None:
    """Make sure that an assistant talks on the call, whoever started it."""
    try:
        client.calls.actions.start_ai_assistant(call, assistant={"id": ASSISTANT})
    except UnprocessableEntityError as error:
        if error_code(error) != ALREADY_IN_PROGRESS:
            raise
        print("an assistant runs already: fine", flush=True)
    else:
        print("started the assistant", flush=True)


if __name__ == "__main__":
    serve(handle)
