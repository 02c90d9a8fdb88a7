"""What JSON says in data files, as far as specs can say it."""

import pytest

from reconciler.reading import Refusal
from reconciler.reading.row_files import json_value


@pytest.mark.parametrize(
    ("text", "value"),
    [("1e3", 1000.0), ("-2.5E-1", -0.25), ("0e0", 0.0), ("1e22", 1e22), ("5e-324", 5e-324), ("-0e5", -0.0),
     ("9007199254740992e0", 2.0**53), ("1.7976931348623157e308", 1.7976931348623157e308)],
)  # fmt: skip
def test_a_number_with_an_exponent_is_read_where_a_double_carries_it(text: str, value: float) -> None:
    assert repr(json_value(text)) == repr(value)


@pytest.mark.parametrize(
    "text",
    ["9007199254740993e0", "12345678901234567890123456789e-5", "1e-400", "-1e-400", "1e400", "-1E+400", "4e-324",
     "1e-99999999999999999999", "1e99999999999999999999", "0.1000000000000000055e0", "1" + "0" * 400 + "e-400"],
)  # fmt: skip
def test_a_number_with_an_exponent_that_would_change_is_refused_and_not_quoted(text: str) -> None:
    refused = json_value(f'{{"a": [{text}]}}')

    assert isinstance(refused, Refusal)
    assert refused.message == "JSON cannot carry this number with an exponent unchanged"
    assert "in quotes" in refused.cure


@pytest.mark.parametrize("text", ["9007199254740992", "-9007199254740993", "0.1000000000000000055", "NaN", "-Infinity"])
def test_numbers_without_an_exponent_are_refused_as_in_yaml(text: str) -> None:
    assert isinstance(json_value(text), Refusal)
