"""Spec files → Desired: what a repository declares, overlays and layers merged, every value with its source."""

from reconciler.specs.loading import Loaded, load_specs
from reconciler.specs.references import NO_REFERENCES, Environ, References

__all__ = ["NO_REFERENCES", "Environ", "Loaded", "References", "load_specs"]
