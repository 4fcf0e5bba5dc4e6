"""Scenario files: what they mean, and every mistake with its line."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from mockserver.scenario.load import InvalidScenario, Scenario, load
from mockserver.scenario.reading.tree import MOST_BYTES
from mockserver.sim import errors
from mockserver.sim.faults import Fault
from mockserver.sim.people import EVERY, Act, Assistant, Person, Turn, Use

EVERYTHING = """
name: everything
description: All keys there are.
people:
  - number: "+1202*"
    name: Ada
    outcome: no_answer
    refused: "10010"
    answers_after: 1m30s
    gives_up_after: 500ms
    hangs_up: {after: 30s}
    says: [Hello, no, +12025550143]
    answers: {age: 36, colour: ["plaid", "blue"], name: null, zip: "01234", yes: true}
    presses: [1, "#", 47w11#, W]
    fake: true
    does:
      - {at: 3s, presses: 1w2}
      - {when: call.speak.started, says: Hello?}
      - {when: transfer, nth: 2, after: 500ms, hangs_up: true}
      - {when: assistant_says, nth: every, silent: true}
      - {at: 0, holds: true}
      - {when: call.hold, unholds: true}
  - number: sip:bob@example.com
    hangs_up: when_done
    silent: true
applications:
  - connection_id: 2790114250386114973
    webhook_url: http://127.0.0.1:8088/webhooks
    webhook_failover_url: https://example.com/hooks
calls:
  - from: +12025550143
    to: sip:app@example.com
    at: 2
    connection_id: "2790114250386114973"
    from_display_name: Ada
    custom_headers: [{name: X-Order, value: 7}]
    webhook_url: http://127.0.0.1:8088/other
assistants:
  - id: assistant-1
    name: Host
    greeting: Hello
    model: m
    voice: a.b.c
    transcription_model: t
    time_limit: 1h
    turns: ["How can I help?", {hears: bye, says: "Goodbye."}]
    insights: ["The caller booked", {id: x, result: {score: 5, when: "2026"}}]
    insight_group_id: group
errors:
  - {command: answer, code: "90018"}
  - {command: dial, nth: 3, code: "10010", title: Not authorized}
expect:
  - event: call.answered
    with: {to: "+1555*", from: null, list: [1, a]}
  - command: answer
    gets: [ok, "90061", 404]
  - command: pay
    gets: 501
  - person: says
  - never: {event: call.bridged}
"""


def problems(text: str | bytes, name: str = "bad.yaml") -> list[str]:
    """The problems of a file."""
    with pytest.raises(InvalidScenario) as found:
        load(text, name)
    return found.value.problems


def test_every_key_turns_into_a_value_of_the_simulation() -> None:
    scenario = load(EVERYTHING)
    assert scenario.to_people() == [
        Person(
            number="+1202*",
            name="Ada",
            outcome="no_answer",
            refused=errors.DESTINATION_NOT_ALLOWED,
            answers_after=90.0,
            gives_up_after=0.5,
            hangs_up_after=30.0,
            says=("Hello", "no", "+12025550143"),
            answers={"age": (36,), "colour": ("plaid", "blue"), "name": (None,), "zip": ("01234",), "yes": (True,)},
            presses=("1", "#", "47w11#", "W"),
            fake=True,
            acts=(
                Act("presses", "1w2", after=3.0),
                Act("says", "Hello?", "call.speak.started"),
                Act("hangs_up", "", "transfer", 2, 0.5),
                Act("silent", "", "assistant_says", EVERY),
                Act("holds"),
                Act("unholds", "", "call.hold"),
            ),
        ),
        Person(number="sip:bob@example.com", hangs_up_when_done=True, silent=True),
    ]
    (assistant,) = scenario.to_assistants()
    assert assistant.turns == (Turn("How can I help?"), Turn("Goodbye.", "bye"))
    assert assistant.time_limit_secs == 3600
    assert assistant.insights == (
        {"insight_id": "cd2e446a-9a85-5d1f-89b4-28205179448c", "result": "The caller booked"},
        {"insight_id": "x", "result": {"score": 5, "when": "2026"}},
    )
    assert [error.to_fault() for error in scenario.errors] == [
        Fault(operation="answer", nth=1, error=errors.CALL_ENDED),
        Fault(operation="dial", nth=3, error=errors.NOT_AUTHORIZED),
    ]
    assert [str(expectation) for expectation in scenario.to_expectations()] == [
        'call.answered with to=+1555*, from=null, list=[1, "a"]',
        "answer getting ok or 90061 or 404",
        "pay getting 501",
        "says",
        "never call.bridged",
    ]


def test_what_is_left_out_is_as_in_the_simulation() -> None:
    scenario = load("people: [{number: '*'}]\nassistants: [{id: a}]", "folder/empty.yaml")
    assert scenario.to_people() == [Person()]
    assert scenario.to_assistants() == [Assistant(id="a")]
    assert (scenario.name, scenario.description) == ("empty", "")


def test_a_file_is_named_by_its_stem(tmp_path: Path) -> None:
    file = tmp_path / "order.yaml"
    file.write_text("\ufeffpeople: []\n", encoding="utf-8")
    assert load(file).name == "order"


def test_an_alias_stands_for_what_it_names() -> None:
    scenario = load("people:\n- {number: '+12025550143', says: &words [Hi]}\n- {number: '+12025550144', says: *words}")
    assert [person.says for person in scenario.to_people()] == [("Hi",), ("Hi",)]


MISTAKES = [
    (
        "people: [{nmae: x}]",
        ["1: people[0].number: is missing: add it", "1: people[0].nmae: unknown key: did you mean name?"],
    ),
    ("poeple: []", ["1: poeple: unknown key: did you mean people?"]),
    ("people: x", ['1: people: is the text "x": give a list, each item of which begins with -, or leave the key out']),
    ("people: [x]", ['1: people[0]: is the text "x": give a mapping, like {number: ...}, or remove it']),
    ("people:\n", ["1: people: is empty: give a list, each item of which begins with -, or leave the key out"]),
    (
        "people: [{number: 202-555-0143}]",
        ['1: people[0].number: "202-555-0143" is neither E.164 nor a SIP URI: did you mean +12025550143?'],
    ),
    (
        "people: [{number: 1a*}]",
        ['1: people[0].number: "1a*" is no pattern: write one like +1202* or sip:*@example.com'],
    ),
    (
        "people: [{number: '*', outcome: bussy}]",
        [
            '1: people[0].outcome: "bussy" is none of answer, busy, decline, no_answer, unassigned: did you mean busy?',
        ],
    ),
    (
        "people: [{number: '*', answers_after: soon}]",
        ['1: people[0].answers_after: "soon" is not a duration: write seconds, or 2s, 500ms, 1m30s'],
    ),
    (
        "people: [{number: '*', answers_after: 9999h}]",
        ['1: people[0].answers_after: "9999h" is more than a week: write less'],
    ),
    (
        "people: [{number: '*', hangs_up: later}]",
        ['1: people[0].hangs_up: "later" is neither when_done nor {after: 30s}'],
    ),
    (
        "people: [{number: '*', presses: [1, 9x]}]",
        ['1: people[0].presses[1]: "9x" is not made of the keys 0-9 * # A-D and the pauses w W'],
    ),
    ("people: [{number: '*', silent: yes}]", ['1: people[0].silent: "yes" is neither true nor false: write true']),
    (
        "people: [{number: '*', says: [Hi], silent: true}]",
        ["1: people[0].silent: true, and says or answers are given too: remove one of them"],
    ),
    (
        "people:\n- number: '*'\n  does:\n  - {at: 1s}\n  - {holds: true}\n  - {at: 1s, says: Hi, presses: 1}",
        [
            "4: people[0].does[0]: has none of presses, says, silent, holds, unholds, hangs_up: give exactly one",
            "5: people[0].does[1]: has none of at, when, after_silence: give exactly one",
            "6: people[0].does[2]: has presses and says: give exactly one of presses, says, silent, holds, unholds, "
            "hangs_up",
        ],
    ),
    (
        "people: [{number: '*', does: [{at: 1s, nth: 2, holds: true}, {at: 1s, after: 1s, holds: true}]}]",
        [f"1: people[0].does[{index}]: nth and after count from when, not from at: remove them" for index in (0, 1)],
    ),
    (
        "people: [{number: '*', does: [{when: call.speek.started, holds: true}, {when: dinner, holds: true}, x]}]",
        [
            '1: people[0].does[0].when: "call.speek.started" is no webhook and no command that can come: '
            "did you mean call.speak.started?",
            '1: people[0].does[1].when: "dinner" is no webhook and no command that can come: '
            "write one like call.speak.started, transfer or assistant_says",
            '1: people[0].does[2]: is the text "x": give a mapping, like {at: ...}, or remove it',
        ],
    ),
    (
        "people: [{number: '*', does: [{at: 1s, holds: false}, {when: speak, nth: 0, presses: 9x},"
        " {at: 1, hold: true}]}]",
        [
            '1: people[0].does[0].holds: "false" is not true: give true, or leave the key out',
            '1: people[0].does[1].nth: "0" is not a whole number from 1, nor every',
            '1: people[0].does[1].presses: "9x" is not made of the keys 0-9 * # A-D and the pauses w W',
            "1: people[0].does[2].hold: unknown key: did you mean holds?",
        ],
    ),
    (
        f"people: [{{number: '*', does: [{'{at: 1s, holds: true}, ' * 1001}]}}]",
        ["1: people[0].does: has 1,001 entries, more than 1,000: remove some"],
    ),
    (
        "people: [{number: '*', refused: 90019x}]",
        ['1: people[0].refused: "90019x" is no error code that the platform has: did you mean 90019?'],
    ),
    (
        "people:\n- number: +1*\n- number: +12025550143\n- number: +1*",
        [
            "3: people[1].number: +12025550143 is never found, because people[0] (+1*) fits it too: put this one first",
            "4: people[2].number: +1* is in people[0] already: keep one of the two",
        ],
    ),
    (
        "applications: [{connection_id: a, webhook_url: 'localhost:8088'}]",
        [
            '1: applications[0].webhook_url: "localhost:8088" is no URL: did you mean http://localhost:8088?',
        ],
    ),
    (
        "applications: [{connection_id: a, webhook_timeout_secs: 31, outbound: {channel_limit: many, limit: 1}}]",
        [
            '1: applications[0].webhook_timeout_secs: "31" is not a whole number from 0 to 30',
            '1: applications[0].outbound.channel_limit: "many" is not a whole number from 0 to 1000000',
            "1: applications[0].outbound.limit: unknown key: known are channel_limit, outbound_voice_profile_id",
        ],
    ),
    (
        "applications: [{connection_id: a}]\ncalls: [{from: +12025550143, to: +12025550178, connection_id: b}]",
        ['2: calls[0].connection_id: "b" is none of applications: add it there'],
    ),
    (
        "applications: [{connection_id: [a]}]\ncalls: [{from: +1202, to: +1203, connection_id: b}]",
        ["1: applications[0].connection_id: is a list: give a text"],
    ),
    (
        "people: [{number: '*', answers_after: }, {number: '* 1', refused: 12}, {number: '', says: [{}]}]",
        [
            "1: people[0].answers_after: is empty: give a text, or leave the key out",
            '1: people[1].number: "* 1" is no pattern: did you mean *1?',
            '1: people[1].refused: "12" is no error code that the platform has: '
            "codes have five digits, like 10015 or 90018",
            "1: people[2].number: is empty: give a text",
            "1: people[2].says[0]: is an empty mapping: give a text, or remove it",
        ],
    ),
    (
        "errors: [{command: answer, code: 90099}]\nexpect: [{command: answr, gets: []}]\n"
        "assistants: [{id: a, insights: [[]]}]",
        [
            '1: errors[0].code: "90099" is no error code that the platform has: '
            "near it are 90081, 90100, 90101, 90102, 90103",
            '2: expect[0].command: "answr" is no command: did you mean answer?',
            "2: expect[0].gets: is empty: give ok, an error code or an HTTP status",
            "3: assistants[0].insights[0]: is an empty list: give a mapping, like {id: ...}, or remove it",
        ],
    ),
    ("calls: [{to: +12025550178}]", ["1: calls[0].from: is missing: add it"]),
    (
        "calls: [{from: +12025550143, to: '2 min'}]",
        ['1: calls[0].to: "2 min" is neither E.164 nor a SIP URI: write it like +12025550143, or sip:ada@example.com'],
    ),
    ("assistants: [{id: a}, {id: a}]", ["1: assistants[1].id: a is in assistants[0] already: keep one of the two"]),
    (
        "assistants: [{greeting: Hello}]",
        ["1: assistants[0]: has neither id nor name: give the id that commands give, or the name that is stored"],
    ),
    (
        "assistants: [{id: a, turns: [{hears: x, hears_result: y, says: z}]}]",
        ["1: assistants[0].turns[0]: has hears and hears_result: give one of them"],
    ),
    (
        "assistants: [{id: a, turns: [{uses: {tool: x, argument: {}}}]}]",
        ["1: assistants[0].turns[0].uses.argument: unknown key: did you mean arguments?"],
    ),
    ("secrets: [x]", ["1: secrets: is a list: give names and their values, like {calendar_key: abc}"]),
    ("secrets: {x: }", ["1: secrets: x: is empty: give a text, or leave the key out"]),
    (
        "assistants: [{id: a, turns: [{hears: x}]}]",
        ["1: assistants[0].turns[0]: has neither says nor uses: give one of them"],
    ),
    (
        "errors: [{command: anwser, code: '90018'}]",
        ['1: errors[0].command: "anwser" is no command: did you mean answer?'],
    ),
    (
        "errors: [{command: pay, code: '90018'}, {command: retrieve_call, code: '90018'}]",
        [
            "1: errors[0].command: pay is not simulated yet: the server answers 501 to it",
            "1: errors[1].command: retrieve_call is a question, which the log does not tell of: name a command",
        ],
    ),
    ("errors: [{command: answer, nth: 0, code: '90018'}]", ['1: errors[0].nth: "0" is not a whole number from 1']),
    (
        "errors: [{command: answer, code: '90018', status: 404}]",
        ["1: errors[0]: no row of 90018 has that title and status: it is 422 Call has already ended"],
    ),
    (
        "faults:\n- {operation: dail, status: 503}\n- {operation: dial, statsu: 503}\n- {event: call.answered}",
        [
            '2: faults[0].operation: "dail" is no operation: did you mean dial?',
            "3: faults[1].statsu: unknown key: did you mean status?",
            "4: faults[2].delivery: give delivery or latency: what happens to the webhook",
        ],
    ),
    (
        "faults:\n- operation: dial\n  status: 1000\n  probability: 200%\n  latency: soon\n  rate_limit: no",
        [
            '3: faults[0].status: "1000" is not a whole number from 200 to 599',
            '4: faults[0].probability: "200%" is not a number from 0 to 1: write 0.1, or 10%',
            '5: faults[0].latency: "soon" is not a duration: write seconds, or 2s, 500ms, 1m30s',
            '6: faults[0].rate_limit: "no" is not true: give true, or leave the key out',
        ],
    ),
    (
        "faults: [{operation: dial, probability: often, status: 503}]",
        ['1: faults[0].probability: "often" is not a number from 0 to 1: write 0.1, or 10%'],
    ),
    (
        "errors:\n- {command: answer, code: '90018'}\n- {command: answer, nth: 1, code: '90034'}",
        ["3: errors[1].command: answer number 1 is in errors[0] already: keep one of the two"],
    ),
    (
        "expect: [{event: call.anwsered}]",
        ['1: expect[0].event: "call.anwsered" is no event: did you mean call.answered?'],
    ),
    (
        "expect: [{event: call.conversation.start_failed}]",
        ["1: expect[0].event: call.conversation.start_failed is not simulated yet, so it never comes"],
    ),
    ("expect: [{}]", ["1: expect[0]: has none of event, command, person, never, any_order, at_end: give exactly one"]),
    (
        "expect: [{event: call.answered, command: answer}]",
        ["1: expect[0]: has event and command: give exactly one of event, command, person, never, any_order, at_end"],
    ),
    ("expect: [{event: }]", ["1: expect[0]: event is empty: say which"]),
    ("expect: [{event: call.answered, gets: ok}]", ["1: expect[0]: event has no answer: gets belongs to command"]),
    (
        "expect: [{command: answer, gets: [okay, 99999]}]",
        ['1: expect[0].gets: "okay" is neither ok nor an error code nor an HTTP status'],
    ),
    ("expect: [{person: say}]", ['1: expect[0].person: "say" is nothing that people do: did you mean says?']),
    (
        "expect: [{never: {event: call.answered}, with: {a: b}}]",
        ["1: expect[0]: with belongs inside never: {event: ..., with: {...}}"],
    ),
    (
        "expect: [{person: says, with: x}]",
        ["1: expect[0].with: is the text \"x\": give fields and their values, like {to: '+12025550143'}"],
    ),
    ("audio: loud", ['1: audio: "loud" is neither fetch nor a duration: give one of them, or a list']),
    (
        "audio: {url: x}",
        ["1: audio: is a mapping: give a list, each item of which begins with -, or leave the key out"],
    ),
    ("audio: [{seconds: 1}]", ["1: audio[0]: has none of url, media: give exactly one"]),
    ("audio: [{url: x}]", ["1: audio[0]: has none of seconds, problem, fetch: give exactly one"]),
    (
        "audio: [{url: x, seconds: 1, problem: failed}]",
        ["1: audio[0]: has seconds and problem: give exactly one of seconds, problem, fetch"],
    ),
    (
        "audio: [{media: x, fetch: true}]",
        ["1: audio[0]: media that is stored cannot be fetched: give url, or seconds"],
    ),
    (
        "audio: [{url: x, problem: missing}]",
        ['1: audio[0].problem: "missing" is none of not_found, failed'],
    ),
    (
        "audio: [{url: '*a*a*a*a*a*a', seconds: 1}]",
        ['1: audio[0].url: "*a*a*a*a*a*a" has more than 5 times *: write fewer'],
    ),
    (
        "audio: [{url: x, seconds: 1}, {url: x, seconds: 2}]",
        ["1: audio[1].url: x is in audio[0] already: keep one of the two"],
    ),
    (
        "recordings: [{problem: Unsupported backend}, {nth: 1, problem: Internal server error}]",
        ["1: recordings[1].nth: 1 is in recordings[0] already: keep one of the two"],
    ),
    ("- a", ["1: the file is a list: a scenario is a mapping with people, calls and so on"]),
    ("# nothing", ["1: the file is empty: a scenario has people, calls, assistants, errors, expect"]),
    ("name: a\nname: b", ["2: name: is there twice, first in line 1: keep one of the two"]),
    (
        "name: a\n--- \nname: b",
        ["2: a second document begins here: a file holds one scenario, so make it another file"],
    ),
    (
        "people: !!python/object:os.system [x]",
        [
            "1: the tag !!python/object:os.system means nothing in a scenario: remove it",
            '1: people[0]: is the text "x": give a mapping, like {number: ...}, or remove it',
        ],
    ),
    (
        "people: *nobody",
        [
            "1: the alias *nobody refers to nothing, as no &nobody comes before it: "
            "a text that begins with * needs quotes",
        ],
    ),
    ("people: &a [*a]", ["1: the alias *a stands inside what it refers to: write out what is meant"]),
    ("[a]: b", ["1: a key that is no text: keys are single words"]),
    ("name: 'a", ["1: not YAML: the quote that opens here is never closed"]),
    ("name: a\ndescription: b\x01", ["2: not YAML: the character U+0001 is not allowed: remove it"]),
    (b"name: a\ndescription: caf\xe9\n", ["2: the byte 0xE9 is not UTF-8: save the file in UTF-8"]),
    ("name: a\n\ud800", ["2: half a surrogate pair is no character: remove it"]),
    ("[" * 100, ["1: nested more than 40 deep: a scenario needs no more than a handful"]),
    ("#" * (MOST_BYTES + 1), ["1: 1,000,001 bytes, more than 1,000,000: split the file"]),
]


@pytest.mark.parametrize(("text", "expected"), MISTAKES, ids=[str(text)[:40] for text, _ in MISTAKES])
def test_a_mistake_is_told_with_its_line(text: str | bytes, expected: list[str]) -> None:
    assert [problem.removeprefix("bad.yaml:") for problem in problems(text)] == expected


def test_all_mistakes_are_told_at_once_in_the_order_of_their_lines() -> None:
    text = dedent(
        """
        expect:
          - event: call.anwsered
        people:
          - number: 5
            says: hi
            colour: red
        name: x
        name: y
        """
    )
    assert [problem.split(":")[1] + problem.split(":")[2] for problem in problems(text)] == [
        "3 expect[0].event",
        "5 people[0].number",
        "6 people[0].says",
        "7 people[0].colour",
        "9 name",
    ]


def test_aliases_cannot_make_a_small_file_a_huge_one() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    (problem,) = [problem for problem in problems("\n".join(lines)) if "parts" in problem]
    assert problem == "bad.yaml:5: more than 50,000 parts, with what aliases repeat: split the file"


def loaded(text: str | bytes) -> Scenario | list[str]:
    """The scenario of a text, or its problems."""
    try:
        return load(text)
    except InvalidScenario as invalid:
        return invalid.problems


@given(st.text() | st.binary())
def test_any_text_is_a_scenario_or_an_invalid_one(text: str | bytes) -> None:
    outcome = loaded(text)
    assert isinstance(outcome, Scenario) or all(problem.startswith("scenario.yaml:") for problem in outcome)
    assert outcome


WORDS = st.sampled_from(
    [
        "people",
        "number",
        "name",
        "says",
        "calls",
        "from",
        "to",
        "at",
        "assistants",
        "id",
        "turns",
        "hears",
        "insights",
        "result",
        "errors",
        "command",
        "nth",
        "code",
        "expect",
        "event",
        "with",
        "gets",
        "never",
        "person",
        "answer",
        "call.answered",
        "ok",
        "90018",
        "+12025550143",
        "+1*",
        "2s",
        "when_done",
        "after",
        "hangs_up",
        "answers",
        "null",
        "true",
        "applications",
        "connection_id",
        "silent",
        "presses",
        "refused",
        "outcome",
        "title",
        "status",
        "custom_headers",
        "value",
    ]
)
TREES = st.recursive(
    WORDS | st.text(max_size=8) | st.none() | st.integers() | st.floats(),
    lambda inside: st.lists(inside, max_size=4) | st.dictionaries(WORDS, inside, max_size=5),
    max_leaves=25,
)


@given(st.dictionaries(WORDS, TREES, max_size=6))
def test_any_tree_is_a_scenario_or_an_invalid_one(tree: dict[str, object]) -> None:
    scenario = loaded(yaml.dump(tree, allow_unicode=True))
    if isinstance(scenario, Scenario):
        scenario.to_people(), scenario.to_assistants(), scenario.to_expectations()
        scenario.to_faults()


def test_nothing_heavy_is_imported_before_a_scenario_is_loaded() -> None:
    code = "import sys; from mockserver.scenario import bundled; bundled.names(); assert 'pydantic' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_an_assistant_may_use_tools_and_be_known_by_its_name() -> None:
    scenario = load(
        "assistants: [{name: Desk, turns: [{uses: hangup, says: Bye}, {hears_result: taken, says: No},"
        " {uses: {tool: book, arguments: {day: Friday, count: 2}}}]}]\nsecrets: {key: 0123}"
    )
    [assistant] = scenario.to_assistants()
    assert assistant.turns == (
        Turn("Bye", uses=Use("hangup")),
        Turn("No", hears_result="taken"),
        Turn("", uses=Use("book", {"day": "Friday", "count": 2})),
    )
    assert (assistant.name, assistant.id) == ("Desk", load("assistants: [{name: Desk}]").to_assistants()[0].id)
    assert assistant.id.startswith("assistant-")
    assert scenario.secrets == {"key": "0123"}
