"""Outgoing legs: what follows a dial, until the call is over."""

from __future__ import annotations

from typing import Any

import pytest

from mockserver.sim import legs
from mockserver.sim.people import Person
from mockserver.sim.simulation import Simulation
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
    new,
    refusal,
    ring,
    story,
    talk,
)

DIALED: list[Row] = [("0.000", "app", "dial"), ("0.300", "telnyx", "call.initiated")]
ANSWERED: list[Row] = [*DIALED, ("2.300", "person", "answers"), ("2.300", "telnyx", "call.answered")]


def test_an_answered_call_lasts_until_the_application_hangs_up() -> None:
    simulation = new()
    leg = dial(simulation)
    simulation.advance(10)
    do(simulation, "hangup", leg)
    simulation.advance(10)
    assert story(simulation) == [
        *ANSWERED,
        ("10.000", "app", "hangup"),
        ("10.150", "telnyx", "call.hangup normal_clearing caller 200"),
    ]


def test_an_answered_call_lasts_until_the_callee_hangs_up() -> None:
    simulation = new(Person(CALLEE, hangs_up_after=5.0))
    dial(simulation)
    simulation.advance(60)
    assert story(simulation) == [
        *ANSWERED,
        ("7.300", "person", "hangs_up normal"),
        ("7.300", "telnyx", "call.hangup normal_clearing callee 200"),
    ]


@pytest.mark.parametrize(
    ("person", "options", "end"),
    [
        (
            Person(outcome="busy"),
            {},
            [("0.300", "person", "turns_down busy"), ("0.300", "telnyx", "call.hangup user_busy callee 486")],
        ),
        (
            Person(outcome="decline", answers_after=4.0),
            {},
            [("4.300", "person", "turns_down decline"), ("4.300", "telnyx", "call.hangup call_rejected callee 603")],
        ),
        (
            Person(outcome="unassigned"),
            {},
            [("0.300", "person", "turns_down unassigned"), ("0.300", "telnyx", "call.hangup not_found callee 404")],
        ),
        (Person(outcome="no_answer"), {}, [("30.300", "telnyx", "call.hangup timeout callee 487")]),
        (Person(outcome="no_answer"), {"timeout_secs": 5}, [("5.300", "telnyx", "call.hangup timeout callee 487")]),
        (
            Person(outcome="no_answer"),
            {"timeout_secs": 5, "retry_on_timeout": True},
            [("5.300", "telnyx", "call.hangup timeout callee 487")],
        ),
        (
            Person(outcome="no_answer"),
            {"timeout_secs": 5, "retry_on_timeout": False},
            [("5.300", "telnyx", "call.hangup no_answer callee 480")],
        ),
        (Person(answers_after=6.0), {"timeout_secs": 5}, [("5.300", "telnyx", "call.hangup timeout callee 487")]),
        (Person(outcome="decline", answers_after=9.0), {"timeout_secs": 5},
         [("5.300", "telnyx", "call.hangup timeout callee 487")]),
    ],
)  # fmt: skip
def test_a_call_that_is_not_answered_ends_by_itself(person: Person, options: Any, end: list[Row]) -> None:
    simulation = new(person)
    dial(simulation, **options)
    simulation.advance(100)
    assert story(simulation) == [*DIALED, *end]


@pytest.mark.parametrize(("limit", "end"), [({}, "14402.300"), ({"time_limit_secs": 30}, "32.300")])
def test_the_time_limit_of_a_call_counts_from_its_answer(limit: Any, end: str) -> None:
    simulation = new()
    dial(simulation, **limit)
    simulation.advance(20_000)
    assert story(simulation) == [*ANSWERED, (end, "telnyx", "call.hangup time_limit unknown 200")]


