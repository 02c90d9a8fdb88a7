"""Text stays text: what plain scalars mean, against a statement of the rules that shares no code with them."""

import json
import re
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.reading.scalars import Refusal, plain_key_refusal, plain_value

LIMIT = 9007199254740991


@pytest.mark.parametrize(
    "text",
    [
        *("+14155550100", "02139", "no", "yes", "on", "True", "FALSE", "12:30", "2025-07-22", "1_000", "0x1F", "0o17"),
        *("1e3", "-", "--", "1.", ".5", "+1", "-01", "00", "1.2.3", "5%", "NaN", "inf", "Infinity", "=", "<<", "nil"),
        "\u0661\u0662",
    ],
)
def test_text_stays_text(text: str) -> None:
    assert plain_value(text) == text


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("false", False),
        ("0", 0),
        ("-0", 0),
        ("-7", -7),
        ("0.5", 0.5),
        ("-1.50", -1.5),
        ("9007199254740991", LIMIT),
        ("-9007199254740991", -LIMIT),
        ("0.30000000000000004", 0.30000000000000004),
    ],
)
def test_plain_numbers_and_booleans_are_what_they_look_like(text: str, value: object) -> None:
    found = plain_value(text)

    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize("text", ["", "~", "null", "Null", "NULL"])
def test_null_has_five_spellings_as_a_value_and_none_as_a_key(text: str) -> None:
    assert plain_value(text) is None
    assert plain_key_refusal(text) is not None


@pytest.mark.parametrize("text", [".nan", ".NaN", ".NAN", ".inf", "-.inf", "+.Inf", ".INF"])
def test_what_is_not_finite_is_refused(text: str) -> None:
    refusal = plain_value(text)

    assert isinstance(refusal, Refusal)
    assert "quotes" in refusal.cure


@pytest.mark.parametrize(
    "text",
    [
        str(LIMIT + 1),
        str(-LIMIT - 1),
        "9" * 5000,
        "-" + "9" * 5000,
        "1." + "0" * 5000,
        "0.1234567890123456789",
        "9" * 390 + ".5",
        "0." + "0" * 390 + "1",
        "9007199254740993.0",
    ],
)
def test_numbers_that_json_would_change_are_refused_in_a_short_message(text: str) -> None:
    refusal = plain_value(text)

    assert isinstance(refusal, Refusal)
    assert len(refusal.message) < 120


def test_keys_are_text_whatever_they_look_like_and_merge_keys_are_refused() -> None:
    assert [plain_key_refusal(text) for text in ("true", "12", ".nan", "no")] == [None] * 4
    assert plain_key_refusal("<<") is not None


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_what_python_writes_of_a_float_is_read_as_the_same_float(number: float) -> None:
    text = repr(number)

    assert plain_value(text) == (text if "e" in text else number)


@given(st.one_of(st.text(), st.from_regex(r"[-+]?[0-9]{0,20}[._]?[0-9]{0,20}", fullmatch=True)))
def test_a_plain_scalar_is_a_number_exactly_when_json_says_so(text: str) -> None:
    value = plain_value(text)

    if isinstance(value, Refusal):
        assert not _is_kept(text)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        assert _is_kept(text)
        assert value == json.loads(text)
    elif isinstance(value, str):
        assert value == text
        assert not _is_json_number(text)


def _is_json_number(text: str) -> bool:
    try:
        return not re.search(r"[eE\s]", text) and type(json.loads(text)) in (int, float)
    except ValueError:
        return False


def _is_kept(text: str) -> bool:
    """Say whether JSON gives back the same number: below 2**53, or the very decimal that a double prints."""
    if not _is_json_number(text):
        return False
    if "." not in text:
        return abs(int(text)) <= LIMIT
    return Fraction(repr(float(text))) == Fraction(text)
