"""What `--help` shows, and the variables that stand for options."""

import shlex
from collections.abc import Iterator

import click
import pytest

from reconciler.cli.invocation import PROGRAM, Invocation
from reconciler.cli.main import group, main
from reconciler.cli.usage import GLOBAL_OPTIONS, OPTION_GROUPS, examples_of, long_name, variable_of
from tests.cli.conftest import Repository

DESIGNED = {
    "Start": ("init", "export", "sandbox", "doctor"),
    "Write": ("validate", "lint", "fmt", "why", "diff", "compare"),
    "Run": ("plan", "apply", "undo", "pull", "show", "runs", "snapshot", "watch"),
    "Tools": ("schema", "completion", "help"),
}
"""The groups of design.md, section 4, with commands that are still to come."""

GLOBAL_OF = {
    "init": "-e --debug",
    "sandbox serve": "--project --state --debug",
    "sandbox reset": "--project --state --debug",
    "sandbox show": "--project --state --debug",
    "doctor": "--project -e --state --debug",
    "validate": "--project -e --debug",
    "lint": "--project -e --debug",
    "fmt": "--project --debug",
    "why": "--project -e --no-color --debug",
    "compare": "--project --state --no-color --debug",
    "plan": "--project -e --state --no-color --debug",
    "apply": "--project -e --state --no-color --debug",
    "undo": "--project -e --state --no-color --debug",
    "export": "--project -e --state --debug",
    "snapshot": "--project -e --state --debug",
    "watch": "--project -e --state --debug",
    "show": "--project -e --state --no-color --debug",
    "runs": "--project -e --state --debug",
    "schema": "--debug",
    "completion": "--debug",
    "help": "",
}


def commands(command: click.Command = group, path: str = "") -> Iterator[tuple[str, click.Command]]:
    if not isinstance(command, click.Group):
        yield path, command
        return
    for name in command.list_commands(click.Context(command)):
        below = command.get_command(click.Context(command), name)
        assert below is not None
        yield from commands(below, f"{path} {name}".strip())


ALL = dict(commands())
by_command = pytest.mark.parametrize("path", ALL)


