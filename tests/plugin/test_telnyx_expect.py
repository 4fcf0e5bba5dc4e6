"""A list of expectations in a test: `telnyx.expect([...])`."""

from __future__ import annotations

import pytest

from mockserver.testing import AsyncSimulatedTelnyx, NothingCame, SimulatedTelnyx

APP, CALLER = "+12025550100", "+12025550143"


def test_a_test_says_what_it_expects_as_a_scenario_does(telnyx: SimulatedTelnyx) -> None:
    telnyx.person(CALLER, name="Ada", gives_up_after=3)
    telnyx.call(from_=CALLER, to=APP)
    telnyx.expect(
        [
            {"event": "call.initiated", "who": "Ada", "within": 0.5},
            {"any_order": [{"person": "hangs_up"}, {"event": "call.hangup", "within": "3s"}]},
            {"never": {"command": "answer"}},
            {"at_end": {"calls": 0}},
        ]
    )


def test_what_is_missing_is_told_with_the_likely_reason(telnyx: SimulatedTelnyx) -> None:
    telnyx.person(CALLER, gives_up_after=3)
    telnyx.call(from_=CALLER, to=APP)
    with pytest.raises(NothingCame) as caught:
        telnyx.expect([{"event": "call.answered"}, {"at_end": {"calls": 1}}])
    assert str(caught.value).splitlines() == [
        "MISSED   1  call.answered",
        "            no `call.answered` came; what came: call.initiated, call.hangup",
        "            the application got 2 webhooks and sent no command here: "
        "do its base URL and API key lead to this world?",
        f"            the call {CALLER} -> {APP} ended unanswered at 00:00:03.000: the caller gave up",
        "MISSED   2  at the end 1 calls",
        "            calls was 0",
        "2 of 2 expectations did not hold",
    ]


def test_a_mistake_in_the_list_is_a_mistake_of_the_test(telnyx: SimulatedTelnyx) -> None:
    with pytest.raises(ValueError, match=r'/expect/0/event: "call\.hangdown" is no event: did you mean call\.hangup\?'):
        telnyx.expect([{"event": "call.hangdown"}])


@pytest.mark.anyio
async def test_the_form_without_sockets_has_it_too(telnyx_asgi: AsyncSimulatedTelnyx) -> None:
    await telnyx_asgi.call(CALLER, APP)
    await telnyx_asgi.expect([{"event": "call.initiated", "who": CALLER, "times": 1}])
    with pytest.raises(NothingCame, match="expectations did not hold"):
        await telnyx_asgi.expect([{"event": "call.initiated", "times": 2}])
