"""Any specs and any live account, and a small model of what an apply makes of the two, written apart from the tool."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, product
from pathlib import Path
from random import Random
from typing import Any

from hypothesis import strategies as st

NAMES = ["ana", "bo", "cy-1", "d_2"]
SCOPES: dict[str, dict[str, str]] = {
    "support": {"persona_id": "persona-1"},
    "sales": {"persona_id": "persona-2"},
    "line": {"agent_number": "+14155550100"},
}
PHONES = ["+14155550192", "+442079460001", "+12345678900"]

EVERY_KEY = ["plan", "name", "__private", "a.b", "naïve key", "no", "02139", "root['x']"]
KEYS = st.sampled_from(EVERY_KEY)
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

    `scopes` and `contacts` give layers by name; `identities` what each contact is declared by; `memories` a layer and
    users (metadata by phone number) by contact and scope; `live` the facts and users of memories that exist.
    `profiles` gives name and metadata as declared and, for contacts that exist, as they are.
    """

    scopes: Mapping[str, Layer]
    contacts: Mapping[str, Layer]
    identities: Mapping[str, str]
    profiles: Mapping[str, tuple[Mapping[str, Any], Mapping[str, Any]]]
    memories: Mapping[tuple[str, str], tuple[Layer, Mapping[str, str | None]]]
    live: Mapping[tuple[str, str], tuple[Mapping[str, Any], Mapping[str, str | None]]]

    @property
    def live_contacts(self) -> set[str]:
        return {name for name, _ in self.live} | {name for name, (_, live) in self.profiles.items() if live}

    @property
    def possible(self) -> "World":
        """The same with nothing said of contacts that are declared by an id of no contact: these cannot be made."""
        impossible = {name for name in NAMES if self.identities[name] == "contact_id"} - self.live_contacts
        profiles = {name: ({} if name in impossible else said, live) for name, (said, live) in self.profiles.items()}
        return replace(self, profiles=profiles)

    @property
    def by_id_alone(self) -> "World":
        """The same with contacts declared by id, and nothing said of contacts themselves: all that the seeds allow."""
        return replace(
            self,
            identities=dict.fromkeys(NAMES, "contact_id"),
            profiles={name: ({}, live) for name, (_, live) in self.profiles.items()},
        )


EVERY_PAIR = list(product(NAMES, sorted(SCOPES)))
EVERY_USERS: list[dict[str, str | None]] = [
    dict(zip(phones, texts, strict=True))
    for size in range(3)
    for phones in combinations(PHONES, size)
    for texts in product([None, "one", "two"], repeat=size)
]
USERS = st.sampled_from(EVERY_USERS)
IDENTITIES = st.sampled_from(["contact_id", "external_id", "phone_number", "email"])
PAIRS = st.dictionaries(st.sampled_from(EVERY_PAIR), st.sampled_from(["both", "declared", "live"]), max_size=8)


