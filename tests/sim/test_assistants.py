"""Stored assistants: how they are looked after, and what a started one takes from what is stored."""

from __future__ import annotations

from typing import Any

import pytest

from mockserver.sim import assistants
from mockserver.sim.errors import Unsupported
from mockserver.sim.events import Json
from mockserver.sim.people import Assistant, Person, Turn
from mockserver.sim.simulation import Simulation
from tests.sim.asked import Asked, ask, asking_is_refused, json_reply
from tests.sim.telling import CALLER, dial, do, events, names, new, ring, story, talk

NEW: Json = {"name": "Front desk", "instructions": "You answer for {{shop}}."}


def started(simulation: Simulation, assistant_id: str, person: Person | None = None, **body: Any) -> str:
    """Start a stored assistant on a new call; the id of the conversation."""
    leg = talk(simulation, person)
    given = body.pop("assistant", {})
    data = do(simulation, "ai_assistant_start", leg, assistant={"id": assistant_id, **given}, **body)
    conversation_id: str = data["conversation_id"]
    return conversation_id


def warnings(simulation: Simulation) -> list[str]:
    return [entry.data["text"] for entry in simulation.log.entries if entry.kind == "warning"]


# Looking after them


def test_one_is_stored_looked_at_listed_and_deleted() -> None:
    simulation = new()
    simulation.advance(5)
    made = ask(simulation, "create_assistant", **NEW, enabled_features=["telephony", "messaging", "telephony"])
    assert made["id"].startswith("assistant-")
    assert {
        name: made[name] for name in ("name", "instructions", "model", "greeting", "tools", "enabled_features")
    } == {
        "name": "Front desk",
        "instructions": "You answer for {{shop}}.",
        "model": "Qwen/Qwen3-235B-A22B",
        "greeting": "",
        "tools": [],
        "enabled_features": ["telephony", "messaging"],
    }
    assert made["created_at"] == made["version_created_at"] == "2026-01-01T00:00:05.000000Z"
    assert ask(simulation, "retrieve_assistant", made["id"]) == made
    assert ask(simulation, "list_assistants") == {"data": [made]}
    deleted = {"id": made["id"], "object": "assistant", "deleted": True}
    assert ask(simulation, "delete_assistant", made["id"]) == deleted
    assert ask(simulation, "list_assistants") == {"data": []}


@pytest.mark.parametrize("name", ["retrieve_assistant", "update_assistant", "delete_assistant"])
def test_one_that_nobody_knows_is_not_found(name: str) -> None:
    assert asking_is_refused(new(), name, "assistant-x") == ["10005"]


def test_a_change_is_a_new_version_in_which_the_rest_stays() -> None:
    simulation = new()
    before = ask(
        simulation,
        "create_assistant",
        **NEW,
        telephony_settings={"time_limit_secs": 60, "user_idle_timeout_secs": 20},
        dynamic_variables={"a": 1},
    )
    simulation.advance(1)
    after = ask(
        simulation,
        "update_assistant",
        before["id"],
        greeting="Hi.",
        telephony_settings={"time_limit_secs": 90},
        dynamic_variables={"b": 2},
    )
    assert (after["name"], after["greeting"], after["dynamic_variables"]) == ("Front desk", "Hi.", {"b": 2})
    assert after["telephony_settings"] == {"time_limit_secs": 90, "user_idle_timeout_secs": 20}
    assert after["created_at"] == before["created_at"] < after["version_created_at"]
    assert after["version_id"] != before["version_id"]
    stored = simulation.world.assistants[before["id"]]
    assert (stored.time_limit_secs, stored.idle_timeout_secs) == (90, 20)


def test_a_version_that_is_not_promoted_is_for_nobody() -> None:
    simulation = new()
    before = ask(simulation, "create_assistant", **NEW)
    tried = ask(simulation, "update_assistant", before["id"], greeting="Hi.", promote_to_main=False)
    assert (tried["greeting"], "promote_to_main" in tried) == ("Hi.", False)
    assert ask(simulation, "retrieve_assistant", before["id"]) == before


