"""The people at the other end: who has a number, and the numbers that do something special."""

from __future__ import annotations

import pytest

from mockserver.sim import errors, people
from mockserver.sim.people import ANYBODY, MAGIC_NUMBERS, Person, Turn
from tests.sim.telling import APP, CONNECTION, dial, do, new, refusal, story


@pytest.mark.parametrize(
    ("pattern", "number", "fits"),
    [
        ("+12025550162", "+12025550162", True),
        ("+12025550162", "+120255501621", False),
        ("*", "+12025550162", True),
        ("*", "", True),
        ("+1202*", "+12025550162", True),
        ("+1202*", "+12125550162", False),
        ("*0162", "+12025550162", True),
        ("+1*55*62", "+12025550162", True),
        ("+1*77*62", "+12025550162", False),
        ("sip:*@shop.example", "sip:desk@shop.example", True),
        ("sip:*@shop.example", "sip:desk@shopxexample", False),
        ("+", "+", True),
        ("*" + "a*" * 100 + "z", "a" * 1_000, False),
    ],
)
def test_a_star_stands_for_any_run_of_characters(pattern: str, number: str, fits: bool) -> None:
    assert people.matches(pattern, number) == fits


def test_the_first_person_whose_number_fits_takes_the_call() -> None:
    ada, ben = Person("+1202*", "Ada"), Person("*", "Ben")
    assert people.find("+12025550162", [ada, ben]) is ada
    assert people.find("+13125550162", [ada, ben]) is ben
    assert people.find("+13125550162", [ada]) is ANYBODY


def test_a_name_stands_for_a_number_if_it_is_that_of_one_person_with_a_plain_one() -> None:
    known = [Person(APP, "Ada"), Person(APP, "Ada"), Person("+1202*", "All"), Person("+1", "Bo"), Person("+2", "Bo")]
    numbers = [people.number_of(name, known) for name in ("Ada", "All", "Bo", "ada")]
    assert numbers == [APP, None, None, None]


def test_a_known_person_comes_before_a_magic_number() -> None:
    number = MAGIC_NUMBERS[0].number
    assert people.find(number, []) is MAGIC_NUMBERS[0]
    assert people.find(number, [mine := Person("*", "Mine")]) is mine


def test_magic_numbers_differ_and_say_what_they_do() -> None:
    assert len({person.number for person in MAGIC_NUMBERS}) == len(MAGIC_NUMBERS)
    assert all(person.name and person.about and person.outcome in people.OUTCOMES for person in MAGIC_NUMBERS)


@pytest.mark.parametrize(
    ("number", "end"),
    [
        (
            "+15005550001",
            [("0.300", "person", "turns_down busy"), ("0.300", "telnyx", "call.hangup user_busy callee 486")],
        ),
        (
            "+15005550002",
            [("2.300", "person", "turns_down decline"), ("2.300", "telnyx", "call.hangup call_rejected callee 603")],
        ),
        ("+15005550003", [("30.300", "telnyx", "call.hangup timeout callee 487")]),
        (
            "+15005550004",
            [("0.300", "person", "turns_down unassigned"), ("0.300", "telnyx", "call.hangup not_found callee 404")],
        ),
        (
            "+15005550005",
            [
                ("2.300", "person", "answers"),
                ("2.300", "telnyx", "call.answered"),
                ("5.300", "person", "hangs_up normal"),
                ("5.300", "telnyx", "call.hangup normal_clearing callee 200"),
            ],
        ),
        ("+15005550006", [("20.300", "person", "answers"), ("20.300", "telnyx", "call.answered")]),
        ("+15005550007", [("0.300", "person", "answers"), ("0.300", "telnyx", "call.answered")]),
        ("+15005550008", [("2.300", "person", "answers"), ("2.300", "telnyx", "call.answered")]),
        (
            "+15005550013",
            [
                ("2.300", "person", "answers"),
                ("2.300", "telnyx", "call.answered"),
                ("5.300", "person", "holds"),
                ("5.300", "telnyx", "call.hold"),
                ("10.300", "person", "unholds"),
                ("10.300", "telnyx", "call.unhold"),
            ],
        ),
        ("+15005550015", [("2.300", "person", "answers"), ("2.300", "telnyx", "call.answered")]),
        ("+15005550099", [("2.300", "person", "answers"), ("2.300", "telnyx", "call.answered")]),
    ],
)
def test_a_magic_number_brings_about_its_outcome(number: str, end: list[tuple[str, str, str]]) -> None:
    simulation = new()
    dial(simulation, number)
    simulation.advance(100)
    assert story(simulation) == [("0.000", "app", "dial"), ("0.300", "telnyx", "call.initiated"), *end]


def test_the_talker_says_two_lines_to_an_assistant_and_goes() -> None:
    simulation = new()
    leg = dial(simulation, "+15005550016")
    simulation.advance(3)
    do(simulation, "ai_assistant_start", leg)
    simulation.advance(20)
    acts = [what for _, who, what in story(simulation) if who == "person"]
    assert acts == ["answers", "says Hello.", "says Goodbye.", "hangs_up normal"]


def test_the_hasty_one_cuts_every_prompt() -> None:
    simulation = new()
    leg = dial(simulation, "+15005550017")
    simulation.advance(3)
    for _ in range(2):
        do(simulation, "gather_using_speak", leg, payload="Press one, two or three.", maximum_digits=1)
        simulation.advance(10)
    told = [row for row in story(simulation) if row[2].startswith("call.gather.ended")]
    assert told == [("4.000", "telnyx", "call.gather.ended valid 1"), ("14.000", "telnyx", "call.gather.ended valid 1")]


def test_the_leaver_goes_a_second_into_the_first_words() -> None:
    simulation = new()
    leg = dial(simulation, "+15005550015")
    simulation.advance(3)
    do(simulation, "speak", leg, payload="Good morning, how are you?")
    simulation.advance(20)
    assert story(simulation)[-3:-1] == [
        ("4.500", "person", "hangs_up normal"),
        ("4.500", "telnyx", "call.speak.ended call_hangup"),
    ]


@pytest.mark.parametrize(("number", "code", "status"), [("+15005550403", "10010", 403), ("+15005550041", "90041", 422)])
def test_a_magic_number_may_be_one_that_cannot_be_dialled(number: str, code: str, status: int) -> None:
    simulation = new()
    (error,) = refusal(simulation, "dial", to=number, from_=APP, connection_id=CONNECTION)
    assert error["code"] == code
    assert simulation.log.entries[-1].data["status"] == status
    assert simulation.world.legs == {}


def test_whom_the_platform_does_not_dial_does_not_stop_the_others() -> None:
    simulation = new(Person("+12025550001", refused=errors.CHANNEL_LIMIT), Person("+12025550002"))
    dial(simulation, ["+12025550001", "+12025550002"])
    simulation.advance(10)
    assert story(simulation)[-1] == ("2.300", "telnyx", "call.answered")


@pytest.mark.parametrize(
    ("hears", "utterance", "fits"),
    [
        (None, "anything", True),
        ("book", "I'd like to BOOK.", True),
        ("book", "No.", False),
        ("STRASSE", "straße", True),
    ],
)
def test_a_turn_fits_an_utterance_whatever_its_case(hears: str | None, utterance: str, fits: bool) -> None:
    assert Turn("Yes.", hears).fits(utterance) == fits
