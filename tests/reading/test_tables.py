"""Tables as programs write them: what is read as it is, and what is told as what it is."""

import tracemalloc
from collections.abc import Iterable
from pathlib import Path

import pytest

from reconciler.errors import Problem
from reconciler.reading import document
from reconciler.reading.document import LARGEST_FILE, read_file
from reconciler.reading.row_files import LARGEST_TABLE, read_rows
from reconciler.reading.row_formats import LONGEST_LINE, Columns, Row


def events(folder: Path, data: bytes, *, name: str = "list.csv", delimiter: str = ",") -> list[object]:
    (folder / name).write_bytes(data)
    return list(read_rows(folder / name, name=name, delimiter=delimiter))


def cells(folder: Path, data: bytes, **options: str) -> list[object]:
    return [one.cells if isinstance(one, Row) else one for one in events(folder, data, **options)][1:]


def told(found: Iterable[object]) -> list[str]:
    return [str(one) for one in found if isinstance(one, Problem)]


ANN = {"id": "1", "name": "Ann"}


@pytest.mark.parametrize(
    "data",
    [
        b"id,name\n1,Ann\n",
        b"\xef\xbb\xbfid,name\r\n1,Ann\r\n",
        b"sep=;\r\nid;name\r\n1;Ann\r\n",
        b'"sep=;"\nid;name\n1;Ann\n',
        b"\xef\xbb\xbfSEP=\t\r\nid\tname\r\n1\tAnn\r\n",
        "id,name\r\n1,Ann\r\n".encode("utf-16"),
        b"\xfe\xff" + "id,name\n1,Ann".encode("utf-16-be"),
        "sep=;\r\nid;name\r\n1;Ann\r\n".encode("utf-16"),
        b"id,name,tier\n1,Ann\n",
        b"id,name\n1,Ann,, \n",
        b"id,name,note,note\n1,Ann,,\n",
        b"id,name,,\n1,Ann,,\n",
    ],
)
def test_what_spreadsheets_write_around_a_table_is_read_as_the_table(tmp_path: Path, data: bytes) -> None:
    assert cells(tmp_path, data) == [ANN]


def test_lines_are_counted_from_the_first_of_the_file(tmp_path: Path) -> None:
    found = events(tmp_path, b"sep=;\nid;name\n1;Ann\n2;Bo;x\n")

    assert isinstance(found[0], Columns)
    assert (found[0].source.line, [one.source.line for one in found if isinstance(one, Row)]) == (2, [3])
    assert told(found)[0].startswith("list.csv:4:1: the header is short: this row has 3 cells, and the header names 2")


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b'id,name\n1,"a ""b"" c"\n', 'a "b" c'),
        (b'id,name\n1,"x, ""y"""\n', 'x, "y"'),
        (b'id,name\n1," ""y"" z"\n', ' "y" z'),
        (b'id,name\n1,12 "\n', '12 "'),
        (b"id,name\n1,  b\n", "  b"),
    ],
)
def test_a_quote_behind_a_blank_inside_of_a_cell_is_text(tmp_path: Path, data: bytes, text: str) -> None:
    assert cells(tmp_path, data) == [{"id": "1", "name": text}]


def test_blanks_before_quotes_are_the_delimiter_where_that_is_a_blank(tmp_path: Path) -> None:
    assert cells(tmp_path, b'id name\n1 "Ann"\n', delimiter=" ") == [ANN]


