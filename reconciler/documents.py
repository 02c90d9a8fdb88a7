"""Saved plans and receipts: files → documents, checked against the contract."""

import json
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

from pydantic import TypeAdapter, ValidationError

from reconciler.core.document import (
    FORMAT_VERSION,
    FactEntry,
    FactUpdated,
    OperationEntry,
    PlanDocument,
    ReceiptDocument,
    UpdateContactEntry,
    UpdateUserEntry,
    WriteFactsEntry,
)
from reconciler.core.redaction import Masked
from reconciler.errors import InputError

SavedDocument: TypeAlias = PlanDocument | ReceiptDocument


def load_document(path: Path) -> SavedDocument:
    """Read a saved plan or receipt; raises `InputError` for anything else, a newer version included."""
    content = _json(path)
    kind, version = content.get("kind"), content.get("format_version")
    if kind not in {"plan", "receipt"}:
        raise InputError(f"{path} is neither a saved plan nor a receipt")
    if version != FORMAT_VERSION:
        raise InputError(f"{path} is a {kind} of version {version!r}; this program reads version {FORMAT_VERSION}")
    try:
        if kind == "plan":
            return _with_masks(TypeAdapter(PlanDocument).validate_python(content))
        return TypeAdapter(ReceiptDocument).validate_python(content)
    except ValidationError as error:
        places = ", ".join(sorted({".".join(map(str, item["loc"])) for item in error.errors()})[:3])
        raise InputError(f"{path} is not a {kind} as this program writes it (look at {places})") from error


def _with_masks(plan: PlanDocument) -> PlanDocument:
    """Tell masked values from mappings that look like one: in a file, every former value is masked."""
    return replace(plan, operations=tuple(map(_operation_with_masks, plan.operations)))


def _operation_with_masks(entry: OperationEntry) -> OperationEntry:
    match entry:
        case WriteFactsEntry(facts=facts):
            return replace(entry, facts=tuple(map(_change_with_mask, facts)))
        case UpdateContactEntry(changes=changes) | UpdateUserEntry(changes=changes):
            return replace(entry, changes=tuple(map(_change_with_mask, changes)))
        case _:
            return entry


def _change_with_mask(change: FactEntry) -> FactEntry:
    match change:
        case FactUpdated(before={"masked": str(digest)}):
            return replace(change, before=Masked(digest))
        case _:
            return change


def _json(path: Path) -> dict[str, object]:
    try:
        content = json.loads(path.read_bytes())
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is not JSON") from error
    return content if isinstance(content, dict) else {}
