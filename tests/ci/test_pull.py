"""`command: pull`: one pull request for an environment, made anew as its drift changes, and never doubled."""

from typing import Any

import pytest

from reconciler.sandbox.store import Store
from tests.ci.runner import SPEC, Runner

BRANCH = "refs/heads/reconciler/drift-sandbox"


@pytest.fixture
def repository(runner: Runner) -> Runner:
    """Give a repository whose specs are committed and applied."""
    runner.write(".gitignore", ".reconciler/\n")
    runner.git("init", "--quiet")
    runner.git("add", "--all")
    runner.git("commit", "--quiet", "--message", "Declare Sarah")
    runner.reconciler("apply", "--yes")
    return runner


def learn(runner: Runner, **facts: str) -> None:
    store = Store(runner.repository / ".reconciler/sandbox.sqlite3")
    dump: Any = store.dump()
    store.learn_facts(dump["contact_memories"][0]["id"], {**facts})
    store.close()


def pulled(runner: Runner, result: str) -> None:
    """Pull in a fresh checkout, as a job has it."""
    runner.git("checkout", "--quiet", "--", ".")
    ran = runner.run("pull")
    assert ran.code == 0, ran.out + ran.err
    assert f"the pull request of sandbox: {result}\n" in ran.out


def pull_request(runner: Runner) -> dict[str, Any]:
    [one] = runner.github()["pulls"]
    made: dict[str, Any] = one
    return made


def proposed(runner: Runner) -> dict[str, str]:
    """Give the texts of the files on the branch."""
    state = runner.github()
    tree = state["commits"][state["refs"][BRANCH]]["tree"]["sha"]
    return {entry["path"]: entry["content"] for entry in state["trees"][tree]["tree"]}


def test_drift_becomes_a_pull_request_with_the_live_values_in_the_specs(repository: Runner) -> None:
    learn(repository, plan="gold")
    pulled(repository, "opened")

    one = pull_request(repository)
    assert (one["title"], one["head"], one["base"]) == (
        "Pull the drift of sandbox into the specs",
        "reconciler/drift-sandbox",
        "main",
    )
    assert "gold" not in one["body"]
    assert proposed(repository) == {"specs/support.yaml": SPEC.replace("premium", "gold")}


def test_the_commit_stands_on_the_one_that_was_checked_out(repository: Runner) -> None:
    learn(repository, plan="gold")
    pulled(repository, "opened")

    state = repository.github()
    commit = state["commits"][state["refs"][BRANCH]]
    [tree] = state["trees"].values()
    assert commit["parents"] == [repository.git("rev-parse", "HEAD")]
    assert tree["base_tree"] == repository.git("rev-parse", "HEAD^{tree}")
    assert [entry["mode"] for entry in tree["tree"]] == ["100644"]


def test_what_else_changed_in_the_checkout_is_left_out_whatever_it_is(repository: Runner) -> None:
    other = repository.repository / "other"
    other.mkdir()
    repository.git("init", "--quiet", "other")
    for number in range(2):
        repository.git("-C", "other", "commit", "--quiet", "--allow-empty", "--message", str(number))
    repository.write("image", "a picture")
    repository.git("add", "--all")
    repository.git("commit", "--quiet", "--message", "Add a picture and a module")
    repository.git("-C", "other", "checkout", "--quiet", "HEAD^")
    (repository.repository / "image").write_bytes(b"\xff\x00")
    learn(repository, plan="gold")
    ran = repository.run("pull")

    assert ran.code == 0, ran.err
    assert proposed(repository) == {"specs/support.yaml": SPEC.replace("premium", "gold")}


def test_lines_end_in_the_repository_as_it_wants_them(repository: Runner) -> None:
    repository.write(".gitattributes", "*.yaml text eol=crlf\n")
    repository.git("add", "--all")
    repository.git("commit", "--quiet", "--message", "Work with the line ends of Windows")
    (repository.repository / "specs/support.yaml").unlink()
    learn(repository, plan="gold")
    pulled(repository, "opened")

    assert b"\r\n" in (repository.repository / "specs/support.yaml").read_bytes()
    assert proposed(repository) == {"specs/support.yaml": SPEC.replace("premium", "gold")}


def test_the_same_drift_is_proposed_once(repository: Runner) -> None:
    learn(repository, plan="gold")
    pulled(repository, "opened")
    repository.writes()
    pulled(repository, "unchanged")

    assert repository.writes() == []


def test_another_drift_updates_the_pull_request(repository: Runner) -> None:
    learn(repository, plan="gold")
    pulled(repository, "opened")
    learn(repository, name="Sally")
    pulled(repository, "updated")

    assert pull_request(repository)["state"] == "open"
    both = SPEC.replace("premium", "gold").replace("name: Sarah", "name: Sally")
    assert proposed(repository) == {"specs/support.yaml": both}


