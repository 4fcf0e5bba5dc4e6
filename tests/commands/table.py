"""Every command on a leg: its body, what it answers in which state of the leg, and what is told after it.

One table for the simulation, for HTTP and for the official SDK; `hands.py` has the three ways to do what it says.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mockserver.sim.events import Json

APP = "+12025550100"
CALLER = "+12025550143"
CALLEE = "+12025550162"
CONNECTION = "2790114250386114973"
UNKNOWN = "v3:" + "x" * 54

BODIES: dict[str, dict[str, Any]] = {
    "dial": {"connection_id": CONNECTION, "from": APP, "to": CALLEE},
    "reject": {"cause": "USER_BUSY"},
    "client_state_update": {"client_state": "QQ=="},
    "bridge": {"call_control_id": UNKNOWN},
    "transfer": {"to": CALLEE},
    "switch_supervisor_role": {"role": "monitor"},
    "refer": {"sip_address": "sip:desk@shop.example"},
    "send_sip_info": {"content_type": "text/plain", "body": "Hello."},
    "ai_assistant_join": {"conversation_id": "none", "participant": {"id": "{leg}", "role": "user"}},
    "ai_assistant_add_messages": {"messages": [{"role": "user", "content": "Hello."}]},
    "fork_start": {"rx": "udp:192.0.2.1:9000", "tx": "udp:192.0.2.1:9001"},
    "speak": {"payload": "Hello.", "voice": "female"},
    "playback_start": {"audio_url": "https://media.example/hello.mp3"},
    "send_dtmf": {"digits": "1"},
    "record_start": {"format": "mp3", "channels": "dual"},
    "enqueue": {"queue_name": "support"},
    "gather_using_speak": {"payload": "Press one.", "voice": "female"},
    "streaming_start": {"stream_url": "wss://app.example/media"},
    "gather_using_audio": {"audio_url": "https://media.example/hello.mp3"},
    "gather_using_ai": {"parameters": {"properties": {"name": {"type": "string"}}}},
    "conversation_relay_start": {"url": "wss://shop.example/relay"},
}
"""What a command is sent with; `{leg}`, `{other}` and `{conversation}` stand for ids."""

# What is sent straight after answer is queued, so a leg that is being answered takes what an answered one takes.
TABLE = """
                                 outgoing                            | incoming
                           dialed ringing answered ending ended      | parked answering answered ending ended
