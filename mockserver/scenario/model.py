"""The language of scenarios, version 1, as models; each turns into the values of the simulation.

Everything comes in as dicts, lists and texts (`tree`). A mistake is a ValueError whose text says what was seen and what
to do; `load` puts file, line and place in front.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import NAMESPACE_URL, uuid5

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    ValidationInfo,
    field_validator,
    model_validator,
)

from mockserver.scenario import values
from mockserver.scenario.expect import Expectation
from mockserver.scenario.matching import Happening
from mockserver.scenario.names import ACTS, command_problem, event_problem, meant, trigger_problem
from mockserver.sim import applications, errors, fault_fields, faults, people, recordings, timings
from mockserver.sim.applications import Application
from mockserver.sim.audio_files import PROBLEMS, Said
from mockserver.sim.errors import Problem
from mockserver.sim.events import Route
from mockserver.sim.faults import MOST as MOST_FAULTS
from mockserver.sim.faults import Fault
from mockserver.sim.people import MACHINES, MOST_ACTS, OUTCOMES, Act, Assistant, Person, Turn, Use
from mockserver.sim.world import Settings

Text = Annotated[str, PlainValidator(values.text)]
Duration = Annotated[float, PlainValidator(values.duration)]
Number = Annotated[str, PlainValidator(values.number)]
NumberPattern = Annotated[str, PlainValidator(values.number_or_pattern)]
Url = Annotated[str, PlainValidator(values.url)]
UrlOrNone = Annotated[str, PlainValidator(values.url_or_none)]
Channels = Annotated[int, PlainValidator(values.whole(0, 1_000_000))]
Keys = Annotated[str, PlainValidator(values.keys)]
YesNo = Annotated[bool, PlainValidator(values.yes_no)]
Yes = Annotated[bool, PlainValidator(values.yes)]
Ordinal = Annotated[int, PlainValidator(values.ordinal)]
OrdinalOrEvery = Annotated[int, PlainValidator(values.ordinal_or_every)]
Code = Annotated[str, PlainValidator(values.code)]
Outcome = Annotated[str, PlainValidator(values.one_of(*OUTCOMES))]
ProblemOfFile = Annotated[str, PlainValidator(values.one_of(*PROBLEMS))]
ProblemOfRecording = Annotated[str, PlainValidator(values.one_of(*recordings.PROBLEMS))]
FilePattern = Annotated[str, PlainValidator(values.file_or_pattern)]
Machine = Annotated[str, PlainValidator(values.one_of(*MACHINES))]
Fields = Annotated[dict[str, Any], PlainValidator(values.fields)]
Answers = Annotated[dict[str, tuple[Any, ...]], PlainValidator(values.answers)]
Gets = Annotated[tuple[str, ...], PlainValidator(values.gets)]
Secrets = Annotated[dict[str, str], PlainValidator(values.secrets)]
HangsUp = Annotated[values.HangsUp, PlainValidator(values.hangs_up)]


class Part(BaseModel):
    """A mapping of the file. Keys that it does not know are mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class ActPart(Part):
    """Something that a person does, `at` so many seconds after the answer, or `when` something happens on their call.

    What they do is the one key that is one of `people.ACTS`.
    """

    at: Duration | None = None
    when: Text | None = None
    nth: OrdinalOrEvery = 1
    after: Duration = 0.0
    presses: Keys | None = None
    says: Text | None = None
    silent: Yes | None = None
    holds: Yes | None = None
    unholds: Yes | None = None
    hangs_up: Yes | None = None

    @model_validator(mode="before")
    @classmethod
    def _is_one_act_at_one_time(cls, given: Any) -> Any:
        if not isinstance(given, dict) or given.keys() - known_keys(cls):
            return given  # another mistake, reported as such
        for choices in (("at", "when"), people.ACTS):
            found = [key for key in choices if key in given]
            if len(found) != 1:
                raise ValueError(f"has {' and '.join(found) or 'none'} of {', '.join(choices)}: give exactly one")
        if "at" in given and given.keys() & {"nth", "after"}:
            raise ValueError("nth and after count from when, not from at: remove them")
        return given

    @field_validator("when")
    @classmethod
    def _can_happen(cls, name: str | None) -> str | None:
        if name is not None and (problem := trigger_problem(name)):
            raise ValueError(problem)
        return name

    def to_act(self) -> Act:
        does, what = next((name, value) for name in people.ACTS if (value := getattr(self, name)) is not None)
        words = what if isinstance(what, str) else ""
        if self.at is not None:
            return Act(does, words, after=self.at)
        return Act(does, words, self.when or "", self.nth, self.after)


