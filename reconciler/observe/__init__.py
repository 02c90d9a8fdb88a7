"""Reads the account: a reader and what is declared in, what is there out. Holds no client and writes nothing."""

from reconciler.core.model.settings import ReaderChoice
from reconciler.observe.observing import Observing, observe

__all__ = ["Observing", "ReaderChoice", "observe"]
