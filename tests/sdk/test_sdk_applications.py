"""Applications and connections with the official SDK, unmodified, against a simulator on a real socket."""

from __future__ import annotations

import pytest
import telnyx

from tests.sdk.live import APP, BOTH_CLIENTS, CALLEE, Application, Simulator

pytestmark = BOTH_CLIENTS


def test_an_application_is_created_changed_and_deleted(simulator: Simulator, application: Application) -> None:
    with simulator.client(_strict_response_validation=True) as client:
        created = client.call_control_applications.create(
            application_name="Shop",
            webhook_event_url=application.url,
            webhook_api_version="2",
            webhook_event_failover_url="https://spare.example",
            webhook_timeout_secs=10,
            call_cost_in_webhooks=True,
            dtmf_type="Inband",
            inbound={"channel_limit": 10, "sip_subdomain": "shop"},
            outbound={"channel_limit": 1, "outbound_voice_profile_id": "1842665017439210771"},
        ).data
        assert created is not None
        assert created.id is not None
        assert (created.inbound and created.inbound.channel_limit, created.first_command_timeout) == (10, False)
        updated = client.call_control_applications.update(
            created.id, application_name="Store", webhook_event_url=application.url, tags=["moved"]
        ).data
        retrieved = client.call_control_applications.retrieve(created.id).data
        assert updated == retrieved
        assert retrieved is not None
        assert (retrieved.application_name, retrieved.tags, retrieved.dtmf_type) == ("Store", ["moved"], "Inband")
        assert client.call_control_applications.delete(created.id).data == retrieved
        with pytest.raises(telnyx.NotFoundError, match="10005"):
            client.call_control_applications.retrieve(created.id)
        with pytest.raises(telnyx.UnprocessableEntityError, match="10003"):
            client.call_control_applications.create(application_name="Shop", webhook_event_url="shop")


def test_a_call_goes_by_the_settings_of_its_application(simulator: Simulator, application: Application) -> None:
    with simulator.client(_strict_response_validation=True) as client:
        created = client.call_control_applications.create(
            application_name="Shop",
            webhook_event_url=application.url,
            webhook_api_version="2",
            call_cost_in_webhooks=True,
            outbound={"channel_limit": 1},
        ).data
        assert created is not None
        assert created.id is not None
        dialled = client.calls.dial(connection_id=created.id, from_=APP, to=CALLEE).data
        assert dialled is not None
        with pytest.raises(telnyx.UnprocessableEntityError, match="90043"):
            client.calls.dial(connection_id=created.id, from_=APP, to=CALLEE)
        leg = dialled.call_control_id
        application.wait_for("call.answered", leg)
        assert [call.call_control_id for call in client.connections.list_active_calls(created.id)] == [leg]
        client.calls.actions.hangup(leg)
        assert application.wait_for("call.cost", leg).connection_id == created.id


def test_applications_and_connections_are_listed_page_by_page(simulator: Simulator) -> None:
    with simulator.client(_strict_response_validation=True) as client:
        names = [f"application {number:02}" for number in range(45)]
        for name in names:
            client.call_control_applications.create(
                application_name=name,
                webhook_event_url="https://shop.example",
                webhook_api_version="2",
                active=not name.endswith("7"),
            )
        newest_first = names[::-1]
        assert [one.application_name for one in client.call_control_applications.list()] == newest_first
        by_name = client.call_control_applications.list(page_size=10, sort="connection_name")
        assert [one.application_name for one in by_name] == names
        some = client.call_control_applications.list(filter={"application_name": {"contains": "ION 3"}}, page_size=3)
        assert [one.application_name for one in some] == newest_first[5:15]
        assert [one.connection_name for one in client.connections.list(page_size=10)] == newest_first
        inactive = client.connections.list(filter={"connection_name": {"contains": "app"}}, sort="active").data
        assert [one.connection_name for one in inactive][:4] == names[7::10]
        counted = client.connections.retrieve_count().data
        assert (counted.counts.call_control_applications, counted.counts.texml_applications) == (45, 0)
        assert counted.limits.to_dict() == {"global_limit": 1_000}
        number = inactive[0].id
        assert number is not None
        connection = client.connections.retrieve(number).data
        assert connection is not None
        assert (connection.id, connection.active) == (number, False)
        with pytest.raises(telnyx.UnprocessableEntityError, match="10031"):
            client.connections.list(filter={"connection_name": {"contains": "ap"}})
        with pytest.raises(telnyx.NotFoundError, match="10005"):
            client.connections.retrieve("1")