@pytest.mark.parametrize(
    ("name", "data", "kind", "cure"),
    [
        ("list.csv", b"PK\x03\x04\x14\0", "a workbook", "libreoffice --headless --convert-to"),
        ("list.csv", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0\0", "a workbook", "libreoffice"),
        ("list.jsonl", b"PK\x03\x04", "a workbook", "libreoffice"),
        ("list.csv", b"%PDF-1.7\n%\xe2", "a PDF", "pdftotext -layout list.csv list.txt"),
        ("list.csv", b"\x1f\x8b\x08\0", "compressed", "gunzip -c list.csv > list-unpacked.csv"),
        ("list.csv", b"{\\rtf1\\ansi", "a document (RTF)", "save it as plain text"),
        ("list.csv", b"<html><table>", "a web page", "save it as CSV UTF-8"),
        ("list.csv", b"\n <!DOCTYPE html>", "a web page", "save it as CSV UTF-8"),
        ("list.csv", b'[{"id": 1}]', "one JSON array", "jq -c '.[]' list.csv > list-lines.jsonl"),
        ("list.csv", b'{"id": 1}\n{"id": 2}\n', "JSON Lines", "rename it to list.jsonl"),
        ("list.jsonl", b'[{"id": 1}]', "one JSON array", "jq -c '.[]' list.jsonl > list-lines.jsonl"),
        ("list.jsonl", b'\xef\xbb\xbf[\r\n {"id": 1}', "one JSON array", "jq -c '.[]'"),
        ("my list.jsonl", b'{\n "id": 1\n}', "a JSON object over several lines", "jq -c . 'my list.jsonl' > 'my"),
    ],
)  # fmt: skip
def test_what_is_no_table_in_plain_text_is_told_as_what_it_is(
    tmp_path: Path, name: str, data: bytes, kind: str, cure: str
) -> None:
    (line,) = told(events(tmp_path, data, name=name))

    assert line.startswith(f"{name}:1:1: this is {kind}")
    assert cure in line


def test_utf_16_that_does_not_go_on_so_is_a_problem(tmp_path: Path) -> None:
    assert told(events(tmp_path, "id,name\n1,Ann\n".encode("utf-16") + b"\0")) == [
        "list.csv: this begins as UTF-16 and does not go on so; save it as UTF-8"
    ]


@pytest.mark.parametrize("name", ["list.csv", "list.jsonl"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_line_without_an_end_is_refused_before_it_is_in_memory(tmp_path: Path, name: str, encoding: str) -> None:
    data = ('"' + "x" * 12 * LONGEST_LINE).encode(encoding)
    (tmp_path / name).write_bytes(data)
    tracemalloc.start()
    found = list(read_rows(tmp_path / name, name=name))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert told(found) == [
        f"{name}:1:1: this line has more than 1,048,576 bytes; shorten it; lines end with LF or CRLF"
    ]
    assert peak < 8 * LONGEST_LINE


@pytest.mark.parametrize(
    ("name", "limit"), [("list.csv", LARGEST_TABLE), ("list.jsonl", LARGEST_TABLE), ("list.yaml", LARGEST_FILE)]
)
def test_a_file_that_is_too_large_is_refused_before_it_is_read(tmp_path: Path, name: str, limit: int) -> None:
    with (tmp_path / name).open("wb") as file:
        file.truncate(limit + 1)

    (line,) = told(list(read_rows(tmp_path / name, name=name)))

    assert f"it has more than {limit >> 20:,} MiB; split it into several files" in line


def test_a_spec_that_is_too_large_is_refused_before_it_is_read(tmp_path: Path) -> None:
    with (tmp_path / "a.yaml").open("wb") as file:
        file.truncate(LARGEST_FILE + 1)

    assert told(read_file(tmp_path / "a.yaml", name="a.yaml").problems) == [
        "a.yaml: cannot be read: it has more than 64 MiB; split it into several files"
    ]


@pytest.mark.skipif(not Path("/proc/self/limits").exists(), reason="only Linux has files of no size")
def test_a_file_that_says_no_size_is_read_no_further_than_others(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = read_file(Path("/proc/self/limits"), name="limits")
    monkeypatch.setattr(document, "LARGEST_FILE", 4)
    cut = read_file(Path("/proc/self/limits"), name="limits")

    assert whole.data == Path("/proc/self/limits").read_bytes()
    assert cut.data == b""
    assert "split it into several files" in str(cut.problems[0])
