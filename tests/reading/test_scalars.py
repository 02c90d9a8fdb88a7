"""Text stays text: what plain scalars mean, against a statement of the rules that shares no code with them."""

import json
import re
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reconciler.core.model.value import Json, digits, keeps_digits
from reconciler.reading import REFUSED, read_bytes
from reconciler.reading.scalars import NO_KEYS, Refusal, plain_value
from reconciler.reading.writing import written

LIMIT = 9007199254740991


@pytest.mark.parametrize(
    "text",
    [
        *("+14155550100", "02139", "no", "yes", "on", "True", "FALSE", "12:30", "2025-07-22", "1_000", "0x1F", "0o17"),
        *("1e3", "-", "--", "1.", ".5", "+1", "-01", "00", "1.2.3", "5%", "NaN", "inf", "Infinity", "=", "<<", "nil"),
        *("3.10", "10.00", "1.0", "0.0", "-0", "-0.0", "52.520000", "-1.50"),
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
        ("-7", -7),
        ("0.5", 0.5),
        ("-1.5", -1.5),
        ("10000000000000000000000", 1e22),
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
    assert text in NO_KEYS


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
        "12345678901234568",
    ],
)
def test_numbers_that_json_would_change_are_refused_in_a_short_message(text: str) -> None:
    refusal = plain_value(text)

    assert isinstance(refusal, Refusal)
    assert len(refusal.message) < 120


def test_keys_are_text_whatever_they_look_like_and_merge_keys_are_refused() -> None:
    assert NO_KEYS.keys().isdisjoint(("true", "12", ".nan", "no"))
    assert "<<" in NO_KEYS


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_all_digits_of_a_float_are_read_as_the_same_float(number: float) -> None:
    text = digits(number)

    assert plain_value(text) == number or isinstance(plain_value(text), Refusal) is not keeps_digits(number)


DECIMALS = st.from_regex(r"[-+]?[0-9]{0,20}[._]?[0-9]{0,20}0{0,3}", fullmatch=True)


@example("99999999999999999999")
@example("1.5")
@example("word")
@given(st.one_of(st.text(), DECIMALS))
def test_a_plain_scalar_is_a_number_exactly_when_writing_it_gives_the_same_characters(text: str) -> None:
    value = plain_value(text)

    if isinstance(value, Refusal):
        assert not _keeps_its_value(text)
    elif isinstance(value, str):
        assert value == text
        assert not _comes_back(text)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        assert _comes_back(text)
        assert value == float(json.loads(text))


@given(DECIMALS)
def test_of_any_decimal_what_is_read_written_and_read_again_is_the_same_characters(text: str) -> None:
    (first,) = _facts(f"k: {text}\n") or (REFUSED,)
    if first is not REFUSED:
        again = written({"k": first})

        assert _facts(again) == [first]
        assert again.removeprefix("k: ").strip().strip('"') == (text or "null")


def _facts(text: str) -> list[Json]:
    return [one.value["k"] for one in read_bytes(text.encode(), file="").documents if isinstance(one.value, dict)]


def _is_json_number(text: str) -> bool:
    try:
        return not re.search(r"[eE\s]", text) and type(json.loads(text, parse_constant=int)) in (int, float)
    except ValueError:
        return False


def _comes_back(text: str) -> bool:
    """Return whether the number that JSON reads is written, by an exact reckoning, with the same characters."""
    if not _is_json_number(text) or not _keeps_its_value(text):
        return False
    exact = Fraction(text)
    return text == (str(exact) if exact.denominator == 1 else _decimal(exact))


def _decimal(exact: Fraction) -> str:
    places = next(places for places in range(60) if (exact * 10**places).denominator == 1)
    whole, rest = divmod(abs(int(exact * 10**places)), 10**places)
    return f"{'-' if exact < 0 else ''}{whole}.{rest:0{places}}"


def _keeps_its_value(text: str) -> bool:
    """Return whether JSON gives back the same number: below 2**53, of few digits, or what a double prints."""
    if not _is_json_number(text):
        return False
    if "." not in text:
        return abs(int(text)) <= LIMIT or len(text.strip("-0")) <= 15
    return Fraction(repr(float(text))) == Fraction(text)
