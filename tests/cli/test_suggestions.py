"""Command lines that do not parse, and what is said instead."""

import re

import click
import pytest

from reconciler.cli.main import group
from reconciler.cli.suggestions import OTHER_COMMANDS, OTHER_OPTIONS
from tests.cli.conftest import Repository
from tests.cli.test_usage import commands


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("pln", '`reconciler` has no command "pln"; did you mean "plan"?'),
        ("import", '`reconciler` has no command "import"; `reconciler export` writes specs from a live account'),
        ("version", '`reconciler` has no command "version"; `reconciler --version` prints the version'),
        ("destroy", '`reconciler` has no command "destroy"; nothing is ever deleted'),
        ("specs", '`reconciler` has no command "specs"; `reconciler help specs` shows the page of the guide'),
        ("xyzzyx", '`reconciler` has no command "xyzzyx"; known here: apply, compare, '),
        ("sandbox serv", '`reconciler sandbox` has no command "serv"; did you mean "serve"?'),
        ("sandbox import", '`reconciler sandbox` has no command "import"; known here: reset, serve, show'),
    ],
)
def test_an_unknown_command_gets_the_nearest(line: str, message: str, repository: Repository) -> None:
    called = repository.run(*line.split())

    assert called.code == 1
    assert f"Error: {message}" in called.err


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("plan --tagret x", '`reconciler plan` has no option "--tagret"; did you mean "--target"?'),
        ("--targets x plan", '`reconciler` has no option "--targets"; did you mean "--target"?'),
        ("plan --qqqqqq", '`reconciler plan` has no option "--qqqqqq"; `reconciler plan --help` lists the options'),
        ("export --canary 3", '`reconciler export` has no option "--canary"; apply and undo take it'),
        ("schema --persona-id x", '`reconciler schema` has no option "--persona-id"; init takes it'),
        ("--canary 3 apply", '`reconciler` has no option "--canary"; write it after a command that takes it: apply'),
        ("completion bash -e x", '`reconciler completion` has no option "-e": it would change nothing there'),
        ("schema --state x", '`reconciler schema` has no option "--state": it would change nothing there'),
        ("apply --auto-approve", '`reconciler apply` has no option "--auto-approve"; `--yes` does not ask'),
    ],
)
def test_an_unknown_option_gets_the_nearest_or_its_commands(line: str, message: str, repository: Repository) -> None:
    called = repository.run(*line.split())

    assert called.code == 1
    assert f"Error: {message}" in called.err


@pytest.mark.parametrize("cure", sorted({*OTHER_COMMANDS.values(), *OTHER_OPTIONS.values()}))
def test_what_is_suggested_exists(cure: str) -> None:
    known = dict(commands())
    options = {name for command in (group, *known.values()) for one in command.params for name in one.opts}

    for code in re.findall(r"`([^`]+)`", cure):
        named = [word for word in code.split() if word.startswith("-")]
        words = " ".join(word for word in code.removeprefix("reconciler ").split() if word.islower())
        assert {*named} <= {*options, "--version"}
        assert not words or words.startswith("-") or words.split(" -")[0] in {*known, "api_key_env"}


def test_what_other_tools_call_it_is_no_name_of_ours() -> None:
    names = {*group.list_commands(click.Context(group))} - {"diff", "pull"}

    assert names.isdisjoint(OTHER_COMMANDS)


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("RECONCILER_ENVIROMENT", "RECONCILER_ENVIRONMENT"),
        ("RECONCILER_MAX_CHANGE", "RECONCILER_MAX_CHANGES"),
        ("RECONCILER_MAXCHANGES", "RECONCILER_MAX_CHANGES"),
        ("RECONCILER_ENVIRONMENT", ""),
        ("RECONCILER_MAX_CHANGES", ""),
        ("RECONCILER_DIGEST_KEY", ""),
        ("RECONCILER_IMAGE", ""),
    ],
)
def test_a_misspelt_variable_is_not_passed_over_in_silence(
    name: str, near: str, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "sandbox")
    called = repository.run("schema")
    warning = f"warning: {name} is the variable of no option; did you mean {near}?\n"

    assert called.code == 0
    assert called.err == (warning if near else "")
