"""Declarative reconciler for the memory of Bland AI voice agents: specs, plan, apply."""

__version__ = "0.1.0"

RESERVE: list[bytes] = []
"""
Bytes in reserve. Who first meets a lack of memory frees them.

Without any memory, Python aborts where many tasks lack it at a time, and CPython 3.11 can loop forever while it passes
on the error.
"""
