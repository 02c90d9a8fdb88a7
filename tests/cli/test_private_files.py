"""Files that hold what an account knows: for their owner alone, whole, and never written through a link."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Repository

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has other rights, and links for few")


@pytest.fixture
def open_to_all() -> Iterator[None]:
    """Let new files be read and written by everybody, as far as they do not say otherwise."""
    before = os.umask(0)
    yield
    os.umask(before)


def too_open(root: Path) -> list[str]:
    """Return what others than the owner may read, with its rights."""
    modes = ((path, stat.S_IMODE(path.lstat().st_mode)) for path in sorted(root.rglob("*")))
    return [f"{path.relative_to(root)} {mode:o}" for path, mode in modes if mode & 0o077]


@pytest.mark.usefixtures("open_to_all")
def test_all_that_is_written_of_an_account_is_for_its_owner_alone(repository: Repository) -> None:
    given = set(too_open(repository.root))
    everything = (
        ("apply", "--yes", "--receipt", "receipt.json", "--write", "text=receipt.txt"),
        ("plan", "--out", "plan.json", "--reveal", "*", "--write", "html=report.html", "--write", "markdown=plan.md"),
        ("snapshot", "--out", "snapshot.json"),
        ("show", "receipt.json", "--write", "markdown=receipt.md"),
        ("validate", "--write", "sarif=problems.sarif"),
    )
    for arguments in everything:
        assert (arguments, repository.run(*arguments).code) == (arguments, 0)
    repository.write("specs/support.yaml", "scopes: {support: {persona_id: persona-1}}\n")
    assert repository.run("export", "--out", "exported").code == 0

    assert set(too_open(repository.root)) == given
    assert (repository.root / ".reconciler/sandbox.sqlite3").exists()
    assert list((repository.root / ".reconciler/journal").iterdir())


@pytest.mark.usefixtures("open_to_all")
def test_the_state_of_an_older_version_is_taken_from_others(repository: Repository) -> None:
    repository.run("apply", "--yes")
    file = repository.root / ".reconciler/sandbox.sqlite3"
    file.chmod(0o666)
    repository.run("plan")

    assert stat.S_IMODE(file.stat().st_mode) == 0o600


WRITERS = [
    ("plan", "--out", "link"),
    ("plan", "--write", "json=link"),
    ("plan", "--write", "html=link"),
    ("apply", "--yes", "--receipt", "link"),
    ("snapshot", "--out", "link"),
    ("validate", "--write", "sarif=link"),
]


@pytest.mark.parametrize("target", ["outside.txt", "nothing", "link"])
@pytest.mark.parametrize("arguments", WRITERS, ids=" ".join)
def test_a_link_is_refused_before_anything_is_done(
    repository: Repository, arguments: tuple[str, ...], target: str
) -> None:
    (repository.root / "outside.txt").write_text("precious")
    (repository.root / "link").symlink_to(target)
    called = repository.run(*arguments)

    assert called.code == 1
    circle = " (too many levels of symbolic links)" if target == "link" else ""
    assert f"error: link is a link to {target}{circle}, and nothing is written through links" in called.err
    assert (repository.root / "outside.txt").read_text() == "precious"
    assert not (repository.root / "nothing").exists()
    assert (repository.root / "link").is_symlink()
    assert not list((repository.root / ".reconciler").glob("journal/*"))


@pytest.mark.parametrize(
    "name",
    [
        ".reconciler",
        ".reconciler/.gitignore",
        ".reconciler/sandbox.sqlite3",
        ".reconciler/sandbox.sqlite3-wal",
        ".reconciler/journal",
        ".reconciler/leases",
    ],
)
def test_a_link_in_our_own_folder_is_refused_before_anything_is_written(repository: Repository, name: str) -> None:
    outside = repository.root / "outside"
    outside.mkdir()
    path = repository.root / name
    path.parent.mkdir(exist_ok=True)
    path.symlink_to(outside if "." not in path.name or path.name == ".reconciler" else outside / "new")
    called = repository.run("apply", "--yes")

    assert called.code == 1
    assert "is a link" in called.err
    assert not list(outside.iterdir())


def test_ids_behind_a_link_are_not_written_and_the_apply_is_done(repository: Repository) -> None:
    (repository.root / ".reconciler").mkdir()
    (repository.root / ".reconciler/ids.json").symlink_to(repository.root / "outside.json")
    called = repository.run("apply", "--yes")

    assert called.code == 0
    assert "warning: memory ids are not remembered" in called.err
    assert not (repository.root / "outside.json").exists()


def test_the_operators_own_link_to_the_folder_is_followed(repository: Repository) -> None:
    (repository.root / "real").mkdir()
    (repository.root / "state").symlink_to("real")

    assert repository.run("apply", "--yes", "--state", "state").code == 0
    assert (repository.root / "real/ids.json").exists()


@pytest.mark.parametrize("command", [("init", "new", "--no-input"), ("export", "--out", "new")])
def test_no_new_files_are_written_through_a_link_to_a_folder(repository: Repository, command: tuple[str, ...]) -> None:
    repository.run("apply", "--yes")
    repository.write("specs/support.yaml", "scopes: {support: {persona_id: persona-1}}\n")
    (repository.root / "outside").mkdir()
    (repository.root / "new").symlink_to("outside")
    called = repository.run(*command)

    assert called.code == 1
    assert "new is a link, and nothing is written through links" in called.err
    assert not list((repository.root / "outside").iterdir())


def test_init_writes_into_no_link_below_its_folder(repository: Repository) -> None:
    (repository.root / "outside").mkdir()
    (repository.root / "new").mkdir()
    (repository.root / "new/specs").symlink_to("../outside")
    called = repository.run("init", "new", "--no-input")

    assert called.code == 1
    assert "new/specs is a link" in called.err
    assert not list((repository.root / "outside").iterdir())


@pytest.mark.parametrize("command", [("validate",), ("plan",), ("lint",), ("apply", "--yes")])
def test_links_in_a_circle_are_told_in_words(repository: Repository, command: tuple[str, ...]) -> None:
    (repository.root / "specs/a.yaml").symlink_to("b.yaml")
    (repository.root / "specs/b.yaml").symlink_to("a.yaml")
    called = repository.run(*command)

    assert called.code == 1
    assert "too many levels of symbolic links" in called.err.lower()


def test_a_file_below_links_in_a_circle_cannot_be_written(repository: Repository) -> None:
    (repository.root / "loop").symlink_to("loop")
    called = repository.run("plan", "--out", "loop/plan.json")

    assert (called.code, called.err) == (1, "error: cannot write loop/plan.json: Too many levels of symbolic links\n")


@pytest.mark.parametrize("name", ["lnk/p.json", "lnk/new/p.json", "deep/lnk/p.json"])
def test_nothing_is_written_through_a_linked_folder_of_the_repository(
    repository: Repository, tmp_path_factory: pytest.TempPathFactory, name: str
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (repository.root / ".git").mkdir()
    (repository.root / "deep").mkdir()
    for folder in (repository.root, repository.root / "deep"):
        (folder / "lnk").symlink_to(elsewhere)

    called = repository.run("plan", "--out", name)

    assert called.code == 1
    assert "is a link, and nothing is written through links" in called.err
    assert list(elsewhere.iterdir()) == []


def test_a_link_above_the_repository_is_the_operators(
    repository: Repository, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    (repository.root / ".git").mkdir()
    link = tmp_path_factory.mktemp("home") / "work"
    link.symlink_to(repository.root)
    monkeypatch.chdir(link)

    assert repository.run("plan", "--out", str(link / "p.json")).code == 0


@pytest.mark.parametrize("option", [("plan", "--out"), ("apply", "--yes", "--receipt")])
@pytest.mark.parametrize("name", ["data.csv", "rows.jsonl", "specs/support.yaml", ".git/config"])
def test_no_output_takes_the_place_of_what_specs_read_or_of_gits_own(
    repository: Repository, option: tuple[str, ...], name: str
) -> None:
    (repository.root / ".git").mkdir()
    path = repository.root / name
    if not path.exists():
        path.write_text("id\n1\n")
    before = path.read_text()

    called = repository.run(*option, name)

    assert called.code == 1
    assert name in called.err
    assert path.read_text() == before
