"""Put the callers of a tracked number through to the first agent who answers, and note every call.

Played with by ../call_tracker.yaml:

    PORT=8088 python call_tracker.py
"""

from __future__ import annotations

from datetime import datetime

from telnyx import Telnyx, UnprocessableEntityError
from webhook_server import Payload, error_code, pack, serve, unpack

AGENTS = ["+12025550171", "+12025550172", "+12025550173"]

ALREADY_ENDED = "90018"


def handle(client: Telnyx, event_type: str, payload: Payload) -> None:
    """React to one webhook. The leg of the agents knows, by its `client_state`, for whom they are called."""
    call, state = payload["call_control_id"], unpack(payload)
    if event_type == "call.initiated" and payload["direction"] == "incoming":
        client.calls.actions.answer(call)
    elif event_type == "call.answered" and not state:
        client.calls.dial(
            connection_id=payload["connection_id"],
            to=AGENTS,
            from_=payload["to"],
            link_to=call,  # in the same session, and
            bridge_on_answer=True,  # bridged with it as soon as somebody answers
            timeout_secs=20,
            client_state=pack(caller=payload["from"], number=payload["to"], leg=call),
        )
    elif event_type == "call.hangup" and state:
        print(note(payload, state), flush=True)
        if payload["hangup_cause"] != "normal_clearing":  # nobody took it: the caller still waits
            hang_up(client, state["leg"])


def hang_up(client: Telnyx, call: str) -> None:
    """End the call, unless the caller has already done so."""
    try:
        client.calls.actions.hangup(call)
    except UnprocessableEntityError as error:
        if error_code(error) != ALREADY_ENDED:
            raise


def note(payload: Payload, state: dict[str, str]) -> str:
    """A line of the call log."""
    began, ended = (datetime.fromisoformat(payload[name]) for name in ("start_time", "end_time"))
    seconds = (ended - began).total_seconds()
    return f"{state['caller']} called {state['number']}: {payload['to']}, {payload['hangup_cause']}, {seconds:.0f} s"


if __name__ == "__main__":
    serve(handle)
