"""Export: what the account holds → spec documents, and what of it no spec can say. Pure: reads and writes nothing."""

from reconciler.core.export.building import Export, ExportedFile, Exporting, build_export
from reconciler.core.export.declared import NOTHING_DECLARED, ExistingSpecs, ScopeLayer, declared_in
from reconciler.core.export.left_out import Accepts, LeftOut, Reason, words_of
from reconciler.core.export.naming import IdentifyBy
from reconciler.core.export.selecting import LiveAccount, Wanted, select

__all__ = [
    "NOTHING_DECLARED",
    "Accepts",
    "ExistingSpecs",
    "Export",
    "ExportedFile",
    "Exporting",
    "IdentifyBy",
    "LeftOut",
    "LiveAccount",
    "Reason",
    "ScopeLayer",
    "Wanted",
    "build_export",
    "declared_in",
    "select",
    "words_of",
]
