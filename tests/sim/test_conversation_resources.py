"""Conversations as resources: those of calls and those without one, their messages, insights and filters."""

from __future__ import annotations

from typing import Any

import pytest

from mockserver.sim import conversation_filters as filters
from mockserver.sim import transcripts
from mockserver.sim.events import Json
from mockserver.sim.people import Assistant, Person, Turn
from mockserver.sim.simulation import Simulation
from mockserver.sim.transcripts import Transcript
from tests.sim.asked import ask, asking_is_refused
from tests.sim.telling import APP, CALLER, do, new, story, talk
from tests.sim.websocket import Application

UNKNOWN = "5f0a7c52-6d0b-4e44-9a51-0f3b6a1f7d20"


def conversed(simulation: Simulation) -> str:
    """A whole conversation on a call; its id."""
    insights = ({"insight_id": "i1", "result": "A cake."}, {"insight_id": "i2", "result": {"cakes": 1}})
    simulation.world.assistants["a"] = Assistant(
        id="a", greeting="Hello!", turns=(Turn("Of course."),), insights=insights
    )
    leg = talk(simulation, Person(CALLER, says=("A cake.",), hangs_up_when_done=True))
    data = do(simulation, "ai_assistant_start", leg, assistant={"id": "a"})
    conversation_id: str = data["conversation_id"]
    return conversation_id


def said(simulation: Simulation, conversation_id: str, **query: Any) -> list[Json]:
    rows: list[Json] = ask(simulation, "list_conversation_messages", conversation_id, query=query)["data"]
    return rows


# Those of calls


def test_a_call_leaves_a_conversation_with_its_notes_messages_and_insights() -> None:
    simulation = new()
    conversation_id = conversed(simulation)
    simulation.advance(60)
    [leg] = simulation.world.legs.values()
    assert ask(simulation, "retrieve_conversation", conversation_id) == {
        "data": {
            "id": conversation_id,
            "metadata": {
                "assistant_id": "a",
                "call_control_id": leg.call_control_id,
                "telnyx_agent_target": APP,
                "telnyx_end_user_target": CALLER,
                "telnyx_conversation_channel": "phone_call",
            },
            "created_at": "2026-01-01T00:00:00.400000Z",
            "last_message_at": "2026-01-01T00:00:03.758000Z",
        }
    }
    assert [(row["role"], row["text"], row["created_at"][17:23]) for row in said(simulation, conversation_id)] == [
        ("assistant", "Hello!", "01.200"),
        ("user", "A cake.", "03.058"),
        ("assistant", "Of course.", "03.758"),
    ]


def test_insights_are_pending_until_they_are_there() -> None:
    simulation = new()
    conversation_id = conversed(simulation)
    simulation.advance(3)
    assert ask(simulation, "list_conversation_insights", conversation_id)["data"] == []
    simulation.advance(4)
    [pending] = ask(simulation, "list_conversation_insights", conversation_id)["data"]
    assert (pending["status"], pending["conversation_insights"]) == ("pending", [])
    simulation.advance(4)
    answer = ask(simulation, "list_conversation_insights", conversation_id)
    [completed] = answer["data"]
    assert (completed["id"], completed["status"]) == (pending["id"], "completed")
    assert completed["created_at"] == "2026-01-01T00:00:05.468000Z"
    assert completed["conversation_insights"] == [
        {"insight_id": "i1", "result": "A cake."},
        {"insight_id": "i2", "result": '{"cakes": 1}'},
    ]
    assert answer["meta"] == {"page_number": 1, "page_size": 20, "total_pages": 1, "total_results": 1}


def test_a_gathering_is_a_conversation_and_a_relay_is_none() -> None:
    simulation = new()
    simulation.outside = Application()
    schema = {"properties": {"name": {"type": "string"}}}
    gathering = do(simulation, "gather_using_ai", talk(simulation), parameters=schema)["conversation_id"]
    do(simulation, "conversation_relay_start", talk(simulation), url="wss://shop.example/relay")
    simulation.advance(30)
    assert [row["id"] for row in ask(simulation, "list_conversations")["data"]] == [gathering]
    assert "assistant_id" not in ask(simulation, "retrieve_conversation", gathering)["data"]["metadata"]


