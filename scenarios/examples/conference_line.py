"""A conference line with a moderator: she begins it, mutes the others with 1 and unmutes them with 2, and ends it.

Played with by ../conference_line.yaml:

    PORT=8088 python conference_line.py
"""

from __future__ import annotations

from telnyx import APIStatusError, Telnyx
from webhook_server import Payload, error_code, serve

MODERATOR = "+12025550172"
LINE = "team line"
NAME_TAKEN = "90033"


def handle(client: Telnyx, event_type: str, payload: Payload) -> None:
    """React to one webhook."""
    call = payload["call_control_id"]
    if event_type == "call.initiated" and payload["direction"] == "incoming":
        client.calls.actions.answer(call)
    elif event_type == "call.answered":
        enter(client, call, is_moderator=payload["from"] == MODERATOR)
    elif event_type == "call.dtmf.received" and payload["from"] == MODERATOR:
        pressed(client, call, payload["digit"])
    elif event_type == "conference.ended":
        print(f"the conference is over: {payload['reason']}", flush=True)


def enter(client: Telnyx, call: str, is_moderator: bool) -> None:
    """Into the conference, which whoever comes first creates; it begins when the moderator comes."""
    try:
        client.conferences.create(call_control_id=call, name=LINE, start_conference_on_create=is_moderator)
    except APIStatusError as error:
        if error_code(error) != NAME_TAKEN:
            raise
        client.conferences.actions.join(
            LINE,
            call_control_id=call,
            start_conference_on_enter=is_moderator,
            end_conference_on_exit=is_moderator,
            beep_enabled="on_enter",
        )


def pressed(client: Telnyx, moderator: str, digit: str) -> None:
    """A key of the moderator's: 1 mutes all others, 2 lets them speak again."""
    members = client.conferences.list_participants(LINE)
    others = [member.call_control_id for member in members if member.call_control_id != moderator]
    if digit == "1":
        client.conferences.actions.mute(LINE, call_control_ids=others)
    elif digit == "2":
        client.conferences.actions.unmute(LINE, call_control_ids=others)


if __name__ == "__main__":
    serve(handle)
