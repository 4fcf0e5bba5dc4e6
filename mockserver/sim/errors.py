"""The platform's refusals as a catalogue of values: what it answers when it does not do what it was asked.

A row is one code with one title; the platform uses some numbers twice, so a code alone does not name a row.
`known` says how sure the words are: `wire` is known letter by letter from the API description or a live
answer, `text` is the published meaning in our own words, `guess` is our choice. A placeholder left open is
filled from `EXAMPLE_VALUES`, so that any row can be answered on demand.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]

DOCS_URL = "https://developers.telnyx.com/docs/overview/errors/"

EXAMPLE_VALUES: Mapping[str, object] = {
    "parameter": "to",
    "type": "string",
    "values": "dual, single",
    "minimum": 1,
    "maximum": 5000,
    "length": 0,
    "limit": 100,
    "queue_name": "support",
    "position": 42,
    "kilobytes": 1024,
    "operation": "this operation",
    "event_type": "call.unknown",
    "reason": "",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One row: a way in which the platform says no. `detail` and `pointer` may hold `{placeholders}`."""

    code: str
    status: int
    title: str
    detail: str
    pointer: str | None = None
    meta_url: bool = False
    known: str = "wire"
    raised_by: str = ""
    reproduce: str = ""

    def raised(self, *, at: str | None = None, query: str | None = None, **values: object) -> Raised:
        """This problem with its placeholders filled.

        `at` replaces the row's pointer (`/participant/role`); `query` names a query parameter as the source
        instead.
        """
        known = {**EXAMPLE_VALUES, **values}
        pointer = at if at is not None or self.pointer is None else self.pointer.format_map(known)
        return Raised(self, self.detail.format_map(known).rstrip(), None if query else pointer, query)


@dataclass(frozen=True, slots=True)
class Raised:
    """A problem that occurred: its row, the sentence, and what in the request it is about."""

    problem: Problem
    detail: str
    pointer: str | None = None
    query: str | None = None

    def body(self) -> Json:
        """One element of the wire's `errors` list."""
        body: Json = {"code": self.problem.code, "title": self.problem.title, "detail": self.detail}
        if self.query is not None:
            body["source"] = {"parameter": self.query}
        elif self.pointer is not None:
            body["source"] = {"pointer": self.pointer}
        if self.problem.meta_url:
            body["meta"] = {"url": DOCS_URL + self.problem.code}
        return body


class Refusal(Exception):
    """The platform says no, for one reason or several: `Refusal(MISSING_PARAMETER, parameter="to")`."""

    def __init__(self, problem: Problem | Raised, **values: Any) -> None:
        raised = problem.raised(**values) if isinstance(problem, Problem) else problem
        super().__init__(f"{raised.problem.code} {raised.problem.title}: {raised.detail}")
        self.problems: tuple[Raised, ...] = (raised,)

    @classmethod
    def of(cls, problems: list[Raised] | tuple[Raised, ...]) -> Refusal:
        """A refusal for several reasons at once; at least one."""
        refusal = cls(problems[0])
        refusal.problems = tuple(problems)
        return refusal

    @property
    def status(self) -> int:
        """The HTTP status: that of the first reason."""
        return self.problems[0].problem.status

    def body(self) -> Json:
        """What goes over the wire."""
        return {"errors": [raised.body() for raised in self.problems]}


class Unsupported(Exception):
    """Telnyx can do it and this simulator cannot: HTTP 501, naming the operation."""

    status = 501

    def __init__(self, operation: str, reason: str = "") -> None:
        super().__init__(f"{operation} is not simulated. {reason}".rstrip())
        self.operation = operation
        self.problems = (NOT_SIMULATED.raised(operation=operation, reason=reason),)

    def body(self) -> Json:
        """What goes over the wire: the platform's envelope, so that clients can show it."""
        return {"errors": [raised.body() for raised in self.problems]}


def by_scenario(row: Problem) -> str:
    """How a scenario gets a row of the catalogue; what tells it from others of its code is named where that is needed.

    Rows that differ in nothing but their words cannot be told apart: then the most usual of them is got.
    """
    same = find(row.code)
    by_title = [other for other in same if other.title == row.title]
    more = f", status: {row.status}" if find(row.code, row.status)[0] is row else f", title: {row.title}"
    if by_title[0] is not row and find(row.code, row.status)[0] is not row:
        more += f", status: {row.status}"
    return f'errors: [{{command: answer, nth: 1, code: "{row.code}"{"" if same[0] is row else more}}}]'


def find(code: str, status: int | None = None) -> list[Problem]:
    """The rows with this code (and HTTP status, if given), the most usual meaning first."""
    return [row for row in CATALOGUE if row.code == code and status in (None, row.status)]


