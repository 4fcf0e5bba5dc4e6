"""Passing a call on: transfer, refer, and SIP INFO."""

from __future__ import annotations

from typing import Any

import pytest

from mockserver.sim import errors, legs
from mockserver.sim.events import Route
from mockserver.sim.people import Person
from mockserver.sim.simulation import Simulation
from mockserver.sim.world import Leg
from tests.sim.telling import (
    APP,
    CALLEE,
    CALLER,
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

AGENT = "+12025550171"
DESK = "sip:desk@shop.example"


def transfer(simulation: Simulation, leg: Leg, to: str = AGENT, **body: Any) -> Leg:
    """Transfer a leg; the leg that is called for it."""
    do(simulation, "transfer", leg, to=to, **body)
    return list(simulation.world.legs.values())[-1]


def since(simulation: Simulation) -> int:
    return simulation.log.entries[-1].seq


def is_bridged(leg: Leg, other: Leg) -> bool:
    return leg.bridged_with is other and other.bridged_with is leg


# Transfer: somebody answers


TRANSFERRED: list[Row] = [
    ("0.400", "app", "transfer"),
    ("0.700", "telnyx 2", "call.initiated"),
    ("2.700", "person 2", "answers"),
    ("2.700", "telnyx 2", "call.answered"),
    ("2.700", "telnyx", "call.bridged"),
    ("2.700", "telnyx 2", "call.bridged"),
]


def test_a_caller_is_transferred_and_talks_until_one_of_them_hangs_up() -> None:
    simulation = new()
    caller = talk(simulation, Person(hangs_up_after=20.0))
    seen = since(simulation)
    assert do(simulation, "transfer", caller, to=AGENT) == {"result": "ok"}
    simulation.advance(60)
    assert story(simulation, seen) == [
        *TRANSFERRED,
        ("20.400", "person", "hangs_up normal"),
        ("20.400", "telnyx", "call.hangup normal_clearing caller 200"),
        ("20.550", "telnyx 2", "call.hangup normal_clearing caller 200"),
    ]


def test_the_new_leg_is_of_the_same_session_and_shows_the_number_that_was_called() -> None:
    simulation = new()
    caller = talk(simulation)
    agent = transfer(simulation, caller, client_state="QQ==", target_leg_client_state="Qg==")
    simulation.advance(10)
    assert agent.call_session_id == caller.call_session_id
    assert agent.call_leg_id != caller.call_leg_id
    assert agent.connection_id == caller.connection_id
    initiated = events(simulation, "call.initiated")[1]
    assert {key: initiated[key] for key in ("from", "to", "direction", "state", "client_state")} == {
        "from": APP, "to": AGENT, "direction": "outgoing", "state": "bridging", "client_state": "Qg=="
    }  # fmt: skip
    bridged = [(payload["call_control_id"], payload["client_state"]) for payload in events(simulation, "call.bridged")]
    assert bridged == [(caller.call_control_id, "QQ=="), (agent.call_control_id, "Qg==")]


def test_a_transfer_carries_what_a_dial_carries() -> None:
    simulation = new(Person(DESK, outcome="no_answer"))
    headers = {
        "custom_headers": [{"name": "X-A", "value": "1"}],
        "sip_headers": [{"name": "User-to-User", "value": "2"}],
    }
    desk = transfer(
        simulation, talk(simulation), DESK, from_=CALLEE, from_display_name="Shop", timeout_secs=5, **headers
    )
    simulation.advance(60)
    assert (desk.from_, desk.from_display_name, desk.party_type) == (CALLEE, "Shop", "sip")
    assert {key: events(simulation, "call.initiated")[1][key] for key in headers} == headers
    assert story(simulation)[-1] == ("5.700", "telnyx 2", "call.hangup timeout callee 487")


def test_digits_behind_the_number_are_not_part_of_it() -> None:
    simulation = new()
    assert transfer(simulation, talk(simulation), f" {AGENT},1w2").to == AGENT


def test_the_time_limit_of_a_transfer_ends_both() -> None:
    simulation = new()
    transfer(simulation, talk(simulation), time_limit_secs=30)
    simulation.advance(60)
    assert story(simulation)[-2:] == [
        ("32.700", "telnyx 2", "call.hangup time_limit unknown 200"),
        ("32.850", "telnyx", "call.hangup normal_clearing callee 200"),
    ]


def test_a_transferred_caller_is_kept_when_told_to_and_can_be_transferred_again() -> None:
    simulation = new(Person(AGENT, hangs_up_after=5.0))
    caller = talk(simulation)
    transfer(simulation, caller, park_after_unbridge="self")
    simulation.advance(10)
    assert caller.state == "answered"
    another = transfer(simulation, caller, CALLEE)
    simulation.advance(5)
    assert is_bridged(caller, another)
    legs.person_hangs_up(simulation, another)
    simulation.advance(1)
    assert caller.state == "ended"  # as the second transfer had it


def test_speech_is_cut_when_the_transfer_is_answered_and_not_before() -> None:
    simulation = new()
    caller = talk(simulation)
    do(simulation, "speak", caller, payload="x" * 100, voice="female")
    transfer(simulation, caller)
    simulation.advance(60)
    assert story(simulation)[-4:] == [
        ("2.700", "telnyx 2", "call.answered"),
        ("2.700", "telnyx", "call.speak.ended completed"),
        ("2.700", "telnyx", "call.bridged"),
        ("2.700", "telnyx 2", "call.bridged"),
    ]


def test_webhooks_of_the_new_leg_go_where_the_transfer_says_and_those_of_the_caller_where_they_went() -> None:
    simulation = new(route=Route(url="https://app.example/"))
    caller = talk(simulation)
    agent = transfer(simulation, caller, webhook_url="https://desk.example/")
    another = transfer(simulation, caller)
    simulation.advance(10)
    urls = {
        (entry.call_control_id, entry.route.url)
        for entry in simulation.log.entries
        if entry.kind == "webhook" and entry.route is not None
    }
    assert urls == {
        (caller.call_control_id, "https://app.example/"),
        (agent.call_control_id, "https://desk.example/"),
        (another.call_control_id, "https://app.example/"),
    }


def test_an_outgoing_leg_is_transferred_too_and_shows_the_number_it_called() -> None:
    simulation = new()
    callee = dial(simulation)
    simulation.advance(3)
    agent = transfer(simulation, callee)
    simulation.advance(3)
    assert (is_bridged(callee, agent), agent.from_) == (True, CALLEE)


# Transfer: nobody answers


@pytest.mark.parametrize(
    ("person", "end"),
    [
        (Person(AGENT, outcome="busy"), ("0.700", "telnyx 2", "call.hangup user_busy callee 486")),
        (Person(AGENT, outcome="decline"), ("2.700", "telnyx 2", "call.hangup call_rejected callee 603")),
        (Person(AGENT, outcome="unassigned"), ("0.700", "telnyx 2", "call.hangup not_found callee 404")),
        (Person(AGENT, outcome="no_answer"), ("30.700", "telnyx 2", "call.hangup timeout callee 487")),
    ],
)
def test_a_transfer_that_nobody_takes_leaves_the_caller_as_before(person: Person, end: Row) -> None:
    simulation = new(person)
    caller = talk(simulation)
    transfer(simulation, caller)
    simulation.advance(60)
    assert story(simulation)[-1] == end
    assert names(simulation, caller) == ["call.initiated", "call.answered"]
    another = transfer(simulation, caller, CALLEE)
    simulation.advance(10)
    assert is_bridged(caller, another)


@pytest.mark.parametrize(
    ("at", "rows"),
    [
        pytest.param(
            0.1,
            [
                ("0.500", "telnyx", "call.hangup normal_clearing caller 200"),
                ("0.700", "telnyx 2", "call.initiated"),
                ("0.850", "telnyx 2", "call.hangup originator_cancel caller 487"),
            ],
            id="dialed",
        ),
        pytest.param(
            1.0,
            [
                ("0.700", "telnyx 2", "call.initiated"),
                ("1.400", "telnyx", "call.hangup normal_clearing caller 200"),
                ("1.550", "telnyx 2", "call.hangup originator_cancel caller 487"),
            ],
            id="ringing",
        ),
    ],
)
def test_a_caller_who_hangs_up_ends_the_call_that_rings_for_them(at: float, rows: list[Row]) -> None:
    simulation = new()
    caller = talk(simulation)
    transfer(simulation, caller)
    simulation.advance(at)
    legs.person_hangs_up(simulation, caller)
    simulation.advance(60)
    assert [row for row in story(simulation, 5) if row[1].startswith("telnyx")] == rows


def test_an_agent_who_answers_a_caller_that_is_being_hung_up_is_let_go() -> None:
    simulation = new()
    caller = talk(simulation)
    transfer(simulation, caller)
    simulation.advance(2.2)
    do(simulation, "hangup", caller)
    simulation.advance(60)
    assert story(simulation)[-3:] == [
        ("2.700", "telnyx 2", "call.answered"),
        ("2.750", "telnyx", "call.hangup normal_clearing callee 200"),
        ("2.900", "telnyx 2", "call.hangup normal_clearing caller 200"),
    ]


def test_an_agent_who_waits_for_a_caller_to_be_answered_is_let_go_when_the_caller_goes() -> None:
    simulation = new(Person(AGENT, answers_after=1.0))
    caller = ring(simulation)
    transfer(simulation, caller)
    simulation.advance(1.2)
    do(simulation, "answer", caller)
    simulation.advance(0.2)
    legs.person_hangs_up(simulation, caller)
    simulation.advance(60)
    assert story(simulation)[-3:] == [
        ("1.400", "person", "hangs_up normal"),
        ("1.400", "telnyx", "call.hangup originator_cancel caller 487"),
        ("1.550", "telnyx 2", "call.hangup normal_clearing caller 200"),
    ]


def test_another_transfer_takes_the_place_of_one_that_still_rings() -> None:
    simulation = new(Person(AGENT, outcome="no_answer"))
    caller = talk(simulation)
    first = transfer(simulation, caller)
    simulation.advance(1)
    second = transfer(simulation, caller, CALLEE)
    simulation.advance(60)
    assert story(simulation)[-6:] == [
        ("1.550", "telnyx 2", "call.hangup originator_cancel caller 487"),
        ("1.700", "telnyx 3", "call.initiated"),
        ("3.700", "person 3", "answers"),
        ("3.700", "telnyx 3", "call.answered"),
        ("3.700", "telnyx", "call.bridged"),
        ("3.700", "telnyx 3", "call.bridged"),
    ]
    assert (first.state, is_bridged(caller, second)) == ("ended", True)


def test_a_caller_who_is_bridged_meanwhile_does_not_need_the_transfer_any_more() -> None:
    simulation = new(Person(AGENT, outcome="no_answer"))
    caller, other = talk(simulation), talk(simulation)
    agent = transfer(simulation, caller)
    do(simulation, "bridge", other, call_control_id=caller.call_control_id)
    simulation.advance(1)
    assert (is_bridged(caller, other), agent.state) == (True, "ended")


def test_a_bridged_caller_leaves_the_bridge_when_the_transfer_is_answered() -> None:
    simulation = new(Person(CALLEE, outcome="busy"))
    caller, other = talk(simulation), talk(simulation)
    do(simulation, "bridge", caller, call_control_id=other.call_control_id)
    simulation.advance(1)
    transfer(simulation, caller, CALLEE)
    simulation.advance(10)
    assert is_bridged(caller, other)
    agent = transfer(simulation, caller)
    simulation.advance(10)
    assert (is_bridged(caller, agent), other.state) == (True, "ended")


# Transfer of a caller whom nobody has answered


def test_a_caller_who_still_rings_is_answered_when_the_transfer_is() -> None:
    simulation = new()
    caller = ring(simulation)
    transfer(simulation, caller)
    simulation.advance(100)
    assert story(simulation) == [
        ("0.000", "person", "calls"),
        ("0.000", "telnyx", "call.initiated"),
        ("0.000", "app", "transfer"),
        ("0.300", "telnyx 2", "call.initiated"),
        ("2.300", "person 2", "answers"),
        ("2.300", "telnyx 2", "call.answered"),
        ("2.300", "telnyx", "call.answered"),
        ("2.300", "telnyx", "call.bridged"),
        ("2.300", "telnyx 2", "call.bridged"),
    ]


def test_a_caller_who_gives_up_while_the_transfer_rings_ends_it() -> None:
    simulation = new(Person(AGENT, outcome="no_answer"))
    transfer(simulation, ring(simulation, Person(gives_up_after=5.0)))
    simulation.advance(60)
    assert story(simulation)[-2:] == [
        ("5.000", "telnyx", "call.hangup originator_cancel caller 487"),
        ("5.150", "telnyx 2", "call.hangup originator_cancel caller 487"),
    ]


def test_a_caller_who_is_answered_while_the_transfer_rings_is_bridged_once_both_are() -> None:
    simulation = new()
    caller = ring(simulation)
    transfer(simulation, caller)
    simulation.advance(2.2)
    do(simulation, "answer", caller)
    simulation.advance(60)
    assert story(simulation)[-4:] == [
        ("2.300", "telnyx 2", "call.answered"),
        ("2.600", "telnyx", "call.answered"),
        ("2.600", "telnyx", "call.bridged"),
        ("2.600", "telnyx 2", "call.bridged"),
    ]


# Transfer: refusals


@pytest.mark.parametrize(
    ("body", "codes"),
    [
        ({"to": "555"}, "10016"),
        ({"to": ""}, "10016"),
        ({"to": AGENT, "from_": "desk"}, "10016"),
        ({"to": DESK, "from_": "desk"}, "ok"),
        ({"to": AGENT, "target_leg_client_state": "bad"}, "90017"),
        ({"to": AGENT, "webhook_urls": {"call.unknown": ["https://a.example/"]}}, "90057"),
        ({"to": "+15005550403"}, "10010"),
        ({"to": "+15005550041"}, "90041"),
    ],
)
def test_a_transfer_is_refused_for_what_a_dial_is_refused_for(body: dict[str, Any], codes: str) -> None:
    simulation = new()
    assert code(simulation, "transfer", talk(simulation), **body) == codes


def test_a_bad_state_of_the_new_leg_is_pointed_at() -> None:
    simulation = new()
    problems = refusal(simulation, "transfer", talk(simulation), to=AGENT, target_leg_client_state="bad")
    assert problems[0]["source"] == {"pointer": "/target_leg_client_state"}


def test_a_transfer_that_is_refused_leaves_an_earlier_one_alone() -> None:
    simulation = new(Person(AGENT, outcome="no_answer"))
    caller = talk(simulation)
    agent = transfer(simulation, caller, park_after_unbridge="self")
    assert code(simulation, "transfer", caller, to="555") == "10016"
    assert (agent.state, caller.called, caller.after_unbridge) == ("dialed", agent, "park")


# Transfer: what whoever answers hears first

HELLO = {"audio_url": "https://a.example/hello.mp3"}
WELCOMED: list[Row] = [
    *TRANSFERRED[:4],
    ("3.200", "telnyx 2", "call.playback.started"),
]


def test_whoever_answers_hears_the_audio_to_its_end_before_the_bridge() -> None:
    simulation = new()
    caller = talk(simulation)
    begun = since(simulation)
    agent = transfer(simulation, caller, **HELLO, send_digits_on_answer="1")
    simulation.advance(20)
    assert story(simulation, begun) == [
        *TRANSFERRED[:4],
        ("2.700", "person 2", "hears 1"),
        ("3.200", "telnyx 2", "call.playback.started"),
        ("13.200", "telnyx 2", "call.playback.ended completed"),
        ("13.200", "telnyx", "call.bridged"),
        ("13.200", "telnyx 2", "call.bridged"),
    ]
    assert is_bridged(caller, agent)


def test_audio_that_is_stopped_is_at_its_end() -> None:
    simulation = new()
    caller = talk(simulation)
    begun = since(simulation)
    agent = transfer(simulation, caller, **HELLO)
    simulation.advance(4.6)
    do(simulation, "playback_stop", agent)
    assert story(simulation, begun) == [
        *WELCOMED,
        ("5.000", "telnyx 2", "call.playback.ended cancelled"),
        ("5.000", "telnyx", "call.bridged"),
        ("5.000", "telnyx 2", "call.bridged"),
        ("5.000", "app 2", "playback_stop"),
    ]


def test_a_caller_who_hangs_up_during_the_audio_takes_the_new_leg_along() -> None:
    simulation = new()
    caller = talk(simulation)
    begun = since(simulation)
    transfer(simulation, caller, **HELLO)
    simulation.advance(4.6)
    legs.person_hangs_up(simulation, caller)
    simulation.advance(20)
    assert story(simulation, begun) == [
        *WELCOMED,
        ("5.000", "person", "hangs_up normal"),
        ("5.000", "telnyx", "call.hangup normal_clearing caller 200"),
        ("5.150", "telnyx 2", "call.playback.ended call_hangup"),
        ("5.150", "telnyx 2", "call.hangup normal_clearing caller 200"),
    ]


def test_whoever_hangs_up_during_the_audio_leaves_the_caller_alone() -> None:
    simulation = new(Person(AGENT, hangs_up_after=2.3))
    caller = talk(simulation)
    begun = since(simulation)
    transfer(simulation, caller, **HELLO)
    simulation.advance(20)
    assert story(simulation, begun) == [
        *WELCOMED,
        ("5.000", "person 2", "hangs_up normal"),
        ("5.000", "telnyx 2", "call.playback.ended call_hangup"),
        ("5.000", "telnyx 2", "call.hangup normal_clearing callee 200"),
    ]
    assert caller.state == "answered"


@pytest.mark.parametrize("with_caller", [False, True])
def test_a_leg_that_is_bridged_during_the_audio_is_waited_for_no_longer(with_caller: bool) -> None:
    simulation = new()
    caller = talk(simulation)
    other = caller if with_caller else talk(simulation)
    agent = transfer(simulation, caller, **HELLO)
    simulation.advance(4.6)
    begun = since(simulation)
    do(simulation, "bridge", other, call_control_id=agent.call_control_id)
    simulation.advance(20)
    assert [what for _, _, what in story(simulation, begun)] == [
        "bridge",
        "call.playback.ended cancelled",
        "call.bridged",
        "call.bridged",
    ]
    assert is_bridged(other, agent)
    assert (agent.meeting, caller.called, caller.state) == (None, None, "answered")


def test_a_transfer_spares_whom_it_is_told_to_the_tones_of_keys() -> None:
    simulation = new()
    caller = talk(simulation)
    agent = transfer(simulation, caller, mute_dtmf="opposite")
    simulation.advance(3)
    assert (caller.spared_tones, agent.spared_tones) == (False, True)


def test_an_application_that_transfers_its_own_legs_for_ever_is_stopped() -> None:
    simulation = new(loop_guard=5)
    leg, codes = talk(simulation), []
    for number in range(7):
        codes.append(code(simulation, "transfer", leg, to=f"+1202555000{number}"))
        simulation.advance(3)
        leg = list(simulation.world.legs.values())[-1]
    assert codes == ["ok"] * 5 + ["90041"] * 2
    warning = next(entry.data["text"] for entry in simulation.log.entries if entry.kind == "warning")
    assert f"5 calls in the session {leg.call_session_id} within a minute" in warning
    simulation.advance(60)
    assert code(simulation, "transfer", talk(simulation), to=AGENT) == "ok"


# Refer


REFERRED: list[Row] = [("0.400", "app", "refer"), ("0.600", "telnyx", "call.refer.started")]


@pytest.mark.parametrize(
    ("person", "rows"),
    [
        (
            Person(DESK),
            [
                ("2.600", "telnyx", "call.refer.completed"),
                ("2.750", "telnyx", "call.hangup normal_clearing callee 200"),
            ],
        ),
        (Person(DESK, outcome="busy"), [("0.600", "telnyx", "call.refer.failed")]),
        (Person(DESK, outcome="decline", answers_after=4.0), [("4.600", "telnyx", "call.refer.failed")]),
        (Person(DESK, outcome="no_answer"), [("30.600", "telnyx", "call.refer.failed")]),
        (Person(DESK, outcome="unassigned"), [("0.600", "telnyx", "call.refer.failed")]),
    ],
)
def test_who_is_at_the_address_decides_what_comes_of_a_refer(person: Person, rows: list[Row]) -> None:
    simulation = new(person)
    caller = talk(simulation)
    seen = since(simulation)
    assert do(simulation, "refer", caller, sip_address=DESK) == {"result": "ok"}
    simulation.advance(100)
    assert story(simulation, seen) == [*REFERRED, *rows]
    assert (caller.state == "ended") == (person.outcome == "answer")


@pytest.mark.parametrize(
    ("person", "name", "status"),
    [
        (Person(DESK), "completed", 200),
        (Person(DESK, outcome="busy"), "failed", 486),
        (Person(DESK, outcome="decline"), "failed", 603),
        (Person(DESK, outcome="no_answer"), "failed", 480),
        (Person(DESK, outcome="unassigned"), "failed", 404),
        (Person(DESK, refused=errors.DESTINATION_NOT_ALLOWED), "failed", 403),
    ],
)
def test_a_refer_tells_the_sip_status_of_its_progress(person: Person, name: str, status: int) -> None:
    simulation = new(person)
    do(simulation, "refer", talk(simulation), sip_address=f" {DESK} ", client_state="QQ==")
    simulation.advance(100)
    told = [events(simulation, f"call.refer.{which}")[0] for which in ("started", name)]
    assert [payload["sip_notify_response"] for payload in told] == [100, status]
    assert all((payload["from"], payload["to"], payload["client_state"]) == (CALLER, APP, "QQ==") for payload in told)


def test_a_call_can_be_referred_again_when_it_failed_and_not_before() -> None:
    simulation = new(Person(DESK, outcome="busy"))
    caller = talk(simulation)
    do(simulation, "refer", caller, sip_address=DESK)
    problems = refusal(simulation, "refer", caller, sip_address="sip:other@shop.example")
    assert (problems[0]["code"], problems[0]["source"]) == ("10027", {"pointer": "/sip_address"})
    simulation.advance(10)
    do(simulation, "refer", caller, sip_address="sip:other@shop.example")
    simulation.advance(10)
    assert caller.state == "ended"


@pytest.mark.parametrize(("address", "codes"), [(" ", "10004"), ("desk", "10027"), (AGENT, "10027")])
def test_a_call_is_referred_to_a_sip_address(address: str, codes: str) -> None:
    simulation = new()
    assert code(simulation, "refer", talk(simulation), sip_address=address) == codes


def test_a_refer_never_comes_before_the_call_it_is_about() -> None:
    simulation = new(Person(DESK, answers_after=1.0))
    do(simulation, "refer", dial(simulation), sip_address=DESK)
    simulation.advance(10)
    assert story(simulation) == [
        ("0.000", "app", "dial"),
        ("0.000", "app", "refer"),
        ("0.300", "telnyx", "call.initiated"),
        ("0.500", "telnyx", "call.refer.started"),
        ("1.500", "telnyx", "call.refer.completed"),
        ("1.650", "telnyx", "call.hangup originator_cancel caller 487"),
    ]


def test_a_call_that_ends_takes_its_refer_with_it() -> None:
    simulation = new()
    caller = talk(simulation)
    do(simulation, "refer", caller, sip_address=DESK)
    simulation.advance(1)
    legs.person_hangs_up(simulation, caller)
    simulation.advance(60)
    assert names(simulation)[2:] == ["call.refer.started", "call.hangup"]


def test_a_referred_leg_leaves_its_bridge() -> None:
    simulation = new()
    caller, other = talk(simulation), talk(simulation)
    do(simulation, "bridge", caller, call_control_id=other.call_control_id)
    do(simulation, "refer", caller, sip_address=DESK)
    simulation.advance(10)
    assert (caller.state, other.state) == ("ended", "ended")


# SIP INFO


@pytest.mark.parametrize(
    ("text", "codes"), [("", "ok"), ("x" * 1400, "ok"), ("x" * 1401, "10025"), ("ä" * 700, "ok"), ("ä" * 701, "10025")]
)
def test_a_sip_info_has_at_most_1400_bytes(text: str, codes: str) -> None:
    simulation = new()
    assert code(simulation, "send_sip_info", talk(simulation), content_type="text/plain", body=text) == codes


def test_a_sip_info_is_not_reported() -> None:
    simulation = new()
    caller = talk(simulation)
    seen = since(simulation)
    do(simulation, "send_sip_info", caller, content_type="application/json", body='{"order": 7}')
    simulation.advance(60)
    assert story(simulation, seen) == [("0.400", "app", "send_sip_info")]
