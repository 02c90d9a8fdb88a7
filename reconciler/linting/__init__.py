"""Advice on valid specs and their tables: what is allowed, and likely to be regretted. Works offline."""

from reconciler.linting.rules import lint

__all__ = ["lint"]
