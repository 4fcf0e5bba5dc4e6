"""Connect a caller to the front desk; if nobody takes the call there, say why.

Played with by ../front_desk.yaml:

    PORT=8088 python front_desk.py
"""

from __future__ import annotations

from telnyx import Telnyx, UnprocessableEntityError
from webhook_server import Payload, error_code, pack, serve, unpack

DESK = "+12025550172"
EXCUSES = {
    "user_busy": "We are on the phone with somebody else.",
    "timeout": "Nobody is at the desk right now.",
    "call_rejected": "We are closed today.",
}
ALREADY_ENDED = "90018"


def handle(client: Telnyx, event_type: str, payload: Payload) -> None:
    """React to one webhook; the caller may be gone by then."""
    try:
        step(client, event_type, payload)
    except UnprocessableEntityError as error:
        if error_code(error) != ALREADY_ENDED:
            raise


def step(client: Telnyx, event_type: str, payload: Payload) -> None:
    """What comes next. The leg of the desk knows, by its `client_state`, for which caller it is."""
    call, state = payload["call_control_id"], unpack(payload)
    if event_type == "call.initiated" and payload["direction"] == "incoming":
        client.calls.actions.answer(call)
    elif event_type == "call.answered" and not state:
        client.calls.actions.transfer(call, to=DESK, timeout_secs=15, target_leg_client_state=pack(caller=call))
    elif event_type == "call.hangup" and state and payload["hangup_cause"] in EXCUSES:
        excuse = f"{EXCUSES[payload['hangup_cause']]} Please call again later."
        client.calls.actions.speak(state["caller"], payload=excuse, voice="female")
    elif event_type == "call.speak.ended" and payload["status"] == "completed":
        client.calls.actions.hangup(call)


if __name__ == "__main__":
    serve(handle)
