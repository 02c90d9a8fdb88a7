"""Files outside of the repository are refused, however a spec names them, and nothing of them is quoted."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.reading import find_files, work_tree_of
from reconciler.specs.scanning import declared_addresses
from tests.cli.conftest import Repository

MARKER = "topsecret-77"
PROJECT = "version: 1\nspecs: [{specs}]\nenvironments:\n  sandbox: {{api: sandbox, overlays: [{overlays}]}}\n"
ROWS = """\
contacts_from:
  - file: {file}
    named_by: id
    contact: {{external_id: id, facts: {{all: id}}, scopes: {{support: {{}}}}}}
"""
COMMANDS = (
    ("validate",),
    ("plan",),
    ("plan", "--format", "markdown"),
    ("lint",),
    ("fmt", "--diff"),
    ("why", "contacts.sarah"),
    ("export", "--out", "written"),
)
Attack = Callable[[Repository, Path], None]


def _specs(entry: str) -> Attack:
    return lambda team, out: team.write("reconciler.yaml", PROJECT.format(specs=entry.format(out=out), overlays=""))


def _overlays(entry: str) -> Attack:
    def overlay(team: Repository, out: Path) -> None:
        team.write("reconciler.yaml", PROJECT.format(specs="specs", overlays=entry.format(out=out)))

    return overlay


def _rows(file: str) -> Attack:
    return lambda team, out: team.write("specs/rows.yaml", ROWS.format(file=file.format(out=out)))


def _link(name: str, to: str) -> Attack:
    def link(team: Repository, out: Path) -> None:
        (team.root / name).unlink(missing_ok=True)
        (team.root / name).parent.mkdir(exist_ok=True)
        (team.root / name).symlink_to(to.format(out=out))

    return link


def _both(*attacks: Attack) -> Attack:
    def all_of_them(team: Repository, out: Path) -> None:
        for attack in attacks:
            attack(team, out)

    return all_of_them


ATTACKS = {
    "absolute": _specs("'{out}/a.yaml'"),
    "a folder": _specs("'{out}'"),
    "dots": _specs("../outside"),
    "a glob from the root": _specs("'/**/*.yaml'"),
    "a glob over dots": _specs("'../*/*.yaml'"),
    "dots after a glob": _specs("'spec*/../../outside/a.yaml'"),
    "an overlay": _overlays("'{out}/a.yaml'"),
    "an overlay over dots": _overlays("../outside"),
    "rows": _rows("'{out}/a.csv'"),
    "rows over dots": _rows("../../outside/a.csv"),
    "rows of YAML": _rows("../../outside/a.yaml"),
    "a link to a spec": _link("specs/linked.yaml", "{out}/a.yaml"),
    "a relative link to a folder": _link("specs/linked", "../../outside"),
    "a glob through a link": _both(_link("specs/linked", "{out}"), _specs("'specs/*/*.yaml'")),
    "an entry through a link": _both(_link("linked", "{out}"), _specs("linked/a.yaml")),
    "a link to a link": _both(_link("specs/one.yaml", "two.yaml"), _link("specs/two.yaml", "{out}/a.yaml")),
    "a link that is named like a glob": _both(_link("link[s]", "{out}"), _specs("'link[s]'")),
    "rows through a link": _both(_link("specs/rows.csv", "{out}/a.csv"), _rows("rows.csv")),
    "the settings": _link("reconciler.yaml", "{out}/a.yaml"),
    "git's own files": _both(
        lambda team, out: team.write(".git/a.csv", (out / "a.csv").read_text()), _rows("../.git/a.csv")
    ),
    "this tool's own files": _both(
        lambda team, out: team.write(".reconciler/a.csv", (out / "a.csv").read_text()), _rows("../.reconciler/a.csv")
    ),
    "a spec of git's": _both(lambda team, _: team.write(".git/a.yaml", MARKER), _specs("specs, .git/a.yaml")),
}


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    out = tmp_path / "outside"
    out.mkdir()
    (out / "a.yaml").write_text(f"- {MARKER}\n")
    (out / "a.csv").write_text(f"id\n{MARKER}\n")
    return out


@pytest.fixture
def team(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """Give a repository in a folder of its own, so that there is something beside it."""
    root = repository.root / "team"
    (repository.root / "specs").rename(repository.root / "moved")
    (repository.root / "reconciler.yaml").unlink()
    root.mkdir()
    (repository.root / "moved").rename(root / "specs")
    monkeypatch.chdir(root)
    made = Repository(root, repository.run)
    made.write("reconciler.yaml", PROJECT.format(specs="specs", overlays=""))
    return made


@pytest.mark.parametrize("is_git", [True, False])
@pytest.mark.parametrize("attack", ATTACKS)
def test_nothing_outside_of_the_repository_is_read(team: Repository, outside: Path, attack: str, is_git: bool) -> None:  # noqa: FBT001  a parameter of pytest
    if is_git:
        team.write(".git/HEAD", "ref: refs/heads/main\n")
    ATTACKS[attack](team, outside)

    for command in COMMANDS:
        if command[0] == "fmt" and ("rows" in attack or "own files" in attack):
            continue  # it reads no data files
        called = team.run(*command)

        assert called.code == 1, (command, called)
        assert MARKER not in called.out + called.err
        assert "is outside of" in called.err or ".. comes after a pattern" in called.err
        assert "defect" not in called.err


@pytest.mark.parametrize(
    "command", [("fmt", "--diff"), ("validate", "--specs"), ("plan", "--specs"), ("lint", "--specs")]
)
def test_links_among_the_named_files_do_not_lead_out(team: Repository, outside: Path, command: tuple[str, ...]) -> None:
    _link("specs/linked.yaml", "{out}/a.yaml")(team, outside)
    called = team.run(*command, "specs/linked.yaml")

    assert called.code == 1
    assert "specs/linked.yaml: it is outside of the folder of the project" in called.err
    assert MARKER not in called.out + called.err


def test_completion_reads_nothing_outside(team: Repository, outside: Path) -> None:
    (outside / "a.yaml").write_text(f"contacts: {{{MARKER}: {{}}}}\n")

    assert MARKER not in str(declared_addresses(("specs", str(outside)), root=team.root))


def test_variables_of_git_do_not_widen_the_repository(
    team: Repository, outside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", str(outside / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(outside.parent))
    _specs("../outside")(team, outside)

    assert "is outside of the folder of the project" in team.run("validate").err


def test_specs_and_data_beside_the_project_are_read_where_one_repository_holds_both(team: Repository) -> None:
    (team.root.parent / ".git").write_text("gitdir: elsewhere\n")
    (team.root.parent / "data").mkdir()
    (team.root.parent / "data" / "a.csv").write_text("id\nzoe\n")
    _rows("../data/a.csv")(team, team.root)
    (team.root.parent / "common").mkdir()
    (team.root / "specs" / "rows.yaml").rename(team.root.parent / "common" / "rows.yaml")
    (team.root / "specs" / "linked").symlink_to("../../common")

    for project in ((), ("--project", str(team.root))):
        assert "2 contacts" in team.run(*project, "validate").out


def test_a_repository_that_a_link_leads_to_is_not_that_of_the_project(tmp_path: Path) -> None:
    for name in ("ours/.git", "theirs/.git", "ours/inner/.git"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "ours" / "team").symlink_to(tmp_path / "theirs")

    assert work_tree_of(tmp_path / "ours" / "team").top == tmp_path / "ours"
    assert work_tree_of(tmp_path / "ours" / "inner" / "deep").top == tmp_path / "ours" / "inner"


SEGMENTS = st.lists(st.sampled_from(["..", ".", "*", "**", "specs", "linked", "team", "outside", "a.yaml"]), max_size=5)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(SEGMENTS, st.booleans())
def test_whatever_an_entry_is_each_file_that_it_leads_to_is_inside(
    team: Repository,
    outside: Path,
    segments: list[str],
    is_absolute: bool,  # noqa: FBT001  drawn
) -> None:
    link = team.root / "specs" / "linked"
    if not link.is_symlink():
        link.symlink_to(outside)
    entry = "/".join([str(team.root)] * is_absolute + segments)

    for file in find_files([entry], root=team.root).files:
        assert os.path.realpath(file.path).startswith(f"{os.path.realpath(team.root)}/")
