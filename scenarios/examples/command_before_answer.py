"""Call people back, and find out that the 200 of dial is not an answered call.

Played with by ../command_before_answer.yaml:

    PORT=8088 python command_before_answer.py
"""

from __future__ import annotations

from telnyx import Telnyx, UnprocessableEntityError
from webhook_server import Payload, error_code, serve

ASSISTANT = "assistant-6f1f2bb4-2c43-4c8e-9d1e-0a4f3f7e5b21"
NOT_ANSWERED_YET = "90034"


def handle(client: Telnyx, event_type: str, payload: Payload) -> None:
    """React to one webhook."""
    if event_type == "call.initiated" and payload["direction"] == "incoming":
        call_back(client, payload)
    elif event_type == "call.answered":
        # Incoming calls are all rejected, so this can only be a call that we made.
        client.calls.actions.start_ai_assistant(payload["call_control_id"], assistant={"id": ASSISTANT})
        print("they have answered, and the assistant talks", flush=True)
    elif event_type == "call.hangup":
        print(f"{payload['from']} -> {payload['to']} is over: {payload['hangup_cause']}", flush=True)


def call_back(client: Telnyx, payload: Payload) -> None:
    """Reject a call and dial whoever it was."""
    client.calls.actions.reject(payload["call_control_id"], cause="CALL_REJECTED")
    dialled = client.calls.dial(connection_id=payload["connection_id"], to=payload["from"], from_=payload["to"])
    assert dialled.data is not None
    try:
        # The mistake: it has not even begun to ring.
        client.calls.actions.start_ai_assistant(dialled.data.call_control_id, assistant={"id": ASSISTANT})
    except UnprocessableEntityError as error:
        if error_code(error) != NOT_ANSWERED_YET:
            raise
        print("not answered yet: waiting for call.answered", flush=True)


if __name__ == "__main__":
    serve(handle)
