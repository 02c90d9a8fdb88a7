"""`api_key_command` gives the key of an account: run once, without a shell, and nothing that it writes is shown."""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.errors import Problem, SpecError
from reconciler.project import KeyCommand
from reconciler.sandbox.app import Logged, create_app
from reconciler.sandbox.serve import running
from reconciler.sandbox.settings import Settings
from reconciler.sandbox.store import Store
from reconciler.workflow import key_command
from reconciler.workflow.key_command import key_from
from tests.cli.conftest import Repository
from tests.cli.watched import FakeTime, Watch

KEY = "sk-of-the-vault-990017"
HUSH = "hush-of-the-vault"
SCRIPT = f"""\
import os, sys
with open("asked.txt", "a") as log:
    print(os.getcwd(), file=log)
print("{HUSH}", file=sys.stderr)
print("{KEY}\\nuser: {HUSH}")
"""
SPEC = """\
scopes: {s: {persona_id: p}}
contacts:
  ann: {contact_id: id-ann, scopes: {s: {facts: {plan: premium}}}}
"""
ONLINE = [
    ("plan",),
    ("apply", "--yes"),
    ("apply", "--dry-run"),
    ("snapshot", "--out", "live.json"),
    ("export", "--out", "new"),
    ("compare", "--live", "live", "twin"),
    ("doctor",),
]
OFFLINE = [
    ("validate", "--all-environments"),
    ("lint", "--all-environments"),
    ("fmt", "--check"),
    ("why", "contacts.ann"),
    ("compare", "live", "twin"),
    ("plan", "--help"),
    ("runs",),
    ("schema", "project"),
]


def configure(repository: Repository, api: str, *words: str, more: str = "") -> None:
    live, twin = (f'{name}: {{api: "{api}", api_key_command: {json.dumps(words)}{more}}}' for name in ("live", "twin"))
    repository.write("reconciler.yaml", f"version: 1\ndefault_environment: live\nenvironments:\n  {live}\n  {twin}\n")


@pytest.fixture
def served(repository: Repository) -> Iterator[tuple[Repository, list[Logged]]]:
    """Serve an account that takes the key of the command alone; gives the repository, and the requests."""
    repository.write("specs/support.yaml", SPEC)
    repository.write("key.py", SCRIPT)
    store = Store()
    store.load({"contacts": [{"id": "id-ann", "identifiers": []}]})
    app = create_app(store, Settings(key=KEY))
    with running(app) as url:
        configure(repository, url, sys.executable, "key.py")
        yield repository, app.state.log


def runs_of(repository: Repository) -> list[str]:
    file = repository.root / "asked.txt"
    return file.read_text().splitlines() if file.exists() else []


@pytest.mark.parametrize("call", ONLINE)
def test_each_command_that_opens_the_account_asks_once_for_the_key(
    served: tuple[Repository, list[Logged]], call: tuple[str, ...]
) -> None:
    repository, log = served
    called = repository.run(*call, "--debug") if call[0] != "doctor" else repository.run(*call)
    written = "".join(path.read_text() for path in repository.root.rglob("*.json*"))

    assert called.code == 0
    assert log
    assert runs_of(repository) == [str(repository.root.resolve())]
    for hidden in (KEY, HUSH):
        assert hidden not in called.out + called.err + written


@pytest.mark.parametrize("call", OFFLINE)
def test_what_is_offline_never_runs_the_command(served: tuple[Repository, list[Logged]], call: tuple[str, ...]) -> None:
    repository, log = served

    assert repository.run(*call).code == 0
    assert (runs_of(repository), len(log)) == ([], 0)


def test_it_runs_in_the_folder_of_the_project_wherever_the_call_comes_from(
    served: tuple[Repository, list[Logged]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    repository, _ = served
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")

    assert repository.run("--project", "..", "plan").code == 0
    assert runs_of(repository) == [str(repository.root.resolve())]


def test_a_plan_against_a_snapshot_takes_the_key_for_digests_and_does_not_run_it(
    served: tuple[Repository, list[Logged]], monkeypatch: pytest.MonkeyPatch
) -> None:
    repository, _ = served
    monkeypatch.setenv("RECONCILER_DIGEST_KEY", "a key for digests alone")
    assert repository.run("snapshot", "--out", "live.json").code == 0
    (repository.root / "asked.txt").unlink()
    planned = repository.run("plan", "--live", "live.json")
    monkeypatch.delenv("RECONCILER_DIGEST_KEY")
    without = repository.run("plan", "--live", "live.json")

    assert (planned.code, planned.err, without.code) == (0, "", 1)
    assert "set the environment variable RECONCILER_DIGEST_KEY (environment 'live')" in without.err
    assert runs_of(repository) == []


def test_a_guarded_account_is_known_by_the_key_of_the_command(served: tuple[Repository, list[Logged]]) -> None:
    repository, log = served
    text = (repository.root / "reconciler.yaml").read_text()
    repository.write("reconciler.yaml", text.replace("]}", "], expect_account: {digest: ask}}"))

    assert repository.run("plan").code == 4
    assert not log


def test_a_key_that_is_not_accepted_leads_to_the_command(repository: Repository) -> None:
    with running(create_app(Store(), Settings(key="sk-another-one"))) as url:
        configure(repository, url, sys.executable, "-c", f"print('{KEY}')")
        planned, diagnosed = repository.run("plan"), repository.run("doctor")

    assert "hint: the key is read from api_key_command (reconciler.yaml:4:" in planned.err
    assert "the key that api_key_command gives is not accepted" in diagnosed.out
    assert KEY not in planned.err + diagnosed.out + diagnosed.err


def test_a_url_that_holds_the_key_of_a_command_is_refused(repository: Repository) -> None:
    configure(repository, f"https://api.example/{KEY}", sys.executable, "-c", f"print('{KEY}')")

    assert "the URL of the API holds the API key" in repository.run("plan").err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["no-such-program"], 'there is no program "no-such-program"; install it'),
        (["./specs"], '"./specs" cannot be run: permission denied'),
        (["-c", f"print('{HUSH}'); raise SystemExit(3)"], "the command ended with exit code 3; run it yourself"),
        (["-c", "import os; os.kill(os.getpid(), 9)"], "the command was ended by signal 9; run it yourself"),
        (["-c", ""], "the first line of the command's output is empty"),
        (["-c", f"print('\\n{HUSH}')"], "the first line of the command's output is empty"),
        (["-c", f"print('two {HUSH}')"], "the first line of the command's output cannot be a key"),
        (["-c", f"print('{HUSH}é')"], "the first line of the command's output cannot be a key"),
        (["-c", f"print('{HUSH}' * 1000)"], "the first line of the command's output cannot be a key"),
        (
            ["-c", f"import sys; sys.stdout.write('{HUSH}\\0')"],
            "the first line of the command's output cannot be a key",
        ),
    ],
)
def test_a_failure_is_told_with_its_place_and_without_output(
    repository: Repository, words: list[str], told: str
) -> None:
    command = [sys.executable, *words] if words[0] == "-c" else words
    configure(repository, "http://127.0.0.1:1", *command)
    for call in (("plan", "--debug"), ("apply", "--yes"), ("doctor",)):
        called = repository.run(*call)

        assert called.code == 1
        assert "reconciler.yaml:4:" in called.out + called.err
        assert f"environments.live.api_key_command: {told}" in called.out + called.err
        assert HUSH not in called.out + called.err


