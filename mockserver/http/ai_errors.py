"""How `/ai/*` says no: in the form of the framework behind it, and not in that of the other services.

What is wrong with a request is a list of places and words, with 422 in any case; what is not there is one sentence. The
gateway in front, which knows credentials and limits, answers as everywhere. Sources: the published interface for the
form of the list. GUESS: the sentence, the words and the kinds of problems are ours, in the manner of that framework.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from mockserver.http.edge import Answer, problems
from mockserver.sim import errors
from mockserver.sim.events import Json

PREFIX = "/ai/"
OF_REQUESTS = (400, 415, 422)

KINDS: Mapping[str, str] = {
    errors.MISSING_PARAMETER.code: "value_error.missing",
    errors.WRONG_TYPE.code: "type_error",
    errors.NOT_IN_ENUM.code: "type_error.enum",
    errors.OUT_OF_RANGE.code: "value_error.number",
    errors.LENGTH_OUT_OF_RANGE.code: "value_error.any_str",
    errors.MALFORMED_JSON.code: "value_error.jsondecode",
}


def dressed(answer: Answer) -> Answer:
    """The same refusal in the form of `/ai/*`; any other answer as it is."""
    found = (answer.body or {}).get("errors") if answer.status >= 400 else None
    if not found or answer.status not in (*OF_REQUESTS, 404):
        return answer
    if answer.status == 404:
        return replace(answer, body={"detail": found[0]["detail"]}, problems=problems(answer))
    return replace(answer, status=422, body={"detail": [_problem(item) for item in found]}, problems=problems(answer))


def _problem(item: Json) -> Json:
    missing = item["code"] == errors.MISSING_PARAMETER.code
    return {
        "loc": _place(item.get("source") or {}),
        "msg": "field required" if missing else item["detail"],
        "type": KINDS.get(item["code"], "value_error"),
    }


def _place(source: Json) -> list[str | int]:
    if "parameter" in source:
        return ["query", source["parameter"]]
    steps = [step.replace("~1", "/").replace("~0", "~") for step in source.get("pointer", "").split("/") if step]
    return ["body", *(int(step) if step.isdecimal() else step for step in steps)]
