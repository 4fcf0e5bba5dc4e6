"""The world: call legs, conversations and the people at the other end, in simulated time.

Synchronous and pure: no I/O, no threads, no asyncio, no wall clock, nothing but the standard library. Everything that
happens is one ordered log (`events.py`); everything that will happen is one timeline (`timeline.py`).
"""
