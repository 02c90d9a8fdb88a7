"""Executes a plan: operations and a writer in, an outcome for each operation out. Holds no client."""

from reconciler.execute.executing import Execution, execute
from reconciler.execute.observer import Canary, Counting, FailureLimit, Observer, Together

__all__ = [
    "Canary",
    "Counting",
    "Execution",
    "FailureLimit",
    "Observer",
    "Together",
    "execute",
]
