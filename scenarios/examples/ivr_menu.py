"""A menu of keys: the opening hours, or a person.

Played with by ../ivr_menu.yaml:

    PORT=8088 python ivr_menu.py
"""

from __future__ import annotations

from telnyx import Telnyx, UnprocessableEntityError
from webhook_server import Payload, error_code, serve

RECEPTION = "+12025550172"
MENU = "For our opening hours, press one. To speak with somebody, press two."
HOURS = "We are open from nine to five, Monday to Friday."
ALREADY_ENDED = "90018"


def handle(client: Telnyx, event_type: str, payload: Payload) -> None:
    """React to one webhook; the caller may be gone by then."""
    try:
        step(client, event_type, payload)
    except UnprocessableEntityError as error:
        if error_code(error) != ALREADY_ENDED:
            raise


def step(client: Telnyx, event_type: str, payload: Payload) -> None:
    """What comes next."""
    call = payload["call_control_id"]
    if event_type == "call.initiated" and payload["direction"] == "incoming":
        client.calls.actions.answer(call)
    elif is_time_to_ask(event_type, payload):
        client.calls.actions.gather_using_speak(
            call,
            payload=MENU,
            voice="female",
            valid_digits="12",
            maximum_digits=1,
            maximum_tries=3,
            timeout_millis=8_000,
        )
    elif event_type == "call.gather.ended" and payload["digits"] == "1":
        client.calls.actions.speak(call, payload=HOURS, voice="female")
    elif event_type == "call.gather.ended" and payload["digits"] == "2":
        client.calls.actions.transfer(call, to=RECEPTION)
    elif event_type == "call.gather.ended":  # three times nothing that is on the menu, or the caller has hung up
        print(f"no choice: {payload['status']}", flush=True)
        client.calls.actions.hangup(call)


def is_time_to_ask(event_type: str, payload: Payload) -> bool:
    """At the beginning, and after the opening hours. The leg of a transfer is answered too, and is left alone."""
    if event_type == "call.answered":
        return bool(payload["to"] != RECEPTION)
    return bool(event_type == "call.speak.ended" and payload["status"] == "completed")


if __name__ == "__main__":
    serve(handle)