def _wire(code: str, title: str, detail: str, pointer: str | None = None, **rest: Any) -> Problem:
    return Problem(code, rest.pop("status", 422), title, detail, pointer, known="wire", **rest)


def _text(code: str, title: str, detail: str, pointer: str | None = None, **rest: Any) -> Problem:
    return Problem(code, rest.pop("status", 422), title, detail, pointer, known="text", **rest)


def _guess(code: str, title: str, detail: str, pointer: str | None = None, **rest: Any) -> Problem:
    return Problem(code, rest.pop("status", 422), title, detail, pointer, known="guess", **rest)


# fmt: off

# --- Who asks: credentials and rights -----------------------------------------------------------------------

AUTHENTICATION_FAILED = _wire(
    "10009", "Authentication failed",
    "The required authentication headers were either invalid or not included in the request.", status=401,
    meta_url=True, raised_by="an Authorization header that is not a bearer token",
    reproduce="send `Authorization: Basic ...` to a server started with --api-key")
NO_CREDENTIALS = _wire(
    "10009", "Authentication failed", "Could not find any usable credentials in the request.", status=401,
    meta_url=True, raised_by="a request without an Authorization header",
    reproduce="send no Authorization header to a server started with --api-key")
UNKNOWN_CREDENTIALS = _wire(
    "10009", "Authentication failed", "Could not understand the provided credentials.", status=401,
    meta_url=True, raised_by="an API key that nobody was given",
    reproduce="send another key than the one of --api-key")
MALFORMED_CREDENTIALS = _wire(
    "10009", "Authentication failed", "The API key looks malformed. Check that you copied it correctly.",
    status=401, meta_url=True, raised_by="an API key of the wrong shape",
    reproduce="send an empty bearer token, or one with spaces in it, to a server started with --api-key")
INVALID_KEY_SECRET = _text(
    "20001", "Invalid API Key secret", "The secret of the API key is wrong.", status=401)
KEY_REVOKED = _text("20002", "API Key revoked", "This API key has been revoked.", status=401)
KEY_FORBIDDEN = _text(
    "20003", "API Key forbidden", "This API key must not be used for this request.", status=403)
ACCESS_TOKEN_EXPIRED = _text("20006", "Expired access token", "The access token has expired.", status=401)
INVALID_API_KEY = _text("20008", "Invalid API Key", "The API key is not valid.", status=401)
ACCOUNT_INACTIVE = _text("20012", "Account inactive", "The account is not active.", status=403)
ACCOUNT_BLOCKED = _text("20013", "Account blocked", "The account is blocked.", status=403)
ACCOUNT_UNVERIFIED = _text("20014", "Account unverified", "The account has not been verified.", status=403)
NOT_LEVEL_1 = _text(
    "20016", "Account not level 1 verified", "The account lacks level 1 verification.", status=403)
NOT_LEVEL_2 = _text(
    "20017", "Account not level 2 verified", "The account lacks level 2 verification.", status=403)
INSUFFICIENT_FUNDS = _text(
    "20100", "Insufficient Funds", "The account has too little credit for this.", status=403)
DESTINATION_NOT_ALLOWED = _guess(
    "10010", "Authorization failed",
    "The dialed number is not included in the whitelisted countries of the outbound voice profile. D13",
    status=403, meta_url=True,
    raised_by="dial and transfer to a country the outbound voice profile does not allow",
    reproduce="dial the number that docs/magic-numbers.md lists for it")
NOT_AUTHORIZED = _wire(
    "10010", "Not authorized", "You are not authorized to access the requested resource.", "/", status=403,
    meta_url=True, raised_by="a resource of somebody else")
RESTRICTED_KEY = _text(
    "10006", "Not authorized", "The API key may not be used for this resource.", status=403)
FEATURE_NOT_PERMITTED = _text(
    "10038", "Feature not permitted", "The account may not use this feature.", status=403)
FEATURE_LIMITED = _text(
    "10039", "Feature limited", "The account may use this feature only in a limited way.", status=403)

# --- What is asked for: paths, methods, bodies --------------------------------------------------------------

URL_NOT_FOUND = _wire(
    "10005", "Resource not found", "The requested resource or URL could not be found.", "/", status=404,
    meta_url=True, raised_by="a path or a resource that does not exist", reproduce="GET /v2/nothing-here")
CONNECTION_NOT_FOUND = _wire(
    "10005", "Resource not found", "The requested resource or URL could not be found.", "/connection_id",
    status=404, raised_by="recordings of an unknown connection")
RECORDING_NOT_FOUND = _wire(
    "10005", "Recording not found",
    "The recording could not be found. Please check the recording_id and try again.", "/recording_id",
    status=404, raised_by="record_stop, record_pause and record_resume with an unknown recording_id",
    reproduce="answer a call, then record_stop with a `recording_id` that is none")
