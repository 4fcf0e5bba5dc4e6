"""Where the webhooks of a leg go: what its application says, and what a command says over it.

Sources: the published interface; that `webhook_url` is sticky, from applications that rely on it.
"""

from __future__ import annotations

from mockserver.sim import errors
from mockserver.sim.errors import Refusal
from mockserver.sim.event_types import EVENT_TYPES
from mockserver.sim.events import Json, Route
from mockserver.sim.simulation import Simulation


def of_new_leg(simulation: Simulation, connection_id: str, body: Json) -> Route:
    """Where the webhooks of a new leg go; 10015 where only known connections are good and this one is not known."""
    settings = simulation.world.settings
    if settings.applications is None:
        return overridden(settings.route, body)
    if connection_id not in settings.applications:
        raise Refusal(errors.INVALID_CONNECTION)
    return overridden(settings.applications[connection_id], body)


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
        urls=body.get("webhook_urls") or route.urls,
        urls_method=body.get("webhook_urls_method", "POST") if body.get("webhook_urls") else route.urls_method,
        retries_ms=(
            {event: tuple(policy.get("retries_ms", ())) for event, policy in policies.items()}
            if policies
            else route.retries_ms
        ),
        timeout_secs=route.timeout_secs,
    )
