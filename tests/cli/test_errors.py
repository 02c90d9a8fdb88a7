import json
import os
import socket
import subprocess
import sys
from importlib.abc import MetaPathFinder
from io import StringIO
from pathlib import Path

import pytest

from reconciler.__main__ import main as entry
from reconciler.cli import errors
from reconciler.cli.errors import report_error, report_no_memory
from reconciler.cli.invocation import Invocation
from reconciler.errors import InputError, RefusedError
from reconciler.project import Environment
from reconciler.sandbox import faults
from reconciler.sandbox.app import create_app
from reconciler.sandbox.faults import Faults, Rule
from reconciler.sandbox.serve import running
from reconciler.sandbox.settings import Settings
from reconciler.sandbox.store import Store
from reconciler.workflow.account import api_of
from tests.cli.conftest import Repository

KEY = "sk-5a17-very-secret"


pytestmark = pytest.mark.usefixtures("short_waits")


def test_without_a_key_the_variable_is_named(repository: Repository) -> None:
    called = repository.run("-e", "live", "plan")

    assert (called.code, called.out) == (1, "")
    assert called.err == "error: no API key: set the environment variable TEST_KEY (environment 'live')\n"


def test_a_wrong_key_is_one_clear_line_and_a_hint(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_KEY", KEY)
    with running(create_app(Store(), Settings(key="another"))) as url:
        called = repository.run("-e", "live", "plan", "--api-url", url)

    assert called.code == 1
    assert called.err.splitlines()[0].startswith("error: the API answered 401")
    assert called.err.splitlines()[1] == "hint: the key is read from the environment variable TEST_KEY"


def test_a_role_that_may_not_write_is_told_in_each_outcome(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEST_KEY", KEY)
    with running(create_app(Store(), Settings(role="viewer"))) as url:
        called = repository.run("-e", "live", "apply", "--yes", "--api-url", url)

    assert called.code == 3
    assert "writing needs the organisation role admin, owner or operator" in called.out


def test_a_dead_host_is_one_clear_line(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_KEY", KEY)
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
    called = repository.run("-e", "live", "plan", "--api-url", url)

    assert called.code == 1
    assert called.err.splitlines()[-1] == f"error: cannot connect to {url}"


def test_a_time_out_is_one_clear_line(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_KEY", KEY)
    monkeypatch.setattr("reconciler.workflow.account.TIMEOUT", 0.05)
    with running(create_app(Store(), Settings(), Faults([Rule(fault=faults.hang())]))) as url:
        called = repository.run("-e", "live", "plan", "--api-url", url)

    assert called.code == 1
    assert called.err.splitlines()[-1] == f"error: no answer from {url} within 0.05 seconds"


@pytest.mark.parametrize("key", ["with space", "line\nbreak", "ключ"])
def test_a_key_that_cannot_be_sent_is_refused_unseen(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    monkeypatch.setenv("TEST_KEY", key)
    called = repository.run("-e", "live", "plan", "--debug")

    assert called.code == 1
    assert key not in called.err


@pytest.mark.parametrize(
    "url",
    [
        "https://me:pw@example.com",
        "https://exa mple",
        "https://h:99999",
        "ftp://example.com",
        "example.com",
        "https://",
    ],
)
def test_a_url_that_is_none_is_refused_wherever_it_comes_from(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("TEST_KEY", KEY)
    monkeypatch.setenv("BLAND_API_KEY", KEY)
    monkeypatch.setenv("BLAND_BASE_URL", url)
    by_flag = repository.run("-e", "live", "plan", "--api-url", url)
    (repository.root / "reconciler.yaml").unlink()
    by_variable = repository.run("plan")

    for called in (by_flag, by_variable):
        assert called.code == 1
        assert called.err.startswith("error: the URL of the API")
        assert "pw" not in called.err


def test_a_url_without_its_scheme_is_told_with_where_it_was_written(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEST_KEY", KEY)
    told = "error: the URL of the API ({}) is bland.ai, without https://; write https://bland.ai\n"

    assert repository.run("-e", "live", "plan", "--api-url", "bland.ai").err == told.format("--api-url")
    monkeypatch.setenv("RECONCILER_API_URL", "bland.ai")
    assert repository.run("-e", "live", "plan").err == told.format("the variable RECONCILER_API_URL")
    monkeypatch.delenv("RECONCILER_API_URL")
    monkeypatch.setenv("BLAND_BASE_URL", "bland.ai")
    (repository.root / "reconciler.yaml").unlink()
    assert repository.run("plan").err == told.format("the variable BLAND_BASE_URL")


@pytest.mark.parametrize("pasted", ["sk-5a17c0ffee5a17c0ffee5a17c0ff", "ORG_5A17.C0FFEE", "eyJhbGciOi.eyJzdWIi.5a17c0"])
def test_what_may_be_a_key_in_place_of_the_url_is_not_repeated(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, pasted: str
) -> None:
    monkeypatch.setenv("TEST_KEY", KEY)
    called = repository.run("-e", "live", "plan", "--api-url", pasted)

    assert called.err.startswith('error: the URL of the API (--api-url), "…", must be https://HOST')
    assert pasted not in called.err


def test_the_environment_s_own_api_comes_before_the_variable(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BLAND_BASE_URL", "https://nowhere.example.com")

    assert repository.run("plan").code == 0


def test_options_may_stand_before_the_command(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_KEY", KEY)
    with running(create_app(Store())) as url:
        assert repository.run("-e", "live", "--api-url", url, "--concurrency", "2", "plan").code == 0


def test_the_key_is_not_sent_unencrypted_over_a_network(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEST_KEY", KEY)
    called = repository.run("-e", "live", "plan", "--api-url", "http://api.example.com")

    assert called.code == 1
    assert "https" in called.err


def test_the_key_is_in_no_output_and_no_file(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_KEY", KEY)
    echo = faults.envelope_error(400, "BAD_REQUEST", f"the key {KEY} may not do this")
    outputs = []
    for rules in ([], [Rule(fault=echo, method="PATCH")], [Rule(fault=echo)]):
        with running(create_app(Store(), Settings(), Faults(rules))) as url:
            shared = ("-e", "live", "--debug")
            outputs += [
                repository.run(*shared, "plan", "--api-url", url, "--out", "plan.json"),
                repository.run(*shared, "apply", "--api-url", url, "--dry-run"),
                repository.run(*shared, "apply", "--api-url", url, "--yes", "--receipt", "receipt.json"),
            ]
    printed = "".join(called.out + called.err for called in outputs)
    files = "".join(path.read_text() for path in repository.root.rglob("*.json"))

    assert "POST /v1/memory/contact: ok" in printed
    assert KEY not in printed + files
    assert "authorization" not in (printed + files).lower()


def test_bad_usage_exits_with_1(repository: Repository) -> None:
    for arguments in (("plan", "--nonsense"), ("nonsense",), ("plan", "--concurrency", "0"), ("-e", "nowhere", "plan")):
        called = repository.run(*arguments)
        assert called.code == 1
        assert "Traceback" not in called.err


def test_a_defect_is_told_without_its_text(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("a private value")

    monkeypatch.setattr("reconciler.workflow.planning.build_plan", broken)
    called = repository.run("plan")

    assert called.code == 70
    assert "RuntimeError" in called.err
    assert "private" not in called.err
    assert "Traceback" not in called.err


def test_with_debug_a_defect_has_its_traceback_but_not_the_key(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError(f"headers: {KEY}")

    monkeypatch.setenv("TEST_KEY", KEY)
    monkeypatch.setattr("reconciler.workflow.planning.build_plan", broken)
    with running(create_app(Store())) as url:
        called = repository.run("-e", "live", "plan", "--api-url", url, "--debug")

    assert called.code == 70
    assert "Traceback" in called.err
    assert KEY not in called.err


def test_a_sandbox_file_that_is_none_is_told(repository: Repository) -> None:
    repository.write(".reconciler/sandbox.sqlite3", "not a database " * 100)
    called = repository.run("plan")

    assert called.code == 1
    assert "sandbox.sqlite3" in called.err


def test_bad_specs_stop_every_command_before_anything_is_sent(repository: Repository) -> None:
    repository.write("specs/support.yaml", "contacs: {}\nscopes: {a: {}}\n")
    for command in (("validate",), ("plan",), ("apply", "--yes")):
        called = repository.run(*command)
        assert called.code == 1
        assert called.out == ""
        assert [line.split(" ")[1] for line in called.err.splitlines()] == [
            "specs/support.yaml:1:1",
            "specs/support.yaml:2:10",
        ]
    assert not (repository.root / ".reconciler").exists()


def test_help_imports_nothing_that_is_slow() -> None:
    program = (
        "import sys; from reconciler.cli.main import main; code = main(['--help']); "
        "print(*set(sys.modules) & set(sys.argv[1:]), end='', file=sys.stderr); "
        "sys.exit(code)"
    )
    slow = ["httpx", "aiohttp", "pydantic", "deepdiff", "starlette", "yaml", "asyncio", "uvicorn", "tenacity"]
    done = subprocess.run(  # noqa: S603  this program
        [sys.executable, "-c", program, *slow], capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert "Usage: reconciler" in done.stdout


def test_a_closed_pipe_is_no_traceback(repository: Repository) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "reconciler", "plan"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=repository.root,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert b"Traceback" not in process.stderr.read()


def test_validate_counts_what_is_declared(repository: Repository) -> None:
    called = repository.run("validate")

    assert called.out == ("The specs of sandbox are valid: 1 file, 1 scope, 1 contact, 1 memory, 2 facts, 1 user.\n")


def test_the_sandbox_is_shown_and_emptied(repository: Repository) -> None:
    repository.run("apply", "--yes")
    shown = json.loads(repository.run("sandbox", "show", "--format", "json").out)
    repository.run("sandbox", "reset", "--yes")

    assert shown["contact_memories"][0]["facts"] == {"name": "Sarah", "plan": "premium"}
    assert json.loads(repository.run("sandbox", "show", "--format", "json").out)["contact_memories"] == []


def test_from_a_subfolder_the_missing_settings_are_told_with_the_nearest_ones(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    below = repository.root / "specs/below"
    below.mkdir()
    monkeypatch.chdir(below)

    commands = ("validate", "plan", "lint", "why contacts.sarah", "-e live plan", "fmt", "fmt --check", "compare a b")
    for command in map(str.split, commands):
        called = repository.run(*command)
        assert called.code == 1
        assert "neither reconciler.yaml nor specs/ is in" in called.err
        assert f"there is one in {repository.root}: add --project {repository.root}\n" in called.err


def test_specs_that_are_named_need_neither_settings_nor_a_folder(repository: Repository) -> None:
    (repository.root / "reconciler.yaml").unlink()
    (repository.root / "specs/support.yaml").rename(repository.root / "other.yaml")
    (repository.root / "specs").rmdir()

    assert "with --project, or write a new one with `reconciler init`" in repository.run("validate").err
    assert repository.run("validate", "--specs", "other.yaml").code == 0


def test_a_missing_key_leaves_the_count_of_further_problems_after_those_that_are_named(repository: Repository) -> None:
    mapping = "contacts_from: [{file: ../list.csv, contact: {email: mail, facts: {seats: seats}}}]\n"
    repository.write("specs/list.yaml", f"fact_keys: {{seats: {{type: integer}}}}\n{mapping}")
    repository.write("list.csv", "mail,seats\n" + "".join(f"a{at}@example.com,many\n" for at in range(250)))
    spec = (repository.root / "specs/support.yaml").read_text()
    repository.write("specs/support.yaml", spec.replace("premium", '"${env:PLAN}"'))
    *named, counted, rest = repository.run("-e", "live", "plan").err.splitlines()

    assert len(named) == 100
    assert counted.startswith("error: list.csv: 150 more problems in this file; ")
    assert counted.endswith("fix those that are named, or list all with `reconciler -e live validate --write csv=FILE`")
    assert rest.startswith("error: and 2 more; ")


def test_all_variables_that_are_missing_are_told_at_once_the_key_included(repository: Repository) -> None:
    spec = (repository.root / "specs/support.yaml").read_text()
    repository.write("specs/support.yaml", spec.replace("premium", '"${env:PLAN}"'))
    called = repository.run("-e", "live", "plan")

    assert called.code == 1
    assert called.err.splitlines() == [
        (
            "error: reconciler.yaml environments.live.api_key_env: the environment variable TEST_KEY is not set; "
            "set it: it holds the API key"
        ),
        (
            "error: specs/support.yaml:8:36 contacts.sarah.scopes.support.facts.plan: the environment variable PLAN "
            "is not set; set it for plan and apply; validate does without"
        ),
    ]
    assert "TEST_KEY" not in repository.run("plan").err


def test_an_empty_folder_of_overlays_is_told_with_fitting_words(repository: Repository) -> None:
    (repository.root / "ov").mkdir()
    repository.write("reconciler.yaml", "version: 1\nenvironments: {sandbox: {api: sandbox, overlays: [ov]}}\n")

    assert "add one, such as ov/overlay.yaml" in repository.run("validate").err


def test_emptying_the_sandbox_where_nobody_can_be_asked_needs_a_yes(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", StringIO(""))
    called = repository.run("sandbox", "reset")

    assert called.code == 1
    assert "this is no terminal, so nobody can be asked before the sandbox is emptied; add --yes" in called.err


@pytest.mark.parametrize(
    ("declared", "told", "is_refused"),
    [
        ("https://api.bland.ai", "https://API.bland.ai:443/", False),
        ("https://api.bland.ai", "https://api.bland.ai.evil.example", True),
        ("https://api.bland.ai", "sandbox", True),
        ("sandbox", "https://api.bland.ai", True),
        ("https://api.bland.ai", "http://127.0.0.1:1", False),
        ("sandbox", "http://localhost:1", False),
        (None, "https://api.bland.ai", False),
    ],
)
def test_the_api_of_the_command_line_and_of_the_file_must_agree_or_be_of_this_machine(
    declared: str | None, told: str, *, is_refused: bool
) -> None:
    environment = Environment("live", declared, "TEST_KEY", (), 1, "auto", None)

    if is_refused:
        with pytest.raises(RefusedError, match=r"--api-url is .*, but the api of live in reconciler.yaml is .*; make"):
            api_of(environment, Invocation(api_url=told), {})
    else:
        assert api_of(environment, Invocation(api_url=told), {}) == told.lower().removesuffix(":443/")


@pytest.mark.parametrize("spelled", ["secret-key-1", "%73ecret-key-1", "secret%2Dkey%2d1"])
def test_a_url_that_holds_the_key_is_refused_and_not_quoted(spelled: str) -> None:
    environment = Environment("live", f"https://api.example/{spelled}/", "TEST_KEY", (), 1, "auto", None)

    with pytest.raises(InputError, match="holds the API key") as caught:
        api_of(environment, Invocation(), {"TEST_KEY": "secret-key-1"})
    assert "ecret" not in str(caught.value)


def test_of_many_errors_the_first_hundred_are_told_and_the_others_counted(repository: Repository) -> None:
    repository.write("specs/support.yaml", "".join(f"contcts{n}: {{}}\n" for n in range(150)))
    for call in (("validate",), ("plan",), ("lint",)):
        told = repository.run(*call).err.splitlines()

        assert len(told) == 101
        assert told[99].startswith("error: specs/support.yaml:100:1 contcts99: unknown key; ")
        assert told[100] == "error: and 50 more; `reconciler validate --write csv=FILE` names all"
    assert repository.run("validate", "--format", "csv").out.count("contcts") == 150


@pytest.mark.parametrize(
    "spec",
    [
        "{'%s': {}}",
        "{contacts: {'%s': {email: a@b}}}",
        "{contacts: {a: {email: a@b, '%s': {}}}}",
        "{contacts: {a: {email: a@b, scopes: {'%s': {}}}}}",
        "{contacts: {a: {email: '%s'}}}",
        "{contacts: {a: {email: a@b, facts: {k: '${%s}'}}}}",
        "{fact_keys: {k: {}}, scopes: {s: {persona_id: p, facts: {'%s': 1}}}}",
        "{fact_keys: {k: {enum: [a]}}, scopes: {s: {persona_id: p, facts: {k: '%s'}}}}",
        "{fact_keys: {k: {pattern: '[%s'}}}",
        "{scopes: {s: {persona_id: *%s}}}",
        "{contacts_from: [{file: '%s', contact: {email: e}}]}",
    ],
)
@pytest.mark.parametrize("word", ["x", "y z "])
def test_a_message_about_a_very_long_text_is_short(repository: Repository, spec: str, word: str) -> None:
    repository.write("specs/support.yaml", spec % (word * 50_000) + "\n")
    called = repository.run("validate")

    assert called.code == 1
    assert called.err.startswith("error: specs/support.yaml")
    assert all(len(line) < 1_100 for line in called.err.splitlines())


def test_no_memory_left_is_told_in_words_with_what_takes_less(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(MemoryError):
        report_error(ImportError("x.so: failed to map segment from shared object"), Invocation())
    monkeypatch.setattr(errors, "_ROOM", 1 << 60)
    with pytest.raises(MemoryError):
        report_error(SyntaxError("as a library says it"), Invocation())
    report_no_memory()

    assert capsys.readouterr().err.splitlines() == [
        "error: out of memory",
        "hint: give it more memory, or fewer specs if the command has --shard or --target; what was done stays done",
    ]


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (KeyboardInterrupt(), 130, "interrupted\n"),
        (MemoryError(), 1, "error: out of memory\n"),
        (ImportError("a.so: failed to map segment from shared object"), 1, "error: out of memory\n"),
    ],
)
def test_what_ends_the_command_line_while_it_is_imported_is_told_in_words(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: BaseException, code: int, said: str
) -> None:
    failing_import(monkeypatch, error)

    assert entry() == code
    assert capsys.readouterr() == ("", said)


def test_an_import_that_fails_for_another_reason_is_a_defect(monkeypatch: pytest.MonkeyPatch) -> None:
    failing_import(monkeypatch, ModuleNotFoundError("No module named 'click'"))

    with pytest.raises(ModuleNotFoundError):
        entry()


def failing_import(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    """Let the import of the command line end in an error."""

    class Failing(MetaPathFinder):
        def find_spec(self, name: str, *_: object) -> None:
            if name == "reconciler.cli.main":
                raise error

    monkeypatch.delitem(sys.modules, "reconciler.cli.main", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Failing(), *sys.meta_path])
