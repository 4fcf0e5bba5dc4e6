"""Dynamic variables: how placeholders are filled, what counts before what, and the webhook that is asked for some."""

from __future__ import annotations

from typing import Any

import pytest

from mockserver.sim import variables
from mockserver.sim.events import Json
from mockserver.sim.outside import Reply
from mockserver.sim.people import Assistant
from mockserver.sim.simulation import Simulation
from tests.sim.asked import Asked, json_reply
from tests.sim.telling import APP, CALLEE, CALLER, dial, do, events, names, new, ring, story

URL = "https://shop.example/variables"
KNOWN = {"name": "Ada", "a.b": "exact", "result": {"day": "Friday", "times": ["ten", 11]}, "open": True}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello {{name}}, {{ name }}!", "Hello Ada, Ada!"),
        ("{{nobody}} {{result.nothing}} {{result.times.7}}", "{{nobody}} {{result.nothing}} {{result.times.7}}"),
        ("{{a.b}} {{result.day}} {{result.times.0}} {{result.times.1}}", "exact Friday ten 11"),
        ("{{open}} {{result.times}}", 'true ["ten", 11]'),
        ("{name} {{}} {{#name}}", "{name} {{}} {{#name}}"),
    ],
)
def test_placeholders_are_filled_and_unknown_ones_stay(text: str, expected: str) -> None:
    assert variables.fill(text, KNOWN) == expected


def test_values_keep_their_type_where_they_stand_alone() -> None:
    value = {"day": "{{result.day}}", "open": "{{open}}", "list": ["{{name}}!", 7, ("{{result.times}}",)]}
    assert variables.fill_in(value, KNOWN) == {"day": "Friday", "open": True, "list": ["Ada!", 7, [["ten", 11]]]}
    assert variables.fill_in("{{nobody}}", KNOWN) == "{{nobody}}"


def greeted(outside: Asked | None = None, **assistant: Any) -> tuple[Simulation, str]:
    """What an assistant says first."""
    simulation = new()
    if outside is not None:
        simulation.outside = outside
    simulation.world.assistants["a"] = Assistant(id="a", **assistant)
    headers = [{"name": "X-Rank", "value": "header"}, {"name": "X-Full-Name", "value": "Ada"}]
    headers += [{"name": "X-Telnyx-Rank", "value": "no"}, {"name": "Rank", "value": "no"}]
    leg = ring(simulation, custom_headers=headers)
    do(simulation, "answer", leg)
    simulation.advance(0.4)
    given: Json = {"rank": "given"} if assistant.get("name") == "Given" else {}
    do(simulation, "ai_assistant_start", leg, assistant={"id": "a", "dynamic_variables": given})
    simulation.advance(10)
    assert leg.conversation is not None
    return simulation, "".join(message["content"] for message in leg.conversation.messages)


@pytest.mark.parametrize(
    ("name", "greeting", "expected"),
    [
        ("Given", "{{rank}}", "given"),
        ("Other", "{{rank}}", "header"),
        ("Other", "{{full_name}} {{telnyx_rank}}", "Ada {{telnyx_rank}}"),
        ("Other", "{{place}}", "webhook"),
        ("Other", "{{shop}}", "stored"),
        ("Other", "{{telnyx_agent_target}} {{telnyx_end_user_target}}", f"{APP} {CALLER}"),
        (
            "Other",
            "{{telnyx_conversation_channel}} at {{telnyx_current_time}}",
            "phone_call at 2026-01-01T00:00:01.200000Z",
        ),
    ],
)
def test_the_command_counts_before_headers_the_webhook_and_what_is_stored(
    name: str, greeting: str, expected: str
) -> None:
    stored = {"rank": "stored", "place": "stored", "shop": "stored", "full_name": "stored"}
    outside = Asked([json_reply({"dynamic_variables": {"rank": "webhook", "place": "webhook"}})])
    told = {"name": name, "greeting": greeting, "dynamic_variables": stored, "variables_url": URL}
    assert greeted(outside, **told)[1] == expected


