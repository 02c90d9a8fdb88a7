"""Advice on valid specs and their tables: what is allowed, and likely to be regretted. Works offline."""

from reconciler.linting.rules import lint, used_variables

__all__ = ["lint", "used_variables"]
