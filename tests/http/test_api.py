"""`/v2` over HTTP: what is refused, in which order, and whose world a request is about."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mockserver.http.api import hidden
from mockserver.sim.events import Json
from tests.http.asking import (
    APP,
    CALLEE,
    CALLER,
    CONNECTION,
    DIAL,
    KEY,
    UNKNOWN,
    Simulator,
    blamed,
    simulating,
    without,
)

pytestmark = pytest.mark.anyio

JSON = {"content-type": "application/json"}
NO_KEY = {"key": None}
HANGUP = f"/v2/calls/{UNKNOWN}/actions/hangup"
DIALLING = "/v2/calls"
ROOM = "0ccc7b54-4df3-4bca-a65a-3da1ecc777f0"
ACTIVE = f"/v2/connections/{CONNECTION}/active_calls"

# (request) -> (status, code, title, detail, pointer or parameter)
REFUSED: dict[str, tuple[str, str, Any, dict[str, Any], tuple[int, str, str, str, str]]] = {
    "no key": (
        "POST", DIALLING, DIAL, NO_KEY,
        (401, "10009", "Authentication failed", "Could not find any usable credentials in the request.", ""),
    ),
    "no bearer": (
        "POST", DIALLING, DIAL, {"headers": {"authorization": "Basic abc"}},
        (401, "10009", "Authentication failed",
         "The required authentication headers were either invalid or not included in the request.", ""),
    ),
    "an empty key": (
        "POST", DIALLING, DIAL, {"headers": {"authorization": "Bearer "}},
        (401, "10009", "Authentication failed",
         "The API key looks malformed. Check that you copied it correctly.", ""),
    ),
    "a key with a space in it": (
        "POST", DIALLING, DIAL, {"key": "KEY 1"},
        (401, "10009", "Authentication failed",
         "The API key looks malformed. Check that you copied it correctly.", ""),
    ),
    "a country that is not whitelisted": (
        "POST", DIALLING, {**DIAL, "to": "+15005550403"}, {},
        (403, "10010", "Authorization failed",
         "The dialed number is not included in the whitelisted countries of the outbound voice profile. D13", ""),
    ),
    "an unknown path": (
        "GET", "/v2/nothing-here", None, {},
        (404, "10005", "Resource not found", "The requested resource or URL could not be found.", "/"),
    ),
    "a conversation that is none": (
        "POST", "/v2/calls/{answered}/actions/ai_assistant_join",
        {"conversation_id": "5f0a7c52-6d0b-4e44-9a51-0f3b6a1f7d20",
         "participant": {"id": "{answered}", "role": "user"}}, {},
        (404, "10005", "Resource not found", "The requested resource or URL could not be found.", "/conversation_id"),
    ),
    "a wrong method": (
        "DELETE", DIALLING, None, {},
        (405, "10030", "Method not allowed", "The URL exists, but not for this HTTP method.", ""),
    ),
    "JSON that breaks off": (
        "POST", DIALLING, b'{"to": ', {"headers": JSON},
        (400, "10023", "Invalid JSON", "The supplied JSON is not valid. Expecting value (character 7).", ""),
    ),
    "bytes that are not UTF-8": (
        "POST", DIALLING, b'{"to": "\xff"}', {"headers": JSON},
        (400, "10028", "Character encoding error", "Error decoding request body at position 8", ""),
    ),
    "half a character": (
        "POST", DIALLING, b'{"to": "\\ud800"}', {"headers": JSON},
        (400, "10015", "Bad Request", "Invalid characters in the request.", ""),
    ),
    "a cursor that we never gave": (
        "GET", f"{ACTIVE}?page[after]=nonsense", None, {},
        (400, "10015", "Bad Request", "The request failed because it was not well-formed.", "page[after]"),
    ),
    "another content type": (
        "POST", DIALLING, b"to=1", {"headers": {"content-type": "application/x-www-form-urlencoded"}},
        (415, "10029", "Expected JSON Content-Type",
         "The Content-Type of a request with a body must be application/json.", ""),
    ),
    "a body that is too large": (
        "POST", DIALLING, b"x" * (1_048_576 + 1), {"headers": JSON},
        (413, "10027", "Unprocessable Entity", "The request body is larger than 1024 kB.", ""),
    ),
    "a field that is missing": (
        "POST", DIALLING, without(DIAL, "to"), {},
        (422, "10004", "Missing required parameter", "The 'to' parameter is required and cannot be blank.", "/to"),
    ),
    "a field that is blank": (
        "POST", DIALLING, {**DIAL, "from": " "}, {},
        (422, "10004", "Missing required parameter", "The 'from' parameter is required and cannot be blank.", "/from"),
    ),
    "a cause that is missing": (
        "POST", "/v2/calls/{ringing}/actions/reject", {}, {},
        (422, "10004", "Missing required parameter",
         "The 'cause' parameter is required and cannot be blank.", "/cause"),
    ),
    "a number that is none": (
        "POST", DIALLING, {**DIAL, "to": "555-0100"}, {},
        (422, "10016", "Phone number must be in +E164 format", "The 'to' parameter must be in E164 format.", "/to"),
    ),
    "an URL that is none": (
        "POST", DIALLING, {**DIAL, "webhook_url": "not a url"}, {},
        (422, "10003", "Invalid URL",
         "The 'webhook_url' parameter must be a well-formed URL of at most 2000 characters.", "/webhook_url"),
    ),
    "a value of the wrong type": (
        "POST", DIALLING, {**DIAL, "from": 5}, {},
        (422, "10026", "Invalid parameter type", "The 'from' parameter must be of type 'string'.", "/from"),
    ),
    "a body that is no object": (
        "POST", DIALLING, [DIAL], {},
        (422, "10026", "Invalid parameter type", "The 'body' parameter must be of type 'object'.", "/"),
    ),
    "a value that is not in the list": (
        "POST", DIALLING, {**DIAL, "record_channels": "stereo"}, {},
        (422, "10032", "Invalid enumerated value", "The value must be one of: dual, single.", "/record_channels"),
    ),
    "a role that is not in the list": (
        "POST", "/v2/calls/{answered}/actions/ai_assistant_join",
        {"conversation_id": "x", "participant": {"id": "{answered}", "role": "admin"}}, {},
        (422, "10032", "Invalid enumerated value", "The value must be one of: user.", "/participant/role"),
    ),
    "a number outside of its range": (
        "GET", f"{ACTIVE}?page[limit]=251", None, {},
        (422, "10033", "Value outside of range", "The value is outside of allowed range 1 to 250", "page[limit]"),
    ),
    "a text that is too long": (
        "POST", DIALLING, {**DIAL, "record_custom_file_name": "x" * 41}, {},
        (422, "10025", "String length out of range",
         "The 'record_custom_file_name' parameter must have between 1 and 40 characters, but has 41.",
         "/record_custom_file_name"),
    ),
    "an unknown leg": (
        "POST", HANGUP, {}, {},
        (422, "90015", "Invalid Call Control ID", "The call_control_id provided was not valid.", "/call_control_id"),
    ),
    "an unknown leg to look at": (
        "GET", f"/v2/calls/{UNKNOWN}", None, {},
        (422, "90015", "Invalid Call Control ID", "The call_control_id provided was not valid.", "/call_control_id"),
    ),
    "an unknown leg to link to": (
        "POST", DIALLING, {**DIAL, "link_to": UNKNOWN}, {},
        (422, "90015", "Invalid Call Control ID", "The call_control_id provided was not valid.", "/link_to"),
    ),
    "a client_state that is not Base64": (
        "POST", DIALLING, {**DIAL, "client_state": "not base64!"}, {},
        (422, "90017", "Invalid value for client_state", "client_state must be valid base64.", "/client_state"),
    ),
    "a leg that has ended": (
        "POST", "/v2/calls/{ended}/actions/hangup", {}, {},
        (422, "90018", "Call has already ended",
         "This call is no longer active and can't receive commands.", ""),
    ),
    "a ring time that is too short": (
        "POST", DIALLING, {**DIAL, "timeout_secs": 4}, {},
        (422, "90028", "Invalid value for timeout_secs", "timeout_secs must be an integer from 5 to 600.",
         "/timeout_secs"),
    ),
    "a leg that nobody has answered": (
        "POST", "/v2/calls/{ringing}/actions/ai_assistant_start", {}, {},
        (422, "90034", "Call not answered yet",
         "This call can't receive this command because it has not been answered yet.", ""),
    ),
    "a second assistant": (
        "POST", "/v2/calls/{assisted}/actions/ai_assistant_start", {}, {},
        (422, "90061", "AI Assistant is already in progress", "AI Assistant cannot be started more than once.", ""),
    ),
    "answering a call of one's own": (
        "POST", "/v2/calls/{answered}/actions/answer", {}, {},
        (422, "90102", "Command is invalid", "A call that was dialled cannot be answered.", ""),
    ),
    "a voice that cannot be used": (
        "POST", "/v2/calls/{answered}/actions/gather_using_ai",
        {"parameters": {"properties": {"age": {"type": "integer"}}}, "voice": "female"}, {},
        (422, "90012", "Invalid value for voice", "voice is not one that can be used here.", "/voice"),
    ),
    "too many calls": (
        "POST", DIALLING, {**DIAL, "to": "+15005550041"}, {},
        (422, "90041", "User termination channels limit exceeded",
         "The account has reached its limit of outbound channels.", ""),
    ),
    "a bridge that is not simulated": (
        "POST", "/v2/calls/{answered}/actions/bridge", {"video_room_id": ROOM}, {},
        (501, "501", "Not simulated",
         "bridge with video_room_id exists at Telnyx, but this simulator does not simulate it.", ""),
    ),
}  # fmt: skip


async def legs(simulator: Simulator) -> dict[str, str]:
    """Legs in every state that a refusal needs."""
    assisted, answered = await simulator.dial(), await simulator.dialled()
    await simulator.command("ai_assistant_start", assisted)
    return {
        "assisted": assisted,
        "answered": answered,
        "ended": await simulator.ended(),
        "ringing": await simulator.ring(),
    }


def filled(value: Any, known: dict[str, str]) -> Any:
    """A request with the ids of legs in their places."""
    if isinstance(value, dict):
        return {key: filled(inner, known) for key, inner in value.items()}
    if isinstance(value, str):
        for name, leg in known.items():
            value = value.replace("{" + name + "}", leg)
    return value


def state(simulator: Simulator) -> tuple[object, ...]:
    """What a refused request must not change."""
    simulation = simulator.world().simulation
    world = simulation.world
    known = [(leg.state, leg.client_state, leg.conversation) for leg in world.legs.values()]
    webhooks = sum(entry.kind == "webhook" for entry in simulation.log.entries)
    return known, len(simulation.timeline), len(world.conversations), webhooks, simulation.now


@pytest.mark.parametrize(("method", "path", "body", "more", "refusal"), REFUSED.values(), ids=list(REFUSED))
async def test_what_is_refused_is_refused_in_the_platforms_words_and_changes_nothing(
    quiet: Simulator,
    method: str,
    path: str,
    body: Any,
    more: dict[str, Any],
    refusal: tuple[int, str, str, str, str],
) -> None:
    known = await legs(quiet)
    before = state(quiet)
    response = await quiet.ask(method, filled(path, known), filled(body, known), **more)
    (error,) = response.json()["errors"]
    source = error.get("source", {})
    about = source.get("pointer") or source.get("parameter", "")
    status, code, title, detail, blamed_part = refusal
    if code == "90102":
        detail = error["detail"]  # only its meaning is published
    assert (response.status_code, error["code"], error["title"], error["detail"], about) == (
        status, code, title, detail, blamed_part,
    )  # fmt: skip
    assert state(quiet) == before


async def test_several_problems_of_a_body_come_as_several_errors(simulator: Simulator) -> None:
    assert await simulator.refused("POST", DIALLING, {}) == [
        ("10004", "/connection_id"),
        ("10004", "/from"),
        ("10004", "/to"),
    ]
    body = {"connection_id": 1, "to": " ", "record_channels": "stereo", "client_state": "?", "timeout_secs": 1}
    assert sorted(await simulator.refused("POST", DIALLING, body)) == [
        ("10004", "/from"),
        ("10004", "/to"),
        ("10026", "/connection_id"),
        ("10032", "/record_channels"),
        ("90017", "/client_state"),
        ("90028", "/timeout_secs"),
    ]
    assert await simulator.refused("POST", DIALLING, {**DIAL, "to": "x", "from": "y"}) == [
        ("10016", "/to"),
        ("10016", "/from"),
    ]


async def test_the_methods_that_a_path_has_are_in_the_allow_header(simulator: Simulator) -> None:
    assert (await simulator.ask("PATCH", DIALLING)).headers["allow"] == "POST"
    assert (await simulator.ask("POST", f"/v2/calls/{UNKNOWN}", {})).headers["allow"] == "GET"


async def test_an_operation_that_is_not_simulated_asks_not_to_be_tried_again(simulator: Simulator) -> None:
    path = f"/v2/calls/{await simulator.dialled()}/actions/bridge"
    response = await simulator.ask("POST", path, {"video_room_id": ROOM})
    assert (response.status_code, response.headers["x-should-retry"]) == (501, "false")


async def test_an_unknown_connection_is_refused_where_only_known_ones_are_good() -> None:
    async with simulating(connections="known", connection_ids=(CONNECTION,)) as simulator:
        await simulator.dial()
        assert await simulator.refused("POST", DIALLING, {**DIAL, "connection_id": "1"}) == [
            ("10015", "/connection_id")
        ]


async def test_in_an_open_world_any_connection_and_any_key_are_good(simulator: Simulator) -> None:
    await simulator.do("POST", DIALLING, {**DIAL, "connection_id": "1"}, key="anything")


async def test_where_keys_are_given_no_other_key_is_good() -> None:
    async with simulating(api_keys=("KEY_good", "KEY_better")) as simulator:
        for key in ("KEY_good", "KEY_better"):
            await simulator.do("POST", DIALLING, DIAL, key=key)
        response = await simulator.ask("POST", DIALLING, DIAL, key="KEY_bad")
        assert response.json()["errors"][0]["detail"] == "Could not understand the provided credentials."
        assert len(simulator.platform.worlds.all()) == 2


@pytest.mark.parametrize("header", ["bearer KEY_test", "BEARER   KEY_test", " Bearer KEY_test "])
async def test_the_word_bearer_may_be_written_in_any_way(simulator: Simulator, header: str) -> None:
    leg = await simulator.dial()
    await simulator.do("GET", f"/v2/calls/{leg}", key=None, headers={"authorization": header})


# The order in which things are refused -------------------------------------------------------------------------------

BROKEN = b'{"client_state": '
ORDER: list[tuple[str, str, Any, dict[str, Any], str]] = [
    ("the path before the key", "/v2/nothing", BROKEN, {"key": None}, "10005"),
    ("the key before the type", HANGUP, b"x", {"key": None, "headers": {"content-type": "text/plain"}}, "10009"),
    ("the key before the JSON", HANGUP, BROKEN, {"key": None, "headers": JSON}, "10009"),
    ("the content type before the JSON", HANGUP, BROKEN, {"headers": {"content-type": "text/plain"}}, "10029"),
    ("the JSON before the id", HANGUP, BROKEN, {"headers": JSON}, "10023"),
    ("the id before the body", HANGUP, {"client_state": "?"}, {}, "90015"),
    ("the id before a missing field", HANGUP.replace("hangup", "reject"), {}, {}, "90015"),
    ("the body before the state", "/v2/calls/{ended}/actions/reject", {}, {}, "10004"),
    ("client_state before the state", "/v2/calls/{ended}/actions/hangup", {"client_state": "?"}, {}, "90017"),
    ("the state before the assistant", "/v2/calls/{ringing}/actions/gather_using_ai", {"parameters": {}}, {}, "90034"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "body", "more", "code"), [row[1:] for row in ORDER], ids=[row[0] for row in ORDER])
async def test_of_several_things_that_are_wrong_the_outermost_is_told(
    quiet: Simulator, path: str, body: Any, more: dict[str, Any], code: str
) -> None:
    known = await legs(quiet)
    assert [told for told, _ in await quiet.refused("POST", filled(path, known), body, **more)] == [code]


# Strict and lenient --------------------------------------------------------------------------------------------------

LENIENT: list[tuple[str, str, Any, dict[str, Any], str]] = [
    ("an unknown field", DIALLING, {**DIAL, "webhok_url": "x"}, {},
     "dial: unknown field webhok_url ignored, did you mean webhook_url?"),
    ("null", DIALLING, {**DIAL, "client_state": None}, {}, "dial: client_state is null and was ignored"),
    ("a number in quotes", DIALLING, {**DIAL, "timeout_secs": "30"}, {},
     'dial: timeout_secs is "30" in quotes, read as 30'),
    ("no content type", DIALLING, json.dumps(DIAL).encode(), {},
     "dial: no Content-Type, read as application/json"),
    ("no body", "/v2/calls/{answered}/actions/hangup", None, {}, "hangup: no body, read as {}"),
    ("a slash at the end", DIALLING + "/", DIAL, {}, "the slash at the end of /calls/ was ignored"),
]  # fmt: skip
STRICT_CODES = ["10027", "90017", "90028", "10029", "10023", "10005"]
ROWS = [(*row[1:], code) for row, code in zip(LENIENT, STRICT_CODES, strict=True)]


@pytest.mark.parametrize(("path", "body", "more", "warning", "code"), ROWS, ids=[row[0] for row in LENIENT])
async def test_what_is_forgiven_is_told_to_the_user_and_refused_by_a_strict_server(
    simulator: Simulator, strict: Simulator, path: str, body: Any, more: dict[str, Any], warning: str, code: str
) -> None:
    await simulator.do("POST", filled(path, {"answered": await simulator.dialled()}), body, **more)
    assert simulator.exchanges[-1].warnings == (warning,)
    known = {"answered": await strict.dialled()}
    assert [told for told, _ in await strict.refused("POST", filled(path, known), body, **more)] == [code]


async def test_an_unknown_query_parameter_is_forgiven_unless_the_server_is_strict(
    simulator: Simulator, strict: Simulator
) -> None:
    await simulator.do("GET", f"{ACTIVE}?page[sise]=1")
    assert simulator.exchanges[-1].warnings == (
        "list_active_calls: unknown query parameter page[sise] ignored, did you mean page[size]?",
    )
    assert await strict.refused("GET", f"{ACTIVE}?page[sise]=1") == [("10027", "page[sise]")]


# Whose world ---------------------------------------------------------------------------------------------------------


async def test_the_calls_of_one_key_are_unknown_to_another(simulator: Simulator) -> None:
    leg = await simulator.dial()
    assert await simulator.refused("GET", f"/v2/calls/{leg}", key="KEY_other") == [("90015", "/call_control_id")]
    assert await simulator.refused("POST", f"/v2/calls/{leg}/actions/hangup", {}, key="KEY_other") == [
        ("90015", "/call_control_id")
    ]
    assert (await simulator.do("GET", ACTIVE, key="KEY_other"))["data"] == []
    assert (await simulator.do("GET", f"/v2/calls/{leg}"))["call_control_id"] == leg


async def test_who_looks_for_a_call_of_another_key_is_told_so_and_no_key_is_shown(simulator: Simulator) -> None:
    leg = await simulator.dial()
    for method, path in (("GET", f"/v2/calls/{leg}"), ("POST", f"/v2/calls/{leg}/actions/hangup")):
        await simulator.refused(method, path, {} if method == "POST" else None, key="KEY_a_secret_of_mine")
        warnings = " ".join(simulator.exchanges[-1].warnings)
        assert "world of another API key (KEY_tes…)" in warnings
        assert KEY not in warnings
        assert "KEY_a_secret_of_mine" not in warnings


async def test_who_looks_for_a_call_that_is_nowhere_gets_no_hint(simulator: Simulator) -> None:
    await simulator.refused("GET", f"/v2/calls/{UNKNOWN}")
    assert simulator.exchanges[-1].warnings == ()


async def test_worlds_with_other_keys_have_other_ids_from_the_same_seed(simulator: Simulator) -> None:
    ids = {(await simulator.do("POST", DIALLING, DIAL, key=f"KEY_{number}"))["call_leg_id"] for number in range(5)}
    assert len(ids) == 5


def test_a_key_is_shown_by_its_beginning() -> None:
    assert hidden("KEY0123456789") == "KEY0123…"


# What is granted -----------------------------------------------------------------------------------------------------


async def test_the_guides_flow_a_second_person_joins_a_running_conversation(simulator: Simulator) -> None:
    first = await simulator.ring(says=["Hello?"])
    await simulator.command("answer", first)
    await simulator.advance(1)
    started = await simulator.command("ai_assistant_start", first, greeting="Hello.")
    second = await simulator.dialled()
    joined = await simulator.command(
        "ai_assistant_join",
        second,
        conversation_id=started["conversation_id"],
        participant={"id": second, "role": "user", "name": "Second", "on_hangup": "end_conversation"},
    )
    assert joined == {"result": "ok", "conversation_id": started["conversation_id"]}
    await simulator.command("hangup", second)
    await simulator.advance(10)
    for leg in (first, second):
        events = await simulator.events(kind="webhook", call_control_id=leg)
        names = [event["name"] for event in events]
        ends = ["call.conversation.ended", "call.conversation_insights.generated"]
        created = ["call.conversation.created", *ends] if leg == first else ["call.hangup"]
        assert names == ["call.initiated", "call.answered", *created]
    assert await simulator.command("ai_assistant_stop", first) == {"result": "ok"}


async def test_a_call_is_looked_at_from_dial_to_ten_minutes_after_its_end(simulator: Simulator) -> None:
    leg = await simulator.dial(client_state="c3RhdGU=")
    seen = await simulator.do("GET", f"/v2/calls/{leg}")
    assert (seen["is_alive"], seen["client_state"]) == (False, "c3RhdGU=")
    await simulator.advance(10)
    assert (await simulator.do("GET", f"/v2/calls/{leg}"))["is_alive"] is True
    await simulator.command("hangup", leg)
    await simulator.advance(1)
    seen = await simulator.do("GET", f"/v2/calls/{leg}")
    assert (seen["is_alive"], seen["call_duration"], "end_time" in seen) == (False, 7, True)
    await simulator.advance(601)
    assert await simulator.refused("GET", f"/v2/calls/{leg}") == [("90015", "/call_control_id")]


async def test_active_calls_come_in_pages(simulator: Simulator) -> None:
    known = [await simulator.ring() for _ in range(5)]
    seen: list[str] = []
    path: str | None = f"{ACTIVE}?page[limit]=2"
    while path:
        page = await simulator.do("GET", path)
        assert page["meta"]["total_items"] == 5
        seen += [call["call_control_id"] for call in page["data"]]
        path = page["meta"].get("next")
    assert seen == known


async def test_client_state_is_changed_and_carried(simulator: Simulator) -> None:
    leg = await simulator.ring()
    await simulator.do("PUT", f"/v2/calls/{leg}/actions/client_state_update", {"client_state": "bmV3"})
    await simulator.command("reject", leg, cause="USER_BUSY")
    await simulator.advance(1)
    (hangup,) = await simulator.events(name="call.hangup", kind="webhook")
    payload = hangup["data"]["payload"]
    assert (payload["client_state"], payload["hangup_cause"]) == ("bmV3", "user_busy")


async def test_messages_are_added_to_a_conversation(simulator: Simulator) -> None:
    leg = await simulator.dialled()
    await simulator.command("ai_assistant_start", leg)
    message = {"role": "system", "content": "The order was shipped."}
    assert await simulator.command("ai_assistant_add_messages", leg, messages=[message]) == {"result": "ok"}


async def test_a_command_with_the_same_command_id_is_done_once(simulator: Simulator) -> None:
    first = await simulator.ask("POST", DIALLING, {**DIAL, "command_id": "once"})
    again = await simulator.ask("POST", DIALLING, {**DIAL, "command_id": "once"})
    assert first.json() == again.json()
    assert first.headers["x-request-id"] != again.headers["x-request-id"]
    assert len(simulator.world().simulation.world.legs) == 1


async def test_an_id_may_be_percent_encoded(simulator: Simulator) -> None:
    leg = await simulator.dial()
    for encoded in (leg.replace(":", "%3A"), leg.replace(":", "%3a")):
        assert (await simulator.do("GET", f"/v2/calls/{encoded}"))["call_control_id"] == leg


async def test_a_request_is_told_to_whoever_watches(simulator: Simulator) -> None:
    leg = await simulator.dial()
    await simulator.refused("POST", f"/v2/calls/{UNKNOWN}/actions/hangup", {})
    dialled, refused = simulator.exchanges
    assert (dialled.name, dialled.about, dialled.status, dialled.problems) == ("dial", leg, 200, ())
    assert (refused.name, refused.about, refused.status) == ("hangup", UNKNOWN, 422)
    assert refused.problems == ("90015 Invalid Call Control ID: The call_control_id provided was not valid.",)


async def test_webhooks_go_where_the_call_says_and_are_signed(simulator: Simulator) -> None:
    await simulator.dial(webhook_url="http://own.example/hooks")
    await simulator.ring()
    await simulator.advance(3)
    assert [request.url for request in simulator.posted] == [
        "http://app.example/hooks",
        "http://own.example/hooks",
        "http://own.example/hooks",
    ]
    assert all("Telnyx-Signature-Ed25519" in request.headers for request in simulator.posted)


async def test_a_refused_command_is_in_the_log_with_its_reasons(simulator: Simulator) -> None:
    await simulator.refused("POST", DIALLING, without(DIAL, "to"))
    (entry,) = await simulator.events(kind="command")
    assert (entry["name"], entry["data"]["status"], blamed(entry["data"]["errors"])) == (
        "dial",
        422,
        [("10004", "/to")],
    )


BODIES: list[Json] = [
    {**DIAL, "to": [CALLEE, "sip:desk@shop.example"]},
    {**DIAL, "to": "sip:desk@shop.example", "from": "alice"},
    {**DIAL, "to": f"{CALLEE},1234"},
    {**DIAL, "custom_headers": [{"name": "X-Account", "value": "42"}], "from_display_name": "Ada"},
    {**DIAL, "assistant": {"id": "assistant-1"}, "webhook_urls": {"call.hangup": "http://own.example/ended"}},
]


@pytest.mark.parametrize("body", BODIES)
async def test_a_call_is_dialled_in_every_form_and_ends_as_it_must(simulator: Simulator, body: Json) -> None:
    leg = (await simulator.do("POST", DIALLING, body))["call_control_id"]
    await simulator.advance(5)
    await simulator.command("hangup", leg)
    await simulator.advance(10)
    names = [event["name"] for event in await simulator.events(kind="webhook")]
    assert (names[0], names[1], names.count("call.hangup")) == ("call.initiated", "call.answered", 1)


def test_the_numbers_of_these_tests_are_different() -> None:
    assert len({APP, CALLEE, CALLER}) == 3