def test_one_that_goes_on_goes_on_unseen_when_it_is_deleted() -> None:
    simulation = new()
    conversation_id = conversed(simulation)
    simulation.advance(2)
    assert ask(simulation, "delete_conversation", conversation_id) == {}
    simulation.advance(60)
    assert asking_is_refused(simulation, "retrieve_conversation", conversation_id) == ["10005"]
    assert story(simulation)[-1][2] == "call.conversation_insights.generated"


# Those without a call


def test_one_is_begun_noted_on_talked_in_and_deleted() -> None:
    simulation = new()
    made = ask(simulation, "create_conversation", name="Order", metadata={"customer": "4711"})
    at = "2026-01-01T00:00:00.000000Z"
    shown = {"name": "Order", "metadata": {"customer": "4711"}, "created_at": at, "last_message_at": at}
    assert made == {"id": made["id"], **shown}
    simulation.advance(2)
    sent_at = "2026-01-01T00:00:01+01:00"
    assert (
        ask(simulation, "add_conversation_message", made["id"], role="user", content="A cake.", sent_at=sent_at) == {}
    )
    updated = ask(simulation, "update_conversation", made["id"], metadata={"done": "yes"})["data"]
    assert updated["metadata"] == {"customer": "4711", "done": "yes"}
    assert updated["last_message_at"] == "2026-01-01T00:00:02.000000Z"
    assert said(simulation, made["id"].upper()) == [
        {
            "role": "user",
            "text": "A cake.",
            "created_at": "2026-01-01T00:00:02.000000Z",
            "sent_at": "2025-12-31T23:00:01.000000Z",
        }
    ]
    assert ask(simulation, "update_conversation", made["id"])["data"] == updated
    assert ask(simulation, "delete_conversation", made["id"]) == {}
    assert ask(simulation, "list_conversations") == {"data": []}


CALL = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}


def test_messages_are_shown_as_far_as_they_can_be() -> None:
    simulation = new()
    conversation_id = ask(simulation, "create_conversation")["id"]
    assert "name" not in ask(simulation, "retrieve_conversation", conversation_id)["data"]
    wrong: list[Any] = [7, {}, {**CALL, "type": "x"}, {**CALL, "function": {"name": "f"}}, {**CALL, "id": None}]
    for message in (
        {"role": "system", "content": "Be nice."},
        {"role": "assistant", "tool_calls": [CALL, *wrong], "sent_at": "0001-01-01T00:00:00+23:00"},
        {"role": "tool", "content": [{"x": 1}], "sent_at": "soon"},
    ):
        ask(simulation, "add_conversation_message", conversation_id, **message)
    rows = said(simulation, conversation_id)
    assert [(row["role"], row["text"], row.get("tool_calls")) for row in rows] == [
        ("assistant", "", [CALL]),
        ("tool", '[{"x": 1}]', None),
    ]
    assert rows[1]["sent_at"] == rows[1]["created_at"]


def test_messages_come_in_pages() -> None:
    simulation = new()
    conversation_id = ask(simulation, "create_conversation")["id"]
    for number in range(25):
        ask(simulation, "add_conversation_message", conversation_id, role="user", content=str(number))
    assert [row["text"] for row in said(simulation, conversation_id)] == [str(number) for number in range(20)]
    second = said(simulation, conversation_id, **{"page[number]": 2, "page[size]": 10})
    assert [row["text"] for row in second] == [str(number) for number in range(10, 20)]


@pytest.mark.parametrize(
    "name",
    [
        *("retrieve_conversation", "update_conversation", "delete_conversation"),
        *("list_conversation_messages", "add_conversation_message", "list_conversation_insights"),
    ],
)
def test_one_that_nobody_knows_is_not_found(name: str) -> None:
    assert asking_is_refused(new(), name, UNKNOWN) == ["10005"]


