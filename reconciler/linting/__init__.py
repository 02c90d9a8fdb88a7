"""Sound specs → advice: what is allowed, and will be regretted. Offline, and without any secret."""

from reconciler.linting.rules import lint

__all__ = ["lint"]
