import pytest

from reconciler.reading import comments
from reconciler.reading.parser import PythonParser


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("# a\nb: c # d\n", ["# a", "# d"]),
        ("a: b#c\nd: 'e # f'\ng: \"h\n  # i\"\n", []),
        ("a: | # of the block\n  # text\n  b\n# behind\n", ["# of the block", "# behind"]),
        ("a: >-\n  # text\nb: [1, # two\n 2] #\n", ["# two", "#"]),
        ("a: b # c\n---\n#last", ["# c", "#last"]),
        ("'a # b': &c d # e\nf: *c # g\n", ["# e", "# g"]),
        ("", []),
    ],
)
def test_comments_are_told_from_text(text: str, found: list[str]) -> None:
    assert comments(text) == found
    assert comments(text, parser=PythonParser) == found


def test_a_comment_may_stand_behind_a_tab() -> None:
    assert comments("a: [b]\t# c\n") == ["# c"]