AUDIO_FILE_NOT_FOUND = _wire(
    "10005", "Audio file not found", "Provided audio file URL couldn't be found.", status=404,
    raised_by="playback_start and gather_using_audio, at Telnyx only sometimes: here `call.playback.ended` tells it")
DIALOGFLOW_NOT_FOUND = _wire(
    "10005", "Resource not found",
    "The Dialogflow connection for the specified connection_id could not be found.", "/connection_id",
    status=404, raised_by="streaming_start with Dialogflow",
    reproduce="streaming_start with `enable_dialogflow` set to true")
RESOURCE_NOT_FOUND = _wire(
    "10007", "Resource not found", "Resource not found", status=404,
    raised_by="call control, for a resource that does not exist")
METHOD_NOT_ALLOWED = _text(
    "10030", "Method not allowed", "The URL exists, but not for this HTTP method.", status=405,
    meta_url=True, raised_by="a method the path does not have; the HTTP status is a guess",
    reproduce="DELETE /v2/calls")
REQUEST_TIMEOUT = _text("10008", "Request timeout", "The request took too long.", status=408, meta_url=True)
MALFORMED_JSON = _text(
    "10023", "Invalid JSON", "The supplied JSON is not valid. {reason}", status=400, meta_url=True,
    raised_by="a body that is not JSON; the HTTP status is a guess",
    reproduce='POST /v2/calls with the body `{"to": `')
UNDECODABLE_BODY = _wire(
    "10028", "Character encoding error", "Error decoding request body at position {position}", status=400,
    meta_url=True, raised_by="a body that is not UTF-8", reproduce="POST /v2/calls with the body `\\xff`")
BAD_REQUEST = _wire(
    "10015", "Bad Request", "The request failed because it was not well-formed.", "/", status=400,
    meta_url=True, raised_by="a request that is not well-formed, for the services of the account",
    reproduce="GET /v2/connections/1234567890/active_calls?page[after]=nowhere")
INVALID_CHARACTERS = _wire(
    "10015", "Bad Request", "Invalid characters in the request.", status=400,
    raised_by="characters that do not belong there, for call control")
EXPECTED_JSON = _text(
    "10029", "Expected JSON Content-Type",
    "The Content-Type of a request with a body must be application/json.", status=415, meta_url=True,
    raised_by="a body of another content type; the HTTP status is a guess",
    reproduce="POST /v2/calls with `Content-Type: text/plain`")
UNSUPPORTED_MEDIA_TYPE = _text(
    "10014", "Unsupported Media Type", "The Content-Type is not supported.", status=415, meta_url=True)
UNSUPPORTED_CONTENT = _text(
    "10024", "Unsupported content type", "The body's type is not supported.", status=415, meta_url=True)
EXPECTED_FORM = _text(
    "10034", "Expected URL-encoded form", "The body must be a URL-encoded form.", status=415)
# GUESS: neither code nor status nor limit is published; 413 is what HTTP has for it
BODY_TOO_LARGE = _guess(
    "10027", "Unprocessable Entity", "The request body is larger than {kilobytes} kB.", status=413,
    meta_url=True, raised_by="a body above the limit", reproduce="POST /v2/calls with 2 MB of body")
TOO_MANY_REQUESTS = _text(
    "10011", "Too many requests", "You have exceeded the number of allowed requests.", status=429,
    meta_url=True,
    raised_by="the rate limit; the headers x-ratelimit-limit, -remaining and -reset go with it",
    reproduce="have a call up with each of as many API keys as there can be worlds, then use another key")
RESOURCE_LOCKED = _text("10035", "Resource locked", "The resource is locked.", status=409)
RESOURCE_BUSY = _text(
    "10036", "Resource is being processed", "The resource is still being processed.", status=409)
INTERNAL_ERROR = _wire(
    "10007", "Internal server error", "Internal server error", status=500,
    raised_by="call control, any command")
UNEXPECTED_ERROR = _text(
    "10007", "Unexpected error", "Something unexpected happened.", status=500, meta_url=True)
UNAVAILABLE = _wire(
    "10007", "Service unavailable", "Service unavailable", status=503, raised_by="call control, any command")
SERVICE_UNAVAILABLE = _text(
    "10037", "Service unavailable", "The service is not available at the moment.", status=503, meta_url=True)
# ours alone: the platform never says it
NOT_SIMULATED = _guess(
    "501", "Not simulated",
    "{operation} exists at Telnyx, but this simulator does not simulate it. {reason}", status=501,
    raised_by="an operation of the API that this simulator does not have",
    reproduce="call any operation that docs/coverage.md lists as not simulated")

# --- What a request says: the 10000 series ------------------------------------------------------------------

