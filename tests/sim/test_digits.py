"""Keys: what people press, and the gathers that collect it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockserver.http.contract import Contract
from mockserver.sim import legs
from mockserver.sim.digits import person_presses
from mockserver.sim.people import Person
from mockserver.sim.simulation import Simulation
from mockserver.sim.world import Leg
from tests.sim.telling import Row, code, dial, do, events, names, new, refusal, ring, story, talk

ROOT = Path(__file__).parent.parent.parent
CONTRACT = Contract(ROOT / "specs" / "openapi.yaml")
META = {"attempt": 1, "delivered_to": "https://app.example/"}
FILE = "https://media.example/menu.mp3"
SPOKEN = {"payload": "Press one.", "voice": "female"}
PROMPTED: dict[str, dict[str, Any]] = {
    "gather": {},
    "gather_using_speak": SPOKEN,
    "gather_using_audio": {"audio_url": FILE},
}


def collect(
    simulation: Simulation, name: str = "gather", person: Person | None = None, seconds: float = 100.0, **body: Any
) -> tuple[Leg, list[Row]]:
    """A gather on a new incoming call, and what happened since the command for it."""
    leg = talk(simulation, person)
    begun = simulation.log.last_seq
    do(simulation, name, leg, **{**PROMPTED[name], **body})
    simulation.advance(seconds)
    return leg, story(simulation, begun)[1:] if name == "gather" else story(simulation, begun)


def outcome(simulation: Simulation) -> tuple[str, str]:
    (payload,) = events(simulation, "call.gather.ended")
    return payload["status"], payload["digits"]


# Keys


def test_keys_come_a_quarter_of_a_second_apart_and_pauses_between_them() -> None:
    simulation = new()
    leg = talk(simulation)
    begun = simulation.log.last_seq
    person_presses(simulation, leg, "1*wAW#")
    simulation.advance(10)
    assert story(simulation, begun) == [
        ("0.400", "person", "presses 1*wAW#"),
        ("0.400", "telnyx", "call.dtmf.received 1"),
        ("0.650", "telnyx", "call.dtmf.received *"),
        ("1.400", "telnyx", "call.dtmf.received A"),
        ("2.650", "telnyx", "call.dtmf.received #"),
    ]
    assert [name for name in leg.plans if name.startswith("presses")] == []


def test_two_hands_press_at_the_same_time() -> None:
    simulation = new()
    leg = talk(simulation)
    person_presses(simulation, leg, "12")
    person_presses(simulation, leg, "w34")
    simulation.advance(10)
    assert [payload["digit"] for payload in events(simulation, "call.dtmf.received")] == ["1", "2", "3", "4"]


def test_what_is_pressed_before_the_answer_is_not_heard() -> None:
    simulation = new()
    leg = ring(simulation)
    person_presses(simulation, leg, "1W2")
    do(simulation, "answer", leg)
    simulation.advance(10)
    assert [payload["digit"] for payload in events(simulation, "call.dtmf.received")] == ["2"]


def test_whoever_hangs_up_presses_no_more() -> None:
    simulation = new()
    leg = talk(simulation)
    person_presses(simulation, leg, "123")
    legs.person_hangs_up(simulation, leg)
    person_presses(simulation, leg, "4")
    simulation.advance(10)
    assert names(simulation)[-2:] == ["call.dtmf.received", "call.hangup"]


def test_nothing_pressed_is_nothing() -> None:
    simulation = new()
    leg = talk(simulation)
    begun = simulation.log.last_seq
    person_presses(simulation, leg, "")
    assert story(simulation, begun) == []


def test_keys_that_the_application_presses_say_nothing_on_its_own_leg() -> None:
    simulation = new()
    leg = dial(simulation)
    simulation.advance(3)
    begun = simulation.log.last_seq
    assert do(simulation, "send_dtmf", leg, digits="W200#", duration_millis=300) == {"result": "ok"}
    simulation.advance(10)
    assert story(simulation, begun) == [("3.000", "app", "send_dtmf"), ("3.000", "person", "hears W200#")]


def test_keys_are_heard_when_the_answer_has_got_through_and_not_after_the_end() -> None:
    simulation = new()
    leg = ring(simulation)
    do(simulation, "answer", leg)
    do(simulation, "send_dtmf", leg, digits="1")
    do(simulation, "send_dtmf", leg, digits="2")
    simulation.advance(1)
    do(simulation, "send_dtmf", leg, digits="3")
    legs.person_hangs_up(simulation, leg)
    simulation.advance(1)
    assert [row for row in story(simulation) if row[2].startswith("hears")] == [
        ("0.400", "person", "hears 1"),
        ("0.400", "person", "hears 2"),
    ]
    assert leg.plans == {}


@pytest.mark.parametrize(
    ("body", "codes"),
    [
        ({"digits": "0123456789*#ABCDwW"}, "ok"),
        ({"digits": "1", "duration_millis": 100}, "ok"),
        ({"digits": "1", "duration_millis": 500}, "ok"),
        ({"digits": ""}, "90014"),
        ({"digits": "E"}, "90014"),
        ({"digits": "1\n"}, "90014"),
        ({"digits": "\u0661"}, "90014"),
        ({"digits": "1", "duration_millis": 99}, "90027"),
        ({"digits": "1", "duration_millis": 501}, "90027"),
        ({"digits": "x", "duration_millis": 0}, "90014 90027"),
    ],
)
def test_send_dtmf_takes_keys_and_pauses_of_a_tenth_to_half_a_second(body: dict[str, Any], codes: str) -> None:
    simulation = new()
    assert code(simulation, "send_dtmf", talk(simulation), **body) == codes


# How a gather goes


def test_a_gather_ends_with_its_terminating_digit_which_is_none_of_its_digits() -> None:
    simulation = new()
    leg, rows = collect(simulation, person=Person(presses=("47#",)), gather_id="mine")
    assert rows == [
        ("1.400", "person", "presses 47#"),
        ("1.400", "telnyx", "call.dtmf.received 4"),
        ("1.650", "telnyx", "call.dtmf.received 7"),
        ("1.900", "telnyx", "call.dtmf.received #"),
        ("1.900", "telnyx", "call.gather.ended valid 47"),
    ]
    (payload,) = events(simulation, "call.gather.ended")
    assert (payload["gather_id"], payload["from"], payload["to"]) == ("mine", leg.from_, leg.to)
    assert leg.keys is None


def test_a_prompt_that_is_spoken_says_nothing_and_is_tried_again_with_another() -> None:
    simulation = new()
    _, rows = collect(
        simulation,
        "gather_using_speak",
        Person(presses=("9", "1")),
        maximum_digits=1,
        valid_digits="12",
        invalid_payload="One or two.",
    )
    assert rows == [
        ("0.400", "app", "gather_using_speak"),
        ("2.060", "person", "presses 9"),
        ("2.060", "telnyx", "call.dtmf.received 9"),
        ("3.786", "person", "presses 1"),
        ("3.786", "telnyx", "call.dtmf.received 1"),
        ("3.786", "telnyx", "call.gather.ended valid 1"),
    ]


def test_the_first_key_cuts_the_audio() -> None:
    simulation = new()
    leg, _ = collect(simulation, "gather_using_audio", seconds=2.6, maximum_digits=2)
    begun = simulation.log.last_seq
    person_presses(simulation, leg, "12")
    simulation.advance(60)
    assert story(simulation, begun) == [
        ("3.000", "person", "presses 12"),
        ("3.000", "telnyx", "call.dtmf.received 1"),
        ("3.000", "telnyx", "call.playback.ended cancelled"),
        ("3.250", "telnyx", "call.dtmf.received 2"),
        ("3.250", "telnyx", "call.gather.ended valid 12"),
    ]


def test_nothing_pressed_plays_the_same_audio_again_until_its_tries_are_over() -> None:
    simulation = new()
    _, rows = collect(
        simulation, "gather_using_audio", timeout_millis=2000, maximum_tries=2, invalid_media_name="no", media_name=""
    )
    assert rows == [
        ("0.400", "app", "gather_using_audio"),
        ("0.900", "telnyx", "call.playback.started"),
        ("10.900", "telnyx", "call.playback.ended completed"),
        ("13.400", "telnyx", "call.playback.started"),
        ("23.400", "telnyx", "call.playback.ended completed"),
        ("25.400", "telnyx", "call.gather.ended timeout"),
    ]
    assert {payload["media_url"] for payload in events(simulation, "call.playback.started")} == {FILE}


def test_what_is_not_valid_plays_the_other_audio() -> None:
    simulation = new()
    person = Person(presses=("1#", "2#"))
    collect(simulation, "gather_using_audio", person, minimum_digits=2, maximum_tries=2, invalid_media_name="no")
    played = [payload.get("media_name") for payload in events(simulation, "call.playback.started")]
    assert (played, outcome(simulation)) == ([None, "no"], ("invalid", "2"))


def test_without_another_audio_it_is_the_same_one_again() -> None:
    simulation = new()
    collect(simulation, "gather_using_audio", Person(presses=("9#", "#", "1#")), valid_digits="1")
    assert len(events(simulation, "call.playback.started")) == 3
    assert outcome(simulation) == ("valid", "1")


@pytest.mark.parametrize(
    ("presses", "body", "moment", "end"),
    [
        pytest.param("", {}, 5.4, ("timeout", ""), id="the first key is late"),
        pytest.param("", {"initial_timeout_millis": 200}, 0.6, ("timeout", ""), id="the first key is soon late"),
        pytest.param("1", {"initial_timeout_millis": 200}, 0.6, ("timeout", ""), id="too soon to think"),
        pytest.param("1", {"initial_timeout_millis": 1000}, 6.4, ("valid", "1"), id="just in time"),
        pytest.param("w", {}, 5.4, ("timeout", ""), id="a pause is no key"),
        pytest.param("", {"timeout_millis": 3000}, 3.4, ("timeout", ""), id="the whole is shorter"),
        pytest.param("1", {}, 6.4, ("valid", "1"), id="a further key is late"),
        pytest.param("1", {"inter_digit_timeout_millis": 300}, 1.7, ("valid", "1"), id="a further key is soon late"),
        pytest.param("123", {"inter_digit_timeout_millis": 200}, 1.6, ("valid", "1"), id="keys are slow"),
        pytest.param("1", {"minimum_digits": 2}, 6.4, ("invalid", "1"), id="too few"),
        pytest.param("1", {"timeout_millis": 3000}, 3.4, ("valid", "1"), id="the whole is over after a key"),
        pytest.param("1W2W3", {"timeout_millis": 3000}, 3.4, ("valid", "12"), id="in the midst of it"),
        pytest.param("1", {"timeout_millis": 3000, "minimum_digits": 2}, 3.4, ("invalid", "1"), id="and too few"),
        pytest.param("123", {"maximum_digits": 3}, 1.9, ("valid", "123"), id="as many as can be"),
        pytest.param("1234", {"maximum_digits": 2}, 1.65, ("valid", "12"), id="more than can be"),
        pytest.param("129", {"maximum_digits": 3, "valid_digits": "12"}, 1.9, ("invalid", "129"), id="not valid"),
        pytest.param("1A#", {}, 1.9, ("invalid", "1A"), id="a letter is never valid"),
        pytest.param("#", {}, 1.4, ("invalid", ""), id="the end at once"),
        pytest.param("1*2#", {"terminating_digit": "*"}, 1.65, ("valid", "1"), id="another end"),
        pytest.param("12", {"terminating_digit": "2", "maximum_digits": 2}, 1.65, ("valid", "1"), id="both at once"),
        pytest.param("1#", {"minimum_digits": 2}, 1.65, ("invalid", "1"), id="the end too soon"),
        pytest.param("1#", {"terminating_digit": "*", "maximum_digits": 2}, 1.65, ("valid", "1#"), id="no end"),
    ],
)
def test_a_gather_ends_when_it_has_its_keys_or_its_time_is_over(
    presses: str, body: dict[str, Any], moment: float, end: tuple[str, str]
) -> None:
    simulation = new()
    _, rows = collect(simulation, person=Person(presses=(presses,) if presses else ()), **body)
    (when,) = [at for at, _, what in rows if what.startswith("call.gather.ended")]
    assert (float(when), outcome(simulation)) == (moment, end)
    assert simulation.timeline.anything_near() is False


def test_people_press_one_entry_each_time_they_are_asked_and_then_no_more() -> None:
    simulation = new()
    leg, _ = collect(simulation, person=Person(presses=("1", "2")), maximum_digits=1, initial_timeout_millis=2000)
    for _ in range(2):
        do(simulation, "gather", leg, maximum_digits=1, initial_timeout_millis=2000)
        simulation.advance(10)
    ended = [(payload["status"], payload["digits"]) for payload in events(simulation, "call.gather.ended")]
    assert ended == [("valid", "1"), ("valid", "2"), ("timeout", "")]


def test_keys_from_outside_come_instead_of_what_the_person_was_about_to_press() -> None:
    simulation = new()
    leg, _ = collect(simulation, person=Person(presses=("1",)), seconds=0.5)
    person_presses(simulation, leg, "2")
    simulation.advance(20)
    assert outcome(simulation) == ("valid", "2")
    assert leg.entered == 0


def test_the_person_of_the_magic_number_presses_1_whenever_asked() -> None:
    simulation = new()
    leg = dial(simulation, "+15005550009")
    simulation.advance(3)
    for _ in range(3):
        do(simulation, "gather_using_speak", leg, **SPOKEN, maximum_digits=1)
        simulation.advance(10)
    ended = [(payload["status"], payload["digits"]) for payload in events(simulation, "call.gather.ended")]
    assert ended == [("valid", "1")] * 3


# What comes in between


@pytest.mark.parametrize("name", sorted(PROMPTED))
def test_a_gather_sent_straight_after_answer_waits_for_the_answer(name: str) -> None:
    simulation = new()
    leg = ring(simulation, Person(presses=("1#",)))
    do(simulation, "answer", leg)
    do(simulation, name, leg, **PROMPTED[name])
    simulation.advance(30)
    heard = next(at for at, _, what in story(simulation) if what.startswith("presses"))
    assert heard == {"gather": "1.400", "gather_using_speak": "2.060", "gather_using_audio": "11.900"}[name]
    assert names(simulation)[1] == "call.answered"
    assert outcome(simulation) == ("valid", "1")


def test_a_gather_that_is_stopped_is_cancelled_with_what_it_has_and_its_prompt_too() -> None:
    simulation = new()
    leg, _ = collect(simulation, "gather_using_audio", seconds=2.6)
    begun = simulation.log.last_seq
    do(simulation, "gather_stop", leg, client_state="QQ==")
    do(simulation, "gather_stop", leg)
    simulation.advance(60)
    assert story(simulation, begun) == [
        ("3.000", "telnyx", "call.gather.ended cancelled"),
        ("3.000", "telnyx", "call.playback.ended cancelled"),
        ("3.000", "app", "gather_stop"),
        ("3.000", "app", "gather_stop"),
    ]
    assert events(simulation, "call.gather.ended")[0]["client_state"] == "QQ=="


def test_another_gather_cancels_the_one_that_runs() -> None:
    simulation = new()
    leg, _ = collect(simulation, seconds=1, gather_id="first")
    person_presses(simulation, leg, "1")
    do(simulation, "gather", leg, gather_id="second")
    person_presses(simulation, leg, "2#")
    simulation.advance(60)
    ended = [(each["gather_id"], each["status"], each["digits"]) for each in events(simulation, "call.gather.ended")]
    assert ended == [("first", "cancelled", "1"), ("second", "valid", "2")]


@pytest.mark.parametrize("pressed", ["", "12"])
def test_hanging_up_ends_the_gather_then_its_prompt_then_the_call(pressed: str) -> None:
    simulation = new()
    leg, _ = collect(simulation, "gather_using_audio", seconds=2.6)
    person_presses(simulation, leg, pressed)
    simulation.advance(1)
    begun = simulation.log.last_seq
    legs.person_hangs_up(simulation, leg)
    simulation.advance(60)
    cut = [] if pressed else [("4.000", "telnyx", "call.playback.ended call_hangup")]
    assert story(simulation, begun) == [
        ("4.000", "person", "hangs_up normal"),
        ("4.000", "telnyx", f"call.gather.ended call_hangup {pressed}".rstrip()),
        *cut,
        ("4.000", "telnyx", "call.hangup normal_clearing caller 200"),
    ]


@pytest.mark.parametrize("stop", ["all", "current"])
def test_a_prompt_that_is_stopped_is_at_its_end(stop: str) -> None:
    simulation = new()
    leg, _ = collect(simulation, "gather_using_audio", seconds=2.6, timeout_millis=3000, maximum_tries=1)
    do(simulation, "playback_stop", leg, stop=stop)
    simulation.advance(60)
    assert story(simulation)[-1] == ("6.000", "telnyx", "call.gather.ended timeout")


def test_a_prompt_that_waits_its_turn_and_is_stopped_is_at_its_end() -> None:
    simulation = new()
    leg = talk(simulation)
    do(simulation, "playback_start", leg, audio_url=FILE)
    do(simulation, "gather_using_speak", leg, **SPOKEN, timeout_millis=3000, maximum_tries=1)
    simulation.advance(1.6)
    do(simulation, "playback_stop", leg)
    simulation.advance(60)
    assert story(simulation)[-1] == ("5.000", "telnyx", "call.gather.ended timeout")


def test_a_prompt_waits_for_what_plays_and_a_key_takes_it_out_of_the_queue() -> None:
    simulation = new()
    leg = talk(simulation)
    do(simulation, "playback_start", leg, audio_url=FILE)
    do(simulation, "gather_using_audio", leg, audio_url=FILE, maximum_digits=1)
    simulation.advance(2)
    person_presses(simulation, leg, "1")
    simulation.advance(60)
    assert [name for name in names(simulation) if "answered" not in name and "initiated" not in name] == [
        "call.playback.started",
        "call.dtmf.received",
        "call.gather.ended",
        "call.playback.ended",
    ]


# Refusals


BOUNDS = [
    ("minimum_digits", 128, "90022"),
    ("maximum_digits", 128, "90023"),
    ("timeout_millis", 120_000, "90025"),
    ("inter_digit_timeout_millis", 120_000, "90026"),
]
OF_ONE = {"gather": ("initial_timeout_millis", 120_000, "90056")}
OF_TWO = ("maximum_tries", 128, "90024")


@pytest.mark.parametrize(
    ("name", "field", "highest", "refused"),
    [(name, *bounds) for name in PROMPTED for bounds in (*BOUNDS, OF_ONE.get(name, OF_TWO))],
)
def test_numbers_have_their_bounds(name: str, field: str, highest: int, refused: str) -> None:
    simulation = new()
    leg = talk(simulation)
    for value, expected in ((0, refused), (1, "ok"), (highest, "ok"), (highest + 1, refused), (-1, refused)):
        assert code(simulation, name, leg, **PROMPTED[name], **{field: value}) == expected
    (error,) = refusal(simulation, name, leg, **PROMPTED[name], **{field: 0})
    assert error["source"] == {"pointer": f"/{field}"}
    assert error["detail"] == f"{field} must be an integer from 1 to {highest}."


@pytest.mark.parametrize("name", sorted(PROMPTED))
@pytest.mark.parametrize(
    ("body", "codes"),
    [
        ({"minimum_digits": 3, "maximum_digits": 3}, "ok"),
        ({"minimum_digits": 4, "maximum_digits": 3}, "90022"),
        ({"terminating_digit": "*", "valid_digits": "0"}, "ok"),
        ({"terminating_digit": "A"}, "90007"),
        ({"terminating_digit": ""}, "90007"),
        ({"terminating_digit": "12"}, "90007"),
        ({"valid_digits": ""}, "90008"),
        ({"valid_digits": "12 "}, "90008"),
        ({"valid_digits": "123A"}, "90008"),
        ({"maximum_digits": 0, "timeout_millis": 0, "terminating_digit": "x", "valid_digits": "x"},
         "90023 90025 90007 90008"),
    ],
)  # fmt: skip
def test_digits_are_keys_of_a_telephone(name: str, body: dict[str, Any], codes: str) -> None:
    simulation = new()
    assert code(simulation, name, talk(simulation), **PROMPTED[name], **body) == codes


@pytest.mark.parametrize(
    ("name", "body", "codes"),
    [
        ("gather_using_speak", {"payload": ""}, "90010"),
        ("gather_using_speak", {"payload": "x" * 3001}, "90010"),
        ("gather_using_speak", {"payload": "x", "invalid_payload": "x" * 3001}, "90010"),
        ("gather_using_speak", {"payload": "x", "invalid_payload": ""}, "ok"),
        ("gather_using_speak", {"payload": "x", "invalid_payload": "x" * 3000}, "ok"),
        ("gather_using_audio", {}, "10004"),
        ("gather_using_audio", {"audio_url": FILE, "media_name": "a"}, "10027"),
        ("gather_using_audio", {"playback_content": "QQ=="}, "10004"),
        ("gather_using_audio", {"media_name": "a", "invalid_audio_url": FILE}, "ok"),
        ("gather_using_audio", {"media_name": "a", "invalid_audio_url": FILE, "invalid_media_name": "a"}, "10027"),
    ],
)
def test_a_prompt_is_one_text_or_one_file(name: str, body: dict[str, Any], codes: str) -> None:
    simulation = new()
    assert code(simulation, name, talk(simulation), **body) == codes


def test_the_text_that_is_too_long_is_the_one_that_is_named() -> None:
    simulation = new()
    (error,) = refusal(simulation, "gather_using_speak", talk(simulation), payload="x", invalid_payload="x" * 3001)
    assert error["source"] == {"pointer": "/invalid_payload"}


def test_a_gather_that_is_refused_leaves_the_one_that_runs() -> None:
    simulation = new()
    leg, _ = collect(simulation, seconds=1)
    running = leg.keys
    assert code(simulation, "gather", leg, minimum_digits=0) == "90022"
    assert leg.keys is running


# Whatever is pressed


keys = st.text("019#*AwW", min_size=1, max_size=6)


@given(
    name=st.sampled_from(sorted(PROMPTED)),
    pressed=st.lists(st.tuples(st.sampled_from([0.0, 0.1, 0.66, 1.0, 3.0, 12.0]), keys), max_size=6),
    presses=st.lists(keys, max_size=3),
    body=st.fixed_dictionaries(
        {},
        optional={
            "minimum_digits": st.integers(1, 2),
            "maximum_digits": st.integers(2, 4),
            "valid_digits": st.sampled_from(["1", "01*#"]),
            "terminating_digit": st.sampled_from("#*9"),
            "timeout_millis": st.sampled_from([1, 1000, 6000]),
            "inter_digit_timeout_millis": st.sampled_from([1, 250, 1000]),
        },
    ),
    hangs_up=st.booleans(),
)
@settings(max_examples=150, deadline=None)
def test_any_keys_at_any_time_end_a_gather_once_with_keys_that_were_pressed(
    name: str, pressed: list[tuple[float, str]], presses: list[str], body: dict[str, Any], hangs_up: bool
) -> None:
    simulation = new()
    leg, _ = collect(simulation, name, Person(presses=tuple(presses)), seconds=0, **body)
    for pause, text in pressed:
        simulation.advance(pause)
        person_presses(simulation, leg, text)
    if hangs_up:
        legs.person_hangs_up(simulation, leg)
    simulation.advance(300)
    status, digits = outcome(simulation)
    before = names(simulation)[: names(simulation).index("call.gather.ended")].count("call.dtmf.received")
    heard = "".join(payload["digit"] for payload in events(simulation, "call.dtmf.received")[:before])
    terminating = body.get("terminating_digit", "#")
    assert heard.endswith((digits, digits + terminating))
    assert terminating not in digits
    assert len(digits) <= body.get("maximum_digits", 128)
    fits = len(digits) >= body.get("minimum_digits", 1) and set(digits) <= set(body.get("valid_digits", "0123456789#*"))
    assert status in (("valid", "call_hangup") if fits else ("invalid", "timeout", "call_hangup"))
    assert digits == "" or status != "timeout"
    assert (leg.keys, simulation.timeline.anything_near()) == (None, False)
    for entry in simulation.log.entries:
        if entry.kind == "webhook":
            assert CONTRACT.webhook_errors(entry.name, {"data": entry.data, "meta": META}) == []
