"""No secret leaves its class on its way from a spec, an overlay or the mapping of rows to what is declared."""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.model.desired import Desired
from reconciler.core.model.references import escaped
from reconciler.core.model.text import Secret, UnreadSecret
from reconciler.core.model.value import Json
from reconciler.errors import SpecError
from tests.specs.cases import SCOPE, load, references

CARD = "TOPSECRET-${4242}"
ROWS = (
    SCOPE.decode()
    + "contacts_from:\n- file: data.csv\n  named_by: id\n  contact:\n    external_id: id\n"
    + "    metadata: {m: {value: %s}}\n    facts: {f: {value: %s}}\n    scopes:\n      support:\n"
    + "        seed_facts: {s: {value: %s}}\n        users: [{phone_number: phone, metadata: {value: '${env:CARD}'}}]\n"
)
DECLARED = (
    SCOPE.decode()
    + "contacts:\n  ana:\n    external_id: x\n    metadata: {m: %s}\n    facts: {f: %s}\n"
    + "    scopes: {support: {seed_facts: {s: %s}}}\n"
)
PATCHED = "contacts: {ana: {metadata: {m: %s}, facts: {f: %s}, scopes: {support: {seed_facts: {s: %s}}}}}\n"

TEXTS = st.sampled_from(["${env:CARD}", "no. ${env:CARD}", "$${ ${env:CARD}", "$${plain}", "plain", "${plan_name}"])
NESTED = st.recursive(
    TEXTS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(["a", "b", "$${c}"]), inner, max_size=3)
    ),
    max_leaves=6,
)


def declared(spec: str, overlay: str = "") -> Desired:
    files = {"a.yaml": spec.encode(), "data.csv": b"id,phone\nana,+14155550100\n"}
    with tempfile.TemporaryDirectory() as folder:
        patches = {"overlays/o.yaml": overlay.encode()} if overlay else {}
        return load(Path(folder), {**files, **patches}, references(environ={"CARD": CARD}.get)).desired


def values(desired: Desired) -> Iterator[Json]:
    for memory in desired.contact_memories:
        yield from (fact.value for fact in (*memory.facts, *memory.contact.profile))
        yield from (user.metadata for user in memory.users)


def texts(value: Json) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from (key, *texts(item))
    elif isinstance(value, list):
        for item in value:
            yield from texts(item)


def with_secrets(value: Json) -> Json:
    if isinstance(value, str):
        return UnreadSecret(value) if "env:" in value else value
    if isinstance(value, dict):
        return {key: with_secrets(item) for key, item in value.items()}
    return [with_secrets(item) for item in value] if isinstance(value, list) else value


def plain(value: Json) -> Json:
    """Give the value as it would be sent, so that two can be compared whatever their classes."""
    sent: Json = json.loads(json.dumps(value))
    return sent


@pytest.mark.parametrize(
    "written", ['"${env:CARD}"', '{number: "${env:CARD}"}', '["${env:CARD}"]', '[{a: ["${env:CARD}"]}]']
)
def test_a_secret_among_the_constants_of_rows_stays_one_at_every_depth(written: str) -> None:
    found = [
        text for value in values(declared(ROWS % (written, written, written))) for text in texts(value) if CARD in text
    ]

    assert len(found) == 4
    assert all(isinstance(text, Secret) for text in found)


@given(NESTED)
def test_no_secret_leaves_its_class_at_any_depth_wherever_it_stands(value: Json) -> None:
    written = json.dumps(value)
    in_rows, in_yaml, in_overlay = (
        list(values(declared(ROWS % (written, written, written)))),
        list(values(declared(DECLARED % (written, written, written)))),
        list(values(declared(DECLARED % ("x", "x", "x"), PATCHED % (written, written, written)))),
    )

    for text in (text for one in (*in_rows, *in_yaml, *in_overlay) for text in texts(one)):
        assert isinstance(text, Secret) == (CARD in text)
    assert [plain(one) for one in in_rows[:3]] == [plain(one) for one in in_yaml] == [plain(one) for one in in_overlay]


@given(NESTED)
def test_what_is_escaped_keeps_its_secrets_as_they_are(written: Json) -> None:
    value = with_secrets(written)
    secrets = [text for text in texts(value) if isinstance(text, Secret)]

    assert [id(text) for text in texts(escaped(value)) if isinstance(text, Secret)] == [id(text) for text in secrets]


@pytest.mark.parametrize("key", ["file: '${env:CARD}.csv'", "file: data.csv\n  delimiter: '${env:CARD}'"])
def test_what_says_which_file_and_columns_to_read_is_shown_and_cannot_be_a_secret(key: str) -> None:
    spec = ROWS % ("x", "x", "x")

    with pytest.raises(SpecError, match=r"is a secret, and .* which are shown") as caught:
        declared(spec.replace("file: data.csv", key))

    assert CARD not in str(caught.value)


ADDRESSES = "this becomes part of addresses and URLs"


@pytest.mark.parametrize(
    ("mapped", "constant", "why"),
    [
        ("external_id: id", "external_id: {value: '${env:CARD}'}", ADDRESSES),
        ("external_id: id", "contact_id: {value: '${env:CARD}'}", ADDRESSES),
        ("external_id: id", "external_id: id\n    email: {value: '${env:CARD}'}", ADDRESSES),
        ("external_id: id", "external_id: id\n    phone_number: {value: '${env:CARD}'}", ADDRESSES),
        ("phone_number: phone", "phone_number: {value: '${env:CARD}'}", ADDRESSES),
        ("external_id: id", "external_id: id\n    labels: {region: {value: '${env:CARD}'}}", "labels are shown"),
    ],
)
def test_what_names_a_contact_or_a_user_of_all_rows_is_no_secret(mapped: str, constant: str, why: str) -> None:
    spec = (ROWS % ("x", "x", "x")).replace(mapped, constant)

    with pytest.raises(SpecError, match=rf"is a secret, and {why}") as caught:
        declared(spec)

    assert CARD not in str(caught.value)
