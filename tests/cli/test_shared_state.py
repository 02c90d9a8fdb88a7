"""State that machines share: two clones, each a machine of its own, on a folder or a bucket."""

import json
import random
import re
from collections.abc import Mapping
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pytest

from reconciler.errors import RefusedError, StateError
from reconciler.sandbox.app import create_app
from reconciler.sandbox.serve import running
from reconciler.sandbox.store import Store
from reconciler.storage.bucket import BucketStore, open_bucket
from reconciler.storage.lease import Lease
from reconciler.storage.store import Kept
from tests.buckets import new_bucket, variables
from tests.cli.child import forked
from tests.cli.conftest import Repository

WORLDS = 10


@pytest.fixture(params=["folder", "bucket"])
def state(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    return str(tmp_path / "shared") if request.param == "folder" else new_bucket(monkeypatch)


@pytest.fixture
def bucket(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> str:
    """Keep the state of the repository in a bucket."""
    url = new_bucket(monkeypatch)
    repository.write("reconciler.yaml", f'version: 1\nenvironments: {{sandbox: {{api: sandbox, state: "{url}"}}}}\n')
    return url


def started(clone: Path, *arguments: str) -> BaseProcess:
    """Start the program in a clone, as if on another machine."""
    return forked(*arguments, folder=clone, environ=variables())


def cloned(repository: Repository, name: str, contacts: Mapping[int, Mapping[str, int]]) -> Path:
    """Make a clone whose specs declare facts of contacts."""
    lines = "".join(
        f"  c{n}: {{contact_id: id-{n}, scopes: {{s: {{facts: {json.dumps(facts)}}}}}}}\n"
        for n, facts in contacts.items()
    )
    repository.write(f"{name}/reconciler.yaml", (repository.root / "reconciler.yaml").read_text())
    repository.write(f"{name}/specs/a.yaml", f"scopes: {{s: {{persona_id: p}}}}\ncontacts:\n{lines}")
    return repository.root / name


def some_facts(chance: random.Random, key: str) -> dict[int, dict[str, int]]:
    return {n: {key: chance.randrange(9)} for n in sorted(chance.sample(range(6), chance.randint(1, 5)))}


@pytest.mark.parametrize("seed", range(WORLDS))
def test_two_clones_that_apply_at_once_lose_and_double_nothing(repository: Repository, state: str, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311  the same worlds each time
    wanted = [some_facts(chance, key) for key in ("one", "two")]
    clones = [cloned(repository, name, facts) for name, facts in zip(("one", "two"), wanted, strict=True)]
    store = Store()
    app = create_app(store)
    with running(app) as url:
        apply = ("-e", "live", "--state", state, "apply", "--yes", "--api-url", url)
        codes = exit_codes([started(clone, *apply) for clone in clones])
        told = [(clone / "child.txt").read_text() for clone in clones]
        again = exit_codes([started(clone, *apply) for clone, code in zip(clones, codes, strict=True) if code][:1])
        if codes == [4, 4]:
            again += exit_codes([started(clones[1], *apply)])

    assert 0 in codes or codes == [4, 4]
    assert set(codes) <= {0, 4}
    assert all("another apply" in text for text, code in zip(told, codes, strict=True) if code)
    assert set(again) <= {0}
    dumped: Any = store.dump()["contact_memories"]
    held = {memory["contact_id"]: memory["facts"] for memory in dumped}
    assert len(held) == len(dumped), "a memory was made twice"
    numbers = wanted[0].keys() | wanted[1].keys()
    assert held == {f"id-{n}": {**wanted[0].get(n, {}), **wanted[1].get(n, {})} for n in numbers}
    sent = [json.dumps([entry.path, entry.body]) for entry in app.state.log if entry.method == "PATCH"]
    assert len(sent) == len(set(sent)), "facts were written twice"


def exit_codes(processes: list[BaseProcess]) -> list[int | None]:
    for process in processes:
        process.join(60)
    return [process.exitcode for process in processes]


def test_a_run_is_listed_and_shown_where_the_state_is_shared(repository: Repository, bucket: str) -> None:
    assert repository.run("apply", "--yes").code == 0
    repository.write("other/reconciler.yaml", (repository.root / "reconciler.yaml").read_text())
    listed = repository.run("--project", "other", "runs")
    run = re.findall(r"\S+Z-[0-9a-f]{8}", listed.out)[0]
    shown = repository.run("--project", "other", "show", run)

    assert "complete  4 operations done" in listed.out
    assert "Apply complete: 4 operations done." in shown.out
    assert bucket in repository.run("--project", "other", "--state", f"{bucket}/else", "runs").out


def test_a_run_is_shown_though_the_state_of_another_environment_cannot_be_reached(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables("http://127.0.0.1:9").items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("reconciler.storage.bucket._RETRIES", {"max_retries": 0})
    repository.write(
        "reconciler.yaml",
        "version: 1\ndefault_environment: b\nenvironments:\n"
        '  a: {api: sandbox, state: "s3://bucket/prefix"}\n  b: {api: sandbox}\n',
    )
    repository.run("apply", "--yes")
    run = re.findall(r"\S+Z-[0-9a-f]{8}", repository.run("-e", "b", "runs").out)[0]

    assert "Apply complete: 4 operations done." in repository.run("show", run).out
    missing = repository.run("show", "20200101T000000000Z-00000000")
    assert missing.code == 1
    assert "cannot list s3://bucket/prefix/journal/: the store cannot be reached" in missing.err


def test_ids_that_one_machine_learned_are_known_to_another(repository: Repository, bucket: str) -> None:
    repository.run("apply", "--yes")
    ids = json.loads(open_bucket(bucket).read("ids.json").data or b"")

    assert len(ids["environments"]) == 1
    assert not (repository.root / ".reconciler/ids.json").exists()


def test_a_store_that_fails_in_mid_apply_ends_it_and_the_next_run_completes(
    repository: Repository, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, journals = BucketStore.write, []

    def failing(store: BucketStore, name: str, data: bytes, *, over: Kept) -> Kept:
        if ".jsonl" in store.place(name):
            journals.append(name)
            if len(journals) > 2:
                raise StateError(f"cannot write {store.place(name)}: the store cannot be reached")
        return write(store, name, data, over=over)

    with monkeypatch.context() as patch:
        patch.setattr(BucketStore, "write", failing)
        first = repository.run("apply", "--yes")
    listed = repository.run("runs")
    second = repository.run("apply", "--yes")

    assert first.code == 3
    assert "not tried: the journal cannot be written: cannot write s3://" in first.out
    assert "the store cannot be reached" in first.err
    assert "complete" not in listed.out
    assert bucket in first.err
    assert second.code == 0
    assert "ended without a receipt" in second.err
    assert repository.run("plan", "--detailed-exitcode").code == 0


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (RefusedError("the lease of this run expired, and another apply has taken it"), "another apply has taken it"),
        (StateError("cannot read s3://b/leases/x: the store cannot be reached"), "the store cannot be reached"),
    ],
)
def test_a_lease_that_is_lost_ends_the_apply_before_its_next_write(
    repository: Repository, bucket: str, monkeypatch: pytest.MonkeyPatch, error: Exception, told: str
) -> None:
    async def lost(_lease: Lease) -> None:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(Lease, "keep", lost)
        called = repository.run("apply", "--yes")

    assert called.code == 3
    assert f"not tried: {error}" in called.out
    assert told in called.out
    assert repository.run("apply", "--yes").code == 0
    assert bucket


def test_a_store_that_cannot_be_reached_writes_nothing_to_the_account(
    repository: Repository, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setattr("reconciler.storage.bucket._RETRIES", {"max_retries": 0})
    for command in (["plan"], ["apply", "--yes"], ["runs"]):
        called = repository.run(*command)
        assert called.code == 1
        assert f"{bucket}/" in called.err
        assert "the store cannot be reached; check the network" in called.err
        assert "test-secret-key" not in called.err


def test_doctor_tries_the_state(repository: Repository, bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert f"ok    state     {bucket} can be written, and honours conditional writes" in repository.run("doctor").out
    monkeypatch.setattr(BucketStore, "write", lambda *_args, **_how: Kept(b""))

    refused = repository.run("doctor")
    assert refused.code == 1
    assert "If-None-Match" in refused.out


@pytest.mark.parametrize(
    "place", ["s3://", "s3:/bucket/a", "ftp://host/a", "s3://user:pass@bucket/a", "https://bucket/a"]
)
def test_a_place_that_state_cannot_have_is_an_error(repository: Repository, place: str) -> None:
    called = repository.run("--state", place, "plan")

    assert called.code == 1
    assert "--state: this is neither a folder nor the URL of a bucket" in called.err
    repository.write("reconciler.yaml", f'version: 1\nenvironments: {{a: {{api: sandbox, state: "{place}"}}}}\n')
    assert "environments.a.state" in repository.run("plan").err


def test_a_shard_keeps_to_its_part_of_the_rate_unless_the_state_is_shared(
    repository: Repository, tmp_path: Path
) -> None:
    repository.write("reconciler.yaml", "version: 1\nenvironments: {sandbox: {api: sandbox, rate_limit: 60/10s}}\n")
    alone = repository.run("plan", "--shard", "0/8")
    shared = repository.run("--state", str(tmp_path / "shared"), "apply", "--yes", "--shard", "0/1")

    assert "note: shard 0/8 keeps to 7/10s, its part of the rate limit 60/10s; shards with one" in alone.err
    assert "part of the rate limit" not in shared.err
    assert list((tmp_path / "shared/allowance").glob("*.json")) != []


def test_where_the_rate_is_shared_the_time_is_the_least_and_show_says_that_of_all_shards(
    repository: Repository, tmp_path: Path
) -> None:
    repository.write("reconciler.yaml", "version: 1\nenvironments: {sandbox: {api: sandbox, rate_limit: 1/1s}}\n")
    state = ("--state", str(tmp_path / "shared"))
    alone = repository.run("plan")
    shared = repository.run(*state, "plan", "--shard", "0/1", "--out", "plan.json")
    applied = repository.run(*state, "apply", "plan.json", "--yes", "--max-requests", "4")

    assert re.search(r"to write, about \d+ s at the rate limit\.", alone.out)
    assert re.search(r"to write, at least \d+ s at the rate limit, which other runs share\.", shared.out)
    assert json.loads((repository.root / "plan.json").read_text())["cost"]["is_rate_shared"] is True
    assert f"hint: `reconciler --state {state[1]} show` says how long all shards together take" in applied.err


def test_a_folder_of_the_project_is_named_from_its_root(repository: Repository) -> None:
    repository.write("reconciler.yaml", "version: 1\nenvironments: {sandbox: {api: sandbox, state: kept/here}}\n")
    repository.run("apply", "--yes")

    assert (repository.root / "kept/here/ids.json").exists()
    assert "complete" in repository.run("runs").out
