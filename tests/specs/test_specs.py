"""The interface in `specs/` is sound: valid, complete, consistent, and its examples are true."""

import functools
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml
from openapi_core import OpenAPI
from openapi_core.datatypes import RequestParameters
from openapi_core.testing import MockRequest
from openapi_spec_validator import OpenAPIV31SpecValidator

SPECS = Path(__file__).parents[2] / "specs"
ROOTS = ("openapi.yaml", "mock.yaml")
METHODS = ("get", "put", "post", "patch", "delete")
PUBLISHED_OPERATIONS = 105
PUBLISHED_EVENTS = 55
NEWER_EVENTS = {"call.conversation.created"}
NEWER_OPERATIONS = {"pay", "retrieve_connection_count", "retrieve_public_key"}
WITHOUT_ANSWER = {"add_conversation_message", "delete_conversation"}
FILES = sorted(SPECS.rglob("*.yaml"))


@functools.cache
def load(path: Path) -> Any:
    return yaml.load(path.read_bytes(), getattr(yaml, "CSafeLoader", yaml.SafeLoader))


@functools.cache
def follow(path: Path, reference: str, way: tuple[tuple[Path, str], ...] = ()) -> Any:
    """What a reference in the file `path` points at, with all references inside replaced.

    A schema that leads back to itself, on the `way` of references to here, is replaced by one that takes anything.
    """
    name, _, pointer = reference.partition("#")
    target = (path.parent / name).resolve() if name else path
    if (target, pointer) in way:
        return {}
    value = load(target)
    for part in pointer.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        assert key in value, f"{path.relative_to(SPECS)}: {reference} leads nowhere"
        value = value[key]
    return whole(value, target, (*way, (target, pointer)))


def whole(value: Any, path: Path, way: tuple[tuple[Path, str], ...] = ()) -> Any:
    """`value` out of the file `path`, with every reference replaced by what it points at."""
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            return follow(path, value["$ref"], way)
        return {key: whole(item, path, way) for key, item in value.items()}
    if isinstance(value, list):
        return [whole(item, path, way) for item in value]
    return value


@functools.cache
def document(name: str) -> dict[str, Any]:
    resolved: dict[str, Any] = whole(load(SPECS / name), SPECS / name)
    return resolved


