"""The catalogue of refusals: the platform's own examples come out letter by letter, and every row can be answered."""

from __future__ import annotations

import re

import pytest

from mockserver.scenario.load import load
from mockserver.sim import errors
from mockserver.sim.errors import (
    CALL_ENDED,
    CATALOGUE,
    MISSING_PARAMETER,
    NOT_IN_ENUM,
    Problem,
    Refusal,
    Unsupported,
    by_scenario,
    find,
)

# The examples of the API description, with their placeholders as it fills them: code, title, detail, pointer, meta.
EXAMPLES = [
    ("10004", "Missing required parameter", "The 'to' parameter is required and cannot be blank.", "/to", False),
    ("10005", "Audio file not found", "Provided audio file URL couldn't be found.", None, False),
    (
        "10005",
        "Recording not found",
        "The recording could not be found. Please check the recording_id and try again.",
        "/recording_id",
        False,
    ),
    (
        "10005",
        "Resource not found",
        "The requested resource or URL could not be found.",
        "/connection_id",
        False,
    ),
    ("10005", "Resource not found", "The requested resource or URL could not be found.", "/", True),
    ("10007", "Internal server error", "Internal server error", None, False),
    ("10007", "Resource not found", "Resource not found", None, False),
    ("10007", "Service unavailable", "Service unavailable", None, False),
    ("10009", "Authentication failed", "Could not understand the provided credentials.", None, True),
    (
        "10009",
        "Authentication failed",
        "The required authentication headers were either invalid or not included in the request.",
        None,
        True,
    ),
    ("10010", "Not authorized", "You are not authorized to access the requested resource.", "/", True),
    (
        "10011",
        "Media encryption not supported for PSTN calls",
        "SRTP media encryption is not supported for PSTN calls.",
        "/media_encryption",
        False,
    ),
    ("10015", "Bad Request", "Invalid characters in the request.", None, False),
    (
        "10015",
        "Invalid value for connection_id (Call Control App ID)",
        "The requested connection_id (Call Control App ID) is either invalid or does not exist. "
        "Only Call Control Apps with valid webhook URL are accepted.",
        "/connection_id",
        False,
    ),
    ("10015", "Bad Request", "The request failed because it was not well-formed.", "/", True),
    (
        "10016",
        "Phone number must be in +E164 format",
        "The 'to' parameter must be in E164 format.",
        "/to",
        False,
    ),
    ("10028", "Character encoding error", "Error decoding request body at position 42", None, True),
    ("401", "Unauthorized", "Unauthorized", None, False),
    ("403", "Forbidden", "Forbidden", None, False),
    ("404", "Not Found", "Page not found", None, False),
    ("500", "Internal Server Error", "Internal server error", None, False),
    ("90015", "Invalid Call Control ID", "The call_control_id provided was not valid.", "/call_control_id", False),
    (
        "90018",
        "Call has already ended",
        "This call is no longer active and can't receive commands.",
        None,
        False,
    ),
    (
        "90019",
        "Conference has already ended",
        "This conference is no longer active and can't receive commands.",
        None,
        False,
    ),
    (
        "90020",
        "Call recording triggered before audio started",
        "Call recording cannot be started until audio has commenced on the call.",
        None,
        False,
    ),
    (
        "90031",
        "Call is not currently forked",
        "Can't stop forking, because the call isn't currently forked.",
        None,
        False,
    ),
    (
        "90032",
        "Maximum number of participants reached",
        "The maximum allowed value of `max_participants` has been reached at 100.",
        None,
        False,
    ),
    (
        "90033",
        "Unable to execute command",
        "Conference with given name already exists and it's active.",
        None,
        False,
    ),
    (
        "90034",
        "Call not answered yet",
        "This call can't receive this command because it has not been answered yet.",
        None,
        False,
    ),
    ("90036", "Queue full", "The 'support' queue is full and can't accept more calls.", None, False),
    ("90038", "Call already in queue", "Call can't be added to a queue it's already in.", None, False),
    ("90040", "Downloading audio file failed", "Provided audio file couldn't be downloaded.", None, False),
    (
        "90045",
        "Media Streaming is used",
        "This command can't be issued when media streaming is used.",
        None,
        False,
    ),
    ("90050", "Unable to delete queue", "Only empty queues can be deleted.", None, False),
    (
        "90054",
        "Call transcription is already in progress",
        "Call transcription can not be started more than once.",
        None,
        False,
    ),
    ("90058", "Invalid conference_id", "The conference does not exist.", None, False),
    (
        "90061",
        "AI Assistant is already in progress",
        "AI Assistant cannot be started more than once.",
        None,
        False,
    ),
]


