"""The contract: which operation a request is for, and what is wrong with it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockserver.http.contract import Checked, Contract, Found, WrongMethod
from mockserver.sim.errors import Json, Refusal

ROOT = Path(__file__).parents[2]
SPECS = ROOT / "specs"
CONTRACT = Contract(SPECS / "openapi.yaml", SPECS / "unbuilt.yaml")
STRICT = Contract(SPECS / "openapi.yaml", SPECS / "unbuilt.yaml", strict=True)
PATH = {"call_control_id": "v3:x", "connection_id": "1", "id": "1"}
DIAL = {"connection_id": "2403518806277160045", "from": "+12025550117", "to": "+12025550162"}

SMALL_ROOT = """
openapi: 3.1.0
info: {title: small, version: '1'}
servers: [{url: 'https://small.example/v9'}]
paths:
  /things/{id}: {$ref: 'sub/thing.yaml'}
  /things/actions/sort:
    post: {operationId: sort, responses: {'204': {description: sorted}}}
webhooks:
  thing.made:
    post:
      requestBody:
        content:
          application/json:
            schema: {type: object, required: [id], properties: {id: {type: string, format: uuid}}}
"""
SMALL_THING = """
post:
  operationId: make_thing
  parameters:
    - {name: dry, in: query, required: true, schema: {type: boolean}}
    - {name: size, in: query, schema: {type: integer, minimum: 1, maximum: 9}}
  requestBody:
    content:
      application/json:
        schema: {$ref: 'shapes.yaml#/Thing'}
  responses:
    '200':
      description: made
      content:
        application/json:
          schema: {type: object, required: [data], properties: {data: {$ref: 'shapes.yaml#/Thing'}}}
"""
SMALL_SHAPES = """
Thing:
  type: object
  properties:
    name: {type: string, minLength: 2, maxLength: 4}
    type: {type: string, description: a property called type}
    $ref: {type: integer, description: a property called $ref}
    weight: {type: number, exclusiveMinimum: 0}
    code: {type: string, pattern: '^[a-z]+$'}
    when: {type: string, format: date-time}
    parts: {type: array, maxItems: 2, items: {$ref: '#/Thing'}}
    owner: {oneOf: [{type: string}, {type: object, required: [id], properties: {id: {type: integer}}}]}
    closed: {type: object, additionalProperties: false, properties: {a: {type: integer}}}
    free: {type: object}
    shade:
      oneOf: [{$ref: '#/Red'}, {$ref: '#/Blue'}]
      discriminator: {propertyName: hue, mapping: {red: '#/Red', blue: '#/Blue'}}
