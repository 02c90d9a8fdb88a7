import subprocess
import sys
from pathlib import Path

import click
import pytest

from reconciler.cli.main import group

COMMANDS = group.list_commands(click.Context(group))


def modules_after(program: str) -> set[str]:
    """Give the names of all modules that a program has imported at its end."""
    done = subprocess.run(  # noqa: S603  this program
        [sys.executable, "-c", f"{program}\nimport sys; print(*sys.modules, file=sys.stderr)"],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stderr.split())


def test_help_imports_click_and_what_the_group_itself_is_made_of() -> None:
    of_help = modules_after("from reconciler.cli.main import main; main(['--help'])")
    of_click = modules_after("import click; click.Command('any').main(['--help'], standalone_mode=False)")

    assert {name for name in of_help if name.startswith("reconciler")} == {
        "reconciler",
        "reconciler.cli",
        "reconciler.cli.invocation",
        "reconciler.cli.main",
        "reconciler.cli.options",
        "reconciler.cli.signals",
        "reconciler.cli.streams",
        "reconciler.cli.usage",
        "reconciler.render",
        "reconciler.render.output",
        "reconciler.workflow",
        "reconciler.workflow.options",
    }
    assert len(of_help - of_click) <= 17


def test_the_help_of_no_command_imports_what_reads_or_sends() -> None:
    every = "; ".join(f"main(['{name}', '--help'])" for name in COMMANDS)
    of_help = modules_after(f"from reconciler.cli.main import main; {every}")

    assert of_help.isdisjoint({"aiohttp", "asyncio", "deepdiff", "httpx", "pydantic", "starlette", "uvicorn", "yaml"})


def test_a_plan_imports_nothing_that_executes_undoes_or_takes_snapshots(tmp_path: Path) -> None:
    (tmp_path / "specs").mkdir()
    (tmp_path / "specs/a.yaml").write_text(
        "scopes: {s: {persona_id: p}}\ncontacts: {a: {email: a@b, scopes: {s: {}}}}\n"
    )
    (tmp_path / "reconciler.yaml").write_text("version: 1\nenvironments: {sandbox: {api: sandbox}}\n")
    of_plan = modules_after(f"from reconciler.cli.main import main; main(['--project', {str(tmp_path)!r}, 'plan'])")

    own = {name for name in of_plan if name.split(".")[0] == "reconciler"}
    rooms = {".".join(name.split(".")[1:3]) for name in own}
    assert len(own) <= 118, "a plan loads more modules of ours: import where it is used what most plans do not need"
    assert "workflow.planning" in rooms
    assert rooms.isdisjoint({"core.review", "core.snapshot", "core.undo", "execute", "journal", "lease", "watching"})
    assert of_plan.isdisjoint(
        {"re2", "_re2", "reconciler.workflow.notifying", "reconciler.api.webhook", "aiohttp", "rich"}
    )
    assert of_plan.isdisjoint({"obstore", "reconciler.api.sharing", "reconciler.storage.bucket"})


@pytest.mark.parametrize("name", COMMANDS)
def test_the_group_says_of_a_command_what_it_says_of_itself(name: str) -> None:
    command = group.get_command(click.Context(group), name)

    assert command is not None
    assert command.name == name
    summary = group.summaries[name].rstrip(".").split()
    assert (command.help or "").split()[: len(summary) - 2] == summary[: len(summary) - 2]
    assert f"  {name} " in group.get_help(click.Context(group))


def test_a_command_that_there_is_not_is_not_imported() -> None:
    assert group.get_command(click.Context(group), "destroy") is None
