"""Every declared value is explained by the places that say it, the one that counts last."""

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.documents.comparison import declared_values
from reconciler.core.model.desired import Desired
from reconciler.core.model.value import Json
from reconciler.errors import InputError, SpecError
from reconciler.reading import read_bytes
from reconciler.specs.loading import Specs
from reconciler.specs.problems import Problems
from reconciler.specs.provenance import explain
from reconciler.specs.references import resolve
from tests.specs.cases import load, references
from tests.specs.test_overlays import ENTRIES, LAYERS, OVERLAY, SPECS


def specs(root: Path) -> Specs:
    return Specs(root, ["specs"], ["overlays"], references())


def chains(root: Path, address: str) -> dict[str, list[str]]:
    return {
        one.address: [f"{given.source.file}:{given.source.line} {given.layer} {given.key}" for given in one.given]
        for one in explain(specs(root), address)
    }


def test_what_was_overridden_stands_before_what_counts(tmp_path: Path) -> None:
    load(tmp_path, {"a.yaml": SPECS, "overlays/o.yaml": OVERLAY})

    assert chains(tmp_path, "contacts.sarah.scopes.support.facts") == {
        "contacts.sarah.scopes.support.facts.extra": ["overlays/o.yaml:11 contact in scope facts.extra"],
        "contacts.sarah.scopes.support.facts.hours": ["specs/a.yaml:1 scope facts.hours"],
        "contacts.sarah.scopes.support.facts.language": [
            "specs/a.yaml:8 contact seed_facts.language",
            "overlays/o.yaml:6 contact facts.language",
        ],
        "contacts.sarah.scopes.support.facts.plan": [
            "specs/a.yaml:7 contact facts.plan",
            "overlays/o.yaml:8 contact seed_facts.plan",
        ],
        "contacts.sarah.scopes.support.facts.visits": ["specs/a.yaml:7 contact facts.visits"],
    }
    assert chains(tmp_path, "memories.vip") == {
        "memories.vip": ["specs/a.yaml:14 memory memory_id", "overlays/o.yaml:16 memory memory_id"]
    }


def test_an_address_names_what_is_below_it_and_nothing_beside_it(tmp_path: Path) -> None:
    load(tmp_path, {"a.yaml": b"contacts: {a: {email: a@b, name: x}, ab: {email: c@d, metadata: {'k k': 1}}}"})
    (tmp_path / "overlays").mkdir()
    (tmp_path / "overlays/none.yaml").touch()

    assert list(chains(tmp_path, "contacts.a")) == ["contacts.a", "contacts.a.name"]
    assert list(chains(tmp_path, 'contacts.ab.metadata["k k"]')) == ['contacts.ab.metadata["k k"]']
    with pytest.raises(InputError, match=r'names nothing that is declared; did you mean "contacts\.ab"'):
        chains(tmp_path, "contacts.abc")
    with pytest.raises(InputError, match=r"declared; known here: a, a\.name, ab,"):
        chains(tmp_path, "contacts.nobody")


def test_a_key_with_an_escape_is_explained_as_the_key_that_it_means(tmp_path: Path) -> None:
    parts = "metadata: {'$${m}': 1}, facts: {'$${f}': 1}, scopes: {s: {seed_facts: {'$${s}': 1}}}"
    spec = f"scopes: {{s: {{persona_id: p}}}}\ncontacts: {{a: {{email: a@b, {parts}}}}}"
    load(tmp_path, {"a.yaml": spec.encode()})
    (tmp_path / "overlays").mkdir()
    (tmp_path / "overlays/none.yaml").touch()

    assert {one for one in chains(tmp_path, "contacts.a") if "$" in one} == {
        'contacts.a.metadata["${m}"]',
        'contacts.a.scopes.s.facts["${f}"]',
        'contacts.a.scopes.s.facts["${s}"]',
    }


def test_specs_that_are_wrong_are_told_first(tmp_path: Path) -> None:
    load(tmp_path, {"a.yaml": SPECS, "overlays/o.yaml": OVERLAY})
    (tmp_path / "specs/b.yaml").write_text("x: 1")

    with pytest.raises(SpecError):
        chains(tmp_path, "contacts.sarah")


