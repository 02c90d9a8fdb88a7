import pytest

from reconciler.reading import outline


def test_entries_are_given_with_their_lines_and_columns() -> None:
    made = outline("a:\n- # why\n  k: |\n    text\n\n- {b: 1,\n   c: 2} # pair\n")

    assert [(one.path, one.line, one.column, one.end, one.inner) for one in made.entries] == [
        ((), 0, 0, 6, 0),
        (("a",), 0, 0, 6, 0),
        (("a", 0), 1, 0, 3, 2),
        (("a", 0, "k"), 2, 2, 3, None),
        (("a", 1), 5, 0, 6, None),
    ]


def test_lines_that_a_comment_can_end_are_given_with_what_it_stands_beside() -> None:
    made = outline("a:\n- # why\n  k: |\n    text\n- {b: 1,\n   c: 2} # pair\n")

    assert made.free == {0: (1, ("a",)), 1: (1, ("a", 0)), 2: (5, ("a", 0, "k")), 5: (8, ("a", 1))}


@pytest.mark.parametrize(("block", "last"), [("|", 1), ("|-", 1), (">+", 3), ("|  # a+b", 1)])
def test_empty_lines_below_a_block_belong_to_it_where_it_keeps_them(block: str, last: int) -> None:
    made = outline(f"a: {block}\n  text\n\n\nb: 1\n")

    assert made.entries[1].end == last
    assert made.taken == {*range(last + 1), 4}


def test_anchors_are_given_with_what_they_stand_under() -> None:
    made = outline("a: &x\n  - &y\n    k: &z {l: &u 1}\n  - *u\n")

    assert made.anchors == [
        ("x", ("a",), 0),
        ("y", ("a", 0), 1),
        ("z", ("a", 0, "k"), 2),
        ("u", ("a", 0, "k"), 2),
    ]


@pytest.mark.parametrize("text", ["? [a]\n: b\n", "? a\n: b\nc: d\n"])
def test_keys_that_are_no_plain_text_before_a_colon_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="a key"):
        outline(text)
