import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Literal

import pytest

from reconciler.sandbox.store import Store
from reconciler.sandbox.values import SandboxStateError, Scope

from .driver import Json, numbered

WORLD: Json = {
    "contacts": [
        {
            "id": "c1",
            "name": "Sarah Chen",
            "identifiers": [{"identifier_type": "email", "identifier_value": "sarah@example.com"}],
        }
    ],
    "contact_memories": [
        {
            "id": "mem-1",
            "contact_id": "c1",
            "persona_id": "p1",
            "facts": {"plan": "premium", "n": 1.5},
            "entities": [{"entity_type": "order"}],
            "users": [{"phone_number": "+12345678900", "metadata": "25 years"}],
        },
        {"contact_id": "c2", "agent_number": "+14155550100"},
    ],
    "stores": [{"name": "callers", "users": [{"phone_number": "+12345678901"}]}],
}


def store_of(world: Json, path: Path | str = ":memory:") -> Store:
    store = Store(path, new_id=numbered())
    store.load(world)
    return store


def names(records: object) -> list[str]:
    assert isinstance(records, list)
    return [record["id"] for record in records]


def test_what_is_dumped_can_be_inserted_again() -> None:
    dumped = store_of(WORLD).dump()
    assert store_of(dumped).dump() == dumped


def test_a_dump_is_sorted_and_keeps_the_ids_that_were_given() -> None:
    dumped = store_of({"contact_memories": [{"id": "mem-z", "contact_id": "c2"}, {"id": "mem-a", "contact_id": "c1"}]})
    assert names(dumped.dump()["contact_memories"]) == ["mem-a", "mem-z"]
    assert names(dumped.dump()["contacts"]) == ["c1", "c2"]


def test_the_id_of_a_contact_memory_begins_with_mem() -> None:
    assert names(store_of({"contact_memories": [{"contact_id": "c1"}]}).dump()["contact_memories"]) == ["mem-id-1"]


def test_a_world_is_inserted_next_to_what_is_there() -> None:
    store = store_of({"contacts": [{"id": "c1"}]})
    store.load({"contacts": [{"id": "c2"}]})
    assert names(store.dump()["contacts"]) == ["c1", "c2"]


def test_a_reset_forgets_everything() -> None:
    store = store_of(WORLD)
    store.reset()
    assert store.dump() == {"contacts": [], "contact_memories": [], "stores": []}


@pytest.mark.parametrize(
    ("world", "message"),
    [
        ({"memories": []}, "world: unknown part 'memories'"),
        ({"contacts": {}}, "contacts: expected a list of objects"),
        ({"contacts": [7]}, "contacts: expected a list of objects"),
        ({"contacts": [{"nmae": "x"}]}, "contacts: unknown field 'nmae'"),
        ({"contact_memories": [{}]}, "contact_memories.contact_id: required"),
        ({"contact_memories": [{"contact_id": "c", "facts": []}]}, "contact_memories.facts: expected dict, found list"),
        (
            {"contact_memories": [{"contact_id": "c", "summary": 7}]},
            "contact_memories.summary: expected str, found int",
        ),
        ({"contacts": [{"id": "c1"}, {"id": "c1"}]}, "world: cannot be inserted: UNIQUE"),
    ],
)
def test_a_world_that_makes_no_sense_is_refused_as_a_whole(world: Json, message: str) -> None:
    store = store_of({"contacts": [{"id": "before"}]})
    with pytest.raises(SandboxStateError, match=message):
        store.load({"stores": [{"name": "callers"}], **world})
    assert names(store.dump()["contacts"]) == ["before"]
    assert store.dump()["stores"] == []


def test_two_memories_of_one_scope_can_be_store_of() -> None:
    twins = [{"id": f"mem-{n}", "contact_id": "c1", "persona_id": "p1", "facts": {"n": n}} for n in (2, 1)]
    store = store_of({"contact_memories": twins})
    found = store.memories.find(Scope(contact_id="c1", persona_id="p1", agent_number=None))
    assert names(store.dump()["contact_memories"]) == ["mem-1", "mem-2"]
    assert found == store.memories.get("mem-2")


@pytest.mark.parametrize(("to", "order"), [("front", ["c2", "c1", "c3"]), ("back", ["c1", "c3", "c2"])])
def test_a_contact_moves_in_the_listing(to: Literal["front", "back"], order: list[str]) -> None:
    store = store_of({"contacts": [{"id": f"c{number}"} for number in (1, 2, 3)]})
    before = store.dump()
    store.move_contact("c2", to=to)
    assert names(store.contacts.page(limit=9, offset=0)) == order
    assert store.dump() == before


def test_an_unknown_contact_cannot_move() -> None:
    with pytest.raises(SandboxStateError, match="c-x: no such contact"):
        Store().move_contact("c-x", to="front")


def test_the_agent_learns_facts_without_a_request() -> None:
    store = store_of(WORLD)
    store.learn_facts("mem-1", {"plan": "trial", "mood": "good"})
    memory = store.memories.get("mem-1")
    assert memory is not None
    assert memory["facts"] == {"plan": "trial", "n": 1.5, "mood": "good"}


def test_the_agent_cannot_learn_about_an_unknown_memory() -> None:
    with pytest.raises(SandboxStateError, match="mem-x: no such contact memory"):
        Store().learn_facts("mem-x", {})


def test_a_file_keeps_what_it_was_told(tmp_path: Path) -> None:
    path = tmp_path / "new folder" / "state.sqlite3"
    first = store_of(WORLD, path)
    dumped = first.dump()
    first.close()
    assert reopened(path) == dumped


def test_a_file_can_be_looked_at_while_it_is_in_use(tmp_path: Path) -> None:
    store = store_of(WORLD, tmp_path / "state.sqlite3")
    assert reopened(tmp_path / "state.sqlite3") == store.dump()
    store.close()


def test_several_may_create_the_same_file_at_once(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        stores = list(pool.map(Store, [tmp_path / "state.sqlite3"] * 8))
    stores[0].load({"contacts": [{"id": "c1"}]})
    assert {len(names(store.dump()["contacts"])) for store in stores} == {1}
    for store in stores:
        store.close()


def reopened(path: Path) -> object:
    store = Store(path)
    dumped = store.dump()
    store.close()
    return dumped


def newer(path: Path) -> None:
    execute(path, "PRAGMA user_version = 99")


def of_something_else(path: Path) -> None:
    execute(path, "CREATE TABLE notes (text TEXT)")


def execute(path: Path, statement: str) -> None:
    connection = sqlite3.connect(path)
    connection.execute(statement)
    connection.close()


def no_database(path: Path) -> None:
    path.write_text("a shopping list " * 100)


@pytest.mark.parametrize(
    ("prepare", "message"),
    [
        (newer, r"written by a newer version \(state format 99, this one reads 1\)"),
        (of_something_else, "an SQLite file, but not one of the sandbox"),
        (no_database, "not a state file of the sandbox: file is not a database"),
        (Path.mkdir, "the sandbox cannot open its state"),
    ],
)
def test_a_file_that_is_no_state_is_refused(tmp_path: Path, prepare: Callable[[Path], None], message: str) -> None:
    path = tmp_path / "state.sqlite3"
    prepare(path)
    with pytest.raises(SandboxStateError, match=message):
        Store(path)


def test_a_file_of_something_else_is_left_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "notes.sqlite3"
    of_something_else(path)
    before = path.read_bytes()
    with pytest.raises(SandboxStateError):
        Store(path)
    assert path.read_bytes() == before
