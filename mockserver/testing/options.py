"""What a test's world is started with."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

from mockserver.settings import Config

CUSHION = 0.025
"""Real seconds for which an application may act after a webhook that it has answered, before time goes on."""

CUSHION_IN_PROCESS = 0.002
"""The same for an application in the event loop of the test, whose background tasks hold time by themselves."""

TIMEOUT = 5.0
"""How long a test waits for anything, in real seconds."""

WEBHOOK_TIMEOUT = 30.0
"""How long an application may take to answer a webhook, in real seconds: as long as a debugger shows it."""


@dataclass(frozen=True, slots=True)
class Options:
    """How a test wants its world: `webhook_url` None is the built-in sink, `cushion` None the usual one."""

    webhook_url: str | None = None
    seed: int = 0
    strict: bool = False
    cushion: float | None = None
    timeout: float = TIMEOUT

    def config(self, key: str, cushion: float) -> Config:
        """The platform's options for the world of a key, on a clock that skips only while the test waits.

        Each key has ids of its own, the same in every run.
        """
        return Config(
            port=0,
            clock="auto",
            unasked=False,
            seed=int.from_bytes(sha256(f"{self.seed}:{key}".encode()).digest()[:6]),
            strict=self.strict,
            api_keys=(key,),
            webhook_timeout=WEBHOOK_TIMEOUT,
            cushion=cushion if self.cushion is None else self.cushion,
        )
