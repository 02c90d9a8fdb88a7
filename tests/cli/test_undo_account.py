"""An undo goes to the account that was applied to, and to no other; what it cannot bring back is told before."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from reconciler.errors import StateError
from reconciler.sandbox.app import create_app
from reconciler.sandbox.faults import Faults, Meanwhile, Rule, envelope_error
from reconciler.sandbox.serve import running
from reconciler.sandbox.store import Store
from tests.cli.conftest import Called, Repository

SPEC = """\
scopes: {s: {persona_id: p}}
contacts:
  ann:
    contact_id: id-ann
    scopes:
      s:
        facts: {plan: premium}
"""


def live(facts: dict[str, Any]) -> dict[str, Any]:
    memory = {"id": "mem-ann", "contact_id": "id-ann", "persona_id": "p", "facts": facts}
    return {"contacts": [{"id": "id-ann", "identifiers": []}], "contact_memories": [memory]}


@dataclass
class Account:
    """One account on a port."""

    url: str
    store: Store
    app: Any

    @property
    def facts(self) -> Any:
        dump: Any = self.store.dump()
        return dump["contact_memories"][0]["facts"]

    @property
    def requests(self) -> int:
        return len(self.app.state.log)


@dataclass
class Two:
    """A repository with two accounts: `main`, the default, and `staging`."""

    repository: Repository
    main: Account
    staging: Account

    def run(self, *arguments: str) -> Called:
        return self.repository.run(*arguments)

    def configure(self, *, staging: str = "", more: str = "", name: str = "staging") -> None:
        url = staging or self.staging.url
        self.repository.write(
            "reconciler.yaml",
            "version: 1\ndefault_environment: main\nenvironments:\n"
            f'  main: {{api: "{self.main.url}", api_key_env: MAIN_KEY}}\n'
            f'  {name}: {{api: "{url}", api_key_env: STAGING_KEY{more}}}\n',
        )


@pytest.fixture
def two(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> Iterator[Two]:
    monkeypatch.setenv("MAIN_KEY", "key-of-main")
    monkeypatch.setenv("STAGING_KEY", "key-of-staging")
    repository.write("specs/support.yaml", SPEC)
    stores = [Store(), Store()]
    apps = [create_app(store) for store in stores]
    for store, plan in zip(stores, ("trial of main", "trial of staging"), strict=True):
        store.load(live({"plan": plan}))
    with running(apps[0]) as main, running(apps[1]) as staging:
        made = Two(repository, Account(main, stores[0], apps[0]), Account(staging, stores[1], apps[1]))
        made.configure()
        yield made


@pytest.fixture
def applied(two: Two) -> Two:
    """Give both accounts after an apply to staging whose former values were saved."""
    assert two.run("-e", "staging", "apply", "--yes", "--save-undo", "undo.yaml").code == 0
    assert two.staging.facts == {"plan": "premium"}
    return two


def test_an_undo_restores_the_account_that_was_applied_to_and_touches_no_other(applied: Two) -> None:
    before = applied.main.requests
    undone = applied.run("undo", "undo.yaml", "--yes")

    assert undone.code == 0
    assert applied.staging.facts == {"plan": "trial of staging"}
    assert applied.main.facts == {"plan": "trial of main"}
    assert applied.main.requests == before


def test_it_may_be_named_and_its_url_spelled_in_any_way(applied: Two) -> None:
    applied.configure(staging=f"{applied.staging.url.upper()}/")

    assert applied.run("-e", "staging", "undo", "undo.yaml", "--yes").code == 0
    assert applied.staging.facts == {"plan": "trial of staging"}


def test_the_file_names_its_account_and_neither_key(applied: Two) -> None:
    text = (applied.repository.root / "undo.yaml").read_text()
    header = f'undo:\n  environment: staging\n  api: "{applied.staging.url}"\n  account: "hmac:'

    assert header in text
    assert "key-of" not in text


def test_receipt_and_formats_are_those_of_an_apply(applied: Two) -> None:
    undone = applied.run("undo", "undo.yaml", "--yes", "--receipt", "r.json", "--format", "json")
    receipt = json.loads((applied.repository.root / "r.json").read_text())

    assert json.loads(undone.out)["outcomes"] == receipt["outcomes"]
    assert (receipt["environment"], receipt["totals"]["done"]) == ("staging", 1)


def refused(two: Two, *arguments: str) -> str:
    """Call `undo`, which is refused before anything is sent to either account; gives what is said."""
    requests = two.main.requests, two.staging.requests
    called = two.run(*arguments)

    assert (called.code, called.out) == (4, "")
    assert (two.main.requests, two.staging.requests) == requests
    assert "nothing was read or written" in called.err
    return called.err


@pytest.mark.parametrize("options", [(), ("--dry-run",), ("--yes",)])
def test_another_environment_is_refused(applied: Two, options: tuple[str, ...]) -> None:
    said = refused(applied, "-e", "main", "undo", "undo.yaml", *options)

    assert "undo.yaml is for the environment staging, not for main" in said
    assert "run `reconciler -e staging undo undo.yaml`" in said


def test_an_environment_that_is_gone_is_refused(applied: Two) -> None:
    applied.configure(name="other")

    assert "for the environment staging, and reconciler.yaml has no such one" in refused(applied, "undo", "undo.yaml")


def test_a_repository_without_settings_is_refused(applied: Two) -> None:
    (applied.repository.root / "reconciler.yaml").unlink()

    assert "there is no reconciler.yaml that has it" in refused(applied, "undo", "undo.yaml", "--yes")


def test_another_api_in_the_settings_is_refused(applied: Two) -> None:
    applied.configure(staging=applied.main.url)

    said = refused(applied, "undo", "undo.yaml", "--yes")
    assert f"undo.yaml is for {applied.staging.url}, and staging is {applied.main.url} here" in said


def test_another_api_on_the_command_line_is_refused(applied: Two) -> None:
    said = refused(applied, "undo", "undo.yaml", "--yes", "--api-url", applied.main.url)

    assert f"undo.yaml is for {applied.staging.url}, and staging is {applied.main.url} here" in said


def test_another_key_is_refused_and_its_digest_accepted_by_hand(applied: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAGING_KEY", "a-new-key")
    said = refused(applied, "undo", "undo.yaml", "--yes")
    assert "undo.yaml was written with another API key than this one" in said
    assert "a-new-key" not in said

    file = applied.repository.root / "undo.yaml"
    before, after = (part.partition(",")[0].partition(";")[0] for part in said.split("hmac:")[1:])
    file.write_text(file.read_text().replace(before, after))
    assert applied.run("undo", "undo.yaml", "--yes").code == 0
    assert applied.staging.facts == {"plan": "trial of staging"}


def test_an_account_that_is_not_the_expected_one_is_refused(applied: Two) -> None:
    applied.configure(more=", expect_account: {contact_id: id-zoe}")
    called = applied.run("undo", "undo.yaml", "--yes")

    assert called.code == 4
    assert "it has no contact id-zoe" in called.err
    assert applied.staging.facts == {"plan": "premium"}


def test_without_a_key_nothing_is_undone(applied: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STAGING_KEY")
    called = applied.run("undo", "undo.yaml", "--yes")

    assert called.code == 1
    assert "no API key: set the environment variable STAGING_KEY" in called.err


def test_nobody_is_asked_where_there_is_nobody(applied: Two) -> None:
    called = applied.run("undo", "undo.yaml")

    assert called.code == 1
    assert "add --yes" in called.err
    assert applied.staging.facts == {"plan": "premium"}


def test_facts_that_the_file_does_not_name_are_no_notice(two: Two) -> None:
    two.staging.store.learn_facts("mem-ann", {"mood": "learned"})
    assert "left alone (unmanaged)" in two.run("-e", "staging", "apply", "--yes", "--save-undo", "undo.yaml").out

    assert "Note: " not in two.run("undo", "undo.yaml", "--yes").out


def test_an_undo_says_nothing_of_what_an_earlier_run_left_open(applied: Two) -> None:
    (journal,) = (applied.repository.root / ".reconciler/journal").glob("*.jsonl")
    lines = journal.read_text().splitlines(keepends=True)
    journal.write_text("".join(line for line in lines if '"kind":"outcome"' not in line and '"kind":"end"' not in line))
    undone = applied.run("undo", "undo.yaml", "--yes")
    after_undo = journal.read_text()
    applied.run("-e", "staging", "apply", "--yes")

    assert undone.code == 0
    assert '"kind":"resolved"' not in after_undo
    assert '"kind":"resolved"' in journal.read_text()


def test_a_dry_run_sends_nothing_that_writes(applied: Two) -> None:
    called = applied.run("undo", "undo.yaml", "--dry-run")

    assert called.code == 0
    assert "PATCH /v1/memory/contact/mem-ann/facts" in called.out
    assert applied.staging.facts == {"plan": "premium"}


def test_guards_hold_but_for_the_share_of_updates_which_is_always_the_whole(applied: Two) -> None:
    applied.configure(more=", guards: {max_changes: 0, max_update_share: 0.1}")
    many = applied.run("undo", "undo.yaml", "--yes")
    share = applied.run("undo", "undo.yaml", "--yes", "--max-changes", "1", "--max-update-share", "0.5")
    right = applied.run("undo", "undo.yaml", "--yes", "--max-changes", "1")

    assert [one.code for one in (many, share, right)] == [4, 4, 0]
    assert "max_changes is 0" in many.err
    assert "max_update_share" not in many.err
    assert "max_update_share is 0.5" in share.err


def test_what_was_added_stays_and_is_told_both_times(two: Two) -> None:
    two.repository.write("specs/support.yaml", SPEC.replace("plan: premium", "plan: premium, city: Oslo"))
    applied = two.run("-e", "staging", "apply", "--yes", "--save-undo", "undo.yaml")
    undone = two.run("undo", "undo.yaml", "--yes")

    assert "note: 1 addition stays whatever is undone: nothing can be deleted\n" in applied.err
    assert "stays:\n    - contacts.ann.scopes.s.facts.city\n" in (two.repository.root / "undo.yaml").read_text()
    assert "note: 1 addition stays, since nothing can be deleted: see `stays` in undo.yaml\n" in undone.err
    assert two.staging.facts == {"plan": "trial of staging", "city": "Oslo"}


def deep(levels: int) -> Any:
    value: Any = "end"
    for _ in range(levels):
        value = {"a": value}
    return value


LOST = [
    (None, "its former value is null, or holds it"),
    ({"held": [1, None]}, "its former value is null, or holds it"),
    (2**53, "its former value holds a number that JSON does not keep"),
    (deep(59), "its former value is nested too deep"),
    ({"in\nlines": 1}, "it holds a key that specs refuse, or stands under one"),
]


@pytest.mark.parametrize(("former", "reason"), LOST)
def test_what_no_undo_brings_back_is_told_before_the_write_and_in_the_file(two: Two, former: Any, reason: str) -> None:
    two.staging.store.reset()
    two.staging.store.load(live({"plan": former, "kept": "as it is"}))
    no_one = two.run("-e", "staging", "apply", "--save-undo", "none.yaml")
    applied = two.run("-e", "staging", "apply", "--yes", "--save-undo", "undo.yaml")
    text = (two.repository.root / "undo.yaml").read_text()
    undone = two.run("undo", "undo.yaml", "--yes")

    assert no_one.code == 1
    assert applied.code == 0, applied.err
    place = "contacts.ann.scopes.s.facts.plan"
    assert applied.err.count(f"warning: {place} is overwritten and cannot be undone: {reason}") == 1
    assert f"  cannot_restore:\n    contacts.ann.scopes.s:\n      {place}: {reason}" in text
    assert "warning: 1 value cannot be brought back: see cannot_restore in undo.yaml\n" in undone.err
    assert undone.code == 0
    assert two.staging.facts == {"plan": "premium", "kept": "as it is"}


def test_it_is_told_before_the_first_write(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TEST_KEY", "k")
    repository.write("specs/support.yaml", SPEC)
    said: list[str] = []
    store = Store()
    store.load(live({"plan": None}))
    look = Meanwhile(lambda _store: said.append(capsys.readouterr().err))
    with running(create_app(store, faults=Faults([Rule(fault=look, method="PATCH")]))) as url:
        assert repository.run("-e", "live", "--api-url", url, "apply", "--yes", "--save-undo", "u.yaml").code == 0

    assert "cannot be undone: its former value is null" in said[0]


def test_it_is_told_before_anybody_is_asked(
    two: Two, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    two.staging.store.reset()
    two.staging.store.load(live({"plan": None}))
    said: list[str] = []

    def refuse(*_: object, **__: object) -> bool:
        said.append(capsys.readouterr().err)
        return False

    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("click.confirm", refuse)
    assert two.run("-e", "staging", "apply", "--save-undo", "undo.yaml").code == 4

    assert "cannot be undone: its former value is null" in said[0]
    assert not (two.repository.root / "undo.yaml").exists()


def test_a_receipt_that_is_not_written_is_shown_and_the_undo_file_holds_what_was_tried(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise StateError("cannot write receipt.json: no room")

    monkeypatch.setenv("TEST_KEY", "k")
    monkeypatch.setattr("reconciler.cli.apply_screen.write_files", fail)
    repository.write(
        "specs/support.yaml", f"{SPEC}  bob: {{contact_id: id-bob, scopes: {{s: {{facts: {{plan: gold}}}}}}}}\n"
    )
    ann, bob = live({"plan": "free"}), json.loads(json.dumps(live({"plan": "cheap"})).replace("-ann", "-bob"))
    store = Store()
    store.load({key: [*ann[key], *bob[key]] for key in ann})
    refusal = Rule(fault=envelope_error(400, "BAD_REQUEST", "not this one"), method="PATCH", path="*mem-ann*")
    with running(create_app(store, faults=Faults([refusal]))) as url:
        called = repository.run(
            "-e",
            "live",
            "--api-url",
            url,
            "apply",
            "--yes",
            "--save-undo",
            "u.yaml",
            "--fail-fast",
            "--concurrency",
            "1",
        )
    undo = (repository.root / "u.yaml").read_text()

    assert called.code == 1
    assert "cannot write receipt.json: no room" in called.err
    assert "Apply incomplete: 0 operations done, 1 failed and 1 skipped." in called.out
    assert ("plan: free" in undo, "plan: cheap" in undo) == (True, False)


@pytest.mark.parametrize("levels", [1, 2, 30, 57, 58])
def test_a_nested_value_is_brought_back_or_told_at_any_depth(two: Two, levels: int) -> None:
    """A change deep inside of a mapping leaves less room for the value that it replaces."""
    inside = "{" + "a: {" * (levels - 1) + "a: new" + "}" * levels
    two.repository.write("specs/support.yaml", SPEC.replace("plan: premium", f"plan: {inside}"))
    former: Any = [[["end"]]]
    for _ in range(levels):
        former = {"a": former}
    two.staging.store.reset()
    two.staging.store.load(live({"plan": former}))
    applied = two.run("-e", "staging", "apply", "--yes", "--save-undo", "undo.yaml")

    assert applied.code == 0, applied.err
    assert two.run("undo", "undo.yaml", "--yes").code == 0
    assert (two.staging.facts == {"plan": former}) is ("cannot be undone" not in applied.err)
