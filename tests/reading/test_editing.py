import pytest

from reconciler.reading import edited
from reconciler.reading.places import Edit
from reconciler.reading.quoting import quoting_edits


def quoted(text: str) -> str:
    return edited(text, tuple(quoting_edits(text)))


def test_what_no_edit_names_stays() -> None:
    assert edited("one two three", [Edit(8, 13, "3"), Edit(0, 3, "1")]) == "1 two 3"


def test_edits_side_by_side_do_not_overlap() -> None:
    assert edited("ab", [Edit(0, 1, "x"), Edit(1, 2, "y")]) == "xy"


def test_edits_that_overlap_are_refused() -> None:
    with pytest.raises(ValueError, match="overlap at 1"):
        edited("abc", [Edit(0, 2, "x"), Edit(1, 3, "y")])


@pytest.mark.parametrize(
    "text",
    ["+14155550192", "no", "Yes", "y", "OFF", "02139", "12:30", "1_000", "1e5", "0x1F", "0b1", "0o17", "True",
     ".5", "1.", "2025-07-22", "2025-7-2 1:00:00 Z", "=", "-.5e+3", "190:20:30.15"],
)  # fmt: skip
def test_text_that_others_would_take_for_something_else_is_quoted(text: str) -> None:
    assert quoted(f"a:\n  b: {text}  # why\n") == f'a:\n  b: "{text}"  # why\n'


@pytest.mark.parametrize(
    "text",
    ["true", "40", "-7", "7.5", "plain words", '"needless"', "'single'", "'+1'", "1.2.3", "null", "2025-7-2",
     "yES", "1:2:x", "|\n    no\n", "[]", "{}"],
)  # fmt: skip
def test_everything_else_stays_as_it_is_written(text: str) -> None:
    assert quoted(f"a:\n  b: {text}\n") == f"a:\n  b: {text}\n"


def test_keys_are_text_and_quoted_as_such() -> None:
    assert (
        quoted("a: {no: 1, 7: 2, b: 3, true: [yes: no, 8]}\n")
        == 'a: {"no": 1, "7": 2, b: 3, "true": ["yes": "no", 8]}\n'
    )


def test_an_anchor_and_its_alias_stay() -> None:
    assert quoted("a: &n no\nb: *n\n*n : c\n") == 'a: &n "no"\nb: *n\n*n : c\n'


def test_comments_order_and_layout_stay() -> None:
    text = "# head\n\nb:   no # beside\r\n\n\n  # odd\na: {x: [1,\n  no,\n 02139]}   \n---\n# next\nc: no"

    assert (
        quoted(text)
        == text.replace("no #", '"no" #').replace(" no,", ' "no",').replace("02139", '"02139"')[:-2] + '"no"'
    )


def test_below_a_key_that_holds_numbers_a_decimal_stays_and_nothing_else_does() -> None:
    text = "facts: {price: 3.10, name: %s, deep: {price: [2.50, no]}, m: {x: %s}}\n"

    made = edited(text % ("3.10", "2.0"), tuple(quoting_edits(text % ("3.10", "2.0"), {"price"})))

    assert made == (text % ('"3.10"', '"2.0"')).replace(" no]", ' "no"]')
