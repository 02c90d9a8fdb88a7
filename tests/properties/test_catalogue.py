"""A value that the catalogue accepts keeps the rules of its key, as JSON Schema understands them; and no other does."""

from typing import Any

from hypothesis import event, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from reconciler.core.model.catalogue import FactKey, broken_rule, has_type
from tests.builders import HERE

SCALARS = st.text("ab1", max_size=4) | st.integers(-2, 2) | st.sampled_from([0.5, 1.0]) | st.booleans()
VALUES = SCALARS | st.lists(SCALARS, max_size=2) | st.dictionaries(st.sampled_from("ab"), SCALARS, max_size=2)
TYPES = {"string": "string", "number": "number", "integer": "integer", "boolean": "boolean"}
KEYS = st.builds(
    FactKey,
    name=st.just("a"),
    source=st.just(HERE),
    type=st.sampled_from([None, *TYPES, "list", "mapping"]),
    enum=st.lists(SCALARS, max_size=3).map(tuple),
)
TEXT_KEYS = st.builds(
    FactKey,
    name=st.just("a"),
    source=st.just(HERE),
    type=st.sampled_from([None, "string"]),
    enum=st.lists(SCALARS, max_size=2).map(tuple),
    pattern=st.sampled_from([None, "a+", "a|b1", "[ab]*1?", ""]),
    max_length=st.none() | st.integers(1, 3),
)


def as_json_schema(key: FactKey) -> dict[str, Any]:
    made: dict[str, Any] = {"list": {"type": "array"}, "mapping": {"type": "object"}}.get(key.type or "", {})
    if key.type in TYPES:
        made = {"type": key.type}
    if key.pattern is not None or key.max_length is not None:
        made["type"] = "string"
    if key.enum:
        made["enum"] = list(key.enum)
    if key.pattern is not None:
        made["pattern"] = f"^(?:{key.pattern})$"
    if key.max_length is not None:
        made["maxLength"] = key.max_length
    return made


@given(KEYS | TEXT_KEYS, VALUES)
def test_a_value_is_accepted_exactly_where_it_keeps_all_rules(key: FactKey, value: Any) -> None:
    broken = broken_rule(key, value)
    event(f"broken: {broken}")

    assert (broken is None) == Draft202012Validator(as_json_schema(key)).is_valid(value)


@given(VALUES)
def test_every_value_has_a_type(value: Any) -> None:
    fitting = [one for one in ("string", "number", "boolean", "list", "mapping") if has_type(value, one)]

    assert len(fitting) == 1
