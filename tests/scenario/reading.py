"""YAML as editors read it: numbers, truth and nothing become values, which the loader of scenarios leaves as texts."""

from __future__ import annotations

import math
import re
from typing import Any

import yaml

TIME = "tag:yaml.org,2002:timestamp"


class Older(yaml.CSafeLoader):
    """YAML 1.1, in which `yes` is true; without dates, which JSON does not have."""


class Newer(yaml.CSafeLoader):
    """YAML 1.2, its core schema: what the YAML language server reads."""


Newer.yaml_implicit_resolvers = {}
Older.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != TIME]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}

for tag, pattern, first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?[0-9]+|0x[0-9a-fA-F]+", "-+0123456789"),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)", "-+.0123456789"),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
):
    Newer.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(f"^(?:{pattern})$"), list(first))


def _whole(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> int:
    """Leading zeros do not make a number octal any more."""
    return int(node.value, 16 if node.value.startswith("0x") else 10)


Newer.add_constructor("tag:yaml.org,2002:int", _whole)


def read(text: str, loader: type[yaml.CSafeLoader] = Newer) -> Any:
    """The file as JSON has it."""
    return _json(yaml.load(text, loader))


def _json(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _json(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_json(item) for item in value]
    return 1e300 if isinstance(value, float) and not math.isfinite(value) else value
