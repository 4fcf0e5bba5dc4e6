"""What a server is started with."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from mockserver.sim.clock import Clock
from mockserver.webhooks.signing import DEFAULT_SEED

if TYPE_CHECKING:
    from mockserver.scenario.model import Scenario

HOST, PORT = "127.0.0.1", 12111

SPEC_DATE = "2026-07-16"
"""The day of the published interface that `specs/` follows."""

DEFAULT_KEY = "KEY_telnyx_mockserver"
"""The API key that `serve` prints, and the world of control requests that carry none."""


@dataclass(frozen=True, slots=True)
class Config:
    """The options of `serve`; the defaults are the open world.

    `cushion` and `unasked` are the driver's: how long, in real seconds, an application may act before time skips, and
    whether it skips while nobody waits for anything.
    """

    host: str = HOST
    port: int = PORT
    tls_port: int | None = None
    webhook_url: str | None = None
    webhook_failover_url: str | None = None
    webhook_timeout: float = 2.0
    scenarios: tuple[Scenario, ...] = ()
    clock: str = "real"
    factor: float = 60.0
    seed: int = 0
    signing_key: str = DEFAULT_SEED
    api_keys: tuple[str, ...] = ()
    connections: str = "open"
    connection_ids: tuple[str, ...] = ()
    log_format: str = "text"
    strict: bool = False
    loop_guard: int = 200
    call_cost: bool = False
    one_world: bool = False
    fetch_audio: bool = False
    public_url: str | None = None
    contract: bool = False
    spec: Path | None = None
    cache: Path | None = None
    cushion: float | None = None
    unasked: bool = True

    @property
    def default_key(self) -> str:
        """The API key of the default world: the first that is good."""
        return self.api_keys[0] if self.api_keys else DEFAULT_KEY

    def started_clock(self) -> Clock:
        """A clock of the wanted kind that starts now."""
        return Clock.start(self.clock, self.factor)

    def on(self, **changes: object) -> Config:
        """The same with changes."""
        return replace(self, **changes)  # type: ignore[arg-type]


def data_folder(name: str) -> Path:
    """`specs` or `scenarios`: in the package when it was installed from a wheel, else beside it in the checkout."""
    inside = Path(__file__).parent / name
    return inside if inside.is_dir() else Path(__file__).parent.parent / name
