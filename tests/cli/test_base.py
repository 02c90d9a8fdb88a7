import json
import subprocess
from typing import Any

import pytest

from tests.cli.conftest import SPEC, Repository


def git(repository: Repository, *arguments: str) -> None:
    subprocess.run(  # noqa: S603  arguments of the test
        ["git", "-c", "user.name=t", "-c", "user.email=t@example.com", *arguments],  # noqa: S607
        cwd=repository.root,
        check=True,
        capture_output=True,
    )


@pytest.fixture
def history(repository: Repository) -> Repository:
    """Give a repository whose specs are committed and applied."""
    repository.write(".gitignore", ".reconciler/\n")
    git(repository, "init", "--initial-branch", "main")
    git(repository, "add", ".")
    git(repository, "commit", "-m", "first")
    assert repository.run("apply", "--yes").code == 0
    return repository


def planned(repository: Repository, *arguments: str) -> Any:
    called = repository.run("plan", "--format", "json", *arguments)
    assert called.code == 0, called.err
    return json.loads(called.out)


def causes(plan: Any) -> dict[str, str]:
    found: dict[str, str] = {}
    for operation in plan["operations"]:
        changes = operation.get("facts", operation.get("changes", []))
        found |= {change["key"]: change["cause"] for change in changes}
        if not changes:
            found[operation["type"]] = operation["cause"]
    return found


def test_a_change_says_whether_the_specs_or_the_account_changed(history: Repository) -> None:
    applied = SPEC.replace("premium", "trial").replace("name: Sarah", "name: Sarah Live")
    history.write("specs/support.yaml", applied)
    history.run("apply", "--yes")  # now the account holds what the base did not declare
    now = SPEC.replace("premium", "gold").replace("plan: gold", "plan: gold, tier: 1")
    history.write("specs/support.yaml", now)

    assert causes(planned(history, "--base", "main")) == {"name": "live", "plan": "both", "tier": "specs"}
    text = history.run("plan", "--base", "main").out
    assert "+ tier: 1                          " in text
    assert "specs/support.yaml:8, changed in the specs\n" in text
    assert "specs/support.yaml:8, changed live\n" in text
    assert "specs/support.yaml:8, changed in the specs and live\n" in text
    assert "Causes are seen from the specs at main." in text


def test_without_a_base_nothing_is_said_of_causes(history: Repository) -> None:
    history.write("specs/support.yaml", SPEC.replace("premium", "gold"))
    plan = planned(history)

    assert "cause" not in plan["operations"][0]["facts"][0]
    assert "base" not in plan


def test_what_is_to_be_made_is_new_in_the_specs_or_missing_live(history: Repository) -> None:
    assert history.run("sandbox", "reset", "--yes").code == 0
    more = SPEC + "  jo: {external_id: crm-jo, scopes: {support: {users: [{phone_number: '+14155550188'}]}}}\n"
    history.write("specs/support.yaml", more)
    entries = planned(history, "--base", "main")["operations"]

    assert {(entry["address"].split(".")[1], entry["cause"]) for entry in entries if "cause" in entry} == {
        ("jo", "specs"),
        ("sarah", "live"),
    }


def test_what_the_specs_no_longer_name_is_listed_for_it_stays_live(history: Repository) -> None:
    history.write("specs/support.yaml", SPEC.replace("name: Sarah, ", "").partition("        users:")[0])
    plan = planned(history, "--base", "main")

    assert plan["operations"] == []
    assert [notice for notice in plan["notices"] if notice["type"] == "retained"] == [
        {
            "type": "retained",
            "address": "contacts.sarah.scopes.support",
            "count": 2,
            "source": {"file": "specs/support.yaml", "line": 7},
            "keys": ["facts.name", 'users["+14155550192"]'],
        }
    ]
    text = history.run("plan", "--base", "main").out
    assert "the specs no longer name 2 keys or users in contacts.sarah.scopes.support: they stay live" in text
    assert 'contacts.sarah.scopes.support: facts.name and users["+14155550192"]' in text


def test_a_contact_that_is_gone_from_the_specs_is_listed_and_a_renamed_one_is_not(history: Repository) -> None:
    history.write("specs/support.yaml", SPEC.replace("  sarah:", "  sarah-chen:"))
    assert planned(history, "--base", "main", "--refresh")["notices"] == []

    history.write("specs/support.yaml", "scopes: {support: {persona_id: persona-1}}\n")
    assert [notice["address"] for notice in planned(history, "--base", "main")["notices"]] == [
        "contacts.sarah.scopes.support"
    ]


