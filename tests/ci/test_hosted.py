"""
The workflows from end to end, as `init` writes them: pull requests, merges and approvals, with a sandbox on a port.

The repository's key only reads, and that of the protected environment writes; `Hosted` is GitHub's side.
"""

import asyncio
import signal
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from reconciler.sandbox.app import create_app
from reconciler.sandbox.serve import running
from reconciler.sandbox.settings import Settings
from reconciler.sandbox.store import Store
from reconciler.scaffold import repository
from tests.builders import answers
from tests.ci.hosted import MAIN, Hosted, Run
from tests.ci.runner import Runner

READS, WRITES, DIGESTS = "sk-reads-and-no-more", "sk-writes-as-well", "digests-of-both-jobs-alike"
SPECS = """\
scopes:
  support: {persona_id: persona-1}
contacts:
  ben:
    external_id: crm-ben
    scopes:
      support:
        facts: {name: Ben, plan: trial}
  sarah:
    external_id: crm-sarah
    scopes:
      support:
        facts: {name: Sarah, plan: premium}
"""
FILE = "specs/support.yaml"
PLAN, APPLY = "production / plan", "production / apply"


@dataclass
class Account:
    """An account behind a port, with a key that may only read; its first write waits for `may_write`."""

    store: Store
    may_write: threading.Event = field(default_factory=threading.Event)
    is_asked_to_write: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.may_write.set()
        self.apps = {
            READS: create_app(self.store, Settings(key=READS, role="viewer")),
            WRITES: create_app(self.store, Settings(key=WRITES)),
        }

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        key = dict(scope["headers"])[b"authorization"].decode()
        if scope["method"] == "PATCH":
            self.is_asked_to_write.set()
            await asyncio.to_thread(self.may_write.wait)
        await self.apps[key](scope, receive, send)

    @property
    def facts(self) -> dict[str, dict[str, Any]]:
        """Give what is known of each contact, by its external id."""
        return {contact: memory["facts"] for contact, memory in self._memories().items()}

    def learn(self, contact: str, **facts: str) -> None:
        """Let the agent learn something."""
        self.store.learn_facts(self._memories()[contact]["id"], dict(facts))

    def _memories(self) -> dict[str, dict[str, Any]]:
        world: Any = self.store.dump()
        names = {contact["id"]: contact["identifiers"][0]["identifier_value"] for contact in world["contacts"]}
        return {names[memory["contact_id"]]: memory for memory in world["contact_memories"]}

    def writes(self) -> list[str]:
        """Give the writes since this was asked before."""
        found = [entry for app in self.apps.values() for entry in app.state.log if entry.mutates]
        for app in self.apps.values():
            app.state.log.clear()
        return [f"{entry.method} {entry.body}" for entry in found]


@pytest.fixture
def account(tmp_path: Path) -> Account:
    return Account(Store(tmp_path / "account.sqlite3"))


@pytest.fixture
def hosted(runner: Runner, account: Account) -> Iterator[Hosted]:
    """Set up a repository as `init` writes it for a new account, with its secrets in place."""
    runner.secrets.clear()
    runner.secrets.update(read=READS, write=WRITES, digests=DIGESTS)
    with running(account) as url:
        made = Hosted(
            runner,
            secrets={"MY_KEY": READS, "RECONCILER_DIGEST_KEY": DIGESTS},
            protected={"production": {"MY_KEY": WRITES}},
        )
        files = {**repository(answers(api=url)), FILE: SPECS}
        files["reconciler.yaml"] += "    concurrency: 1\n"  # one write after the other
        for name, text in files.items():
            path = made.origin / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        made.git("init", "--quiet", "--initial-branch", MAIN)
        made.commit("README.md", "The agents' memory.\n")
        yield made


@pytest.fixture
def live(hosted: Hosted, account: Account) -> Hosted:
    """Apply the specs, and begin to look from there."""
    applied = hosted.merged()
    assert [job.result for job in applied.jobs.values()] == ["success", "success"]
    hosted.asked.clear()
    account.writes()
    return hosted