MISSING_PARAMETER = _wire(
    "10004", "Missing required parameter", "The '{parameter}' parameter is required and cannot be blank.",
    "/{parameter}", raised_by="any command, for a required field that is absent or blank",
    reproduce="POST /v2/calls with the body {}")
INACTIVE_NUMBER = _text("10001", "Inactive phone number", "The phone number is not active.", "/from")
INVALID_NUMBER = _text("10002", "Invalid phone number", "The phone number is not valid.", "/{parameter}")
INVALID_URL = _text(
    "10003", "Invalid URL",
    "The '{parameter}' parameter must be a well-formed URL of at most 2000 characters.", "/{parameter}",
    raised_by="webhook_url, audio_url and other URLs",
    reproduce="POST /v2/calls with `webhook_url` set to `not a url`")
INVALID_ID = _text(
    "10006", "Invalid ID", "The id is not valid.", "/{parameter}", raised_by="fields that hold a UUID",
    reproduce="answer a call with `billing_group_id` set to `none`")
SRTP_NOT_FOR_PSTN = _wire(
    "10011", "Media encryption not supported for PSTN calls",
    "SRTP media encryption is not supported for PSTN calls.", "/media_encryption",
    raised_by="dial and transfer to a number with SRTP",
    reproduce="POST /v2/calls with `media_encryption` set to `SRTP`")
DUPLICATE_RESOURCE = _text(
    "10012", "Duplicate resource", "Such a resource exists already.",
    raised_by="creating a queue", reproduce="POST /v2/queues twice with the same `queue_name`")
MISSING_ASSOCIATION = _text("10013", "Missing association", "An associated resource is missing.")
ASSOCIATION_NOT_FOUND = _text(
    "10017", "Associated resource does not exist", "A resource that the request refers to does not exist.")
INVALID_CONNECTION = _wire(
    "10015", "Invalid value for connection_id (Call Control App ID)",
    "The requested connection_id (Call Control App ID) is either invalid or does not exist. Only "
    "Call Control Apps with valid webhook URL are accepted.", "/connection_id",
    raised_by="dial with an id that is no Call Control App, or an App that is not active or has no webhook URL",
    reproduce="serve --connections known, then dial with an unknown `connection_id`")
NOT_E164 = _wire(
    "10016", "Phone number must be in +E164 format", "The '{parameter}' parameter must be in E164 format.",
    "/{parameter}", raised_by="dial, transfer: `to` and `from`",
    reproduce="dial with `to` set to `555-0100`")
INVALID_RESOURCE_TYPE = _text("10020", "Invalid resource type", "The resource type must be a string.")
LENGTH_OUT_OF_RANGE = _text(
    "10025", "String length out of range",
    "The '{parameter}' parameter must have between {minimum} and {maximum} characters, but has {length}.",
    "/{parameter}",
    raised_by="texts with a limit: record_custom_file_name, gather_id, stream_auth_token, queue_name",
    reproduce="POST /v2/calls with a `record_custom_file_name` of 41 characters")
WRONG_TYPE = _text(
    "10026", "Invalid parameter type", "The '{parameter}' parameter must be of type '{type}'.",
    "/{parameter}", raised_by="any command", reproduce="POST /v2/calls with `from` set to 5")
UNPROCESSABLE = _text(
    "10027", "Unprocessable Entity", "The request could not be processed. {reason}", meta_url=True,
    raised_by="what no other code says; with --strict, fields that the API does not have",
    reproduce='serve --strict, then POST /v2/calls with a field `"nonsense": 1`')
INVALID_FILTER = _text(
    "10031", "Invalid request filter", "The filter is not valid: {parameter}.", raised_by="list operations",
    reproduce="GET /v2/conferences?filter[colour]=red")
NOT_IN_ENUM = _wire(
    "10032", "Invalid enumerated value", "The value must be one of: {values}.", "/{parameter}",
    raised_by="any command", reproduce="POST /v2/calls with `record_channels` set to `stereo`")
OUT_OF_RANGE = _wire(
    "10033", "Value outside of range", "The value is outside of allowed range {minimum} to {maximum}",
    "/{parameter}", raised_by="any command; some fields have a code of their own",
    reproduce="GET /v2/connections/1234567890/active_calls?page[limit]=0")
INVALID_CALLER_DATA = _text("10700", "Invalid caller data", "The caller name data is not valid.")

# --- What a command says: the 90000 series ------------------------------------------------------------------

_DIGITS = "made of the keys 0-9, * and #"
INVALID_FORMAT = _text(
    "90000", "Invalid value for format", "format must be 'mp3' or 'wav'.", "/format",
    raised_by="record_start", reproduce="record_start with `format` set to `ogg`")
INVALID_CHANNELS = _text(
    "90001", "Invalid value for channels", "channels must be 'single' or 'dual'.", "/channels",
    raised_by="record_start", reproduce="record_start with `channels` set to `stereo`")
