import json
from pathlib import Path

import pytest

from reconciler.cli.options import CAMPAIGN_FORMATS, PLAN_FORMATS, RECEIPT_FORMATS
from reconciler.render.formats import campaign_formats, plan_formats, receipt_formats
from tests.cli.conftest import Repository


def test_the_formats_of_the_options_are_those_that_there_are() -> None:
    assert set(PLAN_FORMATS) == set(plan_formats())
    assert set(RECEIPT_FORMATS) == set(receipt_formats())
    assert set(CAMPAIGN_FORMATS) == set(campaign_formats())


@pytest.mark.parametrize("output_format", ["text", "json", "html"])
def test_a_saved_plan_is_shown_as_it_was(repository: Repository, output_format: str) -> None:
    planned = repository.run("plan", "--out", "plan.json", "--format", output_format)
    shown = repository.run("show", "plan.json", "--format", output_format)

    assert (shown.code, shown.out) == (0, planned.out)


def test_a_receipt_is_shown_as_it_was(repository: Repository) -> None:
    applied = repository.run("apply", "--yes", "--receipt", "receipt.json")

    assert applied.out.splitlines()[-1] == repository.run("show", "receipt.json").out.splitlines()[0]


def test_masked_values_stay_masked_when_shown_again(repository: Repository) -> None:
    repository.run("apply", "--yes")
    spec = (repository.root / "specs/support.yaml").read_text()
    repository.write("specs/support.yaml", spec.replace("premium", "trial"))
    planned = repository.run("plan", "--out", "plan.json")

    assert "(live text, 1-8 characters)" in planned.out
    assert repository.run("show", "plan.json").out == planned.out


def test_any_number_of_formats_is_written_in_one_run(repository: Repository) -> None:
    called = repository.run("plan", "--write", "text=a.txt", "--write", "json=b.json", "--write", "markdown=c.md")

    assert called.code == 0
    assert (repository.root / "a.txt").read_text() == called.out
    assert json.loads((repository.root / "b.json").read_text())["kind"] == "plan"
    assert (repository.root / "c.md").exists()


@pytest.mark.parametrize("given", ["markdown", "nonsense=x", "=x", "markdown="])
def test_a_write_that_is_none_is_bad_usage(repository: Repository, given: str) -> None:
    called = repository.run("plan", "--write", given)

    assert called.code == 1
    assert "FORMAT=FILE" in called.err


def test_a_file_that_cannot_be_written_stops_before_anything_is_read(repository: Repository) -> None:
    called = repository.run("plan", "--write", "json=nowhere/plan.json")

    assert called.code == 1
    assert not (repository.root / ".reconciler").exists()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("not json", "is not JSON"),
        ("[1]", "is neither a saved plan nor a receipt"),
        ('{"kind": "plan", "format_version": "9.0"}', "is a plan of version '9.0'; this program reads version 1.0"),
        ('{"kind": "receipt", "format_version": "1.0"}', "is not a receipt as this program writes it (look at"),
        (
            '{"kind": "plan", "format_version": "1.0", "operations": [{"source": {"file": "a.yaml", "line": "two"}}]}',
            "is not a plan as this program writes it (look at operations.0.source.line)\n",
        ),
    ],
)
def test_a_file_that_is_no_document_is_told(repository: Repository, content: str, said: str) -> None:
    repository.write("file.json", content)
    called = repository.run("show", "file.json")

    assert called.code == 1
    assert said in called.err


def test_a_file_that_is_not_there_is_told(repository: Repository) -> None:
    assert repository.run("show", "nowhere.json").err == (
        "error: cannot read nowhere.json: No such file or directory; `reconciler plan --out FILE` or "
        "`reconciler apply --receipt FILE` saves one\n"
    )


def test_a_format_that_there_is_not_for_a_receipt_is_told(repository: Repository) -> None:
    repository.run("apply", "--yes", "--receipt", "receipt.json")

    assert "a receipt has no format 'gitlab'" in repository.run("show", "receipt.json", "--format", "gitlab").err


