"""Writes docs/coverage.md: which operations and webhooks of the published interface are simulated.

    python scripts/coverage.py            write the page
    python scripts/coverage.py --print    print it
"""

from __future__ import annotations

import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "coverage.md"


def page() -> str:
    """The page's text, from the specifications alone."""
    root = yaml.safe_load((ROOT / "specs" / "openapi.yaml").read_text(encoding="utf-8"))
    unbuilt = yaml.safe_load((ROOT / "specs" / "unbuilt.yaml").read_text(encoding="utf-8"))
    built = root["x-operations"]
    total = len(built) + len(unbuilt["operations"])
    events = ", ".join(f"`{name}`" for name in root["webhooks"])
    lines = [
        "# Coverage",
        "",
        "Written by `scripts/coverage.py` from `specs/`.",
        "",
        f"Simulated: {len(built)} of {total} operations, and the webhooks {events}.",
        "",
        "| operation | name | |",
        "|---|---|---|",
        *(_row(row, "simulated") for row in built),
        *(_row(row, "501") for row in unbuilt["operations"]),
        "",
        f"Not emitted yet: {', '.join(f'`{name}`' for name in unbuilt['events'])}.",
        "",
    ]
    return "\n".join(lines)


def _row(row: dict[str, str], state: str) -> str:
    return f"| `{row['method']} {row['path']}` | `{row['name']}` | {state} |"


def main() -> None:
    if "--print" in sys.argv[1:]:
        sys.stdout.write(page())
    else:
        PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