INVALID_TIMEOUT = _text("90002", "Invalid value for timeout", "timeout is outside its limits.", "/timeout")
INVALID_INTER_DIGIT_TIMEOUT = _text(
    "90003", "Invalid value for inter_digit_timeout",
    "inter_digit_timeout must be an integer from 1 to 120000.", "/inter_digit_timeout")
INVALID_MIN = _text("90004", "Invalid value for min", "min must be an integer from 1 to 128.", "/min")
INVALID_MAX = _text("90005", "Invalid value for max", "max must be an integer from 1 to 128.", "/max")
INVALID_TRIES = _text("90006", "Invalid value for tries", "tries must be an integer from 1 to 128.", "/tries")
INVALID_TERMINATING_DIGIT = _text(
    "90007", "Invalid value for terminating_digit",
    "terminating_digit must be one of the keys 0-9, * and #.", "/terminating_digit",
    raised_by="gather, gather_using_audio, gather_using_speak",
    reproduce="gather with `terminating_digit` set to `x`")
INVALID_VALID_DIGITS = _text(
    "90008", "Invalid value for valid_digits", f"valid_digits must be {_DIGITS}.", "/valid_digits",
    raised_by="gather, gather_using_audio, gather_using_speak",
    reproduce="gather with `valid_digits` set to `12x`")
INVALID_LOOP = _text(
    "90009", "Invalid value for loop", "loop must be 'infinity' or an integer from 1 to 100.", "/loop",
    raised_by="playback_start, speak, conference play",
    reproduce="speak with `loop` set to 101")
INVALID_PAYLOAD = _text(
    "90010", "Invalid value for payload", "payload must have between {minimum} and {maximum} characters.",
    "/payload", raised_by="speak, gather_using_speak, conference speak",
    reproduce="speak with a `payload` of 3,001 characters")
INVALID_PAYLOAD_TYPE = _text(
    "90011", "Invalid value for payload_type", "payload_type must be 'text' or 'ssml'.", "/payload_type",
    raised_by="speak, gather_using_speak, conference speak", reproduce="speak with `payload_type` set to `html`")
INVALID_VOICE = _text(
    "90012", "Invalid value for voice", "voice is not one that can be used here.", "/voice",
    raised_by="speak, and gather_using_ai with a classic voice such as female",
    reproduce="gather_using_ai with `voice` set to `female`")
INVALID_LANGUAGE = _text(
    "90013", "Invalid value for language", "language must be one of the supported codes.", "/language",
    raised_by="speak, gather_using_speak, conference speak", reproduce="speak with `language` set to `xx-XX`")
INVALID_DIGITS = _text(
    "90014", "Invalid value for digits", "digits must be made of 0-9, A-D, w, W, * and #.", "/digits",
    raised_by="send_dtmf, and dial with send_digits_on_answer",
    reproduce="send_dtmf with `digits` set to `12x`")
INVALID_CALL_CONTROL_ID = _wire(
    "90015", "Invalid Call Control ID", "The call_control_id provided was not valid.", "/call_control_id",
    raised_by="every command for a call, and retrieving a call",
    reproduce="POST /v2/calls/v3:unknown/actions/hangup")
INVALID_STOP = _text(
    "90016", "Invalid value for stop", "stop must be 'all', 'current' or 'overlay'.", "/stop",
    raised_by="speak, playback_start, playback_stop", reproduce="playback_stop with `stop` set to `everything`")
INVALID_CLIENT_STATE = _text(
    "90017", "Invalid value for client_state", "client_state must be valid base64.", "/{parameter}",
    raised_by="every command that takes a client_state",
    reproduce="POST /v2/calls with `client_state` set to `not base64!`")
CALL_ENDED = _wire(
    "90018", "Call has already ended", "This call is no longer active and can't receive commands.",
    raised_by="every command for a call", reproduce="hang a call up, then hang it up again")
CONFERENCE_ENDED = _wire(
    "90019", "Conference has already ended",
    "This conference is no longer active and can't receive commands.",
    raised_by="every command for a conference",
    reproduce="end a conference, then hold it")
NO_AUDIO_YET = _wire(
    "90020", "Call recording triggered before audio started",
    "Call recording cannot be started until audio has commenced on the call.", raised_by="record_start",
    reproduce="answer a call, and record_start before `call.answered` has come")
INVALID_DURATION = _text(
    "90021", "Invalid value for duration", "duration must be an integer from 100 to 500.", "/duration")
INVALID_MINIMUM_DIGITS = _text(
    "90022", "Invalid value for minimum_digits",
    "minimum_digits must be an integer from {minimum} to {maximum}.", "/minimum_digits",
    raised_by="gather, gather_using_audio, gather_using_speak",
    reproduce="gather with `minimum_digits` set to 0")
