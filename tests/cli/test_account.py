"""The one door to an account: every command asks there whether it is the expected one, and calls it by one name."""

import json
from collections.abc import Iterator

import click
import pytest

from reconciler.cli.main import group
from reconciler.core import remote
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
ALL_CALLS = [call for calls in CALLS.values() for call in calls]


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


@pytest.mark.parametrize("call", ALL_CALLS)
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


@pytest.mark.parametrize("call", ALL_CALLS)
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


FEWER = {
    "plan": "hint: choose fewer with --shard or --target\n",
    "apply": "hint: choose fewer with --shard or --target\n",
    "undo": "hint: choose fewer with --target\n",
    "pull": "hint: choose fewer with ADDRESS\n",
}


@pytest.mark.parametrize("call", ALL_CALLS)
def test_an_account_that_takes_too_much_memory_is_refused_with_what_the_command_can_choose(
    served: tuple[Repository, str, list[Logged]], monkeypatch: pytest.MonkeyPatch, call: tuple[str, ...]
) -> None:
    repository, url, _ = served
    configure(repository, url, ", reader: contacts")
    monkeypatch.setattr(remote, "_LIGHT", 0)
    monkeypatch.setattr(remote, "weight", lambda _records: 10**9)

    refused = repository.run(*call)

    most = {"export": 40, "snapshot": 25}.get(call[0], 80)
    said = f"error: the contacts of this account take more than {most} MB of memory, so no more of them were read\n"
    assert (refused.code, refused.out) == (1, "")
    assert refused.err.endswith(said + FEWER.get(call[0], ""))


@pytest.mark.parametrize("call", ALL_CALLS)
def test_a_listing_that_is_too_long_to_be_read_is_left_where_the_command_can_do_without(
    served: tuple[Repository, str, list[Logged]], monkeypatch: pytest.MonkeyPatch, call: tuple[str, ...]
) -> None:
    repository, url, _ = served
    configure(repository, url, ", reader: contacts")
    monkeypatch.setattr(remote, "_MOST_READ", 0)
    monkeypatch.setattr(remote, "_READ_OF_EACH", 0)

    refused = repository.run(*call)

    said = "error: the contacts of this account fill answers of more than 0 MiB, so no more of them were read"
    cure = "" if call[0] in {"export", "snapshot"} else "; set `reader: contact` to read only what is declared"
    assert (refused.code, refused.out) == (1, "")
    assert refused.err.endswith(f"{said}{cure}\n")


@pytest.mark.parametrize(
    ("call", "cure"),
    [
        (("export", "--out", "new"), "choose fewer with --contact, --scope or --name"),
        (("snapshot", "--all-users"), "leave out --all-users"),
    ],
)
def test_users_that_are_too_many_are_left_with_an_option(
    served: tuple[Repository, str, list[Logged]], monkeypatch: pytest.MonkeyPatch, call: tuple[str, ...], cure: str
) -> None:
    repository, url, _ = served
    configure(repository, url)
    repository.write("specs/support.yaml", "scopes: {s: {persona_id: p}}\n")
    monkeypatch.setattr(remote, "_LIGHT", 0)
    monkeypatch.setattr(remote, "weight", lambda records: 10**9 if isinstance(records, remote.UserPage) else 0)

    refused = repository.run(*call)

    said = "the memories and users of this account take more than 80 MB of memory, so no more of them were read"
    assert (refused.code, refused.out) == (1, "")
    assert refused.err.endswith(f"error: {said}; {cure}\n")
    assert not (repository.root / "new").exists()


def test_a_watch_of_too_large_an_account_says_what_it_can_choose(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TEST_KEY", "sk-live-key")
    repository.write("specs/support.yaml", SPEC)
    configure(repository, "http://127.0.0.1:1")
    monkeypatch.setattr(remote, "_LIGHT", 0)
    monkeypatch.setattr(remote, "weight", lambda _records: 10**9)
    watch = Watch(capsys, FakeTime(5.0))
    watch.store.load(LIVE)

    watch.run(interval=60.0, taken=frozenset(("shard", "targets")))

    assert watch.story == ["failed"]
    assert "so no more of them were read; choose fewer with --shard or --target\n" in watch.told


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
