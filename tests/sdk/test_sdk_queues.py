"""Queues with the official SDK, unmodified, against a simulator on a real socket."""

from __future__ import annotations

import pytest
import telnyx

from tests.sdk.live import APP, BOTH_CLIENTS, CALLER, Application, Simulator

pytestmark = BOTH_CLIENTS

NAME = "Störungen am Abend"


def answered(client: telnyx.Telnyx, simulator: Simulator, application: Application) -> str:
    """A caller who is answered; the leg's id."""
    leg = simulator.ring(webhook_url=application.url)
    client.calls.actions.answer(leg)
    application.wait_for("call.answered", leg)
    return leg


def test_a_caller_waits_in_a_queue_until_an_agent_comes(simulator: Simulator, application: Application) -> None:
    with simulator.client(_strict_response_validation=True) as client:
        caller, agent = (answered(client, simulator, application) for _ in range(2))
        client.calls.actions.enqueue(caller, queue_name=NAME, max_wait_time_secs=600, keep_after_hangup=True)
        entered = application.wait_for("call.enqueued", caller)
        assert (entered.queue, entered.current_position, entered.queue_avg_wait_time_secs) == (NAME, 1, 0)
        call = client.queues.calls.retrieve(caller, queue_name=NAME).data
        assert call is not None
        assert (call.from_, call.to, call.queue_position, call.is_alive) == (CALLER, APP, 1, True)
        client.queues.calls.update(caller, queue_name=NAME, keep_after_hangup=False)
        client.calls.actions.bridge(agent, call_control_id_to_bridge_with="", queue=NAME)
        assert application.wait_for("call.dequeued", caller).reason == "bridged"
        application.wait_for("call.bridged", caller)
        client.calls.actions.enqueue(caller, queue_name=NAME)
        application.wait_for("call.hangup", agent)
        client.calls.actions.leave_queue(caller)
        assert application.wait_for("call.dequeued", caller, 2).reason == "leave"
        with pytest.raises(telnyx.UnprocessableEntityError, match="90035"):
            client.calls.actions.leave_queue(caller)


def test_a_queue_is_created_changed_and_deleted(simulator: Simulator, application: Application) -> None:
    with simulator.client(_strict_response_validation=True) as client:
        created = client.queues.create(queue_name=NAME).data
        assert created is not None
        assert (created.name, created.max_size, created.current_size) == (NAME, 300, 0)
        updated = client.queues.update(NAME, max_size=5).data
        assert updated is not None
        assert updated.max_size == 5
        leg = answered(client, simulator, application)
        client.calls.actions.enqueue(leg, queue_name=NAME)
        with pytest.raises(telnyx.BadRequestError, match="90050"):
            client.queues.delete(NAME)
        client.queues.calls.remove(leg, queue_name=NAME)
        retrieved = client.queues.retrieve(NAME).data
        assert retrieved is not None
        assert (retrieved.id, retrieved.current_size) == (created.id, 0)
        client.queues.delete(NAME)
        with pytest.raises(telnyx.NotFoundError, match="10005"):
            client.queues.retrieve(NAME)


def test_queues_and_their_calls_are_listed_page_by_page(simulator: Simulator, application: Application) -> None:
    with simulator.client(_strict_response_validation=True) as client:
        names = [f"queue {number}" for number in range(45)]
        for name in names:
            client.queues.create(queue_name=name)
        assert [queue.name for queue in client.queues.list(page_size=10)] == names
        assert [queue.name for queue in client.queues.list()] == names
        legs = [answered(client, simulator, application) for _ in range(5)]
        for leg in legs:
            client.calls.actions.enqueue(leg, queue_name="queue 7")
        listed = list(client.queues.calls.list("queue 7", page_size=2))
        assert [(call.call_control_id, call.queue_position) for call in listed] == [
            (leg, place) for place, leg in enumerate(legs, 1)
        ]
        assert list(client.queues.calls.list("queue 8")) == []
