"""Writes scenarios/scenario.schema.json: what editors know of scenario files, from the models of mockserver/scenario.

python scripts/schema.py            write the file
python scripts/schema.py --print    print it
"""

from __future__ import annotations

import sys
from pathlib import Path

from mockserver.scenario.editor.schema import text

FILE = Path(__file__).parent.parent / "scenarios" / "scenario.schema.json"


def main() -> None:
    if "--print" in sys.argv[1:]:
        sys.stdout.write(text())
    else:
        FILE.write_text(text(), encoding="utf-8")


if __name__ == "__main__":
    main()
