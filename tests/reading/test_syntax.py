"""What is no YAML is explained in plain words, at the most useful place."""

import pytest

from reconciler.core.redaction import worded
from reconciler.reading import read_bytes
from reconciler.reading.parser import PythonParser

CASES = [
    ("a:\n\tb: 1", "2:1: a tab stands where only spaces can; indent with spaces"),
    ("a: |\n  x\n\ty\n", "3:1: a tab stands where only spaces can"),
    ("a: 1\n\tb: 2", "2:1: a tab stands where only spaces can"),
    ("a: @x", '1:4: text without quotes cannot start with "@"; put it in quotes'),
    ("a: %x", '1:4: text without quotes cannot start with "%"'),
    ("a: b: c", '1:5: the ":" here belongs to no key'),
    ("a: 1\n  b: 2", '2:4: the ":" here belongs to no key'),
    ("a: 1\nkey", '2:1: there is no colon after this key; write it as "key: value"'),
    ("a: b\n- c", "2:1: this does not continue the mapping that starts on line 1"),
    ("a: 'it's'", "1:8: this does not continue the mapping"),
    ("- a\nb: c", "2:1: this does not continue the list that starts on line 1"),
    ("a: [1, 2\nb: 3", '1:4: the list that opens with "[" here is not closed; close it with "]"'),
    ("a: {x: 1", '1:4: the mapping that opens with "{" here is not closed; close it with "}"'),
    ('a: "x\nb: c\n', "1:4: the quote that opens here is not closed"),
    ("a: 'x\n---\nb", "1:4: the quote that opens here is not closed"),
    ("a: - b", "1:4: a list cannot start here"),
    ("  a: 1\nb: 2", "2:1: this does not belong to what stands above it"),
    ('a: "\\q"', "1:5: after a backslash in double quotes, this letter means nothing; write \\\\ for a backslash"),
    ('a: "\\ud800"', "1:7: this backslash does not lead to a character"),
    ('a: "\\xzz"', "1:7: this backslash does not lead to a character"),
    ("a: **b**", '1:4: a value that starts with "*" is an alias, and this one has no name'),
    ("a: & b", '1:4: a value that starts with "&" is an anchor, and this one has no name'),
    ("a: !x!y z", "1:4: tags are not accepted"),
    ("a: ]", "1:4: a value is missing here"),
    ("a: 1\n: 2", "2:1: a key is missing before the colon; write it"),
    ("{: 1}", "1:2: a key is missing before the colon"),
    ("a: |x\n", '1:4: after "|" or ">", the text starts on the next line'),
    ("%YAML 3.0\n---\na", "1:1: this version of YAML is not known"),
    ("%FOO\n---\na", "1:5: this line starts with %"),
    ("a: ? b", "1:4: this is not YAML (mapping keys are not allowed in this context)"),
]


@pytest.mark.parametrize(("text", "said"), CASES)
def test_syntax_errors_are_told_in_plain_words(text: str, said: str) -> None:
    (problem,) = read_bytes(text.encode(), file="a.yaml").problems

    assert str(worded(problem, reveal=False)).startswith(f"a.yaml:{said}")


@pytest.mark.parametrize("text", [text for text, _ in CASES if not text.startswith("%FOO")] + ['a: "\\U00110000"'])
def test_the_parser_in_python_refuses_the_same(text: str) -> None:
    reading = read_bytes(text.encode(), file="a.yaml", parser=PythonParser)

    assert len(reading.problems) == 1
    assert reading.problems[0].line > 0
    assert not reading.complete
