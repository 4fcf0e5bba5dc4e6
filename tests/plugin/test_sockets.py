"""The fixture `telnyx`: a world behind a socket, with the official SDK and applications that are served."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from telnyx import APIStatusError, AsyncTelnyx, AuthenticationError, Telnyx

from mockserver.scenario.load import InvalidScenario
from mockserver.testing import Background, NothingCame, SimulatedTelnyx, Webhook, serving
from tests.plugin.applications import APP, CALLEE, CALLER, flask_menu, starlette_menu

STEPS = [
    (0.0, "call.initiated"),
    (0.4, "call.answered"),
    (0.4, "call.dtmf.received"),
    (0.4, "call.gather.ended"),
    (0.55, "call.hangup"),
]


@pytest.fixture(scope="module")
def shared() -> Iterator[Telnyx]:
    """A client is dear to make; each test puts its own key in."""
    with Telnyx(api_key="none yet") as client:
        yield client


@pytest.fixture
def client(telnyx: SimulatedTelnyx, shared: Telnyx) -> Telnyx:
    shared.api_key, shared.base_url, shared.public_key = telnyx.api_key, telnyx.base_url, telnyx.public_key
    return shared


@pytest.fixture
def menu(telnyx: SimulatedTelnyx, client: Telnyx) -> Iterator[None]:
    with serving(flask_menu(client)) as url:
        telnyx.webhook_url = url
        yield


def steps(telnyx: SimulatedTelnyx) -> list[tuple[float, str]]:
    return [(event.seconds, event.name) for event in telnyx.events]


def test_a_flask_application_gets_through_its_menu(telnyx: SimulatedTelnyx, menu: None) -> None:
    call = telnyx.call(from_=CALLER, to=APP)
    call.press("1")
    assert telnyx.wait_for("call.gather.ended", digits="1")["status"] == "valid"
    assert call.wait_for("call.hangup")["hangup_source"] == "callee"
    assert steps(telnyx) == STEPS
    assert [command.name for command in telnyx.commands] == ["answer", "gather_using_speak", "hangup"]
    assert call.state == "ended"


def test_a_starlette_application_is_served_too(telnyx: SimulatedTelnyx) -> None:
    app = starlette_menu(
        AsyncTelnyx(api_key=telnyx.api_key, base_url=telnyx.base_url, public_key=telnyx.public_key), in_background=True
    )
    with serving(app) as url:
        telnyx.webhook_url = url
        telnyx.call(from_=CALLER, to=APP).press("1")
        telnyx.wait_for("call.hangup")
    assert steps(telnyx) == STEPS


def test_time_stands_still_while_the_test_does_something_else(telnyx: SimulatedTelnyx, menu: None) -> None:
    call = telnyx.call(from_=CALLER, to=APP)
    call.wait_for("gather_using_speak")
    before = telnyx.seconds
    threading.Event().wait(0.15)  # what a test computes: longer than any cushion
    assert telnyx.seconds == before == 0.4


def test_time_passes_while_code_under_test_waits_by_itself(telnyx: SimulatedTelnyx, client: Telnyx) -> None:
    over = threading.Event()
    telnyx.webhooks.answer_with(lambda webhook: over.set() if webhook.event_type == "call.answered" else None)
    client.calls.dial(connection_id="1", from_=APP, to=CALLEE)
    assert not over.wait(0.15)
    with telnyx.passing():
        assert over.wait(5)


def test_a_held_time_passes_for_nobody(telnyx: SimulatedTelnyx, client: Telnyx) -> None:
    client.calls.dial(connection_id="1", from_=APP, to=CALLEE)
    with telnyx.hold("a worker"), pytest.raises(NothingCame, match="time is held by a worker; next comes"):
        telnyx.wait_for("call.answered", timeout=0.1)
    telnyx.wait_for("call.answered")


def test_time_is_advanced_to_the_second(telnyx: SimulatedTelnyx, client: Telnyx) -> None:
    telnyx.person(CALLEE, answers_after=10)
    client.calls.dial(connection_id="1", from_=APP, to=CALLEE)
    telnyx.advance(9)
    assert (telnyx.seconds, [call.state for call in telnyx.calls]) == (9.0, ["ringing"])
    telnyx.settle()
    assert [call.state for call in telnyx.calls] == ["answered"]


def test_what_was_given_once_is_not_given_again(telnyx: SimulatedTelnyx, menu: None) -> None:
    telnyx.call(from_=CALLER, to=APP).press("1")
    telnyx.call(from_=CALLER, to=APP).press("2")
    assert [telnyx.wait_for("call.gather.ended")["digits"] for _ in range(2)] == ["1", "2"]
    with pytest.raises(NothingCame, match="it came 2 times before, and was given to an earlier wait_for"):
        telnyx.wait_for("call.gather.ended", timeout=0.05)


def test_a_wait_in_vain_tells_the_nearest_miss(telnyx: SimulatedTelnyx, menu: None) -> None:
    telnyx.fault("hangup", code="90018")
    telnyx.call(from_=CALLER, to=APP).press("2")
    telnyx.wait_for("hangup", gets="90018")
    with pytest.raises(NothingCame) as raised:
        telnyx.wait_for("call.gather.ended", digits="1", timeout=0.05)
    told = str(raised.value).splitlines()
    assert told[0] == 'call.gather.ended with digits="1" did not come within 0.05 s' or "digits=1" in told[0]
    assert told[1] == "  the nearest was at 00:00:00.400: digits was 2"
    assert told[2] == "  hangup got 422 90018 Call has already ended at 00:00:00.400"
    assert told[-1].startswith("  time is held by nobody; next comes")


def test_a_name_that_nothing_has_is_a_mistake_of_the_test(telnyx: SimulatedTelnyx) -> None:
    with pytest.raises(ValueError, match=r"did you mean call\.gather\.ended"):
        telnyx.wait_for("call.gather.endet")
    with pytest.raises(ValueError, match="did you mean transfer"):
        telnyx.wait_for("tranfser")
    with pytest.raises(ValueError, match="gets belongs to commands"):
        telnyx.wait_for("call.hangup", gets="ok")


def test_whoever_presses_in_vain_is_told_why(telnyx: SimulatedTelnyx) -> None:
    call = telnyx.call(from_=CALLER, to=APP)
    call.hang_up()
    with pytest.raises(ValueError, match="90018"):
        call.press("1")


@pytest.mark.telnyx(timeout=0.4)
def test_a_call_that_nobody_answers_has_nobody_who_listens(telnyx: SimulatedTelnyx) -> None:
    with pytest.raises(NothingCame, match=r"the call was not answered within 0\.4 s"):
        telnyx.call(from_=CALLER, to=APP).press("1")


def test_keys_that_nobody_has_asked_for_are_pressed_when_all_is_quiet(telnyx: SimulatedTelnyx, client: Telnyx) -> None:
    client.calls.dial(connection_id="1", from_=APP, to=CALLEE)
    [call] = telnyx.calls
    call.press("12")
    assert [telnyx.wait_for("call.dtmf.received")["digit"] for _ in range(2)] == ["1", "2"]


def test_a_person_says_something_when_the_assistant_has_finished(telnyx: SimulatedTelnyx, client: Telnyx) -> None:
    telnyx.assistant(id="assistant-1", greeting="Hello.", turns=[{"hears": "hours", "says": "Nine to five."}])
    call = telnyx.call(from_=CALLER, to=APP)
    client.calls.actions.answer(call.id)
    client.calls.actions.start_ai_assistant(call.id, assistant={"id": "assistant-1"})
    call.say("Your hours?")
    assert telnyx.wait_for("assistant_says", text="Nine*").payload["text"] == "Nine to five."


def test_a_caller_presses_by_herself_and_holds(telnyx: SimulatedTelnyx, menu: None) -> None:
    call = telnyx.call(from_=CALLER, to=APP, presses=["3"])
    telnyx.wait_for("call.gather.ended", digits="3")
    other = telnyx.call(from_=CALLEE, to=APP)
    other.hold()
    other.wait_for("call.hold")
    other.unhold()
    other.wait_for("call.unhold")
    other.does({"after_silence": 2.5, "hangs_up": True})
    other.wait_for("call.hangup")
    assert {event.call_control_id for event in call.events} == {call.id}


def test_somebody_who_is_dialled_picks_up_when_told(telnyx: SimulatedTelnyx, client: Telnyx) -> None:
    telnyx.person(CALLEE, answers_after="1h")
    client.calls.dial(connection_id="1", from_=APP, to=CALLEE)
    telnyx.wait_for("call.initiated", to=CALLEE)
    [call] = telnyx.calls
    call.answer()
    assert call.wait_for("call.answered").seconds == 0.3
    call.silence()


def test_the_sink_checks_signatures_and_the_sdk_does(telnyx: SimulatedTelnyx, client: Telnyx) -> None:
    telnyx.call(from_=CALLER, to=APP).hang_up()
    telnyx.settle()
    assert [webhook.event_type for webhook in telnyx.webhooks.received] == ["call.initiated", "call.hangup"]
    for webhook in telnyx.webhooks.received:
        assert (webhook.wrong, webhook.attempt) == (None, 1)
        assert client.webhooks.unwrap(webhook.text, headers=dict(webhook.headers))


def test_the_sink_answers_what_it_is_told(telnyx: SimulatedTelnyx) -> None:
    telnyx.webhooks.answer_with(lambda webhook: 500 if webhook.attempt == 1 else 200)
    telnyx.call(from_=CALLER, to=APP)
    telnyx.settle()
    assert [webhook.attempt for webhook in telnyx.webhooks.of("call.initiated")] == [1, 2]


def test_what_the_sink_raises_is_raised_in_the_test(telnyx: SimulatedTelnyx) -> None:
    def handle(webhook: Webhook) -> None:
        raise LookupError(webhook.event_type)

    telnyx.webhooks.answer_with(handle)
    telnyx.call(from_=CALLER, to=APP)
    with pytest.raises(LookupError, match=r"call\.initiated"):
        telnyx.wait_for("call.answered")
    telnyx.webhooks.answer_with(None)


def test_an_environment_has_all_that_an_sdk_needs(telnyx: SimulatedTelnyx, telnyx_env: dict[str, str]) -> None:
    assert telnyx_env == telnyx.env
    assert {name: os.environ[name] for name in telnyx_env} == telnyx_env
    assert telnyx_env["TELNYX_WEBHOOK_URL"] == telnyx.webhooks.url
    with Telnyx() as client:
        assert client.calls.dial(connection_id="1", from_=APP, to=CALLEE).data is not None


def test_a_fault_is_refused_with_its_code(telnyx: SimulatedTelnyx, client: Telnyx) -> None:
    telnyx.fault("dial", code="90041", nth=2)
    dial: dict[str, Any] = {"connection_id": "1", "from_": APP, "to": CALLEE}
    client.calls.dial(**dial)
    with pytest.raises(APIStatusError, match="90041"):
        client.with_options(max_retries=0).calls.dial(**dial)
    client.calls.dial(**dial)


def test_any_other_fault_is_one_of_a_scenario(telnyx: SimulatedTelnyx, client: Telnyx) -> None:
    telnyx.fault("dial", nth=1, status=503)
    telnyx.fault(event="call.initiated", delivery="duplicate")
    dial: dict[str, Any] = {"connection_id": "1", "from_": APP, "to": CALLEE}
    with pytest.raises(APIStatusError, match="503"):
        client.with_options(max_retries=0).calls.dial(**dial)
    client.calls.dial(**dial)
    telnyx.wait_for("call.answered")
    assert len(telnyx.webhooks.of("call.initiated")) == 2


def test_mistakes_of_the_test_are_told_as_such(telnyx: SimulatedTelnyx) -> None:
    with pytest.raises(InvalidScenario, match="outcome"):
        telnyx.person(CALLEE, outcome="dizzy")
    with pytest.raises(ValueError, match="did you mean answer"):
        telnyx.fault("anwser", code="90018")
    with pytest.raises(ValueError, match="from"):
        telnyx.call(from_="Ada", to=APP)
    with pytest.raises(LookupError, match="did you mean ivr_menu"):
        telnyx.scenario("ivr_meny")


@pytest.mark.telnyx(scenario="people: [{number: '+12025550162', outcome: busy}]\nexpect: [{event: call.hangup}]\n")
def test_a_scenario_of_the_marker_is_played(telnyx: SimulatedTelnyx, client: Telnyx) -> None:
    client.calls.dial(connection_id="1", from_=APP, to=CALLEE)
    telnyx.play()
    assert telnyx.events[-1]["hangup_cause"] == "user_busy"
    with pytest.raises(NothingCame, match=r"MISSED   2  call\.bridged"):
        telnyx.play("expect:\n- event: call.bridged\n")


def test_a_scenario_may_be_a_row_of_a_file_that_includes_others(
    telnyx: SimulatedTelnyx, client: Telnyx, tmp_path: Path
) -> None:
    (tmp_path / "people.yaml").write_text(f"people: [{{number: '{CALLEE}', outcome: '${{outcome}}'}}]")
    rows = "parameters: [{outcome: answer, cause: x}, {name: engaged, outcome: busy, cause: user_busy}]"
    expect = "expect: [{event: call.hangup, with: {hangup_cause: '${cause}'}}]"
    (tmp_path / "desk.yaml").write_text(f"include: people.yaml\n{rows}\n{expect}")
    with pytest.raises(InvalidScenario, match="2 rows, and none is chosen"):
        telnyx.scenario(tmp_path / "desk.yaml")
    telnyx.scenario(f"{tmp_path}/desk.yaml#engaged")
    client.calls.dial(connection_id="1", from_=APP, to=CALLEE)
    telnyx.play()


def test_what_a_test_says_of_a_person_has_no_variables(telnyx: SimulatedTelnyx) -> None:
    telnyx.person(CALLER, name="${name} $${name}")
    call = telnyx.call(from_=CALLER, to=APP)
    assert f"{CALLER} (${{name}} $${{name}})" in telnyx.ladder()
    call.hang_up()


@pytest.mark.telnyx(strict=True)
def test_a_strict_world_forgives_nothing(telnyx: SimulatedTelnyx, client: Telnyx) -> None:
    with pytest.raises(APIStatusError):
        client.calls.dial(connection_id="1", from_=APP, to=CALLEE, extra_body={"no_such_field": 1})


def test_each_test_has_a_world_and_ids_of_its_own(telnyx_server: Background) -> None:
    one, other = SimulatedTelnyx(telnyx_server, "KEY_one"), SimulatedTelnyx(telnyx_server, "KEY_other")
    call = one.call(from_=CALLER, to=APP)
    assert (len(one.calls), len(other.calls)) == (1, 0)
    assert other.call(from_=CALLER, to=APP).id != call.id
    one.close()
    again = SimulatedTelnyx(telnyx_server, "KEY_one")
    assert again.call(from_=CALLER, to=APP).id == call.id
    again.close()
    other.close()
    with Telnyx(api_key="KEY_one", base_url=one.base_url) as late, pytest.raises(AuthenticationError):
        late.calls.dial(connection_id="1", from_=APP, to=CALLEE)


def test_a_recording_can_be_fetched_without_a_key(telnyx: SimulatedTelnyx, client: Telnyx) -> None:
    from urllib.request import urlopen

    call = telnyx.call(from_=CALLER, to=APP)
    client.calls.actions.answer(call.id)
    call.wait_for("call.answered")
    client.calls.actions.start_recording(call.id, channels="single", format="wav")
    telnyx.advance(2)
    client.calls.actions.stop_recording(call.id)
    url = telnyx.wait_for("call.recording.saved")["recording_urls"]["wav"]
    assert telnyx.api_key in url
    with urlopen(url, timeout=5) as response:
        assert response.read(4) == b"RIFF"


def test_no_wait_costs_more_real_time_than_it_must(telnyx: SimulatedTelnyx, client: Telnyx) -> None:
    telnyx.person(CALLEE, answers_after="50m")
    client.calls.dial(connection_id="1", from_=APP, to=CALLEE, timeout_secs=600)
    began = time.monotonic()
    telnyx.wait_for("call.hangup", hangup_cause="timeout")
    assert telnyx.seconds >= 600
    assert time.monotonic() - began < 2


def test_the_server_ends_with_its_thread() -> None:
    before = threading.active_count()
    background = Background()
    background.start()
    assert threading.active_count() == before + 1
    background.stop()
    assert threading.active_count() == before
    with pytest.raises(RuntimeError):
        asyncio.get_running_loop()
