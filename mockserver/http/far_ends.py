"""The far ends over HTTP: people who call the application, or are called by it, and what they do."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mockserver.http.heard import heard_body
from mockserver.sim import acting, conversations, cues, digits, errors, holding, legs, numbers, parties, people, talking
from mockserver.sim.commands import can_be_waited_for
from mockserver.sim.errors import Raised, Refusal
from mockserver.sim.events import Json
from mockserver.sim.parties import Incoming
from mockserver.sim.world import Leg
from mockserver.worlds import World

if TYPE_CHECKING:
    from mockserver.http.control import Asked, Control

ENDS = ("from", "to")

OF_PERSON = {"says", "ring_secs", "hangup_after_secs", "does"}
"""What of a call's body is about who calls."""

LONGEST_SECS = 604_800
"""A week: nothing that a person does may be planned for later."""


async def list_calls(control: Control, world: World, asked: Asked) -> tuple[int, Json]:
    world.driver.catch_up()
    return 200, {"data": [call_body(leg) for leg in world.simulation.world.legs.values()]}


async def place_call(control: Control, world: World, asked: Asked) -> tuple[int, Json]:
    """A call that comes now, or one that waits for something to happen."""
    body, known = asked.body, world.simulation.world.people
    _check_parties(body, known)
    from_, to = (_number(body[end], known) for end in ENDS)
    if "when" in body:
        happens = cues.Happens(body["when"], body.get("with", {}), _nth(body), body.get("after", 0.0))
        person = _person(body, from_, known) if OF_PERSON & body.keys() else None
        incoming = Incoming(from_, to, person, carried=_carried(body), **_where(body))
        return 202, {"data": cues.as_json(world.driver.act(cues.add, world.simulation, happens, incoming))}
    person = _person(body, from_, known)
    leg = world.driver.act(parties.place_call, world.simulation, from_, to, person, **_where(body), **_carried(body))
    return 201, {"data": call_body(leg)}


async def person_does(control: Control, world: World, asked: Asked) -> tuple[int, Json]:
    """Give the person of a call more to do."""
    leg, acts = _leg(world, asked), asked.body["does"]
    wrong = list(_wrong_acts(acts))
    if not acting.has_room(leg, len(acts)):
        reason = f"A person does {people.MOST_ACTS:,} acts in a call at most: give fewer."
        wrong.append(errors.UNPROCESSABLE.raised(reason=reason, at="/does"))
    if wrong:
        raise Refusal.of(wrong)
    return _far_end(world, asked, acting.give, tuple(map(_act, acts)))


async def list_cues(control: Control, world: World, asked: Asked) -> tuple[int, Json]:
    world.driver.catch_up()
    return 200, {"data": [cues.as_json(cue) for cue in world.simulation.world.cues.values()]}


async def delete_cue(control: Control, world: World, asked: Asked) -> tuple[int, Json]:
    world.driver.catch_up()
    cue = cues.remove(world.simulation, asked.found.path_params["id"])
    if cue is None:
        raise Refusal(errors.URL_NOT_FOUND, at="/id")
    return 200, {"data": cues.as_json(cue)}


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
    "mock_does": person_does,
    "mock_list_cues": list_cues,
    "mock_delete_cue": delete_cue,
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


def _far_end(world: World, asked: Asked, action: Callable[..., None], *more: Any) -> tuple[int, Json]:
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
    if "after_silence" in written:
        return people.Act(does, words, "", _nth(written), after_silence=written["after_silence"])
    return people.Act(does, words, written["when"], _nth(written), written.get("after", 0.0))


def _nth(written: Json) -> int:
    nth: int | str = written.get("nth", 1)
    return people.EVERY if isinstance(nth, str) else nth


def _person(body: Json, number: str, known: Iterable[people.Person]) -> people.Person:
    """Who calls: whoever is known by the number, with what the body says of them."""
    person = people.find(number, known)
    return replace(
        person,
        number=number,
        says=tuple(body.get("says", person.says)),
        gives_up_after=body.get("ring_secs", person.gives_up_after),
        hangs_up_after=body.get("hangup_after_secs", person.hangs_up_after),
        acts=tuple(map(_act, body["does"])) if "does" in body else person.acts,
    )


def _where(body: Json) -> Json:
    return {name: body.get(name) for name in ("connection_id", "webhook_url")}


def _carried(body: Json) -> Json:
    return {name: body[name] for name in ("from_display_name", "custom_headers") if name in body}


def _number(written: str, known: Iterable[people.Person]) -> str:
    """A number as it is, or that of one of the people by name."""
    return written if numbers.is_destination(written) else people.number_of(written, known) or written


def _check_parties(body: Json, known: Iterable[people.Person]) -> None:
    wrong = [
        errors.NOT_E164.raised(parameter=end) for end in ENDS if not numbers.is_destination(_number(body[end], known))
    ]
    wrong += [
        errors.OUT_OF_RANGE.raised(parameter=name, minimum=0, maximum=LONGEST_SECS)
        for name in ("ring_secs", "hangup_after_secs")
        if body.get(name, 0) > LONGEST_SECS
    ]
    wrong += _wrong_acts(body.get("does", ()))
    wrong += _wrong_trigger(body, "/when")
    if wrong:
        raise Refusal.of(wrong)


def _wrong_acts(acts: Iterable[Json]) -> Iterator[Raised]:
    for index, act in enumerate(acts):
        yield from _wrong_trigger(act, f"/does/{index}/when")


def _wrong_trigger(written: Json, at: str) -> Iterator[Raised]:
    """What is waited for has to be something that can happen."""
    if "when" in written and not can_be_waited_for(written["when"]):
        yield errors.UNPROCESSABLE.raised(reason=f"{written['when']} is no webhook and no command.", at=at)
