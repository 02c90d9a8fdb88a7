"""Bytes of YAML, CSV and JSON Lines ↔ plain data with its places. Only importer of yaml; meaning is not known here."""

from reconciler.core.model.nearest import Nearest, did_you_mean
from reconciler.reading.check import AccountId, Id, Strict, Words, check, explain, mistyped, wrong
from reconciler.reading.document import ParsedFile, read_bytes, read_file, reason
from reconciler.reading.files import Files, SpecFile, entry_name, find_files, work_tree_of
from reconciler.reading.places import (
    OFFSET_BITS,
    REFUSED,
    KeyPath,
    Lines,
    Mark,
    Node,
    dotted,
    edited,
    edited_in_order,
    joined,
    listing,
    mapping,
)
from reconciler.reading.scalars import Numeral, Refusal, number_meant, numeral_value, plain_value, reads_as_number

__all__ = [
    "OFFSET_BITS",
    "REFUSED",
    "AccountId",
    "Files",
    "Id",
    "KeyPath",
    "Lines",
    "Mark",
    "Nearest",
    "Node",
    "Numeral",
    "ParsedFile",
    "Refusal",
    "SpecFile",
    "Strict",
    "Words",
    "check",
    "did_you_mean",
    "dotted",
    "edited",
    "edited_in_order",
    "entry_name",
    "explain",
    "find_files",
    "joined",
    "listing",
    "mapping",
    "mistyped",
    "number_meant",
    "numeral_value",
    "plain_value",
    "read_bytes",
    "read_file",
    "reads_as_number",
    "reason",
    "work_tree_of",
    "wrong",
]
