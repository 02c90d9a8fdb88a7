"""Saved plans, receipts and snapshots: files → documents, checked against their format."""

import errno
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias, TypeVar, assert_never

from msgspec.structs import replace
from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from reconciler.core.documents.merging import DOUBT
from reconciler.core.documents.plan import (
    FORMAT_VERSION,
    CreateContactEntry,
    FactAdded,
    FactEntry,
    FactUpdated,
    MemoryEntry,
    OperationEntry,
    PlanDocument,
    UpdateContactEntry,
    UpdateUserEntry,
    WriteFactsEntry,
)
from reconciler.core.documents.receipt import ReceiptDocument
from reconciler.core.model.masking import Masked, Mixed
from reconciler.core.snapshot import Snapshot
from reconciler.errors import InputError
from reconciler.storage.files import read_named

SavedDocument: TypeAlias = PlanDocument | ReceiptDocument
_Document = TypeVar("_Document")

_MASKED = TypeAdapter(Masked)
_MASKED_KEYS = set(Masked.__struct_fields__)


_MAKERS = {
    "plan": "`reconciler plan --out FILE`",
    "receipt": "`reconciler apply --receipt FILE`",
    "snapshot": "`reconciler snapshot --out FILE`",
    "diff": "`reconciler diff --write json=FILE`",
}
"""The command that makes each kind of saved document."""


def load_document(path: Path) -> SavedDocument:
    """Read a saved plan, diff or receipt; raises `InputError` for anything else, a newer version included."""
    content = _content(path, "plan", "receipt", or_diff=True)
    document: SavedDocument
    if content["kind"] != "receipt":
        document = _plan(content, path)
    else:
        document = _validated(TypeAdapter(ReceiptDocument), content, path)
    _check_shards(document, path)
    return document


def load_saved_plan(path: Path) -> PlanDocument:
    """Read a saved plan; raises `InputError` for anything else, a newer version included."""
    document = _plan(_content(path, "plan"), path)
    _check_shards(document, path)
    return document


def load_snapshot(path: Path) -> Snapshot:
    """Read a snapshot; raises `InputError` for anything else, a newer version included."""
    return _validated(TypeAdapter(Snapshot), _content(path, "snapshot"), path)


def _content(path: Path, *kinds: str, or_diff: bool = False) -> Mapping[str, object]:
    """Return what a file of one of these kinds holds; raise `InputError`, with the commands that make such a file."""
    maker = f"{' or '.join(_MAKERS[kind] for kind in kinds)} saves one"
    wanted = f"neither a saved {kinds[0]} nor a {kinds[1]}" if len(kinds) > 1 else f"not a saved {kinds[0]}"
    wanted = wanted.replace("saved snapshot", "snapshot")
    content = _json(path, wanted, maker)
    kind = content.get("kind")
    if kind not in kinds and not (or_diff and kind == "diff"):
        found = f"a {kind}, " if isinstance(kind, str) and kind in _MAKERS else ""
        raise InputError(f"{path} is {found}{wanted}; {maker}")
    _check_version(path, content)
    return content


def _plan(content: Mapping[str, object], path: Path) -> PlanDocument:
    plan = _with_masks(_validated(TypeAdapter(PlanDocument), content, path))
    _check_notices(plan, path)
    return plan


def _check_version(path: Path, content: Mapping[str, object]) -> None:
    version, kind = content.get("format_version"), content.get("kind")
    if version != FORMAT_VERSION:
        raise InputError(f"{path} is a {kind} of version {version!r}; this program reads version {FORMAT_VERSION}")


def _validated(adapter: TypeAdapter[_Document], content: Mapping[str, object], path: Path) -> _Document:
    try:
        return adapter.validate_python(content)
    except ValidationError as error:
        places = {_place(item, content) for item in error.errors()}
        deepest = sorted(".".join(map(str, place)) for place in places if len(place) == max(map(len, places)))
        looked_at = ", ".join(deepest[:3])
        raise InputError(
            f"{path} is not a {content['kind']} as this program writes it (look at {looked_at})"
        ) from error