def test_without_drift_the_pull_request_is_closed_and_none_is_opened(repository: Runner) -> None:
    pulled(repository, "none is needed")
    assert repository.writes() == []
    learn(repository, plan="gold")
    pulled(repository, "opened")
    repository.git("checkout", "--quiet", "--", ".")
    repository.reconciler("apply", "--yes")
    pulled(repository, "closed, since nothing drifts")

    assert pull_request(repository)["state"] == "closed"


def test_what_somebody_closed_stays_closed_until_the_drift_is_another(repository: Runner) -> None:
    learn(repository, plan="gold")
    pulled(repository, "opened")
    repository.on_github(pulls=[{**pull_request(repository), "state": "closed"}])
    repository.writes()
    pulled(repository, "closed by somebody, and left so")
    assert repository.writes() == []

    learn(repository, plan="platinum")
    pulled(repository, "opened")
    assert [one["state"] for one in repository.github()["pulls"]] == ["closed", "open"]


def test_the_same_drift_after_a_merge_is_proposed_again(repository: Runner) -> None:
    learn(repository, plan="gold")
    pulled(repository, "opened")
    merged = {**pull_request(repository), "state": "closed", "merged_at": "2026-01-02T03:04:05Z"}
    repository.on_github(pulls=[merged], refs={})
    pulled(repository, "opened")


@pytest.mark.parametrize("message", ["Say it otherwise", "Say it otherwise\n\nIt is platinum since May.\n"])
def test_a_branch_on_which_somebody_committed_is_left_alone(repository: Runner, message: str) -> None:
    learn(repository, plan="gold")
    pulled(repository, "opened")
    state = repository.github()
    state["commits"]["theirs"] = {"message": message, "tree": {"sha": "trees-1"}}
    repository.on_github(commits=state["commits"], refs={BRANCH: "theirs"})
    learn(repository, plan="platinum")
    repository.writes()

    pulled(repository, "left alone, since others changed reconciler/drift-sandbox")
    assert repository.writes() == []


def test_a_branch_whose_one_commit_somebody_amended_is_left_alone(repository: Runner) -> None:
    learn(repository, plan="gold")
    pulled(repository, "opened")
    commits = repository.github()["commits"]
    ((sha, made),) = commits.items()
    repository.on_github(commits={"theirs": {**made, "tree": {"sha": "trees-of-theirs"}}}, refs={BRANCH: "theirs"})
    learn(repository, plan="platinum")
    repository.writes()

    pulled(repository, "left alone, since others changed reconciler/drift-sandbox")
    repository.on_github(refs={BRANCH: sha}, commits=commits)
    pulled(repository, "updated")


def test_pull_requests_of_others_and_branches_with_longer_names_are_not_ours(repository: Runner) -> None:
    forged = {"number": 1, "state": "open", "user": {"login": "mallory"}, "body": "<!-- reconciler:sandbox:pull x"}
    repository.on_github(pulls=[forged], refs={f"{BRANCH}-2": "theirs"}, commits={"theirs": {"message": "Mine"}})
    learn(repository, plan="gold")
    pulled(repository, "opened")

    state = repository.github()
    assert state["pulls"][0] == forged
    assert state["refs"][f"{BRANCH}-2"] == "theirs"


def test_what_has_to_be_edited_by_hand_stands_in_the_body_without_its_value(repository: Runner) -> None:
    repository.write("specs/support.yaml", "fact_keys: {name: {}, plan: {sensitive: true}}\n" + SPEC)
    repository.git("commit", "--quiet", "--all", "--message", "List the keys")
    learn(repository, plan="gold", name="Sally")
    pulled(repository, "opened")

    body = pull_request(repository)["body"]
    assert "Not in here, and to be decided by hand" in body
    assert "specs/support.yaml:9: contacts.sarah.scopes.support.facts.plan: its key is sensitive" in body
    assert "gold" not in body


def test_other_environments_that_read_the_same_files_are_named(repository: Runner) -> None:
    learn(repository, plan="gold")
    pulled(repository, "opened")

    assert "note: this changes what live declares, too" in pull_request(repository)["body"]


def test_other_changes_of_the_checkout_are_not_proposed(repository: Runner) -> None:
    repository.git("checkout", "--quiet", "--", ".")
    repository.write(".gitignore", "other\n.reconciler/\n")
    learn(repository, plan="gold")
    ran = repository.run("pull")

    assert ran.code == 0
    assert list(proposed(repository)) == ["specs/support.yaml"]


def test_specs_that_are_not_valid_fail_the_run_and_change_nothing(repository: Runner) -> None:
    repository.write("specs/support.yaml", "contcts: {}\n")
    assert repository.run("pull").code == 1
    assert repository.writes() == []


def test_a_refusal_of_github_names_the_permissions(repository: Runner) -> None:
    learn(repository, plan="gold")
    repository.on_github(refuse={"POST pulls": 403})
    ran = repository.run("pull")

    assert ran.code == 1
    assert (
        "::error title=reconciler::the pull request could not be kept (the job needs contents: write and "
        "pull-requests: write, and the repository must let Actions create pull requests): gh: " in ran.out
    )
