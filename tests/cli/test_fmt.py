from difflib import unified_diff
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.cli.commands.fmt import _diff
from reconciler.errors import StateError
from reconciler.storage.files import rewrite_file
from reconciler.workflow.formatting import Rewrite
from tests.cli.conftest import PROJECT, Repository

UNQUOTED = """\
contacts:
  sarah:
    facts: {zip: 02139}  # kept
    email: a@b
"""
QUOTED = """\
contacts:
  sarah:
    facts: {zip: "02139"}  # kept
    email: a@b
"""


@pytest.fixture
def unquoted(repository: Repository) -> Repository:
    repository.write("specs/support.yaml", UNQUOTED)
    return repository


def test_files_get_their_quotes(unquoted: Repository) -> None:
    called = unquoted.run("fmt")

    assert called.code == 0
    assert called.out == "specs/support.yaml\n"
    assert called.err == "Formatted 1 file.\n"
    assert (unquoted.root / "specs/support.yaml").read_text() == QUOTED
    assert (unquoted.root / "reconciler.yaml").read_text() == PROJECT
    assert unquoted.run("fmt", "--check").code == 0


def test_check_writes_nothing_and_exits_with_1(unquoted: Repository) -> None:
    called = unquoted.run("fmt", "--check")

    assert (called.code, called.out) == (1, "specs/support.yaml\n")
    assert called.err == "1 file is not formatted: run `reconciler fmt`.\n"
    assert (unquoted.root / "specs/support.yaml").read_text() == UNQUOTED


def test_a_diff_shows_what_would_change(unquoted: Repository) -> None:
    called = unquoted.run("fmt", "--diff")

    assert called.code == 0
    assert called.out.splitlines()[:2] == ["--- specs/support.yaml", "+++ specs/support.yaml"]
    assert '+    facts: {zip: "02139"}  # kept\n' in called.out
    assert (unquoted.root / "specs/support.yaml").read_text() == UNQUOTED
    assert unquoted.run("fmt", "--check", "--diff").code == 1


@given(
    st.lists(st.sampled_from(["a: yes", "a: x", "# no", "", "a: 02139  # \x85", "b: 'no'\r"]), max_size=40),
    st.booleans(),
)
def test_a_diff_is_that_of_any_tool(lines: list[str], ends: bool) -> None:  # noqa: FBT001  hypothesis gives it by name
    before = "\n".join(["a: yes", *lines]) + "\n" * ends
    after = before.replace("yes", '"yes"').replace("02139", '"02139"')
    expected = unified_diff(_rows(before), _rows(after), "f", "f")

    found = _diff(Rewrite("f", Path("f"), before, after, is_withheld=False), full=False)

    assert "".join(line.replace(",1 ", " ") for line in found) == "".join(
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in expected
    )


def _rows(text: str) -> list[str]:
    return StringIO(text, newline="\n").readlines()


def test_a_long_diff_is_cut_unless_all_of_it_is_wanted(repository: Repository) -> None:
    long = "x" * 2000
    facts = "".join(f"      k{n}: no\n" for n in range(150))
    repository.write("specs/support.yaml", f"contacts:\n  c:\n    facts:\n      l: [{long}, 02139, {long}]\n{facts}")

    called = repository.run("fmt", "--diff")
    full = repository.run("fmt", "--diff", "--full")

    rows, every = called.out.splitlines(), full.out.splitlines()
    assert (len(rows), len(every)) == (100, 308)
    assert called.err == "and 208 more lines: --full prints all\n1 file is not formatted: run `reconciler fmt`.\n"
    assert rows[6] == f"-…{'x' * 248}, 02139, {'x' * 243}…"
    assert f'+      l: [{long}, "02139", {long}]' in every


def test_names_of_many_files_are_counted(repository: Repository) -> None:
    for n in range(103):
        repository.write(f"specs/{n}.yaml", UNQUOTED.replace("sarah", f"c{n}"))

    called = repository.run("fmt", "--check")

    assert called.out.count("\n") == 100
    assert called.err.startswith("and 4 more lines: --full prints all\n104 files are not formatted: ")
    assert repository.run("fmt", "--check", "--full").out.count("\n") == 104


def test_paths_choose_files_and_folders(unquoted: Repository) -> None:
    unquoted.write("other/a.yaml", UNQUOTED)

    assert unquoted.run("fmt", "other").out == "other/a.yaml\n"
    assert unquoted.run("fmt", "specs/support.yaml").out == "specs/support.yaml\n"
    assert unquoted.run("fmt", "nowhere").code == 1


def test_the_specs_of_all_environments_are_formatted(unquoted: Repository) -> None:
    unquoted.write("reconciler.yaml", "version: 1\nenvironments:\n  a: {specs: [one]}\n  b: {specs: [two]}\n")
    unquoted.write("one/a.yaml", UNQUOTED)
    unquoted.write("two/a.yaml", UNQUOTED)

    assert unquoted.run("fmt").out.split() == ["one/a.yaml", "specs/support.yaml", "two/a.yaml"]