def change(hosted: Hosted, before: str, after: str) -> None:
    text = (hosted.origin / FILE).read_text()
    assert before in text
    hosted.commit(FILE, text.replace(before, after))


def on_a_branch(hosted: Hosted, before: str, after: str) -> str:
    hosted.git("checkout", "--quiet", "-b", "change")
    change(hosted, before, after)
    hosted.git("checkout", "--quiet", MAIN)
    return "change"


def results(run: Run) -> dict[str, str]:
    return {name: job.result for name, job in run.jobs.items()}


def test_a_pull_request_from_a_branch_shows_what_a_merge_would_do(live: Hosted, account: Account) -> None:
    run = live.opened(on_a_branch(live, "plan: trial", "plan: gold"))

    [job] = run.jobs.values()
    assert (job.result, job.ran[0].outputs["changes"]) == ("success", "true")
    assert "<strong>1 fact to update</strong>" in job.summary
    [comment] = live.runner.github()["comments"]
    assert "changed in the specs" in comment["body"]
    assert '<code>"gold"</code>' in comment["body"]
    assert "trial" not in comment["body"]
    assert (account.writes(), live.asked) == ([], [])


@pytest.mark.parametrize(("fork", "author"), [(True, "mallory"), (False, "dependabot[bot]")])
def test_a_pull_request_without_secrets_shows_what_the_specs_declare_differently(
    live: Hosted, account: Account, *, fork: bool, author: str
) -> None:
    asked_before = sum(len(app.state.log) for app in account.apps.values())
    run = live.opened(on_a_branch(live, "plan: trial", "plan: gold"), fork=fork, author=author)

    [job] = run.jobs.values()
    assert job.result == "success"
    assert job.summary.startswith("<p>This run has no secrets, so the account of <code>production</code> was not read.")
    assert '<code>"trial"</code> → <code>"gold"</code>' in job.summary
    assert "changes" not in job.ran[0].outputs
    assert live.runner.github()["calls"] == []
    assert sum(len(app.state.log) for app in account.apps.values()) == asked_before


def test_a_merge_is_planned_approved_and_applied(hosted: Hosted, account: Account) -> None:
    run = hosted.merged()

    assert results(run) == {PLAN: "success", APPLY: "success"}
    assert "4 facts to add" in run.jobs[PLAN].summary
    assert "Apply complete for <code>production</code>" in run.jobs[APPLY].summary
    assert hosted.asked == ["production"]
    assert account.facts == {
        "crm-ben": {"name": "Ben", "plan": "trial"},
        "crm-sarah": {"name": "Sarah", "plan": "premium"},
    }


def test_a_merge_that_changes_nothing_asks_nobody(live: Hosted, account: Account) -> None:
    live.commit("README.md", "Another text.\n")
    run = live.merged()

    assert results(run) == {PLAN: "success", APPLY: "skipped"}
    assert "No changes for <code>production</code>" in run.jobs[PLAN].summary
    assert (live.asked, account.writes()) == ([], [])


@pytest.mark.parametrize("workflow", ["apply", "drift"])
@pytest.mark.parametrize("ref", ["refs/tags/main", "refs/heads/change"])
def test_what_was_not_merged_is_not_run_under_the_name_of_what_was(
    live: Hosted, account: Account, workflow: str, ref: str
) -> None:
    on_a_branch(live, "plan: trial", "plan: gold")
    live.git("tag", MAIN, "change")
    run = live.dispatched(workflow, ref)

    assert set(results(run).values()) == {"skipped"}
    assert (live.asked, account.writes(), live.runner.github()["calls"]) == ([], [], [])


def test_the_plan_that_is_kept_shows_no_value_of_the_account(live: Hosted) -> None:
    change(live, "plan: trial", "plan: gold")
    run = live.merged()

    kept = live.runner.folder / "kept" / "artifacts" / run.github["run_id"] / "reconciler-plan-production"
    assert {path.name for path in kept.iterdir()} == {"plan.json", "plan.md", "plan.html", "summary.md"}
    assert [path.name for path in kept.iterdir() if "trial" in path.read_text()] == []


