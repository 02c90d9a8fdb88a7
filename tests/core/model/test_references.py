"""References are recognized as they are written, and every text has a way to be written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.model.masking import shown
from reconciler.core.model.references import Malformed, Reference, escaped, parse, referenced

PLAN = Reference("plan_name", from_environment=False)
ACCOUNT = Reference("SARAH_ACCOUNT", from_environment=True)
TEXTS = st.text("${}:env a\n", max_size=12)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", ()),
        ("plain $5 {x} $", ("plain $5 {x} $",)),
        ("${plan_name}", (PLAN,)),
        ("a ${plan_name}${env:SARAH_ACCOUNT} z", ("a ", PLAN, ACCOUNT, " z")),
        ("$${plan_name}", ("${plan_name}",)),
        ("$$${plan_name}", ("$${plan_name}",)),
        ("$${a} ${plan_name}", ("${a} ", PLAN)),
    ],
)
def test_a_text_is_taken_apart(text: str, parts: tuple[object, ...]) -> None:
    assert parse(text) == parts


@pytest.mark.parametrize(
    ("text", "message", "cure"),
    [
        ("${plan", '"${plan" is a reference that is not closed', 'close it with "}"'),
        ("${}", '"${}" is not a reference', "write ${name} or ${env:NAME}, or write $${ for a literal ${"),
        ("${ plan }", "not a reference", "did you mean ${plan}?"),
        ("${env.HOME}", "not a reference", "did you mean ${env:HOME}?"),
        ("${ENV: HOME}", "not a reference", "did you mean ${env:HOME}?"),
        ("${env:A-B}", "not a reference", "write ${name}"),
        ("${a.b}", "not a reference", "write ${name}"),
    ],
)
def test_what_is_malformed_is_told_with_its_cure(text: str, message: str, cure: str) -> None:
    (part,) = parse(text)

    assert isinstance(part, Malformed)
    assert message in shown(part.message)
    assert shown(part.cure).startswith(cure)


@given(TEXTS)
def test_every_text_can_be_written(text: str) -> None:
    assert "".join(map(str, parse(str(escaped(text))))) == text
    assert not any(isinstance(part, Reference | Malformed) for part in parse(str(escaped(text))))


@given(TEXTS)
def test_a_text_without_an_opening_is_written_as_it_is(text: str) -> None:
    if "${" not in text:
        assert parse(text) == ((text,) if text else ())
        assert escaped(text) == text


def test_references_are_found_at_any_depth_and_keys_are_escaped_with_values() -> None:
    assert list(referenced({"a": ["${plan_name}", 5, {"b": "x${env:SARAH_ACCOUNT}"}]})) == [PLAN, ACCOUNT]
    assert escaped({"${k}": ["${v}", 5, None]}) == {"$${k}": ["$${v}", 5, None]}