def sources(desired: Desired) -> Mapping[str, str]:
    found = {
        f"{memory.address}.facts.{fact.key}": str(fact.source)
        for memory in desired.contact_memories
        for fact in memory.facts
    }
    return found | {f"contacts.c.{fact.key}": str(fact.source) for fact in desired.contacts[0].profile}


@given(ENTRIES, ENTRIES, ENTRIES, LAYERS)
def test_the_place_that_counts_is_the_one_that_loading_takes(
    base: Mapping[str, Json], first: Mapping[str, Json], second: Mapping[str, Json], scope: Mapping[str, Json]
) -> None:
    documents = [{"scopes": {"s": {"persona_id": "p", **scope}}}, {"contacts": {"c": {"contact_id": "i", **base}}}]
    patches = [{"contacts": {"c": first}}, {"contacts": {"c": second}}]
    files: Mapping[str, list[Any]] = {"a.yaml": documents, "overlays/o.yaml": patches}
    texts = {name: "\n---\n".join(json.dumps(part) for part in parts).encode() for name, parts in files.items()}

    with tempfile.TemporaryDirectory() as folder:
        desired = load(Path(folder), texts).desired
        explained = explain(specs(Path(folder)), "contacts.c")

    assert {one.address: one.value for one in explained} == {
        name: one.value for name, one in declared_values(desired).items()
    }
    expected = sources(desired)
    counting = {one.address: one.given[-1] for one in explained}
    for address, source in expected.items():
        if address != "contacts.c.metadata":
            assert str(counting[address].source) == source
    assert all(given.written == one.value for one in explained for given in one.given[-1:] if ".facts." in one.address)


CELLS = st.dictionaries(st.sampled_from("abc"), st.integers(0, 9) | st.just("${x}") | st.just("$${"), max_size=3)


def filled(written: Json) -> Json:
    text = json.dumps({"scopes": {"s": {"facts": {"k": written}}}})
    (document,) = read_bytes(text.encode(), file="").documents
    return resolve(document, references(), Problems()).at(("scopes", "s", "facts", "k")).value


@given(CELLS, CELLS, CELLS, ENTRIES, ENTRIES, LAYERS)
def test_the_last_place_gives_the_value_of_a_contact_of_a_row_too(  # noqa: PLR0913, PLR0917  drawn
    enforced: Mapping[str, Json],
    seeded: Mapping[str, Json],
    own: Mapping[str, Json],
    first: Mapping[str, Json],
    second: Mapping[str, Json],
    scope: Mapping[str, Json],
) -> None:
    seeded = {key: value for key, value in seeded.items() if key not in enforced}
    row = {"id": "c", **{f"k{key}": value for key, value in {**enforced, **seeded}.items()}}
    row |= {f"o{key}": value for key, value in own.items()}
    contact: Mapping[str, Json] = {
        "external_id": "id",
        "facts": {key: f"k{key}" for key in enforced},
        "seed_facts": {key: f"k{key}" for key in seeded},
        "scopes": {"s": {"facts": {key: f"o{key}" for key in own}}},
    }
    rows = {"contacts_from": [{"file": "data.jsonl", "named_by": "id", "contact": contact}]}
    files = {
        "a.yaml": json.dumps({"scopes": {"s": {"persona_id": "p", **scope}}, **rows}).encode(),
        "data.jsonl": json.dumps(row).encode(),
        "overlays/o.yaml": "\n---\n".join(json.dumps({"contacts": {"c": part}}) for part in (first, second)).encode(),
    }

    with tempfile.TemporaryDirectory() as folder:
        desired = load(Path(folder), files).desired
        explained = explain(specs(Path(folder)), "contacts.c")

    counting = {one.address: one.given[-1] for one in explained}
    assert counting.keys() == declared_values(desired).keys()
    for fact in (fact for memory in desired.contact_memories for fact in memory.facts):
        given_last = counting[f"contacts.c.scopes.s.facts.{fact.key}"]
        assert str(given_last.source) == str(fact.source)
        assert filled(given_last.written) == fact.value
