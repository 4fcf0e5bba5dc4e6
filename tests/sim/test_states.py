"""Which command a leg takes in which state, and the tables behind it."""

from __future__ import annotations

from typing import Any

import pytest

from mockserver.sim import commands
from mockserver.sim.simulation import Simulation
from mockserver.sim.states import CONVERSATION, LEG, ImpossibleStep, step
from mockserver.sim.world import Leg
from tests.sim.telling import CALLEE, UNKNOWN, code, dial, do, new, ring

BODIES: dict[str, dict[str, Any]] = {
    "reject": {"cause": "USER_BUSY"},
    "client_state_update": {"client_state": "QQ=="},
    "bridge": {"call_control_id": UNKNOWN},
    "transfer": {"to": CALLEE},
    "refer": {"sip_address": "sip:desk@shop.example"},
    "send_sip_info": {"content_type": "text/plain", "body": "Hello."},
    "ai_assistant_join": {"conversation_id": "none", "participant": {"id": "", "role": "user"}},
    "ai_assistant_add_messages": {"messages": [{"role": "user", "content": "Hello."}]},
    "fork_start": {"rx": "udp:192.0.2.1:9000", "tx": "udp:192.0.2.1:9001"},
    "speak": {"payload": "Hello.", "voice": "female"},
    "playback_start": {"audio_url": "https://media.example/hello.mp3"},
    "send_dtmf": {"digits": "1"},
    "record_start": {"format": "mp3", "channels": "dual"},
    "gather_using_speak": {"payload": "Press one.", "voice": "female"},
    "gather_using_audio": {"audio_url": "https://media.example/hello.mp3"},
    "gather_using_ai": {"parameters": {"properties": {"name": {"type": "string"}}}},
}

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
refer                      ok     ok      ok       90018  90018      | ok     ok        ok       90018  90018
send_sip_info              ok     ok      ok       90018  90018      | ok     ok        ok       90018  90018
ai_assistant_start         90034  90034   ok       90018  90018      | 90034  ok        ok       90018  90018
ai_assistant_stop          90034  90034   ok       90018  90018      | 90034  ok        ok       90018  90018
ai_assistant_join          90034  90034   10005    90018  90018      | 90034  10005     10005    90018  90018
ai_assistant_add_messages  90034  90034   10027    90018  90018      | 90034  10027     10027    90018  90018
gather_using_ai            90034  90034   ok       90018  90018      | 90034  ok        ok       90018  90018
fork_start                 90034  90034   ok       90018  90018      | 90034  ok        ok       90018  90018
fork_stop                  90034  90034   90031    90018  90018      | 90034  90031     90031    90018  90018
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
retrieve_call              ok     ok      ok       ok     ok         | ok     ok        ok       ok     ok
"""

ROWS = [line.replace("|", " ").split() for line in TABLE.strip().splitlines()[1:]]
COLUMNS = [("outgoing" if number < 5 else "incoming", state) for number, state in enumerate(ROWS[0])]
CASES = [
    pytest.param(name, *column, outcome, id=f"{name}-{'-'.join(column)}")
    for name, *outcomes in ROWS[1:]
    for column, outcome in zip(COLUMNS, outcomes, strict=True)
]


def leg_in(simulation: Simulation, direction: str, state: str) -> Leg:
    """A leg, brought into a state by nothing but commands and time."""
    leg = dial(simulation) if direction == "outgoing" else ring(simulation)
    if state in ("dialed", "parked"):
        return leg
    if direction == "incoming":
        do(simulation, "answer", leg)
    elif state == "ringing":
        simulation.advance(0.3)
    if state in ("answering", "ringing"):
        return leg
    simulation.advance(2.3)
    if state != "answered":
        do(simulation, "hangup", leg)
    if state == "ended":
        simulation.advance(0.15)
    return leg


@pytest.mark.parametrize(("name", "direction", "state", "outcome"), CASES)
def test_a_command_is_taken_or_refused_by_the_state_of_its_leg(
    name: str, direction: str, state: str, outcome: str
) -> None:
    simulation = new()
    leg = leg_in(simulation, direction, state)
    assert (leg.direction, leg.state) == (direction, state)
    body = dict(BODIES.get(name, {}))
    if name == "ai_assistant_join":
        body["participant"] = {"id": leg.call_control_id, "role": "user"}
    assert code(simulation, name, leg, **body) == outcome


def test_the_table_covers_every_command_on_a_leg() -> None:
    on_legs = {
        name for name, row in commands.COMMANDS.items() if isinstance(row, commands.LegCommand | commands.Retrieval)
    }
    assert {row[0] for row in ROWS[1:]} == on_legs


@pytest.mark.parametrize("name", [row[0] for row in ROWS[1:]])
def test_an_unknown_id_is_refused_before_anything_else(name: str) -> None:
    simulation = new()
    body = {**BODIES.get(name, {}), "client_state": "not base64!"}
    assert code(simulation, name, UNKNOWN, **body) == "90015"
    assert code(simulation, name, None, **body) == "90015"


def test_a_leg_can_always_end_and_never_comes_back() -> None:
    states = {state for state, _ in LEG} | set(LEG.values())
    assert states == {"dialed", "ringing", "parked", "answering", "answered", "ending", "ended"}
    assert {state for state, trigger in LEG if trigger == "end"} == states - {"ended"}
    assert {state for state, trigger in LEG if trigger == "hang_up"} == states - {"ending", "ended"}
    assert "ended" not in {state for state, _ in LEG}


def test_a_conversation_can_end_before_it_begins_and_never_comes_back() -> None:
    assert CONVERSATION == {
        ("starting", "begin"): "live",
        ("starting", "finish"): "ended",
        ("live", "finish"): "ended",
    }


def test_a_step_that_is_in_no_table_is_a_loud_defect() -> None:
    with pytest.raises(ImpossibleStep, match="nothing leads from 'ended' by 'pick_up'"):
        step(LEG, "ended", "pick_up")
