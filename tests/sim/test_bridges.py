"""Bridges: two legs that hear each other, and what becomes of either when the other one goes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mockserver.sim import digits, legs
from mockserver.sim.clock import iso
from mockserver.sim.errors import Unsupported
from mockserver.sim.people import Person
from mockserver.sim.recordings import MOST_RUNNING
from mockserver.sim.simulation import Simulation
from mockserver.sim.world import Leg
from tests.sim.telling import (
    APP,
    CALLEE,
    CALLER,
    CONNECTION,
    UNKNOWN,
    Row,
    code,
    dial,
    do,
    events,
    names,
    new,
    refusal,
    ring,
    story,
    talk,
)

End = Callable[[Simulation, Leg], Any]


def app_hangs_up(simulation: Simulation, leg: Leg) -> None:
    do(simulation, "hangup", leg)
    simulation.advance(0.15)


def bridge(simulation: Simulation, leg: Leg, other: Leg, **body: Any) -> None:
    """Bridge two answered legs, and wait until they are."""
    do(simulation, "bridge", leg, call_control_id=other.call_control_id, **body)
    simulation.advance(0.1)


def two(simulation: Simulation) -> tuple[Leg, Leg]:
    """A caller and a callee, both answered after 3 seconds, who know nothing of each other."""
    caller = talk(simulation)
    callee = dial(simulation)
    simulation.advance(2.6)
    return caller, callee


def pair(simulation: Simulation, **body: Any) -> tuple[Leg, Leg]:
    """A caller and a callee who are bridged after 3.1 seconds by a command for the caller's leg."""
    caller, callee = two(simulation)
    bridge(simulation, caller, callee, **body)
    return caller, callee


def is_bridged(leg: Leg, other: Leg) -> bool:
    return leg.bridged_with is other and other.bridged_with is leg


# How a bridge comes about


def test_two_answered_legs_are_bridged_and_either_has_an_event_of_its_own() -> None:
    simulation = new()
    caller, callee = two(simulation)
    do(simulation, "client_state_update", callee, client_state="Qg==")
    seen = simulation.log.entries[-1].seq
    data = do(simulation, "bridge", caller, call_control_id=callee.call_control_id, client_state="QQ==")
    assert data == {"result": "ok"}
    simulation.advance(60)
    assert story(simulation, seen) == [
        ("3.000", "app", "bridge"),
        ("3.100", "telnyx", "call.bridged"),
        ("3.100", "telnyx 2", "call.bridged"),
    ]
    assert events(simulation, "call.bridged") == [
        {
            "call_control_id": leg.call_control_id,
            "call_leg_id": leg.call_leg_id,
            "call_session_id": leg.call_session_id,
            "calling_party_type": "pstn",
            "client_state": state,
            "connection_id": CONNECTION,
            "from": from_,
            "start_time": iso(leg.created_at),
            "state": "bridged",
            "to": to,
        }
        for leg, state, from_, to in ((caller, "QQ==", CALLER, APP), (callee, "Qg==", APP, CALLEE))
    ]
    assert caller.call_session_id != callee.call_session_id


def test_a_bridge_with_a_leg_that_still_rings_comes_with_its_answer() -> None:
    simulation = new()
    caller = talk(simulation)
    callee = dial(simulation)
    do(simulation, "bridge", caller, call_control_id=callee.call_control_id, play_ringtone=True, ringtone="de")
    simulation.advance(60)
    assert story(simulation, 4) == [
        ("0.400", "app 2", "dial"),
        ("0.400", "app", "bridge"),
        ("0.700", "telnyx 2", "call.initiated"),
        ("2.700", "person 2", "answers"),
        ("2.700", "telnyx 2", "call.answered"),
        ("2.700", "telnyx", "call.bridged"),
        ("2.700", "telnyx 2", "call.bridged"),
    ]


def test_a_bridge_that_is_asked_for_straight_after_answer_waits_for_the_answer() -> None:
    simulation = new()
    first, second = ring(simulation), ring(simulation)
    do(simulation, "answer", first)
    do(simulation, "bridge", first, call_control_id=second.call_control_id)
    simulation.advance(0.2)
    do(simulation, "answer", second)
    simulation.advance(10)
    assert story(simulation, 4)[1:] == [
        ("0.000", "app", "bridge"),
        ("0.200", "app 2", "answer"),
        ("0.400", "telnyx", "call.answered"),
        ("0.600", "telnyx 2", "call.answered"),
        ("0.600", "telnyx", "call.bridged"),
        ("0.600", "telnyx 2", "call.bridged"),
    ]


