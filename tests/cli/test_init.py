import json
import re
import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from reconciler.scaffold.answers import Answers, Ci, problem_with
from reconciler.scaffold.answers import requirement as requirement_of
from reconciler.scaffold.repository import repository as files_of
from reconciler.schemas import schema_text
from tests.ci.runner import ACTION
from tests.cli.conftest import Repository
from tests.effort import examples

REQUIREMENT = "reconciler @ git+https://git.example/reconciler@0123abc"
COMMON = {
    ".gitignore",
    ".vscode/extensions.json",
    ".vscode/settings.json",
    "reconciler.yaml",
    "schemas/project.json",
    "schemas/specs.json",
    "specs/support.yaml",
}
GITHUB = {
    *(f".github/workflows/{name}.yml" for name in ("apply", "apply-environment", "drift", "preview")),
    *(f".github/actions/reconcile/{path.name}" for path in ACTION.iterdir() if path.is_file()),
}


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def written(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def on_a_terminal(monkeypatch: pytest.MonkeyPatch, *answers: str) -> None:
    monkeypatch.setattr("sys.stdin", Terminal("".join(f"{answer}\n" for answer in answers)))
    monkeypatch.setattr("reconciler.cli.commands.init.can_ask", lambda: True)


@pytest.mark.parametrize("identify_by", ["external_id", "phone_number", "email", "contact_id"])
@pytest.mark.parametrize(
    "more",
    [
        (),
        ("--api", "sandbox", "--ci", "none"),
        ("--agent-number", "+14155550100", "--ci", "gitlab", "-e", "staging"),
        ("--persona-id", '007: it\'s "odd"', "--api", "http://127.0.0.1:1/x?", "--ci", "none", "-e", "1_000"),
    ],
)
def test_what_is_written_validates_plans_and_applies_at_once(
    repository: Repository, identify_by: str, more: tuple[str, ...]
) -> None:
    made = repository.run("init", "new", "--identify-by", identify_by, *more)

    assert (made.code, made.err) == (0, "")
    assert repository.run("--project", "new", "fmt", "--check").code == 0
    assert repository.run("--project", "new", "validate").code == 0
    assert repository.run("--project", "new", "plan", "--detailed-exitcode").code == 2
    assert repository.run("--project", "new", "apply", "--yes").code == 0
    assert repository.run("--project", "new", "plan", "--detailed-exitcode").code == 0


def test_without_a_terminal_the_defaults_hold_and_the_next_commands_are_told(repository: Repository) -> None:
    called = repository.run("init", "new")

    assert called.code == 0
    assert written(repository.root / "new") == COMMON | GITHUB
    assert "  reconciler.yaml  " in called.out
    assert called.out.endswith(
        "\n"
        "Try it, in the sandbox and without an account:\n"
        "  cd new\n"
        "  reconciler validate\n"
        "  reconciler apply\n"
        "  reconciler plan                # nothing is left to do\n"
        "\n"
        "Then, when specs/ holds your own scopes and people, plan for the account:\n"
        "  export BLAND_API_KEY=…\n"
        "  reconciler -e production plan   # only reads\n"
        "\n"
        "Before you push this to GitHub:\n"
        "- Replace the example in specs/: apply.yml applies what is on main,\n"
        "  and nothing can be deleted from an account again.\n"
        "- Create the secret BLAND_API_KEY twice: for all jobs, with a key that only reads,\n"
        "  and in the environment production, with the key that writes.\n"
        "- Protect that environment, so that somebody approves each plan before it is applied.\n"
        "- Create the secret RECONCILER_DIGEST_KEY for all jobs, with 20 random characters or more:\n"
        "  by it an apply knows that its plan is the one that was approved.\n"
        "- Say in `install` in .github/workflows/*.yml what pip installs, as\n"
        '  "reconciler @ git+https://…@COMMIT": this installation does not record where it came from.\n'
    )


@pytest.mark.parametrize(
    ("flags", "steps"),
    [
        (("--ci", "none"), ""),
        (("--ci", "github", "--api", "sandbox"), "- The workflows are for the sandbox: no key is needed.\n"),
        (("--ci", "gitlab", "-e", "staging"), "  by it an apply knows that its plan is the one that was approved.\n"),
    ],
)
def test_what_is_left_to_do_in_ci_depends_on_the_answers(
    repository: Repository, flags: tuple[str, ...], steps: str
) -> None:
    called = repository.run("init", "new", "--install", REQUIREMENT, *flags)

    assert called.out.endswith(steps)
    assert ("Before you push" in called.out) == bool(steps)
    assert "what pip installs" not in called.out


def test_what_pip_installs_in_ci_is_what_the_flag_says(repository: Repository) -> None:
    repository.run("init", "new", "--install", REQUIREMENT)
    repository.run("init", "other", "--install", REQUIREMENT, "--ci", "gitlab")

    assert f'install: "{REQUIREMENT}"' in (repository.root / "new/.github/workflows/apply-environment.yml").read_text()
    assert f'RECONCILER: "{REQUIREMENT}"' in (repository.root / "other/.gitlab-ci.yml").read_text()


@pytest.mark.parametrize("requirement", ["reconciler", "reconciler==0.1.0", "Reconciler [x] >= 1", "reconciler;a"])
@pytest.mark.parametrize("ci", ["github", "gitlab"])
def test_ci_never_installs_what_belongs_to_another_project(repository: Repository, requirement: str, ci: str) -> None:
    called = repository.run("init", "new", "--install", requirement, "--ci", ci)

    assert called.code == 1
    assert "on PyPI the name reconciler belongs to another project" in called.err
    assert not (repository.root / "new").exists()


@pytest.mark.parametrize("requirement", ["reconciler@ https://x.example/r.whl", "reconciler-ours==1", "./reconciler"])
def test_ci_installs_what_says_where_it_comes_from(repository: Repository, requirement: str) -> None:
    assert repository.run("init", "new", "--install", requirement).code == 0


@pytest.mark.parametrize(
    ("origin", "requirement"),
    [
        (
            {"url": "https://git.example/r", "vcs_info": {"vcs": "git", "commit_id": "0123abc"}},
            "reconciler @ git+https://git.example/r@0123abc",
        ),
        ({"url": "https://files.example/r.whl", "archive_info": {}}, "reconciler @ https://files.example/r.whl"),
        ({"url": "file:///home/ana/r", "dir_info": {"editable": True}}, ""),
        ({}, ""),
    ],
)
def test_ci_installs_what_is_installed_here_unless_that_is_on_this_machine_alone(
    origin: dict[str, Any], requirement: str
) -> None:
    assert requirement_of(json.dumps(origin)) == requirement


@pytest.mark.parametrize("action", ["acme/reconciler@v1", "https://github.com/acme/reconciler.git@v1"])
def test_an_action_that_is_named_is_not_copied(repository: Repository, action: str) -> None:
    called = repository.run("init", "new", "--action", action)

    assert written(repository.root / "new") == COMMON | {name for name in GITHUB if "/workflows/" in name}
    text = (repository.root / "new/.github/workflows/apply-environment.yml").read_text()
    assert "uses: acme/reconciler/.github/actions/reconcile@v1\n" in text
    assert "what pip installs" not in called.out + text
    assert called.out.endswith("- Name the action by a commit in place of v1, which can move: it gets your key.\n")


def test_an_action_that_is_named_by_its_commit_needs_no_more(repository: Repository) -> None:
    called = repository.run("init", "new", "--action", f"acme/reconciler@{'0a' * 20}")

    assert called.out.endswith("by it an apply knows that its plan is the one that was approved.\n")


@pytest.mark.parametrize("ci", ["github", "gitlab"])
def test_secrets_are_allowed_to_the_specs_and_named_for_ci(repository: Repository, ci: str) -> None:
    called = repository.run("init", "new", "--ci", ci, "--secret", "SARAH", "--secret", "BO", "--secret", "SARAH")

    assert "\nsecrets: [SARAH, BO]  " in (repository.root / "new/reconciler.yaml").read_text()
    assert repository.run("--project", "new", "validate").code == 0
    assert re.search("- Create these .*: SARAH, BO. Specs read them as", called.out)


def test_what_a_kept_reconciler_yaml_allows_is_in_the_workflows(repository: Repository) -> None:
    project = (
        "version: 1\nsecrets: [SARAH]\nenvironments: {live: {api_key_env: MY_KEY, secrets: [BO]}, t: {secrets: [T]}}\n"
    )
    repository.write("reconciler.yaml", project)
    repository.run("init", "--keep", "-e", "live")
    text = (repository.root / ".github/workflows/drift.yml").read_text()

    assert "Actions: MY_KEY, RECONCILER_DIGEST_KEY, BO, SARAH.\n" in text
    assert "          SARAH: ${{ secrets.SARAH }}\n" in text
    assert "secrets.T " not in text


def test_a_kept_reconciler_yaml_that_does_not_allow_a_secret_is_told_of(repository: Repository) -> None:
    called = repository.run("init", "--keep", "-e", "live", "--secret", "SARAH", "--secret", "BO")

    note = "note: reconciler.yaml is kept: add SARAH and BO to its secrets, or specs may not read them\n"
    assert note in called.err


SAVED = ["plan.json", "receipt.json", "undo.yaml", "live.json", "snapshots/production.json", ".reconciler/ids.json"]


def test_git_ignores_what_the_tool_saves_and_nothing_else_that_is_written(repository: Repository) -> None:
    repository.run("init", "new")
    folder = repository.root / "new"
    git = ["git", "-C", str(folder)]
    subprocess.run([*git, "init", "-q"], check=True)  # noqa: S603  git alone
    asked = [*git, "check-ignore", "--no-index", *SAVED, *sorted(written(folder) - {""})]
    ignored = subprocess.run(asked, capture_output=True, text=True, check=False)  # noqa: S603  git alone

    assert ignored.stdout.splitlines() == SAVED


def test_a_gitignore_that_is_kept_is_told_what_it_lacks(repository: Repository) -> None:
    repository.write(".gitignore", "/.reconciler\nplans/\n")
    called = repository.run("init", "--keep")

    note = "note: .gitignore lacks these lines: /*.json /receipts/ /snapshots/ /*undo*.yaml\n"
    assert note in called.err


def test_the_flags_say_what_is_in_the_files(repository: Repository) -> None:
    repository.run(
        "init", "new", "-e", "staging", "--api", "https://api.example.com", "--api-key-env", "STAGING_KEY",
        "--agent-number", "+1 (415) 555-0100", "--identify-by", "email",
    )  # fmt: skip
    project, spec = ((repository.root / "new" / name).read_text() for name in ("reconciler.yaml", "specs/support.yaml"))

    assert '  staging:\n    api: "https://api.example.com"\n    api_key_env: STAGING_KEY' in project
    assert '    agent_number: "+14155550100"\n' in spec
    assert "    email: sarah.chen@example.com\n" in spec


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--api", "ftp://x"), "this cannot be the URL of the API"),
        (("--api-key-env", "sk-1"), "not the name of an environment variable"),
        (("--install", "--index-url=https://x"), "pip is to install one thing"),
        (("--install", "a\nb"), "pip is to install one thing"),
        (("-e", "a b"), 'the text "a b" is not a name; use a-z, A-Z, 0-9'),
        (("-e", "../evil"), 'the text "../evil" is not a name; use a-z, A-Z, 0-9'),
        (("-e", "${x}"), 'the text "${x}" is not a name; use a-z, A-Z, 0-9'),
        (("--persona-id", "${env:HOME}"), "${ begins a reference, and ids are written out"),
        (("--persona-id", "p ${{ }}"), "${ begins a reference, and ids are written out"),
        (("--api-key-env", "sk_live_abcdef123"), "not the name of an environment variable"),
        (("-e", "sandbox"), "the sandbox is there in any case"),
        (("--agent-number", "0415"), "a phone number is expected"),
        (("--persona-id", ""), "an id is expected, not an empty text"),
        (("--persona-id", "p", "--agent-number", "+14155550100"), "not both"),
        (("--action", "acme/reconciler"), "write the repository that holds it and a version, as OWNER/REPO@REF"),
        (("--action", "./x@v1"), "not an action"),
        (("--action", "a/b@v1\n"), "not an action"),
        (("--action", "a/b@v1", "--ci", "gitlab"), "--action is for GitHub: use it with --ci github"),
        (("--secret", "BLAND_API_KEY"), "BLAND_API_KEY holds the key, which CI gets in any case"),
        (("--secret", "hunter-2"), "not the name of an environment variable"),
        (("--secret", "GITHUB_X"), "names that start with GITHUB_ are GitHub's own"),
    ],
)
def test_an_answer_that_cannot_stand_in_a_file_is_refused_before_anything_is_written(
    repository: Repository, flags: tuple[str, ...], said: str
) -> None:
    called = repository.run("init", "new", *flags)

    assert called.code == 1
    assert said in called.err
    assert not (repository.root / "new").exists()


