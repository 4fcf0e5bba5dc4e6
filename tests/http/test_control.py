"""`/_mock` over HTTP: the clock, the log and its stream, people, worlds, scenarios."""

from __future__ import annotations

import asyncio
import json
from base64 import b64decode
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from starlette.types import Message, Scope

from mockserver.http.control import STREAM_BUFFER
from mockserver.settings import DEFAULT_KEY, data_folder
from mockserver.sim.events import Json
from mockserver.sim.hearing import Hearing
from mockserver.sim.sound import Format
from mockserver.webhooks.signing import DEFAULT_PUBLIC_KEY
from tests.http.asking import APP, CALLER, CONNECTION, KEY, UNKNOWN, Simulator, simulating

pytestmark = pytest.mark.anyio

JSON = {"content-type": "application/json"}
CALL = {"from": CALLER, "to": APP}


# The world -----------------------------------------------------------------------------------------------------------


async def test_health_tells_what_runs(simulator: Simulator) -> None:
    await simulator.ring()
    health = await simulator.do("GET", "/_mock/health", key=None)
    assert health | {"version": ""} == {
        "status": "ok",
        "version": "",
        "spec_date": "2026-07-16",
        "clock": {"mode": "manual", "now": "2026-01-01T00:00:00.000000Z"},
        "seed": 0,
        "public_key": DEFAULT_PUBLIC_KEY,
        "tls": None,
        "worlds": 2,
        "live_calls": 1,
    }


async def test_a_request_without_a_key_is_about_the_default_world(simulator: Simulator) -> None:
    await simulator.do("POST", "/_mock/calls", CALL, key=DEFAULT_KEY)
    assert len(await simulator.do("GET", "/_mock/calls", key=None)) == 1
    assert await simulator.do("GET", "/_mock/calls") == []


async def test_a_name_that_nobody_knows_is_a_mistake_of_whoever_wrote_it(simulator: Simulator) -> None:
    response = await simulator.ask("POST", "/_mock/calls", CALL | {"ring_sec": 3})
    assert response.status_code == 422
    problem = response.json()["errors"][0]
    assert problem["detail"].endswith("The field 'ring_sec' is not known, did you mean ring_secs?")
    assert problem["source"] == {"pointer": "/ring_sec"}
    assert await simulator.refused("GET", "/_mock/events?limt=5") == [("10027", "limt")]
    assert await simulator.do("GET", "/_mock/calls") == []


async def test_a_key_that_is_none_is_refused(simulator: Simulator) -> None:
    assert await simulator.refused("GET", "/_mock/clock", key=None, headers={"authorization": "Basic x"}) == [
        ("10009", "")
    ]


async def test_a_reset_empties_the_world_of_its_key_alone(simulator: Simulator) -> None:
    await simulator.ring()
    await simulator.do("POST", "/_mock/calls", CALL, key="KEY_other")
    assert await simulator.do("POST", "/_mock/reset", {"seed": 42}) == {"reset": True, "seed": 42}
    assert await simulator.do("GET", "/_mock/calls") == []
    assert await simulator.events() == []
    assert (await simulator.do("GET", "/_mock/health"))["seed"] == 42
    assert len(await simulator.do("GET", "/_mock/calls", key="KEY_other")) == 1


async def test_a_reset_begins_with_the_same_ids(simulator: Simulator) -> None:
    leg = await simulator.ring()
    bodies: tuple[Json | None, ...] = (None, {})
    for body in bodies:
        assert await simulator.do("POST", "/_mock/reset", body) == {"reset": True, "seed": 0}
        assert await simulator.ring() == leg


# Time ----------------------------------------------------------------------------------------------------------------


async def test_the_clock_tells_the_time_and_what_comes_next(simulator: Simulator) -> None:
    idle: Json = {"mode": "manual", "factor": None, "now": "2026-01-01T00:00:00.000000Z", "next": None, "holds": []}
    assert await simulator.do("GET", "/_mock/clock") == idle
    await simulator.dial()
    assert await simulator.do("GET", "/_mock/clock") == {**idle, "next": "2026-01-01T00:00:00.300000Z"}