@pytest.mark.parametrize(
    ("at", "rows"),
    [
        pytest.param(
            0.1,
            [
                ("0.000", "app", "dial"),
                ("0.100", "app", "hangup"),
                ("0.300", "telnyx", "call.initiated"),
                ("0.450", "telnyx", "call.hangup originator_cancel caller 487"),
            ],
            id="dialed",
        ),
        pytest.param(
            1.0,
            [*DIALED, ("1.000", "app", "hangup"), ("1.150", "telnyx", "call.hangup originator_cancel caller 487")],
            id="ringing",
        ),
        pytest.param(
            2.25,
            [*DIALED, ("2.250", "app", "hangup"), ("2.400", "telnyx", "call.hangup originator_cancel caller 487")],
            id="about to answer",
        ),
        pytest.param(
            3.0,
            [*ANSWERED, ("3.000", "app", "hangup"), ("3.150", "telnyx", "call.hangup normal_clearing caller 200")],
            id="answered",
        ),
    ],
)
def test_hanging_up_works_at_any_time(at: float, rows: list[Row]) -> None:
    simulation = new()
    leg = dial(simulation)
    simulation.advance(at)
    do(simulation, "hangup", leg)
    simulation.advance(100)
    assert story(simulation) == rows


def test_hanging_up_twice_is_refused() -> None:
    simulation = new()
    leg = dial(simulation)
    do(simulation, "hangup", leg)
    assert code(simulation, "hangup", leg) == "90018"
    simulation.advance(1)
    assert refusal(simulation, "hangup", leg) == [
        {
            "code": "90018",
            "title": "Call has already ended",
            "detail": "This call is no longer active and can't receive commands.",
        }
    ]


def test_a_callee_who_leaves_before_the_hangup_is_done_ends_the_call() -> None:
    simulation = new()
    leg = dial(simulation)
    simulation.advance(3)
    do(simulation, "hangup", leg)
    simulation.advance(0.1)
    legs.person_hangs_up(simulation, leg)
    legs.person_hangs_up(simulation, leg)
    simulation.advance(100)
    assert story(simulation) == [
        *ANSWERED,
        ("3.000", "app", "hangup"),
        ("3.100", "person", "hangs_up normal"),
        ("3.100", "telnyx", "call.hangup normal_clearing callee 200"),
    ]


@pytest.mark.parametrize(
    ("outcome", "end"),
    [
        ("normal", "call_rejected callee 603"),
        ("decline", "call_rejected callee 603"),
        ("busy", "user_busy callee 486"),
        ("no_answer", "no_answer callee 480"),
    ],
)
def test_a_callee_can_be_told_how_not_to_answer(outcome: str, end: str) -> None:
    simulation = new(Person(outcome="no_answer"))
    leg = dial(simulation)
    simulation.advance(1)
    legs.person_hangs_up(simulation, leg, outcome)
    simulation.advance(100)
    assert story(simulation) == [
        *DIALED,
        ("1.000", "person", f"hangs_up {outcome}"),
        ("1.000", "telnyx", f"call.hangup {end}"),
    ]


def test_a_call_that_is_turned_down_before_it_was_reported_is_reported_all_the_same() -> None:
    simulation = new()
    leg = dial(simulation)
    simulation.advance(0.1)
    legs.person_hangs_up(simulation, leg, "busy")
    simulation.advance(100)
    assert story(simulation) == [
        ("0.000", "app", "dial"),
        ("0.100", "person", "hangs_up busy"),
        ("0.100", "telnyx", "call.initiated"),
        ("0.100", "telnyx", "call.hangup user_busy callee 486"),
    ]


def test_a_callee_can_be_told_to_answer() -> None:
    simulation = new(Person(outcome="no_answer"))
    leg = dial(simulation)
    legs.person_answers(simulation, leg)  # it does not ring yet
    simulation.advance(1)
    legs.person_answers(simulation, leg)
    legs.person_answers(simulation, leg)
    simulation.advance(60)
    assert story(simulation) == [
        *DIALED,
        ("1.000", "person", "answers"),
        ("1.000", "telnyx", "call.answered"),
    ]


# Destinations


