"""Plans, receipts and dry runs as JSON: the contract that other programs are written against."""

import json
from collections.abc import Iterator, Mapping

from reconciler.core.documents.campaign import CampaignDocument
from reconciler.core.documents.comparison import ComparisonDocument
from reconciler.core.documents.explanation import ExplanationDocument, LintDocument
from reconciler.core.documents.notification import NotificationDocument
from reconciler.core.documents.plan import PlanDocument
from reconciler.core.documents.receipt import DryRunDocument, ReceiptDocument
from reconciler.core.documents.runs import RunsDocument
from reconciler.core.model.text import json_text
from reconciler.core.model.value import DocumentPart, InexactNumber
from reconciler.core.snapshot import Snapshot


def render_plan_gitlab(plan: PlanDocument) -> str:
    """
    Return the totals of a plan as GitLab's report.

    Contacts, memories, facts and users are counted as in the plan's summary: `create` counts those created or added,
    `update` those that are live with another value. Nothing is ever deleted. Operations that may not be needed
    (`"certain": false`) are no pending changes and are not counted; the text and JSON of the plan show them.
    """
    summary = plan.summary
    created = summary.contacts_to_create + summary.memories_to_create + summary.facts_to_add + summary.users_to_add
    updated = summary.contacts_to_update + summary.facts_to_update + summary.users_to_update
    return json.dumps({"create": created, "update": updated, "delete": 0}) + "\n"


Document = (
    PlanDocument
    | ReceiptDocument
    | DryRunDocument
    | RunsDocument
    | CampaignDocument
    | Snapshot
    | ComparisonDocument
    | ExplanationDocument
    | LintDocument
    | NotificationDocument
)


def render_json(document: Document) -> str:
    """Return the document as JSON, byte for byte the same for the same document."""
    return "".join(json_parts(document))


def json_parts(document: Document) -> Iterator[str]:
    """Yield the document as JSON, part by part: of a large plan, no more than one operation is text at once."""
    before = "{"
    for name, value in _fields(document):
        yield f"{before}\n  {json_text(name)}: "
        before = ","
        if isinstance(value, tuple) and value:
            for number, item in enumerate(value):
                yield f"{',' if number else '['}\n    {_indented(item, 4)}"
            yield "\n  ]"
        else:
            yield _indented(value, 2)
    yield "{}\n" if before == "{" else "\n}\n"


def _indented(value: object, by: int) -> str:
    return json_text(plain(value), indent=2).replace("\n", "\n" + " " * by)


def _fields(document: DocumentPart) -> Iterator[tuple[str, object]]:
    """Yield the names and values of a document's fields, without those that hold their default."""
    names, defaults = document.__struct_fields__, document.__struct_defaults__
    for at, name in enumerate(names, start=len(defaults) - len(names)):
        value = getattr(document, name)
        if at < 0 or value != defaults[at]:
            yield name, value


def plain(value: object) -> object:
    """
    Return a value, documents in it included, as what `json` can write: mappings sorted, tuples as lists.

    A field that holds its default is left out. Raises `TypeError` for anything that is not part of a document.
    """
    if isinstance(value, DocumentPart):
        return {name: plain(item) for name, item in _fields(value)}
    if isinstance(value, Mapping):
        return {key: plain(value[key]) for key in sorted(value)}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, InexactNumber):
        return value.text
    if value is None or isinstance(value, (str, int, float)):
        return value
    raise TypeError(f"{type(value).__name__} is no part of a document")
