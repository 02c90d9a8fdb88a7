"""The one door to an account: every command asks there whether it is the expected one, and calls it by one name."""

import json
from collections.abc import Iterator

import click
import pytest

from reconciler.cli.main import group
from reconciler.core.model.masking import Masker
from reconciler.sandbox.app import Logged, create_app
from reconciler.sandbox.serve import running
from reconciler.sandbox.store import Store
from tests.cli.conftest import Repository
from tests.cli.watched import FakeTime, Watch

SPEC = """\
scopes: {s: {persona_id: p}}
contacts:
  ann: {contact_id: id-ann, scopes: {s: {facts: {plan: premium}}}}
"""
LIVE = {
    "contacts": [{"id": "id-ann", "identifiers": []}],
    "contact_memories": [{"id": "mem-ann", "contact_id": "id-ann", "persona_id": "p", "facts": {"plan": "trial"}}],
}
CALLS: dict[str, list[tuple[str, ...]]] = {
    "plan": [("plan",), ("plan", "--out", "plan.json")],
    "apply": [("apply", "--yes"), ("apply", "--dry-run")],
    "snapshot": [("snapshot",)],
    "export": [("export", "--out", "new")],
    "pull": [("pull", "--take", "--dry-run"), ("pull", "--seed", "--dry-run")],
    "undo": [("undo", "undo.yaml", "--yes"), ("undo", "undo.yaml", "--dry-run")],
    "compare": [("compare", "--live", "live", "twin"), ("compare", "--live", "twin", "live")],
}
"""The calls of each command that opens an account; `watch` and `doctor` have tests of their own."""


@pytest.fixture
def served(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Repository, str, list[Logged]]]:
    """Serve an account; gives the repository, its URL and what it was asked."""
    monkeypatch.setenv("TEST_KEY", "sk-live-key")
    repository.write("specs/support.yaml", SPEC)
    store = Store()
    store.load(LIVE)
    app = create_app(store)
    with running(app) as url:
        digest = Masker(b"sk-live-key", reveal=False).digest(f"account at {url}")
        repository.write("undo.yaml", f'undo: {{environment: live, api: "{url}", account: "{digest}"}}\n---\n{SPEC}')
        yield repository, url, app.state.log


def configure(repository: Repository, api: str, more: str = "") -> None:
    live, twin = (f'{name}: {{api: "{api}", api_key_env: TEST_KEY{more}}}' for name in ("live", "twin"))
    repository.write("reconciler.yaml", f"version: 1\ndefault_environment: live\nenvironments:\n  {live}\n  {twin}\n")


def options_of(command: click.Command | None) -> set[str]:
    return {option for parameter in command.params for option in parameter.opts} if command else set()


def test_every_command_that_can_reach_an_account_is_among_those_tested_here() -> None:
    context = click.Context(group)
    names = group.list_commands(context)
    reach = {name for name in names if "--api-url" in options_of(group.get_command(context, name))}

    assert reach == {*CALLS, "watch", "doctor"}


@pytest.mark.parametrize("call", [call for calls in CALLS.values() for call in calls])
@pytest.mark.parametrize("expected", ["contact_id: id-zoe", "organization: another", "digest: another"])
def test_every_command_refuses_another_account_before_anything_else_is_read(
    served: tuple[Repository, str, list[Logged]], call: tuple[str, ...], expected: str
) -> None:
    repository, url, log = served
    configure(repository, url, f", expect_account: {{{expected}}}")

    refused = repository.run(*call)

    assert (refused.code, refused.out) == (4, "")
    assert "expect_account" in refused.err
    assert [entry.path for entry in log] == {
        "contact_id: id-zoe": ["/v1/contacts/id-zoe"],
        "organization: another": ["/v1/contacts"],
        "digest: another": [],
    }[expected]
    assert not (repository.root / "new").exists()
    assert not (repository.root / "plan.json").exists()


@pytest.mark.parametrize("call", [call for calls in CALLS.values() for call in calls])
def test_every_command_takes_the_expected_account(
    served: tuple[Repository, str, list[Logged]], call: tuple[str, ...]
) -> None:
    repository, url, log = served
    configure(repository, url, ", expect_account: {contact_id: id-ann}")

    assert repository.run(*call).code == 0
    assert log[0].path == "/v1/contacts/id-ann"


@pytest.mark.parametrize("applies", [False, True])
def test_a_watch_refuses_another_account_too(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *, applies: bool
) -> None:
    monkeypatch.setenv("TEST_KEY", "sk-live-key")
    repository.write("specs/support.yaml", SPEC)
    configure(repository, "http://127.0.0.1:1", ", expect_account: {contact_id: id-zoe}")
    watch = Watch(capsys, FakeTime(5.0))
    watch.store.load(LIVE)

    watch.run(interval=60.0, applies=applies)

    assert watch.story == ["refused"]
    assert [entry.path for entry in watch.app.state.log] == ["/v1/contacts/id-zoe"]


def spellings(url: str) -> list[str]:
    return [f"{url}/", url.upper(), f"{url.upper()}//", f" {url}"]


@pytest.mark.parametrize("spelling", range(4))
def test_a_saved_plan_is_for_the_account_however_its_url_is_spelled(
    served: tuple[Repository, str, list[Logged]], spelling: int
) -> None:
    repository, url, _ = served
    configure(repository, url)
    assert repository.run("plan", "--out", "plan.json").code == 0
    assert repository.run("snapshot", "--out", "live.json").code == 0
    other = spellings(url)[spelling]

    assert repository.run("plan", "--live", "live.json", "--api-url", other).code == 0
    applied = repository.run("apply", "plan.json", "--yes", "--receipt", "r.json", "--api-url", other)

    assert applied.code == 0
    assert {json.loads((repository.root / name).read_text())["api"] for name in ("plan.json", "r.json")} == {url}


def test_what_is_kept_of_an_account_is_found_however_its_url_is_spelled(
    served: tuple[Repository, str, list[Logged]],
) -> None:
    repository, url, _ = served
    for spelling in spellings(url):
        configure(repository, spelling)
        assert repository.run("apply", "--yes", "--format", "json").code == 0
    kept = repository.root / ".reconciler"

    assert [name.split()[:2] for name in json.loads((kept / "ids.json").read_text())["environments"]] == [["live", url]]
    assert {run["api"] for run in json.loads(repository.run("runs", "--format", "json").out)["runs"]} == {url}
    assert len({file.name.partition(".")[0] for file in (kept / "leases").iterdir()}) == 1
