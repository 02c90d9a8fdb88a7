"""Plans, receipts and dry runs as JSON: the contract that other programs are written against."""

import dataclasses
import json
from collections.abc import Mapping

from reconciler.core.documents.comparison import ComparisonDocument
from reconciler.core.documents.explanation import ExplanationDocument, LintDocument
from reconciler.core.documents.notification import NotificationDocument
from reconciler.core.documents.plan import PlanDocument
from reconciler.core.documents.receipt import DryRunDocument, ReceiptDocument
from reconciler.core.documents.runs import RunsDocument
from reconciler.core.model.text import json_text
from reconciler.core.model.value import InexactNumber
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
    | Snapshot
    | ComparisonDocument
    | ExplanationDocument
    | LintDocument
    | NotificationDocument
)


def render_json(document: Document) -> str:
    """Return the document as JSON, byte for byte the same for the same document."""
    return json_text(plain(document), indent=2) + "\n"


def plain(value: object) -> object:
    """
    Return a value, documents in it included, as what `json` can write: mappings sorted, tuples as lists.

    A field that holds its default is left out. Raises `TypeError` for anything that is not part of a document.
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = ((field, getattr(value, field.name)) for field in dataclasses.fields(value))
        return {field.name: plain(item) for field, item in fields if item != field.default}
    if isinstance(value, Mapping):
        return {key: plain(value[key]) for key in sorted(value)}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, InexactNumber):
        return value.text
    if value is None or isinstance(value, (str, int, float)):
        return value
    raise TypeError(f"{type(value).__name__} is no part of a document")
