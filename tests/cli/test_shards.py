"""A shard reads its own part: what is wrong elsewhere is for `validate`, and a saved plan holds for unchanged files."""

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest
from filelock import FileLock

from reconciler.clock import SYSTEM_CLOCK
from reconciler.sandbox.app import create_app
from reconciler.sandbox.serve import running
from reconciler.sandbox.store import Store
from reconciler.storage.lease import holding
from reconciler.storage.store import FolderStore
from tests.cli.child import KEY, forked, spawned
from tests.cli.conftest import Repository

SPEC = """\
scopes:
  support: {persona_id: persona-1}
contacts:
  a: {external_id: crm-a, scopes: {support: {facts: {plan: x}}}}
  b: {external_id: crm-b, scopes: {support: {facts: {plan: x}}}}
contacts_from:
  - file: ../rows.csv
    named_by: id
    contact: {external_id: id, scopes: {support: {facts: {seats: seats}}}}
fact_keys:
  plan: {type: string}
  seats: {type: integer}
"""
FROM_ROWS = SPEC.partition("contacts_from:")[2]
ROWS = "id,seats\n" + "".join(f"c-{at},{at}\n" for at in range(8))


@pytest.fixture
def part(repository: Repository) -> Repository:
    """Give a repository with contacts in YAML and in a table."""
    repository.write("specs/support.yaml", SPEC)
    repository.write("rows.csv", ROWS)
    return repository


def planned(part: Repository, *options: str) -> dict[str, object]:
    document = json.loads(part.run("plan", "--format", "json", *options).out)
    return {"operations": document["operations"], "memories": document["memories"]}


def test_the_plans_of_all_shards_hold_what_the_whole_plan_holds_and_nothing_else(part: Repository) -> None:
    whole, shards = planned(part), [planned(part, "--shard", f"{index}/3") for index in range(3)]

    for kind in ("operations", "memories"):
        entries = [json.dumps(entry) for one in shards for entry in one[kind]]  # type: ignore[attr-defined]
        assert sorted(entries) == sorted(json.dumps(entry) for entry in whole[kind])  # type: ignore[attr-defined]
    assert all(one["operations"] for one in shards)


@pytest.mark.parametrize(
    ("file", "text", "word"),
    [
        ("rows.csv", ROWS + "c-9,many\n", "seats"),
        ("specs/more.yaml", "contacts: {z: {external_id: crm-z, scopes: {sales: {}}}}\n", "sales"),
    ],
)
def test_a_mistake_is_reported_by_the_shard_that_it_is_in_and_by_validate(
    part: Repository, file: str, text: str, word: str
) -> None:
    part.write(file, text)

    calls = [part.run("plan", "--shard", f"{index}/3") for index in range(3)]

    assert sorted(word in call.err for call in calls) == [False, False, True]
    checked = part.run("validate")
    assert word in checked.err + checked.out


def test_what_tells_no_shard_is_reported_by_all(part: Repository) -> None:
    part.write("rows.csv", ROWS + ",7\n")

    assert {part.run("plan", "--shard", f"{index}/3").code for index in range(3)} == {1}


def test_a_shard_says_once_what_it_did_not_check(part: Repository) -> None:
    told = part.run("plan", "--shard", "0/3").out

    assert told.count("`reconciler validate` checks all specs") == 1


def test_the_saved_plan_of_a_shard_is_applied_and_what_it_is_of_is_not_repeated(part: Repository) -> None:
    for index in range(3):
        part.run("plan", "--shard", f"{index}/3", "--out", f"{index}.json")
        assert part.run("apply", "--yes", f"{index}.json").code == 0

    assert part.run("plan", "--detailed-exitcode").code == 0


def test_the_saved_plan_of_a_shard_is_refused_once_a_file_has_changed(part: Repository) -> None:
    part.run("plan", "--shard", "0/3", "--out", "plan.json")
    part.write("rows.csv", ROWS + "c-9,9\n")

    refused = part.run("apply", "--yes", "plan.json")

    assert refused.code != 0
    assert "specs" in refused.err


def test_shards_of_different_files_are_not_merged(part: Repository) -> None:
    part.run("plan", "--shard", "0/2", "--out", "0.json")
    part.write("rows.csv", ROWS + "c-9,9\n")
    part.run("plan", "--shard", "1/2", "--out", "1.json")

    assert "made from different specs" in part.run("show", "0.json", "1.json").err


