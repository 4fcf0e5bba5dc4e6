"""Every state machine as a table, and `step`, the one lookup.

A leg of a call

    outgoing:  dialed --initiate--> ringing --pick_up--> answered --hang_up--> ending --end--> ended
    incoming:                       parked --accept--> answering --connect--> answered ...

`dialed` is the moment between the response of dial and `call.initiated`. `answering` lies between the response of
answer and `call.answered`. GUESS: in it the leg counts as answered for the commands that need it, as if the platform
queued what is sent straight after answer, and what they start waits for `call.answered`. `ending` lies between the
response of hangup and `call.hangup`: the leg accepts no command any more, but is not over for those who listen. Whoever
is at the other end may go at any time, which is `end` from any state but `ended`.

A conversation with an assistant

    starting --begin--> live --finish--> ended

`starting` lies between the response of ai_assistant_start and `call.conversation.created`; a leg may already join.

A conference, and a leg's part in one

    init --start--> in_progress --close--> ending --end--> completed
    joining --enter--> joined --leave--> left

While a conference is in `init` its members are on hold; nearly all are started as they are created. `ending` lies
between what ends it and the last member's hang-up: it accepts no command any more. `joining` lies between the response
of join and `conference.participant.joined`; the leg counts as a member from the first.

A media stream of a leg

    connecting --open--> open --start--> started --stop--> over

`open` is a connection that waits for the answer of its leg. Without one it fails, and it may be stopped at any time.

What a command needs is a condition: the set of leg states it accepts, and what every other state is refused with. A
state that is not in a table cannot happen; meeting one is a bug of ours, and `step` says so loudly.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mockserver.sim import errors
from mockserver.sim.errors import Problem

Table = Mapping[tuple[str, str], str]

UNANSWERED = ("dialed", "ringing", "parked")
ANSWERED = ("answering", "answered")
OVER = ("ending", "ended")

LEG: Table = {
    ("dialed", "initiate"): "ringing",
    ("ending", "initiate"): "ending",
    ("ringing", "pick_up"): "answered",
    ("parked", "accept"): "answering",
    ("answering", "connect"): "answered",
    **{(state, "hang_up"): "ending" for state in (*UNANSWERED, *ANSWERED)},
    **{(state, "end"): "ended" for state in (*UNANSWERED, *ANSWERED, "ending")},
}

CONVERSATION: Table = {
    ("starting", "begin"): "live",
    ("starting", "finish"): "ended",
    ("live", "finish"): "ended",
}

CONFERENCE: Table = {
    ("init", "start"): "in_progress",
    ("init", "close"): "ending",
    ("in_progress", "close"): "ending",
    ("ending", "end"): "completed",
}

PARTICIPANT: Table = {
    ("joining", "enter"): "joined",
    ("joining", "leave"): "left",
    ("joined", "leave"): "left",
}

STREAM: Table = {
    ("connecting", "open"): "open",
    ("open", "start"): "started",
    **{(state, "fail"): "over" for state in ("connecting", "open")},
    **{(state, "stop"): "over" for state in ("connecting", "open", "started")},
}


class ImpossibleStep(Exception):
    """A table has no such step: a defect of the simulator, never of its user."""


def step(table: Table, state: str, trigger: str) -> str:
    """The state that follows `state` on `trigger`."""
    try:
        return table[state, trigger]
    except KeyError:
        raise ImpossibleStep(f"nothing leads from {state!r} by {trigger!r}") from None


@dataclass(frozen=True, slots=True)
class Condition:
    """What a command needs of its leg: the refusal for each state that it does not accept."""

    refused: Mapping[str, Problem]
    incoming_only: Problem | None = None

    def refusal(self, state: str, direction: str) -> Problem | None:
        """Why a leg in `state` cannot take the command, or None."""
        if self.incoming_only and direction != "incoming":
            over = self.refused.get(state) if state in OVER else None
            return over or self.incoming_only
        return self.refused.get(state)


_OVER = dict.fromkeys(OVER, errors.CALL_ENDED)

KNOWN = Condition({})
ALIVE = Condition(_OVER)
NEEDS_ANSWERED = Condition({**_OVER, **dict.fromkeys(UNANSWERED, errors.NOT_ANSWERED)})
ANSWERED_OR_INCOMING = Condition({**_OVER, **dict.fromkeys(("dialed", "ringing"), errors.NOT_ANSWERED)})
INCOMING = Condition(_OVER, incoming_only=errors.COMMAND_INVALID)
INCOMING_UNANSWERED = Condition(
    {**_OVER, **dict.fromkeys(ANSWERED, errors.NOT_TO_BE_REJECTED)}, incoming_only=errors.NOT_TO_BE_REJECTED
)
