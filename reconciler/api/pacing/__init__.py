"""When a request may go out: one pacer for all workers of a run, and repeats after faults."""

from reconciler.api.pacing.pacer import Budget, Pacer, Waiting
from reconciler.api.pacing.retrying import Retrying
from reconciler.api.pacing.row import InOneGo, RequestRow

__all__ = ["Budget", "InOneGo", "Pacer", "RequestRow", "Retrying", "Waiting"]
