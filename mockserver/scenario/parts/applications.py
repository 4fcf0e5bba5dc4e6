"""Call control applications that there are at the start."""

from __future__ import annotations

from typing import Annotated

from pydantic import (
    PlainValidator,
)

from mockserver.scenario import values
from mockserver.scenario.parts.part import (
    Channels,
    Ordinal,
    Part,
    Text,
    Url,
    UrlOrNone,
    YesNo,
)
from mockserver.sim import applications
from mockserver.sim.applications import Application
from mockserver.sim.events import Route
from mockserver.sim.world import Settings


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
