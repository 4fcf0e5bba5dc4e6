"""Measures the simulator against the bare framework, in one run on one machine: `python -m benchmarks`."""
