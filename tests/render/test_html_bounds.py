"""How much the report shows: rows by their bytes, names, places, keys and values."""

from typing import Any

import pytest
from msgspec.structs import replace

from reconciler.core.documents.plan import NoticeEntry
from reconciler.core.model.observed import Present
from reconciler.render.changes import Line
from reconciler.render.html import page as page_of
from reconciler.render.html.html import MOST_ROWS
from reconciler.render.html.page import build_page
from reconciler.render.html.rows import Cell, TableRow, row_of
from tests.builders import memory, plan_all
from tests.render.test_bounds import PLACE, changing, items
from tests.render.test_markdown import described


def line_of(name: str = "k", **changes: Any) -> Line:
    return Line("write_facts", f"contacts.{name}", "fact", "add", PLACE, **{"path": ("k",), "after": 1, **changes})


def test_a_row_is_reckoned_with_all_its_texts_as_they_are_escaped() -> None:
    row = TableRow(
        verb="add",
        badge="add",
        certain=True,
        about="",
        name="n",
        before=(Cell("note", "ab", "c"),),
        after=(Cell("value", "<", "é"),),
        place="p",
        cause="q",
        url="u",
        notes=("v",),
    )

    assert row.size == 620 + len("nabcpquv") + len("&lt;") + len("é".encode())
    assert replace(row, notes=()).size == row.size - 1


def test_rows_end_where_they_and_their_headings_fill_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    assert page_of.MOST_BYTES == 19_000_000
    monkeypatch.setattr(page_of, "MOST_BYTES", 4_000)  # the real one takes long
    line, other = line_of(), line_of("l")
    row = row_of(line)
    headings = 2 * 500 + 2 * (len("k") + len("k") + len("contacts.k"))

    def fitting_of(size: int, *lines: Line) -> int:
        """Return how many of two rows fit, the first of which takes so many bytes."""
        big = replace(row, place="p" * (size - replace(row, place="").size))
        return len(list(page_of._fitting(lines, [big, row])))  # noqa: SLF001  a real page takes long

    left = 4_000 - headings - row.size
    assert [fitting_of(left + more, line, line) for more in (-1, 0, 1)] == [2, 2, 1]
    assert [fitting_of(left - headings + more, line, other) for more in (0, 1)] == [2, 1]


@pytest.mark.parametrize(("number", "named_of", "more"), [(499, 499, 0), (500, 500, 0), (501, 500, 1)])
def test_five_hundred_contacts_that_are_left_out_are_named(number: int, named_of: int, more: int) -> None:
    hidden = page_of._hidden([line_of(name) for name in items(number)], set())  # noqa: SLF001

    assert (len(hidden.names), hidden.more_names) == (named_of, more)
    assert hidden.rows == (("add", number),)


@pytest.mark.parametrize(("number", "places", "more"), [(49, 49, 0), (50, 50, 0), (51, 50, 1)])
def test_fifty_places_of_a_notice_are_named(number: int, places: int, more: int) -> None:
    made = changing(notices=tuple(NoticeEntry("x", name, 1) for name in items(number)))
    (note,) = build_page(made, most_rows=MOST_ROWS).notes

    assert (len(note.places), note.more) == (places, more)


@pytest.mark.parametrize(("number", "keys"), [(499, 499), (500, 500), (501, 500)])
def test_five_hundred_keys_can_be_chosen_those_of_most_rows_first(number: int, keys: int) -> None:
    facts = dict.fromkeys(items(number - 1), 1)
    made = described(
        plan_all([(memory(facts), Present("m", {})), (memory({"often": 1}, contact="z"), Present("m", {}))])
    )
    page = build_page(made, most_rows=MOST_ROWS)

    assert len(page.keys) == keys
    assert MOST_ROWS == 10_000
    often = replace(made, operations=(*made.operations, made.operations[-1]))
    assert build_page(often, most_rows=MOST_ROWS).keys[0] == "often"


@pytest.mark.parametrize(("length", "label"), [(999, ""), (1_000, ""), (1_001, "the start of 1,001 characters")])
def test_a_value_longer_than_a_thousand_characters_says_so_in_the_report(length: int, label: str) -> None:
    (cell,) = row_of(line_of(after="y" * length)).after

    assert cell.label == label
    assert cell.text == (f'"{"y" * length}"' if length < 999 else f'"{"y" * 998}…')
