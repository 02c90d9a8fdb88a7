"""Executes a plan: operations and a writer in, an outcome for each operation out. Holds no client."""

from reconciler.execute.executing import Execution, execute

__all__ = ["Execution", "execute"]
