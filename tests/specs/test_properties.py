"""What holds for any specs: order says nothing, and nothing but SpecError is raised."""

import json
import random
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct
from msgspec.structs import fields

from reconciler.core.model.desired import Desired
from reconciler.core.model.value import Json
from reconciler.errors import Source, SpecError
from reconciler.specs import load_specs

Documents = Sequence[Mapping[str, Json]]

FACTS = st.dictionaries(st.sampled_from("abc"), st.one_of(st.integers(0, 9), st.text("xy"), st.lists(st.booleans())))
SEEDS = st.dictionaries(st.sampled_from("def"), st.integers(0, 9))
USERS = st.sets(st.integers(1000000, 1000020), max_size=3).map(
    lambda numbers: [{"phone_number": f"+1415{number}"} for number in numbers]
)
MEMORIES = st.dictionaries(
    st.sampled_from(["one", "two"]), st.fixed_dictionaries({"facts": FACTS, "seed_facts": SEEDS, "users": USERS})
)
CONTACTS = st.dictionaries(st.sampled_from(["ann", "bob", "cid"]), st.tuples(FACTS, SEEDS, MEMORIES))


def documents(contacts: Mapping[str, tuple[Json, Json, Json]], scope_facts: Json) -> Documents:
    """Give one document for each declaration."""
    return [
        {"scopes": {"one": {"persona_id": "p", "facts": scope_facts}}},
        {"scopes": {"two": {"agent_number": "+14155550100", "seed_facts": scope_facts}}},
        *(
            {"contacts": {name: {"contact_id": name, "facts": facts, "seed_facts": seeds, "scopes": memories}}}
            for name, (facts, seeds, memories) in contacts.items()
        ),
    ]


def loaded(files: Sequence[str]) -> Desired:
    with tempfile.TemporaryDirectory() as folder:
        for index, text in enumerate(files):
            Path(folder, f"{index}.yaml").write_text(text)
        return load_specs(["."], root=Path(folder)).desired


def shuffled(value: Json, order: random.Random) -> Json:
    if isinstance(value, dict):
        return {key: shuffled(value[key], order) for key in order.sample(list(value), len(value))}
    return value


def sourceless(value: object) -> object:
    if isinstance(value, Source):
        return None
    if isinstance(value, Struct):
        return [sourceless(getattr(value, field.name)) for field in fields(value)]
    return [sourceless(one) for one in value] if isinstance(value, tuple) else value


@given(CONTACTS, FACTS, st.randoms(use_true_random=False))
def test_the_order_of_files_documents_and_keys_says_nothing(
    contacts: Mapping[str, tuple[Json, Json, Json]], scope_facts: Json, order: random.Random
) -> None:
    declared = documents(contacts, scope_facts)
    moved = [shuffled(dict(one), order) for one in order.sample(list(declared), len(declared))]

    several_files = loaded([json.dumps(one) for one in declared])
    one_file = loaded(["\n---\n".join(json.dumps(one) for one in moved)])

    assert sourceless(several_files) == sourceless(one_file)


@given(CONTACTS, FACTS)
def test_facts_are_those_of_an_independent_merge(
    contacts: Mapping[str, tuple[dict[str, Json], dict[str, Json], dict[str, dict[str, dict[str, Json]]]]],
    scope_facts: dict[str, Json],
) -> None:
    desired = loaded([json.dumps(one) for one in documents(contacts, scope_facts)])

    for memory in desired.contact_memories:
        facts, seeds, memories = contacts[memory.contact.name]
        own = memories[memory.scope]
        assert {fact.key: fact.value for fact in memory.facts} == {
            **scope_facts,
            **facts,
            **seeds,
            **own["facts"],
            **own["seed_facts"],
        }


@given(
    st.one_of(
        st.binary(max_size=60),
        st.text("scopes contacts:{}[],&*!|>'\"\n-~0.#?", max_size=60).map(str.encode),
        st.recursive(
            st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=3)),
            lambda inner: st.one_of(
                st.lists(inner, max_size=3),
                st.dictionaries(
                    st.sampled_from(["scopes", "contacts", "memories", "facts", "users", "contact_id", "phone_number"]),
                    inner,
                    max_size=4,
                ),
            ),
        ).map(lambda value: json.dumps(value).encode()),
    )
)
def test_whatever_a_file_holds_it_is_loaded_or_refused(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "a.yaml").write_bytes(data)
        with suppress(SpecError):
            load_specs(["."], root=Path(folder))
