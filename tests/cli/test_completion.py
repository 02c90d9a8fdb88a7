import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import click
import pytest
from click.shell_completion import ShellComplete

from reconciler.cli.completers import Address
from reconciler.cli.invocation import Invocation
from reconciler.cli.main import group
from reconciler.cli.options import PLAN_FORMATS
from tests.cli.conftest import Repository

SPEC = """\
scopes:
  support: {persona_id: p, seed_facts: {language: en}}
contacts:
  sarah: {email: a@b, facts: {name: Sarah}, scopes: {support: {facts: {plan: x, "a b": 1}}}}
  sarah-chen: {email: c@d, scopes: {support: {}}}
memories:
  vip: {memory_id: m}
"""
HEAVY = ("httpx", "aiohttp", "starlette", "deepdiff", "ruamel", "uvicorn", "asyncio")
SUPPORT = "contacts.sarah.scopes.support"
IN_A_SHELL = {
    "bash": """
        eval "$(reconciler completion bash)"
        COMP_WORDS=({words}); COMP_CWORD={position}
        _reconciler_completion reconciler; printf '%s\\n' "${{COMPREPLY[@]}}"
    """,
    "zsh": """
        autoload -Uz compinit; compinit -u -d "$PWD/.zcompdump"; eval "$(reconciler completion zsh)"
        compadd() {{ print -rl -- $completions }}; _describe() {{ print -rl -- $completions_with_descriptions }}
        words=({words}); CURRENT=$(({position} + 1)); _reconciler_completion
    """,
    "fish": "reconciler completion fish | source; complete --do-complete '{line}'",
}


@pytest.fixture
def specs(repository: Repository) -> Repository:
    repository.write("specs/support.yaml", SPEC)
    return repository


def completed(*words: str) -> list[str]:
    """Give what click offers for the last word."""
    complete = ShellComplete(group, {"obj": Invocation()}, "reconciler", "_RECONCILER_COMPLETE")
    return [item.value for item in complete.get_completions(list(words[:-1]), words[-1])]


@pytest.mark.usefixtures("specs")
def test_labels_complete_step_by_step(repository: Repository) -> None:
    labels = "{region: us, tier: gold}", "{region: eu, tier: '${x}'}"
    contacts = "".join(f"  c{at}: {{email: a@x.com, labels: {text}}}\n" for at, text in enumerate(labels))
    repository.write("specs/support.yaml", f"contacts:\n{contacts}")

    assert completed("plan", "--label", "") == ["region=", "tier="]
    assert completed("plan", "--label", "region=") == ["region=eu", "region=us"]
    assert completed("apply", "--label", "region!=u") == ["region!=us"]
    assert completed("plan", "--label", "tier=") == ["tier=gold"]


def test_commands_and_formats_complete() -> None:
    assert completed("va") == ["validate"]
    assert completed("plan", "--format", "") == list(PLAN_FORMATS)
    assert completed("schema", "p") == ["project", "plan"]


@pytest.mark.usefixtures("specs")
@pytest.mark.parametrize("before", [(), ("plan",), ("validate",)])
def test_environments_complete_before_and_after_a_command(before: Sequence[str]) -> None:
    assert completed(*before, "-e", "") == ["live", "sandbox"]
    assert completed(*before, "--environment", "s") == ["sandbox"]


def test_the_project_that_was_named_counts(specs: Repository) -> None:
    specs.write("other/reconciler.yaml", "version: 1\nenvironments: {elsewhere: {}}\n")
    specs.write("other/specs/a.yaml", "memories: {mine: {memory_id: m}}\n")

    assert completed("--project", "other", "-e", "") == ["elsewhere"]
    assert completed("--project", "other", "plan", "--target", "memories.") == ["memories.mine"]


