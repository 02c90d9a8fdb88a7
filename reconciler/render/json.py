"""Plans, receipts and dry runs as JSON: the contract that other programs are written against."""

import dataclasses
import json
from collections.abc import Callable, Mapping

from reconciler.core.document import DryRunDocument, PlanDocument, ReceiptDocument
from reconciler.core.redaction import Masked

Document = PlanDocument | ReceiptDocument | DryRunDocument


def render_json(document: Document) -> str:
    """Give the document as JSON, byte for byte the same for the same document."""
    return json.dumps(plain(document), indent=2, ensure_ascii=False) + "\n"


def plain(value: object, *, masked: Callable[[Masked], object] = dataclasses.asdict) -> object:
    """Give a value, documents in it included, as what `json` can write: mappings sorted, tuples as lists."""
    if isinstance(value, Masked):
        return masked(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name), masked=masked) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {key: plain(value[key], masked=masked) for key in sorted(value)}
    if isinstance(value, (list, tuple)):
        return [plain(item, masked=masked) for item in value]
    return value
