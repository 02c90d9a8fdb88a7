from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.model.value import keeps_digits, same
from reconciler.reading import read_bytes
from reconciler.reading.writing import DUMPER, Dumper, UnfaithfulError, written

DUMPERS: list[Dumper] = [DUMPER, yaml.SafeDumper]
TEXTS = st.text(st.characters(codec="utf-8"), max_size=20)
AWKWARD = st.sampled_from(
    ["no", "02139", "~", "null", "1e5", "2025-07-22", "12:30", "+14155550192", "a: b", "a #b", ""]
)
FLOATS = st.floats(allow_nan=False, allow_infinity=False).filter(keeps_digits)
NUMBERS = st.integers(-(2**53) + 1, 2**53 - 1) | FLOATS
VALUES = st.recursive(
    TEXTS | AWKWARD | st.booleans() | NUMBERS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS | AWKWARD, inner, max_size=3),
    max_leaves=8,
)
DOCUMENTS = st.dictionaries(TEXTS | AWKWARD, VALUES, min_size=1, max_size=3)


def read(text: str) -> Any:
    reading = read_bytes(text.encode(), file="a.yaml")
    assert reading.problems == ()
    return reading.documents[0].value


@pytest.mark.parametrize(
    "text",
    [
        "premium",
        "Sarah Chen",
        "Zoë Müller",
        "America/Los_Angeles",
        "O'Brien, Pat",
        "persona-12345678",
        "crm.42",
        "日本",
    ],
)
def test_plain_words_stand_without_quotes(text: str) -> None:
    assert written({"key": text}) == f"key: {text}\n"


@pytest.mark.parametrize(
    "text",
    ["no", "Yes", "ON", "off", "y", "N", "true", "False", "null", "None", "NaN", "inf", "~", "", "02139", "1_000",
     "1e5", "7.5", "-3", "0x1F", "2025-07-22", "12:30", "+14155550192", "<<", "=", "a: b", "a #b", " a", "a ", "- a",
     "? a", "*a", "&a", "!a", "%a", "@a", "`a", "|", ">", "[a]", "{a}", "a:", "# a", "'a'", "---", "...", "25 years"],
)  # fmt: skip
def test_what_other_readers_might_take_for_something_else_is_quoted(text: str) -> None:
    assert written({"key": text}) == f'key: "{text}"\n'
    assert written({text: 1}) == f'"{text}": 1\n'


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("a\nb\n", '"a\\nb\\n"'),
        ('say "hi" \\o/', '"say \\"hi\\" \\\\o/"'),
        ("\x00\x07\x7f\x85\u2028\ufeff", '"\\0\\a\\x7F\\N\\L\\uFEFF"'),
    ],
)
def test_what_does_not_print_is_escaped(text: str, quoted: str) -> None:
    assert written({"key": text}) == f"key: {quoted}\n"


@pytest.mark.parametrize(
    ("number", "digits"),
    [
        (41, "41"),
        (2**53 - 1, "9007199254740991"),
        (True, "true"),
        (7.5, "7.5"),
        (1e-7, "0.0000001"),
        (1.0, "1"),
        (1e22, "10000000000000000000000"),
        (-0.0, "0"),
        (None, "null"),
    ],
)
def test_what_is_not_text_stands_bare_and_numbers_have_no_exponent(number: float | None, digits: str) -> None:
    assert written({"key": number}) == f"key: {digits}\n"


def test_long_text_is_not_folded() -> None:
    text = "word " * 200 + "end"

    assert written({"key": text}) == f"key: {text}\n"
    assert written({"key": f"{text}\n"}).count("\n") == 1


@pytest.mark.parametrize(
    ("text", "line"),
    [("\U0001f44d", '"\U0001f44d"'), ("\\U0001F44D", r'"\\U0001F44D"'), ("\\\U0001f44d", '"\\\\\U0001f44d"')],
)
def test_characters_beyond_the_basic_plane_stand_as_they_are(text: str, line: str) -> None:
    assert written({"a": text}) == f"a: {line}\n"


def test_lists_are_indented_below_what_they_stand_under() -> None:
    assert written({"a": [[1, [2]], {"b": ["- c"]}], "d": 3}) == (
        'a:\n  -   - 1\n      -   - 2\n  - b:\n      - "- c"\nd: 3\n'
    )


def test_nothing_becomes_an_anchor() -> None:
    shared = ["a"]

    assert written({"one": shared, "two": shared}) == "one:\n  - a\ntwo:\n  - a\n"


def test_empty_mappings_and_lists_are_kept_apart() -> None:
    assert written({"a": {}, "b": [], "c": [[], {}]}) == "a: {}\nb: []\nc:\n  - []\n  - {}\n"


def test_a_comment_cannot_break_out_of_its_line() -> None:
    text = written({"a": 1}, comments=["one\nb: 2", "two\u2028c: 3", ""])

    assert text == "# one\\nb: 2\n# two\\u2028c: 3\n#\na: 1\n"


@pytest.mark.parametrize("value", [2**53, 2.0**53 + 2, 10**400, float("nan"), float("inf"), "\ud800"])
def test_what_cannot_be_read_back_is_not_written(value: Any) -> None:
    with pytest.raises((UnfaithfulError, UnicodeEncodeError)):
        written({"key": value})


@pytest.mark.parametrize("dumper", DUMPERS)
@given(DOCUMENTS)
def test_every_document_is_read_back_as_what_it_was(dumper: Dumper, document: dict[str, Any]) -> None:
    text = written(document, comments=["about"], dumper=dumper)

    assert same(read(text), document)
    assert text == written(document, comments=["about"], dumper=dumper)


@given(DOCUMENTS)
def test_other_readers_of_yaml_see_the_same(document: dict[str, Any]) -> None:
    assert same(doubles(yaml.safe_load(written(document))), doubles(document))


def doubles(value: Any) -> Any:
    """Return a value with its numbers as the doubles that readers of JSON make of them."""
    if isinstance(value, dict):
        return {key: doubles(item) for key, item in value.items()}
    if isinstance(value, list):
        return [doubles(item) for item in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value
