import json

import pytest

from reconciler.core.model.address import fact_address, user_address
from reconciler.core.model.text import commanding_no_runner, json_text, quoted, shortened, visible


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


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("a :: b\n", "a :: b\n"),
        ("::error::x\n  ::add-path::y\r::z", r"\x3a:error::x" + "\n  " + r"\x3a:add-path::y" + "\r" + r"\x3a:z"),
        ("a ##[add-path]x", r"a #\x23[add-path]x"),
    ],
)
def test_a_runner_of_ci_finds_no_command(text: str, safe: str) -> None:
    assert commanding_no_runner(text) == safe


@pytest.mark.parametrize("text", ["\x9b31m", "\u2028\u202e", "\ud83d", "##[x]", "\x7f", "é😀", "\U000e0001"])
def test_json_says_the_same_in_characters_that_print(text: str) -> None:
    written = json_text({"k": [text]}, indent=1)

    assert json.loads(written) == {"k": [text]}
    assert written.replace("\n", "").isprintable()
    assert "##[" not in written
