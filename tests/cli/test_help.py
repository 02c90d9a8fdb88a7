import subprocess
import sys
from pathlib import Path

import click
import pytest

from reconciler.cli.main import group
from reconciler.sandbox.app import create_app
from reconciler.sandbox.serve import running
from reconciler.sandbox.store import Store

VALIDATING = {
    "annotated_types",
    "click",
    "msgspec",
    "pydantic",
    "pydantic_core",
    "typing_extensions",
    "typing_inspection",
    "yaml",
}
"""The packages that reading and checking specs takes; a plan takes a few more, and never aiohttp."""
ENGINE = {"anyio", "certifi", "h11", "httpcore"}
"""The packages that few requests at once take."""
TRIO = {"attr", "attrs", "idna", "outcome", "sniffio", "sortedcontainers", "trio"}
"""What httpcore imports where trio is installed, as some development tools have it."""
COMMANDS = group.list_commands(click.Context(group))


def modules_after(program: str) -> set[str]:
    """Give the names of all modules that a program has imported at its end, without those that others stand for."""
    loaded = "(name for name, one in sys.modules.items() if getattr(one, '__spec__', None))"
    done = subprocess.run(  # noqa: S603  this program
        [sys.executable, "-c", f"{program}\nimport sys; print(*{loaded}, file=sys.stderr)"],
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


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "specs").mkdir()
    (tmp_path / "specs/a.yaml").write_text(
        "scopes: {s: {persona_id: p}}\ncontacts: {a: {email: a@b, scopes: {s: {}}}}\n"
    )
    (tmp_path / "reconciler.yaml").write_text("version: 1\nenvironments: {sandbox: {api: sandbox}}\n")
    return tmp_path


def loaded_by(*arguments: str) -> tuple[set[str], set[str]]:
    """Give the modules of ours that a command loads, and the packages of others, without those of Python."""
    loaded = modules_after(f"from reconciler.cli.main import main; main({arguments!r})")
    own = {name for name in loaded if name.split(".")[0] == "reconciler"}
    packages = {name.split(".")[0] for name in loaded - own} - sys.stdlib_module_names
    return own, {name for name in packages if not name.startswith("_")} - TRIO


def test_to_validate_loads_neither_a_client_nor_what_plans_are_made_of(project: Path) -> None:
    own, others = loaded_by("--project", str(project), "validate")

    assert len(own) <= 68, "validate loads more modules of ours: import where it is used what it does not need"
    assert others == VALIDATING
    assert {"asyncio", "tempfile", "csv", "importlib.metadata", "reconciler.workflow.account"}.isdisjoint(
        modules_after(f"from reconciler.cli.main import main; main(['--project', {str(project)!r}, 'validate'])")
    )


def test_a_plan_imports_nothing_that_executes_undoes_or_takes_snapshots(project: Path) -> None:
    own, others = loaded_by("--project", str(project), "plan")

    rooms = {".".join(name.split(".")[1:3]) for name in own}
    of_plan = {name for name in own if not name.startswith("reconciler.sandbox")}
    assert len(of_plan) <= 110, "a plan loads more modules of ours: import where it is used what most plans do not need"
    assert "workflow.planning" in rooms
    assert rooms.isdisjoint({"core.review", "core.snapshot", "core.undo", "execute", "journal", "lease", "watching"})
    assert own.isdisjoint({"reconciler.workflow.notifying", "reconciler.api.webhook", "reconciler.api.sharing"})
    assert others == VALIDATING | ENGINE | {"httpx", "starlette"}


def test_a_plan_over_the_network_loads_the_engine_of_httpx_and_neither_httpx_nor_aiohttp(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BLAND_API_KEY", "sk-test-5c1f0e77")
    with running(create_app(Store())) as url:
        (project / "reconciler.yaml").write_text(
            f"version: 1\nenvironments: {{e: {{api: '{url}', concurrency: 50, reader: contacts}}}}\n"
        )
        own, others = loaded_by("--project", str(project), "plan")

    assert "reconciler.workflow.planning" in own
    assert len(own) <= 110
    assert others == VALIDATING | ENGINE


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