def test_instructions_are_filled_too() -> None:
    simulation, _ = greeted(instructions="You work for {{shop}}.", dynamic_variables={"shop": "Corner Bakery"})
    [conversation] = simulation.world.conversations.values()
    assert conversation.assistant.instructions == "You work for Corner Bakery."


def test_the_webhook_is_asked_before_the_conversation_begins_and_leaves_notes() -> None:
    notes = {"conversation": {"metadata": {"customer": 4711, "tier": "gold"}}, "memory": {"conversation_query": "x"}}
    outside = Asked([json_reply(notes)], takes=1.0)
    simulation, _ = greeted(outside, greeting="Hello!", variables_url=URL, variables_timeout_ms=900)
    [leg] = simulation.world.legs.values()
    assert story(simulation)[-2:] == [
        ("2.200", "telnyx", "call.conversation.created"),
        ("2.200", "assistant", "Hello!"),
    ]
    [request] = outside.requests
    assert (request.method, request.url, request.signed, request.timeout_secs) == ("POST", URL, True, 0.9)
    [body] = outside.bodies
    event = body["data"]
    assert (event["record_type"], event["event_type"]) == ("event", "assistant.initialization")
    assert event["occurred_at"] == "2026-01-01T00:00:01.200000Z"
    assert event["payload"] == {
        "telnyx_conversation_channel": "phone_call",
        "telnyx_agent_target": APP,
        "telnyx_end_user_target": CALLER,
        "telnyx_end_user_target_verified": False,
        "call_control_id": leg.call_control_id,
        "assistant_id": "a",
    }
    [transcript] = simulation.world.transcripts.values()
    assert (transcript.metadata["customer"], transcript.metadata["tier"]) == ("4711", "gold")


def test_of_an_outgoing_call_the_other_number_is_the_agents() -> None:
    simulation = new()
    leg = dial(simulation)
    told = variables.initial(leg, "")
    assert (told["telnyx_agent_target"], told["telnyx_end_user_target"]) == (APP, CALLEE)


@pytest.mark.parametrize(
    ("reply", "problem"),
    [
        (Reply(problem="no answer within 1.5 s"), "no answer within 1.5 s"),
        (Reply(500, b"{}"), "it answered 500"),
        (Reply(200, b"<html>"), "its answer is no JSON object"),
        (Reply(200, b"[1]"), "its answer is no JSON object"),
    ],
)
def test_without_an_answer_the_call_goes_on_and_the_user_is_warned(reply: Reply, problem: str) -> None:
    simulation, greeting = greeted(Asked([reply]), greeting="Hello {{shop}}!", variables_url=URL)
    assert greeting == "Hello {{shop}}!"
    warnings = [entry.data["text"] for entry in simulation.log.entries if entry.kind == "warning"]
    assert warnings == [f"no dynamic variables from {URL}: {problem}"]


@pytest.mark.parametrize("answer", [{"dynamic_variables": 7, "conversation": []}, {"conversation": {"metadata": "x"}}])
def test_what_is_no_object_in_an_answer_is_nothing(answer: Json) -> None:
    assert greeted(Asked([json_reply(answer)]), greeting="Hello!", variables_url=URL)[1] == "Hello!"


def test_a_call_that_ends_meanwhile_is_over_when_the_webhook_answers() -> None:
    simulation = new()
    simulation.outside = Asked([json_reply({})], takes=3.0)
    simulation.world.assistants["a"] = Assistant(id="a", variables_url=URL)
    leg = ring(simulation)
    do(simulation, "answer", leg)
    simulation.advance(0.4)
    do(simulation, "ai_assistant_start", leg, assistant={"id": "a"})
    simulation.advance(1)
    do(simulation, "hangup", leg)
    simulation.advance(60)
    assert "call.conversation.created" not in names(simulation)
    assert len(events(simulation, "call.conversation.ended")) == 1