class PersonPart(Part):
    """Someone at the other end, found by number."""

    number: NumberPattern
    name: Text = ""
    outcome: Outcome = "answer"
    refused: Code | None = None
    answers_after: Duration = timings.RING
    gives_up_after: Duration | None = None
    hangs_up: HangsUp | None = None
    says: list[Text] = Field(default_factory=list)
    answers: Answers = Field(default_factory=dict)
    silent: YesNo = False
    presses: list[Keys] = Field(default_factory=list)
    machine: Machine | None = None
    fake: YesNo = False
    does: list[ActPart] = Field(default_factory=list)

    @field_validator("does", mode="before")
    @classmethod
    def _is_not_too_much(cls, does: Any) -> Any:
        if isinstance(does, list) and len(does) > MOST_ACTS:
            raise ValueError(f"has {len(does):,} entries, more than {MOST_ACTS:,}: remove some")
        return does

    @field_validator("silent")
    @classmethod
    def _silent_people_say_nothing(cls, silent: bool, info: ValidationInfo) -> bool:
        if silent and (info.data.get("says") or info.data.get("answers")):
            raise ValueError("true, and says or answers are given too: remove one of them")
        return silent

    def to_person(self) -> Person:
        return Person(
            number=self.number,
            name=self.name,
            outcome=self.outcome,
            answers_after=self.answers_after,
            hangs_up_after=self.hangs_up.after if self.hangs_up else None,
            hangs_up_when_done=bool(self.hangs_up and self.hangs_up.when_done),
            gives_up_after=self.gives_up_after,
            says=tuple(self.says),
            answers=self.answers,
            silent=self.silent,
            presses=tuple(self.presses),
            machine=self.machine or "",
            fake=self.fake,
            acts=tuple(act.to_act() for act in self.does),
            refused=errors.find(self.refused)[0] if self.refused else None,
        )


class InboundPart(Part):
    """What an application says of calls that come in."""

    channel_limit: Channels | None = None
    shaken_stir_enabled: YesNo = False
    sip_subdomain: Text | None = None


class OutboundPart(Part):
    """What an application says of calls that go out."""

    channel_limit: Channels | None = None
    outbound_voice_profile_id: Text | None = None


class ApplicationPart(Part):
    """A call control application that there is at the start, by the published names but for those of its URLs."""

    connection_id: Text
    webhook_url: UrlOrNone | None = None
    webhook_failover_url: Url | None = None
    application_name: Text | None = None
    active: YesNo | None = None
    webhook_timeout_secs: Annotated[int, PlainValidator(values.whole(0, 30))] | None = None
    first_command_timeout: YesNo | None = None
    first_command_timeout_secs: Ordinal | None = None
    call_cost_in_webhooks: YesNo | None = None
    inbound: InboundPart | None = None
    outbound: OutboundPart | None = None

    def to_application(self, settings: Settings, now: int) -> Application:
        """The application; without a URL of its own it has those of the world, and an empty one is none."""
        route = settings.route
        if self.webhook_url or self.webhook_failover_url:
            route = Route(url=self.webhook_url or route.url, failover_url=self.webhook_failover_url)
        changes = self.model_dump(exclude_none=True, exclude={"connection_id", "webhook_url", "webhook_failover_url"})
        if self.webhook_url == "":
            changes["webhook_event_url"] = ""
        return applications.of_route(settings, self.connection_id, route, now, changes)