async def test_advancing_tells_the_new_time(simulator: Simulator) -> None:
    await simulator.dial()
    told = await simulator.do("POST", "/_mock/clock/advance", {"seconds": 2.5})
    assert (told["now"], told["holds"]) == ("2026-01-01T00:00:02.500000Z", [])
    assert [event["name"] for event in await simulator.events(kind="webhook")] == ["call.initiated", "call.answered"]
    assert [event["name"] for event in await simulator.events(kind="delivery")] == ["call.initiated", "call.answered"]


@pytest.mark.parametrize("mode", ["real", "fast"])
async def test_a_clock_that_follows_the_wall_cannot_be_advanced(mode: str) -> None:
    async with simulating(clock=mode, factor=2.0) as simulator:
        response = await simulator.ask("POST", "/_mock/clock/advance", {"seconds": 1})
        assert response.status_code == 409
        assert response.json()["errors"][0]["title"] == "Clock follows the wall"
        told = await simulator.do("GET", "/_mock/clock")
        assert (told["mode"], told["factor"]) == (mode, 1 if mode == "real" else 2)


async def test_the_clock_that_skips_can_be_advanced_too() -> None:
    async with simulating(clock="auto") as simulator:
        leg = await simulator.dial()
        await simulator.advance(14_410)
        assert (await simulator.do("GET", f"/v2/calls/{leg}"))["is_alive"] is False


async def test_two_who_advance_at_once_are_both_served(simulator: Simulator) -> None:
    await simulator.dial()
    await asyncio.gather(simulator.advance(1), simulator.advance(1.5))
    assert (await simulator.do("GET", "/_mock/clock"))["now"] == "2026-01-01T00:00:02.500000Z"


# The log -------------------------------------------------------------------------------------------------------------


async def test_the_log_can_be_narrowed(quiet: Simulator) -> None:
    first, second = await quiet.ring(), await quiet.ring()
    await quiet.command("answer", second)
    everything = await quiet.events()
    assert [entry["seq"] for entry in everything] == list(range(1, len(everything) + 1))
    assert {entry["call_control_id"] for entry in await quiet.events(call_control_id=first)} == {first}
    assert [entry["name"] for entry in await quiet.events(kind="command")] == ["answer"]
    assert [entry["kind"] for entry in await quiet.events(name="calls")] == ["person", "person"]
    assert await quiet.events(after=everything[-1]["seq"]) == []
    assert await quiet.events(after=2, limit=1) == everything[2:3]
    assert await quiet.events(kind="command", limit=1) == await quiet.events(kind="command")


async def test_the_log_tells_how_far_it_reaches_and_what_was_forgotten(quiet: Simulator) -> None:
    simulation = quiet.world().simulation
    kept = simulation.log.entries.maxlen
    assert kept is not None
    for _ in range(kept + 3):
        simulation.note("person", "waits", None)
    answer = await quiet.do("GET", "/_mock/events?limit=1")
    assert answer["meta"] == {"count": kept, "last_seq": kept + 3, "dropped": 3}
    assert answer["data"][0]["seq"] == 4


# The log, live -------------------------------------------------------------------------------------------------------


@dataclass
class Stream:
    """A reader of server-sent events, which takes what is sent while it `reads`."""

    reads: asyncio.Event = field(default_factory=asyncio.Event)
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    more: asyncio.Event = field(default_factory=asyncio.Event)
    headers: dict[str, str] = field(default_factory=dict)
    asked: bool = False
    status: int = 0
    text: str = ""

    @property
    def entries(self) -> list[Json]:
        """What came, without the reader having been told that it lags."""
        return [json.loads(text.split("data: ", 1)[1]) for text in self.text.split("\n\n") if "data: " in text]

    async def until(self, wanted: Callable[[], bool]) -> None:
        """Wait until enough has come."""
        async with asyncio.timeout(5):
            while not wanted():
                await self.more.wait()
                self.more.clear()

    async def send(self, message: Message) -> None:
        await self.reads.wait()
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {name.decode(): value.decode() for name, value in message["headers"]}
        else:
            self.text += message["body"].decode()
        self.more.set()

    async def receive(self) -> Message:
        if not self.asked:
            self.asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self.gone.wait()
        return {"type": "http.disconnect"}