def test_a_secret_of_the_specs_counts_in_the_digest_of_a_shard(
    part: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLAN", "secret-1")
    part.run("plan", "--shard", "0/3", "--out", "plan.json")
    monkeypatch.setenv("PLAN", "secret-2")

    assert "specs" in part.run("apply", "--yes", "plan.json").err


def test_a_target_of_another_shard_is_no_mistake(part: Repository) -> None:
    assert {part.run("plan", "--shard", f"{index}/3", "--target", "contacts.c-1").code for index in range(3)} == {0}


def test_an_open_step_of_another_shard_stays_open(part: Repository) -> None:
    part.run("apply", "--yes", "--shard", "0/2")
    journal = next((part.root / ".reconciler/journal").glob("*.jsonl"))
    journal.write_bytes(b"".join(journal.read_bytes().splitlines(keepends=True)[:2]))  # killed at its first operation

    told = part.run("apply", "--yes", "--shard", "1/2")

    assert "1 is outside of what was chosen, and stays open" in told.err
    assert b'"resolved"' not in journal.read_bytes()


def test_two_shards_are_applied_at_once_in_one_working_copy(part: Repository) -> None:
    with spawned("apply", "--yes", "--shard", "0/2") as one, spawned("apply", "--yes", "--shard", "1/2") as other:
        told = [process.communicate() for process in (one, other)]

    assert [(one.returncode, other.returncode), *(err for _, err in told)] == [(0, 0), "", ""]
    assert part.run("plan", "--detailed-exitcode").code == 0


def test_the_whole_is_not_applied_beside_a_shard(part: Repository) -> None:
    part.run("apply", "--yes", "--shard", "0/2")  # makes the folder
    (lock,) = (part.root / ".reconciler/leases").glob("*-0-of-2.lock")

    with FileLock(lock):
        refused = [part.run("apply", "--yes"), part.run("apply", "--yes", "--shard", "0/2")]
        beside = part.run("apply", "--yes", "--shard", "1/2")

    assert [one.code for one in refused] == [4, 4]
    assert all("another apply is at work" in one.err for one in refused)
    assert beside.code == 0


def test_the_run_of_another_shard_that_is_at_work_left_nothing_open(part: Repository) -> None:
    part.run("apply", "--yes", "--shard", "0/2")
    journal = next((part.root / ".reconciler/journal").glob("*.jsonl"))
    journal.write_bytes(b"".join(journal.read_bytes().splitlines(keepends=True)[:2]))
    leases = part.root / ".reconciler/leases"

    with holding(FolderStore(leases), account="a", run=journal.stem, environment="sandbox", clock=SYSTEM_CLOCK):
        told = part.run("apply", "--yes", "--shard", "1/2")

    assert (told.code, told.err) == (0, "")


def seeded_store(seats: Mapping[str, int]) -> Store:
    """Return an account that holds a contact and a memory for each row."""
    store = Store()
    store.load(
        {
            "contacts": [
                {"id": f"id-{name}", "identifiers": [{"identifier_type": "external_id", "identifier_value": name}]}
                for name in seats
            ],
            "contact_memories": [
                {"id": f"m-{name}", "contact_id": f"id-{name}", "persona_id": "persona-1", "facts": {"seats": number}}
                for name, number in seats.items()
            ],
        }
    )
    return store


def test_a_snapshot_lists_the_account_once_and_the_applies_of_its_plans_read_and_send_what_they_touch(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEST_KEY", KEY)
    held = {f"c-{number}": number for number in range(1000)}  # five pages of the listing
    wanted = held | {f"c-{number}": 1000 + number for number in range(0, 1000, 125)}
    repository.write("specs/support.yaml", SPEC.partition("contacts:")[0] + "contacts_from:" + FROM_ROWS)
    repository.write("rows.csv", "\n".join(["id,seats", *(f"{name},{seats}" for name, seats in wanted.items())]))
    store = seeded_store(held)
    app = create_app(store)
    sent: list[Counter[str]] = []

    def count() -> None:
        sent.append(Counter(f"{one.method} {one.path.partition('/contact/')[0]}" for one in app.state.log))
        app.state.log.clear()

    with running(app) as url:
        live = ("-e", "live", "--api-url", url, "--state", "shared")
        repository.run(*live, "snapshot", "--out", "live.json")
        count()
        for index in range(4):
            repository.run(*live, "plan", "--live", "live.json", "--shard", f"{index}/4", "--out", f"{index}.json")
        count()
        applies = [forked(*live, "apply", f"{index}.json", "--yes") for index in range(4)]
        for process in applies:
            process.join(60)
        count()

    assert [process.exitcode for process in applies] == [0] * 4
    snapshot, plans, applied = sent
    assert (snapshot, plans) == ({"GET /v1/contacts": 5}, {})
    touched = len(wanted.items() - held.items())
    assert applied["GET /v1/contacts"] <= 4  # at most a page for each apply, never the listing
    assert applied["POST /v1/contacts/find"] <= touched
    assert applied["PATCH /v1/memory"] == touched
    assert applied.keys() <= {"GET /v1/contacts", "POST /v1/contacts/find", "PATCH /v1/memory"}
    memories: Any = store.dump()["contact_memories"]
    assert {memory["contact_id"]: memory["facts"]["seats"] for memory in memories} == {
        f"id-{name}": seats for name, seats in wanted.items()
    }