class HeaderPart(Part):
    """A SIP header."""

    name: Text
    value: Text


class CallPart(Part):
    """Somebody calls the application, `at` so many seconds from the start."""

    from_: Number = Field(alias="from")
    to: Number
    at: Duration = 0.0
    connection_id: Text | None = None
    from_display_name: Text | None = None
    custom_headers: list[HeaderPart] = Field(default_factory=list)
    webhook_url: Url | None = None


class UsePart(Part):
    """A tool that an assistant uses."""

    tool: Text
    arguments: Fields = Field(default_factory=dict)


class TurnPart(Part):
    """What an assistant says in reply, and which tool it uses."""

    says: Text | None = None
    hears: Text | None = None
    hears_result: Text | None = None
    uses: Annotated[UsePart, BeforeValidator(values.short_for("tool"))] | None = None

    @model_validator(mode="after")
    def _does_something(self) -> TurnPart:
        if self.says is None and self.uses is None:
            raise ValueError("has neither says nor uses: give one of them")
        if self.hears is not None and self.hears_result is not None:
            raise ValueError("has hears and hears_result: give one of them")
        return self

    def to_turn(self) -> Turn:
        uses = Use(self.uses.tool, self.uses.arguments) if self.uses else None
        return Turn(self.says or "", self.hears, uses, self.hears_result)


class InsightPart(Part):
    """One result of what is worked out after a conversation: a text or an object."""

    id: Text | None = None
    result: Annotated[Any, PlainValidator(values.insight)]


class AssistantPart(Part):
    """An assistant, found by the id that a command gives, or by the name under which the application stores one."""

    id: Text = ""
    name: Text = Assistant().name
    greeting: Text = ""
    model: Text = Assistant().model
    voice: Text = Assistant().voice
    transcription_model: Text = Assistant().transcription_model
    time_limit: Duration = timings.ASSISTANT_LIMIT
    turns: list[Annotated[TurnPart, BeforeValidator(values.short_for("says"))]] = Field(default_factory=list)
    insights: list[Annotated[InsightPart, BeforeValidator(values.short_for("result"))]] | None = None
    insight_group_id: Text | None = None

    @model_validator(mode="before")
    @classmethod
    def _is_found_somehow(cls, given: Any) -> Any:
        if isinstance(given, dict) and not given.keys() & {"id", "name"}:
            raise ValueError("has neither id nor name: give the id that commands give, or the name that is stored")
        return given

    @property
    def known_id(self) -> str:
        """Its id; one that is known by its name alone gets one that is the same in every run."""
        return self.id or f"assistant-{uuid5(NAMESPACE_URL, f'assistants/{self.name}')}"

    def to_assistant(self) -> Assistant:
        return Assistant(
            id=self.known_id,
            name=self.name,
            greeting=self.greeting,
            model=self.model,
            voice=self.voice,
            transcription_model=self.transcription_model,
            turns=tuple(turn.to_turn() for turn in self.turns),
            insights=None if self.insights is None else tuple(map(self._insight, range(len(self.insights)))),
            insight_group_id=self.insight_group_id,
            time_limit_secs=self.time_limit,
        )

    def _insight(self, index: int) -> dict[str, Any]:
        """An insight; without an id it gets one that is the same in every run."""
        insight = (self.insights or [])[index]
        return {
            "insight_id": insight.id or str(uuid5(NAMESPACE_URL, f"{self.known_id}/insights/{index}")),
            "result": insight.result,
        }


class ErrorPart(Part):
    """A refusal in store: the `nth` command of a name gets this code. `title` and `status` tell rows of it apart."""

    command: Text
    nth: Ordinal = 1
    code: Code
    title: Text | None = None
    status: Ordinal | None = None

    @field_validator("command")
    @classmethod
    def _is_a_command(cls, name: str) -> str:
        if problem := command_problem(name):
            raise ValueError(problem)
        return name

    @model_validator(mode="after")
    def _names_a_row(self) -> ErrorPart:
        if not self._rows():
            there = " or ".join(f"{row.status} {row.title}" for row in errors.find(self.code))
            raise ValueError(f"no row of {self.code} has that title and status: it is {there}")
        return self

    def _rows(self) -> list[Problem]:
        return [row for row in errors.find(self.code, self.status) if self.title in (None, row.title)]

    def to_fault(self) -> Fault:
        """The refusal as a fault, counted from when the scenario begins."""
        return Fault(operation=self.command, nth=self.nth, error=self._rows()[0])


