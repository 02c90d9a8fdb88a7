"""What `why` shows: plain values, the contract of its JSON."""

from dataclasses import dataclass

from reconciler.core.document import PlaceEntry
from reconciler.core.value import Json


@dataclass(frozen=True, slots=True)
class VariableEntry:
    """A variable that a value refers to."""

    name: str
    value: Json
    source: PlaceEntry


@dataclass(frozen=True, slots=True)
class CommitEntry:
    """The commit that last changed a line."""

    id: str
    date: str
    author: str


@dataclass(frozen=True, slots=True)
class GivenEntry:
    """One place that says a value, `written` as it stands there; `counts` for the one that others lost to."""

    written: Json
    key: str
    layer: str
    overlay: bool
    counts: bool
    source: PlaceEntry
    variables: tuple[VariableEntry, ...]
    commit: CommitEntry | None


@dataclass(frozen=True, slots=True)
class ExplainedEntry:
    """A value; what comes from a secret shows the reference that leads to it."""

    address: str
    value: Json
    given: tuple[GivenEntry, ...]


@dataclass(frozen=True, slots=True)
class ExplanationDocument:
    """All values at an address and below it, in an environment."""

    format_version: str
    kind: str
    environment: str
    values: tuple[ExplainedEntry, ...]