INVALID_MAXIMUM_DIGITS = _text(
    "90023", "Invalid value for maximum_digits",
    "maximum_digits must be an integer from {minimum} to {maximum}.", "/maximum_digits",
    raised_by="gather, gather_using_audio, gather_using_speak",
    reproduce="gather with `maximum_digits` set to 129")
INVALID_MAXIMUM_TRIES = _text(
    "90024", "Invalid value for maximum_tries",
    "maximum_tries must be an integer from {minimum} to {maximum}.", "/maximum_tries",
    raised_by="gather_using_audio, gather_using_speak",
    reproduce="gather_using_speak with `maximum_tries` set to 0")
INVALID_TIMEOUT_MILLIS = _text(
    "90025", "Invalid value for timeout_millis",
    "timeout_millis must be an integer from {minimum} to {maximum}.", "/timeout_millis",
    raised_by="gather, gather_using_audio, gather_using_speak",
    reproduce="gather with `timeout_millis` set to 0")
INVALID_INTER_DIGIT_TIMEOUT_MILLIS = _text(
    "90026", "Invalid value for inter_digit_timeout_millis",
    "inter_digit_timeout_millis must be an integer from {minimum} to {maximum}.",
    "/inter_digit_timeout_millis", raised_by="gather, gather_using_audio, gather_using_speak",
    reproduce="gather with `inter_digit_timeout_millis` set to 0")
INVALID_DURATION_MILLIS = _text(
    "90027", "Invalid value for duration_millis",
    "duration_millis must be an integer from {minimum} to {maximum}.", "/duration_millis",
    raised_by="send_dtmf",
    reproduce="send_dtmf with `duration_millis` set to 99")
INVALID_TIMEOUT_SECS = _text(
    "90028", "Invalid value for timeout_secs",
    "timeout_secs must be an integer from {minimum} to {maximum}.", "/timeout_secs",
    raised_by="dial, transfer", reproduce="POST /v2/calls with `timeout_secs` set to 1")
INVALID_TIME_LIMIT_SECS = _text(
    "90029", "Invalid value for time_limit_secs",
    "time_limit_secs must be an integer from {minimum} to {maximum}.", "/time_limit_secs",
    raised_by="dial, transfer", reproduce="POST /v2/calls with `time_limit_secs` set to 5")
INVALID_SERVICE_LEVEL = _text(
    "90030", "Invalid value for service_level", "service_level must be 'basic' or 'premium'.",
    "/service_level",
    raised_by="speak, gather_using_speak, conference speak", reproduce="speak with `service_level` set to `best`")
NOT_FORKED = _wire(
    "90031", "Call is not currently forked", "Can't stop forking, because the call isn't currently forked.",
    raised_by="fork_stop",
    reproduce="answer a call, then fork_stop")
CONFERENCE_FULL = _wire(
    "90032", "Maximum number of participants reached",
    "The maximum allowed value of `max_participants` has been reached at {limit}.",
    raised_by="joining a conference, dialling into one",
    reproduce="create a conference with `max_participants` set to 2, then join two more calls")
CONFERENCE_NAME_TAKEN = _wire(
    "90033", "Unable to execute command", "Conference with given name already exists and it's active.",
    raised_by="creating a conference",
    reproduce="create a conference twice with the same `name`")
CONFERENCE_EMPTY = _text(
    "90033", "Conference has no active participants", "The conference has nobody in it who could hear this.",
    raised_by="conference play and speak",
    reproduce="create a conference, hang up its call, and let the conference speak before `call.hangup` has come")
NOT_ANSWERED = _wire(
    "90034", "Call not answered yet",
    "This call can't receive this command because it has not been answered yet.",
    raised_by="every command that needs an answered call",
    reproduce="have an incoming call ring, then start an AI assistant on it before answering")
NOT_IN_QUEUE = _text(
    "90035", "Call not in queue", "The call has not been put in any queue yet.", raised_by="leave_queue",
    reproduce="answer a call, then leave_queue")
QUEUE_FULL = _wire(
    "90036", "Queue full", "The '{queue_name}' queue is full and can't accept more calls.",
    raised_by="enqueue",
    reproduce="enqueue a call with `max_size` set to 1, then another one in the same queue")
QUEUE_SIZE_FIXED = _text(
    "90037", "Queue max_size cannot be modified", "The queue exists already and its max_size is fixed.",
    raised_by="enqueue with another max_size than the queue has",
    reproduce="enqueue a call with `max_size` set to 1, then another one with `max_size` set to 2")
ALREADY_IN_QUEUE = _wire(
    "90038", "Call already in queue", "Call can't be added to a queue it's already in.", raised_by="enqueue",
    reproduce="enqueue a call twice in the same queue")