Red: {type: object, properties: {hue: {const: red}, heat: {type: integer}}}
Blue: {type: object, required: [depth], properties: {hue: {const: blue}, depth: {type: integer}}}
"""


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Contract:
    folder = tmp_path_factory.mktemp("small")
    (folder / "sub").mkdir()
    (folder / "root.yaml").write_text(SMALL_ROOT)
    (folder / "sub/thing.yaml").write_text(SMALL_THING)
    (folder / "sub/shapes.yaml").write_text(SMALL_SHAPES)
    return Contract(folder / "root.yaml")


def check(contract: Contract, name: str, body: Any, query: tuple[tuple[str, str], ...] = ()) -> Checked:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return contract.operation(name).check(PATH, query, "application/json", content)


def outcome(contract: Contract, name: str, body: bytes) -> Json:
    """The errors that a body is refused with; nothing else may happen to it."""
    try:
        contract.operation(name).check(PATH, (), "application/json", body)
    except Refusal as refusal:
        return refusal.body()
    return {}


def refused(contract: Contract, name: str, body: Any, query: tuple[tuple[str, str], ...] = ()) -> list[Json]:
    with pytest.raises(Refusal) as refusal:
        check(contract, name, body, query)
    errors: list[Json] = refusal.value.body()["errors"]
    return errors


def told(errors: list[Json]) -> list[tuple[str, str]]:
    return [
        (error["code"], error.get("source", {}).get("pointer") or error.get("source", {}).get("parameter", ""))
        for error in errors
    ]


# --- Routes ---------------------------------------------------------------------------------------------------


def test_every_operation_is_found_by_its_path() -> None:
    for operation in CONTRACT.operations:
        found = CONTRACT.find(operation.method, operation.path.replace("{", "").replace("}", ""))
        assert isinstance(found, Found)
        assert found.operation is operation
        assert found.path_params == {name: name for name in operation.parameter_names}


def test_operations_that_are_not_built_are_known_by_name(tmp_path: Path) -> None:
    unbuilt = tmp_path / "unbuilt.yaml"
    unbuilt.write_text("operations:\n  - {method: POST, path: '/faxes/{id}/actions/cancel', name: cancel_fax}\n")
    found = Contract(SPECS / "openapi.yaml", unbuilt).find("POST", "/faxes/x/actions/cancel")
    assert isinstance(found, Found)
    assert not found.operation.built
    assert found.operation.name == "cancel_fax"


def test_a_literal_segment_goes_before_a_parameter(small: Contract) -> None:
    sort, make = small.find("POST", "/things/actions/sort"), small.find("POST", "/things/actions")
    assert isinstance(sort, Found)
    assert isinstance(make, Found)
    assert sort.operation.name == "sort"
    assert make.path_params == {"id": "actions"}


@pytest.mark.parametrize("path", ["/nothing", "/calls/v3:x/actions", "/calls//actions/hangup", "/", "", "//"])
def test_an_unknown_path_is_not_found(path: str) -> None:
    assert CONTRACT.find("POST", path) is None


def test_a_wrong_method_is_told_what_is_allowed() -> None:
    assert CONTRACT.find("DELETE", "/calls") == WrongMethod(("POST",))
    assert CONTRACT.find("POST", "/calls/v3:x/actions/client_state_update") == WrongMethod(("PUT",))


def test_a_trailing_slash_is_forgiven_and_an_encoded_id_understood() -> None:
    found = CONTRACT.find("POST", "/calls/v3%3Ax/actions/hangup/")
    assert isinstance(found, Found)
    assert found.path_params == {"call_control_id": "v3:x"}
    assert [one.rule for one in found.forgiven] == ["trailing-slash", "percent-encoded-id"]
    assert STRICT.find("POST", "/calls/v3:x/actions/hangup/") is None
    assert STRICT.find("POST", "/calls/v3%3Ax/actions/hangup") is not None


@given(st.text(alphabet="/%3Aabc{}", max_size=30))
def test_any_path_finds_something_or_nothing(path: str) -> None:
    CONTRACT.find("POST", path)


# --- Bodies ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("operation", [one for one in CONTRACT.operations if one.built], ids=lambda one: one.name)
def test_the_examples_of_every_operation_are_accepted(operation: Any) -> None:
    content = CONTRACT.documents.child(operation.compiled.node, "requestBody", "content", "application/json")
    for example in (content.value.get("examples", {}) if content else {}).values():
        for contract in (CONTRACT, STRICT):
            checked = check(contract, operation.name, example["value"])
            assert checked == Checked(example["value"], {}, ())


def test_all_missing_fields_are_listed_in_the_order_of_the_schema() -> None:
    errors = refused(CONTRACT, "dial", {})
    assert told(errors) == [("10004", "/connection_id"), ("10004", "/from"), ("10004", "/to")]
    assert errors[2]["detail"] == "The 'to' parameter is required and cannot be blank."


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"to": ""}, ("10004", "/to")),
        ({"from": " \t"}, ("10004", "/from")),
        ({"to": None}, ("10004", "/to")),
        ({"from": 5}, ("10026", "/from")),
        ({"to": [5]}, ("10026", "/to/0")),
        ({"record_channels": "stereo"}, ("10032", "/record_channels")),
        ({"stream_bidirectional_sampling_rate": 7}, ("10032", "/stream_bidirectional_sampling_rate")),
        ({"record_custom_file_name": "x" * 41}, ("10025", "/record_custom_file_name")),
        ({"timeout_secs": 4}, ("90028", "/timeout_secs")),
        ({"timeout_secs": "soon"}, ("90028", "/timeout_secs")),
        ({"time_limit_secs": 14401}, ("90029", "/time_limit_secs")),
        ({"record_timeout_secs": -1}, ("90049", "/record_timeout_secs")),
        ({"record_max_length": 43201}, ("10033", "/record_max_length")),
        ({"client_state": "not base64!"}, ("90017", "/client_state")),
        ({"client_state": "eyJ9\n"}, ("90017", "/client_state")),
        ({"client_state": "abc"}, ("90017", "/client_state")),
        ({"webhook_url": "not a url"}, ("10003", "/webhook_url")),
        ({"billing_group_id": "x"}, ("10006", "/billing_group_id")),
        ({"assistant": {"id": "a", "tools": [{"type": "nothing"}]}}, ("10032", "/assistant/tools/0/type")),
        ({"assistant": {"id": "a", "tools": [{}]}}, ("10004", "/assistant/tools/0/type")),
    ],
    ids=str,
)
def test_a_wrong_field_has_its_code_and_its_place(change: Json, expected: tuple[str, str]) -> None:
    assert told(refused(CONTRACT, "dial", DIAL | change)) == [expected]


def test_what_an_enum_may_be_is_listed_in_order() -> None:
    (error,) = refused(CONTRACT, "dial", DIAL | {"record_channels": "stereo"})
    assert error["detail"] == "The value must be one of: dual, single."


def test_nested_problems_have_nested_pointers() -> None:
    errors = refused(CONTRACT, "ai_assistant_join", {"conversation_id": "c", "participant": {"id": "v3:y"}})
    assert told(errors) == [("10004", "/participant/role")]


def test_several_problems_are_several_entries() -> None:
    body = DIAL | {"to": 5, "client_state": "!", "record_channels": "stereo", "timeout_secs": 4}
    assert sorted(code for code, _ in told(refused(CONTRACT, "dial", body))) == ["10026", "10032", "90017", "90028"]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"name": "x"}, ("10025", "/name")),
        ({"$ref": "x"}, ("10026", "/$ref")),
        ({"type": 1}, ("10026", "/type")),
        ({"weight": 0}, ("10033", "/weight")),
        ({"code": "A"}, ("10027", "/code")),
        ({"when": "yesterday"}, ("10027", "/when")),
        ({"parts": [{}, {}, {}]}, ("10027", "/parts")),
        ({"parts": [{"parts": [{"name": "x"}]}]}, ("10025", "/parts/0/parts/0/name")),
        ({"owner": 5}, ("10026", "/owner")),
        ({"owner": {}}, ("10004", "/owner/id")),
        ({"shade": "red"}, ("10026", "/shade")),
        ({"shade": {}}, ("10004", "/shade/hue")),
        ({"shade": {"hue": "green"}}, ("10032", "/shade/hue")),
        ({"shade": {"hue": ["red"]}}, ("10027", "/shade/hue")),
        ({"shade": {"hue": "blue"}}, ("10004", "/shade/depth")),
        ({"shade": {"hue": "red", "heat": []}}, ("10026", "/shade/heat")),
    ],
    ids=str,
)
def test_every_kind_of_demand_has_a_code(small: Contract, body: Json, expected: tuple[str, str]) -> None:
    assert told(refused(small, "make_thing", body, (("dry", "true"),))) == [expected]


def test_an_element_that_is_a_property_called_like_a_keyword_is_just_a_property(small: Contract) -> None:
    body = {"type": "x", "$ref": 1, "free": {"any": {"thing": None}}, "parts": [{"parts": []}]}
    assert check(small, "make_thing", body, (("dry", "true"),)) == Checked(body, {"dry": True})


@pytest.mark.parametrize(
    ("body", "content_type", "status", "code"),
    [
        (b"{", "application/json", 400, "10023"),
        (b'{"to": 1, "to": 2}', "application/json", 400, "10023"),
        (b'{"to": NaN}', "application/json", 400, "10023"),
        (b'{"to": 1e999}', "application/json", 400, "10023"),
        (b'{"to": -Infinity}', "application/json", 400, "10023"),
        (b'{"to": ' + b"9" * 5000 + b"}", "application/json", 400, "10023"),
        (b"[" * 100_000, "application/json", 400, "10023"),
        (b'{"a":' * 100 + b"1" + b"}" * 100, "application/json", 400, "10023"),
        (b"\xef\xbb\xbf{}", "application/json", 400, "10023"),
        (b'{"to": "\xff"}', "application/json", 400, "10028"),
        (b'{"to": "\\ud800"}', "application/json", 400, "10015"),
        (b"[]", "application/json; charset=utf-8", 422, "10026"),
        (b"null", "application/json", 422, "10026"),
        (b"to=1", "application/x-www-form-urlencoded", 415, "10029"),
        (b"{}", "text/plain", 415, "10029"),
        (b" " * 2_000_000, "application/json", 413, "10027"),
    ],
)
def test_a_body_that_cannot_be_read_is_refused(body: bytes, content_type: str, status: int, code: str) -> None:
    with pytest.raises(Refusal) as refusal:
        CONTRACT.operation("dial").check({}, (), content_type, body)
    assert (refusal.value.status, refusal.value.problems[0].problem.code) == (status, code)


def test_where_a_body_is_not_text_is_told() -> None:
    (error,) = refused(CONTRACT, "dial", b'{"to": "\xff"}')
    assert error["detail"] == "Error decoding request body at position 8"


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=60) | st.text(alphabet='{}[]":,0123456789eE.+-\\u truefalsnd', max_size=40).map(str.encode))
def test_any_bytes_are_accepted_or_refused(body: bytes) -> None:
    for contract in (CONTRACT, STRICT):
        for name in ("dial", "hangup", "ai_assistant_join"):
            assert outcome(contract, name, body).get("errors") != []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["type", "id", "tools", "x"]), inner),
    max_leaves=8,
)


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(CONTRACT.operation("dial").compiled.shape.fields)), JSON, max_size=4))
def test_any_object_is_accepted_or_refused(body: Json) -> None:
    for contract in (CONTRACT, STRICT):
        assert json.dumps(outcome(contract, "dial", json.dumps(DIAL | body).encode()))


# --- Queries --------------------------------------------------------------------------------------------------


def test_a_query_gets_the_types_of_its_schema() -> None:
    checked = check(CONTRACT, "list_active_calls", b"", (("page[limit]", "5"), ("page[after]", "abc")))
    assert checked == Checked(None, {"page": {"limit": 5, "after": "abc"}})


def test_a_query_out_of_range_names_its_parameter() -> None:
    (error,) = refused(CONTRACT, "list_active_calls", b"", (("page[limit]", "0"),))
    assert (error["code"], error["source"]) == ("10033", {"parameter": "page[limit]"})
    assert error["detail"] == "The value is outside of allowed range 1 to 250"


def test_a_page_below_one_counts_as_not_given_unless_nothing_is_forgiven() -> None:
    query = (("page[number]", "0"), ("page[size]", "-1"))
    checked = CONTRACT.operation("list_active_calls").check(PATH, query, None, b"")
    assert checked.query == {}
    assert [one.rule for one in checked.forgiven] == ["page-below-one"] * 2
    assert told(refused(STRICT, "list_active_calls", b"", query)) == [
        ("10033", "page[number]"),
        ("10033", "page[size]"),
    ]


def test_filters_come_at_any_depth() -> None:
    query = (("filter[name]", "dial"), ("filter[application_name][contains]", "Shop"), ("filter[failed]", "true"))
    checked = CONTRACT.operation("list_call_events").check({}, query, None, b"")
    assert checked.query == {"filter": {"name": "dial", "application_name": {"contains": "Shop"}, "failed": True}}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("filter[colour]", "red"),
        ("filter[occurred_at][around]", "2026-01-01"),
        ("filter[type]", "song"),
        ("filter[leg_id]", "7"),
    ],
)
def test_a_filter_that_is_none_is_refused_though_much_is_forgiven(name: str, text: str) -> None:
    (error,) = refused(CONTRACT, "list_call_events", b"", ((name, text),))
    assert (error["code"], error["source"]) == ("10031", {"parameter": name})


def test_a_query_of_the_wrong_type_names_its_parameter() -> None:
    assert told(refused(CONTRACT, "list_active_calls", b"", (("page[limit]", "x"),))) == [("10026", "page[limit]")]


def test_query_and_body_are_told_together(small: Contract) -> None:
    errors = refused(small, "make_thing", {"name": "x"}, (("size", "10"),))
    assert sorted(told(errors)) == [("10004", "dry"), ("10025", "/name"), ("10033", "size")]


# --- Responses and webhooks -----------------------------------------------------------------------------------


def test_responses_are_held_to_the_description() -> None:
    hangup = CONTRACT.operation("hangup")
    assert CONTRACT.response_errors(hangup, 200, {"data": {"result": "ok"}}) == []
    assert CONTRACT.response_errors(hangup, 200, {"data": {"result": 5}})[0].startswith("/data/result: ")
    errors = {"errors": refused(CONTRACT, "dial", {})}
    assert CONTRACT.response_errors(CONTRACT.operation("dial"), 422, errors) == []


def test_a_response_without_a_body_has_none(small: Contract) -> None:
    sort = small.operation("sort")
    assert small.response_errors(sort, 204, b"") == []
    assert small.response_errors(sort, 204, {}) == ["there must be no body"]
    assert small.response_errors(sort, 200, {}) == ["sort has no response 200"]


def test_webhooks_are_held_to_the_description(small: Contract) -> None:
    assert small.events == ("thing.made",)
    assert small.webhook_errors("thing.made", {"id": "5f0a7c52-6d0b-4e44-9a51-0f3b6a1f7d20"}) == []
    assert small.webhook_errors("thing.made", {"id": "x"})[0].startswith("/id: ")
    assert small.webhook_errors("thing.lost", {}) == ["there is no event thing.lost"]


@pytest.mark.parametrize("event_type", CONTRACT.events)
def test_the_examples_of_every_event_are_right(event_type: str) -> None:
    content = CONTRACT.documents.child(
        CONTRACT.documents.root, "webhooks", event_type, "post", "requestBody", "content", "application/json"
    )
    assert content is not None
    for example in content.value["examples"].values():
        assert CONTRACT.webhook_errors(event_type, example["value"]) == []


# --- Start-up -------------------------------------------------------------------------------------------------


def test_starting_reads_no_subject_file_and_imports_no_validator() -> None:
    program = (
        "import sys, pathlib; from mockserver.http.contract import Contract;"
        f"c = Contract(pathlib.Path({str(SPECS / 'openapi.yaml')!r}));"
        "assert len(c.documents._files) == 1, c.documents._files;"
        "late = {'openapi_core', 'jsonschema', 'jsonschema_rs', 'aiohttp', 'pydantic'} & set(sys.modules);"
        "assert not late, late"
    )
    subprocess.run([sys.executable, "-c", program], check=True, cwd=ROOT)