def test_what_moved_before_the_approval_is_skipped_and_told_and_the_next_run_plans_it(
    live: Hosted, account: Account
) -> None:
    change(live, "plan: trial", "plan: gold")
    change(live, "plan: premium", "plan: silver")
    live.approve = lambda: account.learn("crm-ben", plan="cancelled by phone")
    run = live.merged()

    assert (results(run)[APPLY], run.jobs[APPLY].codes) == ("failure", [3])
    assert "<strong>1 skipped and 1 done</strong>" in run.jobs[APPLY].summary
    assert "changed since the plan: plan" in run.jobs[APPLY].summary
    assert run.jobs[APPLY].summary.endswith("<p>The next run of this workflow plans what is left.</p>\n")
    assert account.facts["crm-ben"]["plan"] == "cancelled by phone"
    assert account.facts["crm-sarah"]["plan"] == "silver"

    live.approve = lambda: None
    following = live.merged()
    assert "<strong>1 fact to update</strong>" in following.jobs[PLAN].summary
    assert results(following) == {PLAN: "success", APPLY: "success"}
    assert account.facts["crm-ben"]["plan"] == "gold"


def test_a_plan_that_a_newer_merge_overtook_is_refused(live: Hosted, account: Account) -> None:
    change(live, "plan: trial", "plan: gold")
    live.approve = lambda: change(live, "plan: gold", "plan: silver")
    run = live.merged()

    assert (results(run)[APPLY], run.jobs[APPLY].codes) == ("failure", [4])
    assert run.jobs[APPLY].summary.startswith("<p>The plan was refused for <code>production</code>.</p>\n<pre>error: ")
    assert "the specs, or their secrets, are not those that it was made from" in run.jobs[APPLY].summary
    assert account.writes() == []

    live.approve = lambda: None
    assert results(live.merged()) == {PLAN: "success", APPLY: "success"}
    assert account.facts["crm-ben"]["plan"] == "silver"


def test_a_newer_merge_that_leaves_the_specs_alone_overtakes_no_plan(live: Hosted, account: Account) -> None:
    change(live, "plan: trial", "plan: gold")
    live.approve = lambda: live.commit("README.md", "Another text.\n")
    run = live.merged()

    assert results(run) == {PLAN: "success", APPLY: "success"}
    assert account.facts["crm-ben"]["plan"] == "gold"


def test_two_keys_without_a_common_key_for_digests_are_refused_with_the_cure(live: Hosted, account: Account) -> None:
    change(live, "plan: trial", "plan: gold")
    live.secrets["RECONCILER_DIGEST_KEY"] = ""
    run = live.merged()

    assert (results(run)[APPLY], run.jobs[APPLY].codes) == ("failure", [4])
    assert "it was made with another key; give both the same RECONCILER_DIGEST_KEY" in run.jobs[APPLY].summary
    assert account.writes() == []


def test_the_key_of_another_account_is_refused_where_one_is_expected(live: Hosted, account: Account) -> None:
    def exchange() -> None:
        account.apps[WRITES] = create_app(Store(), Settings(key=WRITES))

    world: Any = account.store.dump()
    settings = (live.origin / "reconciler.yaml").read_text()
    expected = f"    expect_account: {{contact_id: {world['contacts'][0]['id']}}}\n"
    live.commit("reconciler.yaml", settings + expected)
    change(live, "plan: trial", "plan: gold")
    live.approve = exchange
    run = live.merged()

    assert (results(run)[APPLY], run.jobs[APPLY].codes) == ("failure", [4])
    assert "expect_account" in run.jobs[APPLY].summary
    assert account.writes() == []


