"""Valid specs → advice: what is allowed, but likely to cause trouble. Works offline and reads no secret."""

from reconciler.linting.rules import lint

__all__ = ["lint"]