def test_keys_that_are_not_live_any_more_are_not_listed(history: Repository) -> None:
    assert history.run("sandbox", "reset", "--yes").code == 0
    history.write("specs/support.yaml", SPEC.replace("name: Sarah, ", ""))
    history.run("apply", "--yes")

    assert planned(history, "--base", "main", "--refresh")["notices"] == []


def test_a_target_narrows_what_is_listed(history: Repository) -> None:
    history.write("specs/support.yaml", SPEC.replace("name: Sarah, ", "").partition("        users:")[0])
    plan = planned(history, "--base", "main", "--target", "contacts.sarah.scopes.support.facts.plan")

    assert [notice["type"] for notice in plan["notices"]] == ["unmanaged"]


def test_the_repository_may_be_a_folder_of_a_larger_one_and_the_work_tree_stays_as_it_is(
    history: Repository,
) -> None:
    (history.root / "below").mkdir()
    for name in ("reconciler.yaml", "specs"):
        git(history, "mv", name, f"below/{name}")
    git(history, "commit", "-m", "second")
    history.write("below/specs/support.yaml", SPEC.replace("premium", "gold"))
    plan = planned(history, "--project", "below", "--base", "HEAD")  # whose own account is empty

    assert causes(plan) == {
        "create_contact": "live",
        "create_memory": "live",
        "name": "live",
        "plan": "both",
        "add_user": "live",
    }
    assert "gold" in (history.root / "below/specs/support.yaml").read_text()