class FaultPart(Part):
    """What goes wrong: what it fits, when it is its turn, and what happens. `fault_fields` says what goes together."""

    operation: Text | None = None
    event: Text | None = None
    number: NumberPattern | None = None
    call: Text | None = None
    state: Annotated[str, PlainValidator(values.one_of(*fault_fields.STATES))] | None = None
    nth: Ordinal | None = None
    first: Ordinal | None = None
    every: Ordinal | None = None
    probability: Annotated[float, PlainValidator(values.share)] | None = None
    error: Code | None = None
    title: Text | None = None
    status: Annotated[int, PlainValidator(values.whole(200, 599))] | None = None
    body: Annotated[Any, PlainValidator(values.insight)] | None = None
    rate_limit: Annotated[Any, PlainValidator(values.rate_limit)] | None = None
    connection: Annotated[str, PlainValidator(values.one_of(*faults.CONNECTIONS))] | None = None
    before_response: Text | None = None
    race: Annotated[str, PlainValidator(values.one_of(*faults.RACES))] | None = None
    ms: Annotated[int, PlainValidator(values.whole(0, 60_000))] | None = None
    delivery: Annotated[str, PlainValidator(values.one_of(*faults.DELIVERIES))] | None = None
    latency: Annotated[Any, PlainValidator(values.latency)] | None = None
    wall: YesNo | None = None
    applied: Annotated[str, PlainValidator(values.one_of(*faults.APPLIED))] | None = None

    @model_validator(mode="after")
    def _makes_sense(self) -> FaultPart:
        self.to_fault()
        return self

    def to_fault(self) -> Fault:
        return fault_fields.read(self.model_dump(exclude_none=True))


class AudioPart(Part):
    """Files that the application plays, by URL or media name: how long they are, what is wrong, or whether to fetch."""

    url: FilePattern | None = None
    media: FilePattern | None = None
    seconds: Duration | None = None
    problem: ProblemOfFile | None = None
    fetch: YesNo = False

    @model_validator(mode="before")
    @classmethod
    def _says_one_thing_of_one(cls, given: Any) -> Any:
        if not isinstance(given, dict) or given.keys() - known_keys(cls):
            return given  # another mistake, reported as such
        for choices in (("url", "media"), ("seconds", "problem", "fetch")):
            found = [key for key in choices if key in given]
            if len(found) != 1:
                raise ValueError(f"has {' and '.join(found) or 'none'} of {', '.join(choices)}: give exactly one")
        if "media" in given and "fetch" in given:
            raise ValueError("media that is stored cannot be fetched: give url, or seconds")
        return given

    def to_said(self) -> Said:
        return Said(self.url or "", self.media or "", self.seconds, self.problem or "", self.fetch)


class RecordingPart(Part):
    """The `nth` recording that begins cannot be kept."""

    nth: Ordinal = 1
    problem: ProblemOfRecording


KINDS: dict[str, Literal["webhook", "command", "person"]] = {
    "event": "webhook",
    "command": "command",
    "person": "person",
}


