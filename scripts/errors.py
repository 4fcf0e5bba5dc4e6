"""Writes docs/errors.md: every refusal of the catalogue, and how to get it from the simulator.

python scripts/errors.py            write the page
python scripts/errors.py --print    print it
"""

from __future__ import annotations

import sys
from pathlib import Path

from mockserver.sim.errors import CATALOGUE, Problem, by_scenario

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "errors.md"

HEAD = """\
# Errors

Written by `scripts/errors.py` from `mockserver/sim/errors.py`; `telnyx-mockserver errors CODE` tells the same.

An application can be shown each of these. Those of the first table are raised by the request or the state that the last
column tells, and a test raises every one of them. The others are only available by scripted fault: a
[scenario](scenarios.md) names the code, and the command that is refused with it.

```yaml
errors:
  - {command: answer, nth: 1, code: "90018"}
```

`known` says how sure the words are: `wire` is word for word, from the published interface or a live answer; `text` has
the published meaning in our words; `guess` is not published. In braces stands what depends on the request.
"""


def page() -> str:
    """The page's text, from the catalogue alone."""
    rows = sorted(CATALOGUE, key=lambda row: int(row.code))
    here = [row for row in rows if row.reproduce]
    scripted = [row for row in rows if not row.reproduce]
    lines = [
        HEAD,
        f"## Raised by a request or a state: {len(here)}",
        "",
        "| code | HTTP | title and detail | pointer | known | how to get it |",
        "|---|---|---|---|---|---|",
        *(_row(row, _text(row.reproduce)) for row in here),
        "",
        f"## Only by scripted fault: {len(scripted)}",
        "",
        "| code | HTTP | title and detail | pointer | known | raised at Telnyx by | scenario |",
        "|---|---|---|---|---|---|---|",
        *(_row(row, _text(row.raised_by), f"`{by_scenario(row)}`") for row in scripted),
        "",
    ]
    return "\n".join(lines)


def _row(row: Problem, *more: str) -> str:
    cells = [
        row.code,
        str(row.status),
        f"**{row.title}**<br>{_text(row.detail.strip())}",
        f"`{row.pointer or ''}`",
        row.known,
    ]
    return "| " + " | ".join("" if cell == "``" else cell for cell in (*cells, *more)) + " |"


def _text(text: str) -> str:
    return text.replace("|", "\\|")


def main() -> None:
    if "--print" in sys.argv[1:]:
        sys.stdout.write(page())
    else:
        PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