def test_there_is_a_limit_to_how_many_are_stored() -> None:
    simulation = new()
    for number in range(assistants.MOST_ASSISTANTS):
        simulation.world.assistants[str(number)] = Assistant()
    assert asking_is_refused(simulation, "create_assistant", **NEW) == ["10027"]


def test_the_webhook_is_not_asked_by_a_question() -> None:
    simulation = new()
    made = ask(simulation, "create_assistant", **NEW)
    with pytest.raises(Unsupported):
        ask(simulation, "retrieve_assistant", made["id"], query={"fetch_dynamic_variables_from_webhook": True})


def test_what_is_stored_without_effect_is_a_warning() -> None:
    simulation = new()
    ask(simulation, "create_assistant", **NEW, tool_ids=["x"], mcp_servers=[])
    assert warnings(simulation) == ["tool_ids of an assistant is kept and has no effect"]


def test_those_of_a_scenario_are_listed_too() -> None:
    simulation = new()
    simulation.world.assistants["assistant-1"] = Assistant(id="assistant-1", name="Host", greeting="Hello!")
    [shown] = ask(simulation, "list_assistants")["data"]
    assert (shown["name"], shown["greeting"], shown["version_id"]) == ("Host", "Hello!", "1")
    assert shown["voice_settings"] == {"voice": "Telnyx.KokoroTTS.af"}


# What a started one takes from them


def test_a_started_assistant_falls_back_to_what_is_stored() -> None:
    simulation = new()
    outside = simulation.outside = Asked([json_reply({})])
    made = ask(
        simulation,
        "create_assistant",
        **NEW,
        greeting="Hello, this is {{shop}}.",
        model="openai/gpt-4o",
        voice_settings={"voice": "AWS.Polly.Joanna"},
        transcription={"model": "deepgram/nova-3"},
        dynamic_variables={"shop": "Corner Bakery"},
        dynamic_variables_webhook_url="https://shop.example/variables",
        dynamic_variables_webhook_timeout_ms=300,
        insight_settings={"insight_group_id": "6c2e9b4d-0a85-4f1e-b3d7-58f6a1c09e24"},
        telephony_settings={"time_limit_secs": 30},
        tools=[{"type": "hangup", "hangup": {}}],
    )
    started(simulation, made["id"])
    simulation.advance(60)
    [conversation] = simulation.world.conversations.values()
    assert conversation.messages == [{"role": "assistant", "content": "Hello, this is Corner Bakery."}]
    assert conversation.assistant.instructions == "You answer for Corner Bakery."
    assert conversation.assistant.tools == [{"type": "hangup", "hangup": {}}]
    assert outside.requests[0].timeout_secs == 0.3
    [ended] = events(simulation, "call.conversation.ended")
    assert (ended["assistant_id"], ended["llm_model"], ended["stt_model"]) == (
        made["id"],
        "openai/gpt-4o",
        "deepgram/nova-3",
    )
    assert (ended["tts_provider"], ended["tts_voice_id"], ended["reason"]) == ("aws", "Joanna", "time_limit")
    [insights] = events(simulation, "call.conversation_insights.generated")
    assert insights["insight_group_id"] == "6c2e9b4d-0a85-4f1e-b3d7-58f6a1c09e24"


def test_a_command_counts_before_what_is_stored() -> None:
    simulation = new()
    made = ask(simulation, "create_assistant", **NEW, greeting="Stored.", model="a", tools=[{"type": "hangup"}])
    given = {"name": "Other", "instructions": "Now.", "model": "b", "tools": [{"type": "skip_turn"}]}
    started(simulation, made["id"], assistant=given, greeting="Hello.", voice="x.y.z")
    [conversation] = simulation.world.conversations.values()
    told = conversation.assistant
    assert (told.name, told.instructions, told.model, told.greeting, told.voice) == (
        "Other",
        "Now.",
        "b",
        "Hello.",
        "x.y.z",
    )
    assert told.tools == [{"type": "skip_turn"}]


@pytest.mark.parametrize("direction", ["incoming", "outgoing"])
def test_one_that_comes_with_the_answer_falls_back_too(direction: str) -> None:
    simulation = new()
    made = ask(simulation, "create_assistant", **NEW, greeting="Hello from {{shop}}!")
    given = {"id": made["id"], "dynamic_variables": {"shop": "us"}}
    if direction == "incoming":
        do(simulation, "answer", ring(simulation), assistant=given)
    else:
        dial(simulation, assistant=given)
    simulation.advance(10)
    assert "Hello from us!" in [row[2] for row in story(simulation)]


