"""Writes docs/coverage.md: which operations and webhooks of the published interface are simulated.

python scripts/coverage.py            write the page
python scripts/coverage.py --print    print it
"""

from __future__ import annotations

import sys
from pathlib import Path

import yaml

from mockserver.sim.commands import COMMANDS
from mockserver.sim.event_types import EMITTED

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "coverage.md"


def page() -> str:
    """The page's text, from the specifications alone."""
    root = yaml.safe_load((ROOT / "specs" / "openapi.yaml").read_text(encoding="utf-8"))
    unbuilt = yaml.safe_load((ROOT / "specs" / "unbuilt.yaml").read_text(encoding="utf-8"))
    described = [*root["x-operations"], *unbuilt["operations"]]
    built = [row for row in described if row["name"] in COMMANDS]
    missing = [row for row in described if row["name"] not in COMMANDS]
    events = [*root["webhooks"], *unbuilt["events"]]
    emitted = [name for name in events if name in EMITTED]
    silent = [name for name in events if name not in emitted]
    lines = [
        "# Coverage",
        "",
        "Written by `scripts/coverage.py` from `specs/`.",
        "",
        f"Simulated: {len(built)} of {len(described)} operations, and the webhooks {_list(emitted)}.",
        "",
        "| operation | name | |",
        "|---|---|---|",
        *(_row(row, "simulated") for row in built),
        *(_row(row, "501") for row in missing),
        "",
        f"Not emitted yet: {_list(silent)}." if silent else "Every published webhook is emitted.",
        "",
        "105 operations are published; `pay`, `retrieve_public_key` and `retrieve_connection_count` are newer.",
        "",
    ]
    return "\n".join(lines)


def _list(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _row(row: dict[str, str], state: str) -> str:
    return f"| `{row['method']} {row['path']}` | `{row['name']}` | {state} |"


def main() -> None:
    if "--print" in sys.argv[1:]:
        sys.stdout.write(page())
    else:
        PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