class HappeningPart(Part):
    """A webhook, a command or an act of a person."""

    event: Text | None = None
    command: Text | None = None
    person: Text | None = None
    with_: Fields = Field(default_factory=dict, alias="with")
    gets: Gets | None = None

    @model_validator(mode="before")
    @classmethod
    def _is_one_thing(cls, given: Any) -> Any:
        if not isinstance(given, dict) or given.keys() - known_keys(cls):
            return given  # another mistake, reported as such
        choices = [key for key in (*KINDS, "never") if key in known_keys(cls)]
        found = [key for key in choices if key in given]
        if len(found) != 1:
            raise ValueError(f"has {' and '.join(found) or 'none'} of {', '.join(choices)}: give exactly one")
        if given[found[0]] is None:
            raise ValueError(f"{found[0]} is empty: say which")
        if "gets" in given and found != ["command"]:
            raise ValueError(f"{found[0]} has no answer: gets belongs to command")
        if found == ["never"] and len(given) > 1:
            raise ValueError("with belongs inside never: {event: ..., with: {...}}")
        return given

    @field_validator("event")
    @classmethod
    def _is_an_event(cls, name: str | None) -> str | None:
        never = not issubclass(cls, ExpectationPart)
        if name is not None and (problem := event_problem(name, never)):
            raise ValueError(problem)
        return name

    @field_validator("command")
    @classmethod
    def _is_a_command(cls, name: str | None) -> str | None:
        if name is not None and (problem := command_problem(name)) and "501" not in problem:
            raise ValueError(problem)
        return name

    @field_validator("person")
    @classmethod
    def _is_an_act(cls, name: str | None) -> str | None:
        if name is not None and name not in ACTS:
            raise ValueError(f'"{name}" is nothing that people do: {meant(name, ACTS)}')
        return name

    def to_happening(self) -> Happening:
        key, name = next((key, value) for key in KINDS if (value := getattr(self, key)) is not None)
        return Happening(KINDS[key], name, self.with_, self.gets)


class ExpectationPart(HappeningPart):
    """One entry of `expect`."""

    never: HappeningPart | None = None

    def to_expectation(self) -> Expectation:
        if self.never is not None:
            return Expectation(self.never.to_happening(), never=True)
        return Expectation(self.to_happening())


class Scenario(Part):
    """A whole file."""

    name: Text
    description: Text = ""
    people: list[PersonPart] = Field(default_factory=list)
    applications: list[ApplicationPart] = Field(default_factory=list)
    calls: list[CallPart] = Field(default_factory=list)
    assistants: list[AssistantPart] = Field(default_factory=list)
    secrets: Secrets = Field(default_factory=dict)
    errors: list[ErrorPart] = Field(default_factory=list)
    faults: list[FaultPart] = Field(default_factory=list, max_length=MOST_FAULTS)
    audio: Annotated[list[AudioPart], BeforeValidator(values.audio)] = Field(default_factory=list)
    recordings: list[RecordingPart] = Field(default_factory=list)
    expect: list[ExpectationPart] = Field(default_factory=list)

    def to_people(self) -> list[Person]:
        return [person.to_person() for person in self.people]

    def to_assistants(self) -> list[Assistant]:
        return [assistant.to_assistant() for assistant in self.assistants]

    def to_faults(self) -> list[Fault]:
        """Its errors, which are the simplest faults, and then the others."""
        return [*(part.to_fault() for part in self.errors), *(part.to_fault() for part in self.faults)]

    def to_expectations(self) -> list[Expectation]:
        return [expectation.to_expectation() for expectation in self.expect]


def known_keys(part: type[Part]) -> set[str]:
    """The keys that a mapping may have, as they stand in the file."""
    return {info.alias or name for name, info in part.model_fields.items()}


PARTS: dict[tuple[str, ...], type[Part]] = {
    (): Scenario,
    ("people",): PersonPart,
    ("people", "does"): ActPart,
    ("applications",): ApplicationPart,
    ("applications", "inbound"): InboundPart,
    ("applications", "outbound"): OutboundPart,
    ("calls",): CallPart,
    ("calls", "custom_headers"): HeaderPart,
    ("assistants",): AssistantPart,
    ("assistants", "turns"): TurnPart,
    ("assistants", "turns", "uses"): UsePart,
    ("assistants", "insights"): InsightPart,
    ("errors",): ErrorPart,
    ("faults",): FaultPart,
    ("audio",): AudioPart,
    ("recordings",): RecordingPart,
    ("expect",): ExpectationPart,
    ("expect", "never"): HappeningPart,
}
"""Which mapping stands where; for telling what its keys are."""