AUDIO_DOWNLOAD_FAILED = _wire(
    "90040", "Downloading audio file failed", "Provided audio file couldn't be downloaded.", status=400,
    raised_by="playback_start and gather_using_audio, at Telnyx only sometimes: here `call.playback.ended` tells it")
CHANNEL_LIMIT = _text(
    "90041", "User termination channels limit exceeded",
    "The account has reached its limit of outbound channels.", raised_by="dial, transfer (D1)",
    reproduce="dial the number that docs/magic-numbers.md lists for it")
PROFILE_CHANNEL_LIMIT = _text(
    "90042", "Outbound voice profile channels limit exceeded",
    "The outbound voice profile has reached its limit of channels.", raised_by="dial, transfer (D2)")
CONNECTION_CHANNEL_LIMIT = _text(
    "90043", "Connection outbound channels limit exceeded",
    "The connection has reached its limit of outbound channels.", raised_by="dial, transfer (D3)",
    reproduce="dial twice with an application whose `outbound` is `{\"channel_limit\": 1}`")
JOIN_NOT_ALLOWED = _text(
    "90044", "Conference join not allowed", "The call takes part in this conference already.",
    raised_by="joining a conference twice",
    reproduce="join a call twice in one conference")
STREAMING_USED = _wire(
    "90045", "Media Streaming is used", "This command can't be issued when media streaming is used.",
    raised_by="fork_start, and a second streaming_start",
    reproduce="streaming_start twice on one call")
STREAMING_FAILED = _text(
    "90046", "Media Streaming Failed", "Media streaming could not be started.", raised_by="streaming_start",
    reproduce="streaming_start with a `stream_url` that begins with `http`")
PARTICIPANT_ON_HOLD = _wire(
    "90047", "Participant on hold", "This participant is on hold", status=400, raised_by="TeXML conferences")
STREAMING_NOT_USED = _text(
    "90048", "Media Streaming is not used", "The call has no media stream.", raised_by="streaming_stop",
    reproduce="answer a call, then streaming_stop")
INVALID_RECORD_TIMEOUT_SECS = _text(
    "90049", "Invalid value for record_timeout_secs",
    "record_timeout_secs must be an integer of at least 0.", "/record_timeout_secs",
    raised_by="dial, answer, record_start", reproduce="POST /v2/calls with `record_timeout_secs` set to -1")
QUEUE_NOT_EMPTY = _wire(
    "90050", "Unable to delete queue", "Only empty queues can be deleted.", status=400,
    raised_by="deleting a queue",
    reproduce="enqueue a call, then DELETE /v2/queues/{its queue}")
RECORDING_WHILE_TRANSCRIBING = _text(
    "90053", "Call recording triggered with 'timeout_secs' while transcribing",
    "A recording with timeout_secs cannot be started while the call is being transcribed.",
    raised_by="record_start",
    reproduce="transcription_start, then record_start with `timeout_secs` set to 5")
TRANSCRIPTION_IN_PROGRESS = _wire(
    "90054", "Call transcription is already in progress",
    "Call transcription can not be started more than once.", raised_by="transcription_start",
    reproduce="transcription_start twice on one call")
TRANSCRIPTION_NEEDED = _text(
    "90055", "Call transcription can not be stopped",
    "Transcription cannot be stopped while a recording with timeout_secs runs.",
    raised_by="transcription_stop",
    reproduce="record_start with `timeout_secs` set to 5, then transcription_start and transcription_stop")
INVALID_INITIAL_TIMEOUT_MILLIS = _text(
    "90056", "Invalid value for initial_timeout_millis",
    "initial_timeout_millis must be an integer from {minimum} to {maximum}.", "/initial_timeout_millis",
    raised_by="gather",
    reproduce="gather with `initial_timeout_millis` set to 0")
INVALID_WEBHOOK_EVENT = _text(
    "90057", "Invalid call control event type for webhook_urls",
    "The keys of webhook_urls must be event types: {event_type} is none.", "/webhook_urls",
    raised_by="dial, answer, transfer",
    reproduce="POST /v2/calls with a key of `webhook_urls` that is no event type")
CONFERENCE_NOT_FOUND = _wire(
    "90058", "Invalid conference_id", "The conference does not exist.", status=404,
    raised_by="every command for a conference",
    reproduce="POST /v2/conferences/0d5f7a0e-14e3-4c83-a1de-5d0c2b7f9a61/actions/hold")
INVALID_RECORDING_TRACK = _text(
    "90059", "Invalid value for recording_track", "recording_track must be 'inbound', 'outbound' or 'both'.",
    "/recording_track", raised_by="record_start",
    reproduce="record_start with `recording_track` set to `left`")
