"""For tests in Python: a world of the platform in the process of the test, and what a test does in it.

The fixtures of `mockserver.pytest_plugin` make these; other test runners may make them themselves. docs/pytest.md tells
how to use them.
"""

from mockserver.testing.background import Background
from mockserver.testing.blocking import SimulatedTelnyx
from mockserver.testing.blocking_calls import Call
from mockserver.testing.calls import AsyncCall
from mockserver.testing.faults import FaultFields, InStore
from mockserver.testing.happened import Happened, NothingCame
from mockserver.testing.options import Options
from mockserver.testing.serving import serving
from mockserver.testing.simulated import AsyncSimulatedTelnyx
from mockserver.testing.sink import Webhook, Webhooks
from mockserver.testing.specs import Specs

__all__ = [
    "AsyncCall",
    "AsyncSimulatedTelnyx",
    "Background",
    "Call",
    "FaultFields",
    "Happened",
    "InStore",
    "NothingCame",
    "Options",
    "SimulatedTelnyx",
    "Specs",
    "Webhook",
    "Webhooks",
    "serving",
]