def test_the_oldest_are_forgotten_and_of_a_long_one_the_latest_is_kept() -> None:
    simulation = new(ended_legs=2)
    ids = [ask(simulation, "create_conversation")["id"] for _ in range(3)]
    assert [row["id"] for row in ask(simulation, "list_conversations")["data"]] == ids[1:]
    transcript = Transcript("x", 0)
    transcript.add(1, [{"content": number} for number in range(transcripts.MOST_MESSAGES)])
    transcript.add(2, [{"content": "last"}])
    assert len(transcript.messages) == len(transcript.times) == transcripts.MOST_MESSAGES
    assert (transcript.messages[-1], transcript.last_message_at) == ({"content": "last"}, 2)


# Conditions


def three() -> Simulation:
    """Three conversations, a second apart: Order of Ada, Question of Bob, and one without a name."""
    simulation = new()
    ask(simulation, "create_conversation", name="Order", metadata={"who": "Ada", "assistant_id": "a"})
    simulation.advance(1)
    ask(simulation, "create_conversation", name="Question", metadata={"who": "Bob, B."})
    simulation.advance(1)
    ask(simulation, "create_conversation", metadata={"who": "none"})
    return simulation


def found(query: Json) -> str:
    """Which of the three are found, by the first letter of who it was."""
    return "".join(row["metadata"]["who"][0] for row in ask(three(), "list_conversations", query=query)["data"])


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, "ABn"),
        ({"name": "eq.Order"}, "A"),
        ({"name": "neq.Order"}, "B"),
        ({"name": "not.eq.Order"}, "B"),
        ({"name": "is.null"}, "n"),
        ({"name": "in.(Order,Question)"}, "AB"),
        ({"metadata->who": 'in.("Bob, B.",Ada)'}, "AB"),
        ({"name": "like.*r*"}, "A"),
        ({"name": "like.O%"}, "A"),
        ({"name": "like.order"}, ""),
        ({"name": "ilike.ORD_R"}, "A"),
        ({"metadata->assistant_id": "eq.a"}, "A"),
        ({"metadata->>assistant_id": "eq.a"}, "A"),
        ({"created_at": "gte.2026-01-01T00:00:01Z"}, "Bn"),
        ({"created_at": "gt.2026-01-01T00:00:01Z"}, "n"),
        ({"created_at": "lt.2026-01-01T02:00:01 02:00"}, "A"),
        ({"last_message_at": "lte.2026-01-01 00:00:01"}, "AB"),
        ({"created_at": "eq.2026-01-01"}, "A"),
        ({"created_at": "gte.2026-01-01T00:00:01Z", "name": "eq.Question"}, "B"),
        ({"or": "(name.eq.Order,name.is.null)"}, "An"),
        ({"or": "(metadata->who.eq.Ada,name.in.(Question,Order))"}, "AB"),
        ({"order": "created_at.desc"}, "nBA"),
        ({"order": "name.desc.nullsfirst,created_at"}, "nBA"),
        ({"order": "name"}, "ABn"),
        ({"order": "created_at.desc", "limit": 2}, "nB"),
    ],
)
def test_conditions_order_and_limit(query: Json, expected: str) -> None:
    assert found(query) == expected


@pytest.mark.parametrize(
    "query",
    [
        {"name": "Order"},
        {"name": "equals.Order"},
        {"name": "in.Order"},
        {"name": "is.true"},
        {"name": "not.x.Order"},
        {"created_at": "gte.yesterday"},
        {"created_at": "in.(yesterday)"},
        {"metadata->": "eq.x"},
        {"or": "name.eq.Order"},
        {"or": "()"},
        {"or": f"({','.join(['name.eq.x'] * 101)})"},
        {"or": "(price.eq.7)"},
        {"order": "price"},
        {"order": "name.up"},
    ],
)
def test_what_is_no_condition_is_refused(query: Json) -> None:
    assert asking_is_refused(three(), "list_conversations", query=query) == ["10031"]


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("", "", True),
        ("*", "", True),
        ("a*b*c", "a1b2b3c", True),
        ("a*b*c", "a1b2b3d", False),
        ("_", "", False),
        ("a_c", "abc", True),
        ("abc", "ab", False),
        ("*a" * 30, "a" * 29, False),
        ("*a" * 30, "a" * 3_000, True),
    ],
)
def test_a_pattern_fits_what_its_stars_can_stand_for(pattern: str, text: str, expected: bool) -> None:
    assert filters.fits(pattern, text) is expected