def test_a_project_file_of_another_name_is_formatted_and_no_reconciler_yaml_beside_it(unquoted: Repository) -> None:
    unquoted.write(
        "other.yaml", "version: 1\nvariables: {zip: 02139}\nenvironments: {a: {guards: {max_update_share: 0.50}}}\n"
    )
    unquoted.write("reconciler.yaml", "version: 1\nvariables: {zip: 02139}\nenvironments: {a: {}}\n")
    called = unquoted.run("--project", "other.yaml", "fmt")

    assert called.out == "other.yaml\nspecs/support.yaml\n"
    assert '{zip: "02139"}' in (unquoted.root / "other.yaml").read_text()
    assert "0.50" in (unquoted.root / "other.yaml").read_text()


def test_next_to_a_broken_file_none_is_written(unquoted: Repository) -> None:
    unquoted.write("specs/broken.yaml", "scopes: {a: [}\n")

    called = unquoted.run("fmt")

    assert (called.code, called.out) == (1, "")
    assert called.err.startswith("error: specs/broken.yaml:1:14: a value is missing here; write it")
    assert (unquoted.root / "specs/support.yaml").read_text() == UNQUOTED


def test_the_rights_of_a_file_and_links_to_it_stay(unquoted: Repository) -> None:
    file, link = unquoted.root / "specs/support.yaml", unquoted.root / "link.yaml"
    file.chmod(0o640)
    link.symlink_to(file)

    assert unquoted.run("fmt", "link.yaml").code == 0
    assert file.stat().st_mode & 0o777 == 0o640
    assert link.is_symlink()
    assert file.read_text() == QUOTED


def test_the_files_of_this_repository_are_formatted(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path(__file__).parents[2])

    assert repository.run("fmt", "--check", "reconciler.yaml", "specs", "examples").code == 0


def test_where_the_room_ends_it_is_told_how_many_files_are_formatted(
    unquoted: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    unquoted.write("specs/more.yaml", UNQUOTED.replace("sarah", "tom"))

    def full(path: Path, text: str) -> None:
        if path.name == "support.yaml":
            raise StateError(f"cannot write {path.name}: No space left on device")
        rewrite_file(path, text)

    monkeypatch.setattr("reconciler.workflow.formatting.rewrite_file", full)
    called = unquoted.run("fmt")

    assert (called.code, called.out) == (1, "")
    assert called.err == "error: cannot write support.yaml: No space left on device; 1 of 2 files are formatted\n"
    assert (unquoted.root / "specs/support.yaml").read_text() == UNQUOTED


def test_what_somebody_saved_meanwhile_stays(unquoted: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    path = unquoted.root / "specs/support.yaml"

    def saved_meanwhile(_: Path) -> None:
        path.write_text("contacts: {}\n")

    monkeypatch.setattr("reconciler.workflow.formatting.check_rewritable", saved_meanwhile)
    called = unquoted.run("fmt")

    assert (called.code, called.out) == (1, "")
    assert called.err == "error: specs/support.yaml changed while this ran, and nothing was written; run it again\n"
    assert path.read_text() == "contacts: {}\n"


def test_what_does_not_fit_into_memory_is_read_again(unquoted: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    unquoted.write("specs/more.yaml", UNQUOTED.replace("sarah", "tom"))
    monkeypatch.setattr("reconciler.workflow.formatting._ROOM", 10)

    assert unquoted.run("fmt").out == "specs/more.yaml\nspecs/support.yaml\n"
    assert (unquoted.root / "specs/support.yaml").read_text() == QUOTED


def test_a_loosely_written_number_becomes_e164_in_quotes(repository: Repository) -> None:
    repository.write(
        "specs/support.yaml",
        """\
scopes: {s: {agent_number: +1 415-555-0100}}  # the hotline
contacts:
  sarah:
    phone_number: '0044 (0)20 7946 0958'
    facts: {phone_number: +1 415 555 0192}
    scopes:
      s: {users: [{phone_number: "+1 (415)\\u00a0555-0192"}, {phone_number: &n +1 415 555 0193}]}
contacts_from:
  - {file: a.csv, named_by: id, contact: {phone_number: phone}}
  - {file: a.csv, named_by: id, contact: {phone_number: {value: +33 1 42 68 53 00}}}
""",
    )
    repository.write("overlays/o.yaml", "scopes: {s: {agent_number: 001 415 555 0100}}\n")

    assert repository.run("fmt", "specs", "overlays").code == 0

    assert (repository.root / "overlays/o.yaml").read_text() == 'scopes: {s: {agent_number: "+14155550100"}}\n'
    assert (
        (repository.root / "specs/support.yaml").read_text()
        == """\
scopes: {s: {agent_number: "+14155550100"}}  # the hotline
contacts:
  sarah:
    phone_number: "+442079460958"
    facts: {phone_number: +1 415 555 0192}
    scopes:
      s: {users: [{phone_number: "+14155550192"}, {phone_number: &n +1 415 555 0193}]}
contacts_from:
  - {file: a.csv, named_by: id, contact: {phone_number: phone}}
  - {file: a.csv, named_by: id, contact: {phone_number: {value: "+33142685300"}}}
"""
    )
    assert repository.run("fmt", "--check", "specs", "overlays").code == 0


def test_a_number_that_an_alias_may_mean_otherwise_stays(repository: Repository) -> None:
    text = """\
contacts:
  sarah:
    phone_number: +14155550192
    scopes: {s: {users: &u [{phone_number: +1 415 555 0193}]}}
    facts: {users: *u}
"""
    repository.write("specs/support.yaml", text)

    assert repository.run("fmt").code == 0

    written = (repository.root / "specs/support.yaml").read_text()
    assert written == text.replace("+14155550192", '"+14155550192"')
