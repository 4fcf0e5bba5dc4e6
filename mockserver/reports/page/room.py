"""How much a page may hold, so that a browser can show it whatever the runs were."""

from __future__ import annotations

MOST_ROWS = 10_000
"""How many rows of ladders are drawn on one page; runs that did not hold are drawn first."""

MOST_BODIES = 12_000_000
"""How many characters of bodies are on one page."""


class Room:
    """What of a page is still free."""

    def __init__(self, rows: int = MOST_ROWS, bodies: int = MOST_BODIES) -> None:
        self.rows = rows
        self.bodies = bodies

    def holds(self, body: str) -> bool:
        """Is there room for one more body? It is taken."""
        self.bodies -= len(body)
        return self.bodies >= 0
