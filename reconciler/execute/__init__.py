"""Executes a plan: operations and a writer in, an outcome for each operation out. Holds no client."""

from reconciler.execute.executing import NOT_REACHED, Execution, execute

__all__ = ["NOT_REACHED", "Execution", "execute"]