def test_the_response_of_dial_names_a_call_that_is_not_up_yet() -> None:
    simulation = new()
    data = do(simulation, "dial", to=CALLEE, from_=APP, connection_id=CONNECTION, client_state="QQ==")
    leg = simulation.world.legs[data["call_control_id"]]
    assert data == {
        "record_type": "call",
        "call_control_id": leg.call_control_id,
        "call_leg_id": leg.call_leg_id,
        "call_session_id": leg.call_session_id,
        "is_alive": False,
        "client_state": "QQ==",
    }
    assert "client_state" not in do(simulation, "dial", to=CALLEE, from_=APP, connection_id=CONNECTION)


@pytest.mark.parametrize(
    ("to", "from_", "codes"),
    [
        (CALLEE, APP, "ok"),
        ("sip:desk@shop.example", "desk", "ok"),
        ("sips:desk@shop.example", APP, "ok"),
        (["sip:a@b.example", "sip:c@d.example"], "desk", "ok"),
        (f" {CALLEE} ", APP, "ok"),
        (f"{CALLEE},200", APP, "ok"),
        (f"{CALLEE},1wW2*#A", APP, "ok"),
        (f"{CALLEE},x", APP, "10016"),
        ("555-0100", APP, "10016"),
        ("12025550162", APP, "10016"),
        ("+0123", APP, "10016"),
        ("+1202555016212345", APP, "10016"),
        ("+١٢٣٤٥٦٧", APP, "10016"),
        ("", APP, "10016"),
        (CALLEE, "anonymous", "10016"),
        ("555", "anonymous", "10016 10016"),
        ([CALLEE, "555"], APP, "10016"),
        (["555", "556"], APP, "10016"),
        ([f"{CALLEE},200"], APP, "10016"),
        (["sip:a@b.example", CALLEE], "desk", "10016"),
        ([], APP, "10004"),
    ],
)
def test_numbers_are_e164_or_sip(to: Any, from_: str, codes: str) -> None:
    assert code(new(), "dial", to=to, from_=from_, connection_id=CONNECTION) == codes


def test_each_bad_number_is_pointed_at() -> None:
    errors = refusal(new(), "dial", to="555", from_="556", connection_id=CONNECTION)
    assert [(error["source"], error["detail"]) for error in errors] == [
        ({"pointer": "/to"}, "The 'to' parameter must be in E164 format."),
        ({"pointer": "/from"}, "The 'from' parameter must be in E164 format."),
    ]


def test_digits_behind_a_number_are_not_part_of_it() -> None:
    simulation = new()
    assert dial(simulation, f"{CALLEE},200").to == CALLEE
    assert dial(simulation, "sip:a,1b@shop.example").to == "sip:a,1b@shop.example"


def test_of_several_destinations_the_first_to_answer_gets_the_call() -> None:
    slow, fast, busy = (
        Person("+12025550001", answers_after=5),
        Person("+12025550002"),
        Person("+12025550003", outcome="busy"),
    )
    simulation = new(slow, fast, busy)
    dial(simulation, [busy.number, slow.number, fast.number])
    simulation.advance(10)
    assert story(simulation) == ANSWERED
    assert [payload["to"] for payload in events(simulation, "call.initiated")] == [busy.number]
    assert [payload["to"] for payload in events(simulation, "call.answered")] == [fast.number]


@pytest.mark.parametrize(
    ("outcomes", "end"),
    [
        (("busy", "unassigned"), ("0.300", "telnyx", "call.hangup user_busy callee 486")),
        (("decline", "busy"), ("2.300", "telnyx", "call.hangup call_rejected callee 603")),
        (("decline", "no_answer", "busy"), ("30.300", "telnyx", "call.hangup timeout callee 487")),
    ],
)
def test_of_several_destinations_the_one_that_rings_longest_decides_when_nobody_answers(
    outcomes: tuple[str, ...], end: tuple[str, str, str]
) -> None:
    them = [Person(f"+1202555000{index}", outcome=outcome) for index, outcome in enumerate(outcomes)]
    simulation = new(*them)
    dial(simulation, [person.number for person in them])
    simulation.advance(100)
    assert story(simulation)[-1] == end