class Parts:
    """
    Parts of a world, chosen from a few values that are drawn: one number says what is in a part, and 0 is nothing.

    Drawing each value of each part would take twice the time of all that a law does with a world.
    """

    def __init__(self, draw: st.DrawFn) -> None:
        self._draw = draw
        self._values = [*draw(st.lists(VALUES, min_size=3, max_size=6)), True, 1, "1", {}]

    def layer(self) -> Layer:
        number = self._number()
        facts, seeds = (entries(f"{kind} {number}", number, self._values) for kind in ("facts", "seeds"))
        return Layer(facts, {key: value for key, value in seeds.items() if key not in facts})

    def live_facts(self) -> dict[str, Any]:
        number = self._number()
        return entries(f"live {number}", number, [*self._values, None, None])

    def profile(self) -> dict[str, Any]:
        number = self._number()
        whole = {"name": ["Ann", "Bo"][number % 2], "metadata": entries(f"metadata {number}", number, self._values)}
        return {key: whole[key] for key in [[], ["name"], ["metadata"], ["name", "metadata"]][number // 2 % 4]}

    def users(self) -> dict[str, str | None]:
        return self._draw(USERS)

    def _number(self) -> int:
        return self._draw(st.integers(0, 2**32))


def entries(seed: str, most: int, values: Sequence[Any]) -> dict[str, Any]:
    """Choose at most four keys, and a value for each."""
    chance = Random(seed)  # noqa: S311  repeatable is the point
    return {key: chance.choice(values) for key in chance.sample(EVERY_KEY, min(most, chance.randint(0, 4)))}


@st.composite
def worlds(draw: st.DrawFn) -> World:
    parts = Parts(draw)
    pairs = draw(PAIRS)
    return World(
        scopes={name: parts.layer() for name in SCOPES},
        contacts={name: parts.layer() for name in NAMES},
        identities={name: draw(IDENTITIES) for name in NAMES},
        profiles={name: (parts.profile(), parts.profile()) for name in NAMES},
        memories={pair: (parts.layer(), parts.users()) for pair, where in pairs.items() if where != "live"},
        live={pair: (parts.live_facts(), parts.users()) for pair, where in pairs.items() if where != "declared"},
    )


def contact_id(name: str) -> str:
    return f"id-of-{name}"


def identifiers(name: str) -> dict[str, str]:
    return {
        "external_id": f"crm-{name}",
        "phone_number": f"+1415555019{NAMES.index(name)}",
        "email": f"{name}@example.com",
    }


# the account, as the sandbox takes and gives it


def live_account(world: World) -> dict[str, Any]:
    return {
        "contacts": [
            {
                "id": contact_id(name),
                **world.profiles[name][1],
                "identifiers": [
                    {"identifier_type": kind, "identifier_value": value} for kind, value in identifiers(name).items()
                ],
            }
            for name in sorted(world.live_contacts)
        ],
        "contact_memories": [
            {
                "id": f"mem-{contact}-{scope}",
                "contact_id": contact_id(contact),
                **SCOPES[scope],
                "facts": facts,
                "users": [
                    {"phone_number": phone, "metadata": metadata, "summary": "from a call"}
                    for phone, metadata in sorted(users.items())
                ],
            }
            for (contact, scope), (facts, users) in sorted(world.live.items())
        ],
    }


@dataclass(frozen=True)
class Account:
    """What an account holds: memories by contact and scope, and the profiles of contacts."""

    memories: Mapping[tuple[str, str], tuple[Mapping[str, Any], Mapping[str, str | None]]]
    profiles: Mapping[str, Mapping[str, Any]]


def account_of(dump: Any) -> Account:
    names = {contact["id"]: name_of(contact) for contact in dump["contacts"]}
    scopes = {next(iter(key.values())): scope for scope, key in SCOPES.items()}
    memories = {
        (names[memory["contact_id"]], scopes[memory["persona_id"] or memory["agent_number"]]): (
            memory["facts"],
            {user["phone_number"]: user["metadata"] for user in memory["users"]},
        )
        for memory in dump["contact_memories"]
    }
    profiles = {names[contact["id"]]: profile_of(contact) for contact in dump["contacts"]}
    return Account(memories, profiles)


def name_of(contact: Any) -> str:
    known = {value: name for name in NAMES for value in (contact_id(name), *identifiers(name).values())}
    return known.get(contact["id"]) or known[contact["identifiers"][0]["identifier_value"]]


def profile_of(contact: Any) -> dict[str, Any]:
    return {key: contact[key] for key in ("name", "metadata") if contact[key]}


# the model


def expected(world: World, *, sees_users: bool = True) -> Account:
    """Give what the account holds after an apply; where users cannot be seen, those who are there stay as they are."""
    memories = dict(world.live)
    profiles = {name: world.profiles[name][1] for name in world.live_contacts}
    for name in NAMES:
        declared, live = world.profiles[name][0], profiles.get(name)
        if live is not None or world.identities[name] != "contact_id":
            profiles[name] = merged(live or {}, declared)
    for (contact, scope), (layer, users) in world.memories.items():
        profiles.setdefault(contact, {})
        facts, live_users = memories.get((contact, scope), ({}, {}))
        after = dict(facts)
        for key, (value, is_seed) in effective(world.scopes[scope], world.contacts[contact], layer).items():
            if key not in after:
                after[key] = value
            elif not is_seed:
                after[key] = merged(after[key], value)
        changed = {phone: text for phone, text in users.items() if text is not None or phone not in live_users}
        memories[contact, scope] = (after, {**live_users, **changed} if sees_users else {**changed, **live_users})
    return Account(memories, {name: {k: v for k, v in profile.items() if v} for name, profile in profiles.items()})


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
    documents += [{"contacts": {name: contact_body(world, name, layer)}} for name, layer in world.contacts.items()]
    random.shuffle(documents)
    for number in range(3):
        path = folder / f"specs/{number}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n---\n".join(yaml(shuffled(item, random)) for item in documents[number::3]), encoding="utf-8")


def contact_body(world: World, name: str, layer: Layer) -> dict[str, Any]:
    kind = world.identities[name]
    identity = contact_id(name) if kind == "contact_id" else identifiers(name)[kind]
    return {kind: identity, **world.profiles[name][0], **layer.body, "scopes": scopes_of(world, name)}


def scopes_of(world: World, contact: str) -> dict[str, Any]:
    return {
        scope: {**layer.body, "users": [user_body(*user) for user in sorted(users.items())]}
        for (name, scope), (layer, users) in world.memories.items()
        if name == contact
    }


def user_body(phone_number: str, metadata: str | None) -> dict[str, str]:
    return {"phone_number": phone_number} | ({} if metadata is None else {"metadata": metadata})


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
        literal = value.replace("${", "$${")  # in a spec, this would be the start of a reference
        return '"' + "".join(yaml_character(character) for character in literal) + '"'
    if isinstance(value, float):  # 0.50 and -0 would be text
        return f"{value:f}".rstrip("0").rstrip(".") if value else "0"
    return json.dumps(value)


def yaml_character(character: str) -> str:
    if character in '"\\':
        return f"\\{character}"
    return character if character.isprintable() else f"\\U{ord(character):08x}"