answer                     90102  90102   90102    90018  90018      | ok     ok        ok       90018  90018
hangup                     ok     ok      ok       90018  90018      | ok     ok        ok       90018  90018
reject                     90102  90102   90102    90018  90018      | ok     90102     90102    90018  90018
client_state_update        ok     ok      ok       90018  90018      | ok     ok        ok       90018  90018
bridge                     90034  90034   90015    90018  90018      | 90034  90015     90015    90018  90018
transfer                   90034  90034   ok       90018  90018      | ok     ok        ok       90018  90018
switch_supervisor_role     10027  10027   10027    90018  90018      | 10027  10027     10027    90018  90018
refer                      ok     ok      ok       90018  90018      | ok     ok        ok       90018  90018
send_sip_info              ok     ok      ok       90018  90018      | ok     ok        ok       90018  90018
ai_assistant_start         90034  90034   ok       90018  90018      | 90034  ok        ok       90018  90018
ai_assistant_stop          90034  90034   ok       90018  90018      | 90034  ok        ok       90018  90018
ai_assistant_join          90034  90034   10005    90018  90018      | 90034  10005     10005    90018  90018
ai_assistant_add_messages  90034  90034   10027    90018  90018      | 90034  10027     10027    90018  90018
gather_using_ai            90034  90034   ok       90018  90018      | 90034  ok        ok       90018  90018
conversation_relay_start   90034  90034   ok       90018  90018      | 90034  ok        ok       90018  90018
conversation_relay_stop    90034  90034   ok       90018  90018      | 90034  ok        ok       90018  90018
fork_start                 90034  90034   ok       90018  90018      | 90034  ok        ok       90018  90018
fork_stop                  90034  90034   90031    90018  90018      | 90034  90031     90031    90018  90018
streaming_start            90034  90034   ok       90018  90018      | 90034  ok        ok       90018  90018
streaming_stop             90034  90034   90048    90018  90018      | 90034  90048     90048    90018  90018
siprec_start               90034  90034   ok       90018  90018      | 90034  ok        ok       90018  90018
siprec_stop                90034  90034   ok       90018  90018      | 90034  ok        ok       90018  90018
suppression_start          90034  90034   ok       90018  90018      | 90034  ok        ok       90018  90018
suppression_stop           90034  90034   ok       90018  90018      | 90034  ok        ok       90018  90018
speak                      90034  90034   ok       90018  90018      | 90034  ok        ok       90018  90018
playback_start             90034  90034   ok       90018  90018      | 90034  ok        ok       90018  90018
playback_stop              90034  90034   ok       90018  90018      | 90034  ok        ok       90018  90018
send_dtmf                  90034  90034   ok       90018  90018      | 90034  ok        ok       90018  90018
gather                     90034  90034   ok       90018  90018      | 90034  ok        ok       90018  90018
gather_using_speak         90034  90034   ok       90018  90018      | 90034  ok        ok       90018  90018
gather_using_audio         90034  90034   ok       90018  90018      | 90034  ok        ok       90018  90018
gather_stop                90034  90034   ok       90018  90018      | 90034  ok        ok       90018  90018
record_start               90034  90034   ok       90018  90018      | 90034  90020     ok       90018  90018
record_stop                90034  90034   ok       90018  90018      | 90034  ok        ok       90018  90018
record_pause               90034  90034   ok       90018  90018      | 90034  ok        ok       90018  90018
record_resume              90034  90034   ok       90018  90018      | 90034  ok        ok       90018  90018
transcription_start        90034  90034   ok       90018  90018      | 90034  ok        ok       90018  90018
transcription_stop         90034  90034   ok       90018  90018      | 90034  ok        ok       90018  90018
enqueue                    90034  90034   ok       90018  90018      | 90034  ok        ok       90018  90018
leave_queue                90035  90035   90035    90018  90018      | 90035  90035     90035    90018  90018
retrieve_call              ok     ok      ok       ok     ok         | ok     ok        ok       ok     ok
"""

ROWS = [line.replace("|", " ").split() for line in TABLE.strip().splitlines()[1:]]
COLUMNS = [("outgoing" if number < 5 else "incoming", state) for number, state in enumerate(ROWS[0])]
OUTCOMES = {name: dict(zip(COLUMNS, outcomes, strict=True)) for name, *outcomes in ROWS[1:]}
"""What a command answers by direction and state of its leg: `ok`, or the code it is refused with."""

Step = str | float | tuple[str, Json]
"""A command with its usual body or one of its own, what a person does (`ring`, `say`, `press`), or seconds that pass.

