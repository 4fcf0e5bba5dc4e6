"""What a client can ask of applications and connections: set them up, change them, look at them, in lists too.

Every connection here is a call control application; `/connections` shows less of it than its own interface does.

Sources: the published interface for fields, filters and orders; its objects have times in milliseconds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from mockserver.sim import applications, errors
from mockserver.sim.applications import Application
from mockserver.sim.clock import iso
from mockserver.sim.errors import Refusal
from mockserver.sim.events import Json
from mockserver.sim.filters import Filters, filtered, is_at, wanted
from mockserver.sim.listings import NO_CURSOR, numbered
from mockserver.sim.simulation import Simulation

Params = Mapping[str, str]

SHORTEST = 3
"""The least that a filter by part of a name needs, documented."""

PER_PAGE = 250
"""How many connections a page has when nobody says, documented; of applications it is 20."""

UNLISTED = frozenset({"Chennai, IN"})
"""Places that an application may have and, by the published interface, a connection may not."""

ORDERS: Mapping[str, Callable[[Application], Any]] = {
    "active": lambda application: application.is_active,
    "connection_name": lambda application: application.name,
    "created_at": lambda application: application.created_at,
}

APPLICATIONS: Filters[Application] = {
    "application_name": lambda application, value: _has_in_name(application, value.get("contains")),
    "connection_id": lambda application, value: application.id == value,
    "outbound.outbound_voice_profile_id": lambda application, value: _has_profile(application, value),
    "product": lambda application, value: value == "call_control",
    "occurred_at": lambda application, value: is_at(application.created_at, value),
    **dict.fromkeys(
        ("application_session_id", "failed", "from", "leg_id", "name", "status", "to", "type"),
        lambda application, value: True,
    ),
}
"""The filters of the list of applications. GUESS: they are those of other lists, so `occurred_at` is held against
`created_at`, and what asks about calls and events leaves out nothing."""

CONNECTIONS: Filters[Application] = {
    "connection_name": lambda application, value: _has_in_name(application, value.get("contains")),
    "fqdn": lambda application, value: False,
    "outbound_voice_profile_id": lambda application, value: _has_profile(application, value),
}

KINDS = (
    *("call_control_applications", "credential_connections", "external_connections", "fax_connections"),
    *("fqdn_connections", "ip_connections", "microsoft_teams_sbc_connections", "mobile_voice_connections"),
    *("operator_connect_connections", "texml_applications", "third_party_provider_connections", "uac_connections"),
    "zoom_sbc_connections",
)
"""The kinds of connections, of which there is the first here."""


def list_applications(simulation: Simulation, params: Params, query: Json) -> Json:
    """`GET /call_control_applications`, in pages by number. Refusals: 10031, 10015 (a cursor)."""
    return numbered(_found(simulation, APPLICATIONS, query), query, application_object)


def create_application(simulation: Simulation, params: Params, body: Json) -> Json:
    """`POST /call_control_applications`: GUESS: several may have one name. Refusals: 10027 (there are too many)."""
    known = applications.with_changes(applications.DEFAULTS, body)
    application = Application(simulation.ids.connection_id(), known, simulation.now, simulation.now)
    applications.add(simulation.world, [application])
    _warn_of_version(simulation, "create_application", application)
    return {"data": application_object(application)}


def retrieve_application(simulation: Simulation, params: Params, query: Json) -> Json:
    """`GET /call_control_applications/{id}`. Refusals: 10005."""
    return {"data": application_object(_find(simulation, params))}


def update_application(simulation: Simulation, params: Params, body: Json) -> Json:
    """`PATCH /call_control_applications/{id}`: it holds for the calls that come after it. Refusals: 10005."""
    application = applications.change(simulation.world, _find(simulation, params), body, simulation.now)
    if "webhook_api_version" in body:
        _warn_of_version(simulation, "update_application", application)
    return {"data": application_object(application)}


def delete_application(simulation: Simulation, params: Params, body: Json) -> Json:
    """`DELETE /call_control_applications/{id}`: what it was; its calls go on. Refusals: 10005."""
    application = _find(simulation, params)
    del simulation.world.applications[application.id]
    return {"data": application_object(application)}


def list_connections(simulation: Simulation, params: Params, query: Json) -> Json:
    """`GET /connections`, in pages by number. Refusals: 10031."""
    return numbered(_found(simulation, CONNECTIONS, query), query, connection_object, PER_PAGE)


def retrieve_connection(simulation: Simulation, params: Params, query: Json) -> Json:
    """`GET /connections/{id}`. Refusals: 10005."""
    return {"data": connection_object(_find(simulation, params))}


def retrieve_connection_count(simulation: Simulation, params: Params, query: Json) -> Json:
    """`GET /connections/count`: how many there are of each kind. GUESS: `record_type`, and one limit for all kinds."""
    counts = dict.fromkeys(KINDS, 0) | {KINDS[0]: len(simulation.world.applications)}
    limits = {"global_limit": applications.LIMIT}
    return {"data": {"counts": counts, "limits": limits, "record_type": "connection_count"}}


def application_object(application: Application) -> Json:
    """An application as it is shown."""
    return {
        **application.fields,
        "created_at": _moment(application.created_at),
        "id": application.id,
        "record_type": "call_control_application",
        "updated_at": _moment(application.updated_at),
    }


def connection_object(application: Application) -> Json:
    """An application as it is shown among connections of all kinds."""
    shown = application.fields
    known: Json = {
        "anchorsite_override": None if shown["anchorsite_override"] in UNLISTED else shown["anchorsite_override"],
        "outbound_voice_profile_id": application.outbound("outbound_voice_profile_id"),
    }
    return {
        "active": application.is_active,
        "connection_name": application.name,
        "created_at": _moment(application.created_at),
        "id": application.id,
        "record_type": "call_control_application",
        "tags": shown["tags"],
        "updated_at": _moment(application.updated_at),
        "webhook_api_version": shown["webhook_api_version"],
        "webhook_event_failover_url": shown["webhook_event_failover_url"],
        "webhook_event_url": application.route.url,
        **{name: value for name, value in known.items() if value is not None},
    }


def _find(simulation: Simulation, params: Params) -> Application:
    application = simulation.world.applications.get(params["id"])
    if application is None:
        raise Refusal(errors.URL_NOT_FOUND)
    return application


def _found(simulation: Simulation, known: Filters[Application], query: Json) -> list[Application]:
    """Those that all filters let through, in the order that is asked for: if none is, the newest first. Documented.

    Those that are equal by that order come in the order of their creation, or the other way round.
    """
    _check_length(query)
    fits = filtered(known, query)
    found = [application for application in simulation.world.applications.values() if fits(application)]
    sort = query.get("sort") or "-created_at"
    if sort.startswith("-"):
        found.reverse()
    return sorted(found, key=ORDERS[sort.removeprefix("-")], reverse=sort.startswith("-"))


def _check_length(query: Json) -> None:
    """Refuse to look for too little of a name (10031). That it needs more is documented."""
    for name in ("application_name", "connection_name"):
        part = wanted(query).get(name, {}).get("contains")
        if part is not None and len(part) < SHORTEST:
            parameter = f"filter[{name}][contains]"
            raise Refusal(errors.INVALID_FILTER, parameter=parameter, query=parameter)


def _has_in_name(application: Application, part: str | None) -> bool:
    """In any case, documented; the published default, four letters, means any name."""
    return part in (None, NO_CURSOR) or part.casefold() in application.name.casefold()


def _has_profile(application: Application, profile: str) -> bool:
    return application.outbound("outbound_voice_profile_id") == profile


def _warn_of_version(simulation: Simulation, command: str, application: Application) -> None:
    if application.fields["webhook_api_version"] == "1":
        text = f"{application.name} has webhook_api_version 1, the default, and is sent version 2 all the same"
        simulation.warn(command, None, f"{text}: at Telnyx its webhooks would have another form, so say 2")


def _moment(at: int) -> str:
    return f"{iso(at)[:-4]}Z"
