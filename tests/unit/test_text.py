import pytest

from reconciler.core.address import fact_address, user_address
from reconciler.core.text import quoted, shortened, visible


@pytest.mark.parametrize("text", ["plain", "Inês", "日本語", "a → b"])
def test_text_that_prints_is_left_alone(text: str) -> None:
    assert visible(text) == text


@pytest.mark.parametrize("text", ["\x1b[31m", "a\nb", "\u202e", "\x9b", "\u2028", "\x00", "\u200b", "\ud800"])
def test_text_that_does_not_print_is_escaped(text: str) -> None:
    assert visible(text).isprintable()
    assert quoted(text).isprintable()
    visible(text).encode()


def test_shortened_text_ends_in_an_ellipsis() -> None:
    assert shortened("abcdef", 4) == "abc…"
    assert shortened("abcd", 4) == "abcd"


def test_keys_that_are_not_one_word_stand_in_brackets() -> None:
    assert fact_address("m", "plan") == "m.facts.plan"
    assert fact_address("m", "a.b") == 'm.facts["a.b"]'
    assert user_address("m", "+1") == 'm.users["+1"]'