def test_a_destination_that_may_not_be_dialled_is_no_reason_to_refuse_the_others() -> None:
    simulation = new()
    assert dial(simulation, ["+15005550403", CALLEE]).person is not None
    assert code(simulation, "dial", to=["+15005550403"], from_=APP, connection_id=CONNECTION) == "10010"


# Links


def test_a_linked_call_shares_the_session_and_nothing_else() -> None:
    simulation = new()
    first = talk(simulation)
    linked = dial(simulation, link_to=first.call_control_id)
    alone = dial(simulation)
    assert linked.call_session_id == first.call_session_id != alone.call_session_id
    assert len({first.call_leg_id, linked.call_leg_id, alone.call_leg_id}) == 3
    assert linked.from_ == APP


def test_a_call_that_shall_be_bridged_shows_the_number_of_the_first_caller() -> None:
    simulation = new()
    first = talk(simulation)
    linked = dial(simulation, link_to=first.call_control_id, bridge_intent=True)
    assert linked.from_ == CALLER
    assert dial(simulation, bridge_intent=True).from_ == APP


def test_a_call_can_only_be_linked_to_one_that_is_up() -> None:
    simulation = new()
    first = ring(simulation)
    assert refusal(
        simulation, "dial", to=CALLEE, from_=APP, connection_id=CONNECTION, link_to=UNKNOWN
    )[0]["source"] == {"pointer": "/link_to"}  # fmt: skip
    legs.person_hangs_up(simulation, first)
    request: dict[str, Any] = {
        "to": CALLEE, "from_": APP, "connection_id": CONNECTION, "link_to": first.call_control_id
    }  # fmt: skip
    assert code(simulation, "dial", **request) == "90018"
    simulation.advance(601)
    assert code(simulation, "dial", **request) == "90015"


# What whoever answers hears first


def heard(simulation: Simulation) -> list[Row]:
    return [row for row in story(simulation) if row[2].startswith("hears")]


@pytest.mark.parametrize(
    ("to", "body", "keys"),
    [
        (CALLEE, {"send_digits_on_answer": "1w2W#"}, "1w2W#"),
        (f"{CALLEE},200", {}, "200"),
        (f" {CALLEE},200 ", {"send_digits_on_answer": ""}, "200"),
        (f"{CALLEE},200", {"send_digits_on_answer": "9"}, "9"),
        (f"{CALLEE},{'0' * 64}", {}, "0" * 64),
    ],
)
def test_keys_are_sent_at_the_answer_the_field_before_those_behind_the_number(
    to: str, body: dict[str, Any], keys: str
) -> None:
    simulation = new()
    leg = dial(simulation, to, **body)
    simulation.advance(10)
    assert (leg.to, heard(simulation)) == (CALLEE, [("2.300", "person", f"hears {keys}")])


def test_no_keys_are_sent_to_several_destinations_or_where_there_are_none() -> None:
    simulation = new()
    dial(simulation)
    dial(simulation, [CALLEE, "+12025550163"], send_digits_on_answer="")
    simulation.advance(10)
    assert heard(simulation) == []


@pytest.mark.parametrize(
    ("body", "codes"),
    [
        ({"send_digits_on_answer": "1x"}, "90014"),
        ({"send_digits_on_answer": "1" * 65}, "10025"),
        ({"to": f"{CALLEE},{'0' * 65}"}, "10016"),
        ({"to": [f"{CALLEE},200"]}, "10016"),
        ({"audio_url": "https://a.example/a.mp3", "media_name": "a"}, "10027"),
        ({"media_encryption": "SRTP"}, "10011"),
        ({"media_encryption": "SRTP", "to": ["sip:desk@shop.example", CALLEE]}, "10011"),
        ({"media_encryption": "SRTP", "to": "sip:desk@shop.example"}, "ok"),
        ({"media_encryption": "DTLS"}, "ok"),
    ],
)
def test_what_cannot_be_sent_played_or_encrypted_is_refused(body: dict[str, Any], codes: str) -> None:
    simulation = new()
    request = {"to": CALLEE, "from_": APP, "connection_id": "1"}
    assert code(simulation, "dial", **{**request, **body}) == codes
    leg = talk(simulation)
    if isinstance(body.get("to", ""), str):
        assert code(simulation, "transfer", leg, **{"to": CALLEE, **body}) == codes


