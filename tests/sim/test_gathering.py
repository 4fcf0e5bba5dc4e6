"""gather_using_ai: an assistant asks for the values of a JSON Schema."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.sim import conversations, legs
from mockserver.sim.gathering import made_up, spoken
from mockserver.sim.people import Assistant, Person
from mockserver.sim.simulation import Simulation
from mockserver.sim.world import Leg
from tests.sim.telling import Row, code, do, events, fits, names, new, refusal, story, talk

SCHEMA = {
    "type": "object",
    "properties": {"name": {"type": "string", "description": "Who are you?"}, "age": {"type": "integer"}},
    "required": ["name", "age"],
}
AGE = {"properties": {"age": {"type": "integer"}}, "required": ["age"]}


def gather(
    simulation: Simulation, person: Person | None = None, parameters: Any = AGE, seconds: float = 100.0, **body: Any
) -> tuple[Leg, list[Row]]:
    """A gathering on a new incoming call, and what happened since the command for it."""
    leg = talk(simulation, person)
    begun = simulation.log.last_seq
    do(simulation, "gather_using_ai", leg, parameters=parameters, **body)
    simulation.advance(seconds)
    return leg, story(simulation, begun)


def outcome(simulation: Simulation) -> tuple[str, Any]:
    (payload,) = events(simulation, "call.ai_gather.ended")
    return payload["status"], payload["result"]


# How it goes


def test_it_ends_when_all_required_values_are_known() -> None:
    simulation = new()
    leg, rows = gather(simulation, Person(answers={"name": ("Ada",), "age": (36,)}), SCHEMA)
    assert rows == [
        ("0.400", "app", "gather_using_ai"),
        ("1.200", "telnyx", "call.conversation.created"),
        ("1.200", "assistant", "Who are you?"),
        ("3.190", "person", "says Ada"),
        ("3.890", "assistant", "What is your age?"),
        ("6.144", "person", "says 36"),
        ("6.144", "telnyx", 'call.ai_gather.ended valid {"name": "Ada", "age": 36}'),
        ("6.194", "telnyx", "call.conversation.ended"),
    ]
    assert (leg.state, leg.conversation) == ("answered", None)


def test_with_nothing_required_it_ends_after_the_first_value() -> None:
    simulation = new()
    _, rows = gather(simulation, Person(says=("red",)), {"properties": {"first_name": {}, "age": {"type": "integer"}}})
    assert rows[2:] == [
        ("1.200", "assistant", "What is your first name?"),
        ("3.982", "person", "says red"),
        ("3.982", "telnyx", 'call.ai_gather.ended valid {"first_name": "red"}'),
        ("4.032", "telnyx", "call.conversation.ended"),
    ]


def test_a_greeting_is_the_first_question_and_a_goodbye_the_last_word() -> None:
    simulation = new()
    _, rows = gather(simulation, Person(says=("36",)), greeting="How old?", gather_ended_speech="Thanks.")
    assert rows[1:] == [
        ("1.200", "telnyx", "call.conversation.created"),
        ("1.200", "assistant", "How old?"),
        ("2.860", "person", "says 36"),
        ("3.560", "assistant", "Thanks."),
        ("4.022", "telnyx", 'call.ai_gather.ended valid {"age": 36}'),
        ("4.072", "telnyx", "call.conversation.ended"),
    ]


def test_whoever_speaks_into_the_goodbye_ends_it() -> None:
    simulation = new()
    leg, _ = gather(simulation, Person(says=("36",)), greeting="How old?", gather_ended_speech="Thanks.", seconds=3.3)
    conversations.said(simulation, leg, "Bye.")
    assert outcome(simulation) == ("valid", {"age": 36})
    simulation.advance(10)
    assert names(simulation)[-2:] == ["call.ai_gather.ended", "call.conversation.ended"]


def test_a_value_that_does_not_fit_is_asked_for_three_times() -> None:
    simulation = new()
    _, rows = gather(simulation, Person(answers={"age": ("dunno",)}))
    assert rows[2:] == [
        ("1.200", "assistant", "What is your age?"),
        ("3.652", "person", "says dunno"),
        ("4.352", "assistant", "Sorry, I did not get that. What is your age?"),
        ("8.586", "person", "says dunno"),
        ("9.286", "assistant", "Sorry, I did not get that. What is your age?"),
        ("13.520", "person", "says dunno"),
        ("13.520", "telnyx", "call.ai_gather.ended invalid {}"),
        ("13.570", "telnyx", "call.conversation.ended"),
    ]


def test_a_value_may_come_at_the_last_try_and_the_next_one_has_three_tries_again() -> None:
    simulation = new()
    wrong_twice: tuple[Any, ...] = ("x", "y", 1)
    schema = {"properties": {"a": {"type": "integer"}, "b": {"type": "integer"}}, "required": ["a", "b"]}
    gather(simulation, Person(answers={"a": wrong_twice, "b": wrong_twice}), schema)
    assert outcome(simulation) == ("valid", {"a": 1, "b": 1})


def test_after_a_silence_it_asks_once_whether_somebody_is_there() -> None:
    simulation = new()
    _, rows = gather(simulation, Person(silent=True))
    assert rows[2:] == [
        ("1.200", "assistant", "What is your age?"),
        ("12.322", "assistant", "Are you still there?"),
        ("23.642", "telnyx", "call.ai_gather.ended invalid {}"),
        ("23.692", "telnyx", "call.conversation.ended"),
    ]


def test_whoever_is_still_there_may_answer() -> None:
    simulation = new()
    gather(simulation, Person(answers={"age": (None, 36)}), user_response_timeout_ms=2000)
    assert outcome(simulation) == ("valid", {"age": 36})


@pytest.mark.parametrize("person", [Person(), Person(says=("36", "37")), Person(answers={"age": (36,)})])
def test_a_timeout_shorter_than_a_thought_is_a_silence(person: Person) -> None:
    simulation = new()
    leg, rows = gather(simulation, person, user_response_timeout_ms=500)
    assert rows[2:] == [
        ("1.200", "assistant", "What is your age?"),
        ("2.822", "assistant", "Are you still there?"),
        ("4.642", "telnyx", "call.ai_gather.ended invalid {}"),
        ("4.692", "telnyx", "call.conversation.ended"),
    ]
    assert leg.said == 0


def test_partial_results_come_with_every_value_when_they_are_wanted() -> None:
    simulation = new()
    _, rows = gather(
        simulation, Person(says=("Ada", "36")), SCHEMA, send_partial_results=True, greeting="Who, and how old?"
    )
    assert [what for _, who, what in rows if who == "telnyx"] == [
        "call.conversation.created",
        'call.ai_gather.partial_results {"name": "Ada"}',
        'call.ai_gather.partial_results {"name": "Ada", "age": 36}',
        'call.ai_gather.ended valid {"name": "Ada", "age": 36}',
        "call.conversation.ended",
    ]
    first, second = events(simulation, "call.ai_gather.partial_results")
    assert first["message_history"] == [
        {"role": "assistant", "content": "Who, and how old?"},
        {"role": "user", "content": "Ada"},
    ]
    assert len(second["message_history"]) == 4


def test_the_history_is_reported_whenever_it_grows_when_that_is_wanted() -> None:
    simulation = new()
    leg, _ = gather(
        simulation,
        Person(says=("36",)),
        send_message_history_updates=True,
        message_history=[{"role": "user", "content": "Hi."}, {"role": "system", "content": "Be brief."}],
        seconds=2,
    )
    do(simulation, "ai_assistant_add_messages", leg, messages=[{"role": "assistant", "tool_calls": []}])
    do(simulation, "ai_assistant_add_messages", leg, messages=[])
    simulation.advance(10)
    updates = [
        [message["content"] for message in payload["message_history"]]
        for payload in events(simulation, "call.ai_gather.message_history_updated")
    ]
    assert updates == [
        ["Hi.", "What is your age?"],
        ["Hi.", "What is your age?", ""],
        ["Hi.", "What is your age?", "", "36"],
    ]
    assert events(simulation, "call.ai_gather.ended")[0]["message_history"] == [
        {"role": "user", "content": "Hi."},
        {"role": "assistant", "content": "What is your age?"},
        {"role": "assistant", "content": ""},
        {"role": "user", "content": "36"},
    ]


# What comes in between


def test_hanging_up_ends_it_without_its_values_and_before_the_hangup() -> None:
    simulation = new()
    leg, _ = gather(simulation, Person(silent=True), seconds=4.6)
    begun = simulation.log.last_seq
    legs.person_hangs_up(simulation, leg)
    simulation.advance(60)
    assert story(simulation, begun) == [
        ("5.000", "person", "hangs_up normal"),
        ("5.000", "telnyx", "call.ai_gather.ended invalid {}"),
        ("5.000", "telnyx", "call.hangup normal_clearing caller 200"),
        ("5.050", "telnyx", "call.conversation.ended"),
    ]


def test_stopping_it_keeps_what_was_known() -> None:
    simulation = new()
    leg, _ = gather(simulation, Person(answers={"name": ("Ada",), "age": (None,)}), SCHEMA, seconds=4.6)
    begun = simulation.log.last_seq
    do(simulation, "ai_assistant_stop", leg)
    simulation.advance(60)
    assert story(simulation, begun) == [
        ("5.000", "telnyx", 'call.ai_gather.ended invalid {"name": "Ada"}'),
        ("5.000", "app", "ai_assistant_stop"),
        ("5.050", "telnyx", "call.conversation.ended"),
    ]


def test_the_time_limit_of_the_assistant_ends_it_without_its_values() -> None:
    simulation = new()
    simulation.world.assistants["a"] = Assistant(id="a", time_limit_secs=5.0)
    _, rows = gather(simulation, Person(silent=True), assistant={"id": "a"})
    assert rows[3:] == [
        ("5.400", "telnyx", "call.ai_gather.ended invalid {}"),
        ("5.450", "telnyx", "call.conversation.ended time_limit"),
    ]


def test_what_is_said_from_outside_is_the_answer() -> None:
    simulation = new()
    leg, _ = gather(simulation, Person(silent=True), SCHEMA, seconds=4)
    conversations.said(simulation, leg, "Ada")
    simulation.advance(4)
    conversations.said(simulation, leg, "36")
    assert outcome(simulation) == ("valid", {"name": "Ada", "age": 36})


def test_what_is_said_from_outside_comes_instead_of_what_was_about_to_be_said() -> None:
    simulation = new()
    leg, _ = gather(simulation, Person(answers={"age": (36,)}), seconds=2)
    conversations.said(simulation, leg, "40")
    simulation.advance(20)
    assert outcome(simulation) == ("valid", {"age": 40})


@pytest.mark.parametrize("voice", ["female", "male", "Female"])
def test_a_classic_voice_is_refused(voice: str) -> None:
    simulation = new()
    leg = talk(simulation)
    (error,) = refusal(simulation, "gather_using_ai", leg, parameters=AGE, voice=voice)
    assert (error["code"], error["source"]) == ("90012", {"pointer": "/voice"})
    assert leg.conversation is None


# What people answer


def test_people_answer_by_name_else_with_their_next_line_else_not_at_all() -> None:
    schema = {"properties": {"a": {}, "b": {}, "c": {}}, "required": ["a", "b", "c"]}
    simulation = new()
    _, rows = gather(simulation, Person(says=("first",), answers={"b": ("second",)}), schema)
    assert [what for _, who, what in rows if who == "person"] == ["says first", "says second"]
    assert outcome(simulation) == ("invalid", {"a": "first", "b": "second"})


@pytest.mark.parametrize(
    ("answers", "said"),
    [((), []), ((None,), []), (("x",), ["x"] * 3), (("x", "y"), ["x", "y", "y"]), (("x", None), ["x"])],
)
def test_the_last_answer_is_repeated_for_ever(answers: tuple[Any, ...], said: list[str]) -> None:
    _, rows = gather(new(), Person(answers={"age": answers}))
    assert [what for _, who, what in rows if who == "person"] == [f"says {text}" for text in said]


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({}, "blue"),
        ({"type": "string"}, "blue"),
        ({"type": "integer"}, 1),
        ({"type": "number"}, 1.5),
        ({"type": "boolean"}, True),
        ({"type": "array"}, []),
        ({"type": "object"}, {}),
        ({"type": "null"}, None),
        ({"type": "integer", "minimum": 18}, 18),
        ({"type": "number", "minimum": 0.5}, 0.5),
        ({"type": ["integer", "null"]}, 1),
        ({"type": ["string", "null"]}, "blue"),
        ({"type": []}, "blue"),
        ({"type": "colour"}, "blue"),
        ({"const": "c", "example": "x", "default": "d"}, "c"),
        ({"example": "x", "default": "d", "enum": ["e", "d", "x"]}, "x"),
        ({"default": 7, "enum": [6, 7], "type": "integer"}, 7),
        ({"enum": ["red", "green"]}, "red"),
        ({"enum": None, "examples": ["green"]}, "green"),
        ({"enum": "red"}, "blue"),
        ({"enum": [2, 3], "type": "integer"}, 2),
        ({"enum": [2, 3]}, 2),
        ({"const": 5}, 5),
        ({"const": None}, None),
        ({"enum": [[1], {"a": 2}]}, [1]),
    ],
)
def test_whom_nobody_told_what_to_say_makes_up_a_value_that_is_taken(schema: Any, value: Any) -> None:
    assert made_up(schema) == value
    simulation = new()
    gather(simulation, Person(), {"properties": {"it": schema}, "required": ["it"]})
    assert outcome(simulation) == ("valid", {"it": value})


@pytest.mark.parametrize(
    ("schema", "text", "value"),
    [
        ({"type": "string"}, "36", "36"),
        ({}, "36", "36"),
        ({"type": ["string", "integer"]}, "36", "36"),
        ({"type": "integer"}, "36", 36),
        ({"type": "integer"}, "thirty-six", "thirty-six"),
        ({"type": "number"}, "1.5", 1.5),
        ({"type": ["integer", "null"]}, "null", None),
        ({"type": "boolean"}, "true", True),
        ({"type": "boolean"}, "Yes", True),
        ({"type": "boolean"}, "no", False),
        ({"type": "array"}, '["a"]', ["a"]),
        ({"type": "object"}, '{"a": 1}', {"a": 1}),
        ({"type": "number"}, "NaN", "NaN"),
        ({"type": "number"}, "-Infinity", "-Infinity"),
        ({"type": "number"}, "1e999", "1e999"),
        ({"type": "array"}, "[NaN]", "[NaN]"),
        ({"type": "array"}, "[" * 100_000, "[" * 100_000),
        ({"enum": [1, "1"]}, "1", 1),
        ({"enum": ["1", 1]}, "1", "1"),
        ({"enum": [1, 2]}, "3", "3"),
        ({"enum": "12"}, "1", "1"),
        ({"const": True}, "true", True),
    ],
)
def test_spoken_words_mean_what_the_schema_wants(schema: Any, text: str, value: Any) -> None:
    meant = spoken(schema, text)
    assert (meant, type(meant)) == (value, type(value))


@given(st.text(), st.sampled_from(["string", "integer", "number", "boolean", "array", "object", "null"]))
def test_any_words_mean_something_that_can_be_sent(text: str, kind: str) -> None:
    json.dumps(spoken({"type": kind}, text), allow_nan=False)


# Schemas that are odd


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        pytest.param({}, ("valid", {}), id="nothing"),
        pytest.param({"required": []}, ("valid", {}), id="nothing required of nothing"),
        pytest.param({"properties": {}}, ("valid", {}), id="no properties"),
        pytest.param({"required": ["a", "b"]}, ("valid", {"a": "blue", "b": "blue"}), id="properties missing"),
        pytest.param({"properties": [], "required": ["a"]}, ("valid", {"a": "blue"}), id="properties a list"),
        pytest.param({"properties": {"a": {}}, "required": "a"}, ("valid", {"a": "blue"}), id="required a string"),
        pytest.param({"properties": {"a": {}}, "required": True}, ("valid", {"a": "blue"}), id="required of draft 3"),
        pytest.param({"properties": {"a": {}}, "required": [1]}, ("valid", {"1": "blue"}), id="required a number"),
        pytest.param({"properties": {"a": True}, "required": ["a"]}, ("valid", {"a": "blue"}), id="anything goes"),
        pytest.param({"properties": {"a": {"type": "wat"}}}, ("valid", {"a": "blue"}), id="no such type"),
        pytest.param({"properties": {"a": {"not": {}}}}, ("invalid", {}), id="nothing goes"),
    ],
)
def test_odd_schemas_are_taken_as_far_as_they_go(parameters: Any, expected: tuple[str, Any]) -> None:
    simulation = new()
    gather(simulation, parameters=parameters)
    assert outcome(simulation) == expected


def test_with_nothing_to_ask_only_the_greeting_is_said() -> None:
    simulation = new()
    _, rows = gather(simulation, parameters={}, greeting="Hi.")
    assert rows[1:] == [
        ("1.200", "telnyx", "call.conversation.created"),
        ("1.200", "assistant", "Hi."),
        ("1.398", "telnyx", "call.ai_gather.ended valid {}"),
        ("1.448", "telnyx", "call.conversation.ended"),
    ]


json_schemas = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["string", "integer", "boolean", ["integer", "null"], [], "wat"]),
        "enum": st.lists(st.one_of(st.integers(0, 3), st.text(max_size=2)), max_size=3),
        "minimum": st.integers(-5, 5),
        "description": st.text(max_size=5),
        "default": st.one_of(st.none(), st.integers(), st.text(max_size=3)),
    },
)


@given(
    st.dictionaries(st.sampled_from("abc"), st.one_of(st.booleans(), json_schemas), max_size=3),
    st.one_of(st.none(), st.lists(st.sampled_from("abcd"), unique=True), st.text(max_size=2)),
)
def test_every_gathering_ends_by_itself_with_values_that_fit(properties: Any, required: Any) -> None:
    simulation = new()
    gather(simulation, parameters={"properties": properties, "required": required}, seconds=1_000)
    status, result = outcome(simulation)
    assert (status == "valid") >= (isinstance(required, list) and set(required) <= set(result) and bool(required))
    for name, value in result.items():
        schema = properties.get(name, {})
        assert isinstance(schema, bool) or fits(schema, value)
    assert names(simulation)[-2:] == ["call.ai_gather.ended", "call.conversation.ended"]


def test_a_gathering_says_its_conversation() -> None:
    simulation = new()
    leg = talk(simulation)
    data = do(simulation, "gather_using_ai", leg, parameters=AGE)
    assert data == {"result": "ok", "conversation_id": next(iter(simulation.world.conversations))}
    assert code(simulation, "gather_using_ai", leg, parameters=AGE) == "90061"