@pytest.mark.usefixtures("specs")
@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("", ["contacts", "memories"]),
        ("cont", ["contacts"]),
        ("contacts.", ["contacts.sarah", "contacts.sarah-chen"]),
        ("contacts.sarah-chen", ["contacts.sarah-chen.scopes"]),
        ("contacts.sarah.scopes.", [SUPPORT]),
        (f"{SUPPORT}.facts.", [f"{SUPPORT}.facts.{key}" for key in ("language", "name", "plan")]),
        ("memories.vip", ["memories.vip"]),
        ("nothing", []),
    ],
)
def test_addresses_complete_one_step_at_a_time(typed: str, offered: list[str]) -> None:
    assert completed("plan", "--target", typed) == offered


@pytest.mark.usefixtures("specs")
def test_an_argument_that_is_an_address_completes() -> None:
    @click.command()
    @click.argument("address", type=Address())
    def why(address: str) -> None:
        """Do nothing."""

    complete = ShellComplete(why, {"obj": Invocation()}, "why", "_WHY_COMPLETE")

    assert [item.value for item in complete.get_completions([], "memories.")] == ["memories.vip"]


@pytest.mark.parametrize("broken", ["contacts: {a: [}\n", "- x\n", "contacts: 5\n", "\0"])
def test_what_is_broken_is_passed_over_in_silence(
    specs: Repository, broken: str, capsys: pytest.CaptureFixture[str]
) -> None:
    specs.write("specs/broken.yaml", broken)

    assert completed("plan", "--target", "memories.") == ["memories.vip"]
    specs.write("reconciler.yaml", broken)
    assert completed("-e", "") == []
    assert completed("plan", "--target", "") == []
    assert capsys.readouterr() == ("", "")


@pytest.mark.usefixtures("specs")
def test_an_unknown_environment_completes_nothing() -> None:
    assert completed("-e", "nowhere", "plan", "--target", "") == []


@pytest.mark.usefixtures("specs")
def test_completion_imports_nothing_heavy() -> None:
    source = (
        "import sys; from reconciler.cli.main import main\n"
        "try: main([])\n"
        f"finally: print([name for name in {HEAVY} if name in sys.modules])"
    )
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": str(root), "_RECONCILER_COMPLETE": "bash_complete",
                   "COMP_WORDS": "reconciler plan --target memories.", "COMP_CWORD": "3"}  # fmt: skip
    command = [sys.executable, "-c", source]
    called = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603

    assert called.stdout.splitlines() == ["plain,memories.vip", "[]"]
    assert called.stderr == ""


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_script_is_printed_for_each_shell(repository: Repository, shell: str) -> None:
    called = repository.run("completion", shell)

    assert called.code == 0
    assert f"_RECONCILER_COMPLETE={shell}_complete" in called.out


def test_an_unknown_shell_is_bad_usage(repository: Repository) -> None:
    assert repository.run("completion", "tcsh").code == 1


@pytest.mark.parametrize("shell", IN_A_SHELL)
@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["-e", "sand"], "sandbox"),
        (["plan", "--target", "contacts.sarah-"], "contacts.sarah-chen"),
        (["val"], "validate"),
    ],
)
def test_the_shell_itself_completes(specs: Repository, shell: str, words: list[str], offered: str) -> None:
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"{shell} is not installed")
    folder = specs.root / "bin"
    folder.mkdir()
    root = Path(__file__).parents[2]
    (folder / "reconciler").write_text(f'#!/bin/sh\nPYTHONPATH="{root}" exec "{sys.executable}" -m reconciler "$@"\n')
    (folder / "reconciler").chmod(0o755)
    line = ["reconciler", *words]
    script = IN_A_SHELL[shell].format(words=" ".join(line), position=len(words), line=" ".join(line))
    environment = {"PATH": f"{folder}:{os.environ['PATH']}", "HOME": str(specs.root), "TERM": "dumb"}
    called = subprocess.run([program, "-c", script], env=environment, capture_output=True, text=True, check=False)  # noqa: S603

    assert any(line.startswith(offered) for line in called.stdout.splitlines()), called


def test_formats_of_files_to_write_are_offered() -> None:
    assert completed("plan", "--write", "j") == ["json=", "junit="]
    assert completed("validate", "--write", "") == ["text=", "sarif=", "csv="]