@asynccontextmanager
async def streaming(simulator: Simulator, query: str = "", key: str = KEY) -> AsyncIterator[Stream]:
    """Follow the log as long as the block; the reader then goes, and is waited for."""
    scope: Scope = {
        "type": "http",
        "method": "GET",
        "path": "/_mock/events",
        "raw_path": b"/_mock/events",
        "root_path": "",
        "query_string": query.encode(),
        "headers": [(b"accept", b"text/event-stream"), (b"authorization", f"Bearer {key}".encode())],
    }
    stream = Stream()
    stream.reads.set()
    serving = asyncio.ensure_future(simulator.platform.app(scope, stream.receive, stream.send))
    try:
        await stream.until(lambda: bool(stream.text))
        yield stream
    finally:
        stream.gone.set()
        stream.reads.set()
        async with asyncio.timeout(5):
            await serving
        assert simulator.platform.control.streams == {}


async def test_the_log_can_be_followed(quiet: Simulator) -> None:
    await quiet.ring()
    async with streaming(quiet) as stream:
        assert stream.entries == []
        assert (stream.status, stream.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
        assert stream.headers["x-request-id"]
        await quiet.ring()
        await stream.until(lambda: len(stream.entries) == 2)
        assert stream.entries == (await quiet.events())[3:]


async def test_the_log_can_be_followed_from_an_entry_on(quiet: Simulator) -> None:
    await quiet.ring()
    async with streaming(quiet, "after=1") as stream:
        await quiet.ring()
        everything = await quiet.events()
        await stream.until(lambda: len(stream.entries) == len(everything) - 1)
        assert stream.entries == everything[1:]
        assert f"id: {everything[-1]['seq']}\n" in stream.text


async def test_a_stream_can_be_narrowed(quiet: Simulator) -> None:
    async with streaming(quiet, "kind=webhook&name=call.hangup") as stream:
        await quiet.ended()
        await stream.until(lambda: len(stream.entries) == 1)
        assert [entry["name"] for entry in stream.entries] == ["call.hangup"]


async def test_a_stream_tells_of_the_world_of_its_key_alone(quiet: Simulator) -> None:
    async with streaming(quiet) as stream:
        await quiet.do("POST", "/_mock/calls", CALL, key="KEY_other")
        leg = await quiet.ring()
        await stream.until(lambda: len(stream.entries) >= 2)
        assert {entry["call_control_id"] for entry in stream.entries} == {leg}


async def test_a_reader_that_lags_is_told_where_to_begin_anew_and_nobody_waits_for_it(quiet: Simulator) -> None:
    simulation = quiet.world().simulation
    async with streaming(quiet) as stream:
        stream.reads.clear()
        for _ in range(STREAM_BUFFER + 10):
            simulation.note("person", "waits", None)
        await asyncio.sleep(0)
        stream.reads.set()
        await stream.until(lambda: len(stream.entries) >= STREAM_BUFFER)
        simulation.note("person", "waits", None)
        await stream.until(lambda: "event: lagging" in stream.text)
        last = stream.entries[-2]["seq"]
        assert stream.text.endswith(f'event: lagging\ndata: {{"after": {last}}}\n\n')
        await stream.until(lambda: quiet.platform.control.streams == {})
    async with streaming(quiet, f"after={last}") as stream:
        await stream.until(lambda: len(stream.entries) > 0 and stream.entries[-1]["seq"] == simulation.log.last_seq)
        assert stream.entries[0]["seq"] == last + 1


async def test_a_stream_ends_when_its_world_is_reset(quiet: Simulator) -> None:
    async with streaming(quiet) as stream, streaming(quiet, key="KEY_other") as other:
        await quiet.do("POST", "/_mock/reset")
        await stream.until(lambda: len(quiet.platform.control.streams) == 1)
        await quiet.do("POST", "/_mock/calls", CALL, key="KEY_other")
        await other.until(lambda: len(other.entries) > 0)


async def test_streams_end_when_the_server_does() -> None:
    async with simulating() as simulator, streaming(simulator) as stream:
        simulator.platform.control.close()
        await stream.until(lambda: simulator.platform.control.streams == {})


STREAM = {"accept": "text/event-stream"}


async def test_a_stream_that_is_refused_is_refused_as_everything_is(simulator: Simulator) -> None:
    assert await simulator.refused("GET", "/_mock/events?limit=x", headers=STREAM) == [("10026", "limit")]
    assert await simulator.refused(
        "GET", "/_mock/events", key=None, headers={**STREAM, "authorization": "Basic x"}
    ) == [("10009", "")]


async def test_only_a_get_gets_a_stream(simulator: Simulator) -> None:
    response = await simulator.ask("POST", "/_mock/events", {}, headers=STREAM)
    assert (response.status_code, response.headers["allow"]) == (405, "GET")


# People --------------------------------------------------------------------------------------------------------------


async def test_somebody_calls_the_application(simulator: Simulator) -> None:
    call = await simulator.do(
        "POST",
        "/_mock/calls",
        {
            **CALL,
            "from_display_name": "Ada",
            "connection_id": "77",
            "webhook_url": "http://own.example/hooks",
            "custom_headers": [{"name": "X-Account", "value": "42"}],
            "ring_secs": 10,
        },
    )
    assert {key: call[key] for key in ("connection_id", "direction", "from", "to", "state", "client_state")} == {
        "connection_id": "77",
        "direction": "incoming",
        "from": CALLER,
        "to": APP,
        "state": "parked",
        "client_state": None,
    }
    await simulator.advance(10)
    assert [request.url for request in simulator.posted] == ["http://own.example/hooks"] * 2
    initiated, hangup = (json.loads(request.body)["data"]["payload"] for request in simulator.posted)
    assert (initiated["caller_id_name"], initiated["custom_headers"][0]["value"]) == ("Ada", "42")
    assert hangup["hangup_cause"] == "originator_cancel"


async def test_a_call_without_a_connection_belongs_to_the_default_one(quiet: Simulator) -> None:
    await quiet.ring()
    assert (await quiet.do("GET", "/_mock/calls"))[0]["connection_id"] == CONNECTION


async def test_who_calls_says_their_lines_and_hangs_up(quiet: Simulator) -> None:
    leg = await quiet.ring(says=["Hello.", "Bye."], hangup_after_secs=60)
    await quiet.command("answer", leg)
    await quiet.command("ai_assistant_start", leg, greeting="Yes?")
    await quiet.advance(61)
    assert [entry["data"]["text"] for entry in await quiet.events(name="says")] == ["Hello.", "Bye."]
    assert (await quiet.do("GET", "/_mock/calls"))[0]["state"] == "ended"


async def test_a_called_person_is_made_to_answer_to_speak_and_to_hang_up(quiet: Simulator) -> None:
    leg = await quiet.dial(to="+15005550003")
    await quiet.advance(1)
    assert (await quiet.do("POST", f"/_mock/calls/{leg}/answer"))["state"] == "answered"
    assert (await quiet.do("POST", f"/_mock/calls/{leg}/say", {"text": "Hello?"}))["state"] == "answered"
    assert (await quiet.do("POST", f"/_mock/calls/{leg}/hangup"))["state"] == "ended"
    names = [entry["name"] for entry in await quiet.events(kind="person")]
    assert names == ["answers", "says", "hangs_up"]


async def test_a_person_is_made_to_press_keys(quiet: Simulator) -> None:
    leg = await quiet.dial(to="+15005550007")
    await quiet.advance(1)
    assert (await quiet.do("POST", f"/_mock/calls/{leg}/press", {"digits": "1wA#"}))["call_control_id"] == leg
    await quiet.advance(2)
    keys = await quiet.events(name="call.dtmf.received", kind="webhook")
    assert [entry["data"]["payload"]["digit"] for entry in keys] == ["1", "A", "#"]


async def test_a_person_puts_the_call_on_hold_and_takes_it_back(quiet: Simulator) -> None:
    leg = await quiet.dial(to="+15005550007")
    await quiet.advance(1)
    for act in ("hold", "unhold"):
        assert (await quiet.do("POST", f"/_mock/calls/{leg}/{act}"))["call_control_id"] == leg
    assert [entry["name"] for entry in await quiet.events(kind="person")] == ["answers", "holds", "unholds"]
    names = [entry["name"] for entry in await quiet.events(kind="webhook")]
    assert names == ["call.initiated", "call.answered", "call.hold", "call.unhold"]


async def test_a_person_goes_silent(quiet: Simulator) -> None:
    leg = await quiet.dial(to="+15005550007")
    await quiet.advance(1)
    assert (await quiet.do("POST", f"/_mock/calls/{leg}/silence"))["call_control_id"] == leg
    assert [entry["name"] for entry in await quiet.events(kind="person")] == ["answers", "goes_silent"]


async def test_who_calls_does_what_the_call_says(quiet: Simulator) -> None:
    acts: list[Json] = [
        {"at": 2, "presses": "1w2"},
        {"when": "speak", "nth": 2, "after": 0.5, "says": "Hello?"},
        {"when": "call.dtmf.received", "nth": "every", "holds": True},
        {"when": "call.hold", "unholds": True},
    ]
    leg = (await quiet.do("POST", "/_mock/calls", {**CALL, "does": acts}))["call_control_id"]
    await quiet.command("answer", leg)
    for _ in range(2):
        await quiet.command("speak", leg, payload="Hi.", voice="female")
    await quiet.advance(10)
    told = [entry["name"] for entry in await quiet.events(kind="person")]
    assert told == ["calls", "says", "presses", "holds", "unholds", "holds"]


async def test_who_calls_presses_the_keys_of_the_scenario(quiet: Simulator) -> None:
    people = '{people: [{number: "*", presses: ["47#"]}]}'
    await quiet.do("POST", "/_mock/scenarios", {"yaml": people})
    leg = await quiet.ring()
    await quiet.command("answer", leg)
    await quiet.command("gather", leg)
    await quiet.advance(5)
    (ended,) = await quiet.events(name="call.gather.ended", kind="webhook")
    assert (ended["data"]["payload"]["status"], ended["data"]["payload"]["digits"]) == ("valid", "47")


@pytest.mark.parametrize(
    ("cause", "told"), [("busy", "user_busy"), ("decline", "call_rejected"), ("no_answer", "no_answer")]
)
async def test_a_person_who_is_called_turns_it_down(quiet: Simulator, cause: str, told: str) -> None:
    leg = await quiet.dial(to="+15005550003")
    await quiet.advance(1)
    await quiet.do("POST", f"/_mock/calls/{leg}/hangup", {"cause": cause})
    (hangup,) = await quiet.events(name="call.hangup", kind="webhook")
    assert hangup["data"]["payload"]["hangup_cause"] == told


REFUSED: list[tuple[str, str, Any, list[tuple[str, str]]]] = [
    ("POST", "/_mock/calls", {}, [("10004", "/from"), ("10004", "/to")]),
    ("POST", "/_mock/calls", {"from": "x", "to": "y"}, [("10016", "/from"), ("10016", "/to")]),
    ("POST", "/_mock/calls", {**CALL, "ring_secs": 0}, [("10033", "/ring_secs")]),
    ("POST", "/_mock/calls", {**CALL, "ring_secs": 1e300}, [("10033", "/ring_secs")]),
    ("POST", "/_mock/calls", {**CALL, "hangup_after_secs": -1}, [("10033", "/hangup_after_secs")]),
    ("POST", "/_mock/calls", {**CALL, "hangup_after_secs": 1e308}, [("10033", "/hangup_after_secs")]),
    ("POST", "/_mock/calls", {**CALL, "says": "Hello"}, [("10026", "/says")]),
    ("POST", "/_mock/calls", {**CALL, "does": [{"at": 1}]}, [("10004", "/does/0/presses")]),
    ("POST", "/_mock/calls", {**CALL, "does": [{"holds": True}]}, [("10004", "/does/0/at")]),
    ("POST", "/_mock/calls", {**CALL, "does": [{"at": 1, "nth": 2, "holds": True}]}, [("10027", "/does/0")]),
    ("POST", "/_mock/calls", {**CALL, "does": [{"at": 1, "says": "A", "holds": True}]}, [("10027", "/does/0")]),
    ("POST", "/_mock/calls", {**CALL, "does": [{"at": 1, "presses": "9x"}]}, [("10027", "/does/0/presses")]),
    ("POST", "/_mock/calls", {**CALL, "does": [{"when": "lunch", "holds": True}]}, [("10027", "/does/0/when")]),
    ("POST", f"/_mock/calls/{UNKNOWN}/silence", {}, [("10005", "/call_control_id")]),
    ("POST", f"/_mock/calls/{UNKNOWN}/answer", {}, [("10005", "/call_control_id")]),
    ("POST", f"/_mock/calls/{UNKNOWN}/hangup", {"cause": "lunch"}, [("10032", "/cause")]),
    ("POST", f"/_mock/calls/{UNKNOWN}/say", {}, [("10004", "/text")]),
    ("POST", f"/_mock/calls/{UNKNOWN}/hold", {}, [("10005", "/call_control_id")]),
    ("POST", f"/_mock/calls/{UNKNOWN}/unhold", {}, [("10005", "/call_control_id")]),
    ("POST", f"/_mock/calls/{UNKNOWN}/press", {}, [("10004", "/digits")]),
    ("POST", f"/_mock/calls/{UNKNOWN}/press", {"digits": "9x"}, [("10027", "/digits")]),
    ("POST", f"/_mock/calls/{UNKNOWN}/press", {"digits": "1"}, [("10005", "/call_control_id")]),
    ("POST", "/_mock/clock/advance", {}, [("10004", "/seconds")]),
    ("POST", "/_mock/clock/advance", {"seconds": 0}, [("10033", "/seconds")]),
    ("POST", "/_mock/clock/advance", {"seconds": 604_801}, [("10033", "/seconds")]),
    ("POST", "/_mock/clock/advance", {"seconds": "soon"}, [("10026", "/seconds")]),
    ("POST", "/_mock/reset", {"seed": "x"}, [("10026", "/seed")]),
    ("GET", "/_mock/events?limit=0", None, [("10033", "limit")]),
    ("GET", "/_mock/events?kind=nonsense", None, [("10032", "kind")]),
    ("GET", "/_mock/events?after=-1", None, [("10033", "after")]),
    ("GET", "/_mock/nothing", None, [("10005", "/")]),
    ("GET", "/_mock", None, [("10005", "/")]),
    ("DELETE", "/_mock/reset", None, [("10030", "")]),
]


@pytest.mark.parametrize(("method", "path", "body", "reasons"), REFUSED)
async def test_what_control_refuses_has_its_reasons_and_changes_nothing(
    quiet: Simulator, method: str, path: str, body: Any, reasons: list[tuple[str, str]]
) -> None:
    assert await quiet.refused(method, path, body) == reasons
    world = quiet.world().simulation
    assert (world.log.last_seq, world.world.legs, len(world.timeline)) == (0, {}, 0)


async def test_a_body_that_cannot_be_read_is_refused(simulator: Simulator) -> None:
    assert await simulator.refused("POST", "/_mock/calls", b"{", headers=JSON) == [("10023", "")]
    assert await simulator.refused("POST", "/_mock/calls", b"x", headers={"content-type": "text/plain"}) == [
        ("10029", "")
    ]


@pytest.mark.parametrize("path", ["calls", "faults", "events/wait", "reset"])
async def test_only_a_scenario_may_come_as_yaml(simulator: Simulator, path: str) -> None:
    headers = {"content-type": "application/yaml"}
    assert await simulator.refused("POST", f"/_mock/{path}", b"[" * 100_000, headers=headers) == [("10029", "")]


async def test_a_person_on_a_leg_that_has_ended_can_do_nothing(quiet: Simulator) -> None:
    leg = await quiet.ended()
    acts = ("answer", "hangup", "hold", "unhold", "silence")
    for action, body in (*((act, {}) for act in acts), ("say", {"text": "Hello?"}), ("press", {"digits": "1"})):
        assert await quiet.refused("POST", f"/_mock/calls/{leg}/{action}", body) == [("90018", "")]


# Scenarios -----------------------------------------------------------------------------------------------------------

SCENARIO = """\
description: Somebody orders a cake.
people:
  - {name: Baker, number: "+12025550170"}
"""


@pytest.fixture
def scenarios() -> Any:
    """The loader of scenarios, where there is one."""
    return pytest.importorskip("mockserver.scenario.load")


async def test_a_scenario_is_loaded_as_json_or_as_yaml(quiet: Simulator, scenarios: Any) -> None:
    summary = await quiet.do("POST", "/_mock/scenarios", {"yaml": SCENARIO, "name": "cake"})
    assert (summary["description"], summary["people"]) == ("Somebody orders a cake.", 1)
    await quiet.do("POST", "/_mock/scenarios", SCENARIO.encode(), headers={"content-type": "application/yaml"})
    assert len(await quiet.do("GET", "/_mock/scenarios")) == 2
    assert await quiet.do("GET", "/_mock/scenarios", key="KEY_other") == []


async def test_an_editor_can_be_led_to_the_schema_of_scenarios(simulator: Simulator) -> None:
    response = await simulator.ask("GET", "/_mock/schema", key=None)
    assert response.json() == json.loads((data_folder("scenarios") / "scenario.schema.json").read_bytes())


async def test_a_scenario_with_mistakes_is_refused_with_each_of_them(quiet: Simulator, scenarios: Any) -> None:
    response = await quiet.ask("POST", "/_mock/scenarios", {"yaml": "nonsense: 1\npeople: 5\n", "name": "wrong.yaml"})
    assert response.status_code == 422
    details = [error["detail"] for error in response.json()["errors"]]
    assert len(details) >= 2
    assert all("wrong.yaml:" in detail for detail in details)
    assert await quiet.do("GET", "/_mock/scenarios") == []


@pytest.mark.parametrize("text", ["", "[", "\t- x", "a: &a [*a]", "5", "people: {a: {number: 5, number: 6}}", "\u0000"])
async def test_a_scenario_that_is_no_scenario_is_refused(quiet: Simulator, scenarios: Any, text: str) -> None:
    response = await quiet.ask("POST", "/_mock/scenarios", {"yaml": text})
    assert response.status_code in (201, 422)
    if text != "":
        assert response.status_code == 422


ROWS = "name: menu\npeople: [{number: '*', outcome: '${outcome}'}]\nparameters: [{outcome: busy}, {outcome: answer}]"


@pytest.mark.parametrize("row", ["2", "outcome%3Danswer"])
@pytest.mark.parametrize("plain", [True, False])
async def test_one_row_of_a_scenario_is_loaded(quiet: Simulator, scenarios: Any, row: str, plain: bool) -> None:
    body, headers = (ROWS.encode(), {"content-type": "application/yaml"}) if plain else ({"yaml": ROWS}, {})
    summary = await quiet.do("POST", f"/_mock/scenarios?row={row}", body, headers=headers)
    assert (summary["name"], summary["people"]) == ("menu [outcome=answer]", 1)


@pytest.mark.parametrize(
    ("query", "text", "told"),
    [
        ("", ROWS, "scenario:3: parameters: 2 rows, and none is chosen: name one, as scenario#1 or row=1;"),
        ("?row=3", ROWS, 'scenario:3: parameters: "3" is no row: there are 1 (outcome=busy), 2 (outcome=answer)'),
        ("?row=1", "people: []", 'scenario:1: parameters: there are none, and thus no row "1": choose none'),
        (
            "",
            "description: ${env:PATH}",
            "scenario:1: description: ${env:PATH}: the environment is there only for files",
        ),
        ("", "include: /etc/hosts", "scenario:1: include: a text has no folder to find files in"),
    ],
)
async def test_what_a_scenario_that_is_sent_cannot_have_is_told(
    quiet: Simulator, scenarios: Any, query: str, text: str, told: str
) -> None:
    response = await quiet.ask("POST", f"/_mock/scenarios{query}", {"yaml": text})
    assert response.status_code == 422
    [detail] = [error["detail"] for error in response.json()["errors"]]
    assert told in detail


async def test_a_scenario_that_is_not_utf_8_is_refused(quiet: Simulator) -> None:
    headers = {"content-type": "application/yaml; charset=utf-8"}
    assert await quiet.refused("POST", "/_mock/scenarios", b"\xff", headers=headers) == [("10028", "")]


async def test_what_a_person_heard_of_a_stream_is_told_and_nothing_where_there_was_none(simulator: Simulator) -> None:
    leg = await simulator.ring()
    path = f"/_mock/calls/{leg}/heard"
    nothing = {"stream_id": None, "encoding": None, "sample_rate": None, "audio": "", "wav": None}
    assert await simulator.do("GET", path) == nothing
    simulation = simulator.world().simulation
    for encoding, has_file in (("PCMA", True), ("OPUS", False)):
        hearing = Hearing("the stream", Format(encoding))
        hearing.add(simulation, (simulation.world.legs[leg],), b"\xd5" * 160, 0.02)
        assert (await simulator.do("GET", path))["audio"] == ""
        await simulator.advance(1)
        told = await simulator.do("GET", path)
        assert (told["stream_id"], told["encoding"], told["sample_rate"]) == ("the stream", encoding, 8000)
        assert b64decode(told["audio"]) == b"\xd5" * 160
        assert (told["wav"] is not None) == has_file
        hearing.end(simulation)
    await simulator.do("POST", f"/_mock/calls/{leg}/hangup", {})
    assert (await simulator.do("GET", path))["encoding"] == "OPUS"
    assert await simulator.refused("GET", f"/_mock/calls/{UNKNOWN}/heard") == [("10005", "/call_control_id")]
