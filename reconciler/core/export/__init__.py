"""Export: what the account holds → spec documents, and what of it no spec can say. Pure: reads and writes nothing."""

from reconciler.core.export.account import LiveAccount, Wanted, select
from reconciler.core.export.building import Export, Exporting, SpecFile, build_export
from reconciler.core.export.expressible import Accepts, TextKind
from reconciler.core.export.identity import IdentifyBy
from reconciler.core.export.left_out import LeftOut, Reason, words_of

__all__ = [
    "Accepts",
    "Export",
    "Exporting",
    "IdentifyBy",
    "LeftOut",
    "LiveAccount",
    "Reason",
    "SpecFile",
    "TextKind",
    "Wanted",
    "build_export",
    "select",
    "words_of",
]
