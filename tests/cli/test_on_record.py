"""Who applied what, from which commit: in the journal, the receipt, and what `runs` and `show` print of them."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from reconciler import __version__
from reconciler.render.words import columns_of
from reconciler.sandbox.app import create_app
from reconciler.sandbox.serve import running
from reconciler.sandbox.store import Store
from tests.cli.conftest import Repository

OF_GITHUB = {
    "GITHUB_ACTOR": "octocat",
    "GITHUB_SERVER_URL": "https://github.com",
    "GITHUB_REPOSITORY": "acme/agent-memory",
    "GITHUB_RUN_ID": "1658821493",
}
JOB = "https://github.com/acme/agent-memory/actions/runs/1658821493"


def git(folder: Path, *arguments: str) -> str:
    command = ["git", "-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "protocol.file.allow=always"]
    done = subprocess.run([*command, *arguments], cwd=folder, check=True, capture_output=True, text=True)  # noqa: S603
    return done.stdout.strip()


def committed(repository: Repository) -> str:
    """Commit all that a repository holds; give the commit."""
    repository.write(".gitignore", ".reconciler/\nignored.yaml\n*.json\n")
    for arguments in (("init", "-q"), ("add", "."), ("commit", "-qm", "specs")):
        git(repository.root, *arguments)
    return git(repository.root, "rev-parse", "HEAD")


def applied(repository: Repository) -> Any:
    """Apply; give the record in the receipt."""
    assert repository.run("apply", "--yes", "--receipt", "receipt.json").code == 0
    return json.loads((repository.root / "receipt.json").read_text())["run"]


def first_line(repository: Repository) -> Any:
    (journal,) = (repository.root / ".reconciler/journal").glob("*.jsonl")
    return json.loads(journal.read_text().splitlines()[0])["run"]


def setting(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


def test_receipt_and_journal_hold_the_same_record_of_the_run(repository: Repository) -> None:
    commit = committed(repository)
    record = applied(repository)

    assert {name: value for name, value in first_line(repository).items() if value is not None} == record
    assert record["actor"]
    assert record["host"]
    assert (record["commit"], record["dirty"], record["version"]) == (commit, False, __version__)
    assert [path.stem for path in (repository.root / ".reconciler/journal").iterdir()] == [record["id"]]


@pytest.mark.parametrize(
    ("variables", "actor", "url"),
    [
        (OF_GITHUB, "octocat", JOB),
        ({**OF_GITHUB, "GITHUB_TRIGGERING_ACTOR": "hubot", "GITHUB_RUN_ATTEMPT": "2"}, "hubot", f"{JOB}/attempts/2"),
        (
            {"GITLAB_USER_LOGIN": "sarah", "CI_JOB_URL": "https://gitlab.example/acme/memory/-/jobs/7"},
            "sarah",
            "https://gitlab.example/acme/memory/-/jobs/7",
        ),
    ],
)
def test_a_job_of_ci_is_recorded_with_who_started_it_and_its_page(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], actor: str, url: str
) -> None:
    setting(monkeypatch, variables)
    record = applied(repository)

    assert (record["actor"], record["ci_url"]) == (actor, url)
    assert f"  {actor}  " in repository.run("runs").out
    assert f"  {url}\n" in repository.run("runs").out


@pytest.mark.parametrize(
    "variables",
    [
        {**OF_GITHUB, "GITHUB_SERVER_URL": "https://user:token@github.com"},
        {**OF_GITHUB, "GITHUB_SERVER_URL": "javascript:alert(1)//"},
        {**OF_GITHUB, "GITHUB_RUN_ID": '1"><b>'},
        {**OF_GITHUB, "GITHUB_REPOSITORY": "a/" + "b" * 600},
        {"CI_JOB_URL": "https://gitlab.example/a\x1b[31m\n::error::b"},
    ],
)
def test_what_is_no_plain_address_of_a_page_is_not_recorded(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]
) -> None:
    setting(monkeypatch, variables)

    assert "ci_url" not in applied(repository)


def test_an_actor_of_strange_characters_is_one_short_line_of_what_prints(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(os.environ, "GITHUB_ACTOR", "e\x1b[31m\u202evil\n::error::\udcff" + "x" * 1000)
    record = applied(repository)

    assert record["actor"] == ("e[31mvil::error::" + "x" * 1000)[:100]
    for arguments in (("runs",), ("show", record["id"]), ("show", "receipt.json", "--format", "markdown")):
        printed = repository.run(*arguments).out
        assert not {"\x1b", "\u202e"} & set(printed)
        assert not [line for line in printed.splitlines() if line.startswith("::")]


def test_nothing_else_of_the_environment_is_stored(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    setting(monkeypatch, OF_GITHUB)
    for number, name in enumerate(("GITHUB_TOKEN", "USER", "LOGNAME", "CI_JOB_TOKEN", "HOME_ADDRESS", "HOSTNAME")):
        monkeypatch.setenv(name, f"not-for-the-record-{number}")
    applied(repository)

    files = [repository.root / "receipt.json", *(repository.root / ".reconciler/journal").iterdir()]
    assert not [file for file in files if "not-for-the-record" in file.read_text()]


def changed(repository: Repository, how: str) -> None:
    """Change a committed repository, or what lies beside its specs."""
    spec = repository.root / "specs/support.yaml"
    match how:
        case "a spec that is edited" | "an edited spec that is staged":
            spec.write_text(f"{spec.read_text()}# edited\n")
        case "a spec that was never committed":
            repository.write("specs/new.yaml", "contacts: {}\n")
        case "a spec that git ignores":
            repository.write("specs/ignored.yaml", "contacts: {}\n")
        case "a spec that is gone":
            (repository.root / "specs/more/other.yaml").unlink()
        case "an edited data file":
            repository.write("data/guests.csv", "id,name\n7,Bo\n8,Cy\n")
        case "edited settings":
            repository.write("reconciler.yaml", (repository.root / "reconciler.yaml").read_text() + "# edited\n")
        case _:
            repository.write("README.md", "edited\n")
            repository.write("docker-compose.yaml", "services: {}\n")
    if "staged" in how:
        git(repository.root, "add", ".")


@pytest.mark.parametrize(
    ("how", "dirty"),
    [
        ("a spec that is edited", True),
        ("an edited spec that is staged", True),
        ("a spec that was never committed", True),
        ("a spec that git ignores", True),
        ("a spec that is gone", True),
        ("an edited data file", True),
        ("edited settings", True),
        ("a file that specs do not read", False),
    ],
)
def test_a_commit_is_dirty_where_the_specs_read_something_else_than_it_holds(
    repository: Repository, how: str, *, dirty: bool
) -> None:
    repository.write("README.md", "read me\n")
    repository.write("specs/more/other.yaml", "contacts: {}\n")
    repository.write("data/guests.csv", "id,name\n7,Bo\n")
    repository.write(
        "specs/guests.yaml",
        "contacts_from:\n  - {file: ../data/guests.csv, named_by: [name], contact: {external_id: id, scopes: {support: "
        "{}}}}\n",
    )
    commit = committed(repository)
    changed(repository, how)
    record = applied(repository)

    assert (record["commit"], record["dirty"]) == (commit, dirty)
    assert f"  {commit[:7]}{'+' if dirty else ''}\n" in repository.run("runs").out


@pytest.mark.parametrize("is_edited", [False, True])
def test_specs_in_a_submodule_are_those_of_the_commit_until_they_are_edited(
    repository: Repository, tmp_path_factory: pytest.TempPathFactory, *, is_edited: bool
) -> None:
    other = tmp_path_factory.mktemp("other")
    (other / "eu").mkdir()
    (other / "eu/specs.yaml").write_text((repository.root / "specs/support.yaml").read_text())
    for arguments in (("init", "-q"), ("add", "."), ("commit", "-qm", "specs")):
        git(other, *arguments)
    repository.write("reconciler.yaml", "version: 1\nspecs: [vendor/eu]\nenvironments: {sandbox: {api: sandbox}}\n")
    (repository.root / "specs/support.yaml").unlink()
    git(repository.root, "init", "-q")
    git(repository.root, "submodule", "add", "-q", str(other), "vendor")
    committed(repository)
    if is_edited:
        spec = repository.root / "vendor/eu/specs.yaml"
        spec.write_text(f"{spec.read_text()}# edited\n")

    assert applied(repository)["dirty"] is is_edited


def test_a_spec_that_was_moved_away_is_not_that_of_the_commit(repository: Repository) -> None:
    repository.write("specs/other.yaml", "contacts: {}\n")
    committed(repository)
    git(repository.root, "mv", "specs/other.yaml", "reconciler.old.yaml")

    assert applied(repository)["dirty"] is True


def test_a_receipt_and_its_journal_count_the_requests_that_were_sent(repository: Repository) -> None:
    app = create_app(Store())
    with running(app) as url, pytest.MonkeyPatch.context() as patch:
        patch.setenv("TEST_KEY", "sk-live-key")
        repository.run("-e", "live", "--api-url", url, "apply", "--yes", "--receipt", "receipt.json")
    (journal,) = (repository.root / ".reconciler/journal").glob("*.jsonl")
    told = [json.loads(repository.run("show", what, "--format", "json").out) for what in ("receipt.json", journal.stem)]

    assert [one["requests"] for one in told] == [len(app.state.log)] * 2


def test_without_git_there_is_no_commit(repository: Repository) -> None:
    record = applied(repository)

    assert not {"commit", "dirty"} & record.keys()
    assert repository.run("runs").out.splitlines()[1].endswith("  -")


def test_a_repository_without_a_commit_has_none_to_record(repository: Repository) -> None:
    git(repository.root, "init", "-q")

    assert "commit" not in applied(repository)


def test_an_apply_of_a_saved_plan_has_the_digest_of_that_plan_on_each_attempt(repository: Repository) -> None:
    repository.run("plan", "--out", "plan.json")
    digest = json.loads((repository.root / "plan.json").read_text())["operations_digest"]
    digests = []
    for _ in range(2):
        assert repository.run("apply", "plan.json", "--yes", "--receipt", "receipt.json").code == 0
        digests.append(json.loads((repository.root / "receipt.json").read_text())["run"]["plan_digest"])

    assert digests == [digest, digest]


def test_an_apply_of_the_same_operations_has_the_digest_of_the_plan_that_showed_them(repository: Repository) -> None:
    repository.run("plan", "--out", "plan.json")

    assert (
        applied(repository)["plan_digest"]
        == json.loads((repository.root / "plan.json").read_text())["operations_digest"]
    )


def test_an_undo_is_on_record_and_rests_on_a_file_that_no_commit_holds(repository: Repository) -> None:
    repository.run("apply", "--yes")
    spec = (repository.root / "specs/support.yaml").read_text()
    repository.write("specs/support.yaml", spec.replace("premium", "trial"))
    commit = committed(repository)
    assert repository.run("apply", "--yes", "--save-undo", "undo.yaml").code == 0
    assert repository.run("undo", "undo.yaml", "--yes", "--receipt", "receipt.json").code == 0
    record = json.loads((repository.root / "receipt.json").read_text())["run"]

    assert (record["commit"], record["dirty"]) == (commit, True)
    assert record["id"] in repository.run("runs").out


def test_runs_as_json_have_the_record_at_each_run(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    setting(monkeypatch, OF_GITHUB)
    record = applied(repository)
    (entry,) = json.loads(repository.run("runs", "--format", "json").out)["runs"]

    assert {**record, "run": record["id"]}.items() - {("id", record["id"])} <= entry.items()


def test_the_list_of_runs_names_the_shard_of_those_that_had_one(repository: Repository) -> None:
    whole, part = ([*options, "--yes"] for options in (("apply",), ("apply", "--shard", "1/2")))
    repository.run(*part)
    repository.run(*whole)
    listed = json.loads(repository.run("runs", "--format", "json").out)["runs"]
    text = repository.run("runs").out

    assert [run.get("shard") for run in listed] == [None, "1/2"]
    assert [line.count("  shard 1/2  ") for line in text.splitlines()[2::2]] == [0, 1]


def test_a_journal_of_an_earlier_commit_of_this_tool_names_the_run_alone_and_is_listed(repository: Repository) -> None:
    repository.run("apply", "--yes")
    (journal,) = (repository.root / ".reconciler/journal").glob("*.jsonl")
    first, *rest = journal.read_text().splitlines(keepends=True)
    journal.write_text(json.dumps({**json.loads(first), "run": journal.stem}) + "\n" + "".join(rest))

    assert repository.run("runs").out.splitlines()[1].split() == [journal.stem, "sandbox", "-", "-"]
    assert repository.run("show", journal.stem).out == "Apply complete: 4 operations done.\n"


def test_the_list_of_runs_fits_eighty_columns(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    name = "a-long-name-of-an-environment"
    monkeypatch.setenv("GITHUB_ACTOR", "会議" * 20)
    repository.write("reconciler.yaml", f"version: 1\nenvironments: {{{name}: {{api: sandbox}}}}\n")
    committed(repository)
    applied(repository)
    (journal,) = (repository.root / ".reconciler/journal").glob("*.jsonl")
    _, *rest = journal.read_text().splitlines()
    journal.write_text("\n".join([journal.read_text().splitlines()[0].replace("1}", "100000000}"), *rest[:-1], ""]))
    lines = repository.run("runs").out.splitlines()

    assert max(map(columns_of, lines)) <= 80
    assert lines[0].split() == ["RUN", "ENVIRONMENT", "BY", "COMMIT"]
    assert "  killed  " in lines[2]


def test_the_page_of_a_job_is_listed_and_moves_no_cursor(repository: Repository) -> None:
    repository.run("apply", "--yes")
    (journal,) = (repository.root / ".reconciler/journal").glob("*.jsonl")
    first, *rest = journal.read_text().splitlines(keepends=True)
    header = json.loads(first)
    page = "https://ci.example/1"
    for url, shown in ((page, page), (f"{page}\x1b[2J", f"{page}\\x1b[2J")):
        header["run"]["ci_url"] = url
        journal.write_text(json.dumps(header) + "\n" + "".join(rest))
        assert repository.run("runs").out.splitlines()[-1] == f"  {shown}"


def test_the_machine_is_named_where_the_receipt_is_and_not_in_a_comment(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: "sarahs-laptop")
    called = repository.run("apply", "--yes", "--receipt", "receipt.json")
    formats = ("text", "json", "markdown", "summary", "github", "junit")
    shown = {name: repository.run("show", "receipt.json", "--format", name).out for name in formats}

    assert "sarahs-laptop" not in called.out  # whoever applies knows who that is
    assert [name for name, text in shown.items() if "sarahs-laptop" in text] == ["text", "json"]
    assert "Run by " in shown["markdown"]
