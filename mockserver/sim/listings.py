"""Lists of what there is, in pages."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from mockserver.sim import errors
from mockserver.sim.errors import Refusal
from mockserver.sim.events import Json
from mockserver.sim.simulation import Simulation
from mockserver.sim.world import Leg

NO_CURSOR = "null"
"""The published default of the cursors: four letters that mean none."""

T = TypeVar("T")


def numbered(
    items: Sequence[T], query: Json, show: Callable[[T], Json], default_size: int = 20, largest: int = 250
) -> Json:
    """One page, by number and size, of a list that has an order: the whole response body.

    `query` holds `page` as an object, or `page[number]` and `page[size]` by these very names, as the interface of the
    list has it; sizes above `largest` count as `largest`. Some of these lists also accept cursors and never give one:
    any is 10015.
    """
    page: Json = dict(query.get("page") or {})
    for name in ("after", "before"):
        if page.get(name) not in (None, "", NO_CURSOR):
            raise Refusal(errors.BAD_REQUEST, query=f"page[{name}]")
    size = min(largest, int(query.get("page[size]") or page.get("size") or page.get("limit") or default_size))
    number = int(query.get("page[number]") or page.get("number") or 1)
    start = (number - 1) * size
    return {
        "data": [show(item) for item in items[start : start + size]],
        "meta": {
            "page_number": number,
            "page_size": size,
            "total_pages": max(1, -(-len(items) // size)),
            "total_results": len(items),
        },
    }


def active_calls(simulation: Simulation, params: Mapping[str, str], query: Json) -> Json:
    """`GET /connections/{connection_id}/active_calls`: the calls of a connection that are up, oldest first.

    Pages go by cursor (`page[limit]`, `page[after]`, `page[before]`); a cursor that we did not give is 10015. Where
    only known connections are good, one that is not known is 10005.
    """
    connection_id = params["connection_id"]
    if simulation.world.settings.applications is not None and connection_id not in simulation.world.applications:
        raise Refusal(errors.URL_NOT_FOUND)
    known = [leg for leg in simulation.world.legs.values() if leg.connection_id == connection_id]
    legs = [leg for leg in known if leg.is_alive]
    page: Json = {key: value for key, value in (query.get("page") or {}).items() if value != NO_CURSOR}
    limit = int(page.get("limit") or page.get("size") or 20)
    start, end = _window(known, page, limit)
    shown = legs[start:end]
    before = _cursor(shown[0]) if start > 0 and shown else None
    after = _cursor(shown[-1]) if end < len(legs) and shown else None
    path = f"/v2/connections/{connection_id}/active_calls?page[limit]={limit}"
    meta: Json = {
        "total_items": len(legs),
        "cursors": _without_none(before=before, after=after),
        # GUESS: the official SDK pages by number and would never end without these two
        "page_number": start // limit + 1,
        "total_pages": max(1, -(-len(legs) // limit)),
    }
    if after:
        meta["next"] = f"{path}&page[after]={after}"
    if before:
        meta["previous"] = f"{path}&page[before]={before}"
    return {"data": [_active_call(simulation, leg) for leg in shown], "meta": meta}


def _window(known: list[Leg], page: Json, limit: int) -> tuple[int, int]:
    """From where to where in the calls that are up the page reaches. A cursor outlives its call while we know it."""
    index = {leg.call_control_id: number for number, leg in enumerate(known)}
    if page.get("before"):
        end = sum(leg.is_alive for leg in known[: _position(index, page["before"], "page[before]")])
        return max(0, end - limit), end
    if page.get("after"):
        start = sum(leg.is_alive for leg in known[: _position(index, page["after"], "page[after]") + 1])
    else:
        start = (int(page.get("number") or 1) - 1) * limit
    return start, start + limit


def _position(index: Mapping[str, int], cursor: str, parameter: str) -> int:
    try:
        return index[urlsafe_b64decode(cursor).decode()]
    except (NotBase64, UnicodeDecodeError, ValueError, KeyError):
        raise Refusal(errors.BAD_REQUEST, query=parameter) from None


def _cursor(leg: Leg) -> str:
    return urlsafe_b64encode(leg.call_control_id.encode()).decode()


def _active_call(simulation: Simulation, leg: Leg) -> Json:
    return {
        "call_control_id": leg.call_control_id,
        "call_duration": leg.duration(simulation.now),
        "call_leg_id": leg.call_leg_id,
        "call_session_id": leg.call_session_id,
        "client_state": leg.client_state or "",
        "record_type": "call",
    }


def _without_none(**values: Any) -> Json:
    return {key: value for key, value in values.items() if value is not None}
