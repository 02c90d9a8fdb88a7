"""Read what is declared from an account, through a reader. Holds no client and writes nothing."""

from reconciler.core.model.settings import ReaderChoice
from reconciler.observe.observing import Observing, observe

__all__ = ["Observing", "ReaderChoice", "observe"]
