"""`show` of the newest apply: all its shards and attempts, from every machine that shares the state."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from reconciler.sandbox.app import create_app
from reconciler.sandbox.serve import running
from reconciler.sandbox.store import Store
from reconciler.storage.bucket import BucketStore
from reconciler.storage.store import Kept
from tests.buckets import new_bucket
from tests.cli.child import KEY
from tests.cli.conftest import Repository
from tests.cli.test_attempts import KillOften, Victim
from tests.cli.test_runs import journals

NAMES = ("ana", "bo", "cy", "di", "ed", "flo")
SPECS = "scopes: {s: {persona_id: p}}\ncontacts:\n" + "".join(
    f"  {name}: {{external_id: crm-{name}, scopes: {{s: {{facts: {{plan: trial}}}}}}}}\n" for name in NAMES
)
PROJECT = "version: 1\nenvironments: {{sandbox: {{api: sandbox, rate_limit: 100/15m, state: {state}}}}}\n"


@pytest.fixture
def shared(repository: Repository) -> Repository:
    repository.write("reconciler.yaml", PROJECT.format(state="shared"))
    repository.write("specs/support.yaml", SPECS)
    return repository


def campaign(repository: Repository, *options: str) -> dict[str, Any]:
    called = repository.run(*options, "show", "--format", "json")
    assert called.code == 0, called.err
    document: dict[str, Any] = json.loads(called.out)
    return document


def states(document: dict[str, Any]) -> dict[str, tuple[str, int, int]]:
    return {part["shard"] or "": (part["state"], part["attempts"], part["left"]) for part in document["parts"]}


def test_before_the_first_run_there_is_nothing_to_show(shared: Repository) -> None:
    called = shared.run("-e", "sandbox", "show")

    assert (called.code, called.out) == (1, "")
    assert f"no run of sandbox in {shared.root}/shared/journal: no apply has got as far as its plan yet" in called.err
    assert 'no environment "sandbx"; did you mean "sandbox"?' in shared.run("-e", "sandbx", "show").err


def test_shards_are_shown_as_they_go_refused_done_without_work_and_not_begun(shared: Repository) -> None:
    refused = shared.run("apply", "--yes", "--shard", "0/3", "--max-changes", "0")
    shared.run("apply", "--yes", "--shard", "1/3")
    first = campaign(shared)
    text = shared.run("show").out
    shared.run("apply", "--yes", "--shard", "2/3")
    shared.run("apply", "--yes", "--shard", "0/3")
    shared.run("apply", "--yes", "--shard", "0/3")  # nothing is left to do
    last = campaign(shared)

    assert refused.code == 4
    (left,) = (part["left"] for part in first["parts"] if part["shard"] == "0/3")
    assert states(first) == {"0/3": ("refused", 1, left), "1/3": ("complete", 1, 0)}
    assert (first["not_begun"], first["left"]) == ([2], left)
    assert "shard 0 of 3: refused by max_changes." in text
    assert "No run yet: shard 2 of 3." in text
    assert states(last) == {"0/3": ("complete", 3, 0), "1/3": ("complete", 1, 0), "2/3": ("complete", 1, 0)}
    assert last["done"] == 3 * len(NAMES)
    assert last["parts"][0]["done"] == left
    assert "not_begun" not in last


def test_a_refused_run_is_listed_and_shown(shared: Repository) -> None:
    shared.run("apply", "--yes", "--max-changes", "0")
    run = campaign(shared)["parts"][0]["run"]
    shown = shared.run("show", run)

    assert f"refused  0 operations done and {3 * len(NAMES)} skipped" in shared.run("runs").out
    assert "Refused by max_changes: nothing was written." in shown.out
    assert json.loads(shared.run("show", run, "--format", "json").out)["refused_by"] == ["max_changes"]


def test_of_shards_shown_as_one_only_the_refused_one_is_said_to_have_written_nothing(shared: Repository) -> None:
    shared.run("apply", "--yes", "--shard", "0/2", "--max-changes", "0")
    shared.run("apply", "--yes", "--shard", "1/2")
    runs = [part["run"] for part in campaign(shared)["parts"]]

    for ordered in (runs, runs[::-1]):
        shown = shared.run("show", *ordered).out
        assert "Runs refused by max_changes wrote nothing." in shown
        assert "nothing was written" not in shown


def test_the_newest_campaign_of_an_environment_is_shown(shared: Repository) -> None:
    environments = "{a: {api: sandbox, state: shared}, b: {api: sandbox, state: shared}}"
    shared.write("reconciler.yaml", f"version: 1\nenvironments: {environments}\n")
    shared.run("-e", "a", "apply", "--yes", "--shard", "0/2")
    shared.write("specs/support.yaml", SPECS.replace("trial", "premium"))
    shared.run("-e", "a", "apply", "--yes", "--shard", "0/4")
    shared.run("-e", "b", "apply", "--yes")

    assert [campaign(shared, *options).get("shards") for options in ((), ("-e", "a"), ("-e", "b"))] == [None, 4, None]
    assert [campaign(shared, *options)["environment"] for options in ((), ("-e", "a"))] == ["b", "a"]


def test_an_apply_after_the_account_drifted_is_a_campaign_of_its_own(shared: Repository) -> None:
    for index in range(2):
        shared.run("apply", "--yes", "--shard", f"{index}/2")
    whole = campaign(shared)
    for path in (shared.root / ".reconciler").glob("sandbox.sqlite3*"):
        path.unlink()
    shared.run("apply", "--yes", "--shard", "1/2")
    after = campaign(shared)

    assert states(whole) == {"0/2": ("complete", 1, 0), "1/2": ("complete", 1, 0)}
    assert states(after) == {"1/2": ("complete", 1, 0)}
    assert after["not_begun"] == [0]
    assert after["started_at"] > whole["last_seen_at"]


def test_what_options_chose_is_a_campaign_of_its_own(shared: Repository) -> None:
    shared.run("apply", "--yes", "--shard", "0/2")
    shared.run("apply", "--yes", "--shard", "0/2", "--target", "contacts.ana")

    assert campaign(shared)["chosen"] == [["--target", "contacts.ana"]]
    assert ", of --target contacts.ana, since" in shared.run("show").out


@contextmanager
def served(repository: Repository, monkeypatch: pytest.MonkeyPatch, faults: KillOften) -> Iterator[tuple[str, ...]]:
    monkeypatch.setenv("TEST_KEY", KEY)
    repository.write("specs/support.yaml", SPECS)
    with running(create_app(Store(), faults=faults)) as url:
        yield "-e", "live", "--api-url", url, "--state", "shared"


def test_a_shard_that_was_killed_twice_and_finished_counts_each_operation_once(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    victim = Victim()
    with served(repository, monkeypatch, KillOften({3: "after", 9: "before"}, victim.kill)) as live:
        for _ in range(2):
            victim.dies(*live, "apply", "--yes", "--shard", "0/1")
        killed = campaign(repository, *live[:2], *live[4:])
        text = repository.run(*live[:2], *live[4:], "show").out
        assert repository.run(*live, "apply", "--yes", "--shard", "0/1").code == 0
        done = campaign(repository, *live[:2], *live[4:])

    assert killed["parts"][0]["state"] == "killed"
    assert killed["done"] + killed["left"] in {3 * len(NAMES), 3 * len(NAMES) - 1}  # what was in flight is either
    assert "Run shard 0 of 1 again: what is done is not done twice." in text
    assert "No apply is at work." in text
    assert states(done) == {"0/1": ("complete", 3, 0)}
    assert done["done"] == 3 * len(NAMES)


@pytest.mark.parametrize("output_format", ["json", "markdown", "summary", "text"])
def test_a_campaign_has_a_format_for_people_programs_and_jobs(shared: Repository, output_format: str) -> None:
    shared.run("apply", "--yes", "--shard", "0/2")
    called = shared.run("show", "--format", output_format)
    schema = json.loads(shared.run("schema", "campaign").out)

    assert called.code == 0
    assert "0/2" in called.out
    if output_format == "json":
        Draft202012Validator(schema).validate(json.loads(called.out))
    assert "a campaign has no format 'html'" in shared.run("show", "--format", "html").err


def test_another_machine_reads_of_a_bucket_the_totals_of_the_newest_campaign_alone(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.write("reconciler.yaml", PROJECT.format(state=json.dumps(new_bucket(monkeypatch))))
    repository.write("specs/support.yaml", SPECS)
    for plan in ("old", "older", "trial"):
        repository.write("specs/support.yaml", SPECS.replace("trial", plan))
        for index in range(3):
            repository.run("apply", "--yes", "--shard", f"{index}/3")
    mine = campaign(repository)
    repository.write("other/reconciler.yaml", (repository.root / "reconciler.yaml").read_text())
    read, names = BucketStore.read, list[str]()

    def counted(store: BucketStore, name: str) -> Kept:
        names.append(store.place(name).rpartition("/journal/")[2])
        return read(store, name)

    monkeypatch.setattr(BucketStore, "read", counted)
    seen = campaign(repository, "--project", "other")
    of_journals = [name for name in names if ".jsonl" in name]
    listed = json.loads(repository.run("--project", "other", "runs", "--format", "json").out)

    assert seen == mine
    assert states(mine) == {f"{index}/3": ("complete", 1, 0) for index in range(3)}
    assert len(of_journals) == 4  # the newest one twice, to know which campaign it is of
    assert all(name.rpartition("/")[2].startswith("closed-") for name in of_journals)
    assert [run["state"] for run in listed["runs"]] == ["complete"] * 9
    assert not list((repository.root / "other/.reconciler/shared").rglob("*.jsonl"))
    assert len(journals(repository)) == 0
