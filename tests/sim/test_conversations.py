"""Conversations with an assistant: who says what when, who is in, and how it ends."""

from __future__ import annotations

from typing import Any

import pytest

from mockserver.sim import conversations, legs
from mockserver.sim.people import Assistant, Person, Turn
from mockserver.sim.simulation import Simulation
from mockserver.sim.world import Leg
from tests.sim.telling import (
    UNKNOWN,
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

SCHEMA = {"properties": {"name": {"type": "string"}}, "required": ["name"]}


def start(simulation: Simulation, leg: Leg, **body: Any) -> str:
    conversation_id: str = do(simulation, "ai_assistant_start", leg, **body)["conversation_id"]
    return conversation_id


def join(simulation: Simulation, leg: Leg, conversation_id: str, **participant: Any) -> str:
    item = {"id": leg.call_control_id, "role": "user", **participant}
    return code(simulation, "ai_assistant_join", leg, conversation_id=conversation_id, participant=item)


def knows(simulation: Simulation, **assistant: Any) -> None:
    simulation.world.assistants["a"] = Assistant(id="a", **assistant)


def since(simulation: Simulation) -> int:
    return simulation.log.last_seq


# The life of one


def test_a_caller_who_hangs_up_ends_the_conversation() -> None:
    simulation = new()
    leg = talk(simulation, Person(hangs_up_after=5.0))
    begun = since(simulation)
    start(simulation, leg)
    simulation.advance(60)
    assert story(simulation, begun) == [
        ("0.400", "app", "ai_assistant_start"),
        ("1.200", "telnyx", "call.conversation.created"),
        ("5.400", "person", "hangs_up normal"),
        ("5.400", "telnyx", "call.hangup normal_clearing caller 200"),
        ("5.450", "telnyx", "call.conversation.ended"),
        ("8.450", "telnyx", "call.conversation_insights.generated"),
    ]


def test_stopping_the_assistant_leaves_the_call_up() -> None:
    simulation = new()
    leg = talk(simulation)
    begun = since(simulation)
    start(simulation, leg)
    simulation.advance(9.6)
    assert do(simulation, "ai_assistant_stop", leg) == {"result": "ok"}
    simulation.advance(60)
    assert story(simulation, begun) == [
        ("0.400", "app", "ai_assistant_start"),
        ("1.200", "telnyx", "call.conversation.created"),
        ("10.000", "app", "ai_assistant_stop"),
        ("10.050", "telnyx", "call.conversation.ended"),
        ("13.050", "telnyx", "call.conversation_insights.generated"),
    ]
    assert leg.state == "answered"
    assert events(simulation, "call.conversation.ended")[0]["duration_sec"] == 9
    assert code(simulation, "ai_assistant_start", leg) == "ok"


def test_stopping_where_no_assistant_runs_does_nothing() -> None:
    simulation = new()
    leg = talk(simulation)
    do(simulation, "ai_assistant_stop", leg)
    simulation.advance(60)
    assert names(simulation) == ["call.initiated", "call.answered"]


def test_a_conversation_that_is_stopped_before_it_began_only_ends() -> None:
    simulation = new()
    leg = talk(simulation)
    start(simulation, leg)
    do(simulation, "ai_assistant_stop", leg)
    simulation.advance(60)
    assert names(simulation)[2:] == ["call.conversation.ended", "call.conversation_insights.generated"]


def test_a_conversation_ends_at_the_time_limit_of_its_assistant() -> None:
    simulation = new()
    knows(simulation, time_limit_secs=30.0)
    leg = talk(simulation)
    start(simulation, leg, assistant={"id": "a"})
    simulation.advance(60)
    assert story(simulation)[-2:] == [
        ("30.450", "telnyx", "call.conversation.ended time_limit"),
        ("33.450", "telnyx", "call.conversation_insights.generated"),
    ]
    assert (leg.conversation, leg.state) == (None, "answered")


def test_the_usual_limit_is_half_an_hour() -> None:
    simulation = new()
    start(simulation, talk(simulation))
    simulation.advance(3_600)
    assert story(simulation)[-2] == ("1800.450", "telnyx", "call.conversation.ended time_limit")


@pytest.mark.parametrize("second", ["ai_assistant_start", "gather_using_ai", "ai_assistant_join"])
@pytest.mark.parametrize("first", ["ai_assistant_start", "gather_using_ai"])
def test_there_is_only_one_conversation_on_a_leg(first: str, second: str) -> None:
    simulation = new()
    other = start(simulation, talk(simulation))
    leg = talk(simulation)
    bodies: dict[str, dict[str, Any]] = {
        "ai_assistant_start": {},
        "gather_using_ai": {"parameters": SCHEMA},
        "ai_assistant_join": {"conversation_id": other, "participant": {"id": leg.call_control_id, "role": "user"}},
    }
    do(simulation, first, leg, **bodies[first])
    for _ in range(2):
        (error,) = refusal(simulation, second, leg, **bodies[second])
        assert (error["code"], error["detail"]) == ("90061", "AI Assistant cannot be started more than once.")
        simulation.advance(1)


# An assistant that comes with the answer


def test_an_assistant_in_a_dial_begins_with_the_answer() -> None:
    simulation = new()
    knows(simulation, greeting="Hi.")
    leg = dial(simulation, assistant={"id": "a"})
    simulation.advance(4)
    assert story(simulation) == [
        ("0.000", "app", "dial"),
        ("0.300", "telnyx", "call.initiated"),
        ("2.300", "person", "answers"),
        ("2.300", "telnyx", "call.answered"),
        ("3.100", "telnyx", "call.conversation.created"),
        ("3.100", "assistant", "Hi."),
    ]
    assert code(simulation, "ai_assistant_start", leg) == "90061"


def test_an_assistant_in_an_answer_begins_with_the_call() -> None:
    simulation = new()
    leg = ring(simulation)
    do(simulation, "answer", leg, assistant={"id": "a", "greeting": "Hello."})
    simulation.advance(2)
    assert story(simulation)[2:] == [
        ("0.000", "app", "answer"),
        ("0.400", "telnyx", "call.answered"),
        ("1.200", "telnyx", "call.conversation.created"),
        ("1.200", "assistant", "Hello."),
    ]


def test_an_assistant_that_comes_with_the_answer_leaves_no_room_for_another() -> None:
    simulation = new()
    other = start(simulation, talk(simulation))
    leg = ring(simulation)
    do(simulation, "answer", leg, assistant={"id": "a"})
    assert code(simulation, "ai_assistant_start", leg) == "90061"
    assert code(simulation, "gather_using_ai", leg, parameters=SCHEMA) == "90061"
    assert join(simulation, leg, other) == "90061"
    simulation.advance(100)
    assert names(simulation, leg).count("call.conversation.created") == 1


def test_an_assistant_that_is_started_straight_after_answer_waits_for_the_call() -> None:
    simulation = new()
    leg = ring(simulation)
    do(simulation, "answer", leg)
    start(simulation, leg)
    simulation.advance(2)
    assert story(simulation)[2:] == [
        ("0.000", "app", "answer"),
        ("0.000", "app", "ai_assistant_start"),
        ("0.400", "telnyx", "call.answered"),
        ("1.200", "telnyx", "call.conversation.created"),
    ]


# What is said


def test_people_say_their_lines_and_the_assistant_replies_with_the_turn_that_fits() -> None:
    simulation = new()
    knows(
        simulation,
        greeting="Hello, Ada here.",
        turns=(Turn("We close at six.", hears="close"), Turn("Which day?"), Turn("Bye.", hears="thanks")),
    )
    caller = Person(says=("I need a table.", "When do you CLOSE?", "Thanks."), hangs_up_when_done=True)
    leg = talk(simulation, caller)
    begun = since(simulation)
    conversation_id = start(simulation, leg, assistant={"id": "a"})
    simulation.advance(60)
    assert story(simulation, begun) == [
        ("0.400", "app", "ai_assistant_start"),
        ("1.200", "telnyx", "call.conversation.created"),
        ("1.200", "assistant", "Hello, Ada here."),  # 16 characters: 1.056 s, then 1 s of thought, then 15 characters
        ("4.246", "person", "says I need a table."),
        ("4.946", "assistant", "Which day?"),
        ("7.794", "person", "says When do you CLOSE?"),
        ("8.494", "assistant", "We close at six."),
        ("11.012", "person", "says Thanks."),
        ("11.712", "assistant", "Bye."),
        ("12.976", "person", "hangs_up normal"),
        ("12.976", "telnyx", "call.hangup normal_clearing caller 200"),
        ("13.026", "telnyx", "call.conversation.ended"),
        ("16.026", "telnyx", "call.conversation_insights.generated"),
    ]
    assert simulation.world.conversations[conversation_id].messages == [
        {"role": "assistant", "content": "Hello, Ada here."},
        {"role": "user", "content": "I need a table."},
        {"role": "assistant", "content": "Which day?"},
        {"role": "user", "content": "When do you CLOSE?"},
        {"role": "assistant", "content": "We close at six."},
        {"role": "user", "content": "Thanks."},
        {"role": "assistant", "content": "Bye."},
    ]


def test_without_a_greeting_and_turns_people_talk_to_themselves() -> None:
    simulation = new()
    leg = talk(simulation, Person(says=("A", "B")))
    begun = since(simulation)
    start(simulation, leg)
    simulation.advance(60)
    assert story(simulation, begun) == [
        ("0.400", "app", "ai_assistant_start"),
        ("1.200", "telnyx", "call.conversation.created"),
        ("2.266", "person", "says A"),
        ("3.332", "person", "says B"),
    ]


def test_what_somebody_says_from_outside_is_heard_and_answered() -> None:
    simulation = new()
    knows(simulation, greeting="A greeting that takes a while.", turns=(Turn("Yes?", hears="hello"),))
    leg = talk(simulation)
    start(simulation, leg, assistant={"id": "a"})
    simulation.advance(1)
    begun = since(simulation)
    conversations.said(simulation, leg, "Oh, hello!")  # into the middle of the greeting
    simulation.advance(60)
    assert story(simulation, begun) == [
        ("1.400", "person", "says Oh, hello!"),
        ("2.100", "assistant", "Yes?"),
    ]


@pytest.mark.parametrize("started", [False, True])
def test_what_is_said_before_an_assistant_listens_is_lost(started: bool) -> None:
    simulation = new()
    knows(simulation, turns=(Turn("Yes?"),))
    leg = talk(simulation)
    if started:
        start(simulation, leg, assistant={"id": "a"})
    conversations.said(simulation, leg, "Hello?")
    simulation.advance(10)
    assert "assistant" not in {who for _, who, _ in story(simulation)}
    assert all(not conversation.messages for conversation in simulation.world.conversations.values())


@pytest.mark.parametrize(
    ("body", "greeting"),
    [
        ({}, ""),
        ({"assistant": {"id": "unknown"}}, ""),
        ({"assistant": {"id": "a"}}, "Stored."),
        ({"assistant": {"id": "a", "greeting": "Inner."}}, "Inner."),
        ({"assistant": {"id": "a", "greeting": "Inner."}, "greeting": "Outer."}, "Outer."),
    ],
)
def test_a_start_command_says_what_differs_from_the_stored_assistant(body: dict[str, Any], greeting: str) -> None:
    simulation = new()
    knows(simulation, greeting="Stored.")
    start(simulation, talk(simulation), **body)
    simulation.advance(2)
    assert [what for _, who, what in story(simulation) if who == "assistant"] == ([greeting] if greeting else [])


def test_the_end_of_a_conversation_names_what_was_used() -> None:
    simulation = new()
    knows(simulation, voice="AWS.Polly.Joanna-Neural", model="m1", transcription_model="t1")
    leg = talk(simulation)
    for body in (
        {"assistant": {"id": "a"}},
        {"assistant": {"id": "a", "model": "m2"}, "voice": "female", "transcription": {"model": "t2"}},
        {},
    ):
        start(simulation, leg, **body)
        simulation.advance(1)
        do(simulation, "ai_assistant_stop", leg)
        simulation.advance(1)
    keys = ("assistant_id", "llm_model", "stt_model", "tts_provider", "tts_model_id", "tts_voice_id")
    assert [tuple(payload[key] for key in keys) for payload in events(simulation, "call.conversation.ended")] == [
        ("a", "m1", "t1", "aws", "Polly", "Joanna-Neural"),
        ("a", "m2", "t2", "female", "", ""),
        ("", "Qwen/Qwen3-235B-A22B", "deepgram/flux", "telnyx", "KokoroTTS", "af"),
    ]


@pytest.mark.parametrize(
    ("assistant", "results"),
    [
        (
            {"insights": ({"insight_id": "i", "result": "ok"},), "insight_group_id": "g"},
            [{"insight_id": "i", "result": "ok"}],
        ),
        ({"insights": ()}, []),
    ],
)
def test_insights_are_those_of_the_assistant(assistant: dict[str, Any], results: list[Any]) -> None:
    simulation = new()
    knows(simulation, **assistant)
    leg = talk(simulation, Person(hangs_up_after=3.0))
    start(simulation, leg, assistant={"id": "a"})
    simulation.advance(10)
    (payload,) = events(simulation, "call.conversation_insights.generated")
    assert payload["results"] == results
    assert payload["insight_group_id"] == assistant.get("insight_group_id", payload["insight_group_id"])


def test_without_insights_there_is_a_short_summary() -> None:
    simulation = new()
    leg = talk(simulation, Person(hangs_up_after=3.0))
    start(simulation, leg, greeting="Hi.", message_history=[{"role": "user", "content": "Earlier."}])
    simulation.advance(10)
    (payload,) = events(simulation, "call.conversation_insights.generated")
    assert [result["result"] for result in payload["results"]] == ["A conversation of 2 messages with Assistant."]


# Messages


def test_messages_are_added_to_the_history() -> None:
    simulation = new()
    leg = talk(simulation)
    conversation_id = start(simulation, leg, message_history=[{"role": "user", "content": "A"}])
    do(simulation, "ai_assistant_add_messages", leg, messages=[{"role": "tool", "content": "B", "tool_call_id": "t"}])
    do(simulation, "ai_assistant_add_messages", leg)
    assert simulation.world.conversations[conversation_id].messages == [
        {"role": "user", "content": "A"},
        {"role": "tool", "content": "B", "tool_call_id": "t"},
    ]


def test_messages_for_nobody_are_refused() -> None:
    simulation = new()
    (error,) = refusal(simulation, "ai_assistant_add_messages", talk(simulation), messages=[])
    assert (error["code"], error["detail"]) == (
        "10027",
        "The request could not be processed. No AI assistant is running on this call.",
    )


# Several legs


def test_a_leg_joins_and_the_conversation_lasts_until_the_last_one_leaves() -> None:
    simulation = new()
    first, second = talk(simulation), talk(simulation, Person(says=("Hello.",)))
    conversation_id = start(simulation, first)
    simulation.advance(1)
    begun = since(simulation)
    item = {"id": second.call_control_id, "role": "user", "name": "Bob"}
    assert do(simulation, "ai_assistant_join", second, conversation_id=conversation_id, participant=item) == {
        "result": "ok",
        "conversation_id": conversation_id,
    }
    simulation.advance(3)
    legs.person_hangs_up(simulation, first)
    simulation.advance(3)
    legs.person_hangs_up(simulation, second)
    simulation.advance(60)
    assert story(simulation, begun) == [
        ("1.800", "app 2", "ai_assistant_join"),
        ("1.800", "person 2", "joins"),
        ("3.196", "person 2", "says Hello."),
        ("4.800", "person", "hangs_up normal"),
        ("4.800", "telnyx", "call.hangup normal_clearing caller 200"),
        ("7.800", "person 2", "hangs_up normal"),
        ("7.800", "telnyx 2", "call.hangup normal_clearing caller 200"),
        ("7.850", "telnyx", "call.conversation.ended"),
        ("10.850", "telnyx", "call.conversation_insights.generated"),
    ]


@pytest.mark.parametrize(
    ("on_hangup", "goes_on"),
    [("continue_conversation", True), (None, True), ("end_conversation", False)],
)
def test_a_participant_may_end_it_for_all_by_hanging_up(on_hangup: str | None, goes_on: bool) -> None:
    simulation = new()
    first, second = talk(simulation), talk(simulation)
    conversation_id = start(simulation, first)
    simulation.advance(1)
    join(simulation, second, conversation_id, **({"on_hangup": on_hangup} if on_hangup else {}))
    legs.person_hangs_up(simulation, second)
    simulation.advance(10)
    assert ("call.conversation.ended" not in names(simulation)) == goes_on
    assert (first.conversation is not None, first.state) == (goes_on, "answered")


def test_participants_of_a_start_are_in_from_the_beginning() -> None:
    simulation = new()
    first, second = talk(simulation, Person(says=("One.",))), talk(simulation, Person(says=("Two.",)))
    begun = since(simulation)
    conversation_id = start(
        simulation,
        first,
        participants=[
            {"id": second.call_control_id, "role": "user", "name": "Bob"},
            {"id": first.call_control_id, "role": "user", "name": "Ada", "on_hangup": "end_conversation"},
        ],
    )
    conversation = simulation.world.conversations[conversation_id]
    member = conversation.member(first)
    assert member is not None
    assert (member.name, member.ends_it, conversation.member(talk(simulation))) == ("Ada", True, None)
    simulation.advance(10)
    assert [row for row in story(simulation, begun) if row[1].startswith("person") and row[2] != "calls"] == [
        ("2.864", "person 2", "says Two."),
        ("4.128", "person", "says One."),
    ]
    legs.person_hangs_up(simulation, first)
    assert (second.conversation, second.state) == (None, "answered")


def test_participants_must_be_answered_and_free() -> None:
    simulation = new()
    leg, ringing, ended, busy = talk(simulation), ring(simulation), ring(simulation), talk(simulation)
    legs.person_hangs_up(simulation, ended)
    start(simulation, busy)

    def outcome(*ids: str) -> str:
        return code(simulation, "ai_assistant_start", leg, participants=[{"id": id_, "role": "user"} for id_ in ids])

    assert outcome(ringing.call_control_id) == "90034"
    assert outcome(ended.call_control_id) == "90018"
    assert outcome(busy.call_control_id) == "90061"
    (error,) = refusal(
        simulation, "ai_assistant_start", leg, participants=[{"id": leg.call_control_id}, {"id": UNKNOWN}]
    )
    assert (error["code"], error["source"]) == ("90015", {"pointer": "/participants/1/id"})
    assert leg.conversation is None
    simulation.advance(601)
    assert outcome(ended.call_control_id) == "90015"
    assert outcome() == "ok"


def test_whoever_starts_and_leaves_before_it_began_ends_it() -> None:
    simulation = new()
    first, second = talk(simulation), talk(simulation)
    start(simulation, first, participants=[{"id": second.call_control_id, "role": "user"}])
    legs.person_hangs_up(simulation, first)
    simulation.advance(10)
    assert names(simulation, first)[2:] == [
        "call.hangup",
        "call.conversation.ended",
        "call.conversation_insights.generated",
    ]
    assert (second.conversation, second.state) == (None, "answered")


def test_a_leg_can_join_what_has_not_begun_yet() -> None:
    simulation = new()
    first, second = talk(simulation), talk(simulation)
    conversation_id = start(simulation, first)
    assert join(simulation, second, conversation_id) == "ok"
    simulation.advance(10)
    assert names(simulation, second) == ["call.initiated", "call.answered"]


def test_joining_does_not_interrupt_whoever_speaks() -> None:
    simulation = new()
    first, second = talk(simulation), talk(simulation, Person(says=("Hello.",)))
    begun = since(simulation)
    conversation_id = start(simulation, first, greeting="Welcome, both of you.")
    simulation.advance(1)
    join(simulation, second, conversation_id)
    simulation.advance(10)
    assert story(simulation, begun)[-1] == ("4.382", "person 2", "says Hello.")


def test_the_path_of_a_join_and_its_participant_are_the_same_leg() -> None:
    simulation = new()
    first, second = talk(simulation), talk(simulation)
    conversation_id = start(simulation, first)
    (error,) = refusal(
        simulation,
        "ai_assistant_join",
        second,
        conversation_id=conversation_id,
        participant={"id": first.call_control_id, "role": "user"},
    )
    assert (error["code"], error["source"]) == ("90015", {"pointer": "/participant/id"})


def test_only_an_open_conversation_that_runs_can_be_joined() -> None:
    simulation = new()
    leg, owner, gathered = talk(simulation), talk(simulation), talk(simulation)
    conversation_id = start(simulation, owner)
    gathering = do(simulation, "gather_using_ai", gathered, parameters=SCHEMA)["conversation_id"]
    do(simulation, "ai_assistant_stop", owner)
    assert [join(simulation, leg, id_) for id_ in ("v3:abc123", conversation_id, gathering)] == ["10005"] * 3
    simulation.advance(100)
    assert join(simulation, leg, conversation_id) == "10005"
    assert leg.conversation is None


def test_whoever_leaves_while_thinking_lets_the_others_go_on() -> None:
    simulation = new()
    first, second = talk(simulation), talk(simulation, Person(says=("Wait for me.",)))
    begun = since(simulation)
    start(simulation, second, participants=[{"id": first.call_control_id, "role": "user"}])
    simulation.advance(1.5)
    legs.person_hangs_up(simulation, second)
    simulation.advance(10)
    assert story(simulation, begun)[-1] == ("2.300", "telnyx 2", "call.hangup normal_clearing caller 200")
    assert first.conversation is not None
    assert first.conversation.floor is None


def test_everybody_hangs_up_when_all_is_said() -> None:
    simulation = new()
    polite = Person(says=("Bye.",), hangs_up_when_done=True)
    first, second, third = talk(simulation, polite), talk(simulation, Person()), talk(simulation, polite)
    others = [{"id": leg.call_control_id, "role": "user"} for leg in (second, third)]
    start(simulation, first, participants=others)
    simulation.advance(20)
    assert [leg.state for leg in (first, second, third)] == ["ended", "answered", "ended"]


def test_a_caller_who_says_something_more_still_hangs_up_once() -> None:
    simulation = new()
    leg = talk(simulation, Person(hangs_up_when_done=True))
    begun = since(simulation)
    start(simulation, leg)
    simulation.advance(1)
    conversations.said(simulation, leg, "One more thing.")
    simulation.advance(10)
    assert story(simulation, begun)[2:5] == [
        ("1.400", "person", "says One more thing."),
        ("2.200", "person", "hangs_up normal"),
        ("2.200", "telnyx", "call.hangup normal_clearing caller 200"),
    ]


def test_people_take_turns() -> None:
    simulation = new()
    first = talk(simulation, Person(says=("One.", "Three.", "Four.")))
    second = talk(simulation, Person(says=("Two.",)))
    join(simulation, second, start(simulation, first))
    simulation.advance(60)
    said = [what for _, _, what in story(simulation) if what.startswith("says")]
    assert said == ["says One.", "says Two.", "says Three.", "says Four."]


def test_an_assistant_that_comes_with_the_answer_can_be_stopped_before_it_comes() -> None:
    simulation = new()
    leg = ring(simulation)
    do(simulation, "answer", leg, assistant={"id": "assistant-1"})
    do(simulation, "ai_assistant_stop", leg)
    simulation.advance(60)
    assert [what for _, who, what in story(simulation) if who.startswith("telnyx")] == [
        "call.initiated",
        "call.answered",
    ]


def test_of_a_conversation_that_does_not_end_the_latest_messages_are_kept() -> None:
    simulation = new()
    leg = talk(simulation)
    do(simulation, "ai_assistant_start", leg)
    for index in range(12):
        batch = [{"role": "user", "content": f"{index}.{number}"} for number in range(1_000)]
        do(simulation, "ai_assistant_add_messages", leg, messages=batch)
    assert leg.conversation is not None
    kept = leg.conversation.messages
    assert (len(kept), kept[0]["content"], kept[-1]["content"]) == (10_000, "2.0", "11.999")


def test_whoever_leaves_at_the_moment_they_join_is_not_said_to_have_joined() -> None:
    simulation = new()
    first, second = talk(simulation), talk(simulation)
    join(simulation, second, start(simulation, first))
    legs.person_hangs_up(simulation, second)
    simulation.advance(1)
    assert "joins" not in [what for _, _, what in story(simulation)]