def _place(error: ErrorDetails, content: object) -> tuple[str | int, ...]:
    """Return the keys and indexes that lead to what is wrong, without pydantic's names for what it could be."""
    place: tuple[str | int, ...] = ()
    for step in error["loc"]:
        inner = dict(enumerate(content)) if isinstance(content, list) else content
        if isinstance(inner, Mapping) and step in inner:
            place, content = (*place, step), inner[step]
    return (*place, error["loc"][-1]) if error["type"] == "missing" else place


def _check_shards(document: SavedDocument, path: Path) -> None:
    """Raise `InputError` for shards that are impossible."""
    if document.shards is not None and not document.shards.is_possible:
        raise InputError(
            f"{path} names shards that cannot exist: `present` are some of the numbers from 0 to `count` - 1"
        )


def _check_notices(plan: PlanDocument, path: Path) -> None:
    """Raise `InputError` for a notice that is impossible."""
    for notice in plan.notices:
        impossible = f"{path} holds an impossible notice: {notice.type}"
        if notice.count < 0:
            raise InputError(f"{impossible} counts {notice.count}")
        if notice.type == DOUBT and not notice.keys:
            raise InputError(f"{impossible} names no key")


def _with_masks(plan: PlanDocument) -> PlanDocument:
    """Return a plan in which each mapping that looks like a masked value is one, also where a spec holds it."""
    operations, memories = map(_operation_with_masks, plan.operations), map(_memory_with_masks, plan.memories)
    return replace(plan, operations=tuple(operations), memories=tuple(memories))


def _memory_with_masks(entry: MemoryEntry) -> MemoryEntry:
    unchanged = (replace(fact, declared=_with_mask(fact.declared)) for fact in entry.unchanged)
    return replace(entry, unchanged=tuple(unchanged))


def _operation_with_masks(entry: OperationEntry) -> OperationEntry:
    match entry:
        case WriteFactsEntry(facts=facts):
            return replace(entry, facts=tuple(map(_change_with_masks, facts)))
        case UpdateContactEntry(changes=changes) | UpdateUserEntry(changes=changes):
            return replace(entry, changes=tuple(map(_change_with_masks, changes)))
        case CreateContactEntry(name=name, metadata=metadata):
            return replace(entry, name=_with_mask(name), metadata=_with_mask(metadata))
        case _:
            return entry


def _change_with_masks(change: FactEntry) -> FactEntry:
    match change:
        case FactAdded(after=after):
            return replace(change, after=_with_mask(after))
        case FactUpdated(before=before, after=after):
            return replace(change, before=_shown(before), after=_with_mask(after))
        case _:
            assert_never(change)


def _with_mask(value: Mixed) -> Mixed:
    masked = _shown(value)
    if isinstance(masked, Masked):
        return masked
    if isinstance(value, dict):
        return {key: _with_mask(item) for key, item in value.items()}
    return [_with_mask(item) for item in value] if isinstance(value, (list, tuple)) else value


def _shown(value: Any) -> Any:  # noqa: ANN401  JSON, of which a part may be a masked value
    """Return a masked value for a mapping that looks like one, and any other value as it is."""
    try:
        return _MASKED.validate_python(value) if isinstance(value, dict) and value.keys() == _MASKED_KEYS else value
    except ValidationError:
        return value


def _json(path: Path, wanted: str, maker: str) -> Mapping[str, object]:
    try:
        data = read_named(path)
    except OSError as error:
        cures = {errno.ENOENT: f"; {maker}", errno.EINVAL: "; name a file", errno.EFBIG: f"; {maker}"}
        raise InputError(f"cannot read {path}: {error.strerror}{cures.get(error.errno or 0, '')}") from error
    try:
        content = json.loads(data)
    except (ValueError, RecursionError) as error:
        if data.startswith(b"undo:") or b"\nundo:" in data:
            raise InputError(f"{path} is an undo file; `reconciler undo FILE` applies it") from error
        raise InputError(f"{path} is {wanted}: it is not JSON; {maker}") from error
    return content if isinstance(content, dict) else {}