def test_a_bridge_waits_for_the_slower_of_two_answers() -> None:
    simulation = new(Person(CALLEE, answers_after=0.0))
    callee = dial(simulation)
    simulation.advance(0.2)
    caller = ring(simulation)
    do(simulation, "answer", caller)
    do(simulation, "bridge", caller, call_control_id=callee.call_control_id)
    simulation.advance(10)
    assert story(simulation)[-3:] == [
        ("0.600", "telnyx 2", "call.answered"),
        ("0.600", "telnyx 2", "call.bridged"),
        ("0.600", "telnyx", "call.bridged"),
    ]


@pytest.mark.parametrize("who", [0, 1])
def test_nothing_comes_of_a_bridge_when_one_of_the_two_is_gone_before(who: int) -> None:
    simulation = new()
    both = two(simulation)
    do(simulation, "bridge", both[0], call_control_id=both[1].call_control_id)
    legs.person_hangs_up(simulation, both[who])
    simulation.advance(60)
    assert "call.bridged" not in names(simulation)
    assert both[1 - who].state == "answered"


def test_a_callee_nobody_waits_for_any_more_stays_up() -> None:
    simulation = new()
    caller = talk(simulation)
    callee = dial(simulation)
    bridge(simulation, caller, callee)
    legs.person_hangs_up(simulation, caller)
    simulation.advance(60)
    assert names(simulation, callee) == ["call.initiated", "call.answered"]
    assert callee.state == "answered"


def test_what_the_two_hear_is_cut_when_they_are_bridged() -> None:
    simulation = new()
    caller, callee = two(simulation)
    do(simulation, "speak", caller, payload="x" * 100, voice="female")
    do(simulation, "speak", caller, payload="This one never begins.", voice="female")
    do(simulation, "playback_start", callee, audio_url="https://media.example/a.mp3")
    simulation.advance(1)
    seen = simulation.log.entries[-1].seq
    bridge(simulation, caller, callee)
    simulation.advance(60)
    assert story(simulation, seen) == [
        ("4.000", "app", "bridge"),
        ("4.100", "telnyx", "call.speak.ended completed"),
        ("4.100", "telnyx 2", "call.playback.ended cancelled"),
        ("4.100", "telnyx", "call.bridged"),
        ("4.100", "telnyx 2", "call.bridged"),
    ]


def test_a_second_bridge_command_before_the_first_is_done_takes_its_place() -> None:
    simulation = new()
    caller, callee = two(simulation)
    another = talk(simulation)
    do(simulation, "bridge", caller, call_control_id=callee.call_control_id)
    do(simulation, "bridge", caller, call_control_id=another.call_control_id)
    simulation.advance(1)
    assert (is_bridged(caller, another), callee.state, callee.bridged_with) == (True, "answered", None)


# What is refused


def test_a_bridge_is_with_exactly_one_thing() -> None:
    simulation = new()
    caller, callee = two(simulation)
    other = callee.call_control_id
    assert refusal(simulation, "bridge", caller, queue="")[0]["source"] == {"pointer": "/call_control_id"}
    assert code(simulation, "bridge", caller) == "10004"
    errors = refusal(simulation, "bridge", caller, call_control_id=other, queue="support")
    assert (errors[0]["code"], errors[0]["source"]) == ("10027", {"pointer": "/queue"})


def test_a_video_room_is_not_simulated_and_nothing_changes() -> None:
    simulation = new()
    caller = talk(simulation)
    with pytest.raises(Unsupported, match="video_room_id"):
        do(simulation, "bridge", caller, client_state="QQ==", video_room_id="0ccc7b54-4df3-4bca-a65a-3da1ecc777f0")
    assert (caller.client_state, story(simulation)[-1]) == (None, ("0.400", "app", "bridge 501"))


def test_the_other_leg_must_be_one_that_is_up() -> None:
    simulation = new()
    caller, callee = two(simulation)
    errors = refusal(simulation, "bridge", caller, call_control_id=UNKNOWN)
    assert (errors[0]["code"], errors[0]["source"]) == ("90015", {"pointer": "/call_control_id"})
    do(simulation, "hangup", callee)
    assert code(simulation, "bridge", caller, call_control_id=callee.call_control_id) == "90018"
    simulation.advance(1)
    assert code(simulation, "bridge", caller, call_control_id=callee.call_control_id) == "90018"
    simulation.advance(601)
    assert code(simulation, "bridge", caller, call_control_id=callee.call_control_id) == "90015"


