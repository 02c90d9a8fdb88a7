"""Bytes of YAML, CSV and JSON Lines ↔ plain data with its places. Only importer of yaml; meaning is not known here."""

from reconciler.reading.border import Checked, Strict, check
from reconciler.reading.comments import comments
from reconciler.reading.document import Reading, read_bytes, read_file, reason
from reconciler.reading.files import Files, SpecFile, find_files
from reconciler.reading.joining import joined, listing, mapping
from reconciler.reading.json_rows import json_value
from reconciler.reading.nearest import Nearest, did_you_mean
from reconciler.reading.outline import Entry, Outline, outline
from reconciler.reading.paths import Addressing, KeyPath, dotted, quoted
from reconciler.reading.places import OFFSET_BITS, REFUSED, Lines, Mark, Node
from reconciler.reading.row import Columns, Row
from reconciler.reading.rows import FORMATS, RowEvent, read_rows
from reconciler.reading.scalars import Numeral, Refusal, number_meant, numeral_value, plain_value, reads_as_number
from reconciler.reading.unquoted import unquoted_texts
from reconciler.reading.wording import Words, explain, mistyped, wrong
from reconciler.reading.writing import written

__all__ = [
    "FORMATS",
    "OFFSET_BITS",
    "REFUSED",
    "Addressing",
    "Checked",
    "Columns",
    "Entry",
    "Files",
    "KeyPath",
    "Lines",
    "Mark",
    "Nearest",
    "Node",
    "Numeral",
    "Outline",
    "Reading",
    "Refusal",
    "Row",
    "RowEvent",
    "SpecFile",
    "Strict",
    "Words",
    "check",
    "comments",
    "did_you_mean",
    "dotted",
    "explain",
    "find_files",
    "joined",
    "json_value",
    "listing",
    "mapping",
    "mistyped",
    "number_meant",
    "numeral_value",
    "outline",
    "plain_value",
    "quoted",
    "read_bytes",
    "read_file",
    "read_rows",
    "reads_as_number",
    "reason",
    "unquoted_texts",
    "written",
    "wrong",
]
