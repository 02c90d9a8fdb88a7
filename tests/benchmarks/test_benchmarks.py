"""What the benchmarks measure with, untimed: a world and a server that repeat themselves and do not lie."""

from pathlib import Path
from typing import Any

import httpx

from reconciler.sandbox.app import create_app
from reconciler.sandbox.serve import running
from reconciler.sandbox.store import Store
from reconciler.specs import load_specs
from tests.benchmarks.server import Account
from tests.benchmarks.serving import serving
from tests.benchmarks.world import PERSONA, World, write_one_file

KEY = {"authorization": "any"}
SMALL = World(3, changed=1.0)


def test_a_world_is_the_same_each_time_and_another_with_another_seed() -> None:
    assert list(World(20, changed=0.5).people()) == list(World(20, changed=0.5).people())
    assert list(World(20).people()) != list(World(20, seed=8).people())


def test_the_share_of_differences_is_that_asked_for() -> None:
    def differing(world: World) -> int:
        return sum(person.live != person.declared for person in world.people())

    assert [differing(World(400)), differing(World(400, changed=1.0))] == [0, 400]
    assert 150 < differing(World(400, changed=0.5)) < 250


def test_the_specs_declare_the_world(tmp_path: Path) -> None:
    write_one_file(World(20), tmp_path / "contacts.yaml", users=True)
    memories = load_specs(["contacts.yaml"], root=tmp_path).desired.contact_memories

    declared = [{fact.key: fact.value for fact in memory.facts} for memory in memories]
    assert declared == [person.declared for person in World(20).people()]
    assert [len(memory.users) for memory in memories] == [1] * 20


def shape(value: Any) -> Any:
    """Give what kinds of things a body is made of, with the keys of mappings."""
    if isinstance(value, dict):
        return {key: shape(item) for key, item in value.items() if item is not None}
    return [shape(item) for item in value[:1]] if isinstance(value, list) else type(value).__name__


def conversation(url: str, phone_number: str) -> list[tuple[int, Any]]:
    """Create and write a memory, and read it in every way that is measured."""
    with httpx.Client(base_url=url, headers=KEY) as client:
        found = client.get("/v1/contacts", params={"limit": 200}).json()["data"]
        contact = next(one for one in found if one["identifiers"][0]["identifier_value"] == phone_number)
        scope = {"contact_id": contact["id"], "persona_id": PERSONA}
        created = client.post("/v1/memory/contact", json=scope)
        memory_id = created.json()["data"]["memory"]["id"]
        written = client.patch(f"/v1/memory/contact/{memory_id}/facts", json={"facts": {"seats": 4}})
        again = [client.get("/v1/memory/context", params=scope), client.get("/v1/contacts?limit=200&offset=0")]
    return [(one.status_code, shape(one.json())) for one in (created, written, *again)]


def test_the_server_answers_in_the_shapes_of_the_sandbox() -> None:
    people = list(SMALL.people())
    with running(create_app(Store())) as sandbox, httpx.Client(base_url=sandbox, headers=KEY) as client:
        for person in people:
            identified = {"phone_number": person.phone_number, "name": person.declared["name"]}
            contact = client.post("/v1/contacts/resolve", json=identified).json()["data"]["contact"]
            memory = client.post("/v1/memory/contact", json={"contact_id": contact["id"], "persona_id": PERSONA}).json()
            path = f"/v1/memory/contact/{memory['data']['memory']['id']}/facts"
            client.patch(path, json={"facts": person.live})
        said = conversation(sandbox, people[1].phone_number)

    with serving(SMALL, latency=0.0) as served:
        assert conversation(served.url, people[1].phone_number) == said


def test_the_server_refuses_what_is_beyond_its_rate_in_any_window() -> None:
    times = [0.0, 9.0, 9.5, 10.0, 18.9, 19.0]
    account = Account(SMALL, (2, 10.0), iter(times).__next__)
    path = f"/v1/memory/context?contact_id={next(SMALL.people()).contact_id}".encode()
    said = [account.answer(b"GET", path, b"").split()[1] for _ in times]

    assert said == [b"200", b"200", b"429", b"200", b"429", b"200"]
    assert account.answer(b"GET", b"/v1/contacts?limit=200", b"").split()[1] == b"200"
    assert (account.counts.requests, account.counts.refused) == (5, 2)


def test_the_server_counts_what_came() -> None:
    with serving(SMALL, latency=0.0) as served:
        conversation(served.url, next(SMALL.people()).phone_number)
        assert (seen := served.traffic()).by_call == {
            "GET contacts": 2,
            "POST memory": 1,
            "PATCH facts": 1,
            "GET context": 1,
        }
        assert (seen.requests, seen.writes, seen.connections) == (5, 2, 1)
        assert served.traffic().requests == 0
