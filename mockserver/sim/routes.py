"""Where the webhooks of a leg go: what its application says, and what a command says over it.

Sources: the published interface; that `webhook_url` is sticky, from applications that rely on it.
"""

from __future__ import annotations

from mockserver.sim import errors
from mockserver.sim.applications import Application
from mockserver.sim.errors import Refusal
from mockserver.sim.event_types import EVENT_TYPES
from mockserver.sim.events import Json, Route
from mockserver.sim.simulation import Simulation


def of_application(simulation: Simulation, application: Application | None) -> Route:
    """Where the webhooks of an application go, or those of a connection that is none."""
    return simulation.world.settings.route if application is None else application.route


def of_new_leg(simulation: Simulation, application: Application | None, body: Json) -> Route:
    """Where the webhooks of a new leg go."""
    return overridden(of_application(simulation, application), body)


def overridden(route: Route, body: Json) -> Route:
    """The route with what a command says of it. `webhook_url` is sticky: it holds for all later webhooks of the leg."""
    if not body.keys() & {"webhook_url", "webhook_urls", "webhook_retries_policies"}:
        return route
    policies = body.get("webhook_retries_policies")
    for name in ("webhook_urls", "webhook_retries_policies"):
        for event_type in body.get(name) or ():
            if event_type not in EVENT_TYPES:
                raise Refusal(errors.INVALID_WEBHOOK_EVENT, at=f"/{name}", event_type=event_type)
    return Route(
        url=body.get("webhook_url") or route.url,
        method=body.get("webhook_url_method", "POST") if body.get("webhook_url") else route.method,
        failover_url=route.failover_url,
        urls=_by_event(body["webhook_urls"]) if body.get("webhook_urls") else route.urls,
        urls_method=body.get("webhook_urls_method", "POST") if body.get("webhook_urls") else route.urls_method,
        retries_ms=(
            {event: tuple(policy.get("retries_ms", ())) for event, policy in policies.items()}
            if policies
            else route.retries_ms
        ),
        timeout_secs=route.timeout_secs,
    )


def _by_event(urls: Json) -> dict[str, tuple[str, ...]]:
    """`webhook_urls` with one URL for an event, as published, or with several, as newer clients send them."""
    return {event: (found,) if isinstance(found, str) else tuple(found) for event, found in urls.items()}