def test_a_leg_is_not_bridged_with_itself() -> None:
    simulation = new()
    caller = talk(simulation)
    assert code(simulation, "bridge", caller, call_control_id=caller.call_control_id) == "10027"


def test_a_leg_that_is_not_answered_is_not_bridged_by_a_command_of_its_own() -> None:
    simulation = new()
    caller, callee = talk(simulation), dial(simulation)
    assert code(simulation, "bridge", callee, call_control_id=caller.call_control_id) == "90034"
    assert code(simulation, "bridge", ring(simulation), call_control_id=caller.call_control_id) == "90034"


# What a bridge carries, and what is recorded of it


@pytest.mark.parametrize(
    ("mute", "heard"),
    [
        ({}, ["hears 1 by 2", "hears 2 by 1"]),
        ({"mute_dtmf": "none"}, ["hears 1 by 2", "hears 2 by 1"]),
        ({"mute_dtmf": "self"}, ["hears 1 by 2"]),
        ({"mute_dtmf": "opposite"}, ["hears 2 by 1"]),
        ({"mute_dtmf": "both"}, []),
    ],
)
def test_a_key_is_told_of_its_own_leg_and_heard_on_the_other_one_unless_it_is_spared(
    mute: dict[str, str], heard: list[str]
) -> None:
    simulation = new()
    caller, callee = pair(simulation, **mute)
    begun = simulation.log.last_seq
    digits.person_presses(simulation, caller, "1")
    digits.person_presses(simulation, callee, "2")
    told = [(who, what) for _, who, what in story(simulation, begun)]
    assert [f"{what} by {2 if who.endswith('2') else 1}" for who, what in told if what.startswith("hears")] == heard
    assert [row for row in told if not row[1].startswith("hears")] == [
        ("person", "presses 1"),
        ("telnyx", "call.dtmf.received 1"),
        ("person 2", "presses 2"),
        ("telnyx 2", "call.dtmf.received 2"),
    ]


def test_a_bridge_that_wants_it_is_recorded_from_its_beginning_on_the_leg_of_the_command() -> None:
    simulation = new()
    caller, _ = pair(simulation, record="record-from-answer", record_format="wav", record_channels="single")
    assert [(recording.format, recording.channels) for recording in caller.recordings] == [("wav", "single")]
    begun = simulation.log.last_seq
    simulation.advance(3)
    legs.person_hangs_up(simulation, caller)
    simulation.advance(3)
    assert story(simulation, begun) == [
        ("6.100", "person", "hangs_up normal"),
        ("6.100", "telnyx", "call.hangup normal_clearing caller 200"),
        ("6.250", "telnyx 2", "call.hangup normal_clearing caller 200"),
        ("6.600", "telnyx", "call.recording.saved"),
    ]
    assert [recording.seconds for recording in simulation.world.recordings.values()] == [3.0]


def test_one_recording_too_many_is_a_warning_when_the_bridge_has_come_about() -> None:
    simulation = new()
    caller, callee = two(simulation)
    for _ in range(MOST_RUNNING):
        do(simulation, "record_start", caller, format="mp3", channels="dual")
    bridge(simulation, caller, callee, record="record-from-answer")
    assert is_bridged(caller, callee)
    assert [entry.data["text"] for entry in simulation.log.entries if entry.kind == "warning"] == [
        "20 recordings run on this call already: no further one begins"
    ]


def test_a_bridge_can_record_nothing() -> None:
    simulation = new()
    caller, _ = pair(simulation, record="")
    assert caller.recordings == ()


# One bridge at most


def test_a_leg_that_is_bridged_already_is_only_taken_away_where_nobody_minds() -> None:
    simulation = new()
    caller, callee = pair(simulation)
    another = talk(simulation)
    assert code(
        simulation, "bridge", another, call_control_id=callee.call_control_id, prevent_double_bridge=True
    ) == "10027"  # fmt: skip
    simulation.advance(1)
    assert is_bridged(caller, callee)
    seen = simulation.log.entries[-1].seq
    bridge(simulation, another, callee)
    simulation.advance(60)
    assert story(simulation, seen) == [
        ("4.500", "app 3", "bridge"),
        ("4.600", "telnyx 3", "call.bridged"),
        ("4.600", "telnyx 2", "call.bridged"),
        ("4.750", "telnyx", "call.hangup normal_clearing callee 200"),
    ]