ASSISTANT_IN_PROGRESS = _wire(
    "90061", "AI Assistant is already in progress", "AI Assistant cannot be started more than once.",
    raised_by="ai_assistant_start, gather_using_ai, conversation_relay_start",
    reproduce="start an AI assistant twice on one call")
FAX_COMMAND_FAILED = _text("90080", "Fax command error", "The fax command failed.")
FAX_COMMAND_INVALID = _text("90081", "Fax command error", "The fax command is not valid now.")
INVALID_NOTIFICATION_KEY = _text("90100", "Notification key is invalid", "The key is not valid.", "/key")
INVALID_NOTIFICATION_CONTEXT = _text(
    "90101", "Notification context is invalid", "The context is not valid.", "/context")
COMMAND_INVALID = _text(
    "90102", "Command is invalid", "An outbound call cannot be answered with this command.",
    raised_by="answer, for a leg that was dialled",
    reproduce="dial, then send answer for the leg that rings")
NOT_TO_BE_REJECTED = _guess(
    "90102", "Command is invalid", "Only an incoming call that nobody has answered can be rejected.",
    raised_by="reject, for a leg that was dialled or answered", reproduce="answer a call, then reject it")
DIALING_LIMIT = _guess(
    "90103", "Dialing limit exceeded", "Too many calls are being dialled.", raised_by="dial")
DICTIONARY_ERROR = _text(
    "90200", "Pronunciation dictionary error", "The dictionary could not be processed.", status=409)
DICTIONARY_NOT_FOUND = _text(
    "90201", "Pronunciation dictionary not found", "There is no such pronunciation dictionary.", status=404)
DICTIONARY_INVALID = _text("90202", "Validation failed", "The pronunciation dictionary is not valid.")
DICTIONARY_LIMIT = _text("90203", "Limit exceeded", "There are too many pronunciation dictionaries.")
INVALID_DIALOGFLOW_API = _text(
    "100001", "Invalid Dialogflow API", "dialogflow_api must be 'es' or 'cx'.",
    raised_by="streaming_start with Dialogflow")

# Sent over the WebSocket of a media stream, never as an answer to a request: their status stands for nothing.
_SOCKET = "what an application sends over the WebSocket of a media stream"
STREAM_UNKNOWN_ERROR = _text(
    "100002", "Unknown error", "Something went wrong with the stream.",
    raised_by=_SOCKET,
    reproduce='send {"event": "nothing"} over the WebSocket of a media stream')
STREAM_MALFORMED_FRAME = _text(
    "100003", "Malformed frame", "The frame is not well-formed.",
    raised_by=_SOCKET,
    reproduce='send {"event": "media"} over the WebSocket of a media stream')
STREAM_INVALID_MEDIA = _text(
    "100004", "Invalid media", "The media could not be decoded.",
    raised_by=_SOCKET,
    reproduce="send media whose `payload` is not Base64 over the WebSocket of a media stream")
STREAM_RATE_LIMIT = _text(
    "100005", "Rate limit reached", "Too much media was sent.",
    raised_by=_SOCKET,
    reproduce="send more audio over the WebSocket of a media stream than may wait")

# Numbers that were never published; a scenario may answer them nevertheless.
UNPUBLISHED_90039 = _guess("90039", "Unable to execute command", "The command cannot be executed.")
UNPUBLISHED_90051 = _guess("90051", "Unable to execute command", "The command cannot be executed.")
UNPUBLISHED_90052 = _guess("90052", "Unable to execute command", "The command cannot be executed.")
UNPUBLISHED_90060 = _guess("90060", "Unable to execute command", "The command cannot be executed.")

# --- Recordings: that service uses the HTTP status as the code ----------------------------------------------

RECORDINGS_UNAUTHORIZED = _wire(
    "401", "Unauthorized", "Unauthorized", status=401, raised_by="/recordings",
    reproduce="GET /v2/recordings without an API key")
RECORDINGS_FORBIDDEN = _wire("403", "Forbidden", "Forbidden", status=403, raised_by="/recordings")
RECORDINGS_NOT_FOUND = _wire(
    "404", "Not Found", "Page not found", status=404, raised_by="/recordings",
    reproduce="GET /v2/recordings/0d5f7a0e-14e3-4c83-a1de-5d0c2b7f9a61")
RECORDINGS_UNPROCESSABLE = _guess(
    "422", "Unprocessable Entity", "The request could not be processed.", raised_by="/recordings")
RECORDINGS_ERROR = _wire(
    "500", "Internal Server Error", "Internal server error", status=500, raised_by="/recordings")

# fmt: on

CATALOGUE: tuple[Problem, ...] = tuple(row for row in list(globals().values()) if isinstance(row, Problem))
"""Every row, in the order of this file; of several rows with one code the most usual comes first."""
