"""What is no YAML is explained in plain words, at the most useful place."""

import json
import re

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.model.masking import worded
from reconciler.core.model.value import Json
from reconciler.reading import read_bytes
from reconciler.reading.parser import Parser, PythonParser

LONG = "k" * 1025
CASES = [
    ("a:\n\tb: 1", "2:1: a tab is used where only spaces are allowed; indent with spaces"),
    ("a: |\n  x\n\ty\n", "3:1: a tab is used where only spaces are allowed"),
    ("a: 1\n\tb: 2", "2:1: a tab is used where only spaces are allowed"),
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
    ("  a: 1\nb: 2", "2:1: this does not continue the lines above it"),
    ('a: "\\q"', "1:5: after a backslash in double quotes, this letter means nothing; write \\\\ for a backslash"),
    ('a: "\\ud800"', "1:5: this is half of a surrogate pair; write the character itself, or both of its halves"),
    ('a: "\\ude00\\ud83d"', "1:5: this is half of a surrogate pair"),
    ("a: 1\n<<<<<<< HEAD\nb: 2\n", "2:1: this line is a marker of a merge conflict; resolve the conflict, and remove"),
    ("b: 2\r\n>>>>>>> theirs\r\n", "2:1: this line is a marker of a merge conflict"),
    ("a: 1\n=======\nb: 2\n", "2:1: this line is a marker of a merge conflict"),
    ("a: 1\n||||||| base\nb: 2\n", "2:1: this line is a marker of a merge conflict"),
    (f"{LONG}: 1", "1:1: this key has 1,025 characters, and YAML takes at most 1,024 for one; shorten it"),
    (f"a: 1\n{LONG}: 1\n", "2:1: this key has 1,025 characters"),
    (f"a:\n  - {LONG}: 1\n", "2:5: this key has 1,025 characters"),
    (f"a: {{b: 1, {LONG} : 1}}", "1:11: this key has 1,026 characters"),
    (f'{{"{LONG}": 1}}', "1:2: this key has 1,027 characters"),
    ('a: "\\xzz"', "1:7: this backslash does not start a valid escape"),
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
    assert not reading.is_complete


@pytest.mark.parametrize("parser", [yaml.CSafeLoader, PythonParser])
@pytest.mark.parametrize(
    "text", ["[?new]", "{?plan: gold}", "[vip, ?new: soon]", '{?"a": 1}', "{a: [{?b: 1}]}", "{?&x a: 1}"]
)
def test_a_question_mark_is_never_lost_between_brackets(text: str, parser: Parser) -> None:
    (problem,) = read_bytes(f"a: {text}\n".encode(), file="a.yaml", parser=parser).problems

    assert problem.column == 4 + text.index("?")
    assert "the sign of a key" in problem.message
    assert problem.cure == "put the text in quotes"


@given(
    st.text("?:-a ,", min_size=1, max_size=7), st.sampled_from(["[{}]", "{{{}}}", "{{k: {}}}", "- {}", "k: {}", "{}"])
)
def test_no_sign_that_touches_a_text_is_lost(inner: str, form: str) -> None:
    text = form.format(inner)
    reading = read_bytes(text.encode(), file="a.yaml")
    kept = "".join(_texts([one.value for one in reading.documents]))

    for sign in "?:-" if not reading.problems else "":
        assert kept.count(sign) >= len(re.findall(rf"\{sign}(?=[^ ,\]}}])", text))


@pytest.mark.parametrize("parser", [yaml.CSafeLoader, PythonParser])
@pytest.mark.parametrize(
    ("written", "value"),
    [
        (r'"\ud83d\ude00"', "\U0001f600"),
        (r'"x \\\uD83D\uDE00\ud83d\ude01 y"', "x \\\U0001f600\U0001f601 y"),
        (r'"\\ud83d\\ude00"', r"\ud83d\ude00"),
        (r"'\ud83d\uDE00'", r"\ud83d\uDE00"),
        (r"x \uD83D\ude00 y", r"x \uD83D\ude00 y"),
        ("|-\n  \\ud83d\\ude00", r"\ud83d\ude00"),
    ],
)
def test_two_halves_in_double_quotes_are_one_character(written: str, value: str, parser: Parser) -> None:
    reading = read_bytes(f"a: {written}\nb: [1, 2]\n".encode(), file="a.yaml", parser=parser)

    assert [one.value for one in reading.documents] == [{"a": value, "b": [1, 2]}]


@given(st.text(st.characters(codec="utf-8")))
def test_what_json_escapes_is_read_as_yaml(text: str) -> None:
    reading = read_bytes(json.dumps({"a": text}).encode(), file="a.yaml")

    assert [one.value for one in reading.documents] == [{"a": text}]


@pytest.mark.parametrize("text", ["a: |\n  <<<<<<< x\n  =======\n", 'a: "x\n=======\ny"\n', "a: <<<<<<< x\n"])
def test_what_looks_like_a_conflict_may_stand_in_a_text(text: str) -> None:
    assert not read_bytes(text.encode(), file="a.yaml").problems


def _texts(value: Json) -> list[str]:
    match value:
        case dict():
            return [*value, *(text for below in value.values() for text in _texts(below))]
        case list():
            return [text for below in value for text in _texts(below)]
        case _:
            return [value] if isinstance(value, str) else []