def test_a_plan_that_somebody_changed_in_the_artifact_is_refused(live: Hosted, account: Account) -> None:
    def rewrite() -> None:
        [plan] = (live.runner.folder / "kept" / "artifacts" / str(live.runs)).glob("*/plan.json")
        plan.write_text(plan.read_text().replace("crm", "cdp").replace('"gold"', '"platinum"'))

    change(live, "plan: trial", "plan: gold")
    live.approve = rewrite
    run = live.merged()

    assert (results(run)[APPLY], run.jobs[APPLY].codes) == ("failure", [4])
    assert "it was changed since it was made" in run.jobs[APPLY].summary
    assert account.writes() == []


def test_an_apply_that_is_cancelled_and_done_again_ends_as_if_it_had_never_stopped(
    live: Hosted, account: Account
) -> None:
    def cancel(process: subprocess.Popen[str]) -> None:
        assert account.is_asked_to_write.wait(60)
        process.send_signal(signal.SIGTERM)
        assert process.stderr is not None
        assert any("stopping" in line for line in process.stderr)
        account.may_write.set()

    change(live, "plan: trial", "plan: gold")
    change(live, "plan: premium", "plan: silver")
    account.may_write.clear()
    account.is_asked_to_write.clear()
    live.during = cancel
    stopped = live.merged()
    assert results(stopped) == {PLAN: "success", APPLY: "failure"}
    first = account.writes()
    assert len(first) == 1

    live.during = None
    again = live.again(stopped)
    assert results(again) == {PLAN: "success", APPLY: "success"}
    assert sorted([*first, *account.writes()]) == sorted(
        ["PATCH {'facts': {'plan': 'gold'}}", "PATCH {'facts': {'plan': 'silver'}}"]
    )
    assert "Apply complete for" in again.jobs[APPLY].summary
    assert {name: facts["plan"] for name, facts in account.facts.items()} == {"crm-ben": "gold", "crm-sarah": "silver"}
    assert live.asked == ["production", "production"]


def test_an_environment_that_fails_stops_those_after_it(live: Hosted, account: Account) -> None:
    name = ".github/workflows/apply.yml"
    text = (live.origin / name).read_text()
    entry = text[text.index("          - environment: production") : text.index("    uses: ")]
    live.commit(name, text.replace(entry, entry.replace("production", "staging") + entry))
    run = live.merged()

    assert results(run) == {"staging / plan": "failure", "staging / apply": "skipped"}
    assert run.jobs["staging / plan"].codes == [1]
    assert "The plan could not be made for <code>staging</code>" in run.jobs["staging / plan"].summary
    assert account.writes() == []


def test_drift_becomes_an_issue_and_where_it_is_asked_for_a_pull_request(live: Hosted, account: Account) -> None:
    account.learn("crm-ben", plan="gold")

    assert results(live.checked()) == {"drift production": "success", "pull production": "skipped"}
    assert live.runner.github()["pulls"] == []
    asked = live.checked(pull_request=True)
    assert results(asked) == {"drift production": "success", "pull production": "success"}
    live.checked(pull_request=True)
    [proposal] = live.runner.github()["pulls"]
    assert (proposal["head"], proposal["base"]) == ("reconciler/drift-production", MAIN)
    assert [issue["state"] for issue in live.runner.github()["issues"]] == ["open"]
    assert account.writes() == []

    live.commit(FILE, proposed(live)[FILE])
    assert proposed(live) == {FILE: SPECS.replace("plan: trial", "plan: gold")}
    live.runner.on_github(pulls=[{**proposal, "state": "closed", "merged_at": "2026-01-02T03:04:05Z"}])
    assert results(live.merged())[APPLY] == "skipped"
    live.checked(pull_request=True)
    assert [issue["state"] for issue in live.runner.github()["issues"]] == ["closed"]
    assert len(live.runner.github()["pulls"]) == 1


def proposed(hosted: Hosted) -> dict[str, str]:
    """Give the files of the newest commit that was proposed, by name."""
    github = hosted.runner.github()
    tip = github["commits"][github["refs"]["refs/heads/reconciler/drift-production"]]
    return {entry["path"]: entry["content"] for entry in github["trees"][tip["tree"]["sha"]]["tree"]}
