"""Tables are read as far as they declare somebody: what is wrong, empty or repeated in all of them is bounded."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from reconciler.core.model.masking import worded
from reconciler.core.model.selection import Shard
from reconciler.errors import SpecError
from reconciler.reading import anchors, document
from reconciler.specs import load_specs, row_limits
from reconciler.specs.problems import MOST_IN_DATA
from reconciler.specs.row_limits import MOST_ENTRIES, RowBudget

MOST = 5
END = "so no table is read further"
ALL = Shard(0, 1)
MANY = "contacts_from:\n"
KEYS = "fact_keys: {k: {enum: [a]}}\n"


def entry(file: str, contact: str = "{email: e, name: n}", more: str = "") -> str:
    return f"- {{file: {file}, {more} contact: {contact}}}\n"


def told(folder: Path, files: Mapping[str, str], shard: Shard | None = None) -> list[str]:
    """Write files, load them, and return what is wrong."""
    for name, text in files.items():
        (folder / name).write_text(text)
    try:
        load_specs(["a.yaml"], root=folder, shard=shard)
    except SpecError as error:
        return [str(worded(problem, reveal=False)) for problem in error.problems]
    return []


GOOD = "x,{0}@b.example\n"
WRONG = {
    "values": (entry("d.csv"), "n,e\n", "x,e{0}\n"),
    "nobody": (entry("d.csv"), "n,e\n", "x{0},\n"),
    "long rows": (entry("d.csv"), "n,e\n", "x,e{0}@b.example,more\n"),
    "refused cells": (entry("d.csv", "{email: {column: e, map: {a: a@b.example}}}"), "e\n", "e{0}\n"),
    "values of keys": (entry("d.csv", "{email: e, facts: {k: n}}"), "n,e\n", "x,e{0}@b.example\n"),
    "unknown keys": (entry("d.csv", "{email: e, facts: {key: n}}"), "n,e\n", "x,e{0}@b.example\n"),
    "constants": (entry("d.csv", "{email: e, phone_number: {value: 1}}"), "e\n", "e{0}@b.example\n"),
    "same names": (entry("d.csv"), "n,e\nx,same@b.example\n", "x,same@b.example\n"),
    "same identifiers": (entry("d.csv", more="named_by: n,"), "n,e\nx,same@b.example\n", "n{0},SAME@b.example\n"),
    "no JSON": (entry("d.jsonl"), "", "e{0}\n"),
    "no objects": (entry("d.jsonl"), "", "[]\n"),
    "no object of YAML": (entry("d.yaml"), "", "- e{0}\n"),
}


@pytest.mark.parametrize("shard", [None, ALL], ids=["all", "shard"])
@pytest.mark.parametrize("kind", WRONG)
def test_with_more_than_so_many_problems_in_rows_no_table_is_read_further(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, shard: Shard | None
) -> None:
    monkeypatch.setattr(RowBudget, "most_problems", MOST)
    written, head, row = WRONG[kind]
    name = written.partition("file: ")[2].partition(",")[0]

    def ends(count: int) -> list[str]:
        rows = head + "".join(map(row.format, range(count)))
        files = {"a.yaml": KEYS + MANY + written + entry("next.csv"), name: rows, "next.csv": "n,e\nx,zzz\n"}
        return told(tmp_path, files, shard)

    below, at, beyond, far = (ends(count) for count in (MOST - 2, MOST, MOST + 1, MOST * 10))
    assert not any(END in one for one in below)
    assert any("next.csv:2:2" in one for one in below)
    assert sum(f"up to next.csv:2:1, rows have more than {MOST} problems, {END}" in one for one in at) == 1
    for one in (beyond, far):
        assert not any("next.csv" in problem for problem in one)
        assert sum(END in problem for problem in one) == 1
    assert len(far) == len(beyond), "nothing beyond is read"


EMPTY = {
    "lines": ("d.csv", "", "n,e\n", "\n"),
    "lines before the header": ("d.csv", "", "", "\n"),
    "cells": ("d.csv", "", "n,e\n", ",\n"),
    "blanks": ("d.csv", "", "n,e\n", " , \n"),
    "texts": ("d.csv", "empty: [none],", "n,e\n", "none,none\n"),
    "lines of JSON": ("d.jsonl", "", "", "\n"),
    "lines with blanks": ("d.jsonl", "", "", "  \n"),
}


@pytest.mark.parametrize("shard", [None, ALL], ids=["all", "shard"])
@pytest.mark.parametrize("kind", EMPTY)
def test_with_more_than_so_many_empty_rows_no_table_is_read_further(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, shard: Shard | None
) -> None:
    monkeypatch.setattr(RowBudget, "most_empty", MOST)
    name, more, head, row = EMPTY[kind]
    last = {"d.csv": GOOD.format("a"), "d.jsonl": '{"n": "x", "e": "a@b.example"}\n'}[name]
    header = "" if head or name == "d.jsonl" else "n,e\n"

    def ends(count: int) -> list[str]:
        files = {"a.yaml": MANY + entry(name, more=more), name: head + row * count + header + last}
        return told(tmp_path, files, shard)

    assert ends(MOST - 1) == ends(MOST) == []
    (beyond,) = ends(MOST + 1)
    assert f"tables have more than {MOST} empty rows, {END}; remove them from the files" in beyond


def test_rows_of_several_tables_are_counted_together_and_valid_ones_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(RowBudget, "most_problems", MOST)
    valid = "".join(map(GOOD.format, range(50)))

    def ends(wrong: int) -> list[str]:
        tables = {f"{at}.csv": "n,e\nx,y\n" for at in range(wrong)}
        written = "".join(map(entry, (*tables, "valid.csv")))
        return told(tmp_path, {"a.yaml": MANY + written, "valid.csv": f"n,e\n{valid}"} | tables)

    assert len(ends(0)) == 0
    assert not any(END in one for one in ends(MOST))
    assert any(f"up to {MOST}.csv:2:1" in one for one in ends(MOST + 1))


def test_the_first_problems_are_named_and_the_others_counted_as_far_as_the_table_was_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = "n,e\n" + "".join(f"x,e{at}\n" for at in range(MOST_IN_DATA + 50))
    files = {"a.yaml": MANY + entry("d.csv"), "d.csv": rows}

    whole = told(tmp_path, files)
    monkeypatch.setattr(RowBudget, "most_problems", MOST_IN_DATA + 9)
    ended = told(tmp_path, files)

    assert whole[0].startswith("d.csv: 50 more problems in this file")
    assert [one for one in ended if one in whole] == whole[1:]
    assert any(one.startswith("d.csv: at least 10 more problems in this file") for one in ended)
    assert ended[0].startswith("a.yaml:2:3 contacts_from[0]: up to d.csv:111:1, rows have more than 109 problems, ")


@pytest.mark.parametrize("shard", [None, ALL], ids=["all", "shard"])
def test_so_many_entries_may_name_one_file_by_whatever_name(tmp_path: Path, shard: Shard | None) -> None:
    (tmp_path / "other.csv").symlink_to("d.csv")

    def ends(count: int) -> list[str]:
        names = ["d.csv", "./d.csv", "other.csv"]
        entries = "".join(entry(names[at % 3], f'{{email: "{{e}}{at}@b.example"}}') for at in range(count))
        return told(tmp_path, {"a.yaml": MANY + entries, "d.csv": "e\nx\n"}, shard)

    assert ends(MOST_ENTRIES - 1) == ends(MOST_ENTRIES) == []
    (beyond,) = ends(MOST_ENTRIES + 1)
    assert beyond.startswith(f"a.yaml:{MOST_ENTRIES + 2}:10 contacts_from[{MOST_ENTRIES}].file: ")
    assert f"{MOST_ENTRIES + 1} entries name " in beyond


def test_tables_of_yaml_take_of_the_room_for_all_specs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = MANY + entry("0.yaml", "{email: e}") + entry("1.yaml", "{email: e}")

    def ends(rows: int) -> list[str]:
        one, two = ("".join(f"- {{e: {at}-{row}@b.example}}\n" for row in range(rows)) for at in range(2))
        return told(tmp_path, {"a.yaml": spec, "0.yaml": one, "1.yaml": two})

    monkeypatch.setattr(document, "MOST_VALUES_IN_ALL", 10 + 2 * (1 + 2 * 2))  # of the spec, and of two rows each
    assert ends(2) == []
    (beyond,) = ends(3)
    assert beyond.startswith("1.yaml: with this file, the specs hold more than 20 values")


def numbered(count: int, text: str) -> str:
    return ", ".join(map(text.format, range(count)))


MADE = {  # 28 values: a row holds 2, and 16 are free, as are 100 memories and conditions; each more is 3
    "constants": f"{{email: e, facts: {{{numbered(27, 'k{0}: {{value: {0}}}')}}}}}",
    "scopes": f"{{email: e, scopes: {{{numbered(109, 's{0}: {{}}')}}}}}",
    "conditions": f"{{email: e, scopes: {{{numbered(54, 's{0}: {{where: {{n: x}}}}')}, z: {{}}}}}}",
    "names": f"{{email: e}}, named_by: [{numbered(27, 'e')}]",
}


@pytest.mark.parametrize("kind", MADE)
def test_what_mappings_make_of_rows_is_counted_over_all_tables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(anchors, "MOST_EXPANDED", 40)
    scopes = f"scopes: {{z: {{persona_id: z}}, {numbered(109, 's{0}: {{persona_id: p{0}}}')}}}\n"

    def ends(tables: int) -> list[str]:
        files = {f"{at}.csv": f"n,e\nx,{at}@b.example\n" for at in range(tables)}
        return told(tmp_path, {"a.yaml": scopes + MANY + "".join(entry(name, MADE[kind]) for name in files)} | files)

    assert ends(4) == []
    (beyond,) = ends(5)
    assert f"up to 4.csv:2:1, mappings make 40 values more than the rows hold, {END}" in beyond


def test_mapped_columns_of_which_rows_have_no_cell_make_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(anchors, "MOST_EXPANDED", 40)
    columns = numbered(60, "k{0}")
    mapped = f"{{email: e, scopes: {{z: {{facts: {{{numbered(60, 'k{0}: k{0}')}, twice: k0, a: k1, b: k2}}}}}}}}"
    rows = "".join(f"{at}@b.example,,,,x\n" for at in range(50))

    files = {"a.yaml": f"scopes: {{z: {{persona_id: z}}}}\n{MANY}{entry('0.csv', mapped)}"}

    assert told(tmp_path, files | {"0.csv": f"e,{columns.replace(' ', '')}\n{rows}"}) == []


def test_rows_with_problems_are_read_until_they_have_very_many_mapped_columns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row_limits, "MOST_EXPANDED", 100)
    mapped = f"{{email: e, metadata: {{{numbered(29, 'k{0}: k{0}')}}}}}"
    header = f"e,{numbered(29, 'k{0}').replace(' ', '')}\n"

    def ends(wrong: int) -> list[str]:
        rows = "".join(f"nobody{at}\n" for at in range(wrong))
        return told(tmp_path, {"a.yaml": MANY + entry("0.csv", mapped), "0.csv": f"{header}a@b.example\n{rows}"})

    assert len(ends(3)) == 3
    found = ends(9)
    beyond = next(one for one in found if END in one)
    assert len(found) == 5
    assert f"up to 0.csv:6:1, rows with problems have more than 100 mapped columns together, {END}" in beyond
