import re

import pytest

from reconciler.core.model.settings import Rate, parse_rate
from reconciler.core.model.text import duration

LIMIT = Rate(100, 900)


@pytest.mark.parametrize(
    ("text", "rate"), [("100/15m", LIMIT), ("5/1s", Rate(5, 1)), ("1000/2h", Rate(1000, 7200)), ("7/90s", Rate(7, 90))]
)
def test_a_rate_is_read_and_written_alike(text: str, rate: Rate) -> None:
    assert parse_rate(text) == rate
    assert str(rate) == text


@pytest.mark.parametrize("text", ["100", "100/15", "0/15m", "100/0m", "-1/s", "1.5/s", "100/15min", "100 / 15m", "/"])
def test_what_is_no_rate_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=re.escape(text)):
        parse_rate(text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.2, "1 s"),
        (59, "59 s"),
        (60, "1 min"),
        (125, "2 min 5 s"),
        (900, "15 min"),
        (5400, "1 h 30 min"),
        (7200, "2 h"),
    ],
)
def test_a_duration_reads_as_people_say_it(seconds: float, text: str) -> None:
    assert duration(seconds) == text
