"""Transfer a caller to the first agent who takes the call.

Played with by ../transfer_to_agent.yaml:

    PORT=8088 python transfer_to_agent.py
"""

from __future__ import annotations

from telnyx import Telnyx, UnprocessableEntityError
from webhook_server import Payload, error_code, pack, serve, unpack

AGENTS = ["+12025550171", "+12025550172"]
ALREADY_ENDED = "90018"


def handle(client: Telnyx, event_type: str, payload: Payload) -> None:
    """React to one webhook. The legs of the agents know, by their `client_state`, for which caller they are called."""
    call, state = payload["call_control_id"], unpack(payload)
    if event_type == "call.initiated" and payload["direction"] == "incoming":
        client.calls.actions.answer(call)
    elif event_type == "call.answered" and not state:
        client.calls.actions.speak(call, payload="One moment, please.", voice="female")
    elif event_type == "call.speak.ended" and payload["status"] == "completed":
        transfer(client, call, 0)
    elif event_type == "call.bridged" and state:
        print(f"{payload['to']} took the call", flush=True)
    elif event_type == "call.hangup" and state:
        print(f"{payload['to']}: {payload['hangup_cause']}", flush=True)
        if payload["hangup_cause"] != "normal_clearing":
            transfer(client, state["caller"], int(state["agent"]) + 1)


def transfer(client: Telnyx, caller: str, agent: int) -> None:
    """Call an agent for the caller, who may have given up by now; when no agent is left, the call is over."""
    try:
        if agent == len(AGENTS):
            client.calls.actions.hangup(caller)
            return
        client.calls.actions.transfer(
            caller, to=AGENTS[agent], timeout_secs=20, target_leg_client_state=pack(caller=caller, agent=str(agent))
        )
    except UnprocessableEntityError as error:
        if error_code(error) != ALREADY_ENDED:
            raise


if __name__ == "__main__":
    serve(handle)
