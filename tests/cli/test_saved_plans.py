"""`apply PLAN`: what was reviewed is done, as far as it still holds, and nothing else."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from reconciler.core.documents.runs import PastRun
from reconciler.sandbox.app import create_app
from reconciler.sandbox.faults import Faults, Meanwhile, Rule
from reconciler.sandbox.serve import running
from reconciler.sandbox.store import Store
from reconciler.storage.journal import JournalFolder
from tests.cli.conftest import SPEC, Called, Repository

LIVE = {
    "contacts": [
        {"id": "c-sarah", "identifiers": [{"identifier_type": "external_id", "identifier_value": "crm-sarah"}]},
        {"id": "c-jo", "identifiers": [{"identifier_type": "external_id", "identifier_value": "crm-jo"}]},
    ],
    "contact_memories": [
        {"id": "m-1", "contact_id": "c-sarah", "persona_id": "persona-1", "facts": {"plan": "a private trial"}},
        {"id": "m-2", "contact_id": "c-jo", "persona_id": "persona-1", "facts": {"plan": "a private trial"}},
    ],
}
SPECS = SPEC + "  jo: {external_id: crm-jo, scopes: {support: {facts: {plan: gold}}}}\n"


@dataclass
class Served:
    """A repository and the account that it is for, on a port."""

    repository: Repository
    store: Store
    url: str
    app: Any

    def run(self, *arguments: str) -> Called:
        return self.repository.run("-e", "live", "--api-url", self.url, *arguments)

    def saved(self) -> Any:
        return json.loads((self.repository.root / "plan.json").read_text())

    def apply(self, *arguments: str) -> tuple[Called, dict[str, list[str]]]:
        """Apply the saved plan; gives what is told, and the addresses of each kind of outcome."""
        called = self.run("apply", "plan.json", "--yes", "--format", "json", *arguments)
        outcomes = json.loads(called.out)["outcomes"] if called.out else []
        kinds = {outcome["outcome"] for outcome in outcomes}
        return called, {
            kind: [f"{item['type']} {item['address']}" for item in outcomes if item["outcome"] == kind]
            for kind in kinds
        }

    def facts(self, memory_id: str) -> Any:
        dump: Any = self.store.dump()
        return next(item["facts"] for item in dump["contact_memories"] if item["id"] == memory_id)

    @property
    def writes(self) -> list[str]:
        return [f"{entry.method} {entry.path}" for entry in self.app.state.log if entry.committed]


@contextmanager
def served(repository: Repository, *rules: Rule) -> Iterator[Served]:
    store = Store()
    store.load(LIVE)
    app = create_app(store, faults=Faults(rules))
    with running(app) as url:
        yield Served(repository, store, url, app)


@pytest.fixture
def account(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    monkeypatch.setenv("TEST_KEY", "k")
    repository.write("specs/support.yaml", SPECS)
    with served(repository) as made:
        assert made.run("plan", "--out", "plan.json").code == 0
        yield made


SARAH = "contacts.sarah.scopes.support"
JO = "contacts.jo.scopes.support"


def test_a_plan_that_holds_is_done_and_the_next_one_is_empty(account: Served) -> None:
    called, outcomes = account.apply()

    assert called.code == 0, called.err
    assert outcomes == {
        "done": [f"write_facts {JO}", f"write_facts {SARAH}", f'add_user {SARAH}.users["+14155550192"]']
    }
    assert account.run("plan", "--detailed-exitcode").code == 0


def test_what_changed_is_left_out_and_named_and_the_rest_is_done(account: Served) -> None:
    account.store.learn_facts("m-1", {"plan": "learned in a call"})
    called, outcomes = account.apply()

    assert called.code == 3
    assert outcomes["skipped"] == [f"write_facts {SARAH}"]
    assert outcomes["done"] == [f"write_facts {JO}", f'add_user {SARAH}.users["+14155550192"]']
    assert f"left out: {SARAH}: changed since the plan: plan" in called.err
    assert account.facts("m-1") == {"plan": "learned in a call"}


def test_no_memory_that_changed_since_is_counted_as_unchanged(account: Served) -> None:
    account.run("plan", "--out", "plan.json", "--target", SARAH + ".facts", "--target", JO)
    account.store.learn_facts("m-1", {"plan": "learned in a call"})
    called = account.run("apply", "plan.json", "--yes")

    assert "1 fact to update" in called.out
    assert "unchanged" not in called.out


def test_of_a_plan_of_which_nothing_is_left_no_memory_is_called_unchanged(account: Served) -> None:
    account.run("plan", "--out", "plan.json", "--target", JO)
    account.store.learn_facts("m-2", {"plan": "learned in a call"})
    called = account.run("apply", "plan.json", "--yes")

    assert called.out.startswith(f"Nothing of this plan is left to apply.\nskipped  {JO} ")


def test_what_is_so_by_now_needs_nothing(account: Served) -> None:
    account.store.learn_facts("m-2", {"plan": "gold"})
    called, outcomes = account.apply()

    assert called.code == 0
    assert outcomes["already"] == [f"write_facts {JO}"]


def past_runs(account: Served) -> list[PastRun]:
    return [*JournalFolder(account.repository.root / ".reconciler/journal").runs()]


def test_the_journal_tells_of_what_was_left_out_and_what_needed_nothing_as_the_receipt_does(account: Served) -> None:
    account.store.learn_facts("m-1", {"plan": "learned in a call"})
    account.store.learn_facts("m-2", {"plan": "gold"})
    called, outcomes = account.apply()
    (run,) = past_runs(account)

    told = {kind: sorted(addresses) for kind, addresses in outcomes.items()}
    kinds = {step.result for step in run.steps}
    assert called.code == 3
    assert run.state == "incomplete"
    assert run.header.planned == len(run.steps) == 3
    assert told == {
        kind: sorted(f"{step.type} {step.address}" for step in run.steps if step.result == kind) for kind in kinds
    }
    assert "incomplete" in account.run("runs").out


def test_where_all_was_left_out_the_journal_says_so_and_a_next_apply_has_nothing_to_look_at(account: Served) -> None:
    account.run("plan", "--out", "plan.json", "--target", JO)
    account.store.learn_facts("m-2", {"plan": "learned in a call"})
    called, _ = account.apply()
    (run,) = past_runs(account)

    assert called.code == 3
    assert (run.state, run.totals["skipped"], run.needs_resolving) == ("incomplete", 1, False)


def test_where_nothing_is_left_to_do_and_nothing_was_left_out_there_is_no_journal(account: Served) -> None:
    account.run("plan", "--out", "plan.json", "--target", JO)
    account.store.learn_facts("m-2", {"plan": "gold"})
    called, outcomes = account.apply()

    assert (called.code, list(outcomes)) == (0, ["already"])
    assert past_runs(account) == []


def test_strict_refuses_the_whole_plan_and_names_what_changed(account: Served) -> None:
    account.store.learn_facts("m-1", {"plan": "learned in a call"})
    called, _ = account.apply("--strict")

    assert called.code == 4
    assert f"--strict: {SARAH} changed since the plan: plan; nothing was written" in called.err
    assert account.writes == []


def test_nothing_is_done_that_was_not_reviewed(account: Served) -> None:
    account.store.learn_facts("m-2", {"plan": "gold"})
    account.run("plan", "--out", "plan.json")  # jo needs nothing
    account.store.learn_facts("m-2", {"plan": "learned since"})
    called, outcomes = account.apply()

    assert called.code == 0
    assert not any(JO in address for addresses in outcomes.values() for address in addresses)
    assert account.facts("m-2") == {"plan": "learned since"}


def test_only_what_the_plan_touches_is_read_again(account: Served) -> None:
    account.store.learn_facts("m-1", {"name": "Sarah", "plan": "premium"})
    account.run("plan", "--out", "plan.json", "--target", JO)
    account.app.state.log.clear()
    account.apply()

    assert [f"{entry.method} {entry.path}" for entry in account.app.state.log] == [
        "POST /v1/contacts/find",
        "PATCH /v1/memory/contact/m-2/facts",
    ]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("specs", "the specs, or their secrets, are not those that it was made from"),
        ("environment", "it is for sandbox (sandbox), and this is live ("),
        ("key", "it was made with another key; give both the same RECONCILER_DIGEST_KEY"),
        ("operations", "it was changed since it was made"),
    ],
)
def test_a_plan_of_something_else_is_refused_and_says_why(
    account: Served, monkeypatch: pytest.MonkeyPatch, change: str, reason: str
) -> None:
    root = account.repository.root
    if change == "specs":
        account.repository.write("specs/support.yaml", SPECS.replace("gold", "silver"))
    elif change == "environment":
        assert account.repository.run("-e", "sandbox", "plan", "--out", "plan.json").code == 0
    elif change == "key":
        monkeypatch.setenv("TEST_KEY", "other")
    else:
        (root / "plan.json").write_text((root / "plan.json").read_text().replace('"gold"', '"silver"'))
    called, _ = account.apply()

    assert called.code == 4
    assert reason in called.err
    assert ("it was changed since it was made" in called.err) == (change == "operations")
    assert account.writes == []


EDITS: dict[str, Callable[[Any], object]] = {
    "an operation less": lambda plan: plan["operations"].pop(),
    "another place to write to": lambda plan: plan["operations"][0].update(address=SARAH),
    "fewer updates": lambda plan: plan["measures"].update(facts_to_update=0),
    "more live facts": lambda plan: plan["measures"].update(enforced_facts_live=10**6),
    "no new keys": lambda plan: plan["measures"].update(new_keys=[]),
    "another choice": lambda plan: plan.update(chosen={"targets": [JO], "labels": [], "excludes": []}),
}


@pytest.mark.parametrize("edit", EDITS)
def test_a_plan_that_was_edited_in_what_its_apply_rests_on_is_refused(account: Served, edit: str) -> None:
    plan = account.saved()
    EDITS[edit](plan)
    assert plan != account.saved()
    (account.repository.root / "plan.json").write_text(json.dumps(plan))
    called, _ = account.apply()

    assert (called.code, account.writes) == (4, [])
    assert "it was changed since it was made" in called.err


def test_a_plan_of_another_environment_is_refused_under_the_name_of_this_one_too(
    account: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECONCILER_DIGEST_KEY", "shared and long enough")
    assert account.run("plan", "--out", "plan.json").code == 0
    own = account.saved()
    assert account.repository.run("-e", "sandbox", "plan", "--out", "plan.json").code == 0
    names = ("environment", "api", "specs_digest", "key_check")
    posing = {**account.saved(), **{name: own[name] for name in names}}
    (account.repository.root / "plan.json").write_text(json.dumps(posing))
    called, _ = account.apply()

    assert (called.code, account.writes) == (4, [])
    assert "it was changed since it was made" in called.err


def test_with_a_key_for_digests_plan_and_apply_may_use_different_keys(
    account: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECONCILER_DIGEST_KEY", "shared and long enough")
    account.run("plan", "--out", "plan.json")
    monkeypatch.setenv("TEST_KEY", "other")
    called, _ = account.apply()

    assert called.code == 0


def test_the_saved_plan_holds_no_live_value(account: Served) -> None:
    assert "private" not in (account.repository.root / "plan.json").read_text()


def test_a_rehearsal_of_a_saved_plan_shows_what_still_holds(account: Served) -> None:
    account.store.learn_facts("m-2", {"plan": "gold"})
    called = account.run("apply", "plan.json", "--dry-run", "--format", "json")

    assert called.code == 0
    assert [request["path"] for request in json.loads(called.out)["requests"]] == [
        "/v1/memory/contact/m-1/facts",
        "/v1/memory/m-1/add-user",
    ]
    assert account.writes == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("apply", "plan.json", "--target", JO), "leave out --target"),
        (("apply", "--strict", "--yes"), "--strict is for a saved plan; name its file"),
        (("apply", "missing.json", "--yes"), "cannot read missing.json"),
        (("apply", "reconciler.yaml", "--yes"), "reconciler.yaml is not a saved plan: it is not JSON"),
    ],
)
def test_what_cannot_be_meant_is_bad_usage(account: Served, arguments: tuple[str, ...], said: str) -> None:
    called = account.run(*arguments)

    assert called.code == 1
    assert said in called.err


def test_a_receipt_is_no_plan(account: Served) -> None:
    account.apply("--receipt", "receipt.json")
    called = account.run("apply", "receipt.json", "--yes")

    assert called.code == 1
    assert "receipt.json is a receipt, not a saved plan" in called.err


def test_undo_holds_the_former_values_and_applying_it_brings_them_back(account: Served) -> None:
    called, _ = account.apply("--save-undo", "undo.yaml")
    undo = account.repository.root / "undo.yaml"

    assert called.code == 0
    assert undo.stat().st_mode & 0o777 == 0o600
    assert "plan: a private trial" in undo.read_text()
    assert f"stays:\n    - {SARAH}.facts.name\n" in undo.read_text()
    assert '.users[\\"+14155550192\\"]"\n' in undo.read_text()
    assert account.facts("m-1")["plan"] == "premium"

    assert account.run("undo", "undo.yaml", "--yes").code == 0
    assert account.facts("m-1") == {"name": "Sarah", "plan": "a private trial"}
    assert account.facts("m-2") == {"plan": "a private trial"}


def test_an_undo_file_is_never_written_over(account: Served) -> None:
    account.repository.write("undo.yaml", "older")
    called, _ = account.apply("--save-undo", "undo.yaml")

    assert called.code == 1
    assert "undo.yaml is there already; name another file" in called.err
    assert account.writes == []
    assert (account.repository.root / "undo.yaml").read_text() == "older"


def test_undo_tells_of_what_was_done_alone(account: Served) -> None:
    account.store.learn_facts("m-1", {"plan": "learned in a call"})
    account.apply("--save-undo", "undo.yaml")
    text = (account.repository.root / "undo.yaml").read_text()

    assert "learned in a call" not in text
    assert "a private trial" in text


def test_the_former_values_are_saved_before_the_first_write(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEST_KEY", "k")
    repository.write("specs/support.yaml", SPECS)
    undo, saved = repository.root / "undo.yaml", list[bool]()
    look = Meanwhile(lambda _store: saved.append("a private trial" in undo.read_text() if undo.exists() else False))
    with served(repository, Rule(fault=look, method="PATCH")) as made:
        assert made.run("apply", "--yes", "--save-undo", "undo.yaml").code == 0

    assert saved == [True, True]


def test_a_file_that_is_no_saved_plan_is_refused_with_what_makes_one(account: Served) -> None:
    called = account.repository.run("apply", "reconciler.yaml")

    assert called.code == 1
    assert (
        called.err
        == "error: reconciler.yaml is not a saved plan: it is not JSON; `reconciler plan --out FILE` saves one\n"
    )
