"""What is no table in plain text: workbooks, PDFs, web pages, JSON in one piece; and what turns each into one."""

import re
import shlex
from collections.abc import Mapping
from pathlib import PurePosixPath

from msgspec import Struct

_WORKBOOK = (
    "save it as CSV UTF-8 in the spreadsheet, or run: "
    "libreoffice --headless --convert-to 'csv:Text - txt - csv (StarCalc):44,34,76' --outdir {folder} {file}"
)
_PDF = "ask for the list as CSV; to get at the text of this one, run: pdftotext -layout {file} {stem}.txt"
_LINES_OF_ARRAY = "run: jq -c '.[]' {file} > {stem}-lines.jsonl"
_LINES_OF_OBJECT = "run: jq -c . {file} > {stem}-lines.jsonl (or, if its rows are a list in it, jq -c '.KEY[]')"
_SPREADSHEET = "open it in a spreadsheet, and save it as CSV UTF-8"


class Foreign(Struct, frozen=True):
    """What a file is instead of a table, and what to do."""

    message: str
    cure: str


_BY_START: tuple[tuple[re.Pattern[bytes], str, str], ...] = (
    (re.compile(rb"PK\x03\x04|PK\x05\x06|\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), "a workbook", _WORKBOOK),
    (re.compile(rb"%PDF-"), "a PDF", _PDF),
    (re.compile(rb"\x1f\x8b"), "compressed (gzip)", "run: gunzip -c {file} > {stem}-unpacked{ending}"),
    (re.compile(rb"\{\\rtf"), "a document (RTF)", "save it as plain text"),
    (re.compile(rb"\s*<(?:!doctype html|html|table|\?xml)", re.IGNORECASE), "a web page or XML", _SPREADSHEET),
)
_ARRAY = re.compile(rb"\s*\[\s*(?:\{|$)")
_OBJECT = re.compile(rb"\s*\{[ \t\r]*(?:\n|$)")
_JSON_LINES = re.compile(rb'\s*\{\s*"')

_BY_ENDING: Mapping[str, tuple[str, str]] = {
    **dict.fromkeys((".xlsx", ".xlsm", ".xls", ".ods", ".numbers"), ("a workbook", _WORKBOOK)),
    ".pdf": ("a PDF", _PDF),
    ".json": ("JSON in one piece", _LINES_OF_ARRAY),
    ".tsv": ("CSV with tabs", 'rename it to {stem}.csv, and add `delimiter: "\\t"`'),
    ".txt": ("text", "if it is CSV, rename it to {stem}.csv, and set `delimiter` to what separates its cells"),
}


def foreign(head: bytes, name: str, *, is_csv: bool) -> Foreign | None:
    """Return what a file is, by its first bytes, where that is no table; None where it may be one."""
    for start, kind, cure in _BY_START:
        if start.match(head):
            return _foreign(kind, cure, name)
    text = head.removeprefix(b"\xef\xbb\xbf")
    if _ARRAY.match(text):
        return _foreign("one JSON array", _LINES_OF_ARRAY, name)
    if _OBJECT.match(text):
        return _foreign("a JSON object over several lines", _LINES_OF_OBJECT, name)
    if is_csv and _JSON_LINES.match(text):
        return _foreign("JSON Lines", "rename it to {stem}.jsonl", name)
    return None


def by_ending(name: str) -> Foreign | None:
    """Return what a file is, by the ending of its name, where that ending is none of a table's."""
    path = PurePosixPath(name)
    kind, cure = _BY_ENDING.get(path.suffix.lower(), ("", ""))
    return _foreign(kind, cure.replace("run:", "run in its folder:"), path.name) if kind else None


def _foreign(kind: str, cure: str, name: str) -> Foreign:
    path = PurePosixPath(name)
    stem = shlex.quote(str(path.with_suffix("")))
    folder = shlex.quote(str(path.parent / "converted"))
    made = cure.format(file=shlex.quote(name), stem=stem, ending=path.suffix, folder=folder)
    return Foreign(f"this is {kind}, and no table in plain text", made)
