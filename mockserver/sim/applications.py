"""Call control applications: whose calls belong together, and the settings that those calls live under.

A leg keeps its application as it was when the leg began, so a change governs the calls that come after it. What a
client can ask of applications is in `application_commands`.

Sources: the published interface for fields and defaults; the documentation for what an application needs to be dialled
with.

GUESS: a change, or the end of an application, does not touch the calls that are up: neither their webhooks' URLs nor
anything else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mockserver.sim import errors
from mockserver.sim.errors import Refusal
from mockserver.sim.events import Json, Route

if TYPE_CHECKING:
    from mockserver.sim.world import Leg, Settings, World

LIMIT = 1_000
"""How many applications a world can have. GUESS: the platform's own limit is that of the account."""

DOMAIN = "sip.telnyx.com"
"""What `sip_subdomain` is a part of, documented."""

DEFAULTS: Json = {
    "active": True,
    "anchorsite_override": "Latency",
    "call_cost_in_webhooks": False,
    "dtmf_type": "RFC 2833",
    "first_command_timeout": False,
    "first_command_timeout_secs": 30,
    "inbound": {"shaken_stir_enabled": False, "sip_subdomain_receive_settings": "from_anyone"},
    "outbound": {},
    "redact_dtmf_debug_logging": False,
    "tags": [],
    "webhook_api_version": "1",
    "webhook_event_failover_url": "",
    "webhook_timeout_secs": None,
}
"""What a new application has where nothing is said, documented."""


@dataclass(frozen=True, slots=True, eq=False)
class Application:
    """A call control application, by its published `fields`; a change makes another one of the same id.

    Without `webhook_event_url` its webhooks go nowhere; with an empty one nobody can dial with it either.
    """

    id: str
    fields: Json
    created_at: int
    updated_at: int

    @property
    def name(self) -> str:
        return str(self.fields["application_name"])

    @property
    def is_active(self) -> bool:
        return bool(self.fields["active"])

    @property
    def tells_cost(self) -> bool:
        return bool(self.fields["call_cost_in_webhooks"])

    @property
    def route(self) -> Route:
        """Where the webhooks of its calls go, unless a command says otherwise."""
        return Route(
            url=self.fields.get("webhook_event_url") or None,
            failover_url=self.fields["webhook_event_failover_url"] or None,
            timeout_secs=self.fields["webhook_timeout_secs"],
        )

    @property
    def first_command_within(self) -> int | None:
        """Within how many seconds an incoming call has to have a command; None where it may take its time."""
        return max(0, self.fields["first_command_timeout_secs"]) if self.fields["first_command_timeout"] else None

    def inbound(self, name: str) -> object:
        return self.fields["inbound"].get(name)

    def outbound(self, name: str) -> object:
        return self.fields["outbound"].get(name)


def with_changes(fields: Json, changes: Json) -> Json:
    """Fields with changes; what is left out stays, also of what belongs to `inbound` and `outbound`."""
    inner = {name: {**fields[name], **(changes.get(name) or {})} for name in ("inbound", "outbound")}
    return {**fields, **changes, **inner}


def at_start(settings: Settings, now: int) -> dict[str, Application]:
    """The applications that a world starts with, named by their ids."""
    known = settings.applications or {}
    return {number: of_route(settings, number, route, now) for number, route in known.items()}


def of_route(settings: Settings, number: str, route: Route, now: int, changes: Json | None = None) -> Application:
    """An application that nobody created with a request, whose webhooks go where `route` says."""
    known: Json = {
        "application_name": number,
        "call_cost_in_webhooks": settings.call_cost,
        "webhook_api_version": "2",
        "webhook_event_failover_url": route.failover_url or "",
        "webhook_timeout_secs": route.timeout_secs,
    }
    if route.url is not None:
        known["webhook_event_url"] = route.url
    return Application(number, with_changes(DEFAULTS, {**known, **(changes or {})}), now, now)


def add(world: World, applications: Iterable[Application]) -> None:
    """Have these too, in place of those with the same ids; 10027 where there would be too many."""
    together = {**world.applications, **{one.id: one for one in applications}}
    if len(together) > LIMIT:
        raise Refusal(errors.UNPROCESSABLE, reason=f"There are {LIMIT:,} applications: delete some.")
    world.applications = together


def change(world: World, application: Application, changes: Json, now: int) -> Application:
    """The application with changes, which is the one of its id from now on."""
    changed = replace(application, fields=with_changes(application.fields, changes), updated_at=now)
    world.applications[changed.id] = changed
    return changed


def find(world: World, connection_id: str) -> Application | None:
    """The application of an id; None in an open world, where any id is good. Else 10015."""
    application = world.applications.get(connection_id)
    if application is None and world.settings.applications is not None:
        raise Refusal(errors.INVALID_CONNECTION)
    return application


def to_dial_with(world: World, connection_id: str) -> Application | None:
    """The application that an outgoing leg will belong to.

    Refusals: 10015 (unknown, without a webhook URL, or, which is a GUESS: not active), 90043 (as many outgoing calls as
    its `channel_limit` are up). GUESS: one without an outbound voice profile can dial, so that nobody has to make one.
    """
    application = find(world, connection_id)
    if application is None:
        return None
    if not application.is_active or application.fields.get("webhook_event_url") == "":
        raise Refusal(errors.INVALID_CONNECTION)
    limit = application.outbound("channel_limit")
    if isinstance(limit, int) and calls_up(world.legs, connection_id, "outgoing") >= limit:
        raise Refusal(errors.CONNECTION_CHANNEL_LIMIT)
    return application


def to_call(world: World, connection_id: str) -> Application | None:
    """The application that somebody calls.

    GUESS: calls do not reach one that is not active, nor one with as many incoming calls up as its `channel_limit`: the
    caller hears a busy tone and the application nothing. Refusals: 10015 (unknown), 10027 (such an application).
    """
    application = find(world, connection_id)
    if application is None:
        return None
    if not application.is_active:
        raise Refusal(errors.UNPROCESSABLE, reason=f"The application {connection_id} is not active.")
    limit = application.inbound("channel_limit")
    if isinstance(limit, int) and calls_up(world.legs, connection_id, "incoming") >= limit:
        reason = f"The caller hears a busy tone: the application {connection_id} takes {limit} incoming calls at once."
        raise Refusal(errors.UNPROCESSABLE, reason=reason)
    return application


def of_subdomain(world: World, to: str) -> str | None:
    """The id of the application that a SIP address with its `sip_subdomain` leads to, if there is one."""
    subdomain, found, _ = to.lower().rpartition("@")[2].partition(f".{DOMAIN}")
    if not found:
        return None
    return next((one.id for one in world.applications.values() if one.inbound("sip_subdomain") == subdomain), None)


def calls_up(legs: Mapping[str, Leg], connection_id: str, direction: str) -> int:
    """How many calls of a connection are up that go this way, those that still ring included."""
    return sum(
        leg.connection_id == connection_id and leg.direction == direction and leg.state != "ended"
        for leg in legs.values()
    )
