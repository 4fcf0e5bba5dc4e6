"""The people at the other end: who has a number, and the numbers that do something special."""

from __future__ import annotations

import pytest

from mockserver.sim import errors, people
from mockserver.sim.people import ANYBODY, MAGIC_NUMBERS, Person, Turn
from tests.sim.telling import APP, CONNECTION, dial, new, refusal, story


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
    ],
)
def test_a_star_stands_for_any_run_of_characters(pattern: str, number: str, fits: bool) -> None:
    assert people.matches(pattern, number) == fits


def test_the_first_person_whose_number_fits_takes_the_call() -> None:
    ada, ben = Person("+1202*", "Ada"), Person("*", "Ben")
    assert people.find("+12025550162", [ada, ben]) is ada
    assert people.find("+13125550162", [ada, ben]) is ben
    assert people.find("+13125550162", [ada]) is ANYBODY


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
        ("+15005550099", [("2.300", "person", "answers"), ("2.300", "telnyx", "call.answered")]),
    ],
)
def test_a_magic_number_brings_about_its_outcome(number: str, end: list[tuple[str, str, str]]) -> None:
    simulation = new()
    dial(simulation, number)
    simulation.advance(100)
    assert story(simulation) == [("0.000", "app", "dial"), ("0.300", "telnyx", "call.initiated"), *end]


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