@pytest.mark.parametrize("sound", [{"audio_url": "https://a.example/a.mp3"}, {"media_name": "a"}])
def test_whoever_answers_hears_the_audio_of_the_command(sound: dict[str, str]) -> None:
    simulation = new()
    dial(simulation, **sound)
    simulation.advance(20)
    assert story(simulation)[3:] == [
        ("2.300", "telnyx", "call.answered"),
        ("2.800", "telnyx", "call.playback.started"),
        ("12.800", "telnyx", "call.playback.ended completed"),
    ]
    (payload,) = events(simulation, "call.playback.started")
    assert sound.items() <= {"audio_url": payload.get("media_url"), **payload}.items()


def test_a_bridge_on_answer_waits_for_the_audio() -> None:
    simulation = new()
    caller = talk(simulation)
    dial(simulation, link_to=caller.call_control_id, bridge_on_answer=True, media_name="a")
    simulation.advance(20)
    assert story(simulation)[-3:] == [
        ("13.200", "telnyx 2", "call.playback.ended completed"),
        ("13.200", "telnyx 2", "call.bridged"),
        ("13.200", "telnyx", "call.bridged"),
    ]


# What is carried


def test_options_without_effect_are_a_warning_and_nothing_else() -> None:
    simulation = new()
    dial(simulation, enable_dialogflow=True, stream_url="wss://x.example", audio_url="")
    assert [(entry.name, entry.data["text"]) for entry in simulation.log.entries if entry.kind == "warning"] == [
        ("dial", "dial: enable_dialogflow is accepted and has no effect yet"),
    ]


def test_headers_are_carried_by_every_event_and_left_out_when_there_are_none() -> None:
    simulation = new(Person(hangs_up_after=1.0))
    headers: dict[str, Any] = {
        "custom_headers": [{"name": "X-A", "value": "1"}],
        "sip_headers": [{"name": "User-to-User", "value": "2"}],
    }
    dial(simulation, **headers)
    dial(simulation)
    simulation.advance(10)
    for name in ("call.initiated", "call.answered", "call.hangup"):
        with_headers, without = events(simulation, name)
        assert {key: with_headers[key] for key in headers} == headers
        assert not without.keys() & headers.keys()


def test_headers_of_a_hangup_are_in_its_webhook() -> None:
    simulation = new()
    leg = dial(simulation)
    do(simulation, "hangup", leg, custom_headers=[{"name": "X-Bye", "value": "1"}])
    simulation.advance(1)
    assert events(simulation, "call.hangup")[0]["custom_headers"] == [{"name": "X-Bye", "value": "1"}]


@pytest.mark.parametrize(("to", "kind"), [(CALLEE, "pstn"), ("sip:desk@shop.example", "sip")])
def test_a_call_is_known_to_go_to_a_number_or_to_sip(to: str, kind: str) -> None:
    simulation = new()
    dial(simulation, to)
    simulation.advance(10)
    told = [*events(simulation, "call.initiated"), *events(simulation, "call.answered")]
    assert [payload["calling_party_type"] for payload in told] == [kind, kind]


@pytest.mark.parametrize(("value", "warned"), [(True, True), (False, False)])
def test_an_option_without_effect_yet_is_a_warning_unless_it_asks_for_nothing(value: bool, warned: bool) -> None:
    simulation = new()
    dial(simulation, enable_dialogflow=value)
    assert any(entry.kind == "warning" for entry in simulation.log.entries) is warned
