"""Declarative reconciler for the memory of Bland AI voice agents: specs, plan, apply."""

__version__ = "0.1.0"
