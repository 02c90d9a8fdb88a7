"""Spec files → Desired: what a repository declares, layers merged, every value with its source."""

from reconciler.specs.loading import Loaded, load_specs

__all__ = ["Loaded", "load_specs"]
