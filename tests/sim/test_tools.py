"""Assistants that act: the tools that they use, and what becomes of it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mockserver.sim import conversations, webhook_tools
from mockserver.sim.events import Json
from mockserver.sim.outside import Reply
from mockserver.sim.people import Assistant, Person, Turn, Use
from mockserver.sim.simulation import Simulation
from mockserver.sim.world import Leg
from tests.sim.asked import Asked, ask, json_reply
from tests.sim.telling import APP, CALLEE, CALLER, Row, dial, do, names, new, story, talk

HANGUP: Json = {"type": "hangup", "hangup": {}}
ADA = Person(CALLER, says=("Friday, please.",))


def webhook(**settings: Any) -> Json:
    known = {"name": "book", "description": "Books.", "url": "https://shop.example/book"}
    return {"type": "webhook", "webhook": {**known, **settings}}


def takes(*names: str) -> Json:
    return {"type": "object", "properties": {name: {"type": "string"} for name in names}}


def transfer(targets: Any = ({"name": "Grace", "to": CALLEE},)) -> Json:
    return {
        "type": "transfer",
        "transfer": {"from": APP, "targets": targets if isinstance(targets, str) else [*targets]},
    }


def talking(
    *turns: Turn, tools: Any = (), outside: Asked | None = None, person: Person = ADA, known: Any = ()
) -> tuple[Simulation, Leg]:
    """A call with an assistant, who has just begun to listen."""
    simulation = new(*known)
    if outside is not None:
        simulation.outside = outside
    simulation.world.assistants["a"] = Assistant(id="a", tools=tools, turns=turns, dynamic_variables={"shop": "Bakery"})
    leg = talk(simulation, person)
    do(simulation, "ai_assistant_start", leg, assistant={"id": "a"})
    return simulation, leg


def after_the_start(simulation: Simulation) -> list[Row]:
    told = story(simulation)
    return told[next(index for index, row in enumerate(told) if "created" in row[2]) + 1 :]


def warnings(simulation: Simulation) -> list[str]:
    return [entry.data["text"] for entry in simulation.log.entries if entry.kind == "warning"]


def book(says: str = "Booked at {{result.time}}.", **arguments: Any) -> Turn:
    return Turn(says, uses=Use("book", arguments))


# The webhook tool


def test_a_webhook_tool_asks_the_application_and_its_answer_is_used() -> None:
    outside = Asked([json_reply({"time": "ten"})], takes=1.0)
    tool = webhook(body_parameters=takes("day", "shop"))
    simulation, leg = talking(book(day="Friday", shop="{{shop}}"), tools=[tool], outside=outside)
    simulation.advance(6)
    assert after_the_start(simulation) == [
        ("3.190", "person", "says Friday, please."),
        ("3.890", "assistant", 'book {"day": "Friday", "shop": "Bakery"}'),
        ("4.890", "tool", 'book {"time": "ten"}'),
        ("4.890", "assistant", "Booked at ten."),
    ]
    [request] = outside.requests
    assert (request.method, request.url, request.signed) == ("POST", "https://shop.example/book", True)
    assert (request.timeout_secs, outside.bodies) == (5.0, [{"day": "Friday", "shop": "Bakery"}])
    assert request.headers == {"x-telnyx-call-control-id": leg.call_control_id, "Content-Type": "application/json"}
    [called, answered] = leg.conversation.messages[1:3] if leg.conversation else []
    [call] = called["tool_calls"]
    assert call["function"] == {"name": "book", "arguments": '{"day": "Friday", "shop": "Bakery"}'}
    assert answered == {"role": "tool", "content": '{"time": "ten"}', "tool_call_id": call["id"]}


def test_the_history_shows_the_use_of_a_tool() -> None:
    simulation, leg = talking(book(day="Friday"), tools=[webhook()], outside=Asked([json_reply({"time": "ten"})]))
    simulation.advance(6)
    assert leg.conversation is not None
    rows = ask(simulation, "list_conversation_messages", leg.conversation.id)["data"]
    assert [(row["role"], row["text"], "tool_calls" in row) for row in rows] == [
        ("user", "Friday, please.", False),
        ("assistant", "", True),
        ("tool", '{"time": "ten"}', False),
        ("assistant", "Booked at ten.", False),
    ]
    assert rows[1]["created_at"] == "2026-01-01T00:00:03.890000Z"


def test_arguments_go_into_the_path_the_query_and_the_body_as_the_tool_declares_them() -> None:
    outside = Asked([Reply(204)])
    tool = webhook(
        url="https://shop.example/{{shop}}/{day}/{other}?v=1",
        method="PUT",
        path_parameters=takes("day"),
        query_parameters=takes("name", "count", "missing"),
        body_parameters=takes("note"),
        timeout_ms=700,
    )
    arguments = {"day": "a/ö", "name": "Ada & Co", "count": 2, "note": [1], "extra": 1}
    simulation, _ = talking(book("", **arguments), tools=[tool], outside=outside)
    simulation.advance(6)
    [request] = outside.requests
    assert request.url == "https://shop.example/Bakery/a%2F%C3%B6/{other}?v=1&name=Ada%20%26%20Co&count=2"
    assert (request.method, outside.bodies, request.timeout_secs) == ("PUT", [{"note": [1]}], 0.7)
    assert warnings(simulation) == ["the tool declares no parameter extra: left out"]


def test_a_query_begins_with_a_question_mark_and_no_parameters_are_no_body() -> None:
    tool = {"url": "https://shop.example/x", "method": "GET", "query_parameters": takes("a")}
    request = webhook_tools.request(tool, {"a": "b"}, {"x": "y"})
    assert (request.url, request.body, request.headers) == ("https://shop.example/x?a=b", b"", {"x": "y"})


def test_headers_carry_secrets_and_variables() -> None:
    outside = Asked([Reply(200), Reply(200)])
    secret = "Bearer {{#integration_secret}}key{{/integration_secret}}"
    rows = [{"name": "Authorization", "value": secret}, {"name": "X-Shop", "value": "{{shop}}"}, {"name": "X-None"}, {}]
    simulation, _ = talking(book(), book(), tools=[webhook(headers=rows)], outside=outside)
    simulation.world.secrets["key"] = "abc"
    simulation.advance(6)
    assert dict(outside.requests[0].headers) == {
        "Authorization": "Bearer abc",
        "X-Shop": "Bakery",
        "X-None": "",
        "x-telnyx-call-control-id": outside.requests[0].headers["x-telnyx-call-control-id"],
    }


def test_a_secret_that_nobody_knows_is_nothing_and_a_warning() -> None:
    rows = [{"name": "Authorization", "value": "{{#integration_secret}}key{{/integration_secret}}"}]
    simulation, _ = talking(book(), tools=[webhook(headers=rows)], outside=Asked([Reply(200)]))
    simulation.advance(6)
    assert warnings(simulation) == ["no secret key: name it under `secrets` of the scenario"]


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        (Reply(200, b"done"), "done"),
        (Reply(404, b"no such day"), '{"error": "HTTP 404", "body": "no such day"}'),
        (Reply(500), '{"error": "HTTP 500"}'),
        (Reply(problem="no answer within 5 s"), '{"error": "no answer within 5 s"}'),
    ],
)
def test_the_assistant_is_told_the_answer_as_it_came_or_what_went_wrong(reply: Reply, told: str) -> None:
    simulation, leg = talking(book("So: {{result}}"), tools=[webhook()], outside=Asked([reply]))
    simulation.advance(6)
    assert leg.conversation is not None
    assert [message["content"] for message in leg.conversation.messages if message["role"] == "tool"] == [told]


def test_fields_of_an_answer_become_variables_for_later_turns() -> None:
    stored = [{"name": "when", "value_path": "slots.0.time"}, {"name": "nothing", "value_path": "x.y"}]
    tool = webhook(store_fields_as_variables=stored)
    outside = Asked([json_reply({"slots": [{"time": "ten"}]}), Reply(200, b"ok")])
    person = Person(CALLER, says=("Friday.", "When?"))
    turns = (book("One moment."), Turn("At {{when}}. {{nothing}}"))
    simulation, _ = talking(*turns, tools=[tool], outside=outside, person=person)
    simulation.advance(20)
    assert after_the_start(simulation)[-1][2] == "At ten. {{nothing}}"


def test_an_asynchronous_tool_is_submitted_and_its_answer_may_come_later() -> None:
    outside = Asked([json_reply({"time": "ten"})], takes=0.1)
    turns = (book("I am asking."), Turn("It is booked at ten.", hears_result="ten"))
    simulation, leg = talking(*turns, tools=[webhook(**{"async": True})], outside=outside)
    simulation.advance(10)
    do(simulation, "ai_assistant_add_messages", leg, messages=[{"role": "tool", "content": "ten", "tool_call_id": "x"}])
    simulation.advance(10)
    assert after_the_start(simulation) == [
        ("3.190", "person", "says Friday, please."),
        ("3.890", "assistant", "book {}"),
        ("4.190", "tool", "book Submitted"),
        ("4.190", "assistant", "I am asking."),
        ("10.400", "app", "ai_assistant_add_messages"),
        ("11.100", "assistant", "It is booked at ten."),
    ]


def test_an_answer_that_comes_while_somebody_speaks_waits() -> None:
    turns = (Turn("A rather long sentence to say.", hears="friday"), Turn("Ten it is.", hears_result="ten"))
    simulation, leg = talking(*turns)
    simulation.advance(4)
    messages = [{"role": "tool", "content": "eleven", "tool_call_id": "x"}, {"role": "tool", "content": "ten"}]
    do(simulation, "ai_assistant_add_messages", leg, messages=messages)
    simulation.advance(10)
    assert after_the_start(simulation)[1:] == [
        ("3.890", "assistant", "A rather long sentence to say."),
        ("4.400", "app", "ai_assistant_add_messages"),
        ("6.570", "assistant", "Ten it is."),
    ]


def test_an_answer_decides_what_is_said_and_may_lead_to_the_next_tool() -> None:
    outside = Asked([json_reply({"error": "taken"}), json_reply({"time": "eleven"})])
    again = Turn("Booked at {{result.time}}.", hears_result="TAKEN", uses=Use("book", {"day": "Saturday"}))
    simulation, _ = talking(book("never said"), again, tools=[webhook(body_parameters=takes("day"))], outside=outside)
    simulation.advance(8)
    assert after_the_start(simulation)[1:] == [
        ("3.890", "assistant", "book {}"),
        ("3.890", "tool", 'book {"error": "taken"}'),
        ("4.590", "assistant", 'book {"day": "Saturday"}'),
        ("4.590", "tool", 'book {"time": "eleven"}'),
        ("4.590", "assistant", "Booked at eleven."),
    ]


def test_while_a_tool_is_at_work_the_assistant_listens_and_the_others_wait() -> None:
    outside = Asked([json_reply({"time": "ten"})], takes=10.0)
    person = Person(CALLER, says=("Friday, please.", "Hello?"))
    simulation, leg = talking(book(), tools=[webhook()], outside=outside, person=person)
    simulation.advance(5)
    other = dial(simulation)
    simulation.advance(3)
    participant = {"id": other.call_control_id, "role": "user"}
    assert leg.conversation is not None
    do(simulation, "ai_assistant_join", other, conversation_id=leg.conversation.id, participant=participant)
    simulation.advance(12)
    assert [row for row in after_the_start(simulation) if row[1] in ("person", "assistant", "tool")] == [
        ("3.190", "person", "says Friday, please."),
        ("3.890", "assistant", "book {}"),
        ("13.890", "tool", 'book {"time": "ten"}'),
        ("13.890", "assistant", "Booked at ten."),
        ("16.210", "person", "says Hello?"),
    ]


def test_a_tool_that_answers_when_the_conversation_is_over_is_not_heard() -> None:
    simulation, leg = talking(book(), tools=[webhook()], outside=Asked([Reply(200)], takes=3.0))
    simulation.advance(5)
    do(simulation, "hangup", leg)
    simulation.advance(10)
    assert [row for row in after_the_start(simulation) if row[1] in ("assistant", "tool")] == [
        ("3.890", "assistant", "book {}")
    ]


def test_with_nothing_to_say_the_others_go_on() -> None:
    person = Person(CALLER, says=("Friday, please.", "Thanks."))
    simulation, _ = talking(book(""), tools=[webhook()], outside=Asked([Reply(200)]), person=person)
    simulation.advance(6)
    assert after_the_start(simulation)[-1] == ("5.352", "person", "says Thanks.")


@pytest.mark.parametrize(
    ("tools", "name", "warning"),
    [
        ([], "book", "the assistant has no tool book: it has none"),
        ([webhook(), HANGUP], "cook", "the assistant has no tool cook: it has book, hangup"),
        ([{"type": "send_dtmf", "send_dtmf": {}}], "send_dtmf", "a tool of the kind send_dtmf has no effect yet"),
    ],
)
def test_a_tool_that_cannot_be_used_is_a_warning(tools: list[Json], name: str, warning: str) -> None:
    simulation, leg = talking(Turn("Well.", uses=Use(name)), tools=tools)
    simulation.advance(6)
    assert warnings(simulation) == [warning]
    assert after_the_start(simulation)[-1][2] == "Well."
    assert leg.conversation is not None
    assert "error" in json.loads(leg.conversation.messages[-2]["content"])


# The hangup tool


def test_the_hangup_tool_ends_the_call_after_the_goodbye() -> None:
    simulation, leg = talking(Turn("Goodbye!", uses=Use("hangup")), tools=[HANGUP])
    simulation.advance(20)
    assert after_the_start(simulation) == [
        ("3.190", "person", "says Friday, please."),
        ("3.890", "assistant", "Goodbye!"),
        ("4.418", "assistant", "hangup {}"),
        ("4.568", "telnyx", "call.hangup normal_clearing callee 200"),
        ("4.618", "telnyx", "call.conversation.ended"),
        ("7.618", "telnyx", "call.conversation_insights.generated"),
    ]
    assert leg.state == "ended"


def test_who_interrupts_the_goodbye_is_hung_up_on_all_the_same() -> None:
    person = Person(CALLER, says=("Friday, please.", "Wait!"))
    simulation, leg = talking(Turn("Goodbye!", uses=Use("hangup")), Turn("Yes?"), tools=[HANGUP], person=person)
    simulation.advance(3.6)
    conversations.said(simulation, leg, "Wait!")
    simulation.advance(3)
    assert [row[2] for row in after_the_start(simulation)[1:5]] == [
        "Goodbye!",
        "says Wait!",
        "hangup {}",
        "call.hangup normal_clearing callee 200",
    ]


# The transfer tool


def test_the_transfer_tool_calls_somebody_and_leaves_when_they_have_come() -> None:
    turn = Turn("I connect you.", uses=Use("transfer", {"name": "Grace"}))
    simulation, leg = talking(turn, tools=[transfer()])
    simulation.advance(20)
    assert after_the_start(simulation) == [
        ("3.190", "person", "says Friday, please."),
        ("3.890", "assistant", "I connect you."),
        ("4.814", "assistant", 'transfer {"name": "Grace"}'),
        ("5.114", "telnyx 2", "call.initiated"),
        ("7.114", "person 2", "answers"),
        ("7.114", "telnyx 2", "call.answered"),
        ("7.114", "telnyx", "call.bridged"),
        ("7.114", "telnyx 2", "call.bridged"),
        ("7.114", "tool", 'transfer {"status": "transferred"}'),
        ("7.164", "telnyx", "call.conversation.ended"),
        ("10.164", "telnyx", "call.conversation_insights.generated"),
    ]
    target = leg.bridged_with
    assert target is not None
    assert (target.to, target.from_, target.call_session_id) == (CALLEE, APP, leg.call_session_id)


def test_where_nobody_answers_the_assistant_goes_on() -> None:
    turns = (Turn("", uses=Use("transfer")), Turn("Nobody is there.", hears_result="nobody"))
    busy = Person(CALLEE, outcome="busy")
    simulation, leg = talking(*turns, tools=[transfer()], known=[busy])
    simulation.advance(20)
    assert after_the_start(simulation)[-2:] == [
        ("4.190", "tool", 'transfer {"error": "Nobody answered."}'),
        ("4.890", "assistant", "Nobody is there."),
    ]
    assert (leg.state, leg.called) == ("answered", None)


def test_a_caller_who_hangs_up_while_it_rings_takes_everything_along() -> None:
    person = Person(CALLER, says=ADA.says, hangs_up_after=5.0)
    simulation, _ = talking(Turn("", uses=Use("transfer")), tools=[transfer()], person=person)
    simulation.advance(20)
    assert names(simulation).count("call.hangup") == 2
    assert "tool" not in [row[1] for row in story(simulation)]


@pytest.mark.parametrize(
    ("targets", "arguments", "warning"),
    [
        ([], {}, "the transfer tool has no such target"),
        ([{"to": CALLEE}], {"to": "+12025550199"}, "the transfer tool has no such target"),
        ("{{nobody}}", {}, "the transfer to {{nobody}} was refused: "),
    ],
)
def test_a_transfer_that_cannot_be_is_told_to_the_assistant(targets: Any, arguments: Json, warning: str) -> None:
    simulation, leg = talking(Turn("", uses=Use("transfer", arguments)), tools=[transfer(targets)])
    simulation.advance(6)
    [told] = warnings(simulation)
    assert told.startswith(warning)
    assert leg.conversation is not None
    assert "error" in json.loads(leg.conversation.messages[-1]["content"])


def test_a_variable_may_hold_the_target() -> None:
    simulation, leg = talking(Turn("", uses=Use("transfer")), tools=[transfer("{{desk}}")])
    simulation.world.assistants["a"].dynamic_variables["desk"] = CALLEE  # type: ignore[index]
    simulation.advance(20)
    assert leg.bridged_with is not None
    assert leg.bridged_with.to == CALLEE


def test_who_is_left_is_transferred_when_the_owner_has_gone() -> None:
    person = Person(CALLER, hangs_up_after=6.0)
    simulation, leg = talking(Turn("", uses=Use("transfer")), tools=[transfer()], person=person)
    other = dial(simulation, "+12025550199")
    simulation.world.people.append(Person("+12025550199"))
    simulation.advance(4)
    participant = {"id": other.call_control_id, "role": "user"}
    assert leg.conversation is not None
    do(simulation, "ai_assistant_join", other, conversation_id=leg.conversation.id, participant=participant)
    simulation.advance(5)
    conversations.said(simulation, other, "Connect me.")
    simulation.advance(5)
    assert other.bridged_with is not None
    assert other.bridged_with.to == CALLEE
