"""What the models find wrong with a part, as a sentence that says what was seen and what to do."""

from __future__ import annotations

import re
from typing import Any

from mockserver.scenario.model import PARTS, Scenario
from mockserver.scenario.names import meant
from mockserver.scenario.parts.part import Part, known_keys
from mockserver.scenario.reading.tree import Path
from mockserver.scenario.seen import kind, quoted
from mockserver.sim.fault_fields import Mistake

OR_LEAVE_OUT = ", or leave the key out"
NO_SPACE = re.compile(r"\w+:\S.*", re.DOTALL)


def sentence(wrong: dict[str, Any], path: Path) -> str:
    """One error of pydantic's, which is about the part at a place."""
    sort, seen = wrong["type"], wrong["input"]
    part, here = _part(path[:-1]), _part(path)
    if sort == "value_error":
        error = wrong["ctx"]["error"]
        return _fitting(error.text if isinstance(error, Mistake) else str(error), part, path)
    if sort == "missing":
        return "is missing: add it"
    if sort == "extra_forbidden":
        return f"unknown key: {_key_meant(str(path[-1]), part)}"
    if sort == "too_long":
        most, there = wrong["ctx"]["max_length"], wrong["ctx"]["actual_length"]
        return f"has {there:,} entries, more than {most:,}: remove some"
    if sort == "list_type":
        return _fitting(f"{kind(seen)}: {_listed(seen, here)}{OR_LEAVE_OUT}", part, path)
    if sort in ("model_type", "dict_type"):
        return _fitting(f"{kind(seen)}: {_mapped(seen, here)}{OR_LEAVE_OUT}", part, path)
    return f"{wrong['msg']}, seen was {quoted(seen)}"


def place_of(wrong: dict[str, Any]) -> Path:
    """Where it is: a mistake that is about one of the keys of a part is there."""
    path: Path = tuple(wrong["loc"])
    error = wrong.get("ctx", {}).get("error")
    return (*path, error.field) if isinstance(error, Mistake) else path


def _key_meant(key: str, part: type[Part] | None) -> str:
    if key == "<<":
        return "mappings are not merged here: write their keys again"
    return meant(key, known_keys(part) if part else ())


def _listed(seen: Any, here: type[Part] | None) -> str:
    if here or isinstance(seen, dict):
        return "give a list, each item of which begins with -"
    return f"give a list, like [{seen if len(seen) <= 20 and seen.isalnum() else '...'}]" if seen else "give a list"


def _mapped(seen: Any, here: type[Part] | None) -> str:
    if isinstance(seen, str) and NO_SPACE.fullmatch(seen):
        return "give a mapping, with a space behind the colon"
    name, info = next(iter(here.model_fields.items())) if here else ("key", None)
    return f"give a mapping, like {{{(info and info.alias) or name}: ...}}"


def _part(path: Path) -> type[Part] | None:
    """The part that stands at a place."""
    return PARTS.get(tuple(step for step in path if isinstance(step, str)))


def _fitting(text: str, part: type[Part] | None, path: Path) -> str:
    """Nobody can leave out what is required; of a list one leaves out the item, which has no key."""
    if not text.endswith(OR_LEAVE_OUT):
        return text
    bare = text.removesuffix(OR_LEAVE_OUT)
    if path and isinstance(path[-1], int):
        return f"{bare}, or remove it"
    infos = part.model_fields.items() if part and part is not Scenario else ()  # a file has a name without saying so
    required = {info.alias or name for name, info in infos if info.is_required()}
    return bare if path and path[-1] in required else text