def command_of(script: str) -> KeyCommand:
    place = Problem("reconciler.yaml", 3, 5, "environments.live.api_key_command", "")
    return KeyCommand((sys.executable, "-c", script), place)


@pytest.mark.parametrize(
    "script", ["import time; time.sleep(600)", f"import time; print('{KEY}', end='', flush=True); time.sleep(600)"]
)
def test_a_command_that_does_not_end_is_ended(tmp_path: Path, script: str) -> None:
    with pytest.raises(SpecError, match="the command did not end within 1 s, and was ended"):
        key_from(command_of(script), tmp_path, {}, limit=0.5)


@pytest.mark.parametrize("after", ["while True: print(KEY)", "while True: pass", "import time; time.sleep(600)"])
def test_a_command_that_goes_on_after_its_first_line_is_ended_and_gives_the_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: str
) -> None:
    monkeypatch.setattr(key_command, "_MOST_SECONDS_AFTER", 0.2)
    script = f"import os\nKEY = '{KEY}'\nopen('pid', 'w').write(str(os.getpid()))\nprint(KEY, flush=True)\n{after}"

    assert key_from(command_of(script), tmp_path, {}) == KEY
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


def test_a_line_that_does_not_end_is_no_key_as_soon_as_it_is_too_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_command, "_MOST_SECONDS_AFTER", 0.2)
    with pytest.raises(SpecError, match="cannot be a key"):
        key_from(command_of("import sys\nwhile True: sys.stdout.write('y' * 65536)"), tmp_path, {})


def test_what_a_command_leaves_behind_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_command, "_MOST_SECONDS_AFTER", 0.2)
    left = "[sys.executable, '-c', 'import time; time.sleep(2)']"
    script = f"import subprocess, sys; print('{KEY}', flush=True); subprocess.Popen({left})"

    assert key_from(command_of(script), tmp_path, {}) == KEY


def test_long_output_after_the_first_line_is_read_and_let_go(tmp_path: Path) -> None:
    script = f"print('{KEY}\\r'); print('x' * 1_000_000)"

    assert key_from(command_of(script), tmp_path, {}) == KEY


def test_a_watch_asks_once_and_refuses_another_command(
    repository: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    repository.write("specs/support.yaml", SPEC)
    repository.write("key.py", SCRIPT)
    configure(repository, "http://127.0.0.1:1", sys.executable, "key.py")
    other = lambda: configure(repository, "http://127.0.0.1:1", sys.executable, "-c", f"print('{KEY}')")  # noqa: E731
    watch = Watch(capsys, FakeTime(35.0, [(25.0, other)]))

    watch.run(interval=10.0)

    assert watch.story == ["ok", "invalid"]
    assert len(runs_of(repository)) == 1
    assert KEY not in watch.told


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("api_key_command: op read key", "a list of words is expected"),
        ("api_key_command: []", "a list of words is expected"),
        ("api_key_command: [op, [a]]", "a list of words is expected"),
        ("api_key_command: [true]", 'true is a boolean, and each word has to be text; write "true"'),
        ("api_key_command: [op, false]", 'false is a boolean, and each word has to be text; write "false"'),
        ("api_key_command: [op, null]", "a list of words is expected"),
        ('api_key_command: [""]', "the first word is empty, and has to be a program"),
        ('api_key_command: ["o\\0p"]', "a word holds a NUL character"),
        ("api_key_command: [op], api_key_env: TEST_KEY", "remove api_key_env or api_key_command"),
    ],
)
def test_a_command_that_cannot_be_one_is_a_mistake_of_the_file(repository: Repository, written: str, told: str) -> None:
    repository.write("reconciler.yaml", f"version: 1\nenvironments: {{live: {{{written}}}}}\n")
    called = repository.run("validate")

    assert called.code == 1
    assert "error: reconciler.yaml:2:" in called.err
    assert told in called.err
