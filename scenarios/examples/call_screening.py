"""Tell an agent who calls before she takes the call, and let a coach whisper to her.

Played with by ../call_screening.yaml:

    PORT=8088 python call_screening.py
"""

from __future__ import annotations

from telnyx import Telnyx, UnprocessableEntityError
from webhook_server import Payload, error_code, pack, serve, unpack

AGENT = "+12025550172"
COACH = "+12025550173"
ALREADY_ENDED = "90018"


def handle(client: Telnyx, event_type: str, payload: Payload) -> None:
    """React to one webhook. The agent's leg knows, by its `client_state`, for whom it is; the others have none."""
    call, state = payload["call_control_id"], unpack(payload)
    if event_type == "call.initiated" and payload["direction"] == "incoming":
        client.calls.actions.answer(call)
    elif event_type == "call.answered" and payload["to"] == AGENT:
        announce(client, call, state["number"])
    elif event_type == "call.answered" and payload["to"] != COACH:
        call_agent(client, call, payload)
    elif event_type == "call.gather.ended" and payload["digits"] == "1":
        client.calls.actions.bridge(call, call_control_id_to_bridge_with=state["caller"])
    elif event_type in ("call.gather.ended", "call.hangup") and state:
        hang_up(client, call, state["caller"])
    elif event_type == "call.bridged":
        client.calls.actions.start_transcription(call, transcription_tracks="both")
        if state:
            call_coach(client, call, payload)
    elif event_type == "call.transcription":
        who, what = "agent" if state else "caller", payload["transcription_data"]
        print(f"{who}, {what['transcription_track']}: {what['transcript']}", flush=True)


def call_agent(client: Telnyx, caller: str, payload: Payload) -> None:
    """Call the agent for a caller who waits."""
    client.calls.dial(
        connection_id=payload["connection_id"],
        to=AGENT,
        from_=payload["to"],
        link_to=caller,
        client_state=pack(caller=caller, number=payload["from"]),
    )


def announce(client: Telnyx, agent: str, number: str) -> None:
    """Nobody but the agent hears this: the legs are not bridged yet."""
    client.calls.actions.gather_using_speak(
        agent,
        payload=f"A call from {number}. Press one to take it.",
        voice="female",
        valid_digits="1",
        maximum_digits=1,
        maximum_tries=2,
    )


def call_coach(client: Telnyx, agent: str, payload: Payload) -> None:
    """The coach hears both, and only the agent hears the coach."""
    client.calls.dial(
        connection_id=payload["connection_id"],
        to=COACH,
        from_=payload["from"],
        supervise_call_control_id=agent,
        supervisor_role="whisper",
    )


def hang_up(client: Telnyx, *calls: str) -> None:
    """End the legs that are still up: the agent did not want the call, or somebody has hung up."""
    for call in calls:
        try:
            client.calls.actions.hangup(call)
        except UnprocessableEntityError as error:
            if error_code(error) != ALREADY_ENDED:
                raise


if __name__ == "__main__":
    serve(handle)