def test_what_a_git_hook_is_told_of_its_repository_does_not_mislead(
    history: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    (history.root / "below").mkdir()
    for name in ("reconciler.yaml", "specs"):
        git(history, "mv", name, f"below/{name}")
    git(history, "commit", "-m", "second")
    monkeypatch.setenv("GIT_DIR", ".git")
    monkeypatch.setenv("GIT_INDEX_FILE", "elsewhere")

    assert "base" in planned(history, "--project", "below", "--base", "HEAD")


def test_a_revision_that_is_not_there_is_an_error_with_its_cure(history: Repository) -> None:
    called = history.run("plan", "--base", "nowhere")

    assert called.code == 1
    assert "--base nowhere: git knows no such revision here; fetch it first" in called.err
    assert history.run("plan", "--base", "--output=/tmp/x").code == 1


def test_without_a_repository_git_says_so(repository: Repository) -> None:
    called = repository.run("plan", "--base", "main")

    assert called.code == 1
    assert "not a git repository" in called.err


def test_specs_that_were_broken_then_are_no_reason_to_plan_nothing(history: Repository) -> None:
    history.write("specs/support.yaml", "nonsense: 1\n")
    git(history, "commit", "-am", "broken")
    history.write("specs/support.yaml", SPEC.replace("premium", "gold"))
    called = history.run("plan", "--base", "HEAD")

    assert called.code == 0
    assert "warning: the specs at HEAD cannot be used, so no causes are shown: specs/support.yaml:1:1" in called.err
    assert '"gold"' in called.out


@pytest.fixture
def monorepo(history: Repository, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """Give a project in a folder of the repository, with specs, data and links beside it, committed and applied."""
    history.write("common/support.yaml", SPEC)
    history.write("team/reconciler.yaml", "version: 1\nspecs: [../common, specs]\nenvironments: {s: {api: sandbox}}\n")
    history.write("data/guests.csv", "id,city\nzoe,Rome\nbo,Oslo\n")
    history.write("elsewhere/more.yaml", "contacts:\n  kim: {external_id: k, facts: {a: 1}, scopes: {support: {}}}\n")
    history.write(
        "team/specs/guests.yaml",
        "contacts_from:\n- file: ../../data/guests.csv\n  named_by: id\n"
        "  contact: {external_id: id, facts: {city: city}, scopes: {support: {}}}\n",
    )
    (history.root / "team" / "specs" / "linked").symlink_to("../../elsewhere")
    git(history, "add", ".")
    git(history, "commit", "-m", "more")
    monkeypatch.chdir(history.root / "team")
    assert history.run("apply", "--yes").code == 0
    return history


def test_specs_data_and_links_beside_the_project_are_seen_as_they_were(monorepo: Repository) -> None:
    monorepo.write("common/support.yaml", SPEC.replace("name: Sarah, plan: premium", "plan: gold"))
    monorepo.write("data/guests.csv", "id,city\nzoe,Bari\nbo,Oslo\n")
    monorepo.write("elsewhere/more.yaml", "contacts:\n  kim: {external_id: k, facts: {a: 2}, scopes: {support: {}}}\n")
    called = monorepo.run("plan", "--base", "HEAD", "--format", "json")
    plan = json.loads(called.out)

    assert called.err == ""
    assert causes(plan) == {"plan": "specs", "city": "specs", "a": "specs"}
    assert [one["keys"] for one in plan["notices"] if one["type"] == "retained"] == [["facts.name"]]


def test_files_of_a_submodule_are_seen_at_the_commit_that_the_revision_names(
    monorepo: Repository, tmp_path_factory: pytest.TempPathFactory
) -> None:
    origin = Repository(tmp_path_factory.mktemp("shared"), monorepo.run)
    origin.write("more.yaml", "contacts:\n  sub: {external_id: s, facts: {a: 1}, scopes: {support: {}}}\n")
    for arguments in (("init",), ("add", "."), ("commit", "-m", "shared")):
        git(origin, *arguments)
    git(monorepo, "-c", "protocol.file.allow=always", "submodule", "add", str(origin.root), "shared")
    monorepo.write("team/specs/shared.yaml", "")
    (monorepo.root / "team/specs/shared.yaml").unlink()
    (monorepo.root / "team/specs/shared").symlink_to("../../shared")
    git(monorepo, "add", ".")
    git(monorepo, "commit", "-m", "with a submodule")
    assert monorepo.run("apply", "--yes").code == 0
    monorepo.write("shared/more.yaml", "contacts:\n  sub: {external_id: s, facts: {a: 2}, scopes: {support: {}}}\n")
    git(Repository(monorepo.root / "shared", monorepo.run), "commit", "-am", "second")

    assert causes(json.loads(monorepo.run("plan", "--base", "HEAD", "--format", "json").out)) == {"a": "specs"}
    assert "~ a: 1 → 2" in monorepo.run("diff").out


def test_files_are_named_from_the_top_of_the_repository_in_what_machines_read(monorepo: Repository) -> None:
    monorepo.write("common/support.yaml", SPEC.replace("premium", "gold"))
    monorepo.write("data/guests.csv", "id,city\nzoe,Bari\nbo,Oslo\n")
    annotations = monorepo.run("plan", "--format", "github").out
    junit = monorepo.run("plan", "--format", "junit").out
    monorepo.write("team/specs/wrong.yaml", "contcts: {}\n")
    invalid = monorepo.run("validate", "--format", "sarif")

    assert "file=common/support.yaml,line=8," in annotations
    assert "file=data/guests.csv,line=2," in annotations
    assert 'file="common/support.yaml" line="7"' in junit
    assert '"uri": "team/specs/wrong.yaml"' in invalid.out
    assert invalid.err.startswith("error: specs/wrong.yaml:1:1 contcts: unknown key"), "as the shell knows the file"


def test_the_commits_of_lines_beside_the_project_are_told(monorepo: Repository) -> None:
    (value,) = json.loads(monorepo.run("why", "contacts.zoe.facts.city", "--format", "json").out)["values"]

    assert [(one["source"]["file"], one["commit"]["author"]) for one in value["given"]] == [("data/guests.csv", "t")]


def test_a_repository_of_somebody_else_costs_the_causes_and_not_the_plan(
    history: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    called = history.run("plan", "--base", "main")

    assert called.code == 0
    assert "No changes" in called.out
    assert "warning: no causes are shown: git does not read this repository, since somebody else owns it" in called.err
    assert f"git config --global --add safe.directory {history.root}\n" in called.err
    assert "safe.directory" in history.run("why", "contacts.sarah").err


@pytest.mark.parametrize(
    "name", ["GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY", "GIT_INDEX_FILE"]
)
def test_variables_of_another_repository_do_not_mislead(
    history: Repository, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    history.write("specs/support.yaml", SPEC.replace("premium", "gold"))
    monkeypatch.setenv(name, str(history.root / "elsewhere"))

    assert causes(planned(history, "--base", "main")) == {"plan": "specs"}
