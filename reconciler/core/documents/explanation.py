"""What `why` and `lint` show: the documents that are the contract of their JSON."""

from typing import Literal, TypeAlias

from reconciler.core.documents.plan import PlaceEntry
from reconciler.core.model.value import DocumentPart, Json

LintRule: TypeAlias = Literal[
    "cut_text",
    "deprecated_key",
    "idle_facts",
    "look_alike",
    "near_duplicate",
    "review_due",
    "spreadsheet_debris",
    "unassigned_number",
    "unused_anchor",
    "unused_fact_key",
    "unused_scope",
    "unused_variable",
]


class Advice(DocumentPart, frozen=True, order=True):
    """One thing that could be better: where, at which address, by which rule, what, and what would be better."""

    file: str
    line: int
    column: int
    address: str
    rule: LintRule
    message: str
    cure: str


class LintDocument(DocumentPart, frozen=True):
    """All advice about the specs of an environment, sorted by place; `today` is a day in ISO 8601."""

    format_version: str
    kind: Literal["lint"]
    environment: str
    today: str
    advice: tuple[Advice, ...]


class CommitEntry(DocumentPart, frozen=True):
    """The commit that last changed a line; `date` is a day in ISO 8601, or `no date` where git's is none."""

    id: str
    date: str
    author: str


class VariableEntry(DocumentPart, frozen=True):
    """A variable that a value refers to."""

    name: str
    value: Json
    source: PlaceEntry
    commit: CommitEntry | None


class GivenEntry(DocumentPart, frozen=True):
    """One place that says a value, `written` as it stands there; `counts` for the one that others lost to."""

    written: Json
    key: str
    layer: str
    overlay: bool
    counts: bool
    source: PlaceEntry
    variables: tuple[VariableEntry, ...]
    commit: CommitEntry | None


class ExplainedEntry(DocumentPart, frozen=True):
    """
    A value as a spec writes it: what comes from a secret as the reference that leads to it, a literal `${` as `$${`.

    Of what a scope or a contact declares for memories, `memories` are those that get it; null of all else.
    """

    address: str
    value: Json
    given: tuple[GivenEntry, ...]
    memories: tuple[str, ...] | None = None


class ExplanationDocument(DocumentPart, frozen=True):
    """All values at an address and below it, in an environment."""

    format_version: str
    kind: str
    environment: str
    values: tuple[ExplainedEntry, ...]
