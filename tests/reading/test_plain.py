"""What is read line by line is read as the parser reads it: the same values of the same types, at the same places."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.model.value import Json
from reconciler.reading.builder import Builder
from reconciler.reading.parser import parsed
from reconciler.reading.places import Lines, Mark, dotted
from reconciler.reading.plain import plain_document

_STARTS = ["", "", "  ", "  ", "    ", "      ", " ", "- ", "  - ", "    - ", "-   ", "- - "]
_KEYS = [
    *("a: ", "b: ", "a:", "b:", "c d:", "e-f.g/h:   ", "null: ", "7: ", "a :", '"q": ', "<<: ", "x:y: ", "", "", ""),
    *("'b': ", '"null":', '"":', "'b':x", '"a"', "a - b: "),
]
_VALUES = [
    *("", "", "text", "two words", "true", "7", "-7", "1.50", "0x1F", "007", "null", "~", "é ü", "a:b", "a: b", "a#b"),
    *("http://x.y/z?q=1#f", "10:30", "- 5", "x -y", ".nan", ".5", "+1415", "(x)", "12345678901234567890", "a,b]", "*x"),
    *('"q"', "'q'", '"q: #"', "'it''s'", r'"\n"', '"a" b', "{}", "[]", "{ }", "{a: 1}", "{a: b c, d: 'e, f'}", "{a: }"),
    *("{a: 1, a: 2}", "[1, two, '3']", "[1,]", "[a b,  c ]", "[[1]]", "{a: {}}", "[?a]", "{a: b: c}", "{null: 1}", "|"),
    *(
        '{"a": {"b": [1, {c: d}]}, "e": "f"}',
        "{'null': 1, null: 2}",
        "[{a: 1}, {}]",
        "{a: [b, ]}",
        "{a: [1}]",
        '{"a":1}',
    ),
    *(
        "[a - b, -1, -x]",
        "{a: -, b: 1}",
        "{a - b: c/d@e.f}",
        "[x: y]",
        "[[]]]",
        '{"a": "b"c}',
        "{a: b, a: c}",
        "{{a: b}: c}",
    ),
    *('{"a":1}', "&x 1", "!!str 1", ">-", "@a", "%a", "---", "...", "\u00a0x", "x\u00a0", "😀 x"),
]
_ENDS = ["", "", "", "", " ", " # why", "#no", "   ", "\t", "\r"]
LINES = st.builds("".join, st.tuples(*(st.sampled_from(part) for part in (_STARTS, _KEYS, _VALUES, _ENDS))))
TEXTS = st.builds("{}{}".format, st.lists(LINES, max_size=8).map("\n".join), st.sampled_from(["\n", "", "\n\n", "\n#"]))


def shape(value: Json) -> object:
    """Return a value in a form that differs where a type does."""
    if isinstance(value, dict):
        return {key: shape(below) for key, below in value.items()}
    return [*map(shape, value)] if isinstance(value, list) else (type(value).__name__, value)


def by_parser(text: str) -> tuple[object, Mark]:
    """Read the one document of a text that has no problems."""
    builder = Builder(Lines("a.yaml", text), dotted)
    builder.take(parsed(text))
    (document,) = builder.documents
    assert builder.problems == []
    return shape(document.value), document.mark


@given(TEXTS)
def test_what_is_read_by_lines_the_parser_reads_alike(text: str) -> None:
    plain = plain_document(text)

    assert plain is None or (shape(plain[0]), plain[1]) == by_parser(text)


_SPEC = """\
# who is remembered
scopes:
  support: {persona_id: persona-1}  # a comment

contacts:
  ann-lee:
    contact_id: 0aa3f6a2-8b6f-4d5c-9d3e-2f1b7a5c9e10
    labels: {}
    scopes:
      support:
        facts:
          name: Ann Lee
          account: "0042"
          seats: 7
          rate: 7.50
          tags: [a, 'b c']
          address:
            city: Köln
            since: 2024-05-01
        users:
          - phone_number: +14155550192
            summary: 'likes tea: green'
          - phone_number: "+14155550193"
    aliases:
    - Ann
    - A. Lee
  jon:
    email: jon@example.com
"""


_JSON = '{"version": 1, "environments": {"e": {"api": "https://x.y", "rate": 1.5, "specs": ["a", "b"]}, "f": {}}}'


@pytest.mark.parametrize(
    "text",
    [
        *(_SPEC, _SPEC.removesuffix("\n"), "- a: 1\n  b:\n  - 2\n- c\n", "  a: 1\n  b: 2"),
        *(_JSON, f"{_JSON} \n", "a: {b: {c: [d, {e: 1}]}}\n", "\"+1415\":\n  'null': {}\n"),
    ],
)
def test_files_in_plain_style_are_read_by_lines(text: str) -> None:
    plain = plain_document(text)

    assert plain
    assert (shape(plain[0]), plain[1]) == by_parser(text)


def test_a_file_of_several_blocks_is_read_as_one() -> None:
    text = "contacts:\n" + "".join(f"  c-{at}:\n    email: a{at}@example.com\n" for at in range(5000))
    plain = plain_document(text)

    assert plain
    assert (shape(plain[0]), plain[1]) == by_parser(text)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "# nothing\n",
            "a: 1\n---\nb: 2\n",
            "a:\n",
            "a:\nb: 1\n",
            "a: 1\na: 2\n",
            "a: 1\n  b: 2\n",
            "a: 1\n b: 2\n",
        ),
        *(
            "a: 1\n b: 2\n",
            "a:\n  b: 1\n c: 2\n",
            "a: |\n  b: 1\n",
            "a: b\n  c\n",
            "a: &x 1\n",
            "text\n",
            "- a\nb: 1\n",
            "a: 1\n- b\n",
        ),
        *("a: {b: 1}}\n", "a: [1\n", "a: .nan\n", "null: 1\n", "a:\n  null:\n    b: 1\n", "x" * 300 + ": 1\n"),
        *("".join(f"{'  ' * depth}a:\n" for depth in range(70)), f"a: {'[' * 70}{']' * 70}\n", "[" * 5000),
    ],
)
def test_what_is_in_another_style_or_wrong_is_left_to_the_parser(text: str) -> None:
    assert plain_document(text) is None