Commands go to the newest leg, and it is its person who says something.
"""

PATHS: dict[tuple[str, str], tuple[Step, ...]] = {
    ("outgoing", "dialed"): ("dial",),
    ("outgoing", "ringing"): ("dial", 0.3),
    ("outgoing", "answered"): ("dial", 2.3),
    ("outgoing", "ending"): ("dial", 2.3, "hangup"),
    ("outgoing", "ended"): ("dial", 2.3, "hangup", 0.15),
    ("incoming", "parked"): ("ring",),
    ("incoming", "answering"): ("ring", "answer"),
    ("incoming", "answered"): ("ring", "answer", 2.3),
    ("incoming", "ending"): ("ring", "answer", 2.3, "hangup"),
    ("incoming", "ended"): ("ring", "answer", 2.3, "hangup", 0.15),
}
"""How a leg comes into a state, by nothing but commands and time."""


@dataclass(frozen=True)
class Story:
    """What is told within 100 s after a command: seconds after it, event, and what is worth telling of its payload.

    `given` is what happened before, `then` what happens after; `body` is for one that is not the usual one. Of several
    legs the one that is commanded is the first, and the number of any other stands before the event.
    """

    events: tuple[str, ...] = ()
    given: tuple[Step, ...] = PATHS["incoming", "answered"]
    body: Json | None = None
    then: tuple[Step, ...] = ()


ANSWERED = PATHS["incoming", "answered"]
QUIET: tuple[Step, ...] = (("ring", {"from": "+15005550008"}), "answer", 2.3)
"""Somebody who never says a word."""
PRESSES: tuple[Step, ...] = (1.0, ("press", {"digits": "42#"}))
GATHERED = (
    "1.000 call.dtmf.received 4",
    "1.250 call.dtmf.received 2",
    "1.500 call.dtmf.received #",
    "1.500 call.gather.ended valid 42",
)
SAYS_HELLO: Step = ("say", {"text": "Hello."})

STORIES: dict[str, Story] = {
    "answer": Story(("0.400 call.answered",), given=("ring",)),
    "hangup": Story(("0.150 call.hangup normal_clearing callee 200",)),
    "reject": Story(("0.150 call.hangup user_busy callee 486",), given=("ring",)),
    "client_state_update": Story(),
    "bridge": Story(
        ("0.100 call.bridged", "0.100 2 call.bridged"),
        given=(*ANSWERED, *ANSWERED),
        body={"call_control_id": "{other}"},
    ),
    "transfer": Story(
        ("0.300 2 call.initiated", "2.300 call.bridged", "2.300 2 call.answered", "2.300 2 call.bridged")
    ),
    "switch_supervisor_role": Story(
        given=(
            *ANSWERED,
            ("dial", {**BODIES["dial"], "supervise_call_control_id": "{leg}", "supervisor_role": "barge"}),
            2.3,
        )
    ),
    "refer": Story(
        ("0.200 call.refer.started", "2.200 call.refer.completed", "2.350 call.hangup normal_clearing callee 200")
    ),
    "send_sip_info": Story(),
    "ai_assistant_start": Story(("0.800 call.conversation.created",), given=QUIET),
    "ai_assistant_stop": Story(
        ("0.050 call.conversation.ended", "3.050 call.conversation_insights.generated"),
        given=(*QUIET, "ai_assistant_start", 1.0),
    ),
    "ai_assistant_join": Story(
        given=(*QUIET, "ai_assistant_start", 1.0, *QUIET),
        body={"conversation_id": "{conversation}", "participant": {"id": "{leg}", "role": "user"}},
    ),
    "ai_assistant_add_messages": Story(given=(*QUIET, "ai_assistant_start", 1.0)),
    "gather_using_ai": Story(
        (
            "0.800 call.conversation.created",
            '3.252 call.ai_gather.ended valid {"name": "blue"}',
            "3.302 call.conversation.ended",
        )
    ),
    "conversation_relay_start": Story(given=QUIET),
    "conversation_relay_stop": Story(
        ("0.050 call.conversation.ended",), given=(*QUIET, "conversation_relay_start", 1.0)
    ),
    "fork_start": Story(("0.300 call.fork.started",)),
    "fork_stop": Story(("0.000 call.fork.stopped",), given=(*ANSWERED, "fork_start", 1.0)),
    "streaming_start": Story(("0.300 streaming.started",)),
    "streaming_stop": Story(("0.000 streaming.stopped",), given=(*ANSWERED, "streaming_start", 1.0)),
    "siprec_start": Story(("0.300 siprec.started",)),
    "siprec_stop": Story(("0.000 siprec.stopped normal_clearing",), given=(*ANSWERED, "siprec_start", 1.0)),
    "suppression_start": Story(),
    "suppression_stop": Story(given=(*ANSWERED, "suppression_start")),
    "speak": Story(("0.500 call.speak.started", "0.896 call.speak.ended completed")),
    "playback_start": Story(("0.500 call.playback.started", "10.500 call.playback.ended completed")),
    "playback_stop": Story(("0.000 call.playback.ended cancelled",), given=(*ANSWERED, "playback_start", 1.0)),
    "send_dtmf": Story(),
    "gather": Story(GATHERED, then=PRESSES),
    "gather_using_speak": Story(GATHERED, then=PRESSES),
    "gather_using_audio": Story(
        (
            "0.500 call.playback.started",
            *GATHERED[:1],
            "1.000 call.playback.ended cancelled",
            *GATHERED[1:],
        ),
        then=PRESSES,
    ),
    "gather_stop": Story(("0.000 call.gather.ended cancelled",), given=(*ANSWERED, "gather", 1.0)),
    "record_start": Story(
        ("10.500 call.recording.saved",), body={"format": "mp3", "channels": "dual", "max_length": 10}
    ),
    "record_stop": Story(("0.500 call.recording.saved",), given=(*ANSWERED, "record_start", 5.0)),
    "record_pause": Story(
        ("5.500 call.recording.saved",), given=(*ANSWERED, "record_start", 5.0), then=(5.0, "record_stop")
    ),
    "record_resume": Story(
        ("5.500 call.recording.saved",),
        given=(*ANSWERED, "record_start", 5.0, "record_pause", 5.0),
        then=(5.0, "record_stop"),
    ),
    "transcription_start": Story(("1.300 call.transcription",), then=(1.0, SAYS_HELLO)),
    "transcription_stop": Story(given=(*ANSWERED, "transcription_start", 1.0), then=(1.0, SAYS_HELLO)),
    "enqueue": Story(("0.300 call.enqueued",)),
    "leave_queue": Story(("0.000 call.dequeued leave",), given=(*ANSWERED, "enqueue", 1.0)),
    "retrieve_call": Story(),
}
