"""The work of `fmt` grows with the size of a file, and not with its square: calls are counted, and nothing is timed."""

from collections.abc import Callable
from cProfile import Profile
from pstats import Stats

import pytest

from reconciler.formatting import Formatted, format_text

SCOPES = "scopes:\n  s: {persona_id: p}\n"


def contacts(number: int) -> str:
    each = "  # c\n  c{0}:\n    facts:\n      # f\n      zip: 02139 # z\n    # e\n    email: c{0}@b\n    # end\n"
    return "contacts:\n" + "".join(each.format(one) for one in range(number)) + SCOPES


def facts(number: int) -> str:
    lines = "".join(f"      # f\n      k{one}: 02139\n" for one in range(number))
    return f"contacts:\n  c:\n    facts:\n{lines}    email: a@b\n"


def users(number: int) -> str:
    each = "      # u\n      - # m\n        metadata: m\n        # p\n        phone_number: +1{0:010}\n"
    return "memories:\n  m:\n    users:\n" + "".join(map(each.format, range(number))) + "    memory_id: m\n"


def documents(number: int) -> str:
    return "".join(f"---\n# c\ncontacts:\n  c{one}: {{facts: {{}}, email: c{one}@b}}\n" for one in range(number))


def calls(text: str) -> int:
    with Profile() as profile:
        outcome = format_text(text, name="a.yaml")
    assert isinstance(outcome, Formatted)
    assert outcome.text != text
    total: int = Stats(profile).total_calls  # type: ignore[attr-defined] # the stubs leave it out
    return total


@pytest.mark.parametrize("text", [contacts, facts, users, documents])
def test_twice_as_much_takes_twice_as_many_calls(text: Callable[[int], str]) -> None:
    calls(text(1))  # what is done once a process

    assert calls(text(100)) < 2.2 * calls(text(50))
