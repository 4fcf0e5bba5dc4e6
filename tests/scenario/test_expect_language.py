"""How a scenario file says what is expected, and what is said of mistakes in it."""

from __future__ import annotations

import pytest

from mockserver.scenario.expecting.asked import InvalidList, read
from mockserver.scenario.expecting.expect import AnyOrder, AtEnd, Expectation, Listed
from mockserver.scenario.expecting.listed import Count
from mockserver.scenario.expecting.matching import Happening
from mockserver.scenario.expecting.who import Who
from mockserver.scenario.load import InvalidScenario, load
from mockserver.scenario.reading.tree import Plain
from mockserver.sim.people import Person

PEOPLE = """
people:
- {number: "+12025550143", name: Ada}
- {number: "+1555*", name: Grace}
- {number: "+12025550162", name: Ada}
"""
ADA = ("+12025550143", "+12025550162")


def listed(text: str) -> list[Listed]:
    return load(f"{PEOPLE}\nexpect:\n{text}\n").to_expectations()


def mistakes(text: str) -> list[str]:
    with pytest.raises(InvalidScenario) as caught:
        load(f"{PEOPLE.strip()}\nexpect:\n{text}", "bad.yaml")
    return [problem.removeprefix("bad.yaml:") for problem in caught.value.problems]


def event(name: str) -> Happening:
    return Happening("webhook", name)


ANSWERED = "call.answered"

SENTENCES: list[tuple[str, Listed]] = [
    ("- {event: call.answered, within: 500ms}", Expectation(event(ANSWERED), within=0.5)),
    ("- {event: call.answered, times: 2}", Expectation(event(ANSWERED), count=Count(2, 2))),
    ("- {event: call.answered, at_least: 2}", Expectation(event(ANSWERED), count=Count(2))),
    ("- {event: call.answered, at_most: 3}", Expectation(event(ANSWERED), count=Count(0, 3))),
    ("- {event: call.answered, at_least: 1, at_most: 3}", Expectation(event(ANSWERED), count=Count(1, 3))),
    (
        "- {event: call.answered, at_most: 3, from_here: true}",
        Expectation(event(ANSWERED), count=Count(0, 3), from_here=True),
    ),
    (
        "- {never: {event: call.answered}, from_here: true}",
        Expectation(event(ANSWERED), never=True, from_here=True),
    ),
    (
        "- any_order:\n  - {event: call.answered, within: 1s}\n  - {command: dial, gets: ok}\n  within: 2s",
        AnyOrder(
            (
                Expectation(event(ANSWERED), within=1.0, among=True),
                Expectation(Happening("command", "dial", {}, ("ok",)), within=2.0, among=True),
            )
        ),
    ),
    ("- at_end: {calls: 0, recordings: 1}", AtEnd({"calls": 0, "recordings": 1})),
    (
        "- at_end: {conference: weekly, participants: 2, queue: support, size: 0}",
        AtEnd({}, {("conference", "weekly"): 2, ("queue", "support"): 0}),
    ),
]


@pytest.mark.parametrize(("text", "expected"), SENTENCES, ids=[text for text, _ in SENTENCES])
def test_a_list_says_what_is_expected(text: str, expected: Listed) -> None:
    assert listed(text) == [expected]


@pytest.mark.parametrize(
    ("who", "numbers"),
    [
        ("Ada", ADA),
        ("Grace", ("+1555*",)),
        ("Presser", ("+15005550009",)),  # a magic number
        ('"+12025550143"', ("+12025550143",)),
        ('"+1202*"', ("+1202*",)),
        ('"*"', ("*",)),
        ("sip:ada@example.com", ("sip:ada@example.com",)),
    ],
)
def test_somebody_is_a_name_a_number_or_a_pattern(who: str, numbers: tuple[str, ...]) -> None:
    for text in (f"- {{person: says, who: {who}}}", f"- never: {{person: says, who: {who}}}"):
        (one,) = listed(text)
        assert isinstance(one, Expectation)
        assert one.what.who is not None
        assert (one.what.who.label, one.what.who.numbers) == (who.strip('"'), numbers)
    (end,) = listed(f"- at_end: {{person: {who}, state: answered}}")
    assert isinstance(end, AtEnd)
    assert end.who is not None
    assert (end.who.numbers, end.state) == (numbers, "answered")