def test_on_a_terminal_it_asks_and_asks_again(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    on_a_terminal(
        monkeypatch, "new", "nonsense", "https://api.example.com", "", "sk-1", "KEY", "+14155550100", "email", "none"
    )
    called = repository.run("init")

    assert called.code == 0
    assert "Folder [.]: " in called.err
    assert "this cannot be the URL of the API" in called.err
    assert "not the name of an environment variable" in called.err
    assert written(repository.root / "new") == COMMON
    assert "api_key_env: KEY " in (repository.root / "new/reconciler.yaml").read_text()
    assert 'agent_number: "+14155550100"' in (repository.root / "new/specs/support.yaml").read_text()


def test_a_key_in_the_place_of_its_variables_name_is_not_repeated(repository: Repository) -> None:
    called = repository.run("init", "new", "--api-key-env", "sk_live_abcdef123")

    assert "sk_live" not in called.out + called.err


def test_where_files_exist_nothing_is_asked(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    on_a_terminal(monkeypatch, "")
    called = repository.run("init")

    assert called.code == 1
    assert "these files exist" in called.err
    assert "API of the first environment" not in called.err


def test_a_number_alone_is_asked_for_again(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    on_a_terminal(monkeypatch, "12", "415 555-0100", "+14155550100")
    called = repository.run("init", "new", "--api", "sandbox", "--identify-by", "email", "--ci", "none")

    assert called.code == 0
    assert called.err.count("a number alone may be either") == 2


def test_a_folder_is_quoted_for_the_shell(repository: Repository) -> None:
    assert "  cd 'sub dir/x y'\n" in repository.run("init", "sub dir/x y").out


def test_what_is_kept_says_which_environments_there_are(repository: Repository) -> None:
    called = repository.run("init", "--keep", "-e", "other")
    assert (called.code, called.out) == (1, "")
    assert 'no environment "other"' in called.err

    made = repository.run("init", "--keep")
    assert "  reconciler -e live plan" in made.out
    assert "export TEST_KEY=" in made.out
    assert (
        '- environment: live\n            api-url: "http://127.0.0.1:1"\n'
        in (repository.root / ".github/workflows/apply.yml").read_text()
    )


def test_on_a_terminal_options_are_not_asked_for(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    on_a_terminal(monkeypatch)

    assert repository.run("init", "new", "--no-input").code == 0
    flags = ("--api", "sandbox", "--persona-id", "p", "--identify-by", "email", "--ci", "none")
    called = repository.run("init", "other", *flags)
    assert (called.code, called.err) == (0, "")


def test_nothing_is_written_where_a_file_exists_and_all_of_them_are_told(repository: Repository) -> None:
    before = written(repository.root)

    called = repository.run("init")

    assert (called.code, called.out) == (1, "")
    assert "  reconciler.yaml\n" in called.err
    assert "  specs/support.yaml\n" in called.err
    assert "--keep" in called.err
    assert written(repository.root) == before


def test_keep_writes_what_is_missing(repository: Repository) -> None:
    before = (repository.root / "reconciler.yaml").read_text()

    called = repository.run("init", "--keep", "--ci", "none")

    assert called.code == 0
    assert called.err == "kept: reconciler.yaml\nkept: specs/support.yaml\n"
    assert (repository.root / "reconciler.yaml").read_text() == before
    assert written(repository.root) == COMMON


def test_a_link_to_nothing_is_in_the_way_and_so_is_a_file_in_the_place_of_a_folder(repository: Repository) -> None:
    (repository.root / "new").mkdir()
    (repository.root / "new/.gitignore").symlink_to("nowhere")
    repository.write("file", "")
    repository.write("other/specs", "")

    assert "new/.gitignore" in repository.run("init", "new").err
    assert "file is in the way: it is not a folder" in repository.run("init", "file/below").err
    assert repository.run("init", "other").code == 1
    assert written(repository.root / "other") == {"specs"}


def test_editors_find_the_schema_of_each_file(repository: Repository) -> None:
    repository.run("init", "new")
    folder = repository.root / "new"
    settings: dict[str, Any] = json.loads((folder / ".vscode/settings.json").read_text())

    for name, schema in (("reconciler.yaml", "project"), ("specs/support.yaml", "specs")):
        first = (folder / name).read_text().splitlines()[0]
        path = first.removeprefix("# yaml-language-server: $schema=")
        assert (folder / name).parent.joinpath(path).read_text() == schema_text(schema)  # type: ignore[arg-type]
        assert f"schemas/{schema}.json" in settings["yaml.schemas"]


def test_an_export_names_the_schema_where_its_files_will_stand(repository: Repository) -> None:
    from tests.cli.test_export import account, exported  # noqa: PLC0415  its helpers

    repository.write("schemas/specs.json", schema_text("specs"))
    with account() as (_, url):
        moved = exported(repository, url)
        stays = exported(repository, url, "--out", "specs/a/b")
    first = [
        (repository.root / name).read_text().splitlines()[0].partition("=")[2]
        for name in ("exported/scopes.yaml", "exported/contacts/sarah-chen.yaml", "specs/a/b/scopes.yaml")
    ]

    assert (moved.code, stays.code) == (0, 0)
    assert first == ["../../schemas/specs.json", "../../../schemas/specs.json", "../../../schemas/specs.json"]


@pytest.mark.parametrize(
    ("flags", "files", "schema"),
    [
        (("--ci", "github"), ".github/workflows/*.yml", "github-workflows"),
        (("--ci", "github"), ".github/actions/*/action.yml", "github-actions"),
        (("--action", "acme/reconciler@v1", "--secret", "A"), ".github/workflows/*.yml", "github-workflows"),
        (("--ci", "gitlab", "--secret", "A"), ".gitlab-ci.yml", "gitlab-ci"),
    ],
)
def test_the_ci_is_what_its_forge_reads(
    repository: Repository, flags: tuple[str, ...], files: str, schema: str
) -> None:
    repository.run("init", "new", "--install", REQUIREMENT, *flags)
    found = [str(path) for path in (repository.root / "new").glob(files)]
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}", *found]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  our own interpreter

    assert found
    assert checked.returncode == 0, checked.stdout


def test_gitlab_stops_and_says_why_where_nobody_said_what_pip_installs(repository: Repository) -> None:
    repository.run("init", "new", "--ci", "gitlab")
    [line] = [
        text for text in (repository.root / "new/.gitlab-ci.yml").read_text().splitlines() if "pip install " in text
    ]
    script = line.partition("- ")[2].replace("python ", "true ")
    shell = ["sh", "-c", f"RECONCILER=''; {script}"]
    ran = subprocess.run(shell, capture_output=True, text=True, check=False)  # noqa: S603  the file that was written

    assert ran.returncode != 0
    assert "say in .gitlab-ci.yml what pip installs" in ran.stderr


CI: tuple[Ci, ...] = ("github", "gitlab")
HOSTILE = [
    '"}, x: {',
    "x: {y",
    "- a",
    "a # b",
    "*a",
    "&a",
    "!a b",
    "%a",
    "@a",
    "`a`",
    "a]b, c",
    "'",
    '"',
    "\\",
    "null",
    "1e5",
    "\u202ea",
    "a\u2028b",
]


@examples(30)
@given(st.sampled_from(HOSTILE) | st.text(max_size=30))
def test_every_answer_that_is_taken_stands_in_the_files_as_data(text: str) -> None:
    accepted = [key for key in ("persona_id", "install", "api") if not problem_with(key, text)]
    install = text if "install" in accepted else ""
    for ci in CI:
        scope = text if "persona_id" in accepted else "p"
        api = text if "api" in accepted else "https://api.example.com"
        answers = Answers("production", api, "KEY", "persona_id", scope, "external_id", ci, install)
        files = files_of(answers)
        made = {name: yaml.safe_load(content) for name, content in files.items() if name.endswith(("yaml", "yml"))}

        assert made["specs/support.yaml"]["scopes"]["support"]["persona_id"] == scope
        assert made["reconciler.yaml"]["environments"]["production"]["api"] == api
        found = made[".gitlab-ci.yml"]["variables"]["RECONCILER"] if ci == "gitlab" else _installed(made)
        assert found == install


def _installed(made: dict[str, Any]) -> str:
    steps = made[".github/workflows/apply-environment.yml"]["jobs"]["apply"]["steps"]
    return str(next(step["with"]["install"] for step in steps if "install" in step.get("with", {})))


def test_what_ci_would_fill_in_or_is_no_text_is_refused() -> None:
    assert "CI replaces" in problem_with("install", "x @ https://e/${{ secrets.KEY }}")
    assert "not UTF-8" in problem_with("persona_id", "a\udc85b")
