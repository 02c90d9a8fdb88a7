"""Declarative reconciler for the memory of Bland AI voice agents: specs, plan, apply."""

__version__ = "0.1.0"

RESERVE: list[bytes] = []
"""
Bytes in reserve, for whoever first meets a lack of memory to let go.

Without any memory, Python aborts where many tasks lack it at a time, and CPython 3.11 never leaves a long function that
cleans up.
"""