def test_a_leg_that_goes_to_another_leaves_the_first_alone() -> None:
    simulation = new()
    caller, _ = pair(simulation)
    another = talk(simulation)
    seen = simulation.log.entries[-1].seq
    bridge(simulation, caller, another, prevent_double_bridge=True)
    simulation.advance(60)
    assert story(simulation, seen)[-1] == ("3.750", "telnyx 2", "call.hangup normal_clearing caller 200")
    assert is_bridged(caller, another)


def test_two_pairs_can_change_partners() -> None:
    simulation = new()
    one, two_ = pair(simulation)
    three, four = pair(simulation)
    bridge(simulation, one, three)
    simulation.advance(60)
    assert (is_bridged(one, three), two_.state, four.state) == (True, "ended", "ended")


def test_a_pair_that_is_bridged_again_stays_as_it_is_but_for_what_becomes_of_it() -> None:
    simulation = new()
    caller, callee = pair(simulation)
    bridge(simulation, caller, callee, park_after_unbridge="self")
    legs.person_hangs_up(simulation, callee)
    simulation.advance(60)
    assert names(simulation).count("call.bridged") == 2
    assert caller.state == "answered"


# Who is hung up and who is kept


@pytest.mark.parametrize("end", [app_hangs_up, legs.person_hangs_up])
@pytest.mark.parametrize("commanded", [0, 1])
@pytest.mark.parametrize("leaves", [0, 1])
@pytest.mark.parametrize(
    ("body", "keeps"),
    [
        ({}, False),
        ({"park_after_unbridge": "other"}, False),
        ({"hold_after_unbridge": False}, False),
        ({"park_after_unbridge": "self"}, True),
        ({"hold_after_unbridge": True}, True),
        ({"park_after_unbridge": "self", "hold_after_unbridge": True}, True),
    ],
)
def test_only_the_leg_that_the_command_addressed_is_kept_and_only_when_told_to(
    body: dict[str, Any], keeps: bool, leaves: int, commanded: int, end: End
) -> None:
    simulation = new()
    both = two(simulation)
    bridge(simulation, both[commanded], both[1 - commanded], **body)
    end(simulation, both[leaves])
    stays = both[1 - leaves]
    kept = keeps and leaves != commanded
    assert stays.state == ("answered" if kept else "ending")
    assert code(simulation, "client_state_update", stays) == ("ok" if kept else "90018")
    simulation.advance(0.15)
    assert stays.state == ("answered" if kept else "ended")
    assert (both[0].bridged_with, both[1].bridged_with) == (None, None)


@pytest.mark.parametrize(
    ("leaves", "rows"),
    [
        (0, [("3.100", "person", "hangs_up normal"),
             ("3.100", "telnyx", "call.hangup normal_clearing caller 200"),
             ("3.250", "telnyx 2", "call.hangup normal_clearing caller 200")]),
        (1, [("3.100", "person 2", "hangs_up normal"),
             ("3.100", "telnyx 2", "call.hangup normal_clearing callee 200"),
             ("3.250", "telnyx", "call.hangup normal_clearing callee 200")]),
    ],
)  # fmt: skip
def test_the_leg_that_is_left_is_hung_up_a_moment_later(leaves: int, rows: list[Row]) -> None:
    simulation = new()
    both = pair(simulation)
    seen = simulation.log.entries[-1].seq
    legs.person_hangs_up(simulation, both[leaves])
    simulation.advance(60)
    assert story(simulation, seen) == rows


def test_both_may_leave_at_the_same_time() -> None:
    simulation = new()
    both = pair(simulation)
    seen = simulation.log.entries[-1].seq
    for leg in both:
        do(simulation, "hangup", leg)
    simulation.advance(60)
    assert story(simulation, seen) == [
        ("3.100", "app", "hangup"),
        ("3.100", "app 2", "hangup"),
        ("3.250", "telnyx", "call.hangup normal_clearing callee 200"),
        ("3.250", "telnyx 2", "call.hangup normal_clearing caller 200"),
    ]


