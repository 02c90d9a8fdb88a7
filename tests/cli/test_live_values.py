"""Values that came from an account are shown to nobody else, also by commands that speak of specs alone."""

import pytest

from reconciler.cli import terminal as screen
from tests.cli.conftest import Repository

PROJECT = """\
version: 1
default_environment: sandbox
environments:
  sandbox: {api: sandbox, specs: [live]}
  other: {api: sandbox}
"""
LIVE = """\
live_values: true
contacts:
  bob:
    name: held-name
    email: held@example.com
    scopes: {support: {facts: {plan: held-plan, code: 09}, users: [{phone_number: +14155550192, summary: held-too}]}}
    facts: {pin: held-pin}
"""
COMMANDS = [
    ("why", "contacts.bob"),
    ("why", "contacts.bob.facts", "--format", "json"),
    ("compare", "sandbox", "other"),
    ("compare", "other", "sandbox", "--format", "json"),
    ("fmt", "--check", "--diff"),
    ("lint",),
]


@pytest.fixture
def live(repository: Repository) -> Repository:
    repository.write("reconciler.yaml", PROJECT)
    repository.write("specs/support.yaml", "scopes: {support: {persona_id: p}}\n")
    repository.write("live/undo.yaml", LIVE)
    return repository


@pytest.mark.parametrize("arguments", COMMANDS)
def test_no_output_for_others_holds_a_value_of_the_account(live: Repository, arguments: tuple[str, ...]) -> None:
    called = live.run(*arguments)

    assert called.out + called.err
    assert called.code == (1 if arguments[0] == "fmt" else 0), called.err
    assert [value for value in ("held", '"09"') if value in called.out + called.err] == []


def test_a_diff_that_is_not_shown_is_said_to_be_so(live: Repository) -> None:
    assert "live/undo.yaml: no diff is shown" in live.run("fmt", "--check", "--diff").err


@pytest.mark.parametrize("arguments", [one for one in COMMANDS[:-1] if "json" not in one])
def test_on_the_operators_terminal_they_are_shown(
    live: Repository, arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(screen, "is_operators_terminal", lambda _stream: True)

    assert "held-name" in live.run(*arguments).out


@pytest.mark.parametrize("style", ["text", "json", "sarif"])
def test_lint_keeps_to_the_environments_catalogue(repository: Repository, style: str) -> None:
    repository.write("specs/support.yaml", "fact_keys: {pin: {sensitive: true}, idle: {}}\n")
    repository.write("a.yaml", "scopes: {support: {persona_id: p, facts: {pin: 02139}}}\n")
    called = repository.run("lint", "--specs", "a.yaml", "--format", style)

    assert "this sensitive value is text here" in called.out
    assert "02139" not in called.out
    assert "idle" not in called.out


def test_a_cell_that_a_condition_cannot_be_compared_with_is_not_quoted(repository: Repository) -> None:
    repository.write("specs/support.yaml", "fact_keys: {pin: {sensitive: true}}\nscopes: {support: {persona_id: p}}\n")
    scopes = '{support: {where: {pin: "yes"}, facts: {pin: pin}}}'
    rows = f"{{file: r.jsonl, named_by: id, contact: {{external_id: id, scopes: {scopes}}}}}"
    repository.write("specs/rows.yaml", f"contacts_from: [{rows}]\n")
    repository.write("specs/r.jsonl", '{"id": "ana", "pin": 778899}\n')
    called = repository.run("validate")

    assert "text is expected, not a number" in called.err
    assert "778899" not in called.err