def wire(code: str, title: str, detail: str, pointer: str | None, meta: bool) -> dict[str, object]:
    body: dict[str, object] = {"code": code, "title": title, "detail": detail}
    if pointer is not None:
        body["source"] = {"pointer": pointer}
    if meta:
        body["meta"] = {"url": f"https://developers.telnyx.com/docs/overview/errors/{code}"}
    return body


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: f"{example[0]} {example[2][:30]}")
def test_the_documented_examples_are_in_the_catalogue_letter_by_letter(
    example: tuple[str, str, str, str | None, bool],
) -> None:
    rows = [row for row in find(example[0]) if row.known == "wire"]
    assert wire(*example) in [row.raised().body() for row in rows]


def test_documented_values_with_other_parameters_are_examples_too() -> None:
    enum = Refusal(NOT_IN_ENUM, parameter="record_channels", values="dual, single")
    assert enum.body()["errors"] == [
        wire(
            "10032",
            "Invalid enumerated value",
            "The value must be one of: dual, single.",
            "/record_channels",
            False,
        )
    ]
    bounds = Refusal(errors.OUT_OF_RANGE, parameter="max_participants", minimum=1, maximum=5000)
    assert bounds.body()["errors"] == [
        wire(
            "10033",
            "Value outside of range",
            "The value is outside of allowed range 1 to 5000",
            "/max_participants",
            False,
        )
    ]


@pytest.mark.parametrize("row", CATALOGUE, ids=lambda row: f"{row.code} {row.title}")
def test_every_row_can_be_answered_without_knowing_its_placeholders(row: Problem) -> None:
    refusal = Refusal(row)
    (body,) = refusal.body()["errors"]
    assert re.fullmatch(r"\d{3,6}", body["code"])
    assert 400 <= refusal.status < 600
    assert body["title"]
    assert body["detail"]
    assert "{" not in body["detail"]
    assert body.get("source", {}).get("pointer", "/").startswith("/")
    assert row.known in ("wire", "text", "guess")
    assert row in find(row.code)
    assert row in find(row.code, row.status)


@pytest.mark.parametrize("row", CATALOGUE, ids=lambda row: f"{row.code} {row.title}")
def test_a_scenario_gets_any_row_or_one_that_has_its_title_and_status(row: Problem) -> None:
    (problem,) = load(by_scenario(row)).errors
    got = problem.to_fault().error
    assert got is not None
    assert (got.code, got.status, got.title) == (row.code, row.status, row.title)


@pytest.mark.parametrize("row", [row for row in CATALOGUE if row.reproduce], ids=lambda row: row.code)
def test_what_can_be_reproduced_tells_what_raises_it(row: Problem) -> None:
    assert row.raised_by


def test_rows_differ_in_what_they_say() -> None:
    said = [(row.code, row.title, row.detail, row.pointer) for row in CATALOGUE]
    assert len(said) == len(set(said))


def test_several_reasons_are_one_refusal() -> None:
    refusal = Refusal.of([MISSING_PARAMETER.raised(parameter="from"), CALL_ENDED.raised()])
    assert refusal.status == 422
    assert [one["code"] for one in refusal.body()["errors"]] == ["10004", "90018"]


def test_a_problem_can_be_about_a_nested_field_or_a_query_parameter() -> None:
    nested = MISSING_PARAMETER.raised(parameter="participant.role", at="/participant/role").body()
    assert nested["source"] == {"pointer": "/participant/role"}
    query = errors.OUT_OF_RANGE.raised(query="page[limit]").body()
    assert query["source"] == {"parameter": "page[limit]"}


def test_an_operation_that_is_not_simulated_is_named() -> None:
    refusal = Unsupported("speak")
    assert refusal.status == 501
    assert refusal.body()["errors"][0]["detail"].startswith("speak exists at Telnyx")


def test_a_refusal_says_in_a_traceback_what_it_is() -> None:
    assert str(Refusal(CALL_ENDED)).startswith("90018 Call has already ended: This call")


def test_an_unknown_code_is_nowhere() -> None:
    assert find("12345") == []
