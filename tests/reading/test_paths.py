"""Paths, as messages write them."""

import pytest

from reconciler.core.model.text import quoted
from reconciler.reading import KeyPath, dotted


@pytest.mark.parametrize(
    ("path", "written"),
    [
        ((), ""),
        (("a", "b-1", 2, "c_d"), "a.b-1[2].c_d"),
        (("a b", "x"), '["a b"].x'),
        ((0, "a"), "[0].a"),
        (("", 'q"'), '[""]["q\\""]'),
    ],
)
def test_paths_are_written_with_dots_and_brackets(path: KeyPath, written: str) -> None:
    assert dotted(path) == written


def test_what_cannot_be_printed_is_escaped() -> None:
    assert (quoted("é\u2028"), quoted("é")) == (r'"é\u2028"', '"é"')