def test_a_scenario_writes_what_an_assistant_of_a_name_says() -> None:
    simulation = new()
    written = Assistant(id="assistant-1", name="Front desk", turns=(Turn("Of course."),), insights=({"result": "x"},))
    simulation.world.assistants = {
        "assistant-0": Assistant(id="assistant-0", name="Front desk"),
        "assistant-1": written,
    }
    made = ask(simulation, "create_assistant", **NEW)
    started(simulation, made["id"], Person(CALLER, says=("A cake?",)))
    simulation.advance(10)
    assert story(simulation)[-1][1:] == ("assistant", "Of course.")
    other = ask(simulation, "create_assistant", name="Other", instructions="")
    started(simulation, other["id"], Person(CALLER, says=("A cake?",)))
    simulation.advance(10)
    assert story(simulation)[-1][1:] == ("person 2", "says A cake?")


def test_running_conversations_keep_what_they_began_with() -> None:
    simulation = new()
    made = ask(simulation, "create_assistant", **NEW, greeting="Before.")
    started(simulation, made["id"])
    ask(simulation, "update_assistant", made["id"], greeting="After.")
    simulation.advance(2)
    assert story(simulation)[-1][2] == "Before."


# Silence and recordings


def test_a_caller_who_is_silent_for_too_long_is_left_by_the_assistant() -> None:
    simulation = new()
    made = ask(simulation, "create_assistant", **NEW, telephony_settings={"user_idle_timeout_secs": 10})
    started(simulation, made["id"], Person(CALLER, says=("Hello?",)))
    simulation.advance(30)
    assert story(simulation)[-3:] == [
        ("2.596", "person", "says Hello?"),
        ("12.646", "telnyx", "call.conversation.ended user_idle_timeout"),
        ("15.646", "telnyx", "call.conversation_insights.generated"),
    ]


def recorded(**settings: Any) -> Simulation:
    simulation = new()
    made = ask(simulation, "create_assistant", **NEW, telephony_settings={"recording_settings": settings})
    started(simulation, made["id"], Person(CALLER, hangs_up_after=20.0))
    simulation.advance(5)
    [leg] = simulation.world.legs.values()
    do(simulation, "ai_assistant_stop", leg)
    simulation.advance(60)
    return simulation


def test_a_call_is_recorded_as_its_assistant_is_stored() -> None:
    simulation = recorded(format="wav", channels="single")
    assert names(simulation)[-2:] == ["call.hangup", "call.recording.saved"]
    [saved] = events(simulation, "call.recording.saved")
    assert (saved["channels"], list(saved["recording_urls"])) == ("single", ["wav"])
    assert saved["recording_started_at"] == "2026-01-01T00:00:01.200000Z"


def test_a_recording_may_end_with_the_conversation() -> None:
    simulation = recorded(stop_on_conversation_end=True)
    assert names(simulation)[-4:] == [
        "call.conversation.ended",
        "call.recording.saved",
        "call.conversation_insights.generated",
        "call.hangup",
    ]
    [saved] = events(simulation, "call.recording.saved")
    assert (saved["channels"], saved["recording_ended_at"]) == ("dual", "2026-01-01T00:00:05.400000Z")


def test_a_recording_that_is_switched_off_is_none() -> None:
    assert "call.recording.saved" not in names(recorded(enabled=False))


def test_no_recording_begins_where_too_many_run() -> None:
    simulation = new()
    settings = {"recording_settings": {"stop_on_conversation_end": True}}
    made = ask(simulation, "create_assistant", **NEW, telephony_settings=settings)
    leg = talk(simulation)
    for _ in range(20):
        do(simulation, "record_start", leg, format="mp3", channels="dual")
    do(simulation, "ai_assistant_start", leg, assistant={"id": made["id"]})
    simulation.advance(5)
    assert len(leg.recordings) == 20
    assert len(warnings(simulation)) == 1
