"""When a request may go out: one pacer for all workers of a run, and repeats after faults."""

from reconciler.api.pacing.pacer import Budget, Pacer, Waiting
from reconciler.api.pacing.retrying import Retrying

__all__ = ["Budget", "Pacer", "Retrying", "Waiting"]
