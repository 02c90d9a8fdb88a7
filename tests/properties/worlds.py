"""Any specs and any live account, and a small model of what an apply makes of the two, written apart from the tool."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

NAMES = ["ana", "bo", "cy-1", "d_2"]
SCOPES: dict[str, dict[str, str]] = {
    "support": {"persona_id": "persona-1"},
    "sales": {"persona_id": "persona-2"},
    "line": {"agent_number": "+14155550100"},
}
PHONES = ["+14155550192", "+442079460001", "+12345678900"]

KEYS = st.sampled_from(["plan", "name", "__private", "a.b", "naïve key", "no", "02139", "root['x']"])
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=12)
SCALARS = (
    TEXTS
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.integers(-(10**6), 10**6).map(lambda number: number / 1000)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=6,
)
LIVE_VALUES = VALUES | st.none()
FACTS = st.dictionaries(KEYS, VALUES, max_size=4)


@dataclass(frozen=True)
class Layer:
    """One layer of declared facts; no key is in both."""

    facts: Mapping[str, Any]
    seeds: Mapping[str, Any]

    @property
    def body(self) -> dict[str, Any]:
        return {"facts": dict(self.facts), "seed_facts": dict(self.seeds)}


@dataclass(frozen=True)
class World:
    """
    Declarations and a live account.

    `scopes` and `contacts` give layers by name; `memories` a layer and users by contact and scope; `live` the facts
    and users of memories that exist, by contact and scope.
    """

    scopes: Mapping[str, Layer]
    contacts: Mapping[str, Layer]
    memories: Mapping[tuple[str, str], tuple[Layer, frozenset[str]]]
    live: Mapping[tuple[str, str], tuple[Mapping[str, Any], frozenset[str]]]


@st.composite
def layers(draw: st.DrawFn) -> Layer:
    facts = draw(FACTS)
    return Layer(facts, {key: value for key, value in draw(FACTS).items() if key not in facts})


PAIRS = st.tuples(st.sampled_from(NAMES), st.sampled_from(sorted(SCOPES)))
USERS = st.frozensets(st.sampled_from(PHONES), max_size=2)


@st.composite
def worlds(draw: st.DrawFn) -> World:
    return World(
        scopes={name: draw(layers()) for name in SCOPES},
        contacts={name: draw(layers()) for name in NAMES},
        memories=draw(st.dictionaries(PAIRS, st.tuples(layers(), USERS), max_size=4)),
        live=draw(st.dictionaries(PAIRS, st.tuples(st.dictionaries(KEYS, LIVE_VALUES, max_size=4), USERS), max_size=4)),
    )


def contact_id(name: str) -> str:
    return f"id-of-{name}"


# the account, as the sandbox takes and gives it


def live_account(world: World) -> dict[str, Any]:
    return {
        "contact_memories": [
            {
                "id": f"mem-{contact}-{scope}",
                "contact_id": contact_id(contact),
                **SCOPES[scope],
                "facts": facts,
                "users": [{"phone_number": phone} for phone in sorted(users)],
            }
            for (contact, scope), (facts, users) in sorted(world.live.items())
        ]
    }


def account_of(dump: Any) -> dict[tuple[str, str], tuple[Any, frozenset[str]]]:
    names = {contact_id(name): name for name in NAMES}
    scopes = {next(iter(key.values())): scope for scope, key in SCOPES.items()}
    return {
        (names[memory["contact_id"]], scopes[memory["persona_id"] or memory["agent_number"]]): (
            memory["facts"],
            frozenset(user["phone_number"] for user in memory["users"]),
        )
        for memory in dump["contact_memories"]
    }


# the model


def expected(world: World) -> dict[tuple[str, str], tuple[Any, frozenset[str]]]:
    account: dict[tuple[str, str], tuple[Any, frozenset[str]]] = dict(world.live)
    for (contact, scope), (layer, users) in world.memories.items():
        facts, live_users = account.get((contact, scope), ({}, frozenset()))
        after = dict(facts)
        for key, (value, is_seed) in effective(world.scopes[scope], world.contacts[contact], layer).items():
            if key not in after:
                after[key] = value
            elif not is_seed:
                after[key] = merged(after[key], value)
        account[contact, scope] = (after, live_users | users)
    return account


def effective(*by_precedence: Layer) -> dict[str, tuple[Any, bool]]:
    """Give the value of each key and whether it is a seed; the last layer wins."""
    entries: dict[str, tuple[Any, bool]] = {}
    for layer in by_precedence:
        entries.update({key: (value, False) for key, value in layer.facts.items()})
        entries.update({key: (value, True) for key, value in layer.seeds.items()})
    return entries


def merged(live: Any, declared: Any) -> Any:
    if not (isinstance(live, dict) and isinstance(declared, dict)):
        return declared
    return {
        key: merged(live[key], declared[key]) if key in live and key in declared else declared.get(key, live.get(key))
        for key in live | declared
    }


# the specs, as files


def write_specs(world: World, folder: Path, random: Any) -> None:
    """Write one declaration a document, over three files, in an order that `random` gives."""
    documents = [{"scopes": {name: {**SCOPES[name], **layer.body}}} for name, layer in world.scopes.items()]
    documents += [
        {"contacts": {name: {"contact_id": contact_id(name), **layer.body, "scopes": scopes_of(world, name)}}}
        for name, layer in world.contacts.items()
    ]
    random.shuffle(documents)
    for number in range(3):
        path = folder / f"specs/{number}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n---\n".join(yaml(shuffled(item, random)) for item in documents[number::3]), encoding="utf-8")


def scopes_of(world: World, contact: str) -> dict[str, Any]:
    return {
        scope: {**layer.body, "users": [{"phone_number": phone} for phone in sorted(users)]}
        for (name, scope), (layer, users) in world.memories.items()
        if name == contact
    }


def shuffled(value: Any, random: Any) -> Any:
    if isinstance(value, dict):
        keys = list(value)
        random.shuffle(keys)
        return {key: shuffled(value[key], random) for key in keys}
    if isinstance(value, list):
        items = [shuffled(item, random) for item in value]
        if items and isinstance(items[0], dict) and "phone_number" in items[0]:
            random.shuffle(items)
        return items
    return value


def yaml(value: Any) -> str:
    """Write YAML in flow style: JSON, with what does not print escaped as YAML does."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{yaml(key)}: {yaml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(yaml, value)) + "]"
    if isinstance(value, str):
        return '"' + "".join(yaml_character(character) for character in value) + '"'
    return f"{value:f}" if isinstance(value, float) else json.dumps(value)


def yaml_character(character: str) -> str:
    if character in '"\\':
        return f"\\{character}"
    return character if character.isprintable() else f"\\U{ord(character):08x}"