def helped(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main([*words, "--help"]) == 0
    return capsys.readouterr().out


def sections(text: str) -> dict[str, str]:
    """Return what stands under each heading."""
    found: dict[str, str] = {}
    title = ""
    for line in text.splitlines():
        if line.endswith(":") and not line.startswith(" "):
            title = line.removesuffix(":")
        found[title] = f"{found.get(title, '')}{line}\n"
    return found


def parse(line: str) -> None:
    """Parse a command line as the program would, without running it."""
    program, *words = shlex.split(line.partition(" > ")[0])
    assert program == PROGRAM
    command: click.Command = group
    context, name = None, PROGRAM
    while isinstance(command, click.Group):
        context = command.make_context(name, list(words), parent=context, obj=Invocation())
        _, rest, _ = command.make_parser(context).parse_args(words)
        found, below, words = command.resolve_command(context, rest)
        assert below is not None
        command, name = below, found or ""
    command.make_context(name, words, parent=context)


@by_command
def test_every_command_has_two_examples_that_parse(path: str, capsys: pytest.CaptureFixture[str]) -> None:
    examples = examples_of(ALL[path])
    shown = sections(helped(capsys, *path.split()))["Examples"]

    assert len(examples) == 2
    for example in examples:
        assert f"  {example}\n" in shown
        assert f" {path}" in example
        parse(example)


def test_the_program_has_two_examples_that_parse() -> None:
    assert len(examples_of(group)) == 2
    for example in examples_of(group):
        parse(example)


def test_commands_stand_in_the_groups_and_the_order_of_the_design(capsys: pytest.CaptureFixture[str]) -> None:
    shown = sections(helped(capsys))

    for title, names in DESIGNED.items():
        there = [name for name in names if name in group.summaries]
        assert list(group.groups[title]) == there
        assert [line.split()[0] for line in shown[title].splitlines()[1:] if line] == there
    assert set(group.groups) == set(DESIGNED)
    assert list(shown)[1:] == [*DESIGNED, "Global options, before or after the command", *_last(shown)]


def _last(shown: dict[str, str]) -> list[str]:
    return [title for title in ("Connection", "Options", "Examples") if title in shown]


@by_command
def test_options_stand_under_their_headings(path: str, capsys: pytest.CaptureFixture[str]) -> None:
    shown = sections(helped(capsys, *path.split()))
    options = [one for one in ALL[path].params if isinstance(one, click.Option) and not one.hidden]
    titles = ["Options", *OPTION_GROUPS]

    assert [title for title in shown if title in titles] == [title for title in titles if title in shown]
    for option in options:
        name = long_name(option)
        title = next((title for title, names in OPTION_GROUPS.items() if name in names), "Options")
        place = "Global options, explained by `reconciler --help`" if name in GLOBAL_OPTIONS else title
        assert name in shown[place]


@by_command
def test_a_command_shows_the_global_options_that_change_something_for_it_by_name_alone(
    path: str, capsys: pytest.CaptureFixture[str]
) -> None:
    text = helped(capsys, *path.split())
    shown = sections(text).get("Global options, explained by `reconciler --help`", "").partition("\n")[2]

    if path in GLOBAL_OF:
        names = GLOBAL_OF[path].replace("-e", "-e --environment").split()
        assert shown.split("\n")[0].strip() == ", ".join(names)
    assert "An environment of reconciler.yaml" not in text
    assert "Where journals" not in text


def test_the_program_explains_every_global_option_once(capsys: pytest.CaptureFixture[str]) -> None:
    shown = helped(capsys)

    assert [name for name in GLOBAL_OPTIONS if shown.count(f" {name} ") != 1] == []


@by_command
def test_every_option_has_the_variable_of_its_name(path: str) -> None:
    of_the_group = {long_name(one) for one in group.params if isinstance(one, click.Option)}

    for option in (one for one in ALL[path].params if isinstance(one, click.Option)):
        read_by_the_group = long_name(option) in of_the_group
        assert option.envvar == (None if read_by_the_group else variable_of(option))


def test_a_variable_is_named_as_its_option() -> None:
    variables = {one.envvar for one in group.params if isinstance(one, click.Option)} - {None}

    assert {"RECONCILER_ENVIRONMENT", "RECONCILER_PROJECT", "RECONCILER_API_URL", "RECONCILER_NO_COLOR"} <= variables


@pytest.mark.parametrize(
    ("variables", "words", "environment"),
    [
        ({}, (), "sandbox"),
        ({"RECONCILER_ENVIRONMENT": "live"}, (), "live"),
        ({"RECONCILER_ENVIRONMENT": ""}, (), "sandbox"),
        ({"RECONCILER_ENVIRONMENT": "live"}, ("-e", "sandbox"), "sandbox"),
        ({"RECONCILER_SPECS": "specs/support.yaml", "RECONCILER_ENVIRONMENT": "live"}, (), "live"),
    ],
)
def test_a_variable_stands_for_an_option_and_the_command_line_wins(
    variables: dict[str, str],
    words: tuple[str, ...],
    environment: str,
    repository: Repository,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    for line in ((*words, "validate"), ("validate", *words)):
        assert repository.run(*line).out.startswith(f"The specs of {environment} are valid")


def test_a_repeatable_option_takes_several_values_from_its_variable(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECONCILER_TARGET", "contacts.tom contacts.ann")

    assert "--target contacts.tom names nothing that is declared" in repository.run("plan").err


def test_a_variable_that_cannot_be_read_is_named(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECONCILER_MAX_CHANGES", "many")
    called = repository.run("plan")

    assert called.code == 1
    assert "'many' is not a whole number of at least 0; it comes from the variable RECONCILER_MAX_CHANGES" in called.err


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("--max-update-share 30%", "'30%' is not a share from 0 to 1; write 0.3"),
        ("--max-update-share 30", "'30' is not a share from 0 to 1; write 0.3"),
        ("--max-update-share 1%", "write 0.01"),
        ("--max-update-share -1", "write 0.3 for 30 percent"),
        ("--max-update-share half", "write 0.3 for 30 percent"),
        ("--max-changes abc", "'abc' is not a whole number of at least 0"),
        ("--max-requests 0", "'0' is not a whole number of at least 1"),
        ("--concurrency 300", "'300' is not a whole number from 1 to 200"),
        ("--max-minutes 0", "'0' is not a number above 0, such as 50 or 0.5"),
        ("--max-minutes nan", "'nan' is not a number above 0, such as 50 or 0.5"),
        ("--max-minutes inf", "'inf' is not a number above 0, such as 50 or 0.5"),
        ("--max-minutes 1e400", "is not a number above 0, such as 50 or 0.5"),
        ("--max-update-share nan", "'nan' is not a share from 0 to 1; write 0.3 for 30 percent"),
        ("--shard 0/1000000", "N is at most 999,999, and I is from 0 to N-1: of four shards, 0/4, 1/4, 2/4 and 3/4"),
    ],
)
def test_a_number_that_an_option_cannot_take_is_told_in_a_sentence(
    repository: Repository, line: str, told: str
) -> None:
    called = repository.run("plan", *line.split())

    assert called.code == 1
    assert called.err.endswith(f"{told}\n")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("undo", "`reconciler undo` needs FILE; write it as in `reconciler undo undo.yaml`\n"),
        ("-e live undo", "write it as in `reconciler -e live undo undo.yaml`\n"),
        ("why", "`reconciler why` needs ADDRESS; write it as in `reconciler why contacts.sarah-chen`\n"),
        ("compare live", "`reconciler compare` needs RIGHT; write it as in `reconciler compare staging production`\n"),
    ],
)
def test_a_missing_argument_is_told_with_an_example(repository: Repository, line: str, told: str) -> None:
    called = repository.run(*line.split())

    assert called.code == 1
    assert told in called.err


@pytest.mark.parametrize("line", ["why", "undo", "show", "fmt", "fmt --check", "show --full", "apply --yes"])
def test_an_empty_argument_is_told_as_that(repository: Repository, line: str) -> None:
    called = repository.run(*line.split(), "")

    assert called.code == 1
    assert (
        f"an argument of `reconciler {line.split(maxsplit=1)[0]}` is empty; check that its variable is set\n"
        in called.err
    )


def test_the_beginning_of_an_environment_is_enough_to_suggest_it(repository: Repository) -> None:
    repository.write(
        "reconciler.yaml", "version: 1\nenvironments: {staging: {api: sandbox}, production: {api: sandbox}}"
    )

    assert 'no environment "prod"; did you mean "production"?' in repository.run("compare", "staging", "prod").err
    assert 'no environment "p"; known here: production, staging' in repository.run("compare", "staging", "p").err


def test_all_environments_are_checked_whatever_the_variables_say(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECONCILER_ENVIRONMENT", "live")
    called = repository.run("validate", "--all-environments")

    assert [line.split()[3] for line in called.out.splitlines()] == ["live", "sandbox"]