def test_a_parked_leg_can_be_bridged_again_and_is_then_as_its_own_command_says() -> None:
    simulation = new()
    caller, callee = pair(simulation, park_after_unbridge="self")
    legs.person_hangs_up(simulation, callee)
    simulation.advance(1)
    other = talk(simulation)
    bridge(simulation, caller, other)
    legs.person_hangs_up(simulation, other)
    simulation.advance(1)
    assert caller.state == "ended"


# Dial


LINKED: list[Row] = [
    ("0.400", "app 2", "dial"),
    ("0.700", "telnyx 2", "call.initiated"),
    ("2.700", "person 2", "answers"),
    ("2.700", "telnyx 2", "call.answered"),
]


def linked(simulation: Simulation, to: Leg, **body: Any) -> Leg:
    return dial(simulation, link_to=to.call_control_id, bridge_on_answer=True, **body)


def test_a_dialled_leg_is_bridged_with_its_link_by_itself_on_answer() -> None:
    simulation = new()
    caller = talk(simulation)
    callee = linked(simulation, caller, bridge_intent=True)
    simulation.advance(60)
    assert story(simulation, 4) == [
        *LINKED,
        ("2.700", "telnyx 2", "call.bridged"),
        ("2.700", "telnyx", "call.bridged"),
    ]
    assert [payload["from"] for payload in events(simulation, "call.bridged")] == [CALLER, CALLER]
    assert callee.call_session_id == caller.call_session_id
    legs.person_hangs_up(simulation, caller)
    simulation.advance(1)
    assert callee.state == "ended"


def test_a_link_that_still_rings_at_the_answer_is_waited_for() -> None:
    simulation = new()
    caller = ring(simulation)
    callee = linked(simulation, caller)
    simulation.advance(5)
    assert callee.state == "answered"
    do(simulation, "answer", caller)
    simulation.advance(60)
    assert story(simulation)[-3:] == [
        ("5.400", "telnyx", "call.answered"),
        ("5.400", "telnyx 2", "call.bridged"),
        ("5.400", "telnyx", "call.bridged"),
    ]


def test_a_dialled_leg_whose_link_is_gone_at_the_answer_stays_up_alone() -> None:
    simulation = new()
    caller = talk(simulation)
    callee = linked(simulation, caller)
    simulation.advance(1)
    legs.person_hangs_up(simulation, caller)
    simulation.advance(60)
    assert (names(simulation, callee), callee.state) == (["call.initiated", "call.answered"], "answered")


@pytest.mark.parametrize(
    ("body", "rows"),
    [
        ({"prevent_double_bridge": True}, [("5.950", "telnyx 3", "call.hangup normal_clearing caller 200")]),
        ({}, [("5.800", "telnyx 3", "call.bridged"),
              ("5.800", "telnyx", "call.bridged"),
              ("5.950", "telnyx 2", "call.hangup normal_clearing caller 200")]),
    ],
)  # fmt: skip
def test_a_dialled_leg_takes_the_place_of_another_or_gives_way(body: dict[str, Any], rows: list[Row]) -> None:
    simulation = new()
    caller, _ = pair(simulation)
    simulation.advance(0.4)
    seen = simulation.log.entries[-1].seq
    linked(simulation, caller, **body)
    simulation.advance(60)
    assert story(simulation, seen)[4:] == rows


def test_double_bridges_are_no_matter_for_a_link_that_is_free() -> None:
    simulation = new()
    caller = talk(simulation)
    callee = linked(simulation, caller, prevent_double_bridge=True)
    simulation.advance(10)
    assert is_bridged(caller, callee)


@pytest.mark.parametrize("keeps", [True, False])
def test_a_dialled_leg_is_kept_after_the_bridge_when_told_to(keeps: bool) -> None:
    simulation = new()
    caller = talk(simulation)
    callee = linked(simulation, caller, **({"park_after_unbridge": "self"} if keeps else {}))
    simulation.advance(10)
    legs.person_hangs_up(simulation, caller)
    simulation.advance(10)
    assert callee.state == ("answered" if keeps else "ended")


def test_options_that_need_a_link_are_a_warning_without_one() -> None:
    simulation = new()
    dial(simulation, bridge_on_answer=True, park_after_unbridge="self", bridge_intent=False)
    simulation.advance(10)
    assert [entry.data["text"] for entry in simulation.log.entries if entry.kind == "warning"] == [
        "dial: bridge_on_answer has no effect without link_to",
        "dial: park_after_unbridge has no effect without link_to",
    ]
    assert "call.bridged" not in names(simulation)