def operations(name: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(METHOD, path, operation) of each operation of a document."""
    for path, item in document(name)["paths"].items():
        for method in METHODS:
            if method in item:
                yield method.upper(), path, item[method]


def webhooks() -> dict[str, Any]:
    return {name: item["post"] for name, item in document("openapi.yaml")["webhooks"].items()}


def media(value: Any, place: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Everything below `value` that has both a schema and examples: bodies, responses, parameters."""
    if isinstance(value, dict):
        if isinstance(value.get("schema"), dict):
            yield place, value
        for key, item in value.items():
            if key not in ("schema", "examples"):
                yield from media(item, f"{place}/{key}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from media(item, f"{place}/{index}")


def schemas(value: Any) -> Iterator[dict[str, Any]]:
    """`value` and every schema below it."""
    if isinstance(value, dict):
        yield value
        for item in value.values():
            yield from schemas(item)
    elif isinstance(value, list):
        for item in value:
            yield from schemas(item)


def branches(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A schema and those that it is made of or a choice between."""
    yield schema
    for part in [*schema.get("allOf", []), *schema.get("oneOf", [])]:
        yield from branches(part)


def problems(schema: dict[str, Any], instance: Any) -> list[str]:
    validator = jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
    return [f"{error.instance_path}: {error.message}" for error in validator.iter_errors(instance)]


def kinds_of_body(operation: dict[str, Any], place: str) -> list[dict[str, Any]]:
    part = operation[place] if place == "requestBody" else operation["responses"][place]
    return list(part.get("content", {}).values())


ALL_OPERATIONS = [
    pytest.param(name, operation, id=operation["operationId"]) for name in ROOTS for _, _, operation in operations(name)
]
ALL_WEBHOOKS = [pytest.param(name, operation, id=name) for name, operation in webhooks().items()]


@pytest.mark.parametrize("name", ROOTS)
def test_a_document_with_all_its_files_is_valid_openapi(name: str) -> None:
    errors = [str(error.message) for error in OpenAPIV31SpecValidator(document(name)).iter_errors()]
    assert errors == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SPECS)))
def test_every_reference_leads_somewhere(path: Path) -> None:
    whole(load(path), path)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SPECS)))
def test_every_yaml_loader_reads_a_file_alike(path: Path) -> None:
    assert yaml.load(path.read_bytes(), yaml.SafeLoader) == load(path)


def test_every_file_is_used() -> None:
    reached = {SPECS / name for name in (*ROOTS, "unbuilt.yaml", "deviations.yaml")}
    todo = [SPECS / name for name in ROOTS]
    while todo:
        path = todo.pop()
        for name in re.findall(r"\$ref: *'?([^'#\s}]+\.yaml)", path.read_text()):
            target = (path.parent / name).resolve()
            if target not in reached:
                reached.add(target)
                todo.append(target)
    assert sorted(set(FILES) - reached) == []


def test_discriminators_name_their_branches() -> None:
    for path in FILES:
        for schema in schemas(load(path)):
            if "discriminator" in schema:
                mapping = schema["discriminator"]["mapping"]
                key = schema["discriminator"]["propertyName"]
                listed = [branch["$ref"] for branch in schema["oneOf"]]
                assert sorted(mapping.values()) == sorted(listed), (path, key)
                for value, reference in mapping.items():
                    parts = [part.get("properties", {}) for part in branches(follow(path, reference))]
                    said = {part[key]["const"] for part in parts if key in part}
                    assert said == {value}, (path, reference)


@pytest.mark.parametrize("name", ROOTS)
def test_operation_ids_are_unique(name: str) -> None:
    ids = [operation["operationId"] for _, _, operation in operations(name)]
    ids += [operation["operationId"] for operation in webhooks().values()]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize(("name", "operation"), ALL_OPERATIONS)
def test_an_operation_has_a_summary_and_examples(name: str, operation: dict[str, Any]) -> None:
    assert operation["summary"]
    if "requestBody" in operation:
        assert any(kind.get("examples") for kind in kinds_of_body(operation, "requestBody"))
    done = next(status for status in operation["responses"] if status.startswith("2"))
    silent = done == "204" or operation["operationId"] in WITHOUT_ANSWER
    assert silent or any(kind.get("examples") for kind in kinds_of_body(operation, done))


@pytest.mark.parametrize(("name", "operation"), ALL_WEBHOOKS)
def test_a_webhook_is_named_by_its_event_and_has_an_example(name: str, operation: dict[str, Any]) -> None:
    assert operation["summary"]
    (kind,) = kinds_of_body(operation, "requestBody")
    assert kind["schema"]["properties"]["data"]["properties"]["event_type"]["const"] == name
    assert kind["examples"]


@pytest.mark.parametrize(("name", "operation"), [*ALL_OPERATIONS, *ALL_WEBHOOKS])
def test_examples_are_valid_for_their_schemas(name: str, operation: dict[str, Any]) -> None:
    found = []
    for place, part in media(operation):
        examples = [example["value"] for example in part.get("examples", {}).values()]
        for example in [*examples, *([part["example"]] if "example" in part else [])]:
            found += [f"{place}: {problem}" for problem in problems(part["schema"], example)]
        for schema in schemas(part["schema"]):
            if isinstance(schema.get("examples"), list):
                found += [p for example in schema["examples"] for p in problems(schema, example)]
    assert found == []


@pytest.mark.parametrize(("name", "operation"), [*ALL_OPERATIONS, *ALL_WEBHOOKS])
def test_schemas_are_valid_json_schema(name: str, operation: dict[str, Any]) -> None:
    for _, part in media(operation):
        jsonschema_rs.meta.validate(part["schema"])


@pytest.mark.parametrize("name", ROOTS)
def test_defaults_are_valid_for_their_schemas(name: str) -> None:
    for _, _, operation in operations(name):
        for _, part in media(operation):
            for schema in schemas(part["schema"]):
                if "default" in schema and ("type" in schema or "enum" in schema):
                    assert problems(schema, schema["default"]) == []


def test_the_list_of_operations_agrees_with_the_paths() -> None:
    root = load(SPECS / "openapi.yaml")
    rows = {(row["method"], row["path"]): row for row in root["x-operations"]}
    assert len(rows) == len(root["x-operations"])
    assert set(rows) == {(method, path) for method, path, _ in operations("openapi.yaml")}
    for method, path, operation in operations("openapi.yaml"):
        row = rows[method, path]
        assert row["operation_id"] == row["name"] == operation["operationId"]
        assert root["paths"][path] == {"$ref": row["file"]}


def test_built_and_unbuilt_together_are_everything_that_is_published() -> None:
    root, unbuilt = load(SPECS / "openapi.yaml"), load(SPECS / "unbuilt.yaml")
    rows = [*root["x-operations"], *unbuilt["operations"]]
    names = {row["name"] for row in rows}
    assert len(rows) == len({(row["method"], row["path"]) for row in rows}) == len(names)
    assert len(names - NEWER_OPERATIONS) == PUBLISHED_OPERATIONS
    assert names >= NEWER_OPERATIONS
    events = [*(name for name in root["webhooks"] if name not in NEWER_EVENTS), *unbuilt["events"]]
    assert len(events) == len(set(events)) == PUBLISHED_EVENTS
    assert set(root["webhooks"]) >= NEWER_EVENTS


def test_every_call_command_takes_a_state_and_an_id() -> None:
    without = {("client_state_update", "command_id"), ("siprec_start", "command_id")}
    without |= {("switch_supervisor_role", field) for field in ("client_state", "command_id")}
    found = set()
    for _, path, operation in operations("openapi.yaml"):
        if path.startswith("/calls/") and "requestBody" in operation:
            (kind,) = kinds_of_body(operation, "requestBody")
            fields = {field for part in branches(kind["schema"]) for field in part.get("properties", {})}
            found |= {(operation["operationId"], field) for field in {"client_state", "command_id"} - fields}
    assert found == without


LEG = {"call_control_id", "call_leg_id", "call_session_id", "client_state"}
OF_A_CONFERENCE = {f"conference.{what}.{step}" for what in ("playback", "speak") for step in ("started", "ended")}
WITHOUT = {"conference.recording.saved": {"call_leg_id"}, **dict.fromkeys(OF_A_CONFERENCE, LEG)}
"""What the published events of a whole conference do not say of a leg."""


def test_events_have_an_id_of_their_own_and_say_which_leg_they_are_about() -> None:
    seen = []
    for name, operation in webhooks().items():
        (kind,) = kinds_of_body(operation, "requestBody")
        for example in kind["examples"].values():
            data = example["value"]["data"]
            seen.append(data["id"])
            assert LEG - data["payload"].keys() == WITHOUT.get(name, set())
    assert len(seen) == len(set(seen))


def test_deviations_are_about_what_is_built_and_have_a_reason() -> None:
    built = {f"{method} {path}" for method, path, _ in operations("openapi.yaml")} | set(webhooks())
    for row, reason in load(SPECS / "deviations.yaml").items():
        assert any(row.startswith(f"{name} ") for name in built), row
        assert reason.endswith("."), row


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SPECS)))
def test_invented_values_belong_to_nobody(path: Path) -> None:
    text = path.read_text()
    for number in re.findall(r"\+\d{7,}", text):
        assert re.fullmatch(r"\+120255501\d\d", number)
    for call_control_id in re.findall(r"v3:[\w-]+", text):
        assert re.fullmatch(r"v3:[A-Za-z0-9_-]{54}", call_control_id)


DIAL: dict[str, Any] = {"connection_id": "2403518806277160045", "from": "+12025550117", "to": "+12025550162"}
SPEAK: dict[str, Any] = {"payload": "Hello", "voice": "Telnyx.KokoroTTS.af"}
JOIN: dict[str, Any] = {"conversation_id": "5f0a7c52", "participant": {"id": "v3:x", "role": "user"}}


def relay(settings: dict[str, Any]) -> dict[str, Any]:
    return {"conversation_relay_config": {"url": "wss://shop.example", "voice_settings": settings}}


def engine(settings: dict[str, Any]) -> dict[str, Any]:
    return {"transcription_config": {"transcription_engine_config": settings}}


ASSISTANT: dict[str, Any] = {"name": "Front desk", "instructions": "You take orders."}


def flow(expression: dict[str, Any]) -> dict[str, Any]:
    condition = {"type": "expression", "expression": expression}
    edge = {"id": "e", "start_node_id": "a", "target": {"type": "node", "node_id": "a"}, "condition": condition}
    nodes = [{"type": "speak", "id": "a", "message": "Hello"}]
    return {**ASSISTANT, "conversation_flow": {"start_node_id": "a", "nodes": nodes, "edges": [edge]}}


CASES = [
    ("dial", DIAL, True),
    ("dial", {**DIAL, "to": ["+12025550162", "+12025550163"]}, True),
    ("dial", {**DIAL, "to": 5}, False),
    ("dial", {**DIAL, "time_limit_secs": 29}, False),
    ("dial", {**DIAL, "assistant": {"id": "a", "tools": [{"type": "hangup", "hangup": {}}]}}, True),
    ("dial", {**DIAL, "assistant": {"id": "a", "tools": [{"type": "hangup", "transfer": {}}]}}, False),
    ("dial", {**DIAL, **relay({"type": "minimax", "language_boost": None})}, True),
    ("dial", {**DIAL, **relay({"type": "nobody"})}, False),
    ("answer", engine({"transcription_engine": "B", "language": "auto_detect"}), True),
    ("answer", engine({"transcription_engine": "Google", "language": "auto_detect"}), False),
    ("answer", engine({"language": "en"}), False),
    ("ai_assistant_start", {"voice_settings": {"type": "telnyx", "voice_speed": 3}}, False),
    ("ai_assistant_start", {"voice_settings": {"type": "minimax"}}, False),
    ("ai_assistant_join", JOIN, True),
    ("ai_assistant_join", {**JOIN, "participant": {"id": "v3:x", "role": "agent"}}, False),
    ("ai_assistant_add_messages", {"messages": [{"role": "assistant"}]}, True),
    ("ai_assistant_add_messages", {"messages": [{"role": "tool", "content": "4"}]}, False),
    ("bridge", {"call_control_id": "v3:y"}, True),
    ("bridge", {"queue": "support", "play_ringtone": True, "ringtone": "no"}, True),
    ("bridge", {"play_ringtone": True}, False),
    ("bridge", {"call_control_id": "v3:y", "ringtone": False}, False),
    ("transfer", {"to": "+12025550162", "time_limit_secs": 14401}, False),
    ("transfer", {"to": ["+12025550162"]}, False),
    ("send_sip_info", {"content_type": "text/plain"}, False),
    ("speak", {**SPEAK, "voice_settings": {"type": "inworld", "delivery_mode": "STABLE"}}, True),
    ("speak", {**SPEAK, "voice_settings": {"type": "inworld", "delivery_mode": "stable"}}, False),
    ("speak", {**SPEAK, "loop": "infinity"}, True),
    ("speak", {**SPEAK, "loop": 1.5}, False),
    ("speak", {**SPEAK, "target_legs": "none"}, False),
    ("gather", {"gather_id": "x" * 41}, False),
    ("gather_using_speak", {**SPEAK, "voice_settings": {"voice_speed": 1}}, False),
    ("record_start", {"format": "mp3", "channels": "dual", "transcription_language": "no"}, True),
    ("record_start", {"format": "mp3"}, False),
    ("record_stop", {"recording_id": "the first"}, False),
    ("transcription_start", {"transcription_engine_config": {"transcription_engine": "Azure"}}, False),
    ("streaming_start", {"stream_bidirectional_sampling_rate": 44100}, False),
    ("suppression_start", {"noise_suppression_engine_config": {"voice_gain": 4.1}}, False),
    ("conversation_relay_start", {"conversation_relay_url": "ws://shop.example"}, True),
    ("conversation_relay_start", {"url": "https://shop.example"}, False),
    ("conversation_relay_start", {"conversation_relay_settings": {"interruptible": "any"}}, False),
    ("conversation_relay_start", {"assistant": {"dynamic_variables": {"tables": 7}}, "url": "wss://a.example"}, False),
    ("conversation_relay_start", {"greeting": "Hello"}, True),  # the handler wants a URL in one of three fields
    ("create_application", {"application_name": "Shop", "webhook_event_url": "https://shop.example"}, True),
    ("create_application", {"application_name": "Shop"}, False),
    ("create_assistant", ASSISTANT, True),
    ("create_assistant", {**ASSISTANT, "tools": [{"type": "hangup", "hangup": {}}]}, True),
    ("create_assistant", {**ASSISTANT, "tools": [{"type": "hangup", "pay": {}}]}, False),
    ("create_assistant", {**ASSISTANT, "tools": [{"type": "invite", "invite": {"from": "x", "targets": None}}]}, True),
    ("create_assistant", {**ASSISTANT, "voice_settings": {"voice": "x", "background_audio": {"type": "no"}}}, False),
    ("create_assistant", {**ASSISTANT, "telephony_settings": {"time_limit_secs": 29}}, False),
    ("create_assistant", flow({"type": "bool_literal", "value": True}), True),
    ("create_assistant", flow({"type": "bool_op", "op": "not", "operands": [{"type": "variable", "name": "x"}]}), True),
    ("create_assistant", flow({"type": "bool_op", "op": "unless", "operands": []}), False),
    ("create_assistant", flow({"type": "number_literal", "value": "7"}), False),
    ("create_conversation", {"metadata": {"customer": 4711}}, False),
    ("delete_recordings", {"ids": "all"}, False),
]


@functools.cache
def contract() -> OpenAPI:
    return OpenAPI.from_file_path(str(SPECS / "openapi.yaml"))


@pytest.mark.parametrize(("name", "body", "good"), CASES)
def test_openapi_core_and_json_schema_judge_a_body_alike(name: str, body: dict[str, Any], good: bool) -> None:
    method, path, operation = next(row for row in operations("openapi.yaml") if row[2]["operationId"] == name)
    (kind,) = kinds_of_body(operation, "requestBody")
    request = MockRequest(
        "https://api.telnyx.com",
        method.lower(),
        "/v2" + path.replace("{call_control_id}", "v3:x"),
        data=json.dumps(body).encode(),
        content_type="application/json",
        headers={"Authorization": "Bearer KEY"},
    )
    assert (problems(kind["schema"], body) == []) is good
    assert (list(contract().iter_request_errors(request)) == []) is good


@dataclass
class Delivery:
    """A webhook as openapi-core wants to see it."""

    name: str
    body: bytes
    parameters: RequestParameters
    method: str = "post"
    content_type: str = "application/json"


@pytest.mark.parametrize(("name", "operation"), ALL_WEBHOOKS)
def test_openapi_core_accepts_the_example_of_a_webhook(name: str, operation: dict[str, Any]) -> None:
    headers = {"telnyx-timestamp": "1784194200", "telnyx-signature-ed25519": "c2lnbmVk"}
    (kind,) = kinds_of_body(operation, "requestBody")
    for example in kind["examples"].values():
        body = json.dumps(example["value"])
        delivery = Delivery(name, body.encode(), RequestParameters(header=headers))
        assert list(contract().iter_webhook_request_errors(delivery)) == []
        wrong = Delivery(name, body.replace(f'"{name}"', '"call.other"').encode(), RequestParameters())
        assert list(contract().iter_webhook_request_errors(wrong)) != []
