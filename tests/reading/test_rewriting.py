"""Edits that give an entry another value, or move entries to the mapping beside it."""

from typing import Any

import pytest

from reconciler.reading import edited, read_bytes
from reconciler.reading.entries import Tree
from reconciler.reading.rewriting import NoEditError, move_edits, value_edits


def taken(text: str, value: Any, *path: str) -> str:
    """Return a text with another value at a path, which it must hold when it is read again."""
    tree = Tree(text)
    made = edited(text, list(value_edits(tree, tree.by_path[0, path or ("k",)], value)))
    [document] = read_bytes(made.encode(), file="a.yaml").documents
    assert document.at(path or ("k",)).value == value
    return made


@pytest.mark.parametrize(
    ("before", "value", "after"),
    [
        ("k: old  # why\n", "new", "k: new  # why\n"),
        ("k: old\n", "no", 'k: "no"\n'),
        ("k: 'old'\n", "new", 'k: "new"\n'),
        ("k: old\n", 7, "k: 7\n"),
        ("k: 7.5\n", 40.0, "k: 40\n"),
        ("k: old\n", True, "k: true\n"),
        ("k: old\n", "a: b", 'k: "a: b"\n'),
        ("{k: old, l: 1}\n", "a, b", '{k: "a, b", l: 1}\n'),
        ("{k: [1]}\n", "x", "{k: x}\n"),
        ('{"k":1}\n', "x", '{"k":x}\n'),
        ('{"k":"a","l":[1]}\n', "x", '{"k":"x","l":[1]}\n'),
        ("k:\n  old\n  and older\n", "new", "k:\n  new\n"),
        ("k: old\n", "two\nlines", 'k: "two\\nlines"\n'),
        ("k: old\n", {"a": [1, "no"]}, 'k: {a: [1, "no"]}\n'),
        ("k: old\n", "\x07\u2028\U0001f44d", 'k: "\\U00000007\\U00002028\U0001f44d"\n'),
        ("k: [a, b]  # why\n", ["c"], "k: [c]  # why\n"),
        ("k:  # why\n  - a\n  - b\nl: 1\n", ["c", "d", "no"], 'k:  # why\n  - c\n  - d\n  - "no"\nl: 1\n'),
        ("k:\n- a\n- b\n", ["c"], "k:\n- c\n"),
        ("k:  # why\n  - a\n  - b\nl: 1\n", [], "k: []  # why\nl: 1\n"),
        ("k:  # why\n  a: 1\n# below\n", "new", "k: new  # why\n# below\n"),
        ("k: |  # why\n  one\n  two\n\nl: 1\n", "a\n b\n", "k: |  # why\n  a\n   b\n\nl: 1\n"),
        ("k: >-\n    one\n    two\n", "a\nb", "k: |-\n    a\n    b\n"),
        ("k: |  # why\n  one\nl: 1\n", "new", "k: new  # why\nl: 1\n"),
        ("k: |2  # why\n   one\n", "a\nb\n", 'k: "a\\nb\\n"  # why\n'),
        ("k: |\n  one\n", " a\nb\n", 'k: " a\\nb\\n"\n'),
        ("k: |\r\n  one\r\n", "a\nb\n", "k: |\r\n  a\r\n  b\r\n"),
        ("? k\n: old\n", "new", "? k\n: new\n"),
        ("k: |+\n  one\n\nl: 1\n", "a\nb\n", "k: |\n  a\n  b\nl: 1\n"),
    ],
)
def test_a_value_is_replaced_in_the_style_of_its_place(before: str, value: Any, after: str) -> None:
    assert taken(before, value) == after


@pytest.mark.parametrize(
    "text",
    [
        "k: &a old\n",
        "k: !!str old\n",
        "k: [a,  # one\n  b]\n",
        "k:\n  - a  # one\n  - b\n",
        "k:\n  - a\n  # one\n  - b\n",
        "k:\n  - a\n  - b  # last\n",
        "k:\r  - a\r",
        "? k\n: a: 1\n",
    ],
)
def test_a_value_stays_where_something_beside_it_would_be_lost(text: str) -> None:
    tree = Tree(text)
    with pytest.raises(NoEditError):
        list(value_edits(tree, tree.by_path[0, ("k",)], ["new"]))


def moved(text: str, *keys: str) -> str:
    tree = Tree(text)
    return edited(text, move_edits(tree, 0, ("o",), keys, names=("from", "to")))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("o:\n  from:  # f\n    a: 1\n", "o:\n  to:  # f\n    a: 1\n"),
        ("o: {from: {a: 1}}\n", "o: {to: {a: 1}}\n"),
        ("o:\n  from:\n    # on a\n    a: 1  # one\n    b: 2\n",
         "o:\n  from:\n    b: 2\n  to:\n    # on a\n    a: 1  # one\n"),
        ("o:\n  from: {a: 1, b: 2}  # f\n", "o:\n  from: {b: 2}  # f\n  to: {a: 1}\n"),
        ("o: {from: {a: 1, b: 2}}\n", "o: {from: {b: 2}, to: {a: 1}}\n"),
        ("o: {from: {a: 1}, to: {c: 3}}\n", "o: {from: {}, to: {c: 3, a: 1}}\n"),
        ("o:\n  from:\n    a: 1\n  to:\n    c: 3\n", "o:\n  to:\n    c: 3\n    a: 1\n"),
        ("o:\n  to:\n    c: 3\n\n  from:\n    a: 1\n", "o:\n  to:\n    c: 3\n    a: 1\n\n"),
        ("o:\n  from:  # f\n    a: 1\n  to: {c: 3}\n", "o:\n  from: {}  # f\n  to: {c: 3, a: 1}\n"),
        ("o:\n  from: {a: 1}\n  to:\n      c: 3\n", "o:\n  to:\n      c: 3\n      a: 1\n"),
        ("o:\n  from:\n      a: |\n        x\n\n      b: 2\n  to:\n    c: 3\n",
         "o:\n  from:\n\n      b: 2\n  to:\n    c: 3\n    a: |\n      x\n"),
        ("o:\n  from:\n      a: |+\n        x\n\n      b: 2\n  to:\n    c: 3\n",
         "o:\n  from:\n      b: 2\n  to:\n    c: 3\n    a: |+\n      x\n\n"),
        ("o:\n  from:\n    a: |\n      x\n\n      y\n    b: 2\n  to:\n      c: 3\n",
         "o:\n  from:\n    b: 2\n  to:\n      c: 3\n      a: |\n        x\n\n        y\n"),
    ],
)  # fmt: skip
def test_an_entry_moves_with_its_comments(before: str, after: str) -> None:
    assert moved(before, "a") == after


@pytest.mark.parametrize(
    "text",
    [
        "o:\n  from: {a: 1,  # one\n    b: 2}\n",
        "o:\n  from:\n    a: 1  # one\n  to: {c: 3}\n",
        "o:\n  from:\n    a: x, y\n  to: {c: 3}\n",
        "o:\n  from:\n    a:\n      x: 1\n  to: {c: 3}\n",
        "o:\n  from: &f\n    a: 1\n    b: 2\nother: *f\n",
        "o:\n  from:\n    ? a\n    : 1\n    b: 2\n",
        "o:\r  from:\r    a: 1\r    b: 2\r",
    ],
)
def test_an_entry_stays_where_it_has_no_place(text: str) -> None:
    with pytest.raises(NoEditError):
        moved(text, "a")
