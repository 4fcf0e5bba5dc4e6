"""What a test's world is started with."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

from mockserver.settings import Config

TIMEOUT = 5.0
"""How long a test waits for anything, in real seconds."""

WEBHOOK_TIMEOUT = 30.0
"""How long an application may take to answer a webhook, in real seconds: as long as a debugger shows it."""


@dataclass(frozen=True, slots=True)
class Options:
    """How a test wants its world: `webhook_url` None is the built-in sink, `factor` goes with the clock `fast`.

    `cushion` is how long, in real seconds, an application may act after a webhook that it has answered, before time
    goes on; None is the driver's, which ends as soon as nobody is left who could act.
    """

    webhook_url: str | None = None
    seed: int = 0
    strict: bool = False
    cushion: float | None = None
    timeout: float = TIMEOUT
    clock: str = "auto"
    factor: float = 60.0

    def config(self, key: str) -> Config:
        """The platform's options for the world of a key. The clock `auto` skips only while the test waits.

        Each key has ids of its own, the same in every run.
        """
        return Config(
            port=0,
            clock=self.clock,
            factor=self.factor,
            unasked=False,
            seed=int.from_bytes(sha256(f"{self.seed}:{key}".encode()).digest()[:6]),
            strict=self.strict,
            api_keys=(key,),
            webhook_timeout=WEBHOOK_TIMEOUT,
            cushion=self.cushion,
        )
