"""
How fast and how small the tool is, beside what a user would pick instead and beside what the wire allows.

`python -m tests.benchmarks --set quick` runs a chosen set and prints a table; nothing here is part of the tool.
Every contestant runs in a process of its own, so that its time, its CPU and its peak memory are its own.
"""
