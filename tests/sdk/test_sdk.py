"""The official SDK, unmodified, against a simulator on a real socket; every webhook is verified by it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
import telnyx
from telnyx.types import CallDialResponse, CallRetrieveStatusResponse
from telnyx.types.calls import ActionJoinAIAssistantResponse, ActionStartAIAssistantResponse

from tests.sdk.live import APP, CALLEE, CALLER, CONNECTION, Application, Simulator, serving

UNKNOWN = "v3:" + "x" * 54

GUIDE = ["call.initiated", "call.answered", "call.conversation.created"]
END = ["call.conversation.ended", "call.conversation_insights.generated"]


def guide(application: Application, client: telnyx.Telnyx, first: str) -> str:
    """The guide's flow: an assistant on a call, a second person dialled and joined to the conversation, the end.

    The result is the second leg.
    """
    application.wait_for("call.initiated", first)
    client.calls.actions.answer(first)
    application.wait_for("call.answered", first)
    started = client.calls.actions.start_ai_assistant(
        first, assistant={"id": "assistant-3e2d6f0a-7c41-4f0b-9c35-1a2b8d0e6f57"}, greeting="Hello."
    )
    assert isinstance(started, ActionStartAIAssistantResponse)
    assert started.data is not None
    assert started.data.conversation_id is not None
    application.wait_for("call.conversation.created", first)
    dialled = client.calls.dial(connection_id=CONNECTION, to=CALLEE, from_=APP, webhook_url=application.url)
    assert isinstance(dialled, CallDialResponse)
    assert dialled.data is not None
    second = dialled.data.call_control_id
    application.wait_for("call.answered", second)
    joined = client.calls.actions.join_ai_assistant(
        second,
        conversation_id=started.data.conversation_id,
        participant={"id": second, "role": "user", "name": "Second", "on_hangup": "end_conversation"},
    )
    assert isinstance(joined, ActionJoinAIAssistantResponse)
    assert joined.data is not None
    assert (joined.data.result, joined.data.conversation_id) == ("ok", started.data.conversation_id)
    client.calls.actions.hangup(second)
    application.wait_for("call.hangup", second)
    application.wait_for("call.conversation_insights.generated", first)
    client.calls.actions.hangup(first)
    application.wait_for("call.hangup", first)
    return second


def test_the_guides_flow_with_the_client(simulator: Simulator, application: Application) -> None:
    with simulator.client(_strict_response_validation=True) as client:
        first = simulator.ring(webhook_url=application.url)
        second = guide(application, client, first)
    assert application.names(first) == [*GUIDE, *END, "call.hangup"]
    assert application.names(second) == ["call.initiated", "call.answered", "call.hangup"]


def test_the_guides_flow_with_the_asynchronous_client(simulator: Simulator, application: Application) -> None:
    first = simulator.ring(webhook_url=application.url)

    async def flow() -> str:
        wait = application.wait_for
        async with simulator.async_client(_strict_response_validation=True) as client:
            actions = client.calls.actions
            await actions.answer(first)
            await asyncio.to_thread(wait, "call.answered", first)
            started = await actions.start_ai_assistant(first, greeting="Hello.")
            assert started.data is not None
            assert started.data.conversation_id is not None
            await asyncio.to_thread(wait, "call.conversation.created", first)
            dialled = await client.calls.dial(
                connection_id=CONNECTION, to=CALLEE, from_=APP, webhook_url=application.url
            )
            assert dialled.data is not None
            second = dialled.data.call_control_id
            await asyncio.to_thread(wait, "call.answered", second)
            joined = await actions.join_ai_assistant(
                second, conversation_id=started.data.conversation_id, participant={"id": second, "role": "user"}
            )
            assert joined.data is not None
            assert joined.data.result == "ok"
            await actions.stop_ai_assistant(first)
            await asyncio.to_thread(wait, "call.conversation_insights.generated", first)
            for leg in (first, second):
                await actions.hangup(leg)
                await asyncio.to_thread(wait, "call.hangup", leg)
        return second

    second = asyncio.run(flow())
    assert application.names(first) == [*GUIDE, *END, "call.hangup"]
    assert application.names(second) == ["call.initiated", "call.answered", "call.hangup"]


def test_webhooks_have_types_that_tell_what_they_carry(simulator: Simulator, application: Application) -> None:
    leg = simulator.ring(webhook_url=application.url, ring_secs=5)
    hangup = application.wait_for("call.hangup", leg)
    assert (hangup.from_, hangup.hangup_cause, hangup.sip_hangup_cause) == (CALLER, "originator_cancel", "487")
    assert [type(event).__name__ for event in application.events] == [
        "CallInitiatedWebhookEvent",
        "CallHangupWebhookEvent",
    ]


def test_an_assistant_gathers_what_is_wanted(simulator: Simulator, application: Application) -> None:
    with simulator.client() as client:
        leg = simulator.ring(webhook_url=application.url, says=["Ada", "36"])
        client.calls.actions.answer(leg)
        application.wait_for("call.answered", leg)
        client.calls.actions.gather_using_ai(
            leg,
            parameters={
                "type": "object",
                "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
                "required": ["name", "age"],
            },
            greeting="Who are you, and how old?",
            send_partial_results=True,
        )
        ended = application.wait_for("call.ai_gather.ended", leg)
        application.wait_for("call.conversation.ended", leg)
    assert (ended.status, ended.result) == ("valid", {"name": "Ada", "age": 36})
    assert application.names(leg).count("call.ai_gather.partial_results") == 2


def test_keys_are_gathered(simulator: Simulator, application: Application) -> None:
    with simulator.client(_strict_response_validation=True) as client:
        leg = simulator.ring(webhook_url=application.url)
        application.wait_for("call.initiated", leg)
        client.calls.actions.answer(leg)
        application.wait_for("call.answered", leg)
        client.calls.actions.gather_using_audio(leg, audio_url="https://media.example/menu.mp3", maximum_digits=4)
        application.wait_for("call.playback.started", leg)
        simulator.control("POST", f"/calls/{leg}/press", {"digits": "47#"})
        ended = application.wait_for("call.gather.ended", leg)
        assert (ended.status, ended.digits) == ("valid", "47")
        assert application.wait_for("call.dtmf.received", leg, 3).digit == "#"
        client.calls.actions.gather_using_speak(leg, payload="Press one.", voice="female", maximum_tries=1)
        client.calls.actions.stop_gather(leg)
        assert application.wait_for("call.gather.ended", leg, 2).status == "cancelled"
        client.calls.actions.send_dtmf(leg, digits="1w#")
        client.calls.actions.gather(leg, gather_id="last", initial_timeout_millis=60_000)
        client.calls.actions.hangup(leg)
        last = application.wait_for("call.gather.ended", leg, 3)
        assert (last.gather_id, last.status, last.digits) == ("last", "call_hangup", "")
        with pytest.raises(telnyx.UnprocessableEntityError, match="90018"):
            client.calls.actions.gather(leg)


def test_a_call_is_supervised_in_one_role_and_then_another(simulator: Simulator, application: Application) -> None:
    with simulator.client(_strict_response_validation=True) as client:
        first = simulator.ring(webhook_url=application.url)
        client.calls.actions.answer(first)
        application.wait_for("call.answered", first)
        more: Any = {"supervise_call_control_id": first, "supervisor_role": "monitor"}
        dialled = client.calls.dial(
            connection_id=CONNECTION, to=CALLEE, from_=APP, webhook_url=application.url, **more
        ).data
        assert dialled is not None
        second = dialled.call_control_id
        application.wait_for("call.answered", second)
        switched = client.calls.actions.switch_supervisor_role(second, role="whisper")
        assert switched.data is not None
        assert switched.data.result == "ok"
        with pytest.raises(telnyx.UnprocessableEntityError, match="10027"):
            client.calls.actions.switch_supervisor_role(first, role="whisper")
        client.calls.actions.hangup(first)
        assert application.wait_for("call.hangup", second).hangup_cause == "normal_clearing"


def test_hold_a_voice_and_the_cost_of_a_call_are_told() -> None:
    with serving(call_cost=True) as simulator, Application(simulator).running() as application:
        leg = simulator.ring(webhook_url=application.url)
        with simulator.client(_strict_response_validation=True) as client:
            client.calls.actions.answer(leg, deepfake_detection={"enabled": True})
            application.wait_for("call.deepfake_detection.result", leg)
            for act in ("hold", "unhold"):
                simulator.control("POST", f"/calls/{leg}/{act}")
            application.wait_for("call.unhold", leg)
            client.calls.actions.hangup(leg)
            cost = application.wait_for("call.cost", leg)
    assert (cost.status, cost.total_cost) == ("success", "0.0155")
    assert application.names(leg)[1:] == [
        *("call.answered", "call.deepfake_detection.result", "call.hold", "call.unhold", "call.hangup", "call.cost"),
    ]


def test_a_call_is_retrieved(simulator: Simulator, application: Application) -> None:
    with simulator.client(_strict_response_validation=True) as client:
        leg = simulator.ring(webhook_url=application.url)
        client.calls.actions.answer(leg, client_state="c3RhdGU=")
        application.wait_for("call.answered", leg)
        status = client.calls.retrieve_status(leg)
        assert isinstance(status, CallRetrieveStatusResponse)
        assert status.data is not None
        assert (status.data.is_alive, status.data.client_state) == (True, "c3RhdGU=")
        client.calls.actions.hangup(leg)
        application.wait_for("call.hangup", leg)
        ended = client.calls.retrieve_status(leg).data
        assert ended is not None
        assert (ended.is_alive, ended.end_time is not None) == (False, True)


def test_active_calls_are_listed_page_by_page(simulator: Simulator) -> None:
    known = [simulator.ring() for _ in range(45)]
    with simulator.client() as client:
        listed = client.connections.list_active_calls(CONNECTION, page_size=10)
        assert [call.call_control_id for call in listed] == known

    async def list_all() -> list[str]:
        async with simulator.async_client() as client:
            listed = client.connections.list_active_calls(CONNECTION, page_size=10)
            return [call.call_control_id async for call in listed]

    assert asyncio.run(list_all()) == known


def dial(client: telnyx.Telnyx, **changes: Any) -> Any:
    return client.calls.dial(**{"connection_id": CONNECTION, "to": CALLEE, "from_": APP, **changes})


ERRORS: list[tuple[Callable[[telnyx.Telnyx], Any], type[telnyx.APIStatusError], int, list[str]]] = [
    (lambda client: dial(client, to="555"), telnyx.UnprocessableEntityError, 422, ["10016"]),
    (lambda client: dial(client, to="555", from_="5"), telnyx.UnprocessableEntityError, 422, ["10016", "10016"]),
    (lambda client: dial(client, from_=5), telnyx.UnprocessableEntityError, 422, ["10026"]),
    (lambda client: dial(client, to=""), telnyx.UnprocessableEntityError, 422, ["10004"]),
    (lambda client: dial(client, record_channels="x"), telnyx.UnprocessableEntityError, 422, ["10032"]),
    (lambda client: dial(client, client_state="?"), telnyx.UnprocessableEntityError, 422, ["90017"]),
    (lambda client: dial(client, to="+15005550041"), telnyx.UnprocessableEntityError, 422, ["90041"]),
    (lambda client: dial(client, to="+15005550403"), telnyx.PermissionDeniedError, 403, ["10010"]),
    (lambda client: client.calls.retrieve_status(UNKNOWN), telnyx.UnprocessableEntityError, 422, ["90015"]),
    (lambda client: client.calls.actions.hangup(UNKNOWN), telnyx.UnprocessableEntityError, 422, ["90015"]),
    (lambda client: client.get("/nothing", cast_to=object), telnyx.NotFoundError, 404, ["10005"]),
    (lambda client: client.delete("/calls", cast_to=object), telnyx.APIStatusError, 405, ["10030"]),
    (
        lambda client: client.post("/calls", content=b'{"to": ', cast_to=object),
        telnyx.BadRequestError,
        400,
        ["10023"],
    ),
    (
        lambda client: client.connections.list_active_calls(CONNECTION, page_size=1000),
        telnyx.UnprocessableEntityError,
        422,
        ["10033"],
    ),
    (lambda client: client.calls.actions.pay(UNKNOWN), telnyx.InternalServerError, 501, ["501"]),
]


@pytest.mark.parametrize(("ask", "kind", "status", "codes"), ERRORS)
def test_what_is_refused_is_an_exception_of_the_sdk(
    simulator: Simulator,
    ask: Callable[[telnyx.Telnyx], Any],
    kind: type[telnyx.APIStatusError],
    status: int,
    codes: list[str],
) -> None:
    with simulator.client() as client, pytest.raises(kind) as refused:
        ask(client)
    assert refused.value.status_code == status
    assert isinstance(refused.value.body, dict)
    assert [error["code"] for error in refused.value.body["errors"]] == codes


def test_the_state_of_a_call_refuses_as_exceptions_of_the_sdk(simulator: Simulator) -> None:
    with simulator.client() as client:
        leg = simulator.ring()
        with pytest.raises(telnyx.UnprocessableEntityError, match="90034"):
            client.calls.actions.start_ai_assistant(leg)
        client.calls.actions.answer(leg)
        client.calls.actions.start_ai_assistant(leg)
        with pytest.raises(telnyx.UnprocessableEntityError, match="90061"):
            client.calls.actions.start_ai_assistant(leg)
        client.calls.actions.hangup(leg)
        with pytest.raises(telnyx.UnprocessableEntityError, match="90018"):
            client.calls.actions.hangup(leg)


def test_a_key_that_is_not_good_is_an_authentication_error() -> None:
    with serving(api_keys=("KEY_good",)) as simulator:
        with simulator.on("KEY_bad").client() as client, pytest.raises(telnyx.AuthenticationError, match="10009"):
            dial(client)
        with simulator.on("KEY_good").client() as client:
            dial(client)


def test_what_is_not_simulated_is_not_asked_for_again(simulator: Simulator) -> None:
    with simulator.client(max_retries=5) as client:
        leg = simulator.ring()
        with pytest.raises(telnyx.InternalServerError):
            client.calls.actions.pay(leg)
    assert len([entry for entry in simulator.log() if entry["kind"] == "command"]) == 1


def test_a_webhook_that_fails_is_sent_again_with_the_same_id(simulator: Simulator, application: Application) -> None:
    application.status = 500
    leg = simulator.ring(webhook_url=application.url)
    application.wait_for("call.initiated", leg, count=2)
    first, again = application.raw
    assert first["data"] == again["data"]
    assert [one["meta"]["attempt"] for one in (first, again)] == [1, 2]


def told(application: Application, legs: list[str]) -> list[tuple[str, str, str]]:
    """The events as `(event, occurred_at, letter of the call)`, per call in the order of the calls."""
    return [
        (raw["data"]["event_type"], raw["data"]["occurred_at"], letter)
        for leg, letter in zip(legs, "ab", strict=True)
        for raw in application.raw
        if raw["data"]["payload"]["call_control_id"] == leg
    ]


def test_thirty_runs_with_the_same_seed_tell_the_same_at_the_same_simulated_times(
    simulator: Simulator, application: Application
) -> None:
    runs: list[list[tuple[str, str, str]]] = []
    with simulator.client() as client:
        for _ in range(30):
            simulator.control("POST", "/reset", {"seed": 7})
            application.events.clear()
            application.raw.clear()
            first = simulator.ring(webhook_url=application.url)
            second = guide(application, client, first)
            runs.append(told(application, [first, second]))
    assert all(run == runs[0] for run in runs)
    assert len(runs[0]) == 9
