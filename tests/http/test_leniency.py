"""What is forgiven, by rule; and that --strict forgives nothing of it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from mockserver.http.contract import Checked, Contract
from mockserver.http.leniency import RULES, Forgiven
from mockserver.sim.errors import Json, Refusal

ROOT = Path(__file__).parents[2]
KIND = Contract(ROOT / "specs/openapi.yaml")
STRICT = Contract(ROOT / "specs/openapi.yaml", strict=True)
DIAL = {"connection_id": "2403518806277160045", "from": "+12025550117", "to": "+12025550162"}
JSON_TYPE = "application/json"


def check(contract: Contract, name: str, body: bytes, content_type: str | None = JSON_TYPE) -> Checked:
    return contract.operation(name).check({"call_control_id": "v3:x", "connection_id": "1"}, (), content_type, body)


def code(contract: Contract, name: str, body: bytes, content_type: str | None = JSON_TYPE) -> list[str]:
    with pytest.raises(Refusal) as refusal:
        check(contract, name, body, content_type)
    return [one["code"] for one in refusal.value.body()["errors"]]


@pytest.mark.parametrize(
    ("change", "read", "forgiven", "strictly"),
    [
        (
            {"language_code": "en", "from_displayname": "Shop"},
            {},
            [
                Forgiven("unknown-field", "/language_code", "dial: unknown field language_code ignored"),
                Forgiven(
                    "unknown-field",
                    "/from_displayname",
                    "dial: unknown field from_displayname ignored, did you mean from_display_name?",
                ),
            ],
            "10027",
        ),
        (
            {"answering_machine_detection_config": {"silence_treshold": 5}},
            {"answering_machine_detection_config": {}},
            [
                Forgiven(
                    "unknown-field",
                    "/answering_machine_detection_config/silence_treshold",
                    "dial: unknown field answering_machine_detection_config.silence_treshold ignored, "
                    "did you mean silence_threshold?",
                )
            ],
            "10027",
        ),
        (
            {"webhook_url": None},
            {},
            [Forgiven("null-field", "/webhook_url", "dial: webhook_url is null and was ignored")],
            "10003",
        ),
        (
            {"timeout_secs": "20"},
            {"timeout_secs": 20},
            [Forgiven("number-in-text", "/timeout_secs", 'dial: timeout_secs is "20" in quotes, read as 20')],
            "90028",
        ),
        (
            {"stream_bidirectional_sampling_rate": "16000"},
            {"stream_bidirectional_sampling_rate": 16000},
            [
                Forgiven(
                    "number-in-text",
                    "/stream_bidirectional_sampling_rate",
                    'dial: stream_bidirectional_sampling_rate is "16000" in quotes, read as 16000',
                )
            ],
            "10026",
        ),
        (
            {"transcription": "true"},
            {"transcription": True},
            [Forgiven("boolean-in-text", "/transcription", 'dial: transcription is "true" in quotes, read as true')],
            "10026",
        ),
    ],
    ids=str,
)
def test_a_plain_meaning_is_understood(change: Json, read: Json, forgiven: list[Forgiven], strictly: str) -> None:
    body = json.dumps(DIAL | change).encode()
    assert check(KIND, "dial", body) == Checked(DIAL | read, {}, tuple(forgiven))
    assert set(code(STRICT, "dial", body)) == {strictly}


def test_a_field_that_another_branch_has_is_unknown_in_this_one() -> None:
    body: Json = {"voice_settings": {"type": "telnyx", "voice_speed": "1.5", "effect": "eq_car"}}
    checked = check(KIND, "ai_assistant_start", json.dumps(body).encode())
    assert checked.body == {"voice_settings": {"type": "telnyx", "voice_speed": 1.5}}
    assert [(one.rule, one.where) for one in checked.forgiven] == [
        ("unknown-field", "/voice_settings/effect"),
        ("number-in-text", "/voice_settings/voice_speed"),
    ]


def test_an_object_of_free_content_keeps_everything() -> None:
    body: Json = {"assistant": {"id": "a", "dynamic_variables": {"anything": "goes"}}}
    assert check(KIND, "ai_assistant_start", json.dumps(body).encode()) == Checked(body, {})


@pytest.mark.parametrize("body", [b"", b"  \n"])
def test_no_body_is_an_empty_one_where_nothing_is_required(body: bytes) -> None:
    checked = check(KIND, "hangup", body, None)
    assert checked == Checked({}, {}, (Forgiven("no-body", "", "hangup: no body, read as {}"),))
    assert code(STRICT, "hangup", body, None) == ["10023"]


def test_no_body_where_fields_are_required_is_told_by_the_fields() -> None:
    for contract in (KIND, STRICT):
        assert code(contract, "ai_assistant_join", b"", None) == ["10004", "10004"]


def test_json_without_a_content_type_is_read_as_json() -> None:
    checked = check(KIND, "hangup", b"{}", None)
    assert [one.rule for one in checked.forgiven] == ["no-content-type"]
    assert code(STRICT, "hangup", b"{}", None) == ["10029"]


def test_an_unknown_query_parameter_is_ignored() -> None:
    operation = KIND.operation("list_active_calls")
    checked = operation.check({"connection_id": "1"}, [("page[limt]", "5")], None, b"")
    assert checked.query == {}
    assert checked.forgiven == (
        Forgiven(
            "unknown-query-parameter",
            "page[limt]",
            "list_active_calls: unknown query parameter page[limt] ignored, did you mean page[limit]?",
        ),
    )
    with pytest.raises(Refusal):
        STRICT.operation("list_active_calls").check({"connection_id": "1"}, [("x", "5")], None, b"")


@pytest.mark.parametrize(
    "change",
    [{"to": None}, {"timeout_secs": "20s"}, {"timeout_secs": " 20"}, {"transcription": "yes"}, {"from": 12025550117}],
    ids=str,
)
def test_what_has_no_plain_meaning_is_refused(change: Json) -> None:
    assert len(code(KIND, "dial", json.dumps(DIAL | change).encode())) == 1


def test_what_is_forgiven_stays_forgiven_beside_what_is_not() -> None:
    body = json.dumps(DIAL | {"foo": 1, "timeout_secs": "20", "record_channels": "x"}).encode()
    assert code(KIND, "dial", body) == ["10032"]


def test_the_checked_body_is_the_callers_to_keep() -> None:
    body: Any = json.dumps(DIAL).encode()
    assert check(KIND, "dial", body).body is not check(KIND, "dial", body).body


def test_the_document_names_every_rule() -> None:
    text = (ROOT / "docs/leniency.md").read_text()
    assert re.findall(r"^\| `([a-z-]+)`", text, re.MULTILINE) == list(RULES)


def test_a_null_under_a_key_that_is_an_empty_text_takes_nothing_else_away() -> None:
    message = KIND.operation("add_conversation_message")
    path = {"conversation_id": "5f0a7c52-6d0b-4e44-9a51-0f3b6a1f7d20"}
    for metadata in ({"": None}, {"": None, "a": "7"}, {"": None, "a": None}):
        body = json.dumps({"role": "user", "metadata": metadata}).encode()
        with pytest.raises(Refusal, match="10026"):
            message.check(path, [], "application/json", body)
