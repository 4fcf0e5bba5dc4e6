"""The far ends over HTTP: people who call the application, or are called by it, and what they do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from mockserver.http.heard import heard_body
from mockserver.sim import conversations, digits, errors, holding, legs, numbers, parties, people, talking
from mockserver.sim.commands import can_be_waited_for
from mockserver.sim.errors import Refusal
from mockserver.sim.events import Json
from mockserver.sim.world import Leg
from mockserver.worlds import World

if TYPE_CHECKING:
    from mockserver.http.control import Asked, Control

LONGEST_SECS = 604_800
"""A week: nothing that a person does may be planned for later."""


async def list_calls(control: Control, world: World, asked: Asked) -> tuple[int, Json]:
    world.driver.catch_up()
    return 200, {"data": [call_body(leg) for leg in world.simulation.world.legs.values()]}


async def place_call(control: Control, world: World, asked: Asked) -> tuple[int, Json]:
    body = asked.body
    _check_parties(body)
    known = people.find(body["from"], world.simulation.world.people)
    person = replace(
        known,
        number=body["from"],
        says=tuple(body.get("says", known.says)),
        gives_up_after=body.get("ring_secs", known.gives_up_after),
        hangs_up_after=body.get("hangup_after_secs", known.hangs_up_after),
        acts=tuple(map(_act, body["does"])) if "does" in body else known.acts,
    )
    leg = world.driver.act(
        parties.place_call,
        world.simulation,
        body["from"],
        body["to"],
        person,
        connection_id=body.get("connection_id"),
        webhook_url=body.get("webhook_url"),
        from_display_name=body.get("from_display_name"),
        custom_headers=body.get("custom_headers"),
    )
    return 201, {"data": call_body(leg)}


async def person_answers(control: Control, world: World, asked: Asked) -> tuple[int, Json]:
    return _far_end(world, asked, legs.person_answers)


async def person_hangs_up(control: Control, world: World, asked: Asked) -> tuple[int, Json]:
    return _far_end(world, asked, legs.person_hangs_up, asked.body.get("cause", "normal"))


async def person_says(control: Control, world: World, asked: Asked) -> tuple[int, Json]:
    return _far_end(world, asked, conversations.said, asked.body["text"])


async def person_presses(control: Control, world: World, asked: Asked) -> tuple[int, Json]:
    return _far_end(world, asked, digits.person_presses, asked.body["digits"])


async def person_goes_silent(control: Control, world: World, asked: Asked) -> tuple[int, Json]:
    return _far_end(world, asked, talking.person_goes_silent)


async def person_heard(control: Control, world: World, asked: Asked) -> tuple[int, Json]:
    return 200, {"data": heard_body(world.simulation, _leg(world, asked))}


async def person_holds(control: Control, world: World, asked: Asked) -> tuple[int, Json]:
    return _far_end(world, asked, holding.person_holds)


async def person_unholds(control: Control, world: World, asked: Asked) -> tuple[int, Json]:
    return _far_end(world, asked, holding.person_unholds)


HANDLERS = {
    "mock_list_calls": list_calls,
    "mock_call": place_call,
    "mock_answer": person_answers,
    "mock_hangup": person_hangs_up,
    "mock_say": person_says,
    "mock_press": person_presses,
    "mock_silence": person_goes_silent,
    "mock_heard": person_heard,
    "mock_hold": person_holds,
    "mock_unhold": person_unholds,
}


def call_body(leg: Leg) -> Json:
    """A leg as JSON."""
    return {
        "call_control_id": leg.call_control_id,
        "call_leg_id": leg.call_leg_id,
        "call_session_id": leg.call_session_id,
        "connection_id": leg.connection_id,
        "direction": leg.direction,
        "from": leg.from_,
        "to": leg.to,
        "state": leg.state,
        "client_state": leg.client_state,
    }


def _leg(world: World, asked: Asked) -> Leg:
    """The leg of the path, with the world brought up to now."""
    world.driver.catch_up()
    leg = world.simulation.world.legs.get(asked.found.path_params["call_control_id"])
    if leg is None:
        raise Refusal(errors.URL_NOT_FOUND, at="/call_control_id")
    return leg


def _far_end(world: World, asked: Asked, action: Callable[..., None], *more: str) -> tuple[int, Json]:
    leg = _leg(world, asked)
    if leg.state == "ended":
        raise Refusal(errors.CALL_ENDED)
    world.driver.act(action, world.simulation, leg, *more)
    return 200, {"data": call_body(leg)}


def _act(written: Json) -> people.Act:
    """An act as the body of a call describes it; its description in `specs/` says that it is one, at one time."""
    does = next(name for name in people.ACTS if name in written)
    words = written[does] if isinstance(written[does], str) else ""
    if "at" in written:
        return people.Act(does, words, after=written["at"])
    nth = written.get("nth", 1)
    return people.Act(does, words, written["when"], people.EVERY if nth == "every" else nth, written.get("after", 0.0))


def _check_parties(body: Json) -> None:
    wrong = [
        errors.NOT_E164.raised(parameter=name) for name in ("from", "to") if not numbers.is_destination(body[name])
    ]
    wrong += [
        errors.OUT_OF_RANGE.raised(parameter=name, minimum=0, maximum=LONGEST_SECS)
        for name in ("ring_secs", "hangup_after_secs")
        if body.get(name, 0) > LONGEST_SECS
    ]
    wrong += [
        errors.UNPROCESSABLE.raised(reason=f"{act['when']} is no webhook and no command.", at=f"/does/{index}/when")
        for index, act in enumerate(body.get("does", ()))
        if "when" in act and not can_be_waited_for(act["when"])
    ]
    if wrong:
        raise Refusal.of(wrong)
