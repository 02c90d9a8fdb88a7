"""The list of runs as a document, part of the JSON contract."""

from dataclasses import dataclass
from typing import Literal

from reconciler.core.document import TotalsEntry


@dataclass(frozen=True, slots=True)
class RunEntry:
    """
    One run as its journal tells it; `finished_at` is None for one without an end.

    `operations` counts those planned, and what was never begun is among the skipped. `settled` says that a later run
    has looked at what this one left open.
    """

    run: str
    environment: str
    api: str
    started_at: str
    finished_at: str | None
    state: str
    settled: bool
    operations: int
    totals: TotalsEntry


@dataclass(frozen=True, slots=True)
class RunsDocument:
    """The runs of a repository, the newest first."""

    format_version: str
    kind: Literal["runs"]
    runs: tuple[RunEntry, ...]
