"""Patterns of the catalogue are RE2's: they mean what Python's mean, and no text makes them take long."""

import re

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from reconciler.core.model.catalogue import LONGEST_WITH_PATTERN
from reconciler.core.model.patterns import PatternError, check_pattern, matches

PIECES = st.sampled_from(["a", "b", "é", "[ab]", "[^a]", "(?:a|b)", ".", "a|b", "\\.", "[0-9]", "(a)", "^", "$"])
REPEATED = st.builds(
    "{}{}".format, PIECES.filter(lambda piece: piece not in "^$"), st.sampled_from("*+?") | st.just("{1,2}")
)
PATTERNS = st.lists(PIECES | REPEATED, max_size=5).map("".join)


@given(PATTERNS, st.text("abé.1\n", max_size=6))
def test_a_pattern_is_for_the_whole_text_as_python_has_it(pattern: str, text: str) -> None:
    check_pattern(pattern)
    is_match = re.fullmatch(pattern.replace("$", r"\Z"), text) is not None
    event(f"matches: {is_match}")

    assert matches(pattern, text) == is_match


@pytest.mark.parametrize(
    "pattern",
    ["(a+)+b", "(a|aa)+b", "(a|a)*b", "([a-z]+)*b", "a*a*a*a*a*a*a*a*b", "(.*)*b", "(x+x+)+y|(a?){100}b"],
)
def test_what_makes_others_try_for_hours_is_gone_through_once(pattern: str) -> None:
    check_pattern(pattern)

    assert not matches(pattern, "a" * LONGEST_WITH_PATTERN)
    assert matches(pattern, "a" * (LONGEST_WITH_PATTERN - 1) + "b") or pattern.startswith("(x+")


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (r"\d+", "٣٤"),
        (r"\w+", "é"),
        ("a$", "a\n"),
        (".", "\n"),
    ],
)
def test_classes_are_those_of_ascii_and_an_end_is_the_end(pattern: str, text: str) -> None:
    check_pattern(pattern)

    assert not matches(pattern, text)


@pytest.mark.parametrize(
    ("pattern", "text"), [(".", "😀"), (r"\pL+", "Zoë"), (r"(?i)É", "é"), ("", ""), (".", "\ud800"), (r"\x{e9}", "é")]
)
def test_characters_are_whole_whatever_their_bytes(pattern: str, text: str) -> None:
    check_pattern(pattern)

    assert matches(pattern, text)


@pytest.mark.parametrize(
    "pattern",
    [
        "(?=a)",
        "(?<=a)b",
        r"(a)\1",
        "(?P=n)",
        "(?>a)",
        "a++",
        "(?(1)a|b)",
        "[",
        "(",
        "a**",
        r"\u00e9",
        "a{,3}",
        "a{1,99999}",
    ],
)
def test_what_cannot_be_matched_in_one_go_is_no_pattern(pattern: str, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(PatternError) as refused:
        check_pattern(pattern)

    assert refused.value.reason
    assert refused.value.cure
    assert capfd.readouterr().err == ""