@pytest.mark.parametrize("present", [[], [0, 7, -1], [0, 0], [0, 1]])
@pytest.mark.parametrize("command", [("show",), ("show", "plan.json"), ("apply", "--yes")])
def test_a_document_of_shards_that_there_cannot_be_is_told(
    repository: Repository, command: tuple[str, ...], present: list[int]
) -> None:
    repository.run("plan", "--shard", "0/2", "--out", "plan.json")
    shards = {"count": 2 if present else 0, "present": present, "memories": 1}
    repository.write("bad.json", json.dumps(json.loads(Path("plan.json").read_text()) | {"shards": shards}))

    called = repository.run(*command, "bad.json")

    assert (called.code, called.out) == (1, "")
    said = "names shards that cannot exist: `present` are some of the numbers from 0 to `count` - 1"
    assert called.err == f"error: bad.json {said}\n"


@pytest.mark.parametrize(
    ("notice", "said"),
    [
        ({"type": "near_duplicate", "count": 1, "keys": []}, "near_duplicate names no key"),
        ({"type": "near_duplicate", "count": 1}, "near_duplicate names no key"),
        ({"type": "other_shard", "count": -2}, "other_shard counts -2"),
        ({"type": "not_read", "count": -1}, "not_read counts -1"),
    ],
)
@pytest.mark.parametrize("command", [("show",), ("show", "plan.json"), ("apply", "--yes")])
def test_a_plan_with_notices_that_there_cannot_be_is_told(
    repository: Repository, command: tuple[str, ...], notice: dict[str, object], said: str
) -> None:
    repository.run("plan", "--shard", "0/2", "--out", "plan.json")
    plan = json.loads(Path("plan.json").read_text())
    plan["notices"] = [{"address": "", "source": None, "keys": [], **notice}]
    if "keys" not in notice:
        del plan["notices"][0]["keys"]
    repository.write("bad.json", json.dumps(plan | {"shards": {"count": 2, "present": [1], "memories": 1}}))

    called = repository.run(*command, "bad.json")

    assert (called.code, called.out) == (1, "")
    assert called.err == f"error: bad.json holds an impossible notice: {said}\n"


@pytest.mark.parametrize("notices", [[], [{"type": "other_shard", "address": "", "count": 7}]])
def test_shards_that_tell_of_different_numbers_of_memories_are_not_merged(
    repository: Repository, notices: list[object]
) -> None:
    for index in range(2):
        repository.run("plan", "--shard", f"{index}/2", "--out", f"{index}.json")
    plans = [json.loads(Path(f"{index}.json").read_text()) for index in range(2)]
    changed = next(index for index in range(2) if not plans[index]["shards"]["memories"])
    repository.write(f"{changed}.json", json.dumps(plans[changed] | {"notices": notices}))

    called = repository.run("show", "0.json", "1.json")

    told = (len(notices) and 7, 1) if changed == 0 else (1, len(notices) and 7)
    assert (called.code, called.out) == (1, "")
    assert called.err == (
        f"error: 0.json and 1.json cannot be merged: of all shards, one counts {told[0]} declared memories, "
        f"the other {told[1]}\n"
    )


def test_shards_that_hold_another_number_of_memories_than_is_declared_are_not_merged(repository: Repository) -> None:
    for index in range(2):
        repository.run("plan", "--shard", f"{index}/2", "--out", f"{index}.json")
        plan = json.loads(Path(f"{index}.json").read_text())
        repository.write(
            f"{index}.json", json.dumps(plan | {"notices": [], "shards": {**plan["shards"], "memories": 5}})
        )

    called = repository.run("show", "0.json", "1.json")

    assert (called.code, called.out) == (1, "")
    assert called.err == (
        "error: 0.json and 1.json cannot be merged: they count 5 declared memories of all shards, and hold 10\n"
    )