MISTAKES: list[tuple[str, list[str]]] = [
    (
        "- {event: call.answered, who: Adda}",
        ['6: expect[0].who: "Adda" is neither a number nor one of the people: did you mean Ada?'],
    ),
    (
        "- any_order:\n  - {event: call.answered, who: Bob}\n  - never: {event: call.hangup}",
        [
            '7: expect[0].any_order[0].who: "Bob" is neither a number nor one of the people: write one like '
            "+12025550143, or give a person this name",
            "8: expect[0].any_order[1]: never cannot be one of any_order: make it an entry of its own",
        ],
    ),
    (
        "- at_end: {person: Greece, state: gone}",
        [
            '6: expect[0].at_end.person: "Greece" is neither a number nor one of the people: did you mean Grace?',
            '6: expect[0].at_end.state: "gone" is none of ringing, answered, ended',
        ],
    ),
    (
        "- {event: call.answered, who: 12025550143}",
        ['6: expect[0].who: "12025550143" is neither E.164 nor a SIP URI: did you mean +12025550143?'],
    ),
    (
        "- {event: call.answered, times: 0}",
        ['6: expect[0].times: "0" is not a whole number from 1 to 10000'],
    ),
    (
        "- {event: call.answered, times: 2, at_least: 1}",
        ["6: expect[0]: has times and at_least: times says it all, so keep one of them"],
    ),
    (
        "- {event: call.answered, at_least: 3, at_most: 2}",
        ["6: expect[0]: at_least is 3 and at_most 2: make at_most the larger one"],
    ),
    (
        "- {event: call.answered, at_most: 2, within: 1s}",
        ["6: expect[0]: at_most counts in the whole run and has no place in the order: remove within"],
    ),
    (
        "- {event: call.answered, from_here: true}",
        ["6: expect[0]: is in its place anyway: from_here belongs to never, times, at_least and at_most"],
    ),
    (
        "- {event: call.answered, within: soon}",
        ['6: expect[0].within: "soon" is not a duration: write seconds, or 2s, 500ms, 1m30s'],
    ),
    (
        "- {never: {event: call.answered}, who: Ada}",
        ["6: expect[0]: who belongs inside never: {event: ..., who: ...}"],
    ),
    (
        "- {never: {event: call.answered}, times: 2}",
        ["6: expect[0]: times is for what may happen: write it without never"],
    ),
    ("- {at_end: {calls: 0}, within: 1s}", ["6: expect[0]: at_end has no within: remove it"]),
    ("- at_end: {}", ["6: expect[0].at_end: is an empty mapping: give what there must be, like {calls: 0}"]),
    ("- at_end: {person: Ada}", ["6: expect[0].at_end: has person and no state: person and state belong together"]),
    ("- at_end: {size: 2}", ["6: expect[0].at_end: has size and no queue: queue and size belong together"]),
    ("- at_end: {call: 0}", ["6: expect[0].at_end.call: unknown key: did you mean calls?"]),
    ("- at_end:", ["6: expect[0]: at_end is empty: say which"]),
    ("- any_order: [{event: call.answered}]", ["6: expect[0].any_order: has 1 members: give 2 to 20"]),
    (
        "- any_order: [{event: call.answered}, {event: call.hangup, at_least: 2}]",
        ["6: expect[0].any_order[1]: at_least cannot be one of any_order: make it an entry of its own"],
    ),
    (
        "- {any_order: [{event: call.answered}, {event: call.hangup}], with: {to: x}}",
        ["6: expect[0]: with belongs to each of any_order: [{event: ..., with: {...}}]"],
    ),
    (
        "- {any_order: [{event: call.answered}, {event: call.hangup}], at_most: 2}",
        ["6: expect[0]: any_order has no at_most: remove it"],
    ),
    (
        "- any_order: [{event: call.anwsered}, {event: call.hangup}]",
        ['6: expect[0].any_order[0].event: "call.anwsered" is no event: did you mean call.answered?'],
    ),
]


@pytest.mark.parametrize(("text", "expected"), MISTAKES, ids=[text for text, _ in MISTAKES])
def test_a_mistake_is_told_with_its_line(text: str, expected: list[str]) -> None:
    assert mistakes(text) == expected


def test_without_people_a_name_is_nobody() -> None:
    with pytest.raises(InvalidScenario, match="or give a person this name"):
        load("expect: [{event: call.answered, who: Ada}]")


def test_a_list_may_come_as_json_with_numbers_and_truths_of_its_own() -> None:
    given = [
        {"event": ANSWERED, "times": 2, "from_here": True, "with": {"a": 2, "b": "2", "c": None, "d": [True, 1.5]}},
        {"command": "dial", "gets": [90018, "ok", 404]},
        {"event": ANSWERED, "within": 2.5, "who": "Ada"},
    ]
    people = [Person("+1", "Ada")]
    assert read(given, people) == [
        Expectation(
            Happening("webhook", ANSWERED, {"a": 2, "b": "2", "c": None, "d": [True, 1.5]}),
            count=Count(2, 2),
            from_here=True,
        ),
        Expectation(Happening("command", "dial", {}, ("90018", "ok", "404"))),
        Expectation(Happening("webhook", ANSWERED, {}, None, Who("Ada", ("+1",))), within=2.5),
    ]


def test_mistakes_in_json_are_told_with_their_places() -> None:
    given = [{"event": "call.answered"}] * 9 + [{"event": "x", "who": "Bob"}, {"times": True}, 5]
    with pytest.raises(InvalidList) as caught:
        read(given)
    assert [path for path, _ in caught.value.problems] == [(9, "event"), (9, "who"), (10,), (11,)]
    first, second = caught.value.problems[:2]
    assert first[1].startswith('"x" is no event: ')
    assert second[1].startswith('"Bob" is neither a number nor one of the people: ')
    assert str(caught.value).startswith('/expect/9/event: "x" is no event: ')


def test_a_number_without_quotes_is_a_number_of_the_file() -> None:
    (one,) = read([{"person": "presses", "with": {"digits": 1}}])
    assert isinstance(one, Expectation)
    assert one.what.fields == {"digits": 1}
    assert not isinstance(one.what.fields["digits"], Plain)
