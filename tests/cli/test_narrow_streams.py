"""Streams that cannot take all that is written: narrow encodings, full disks, closed pipes."""

import io
import json
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from reconciler.cli.main import main
from reconciler.cli.options import PLAN_FORMATS, RECEIPT_FORMATS
from reconciler.errors import StateError
from reconciler.sandbox.answers import success
from reconciler.sandbox.faults import Reply, Rule
from reconciler.storage.files import write_file
from tests.cli.child import KEY
from tests.cli.conftest import Repository
from tests.cli.test_apply import account
from tests.warm import ROOT

NARROW = ["ascii", "latin-1", "cp1252"]
SPEC = """\
scopes: {s: {persona_id: p1}}
contacts:
  a:
    contact_id: c1
    name: Ключ → é 😀
    scopes: {s: {facts: {ключ: "é → 😀", x: 1}}}
"""
COMMANDS = [
    *(["plan", "--format", name] for name in PLAN_FORMATS),
    *(["apply", "--yes", "--format", name] for name in RECEIPT_FORMATS),
    *(["apply", "--dry-run", "--format", name] for name in ("text", "json")),
    *(["show", "plan.json", "--format", name] for name in PLAN_FORMATS),
    *(["validate", "--format", name] for name in ("text", "sarif")),
    *(["lint", "--format", name] for name in ("text", "json", "sarif")),
    *(["why", "contacts.a", "--format", name] for name in ("text", "json")),
    *(["compare", "sandbox", "other", "--format", name] for name in ("text", "json", "markdown")),
    *(["runs", "--format", name] for name in ("text", "json")),
    *(["schema", name] for name in ("specs", "plan")),
    *(["sandbox", "show", "--format", name] for name in ("text", "json")),
    ["snapshot"],
    ["fmt", "--diff"],
    ["fmt", "--check"],
    ["export", "--out", "exported"],
    ["init", "new", "--no-input"],
    ["completion", "bash"],
    ["plan", "--help"],
    ["plan", "--target", "ключ→"],
    ["plan", "--no-such-→"],
    ["validate", "--project", "ключ→"],
]


@pytest.fixture
def narrow(repository: Repository) -> Repository:
    repository.write(
        "reconciler.yaml",
        "version: 1\ndefault_environment: sandbox\nenvironments: {sandbox: {api: sandbox}, other: {api: sandbox}}\n",
    )
    repository.write("specs/support.yaml", SPEC)
    repository.run("apply", "--yes")
    repository.write("specs/support.yaml", SPEC.replace("x: 1", "x: 2\u0020, я: b"))
    assert repository.run("plan", "--out", "plan.json").code == 0
    return repository


def printed(monkeypatch: pytest.MonkeyPatch, arguments: list[str], encoding: str) -> tuple[int, str, str]:
    """Run the program with streams of an encoding that refuses what it lacks; gives the code and what they took."""
    streams = {
        name: io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors="strict") for name in ("stdout", "stderr")
    }
    with monkeypatch.context() as patch:
        for name, stream in streams.items():
            patch.setattr(sys, name, stream)
        code = main(arguments)
    out, err = (stream.detach() for stream in streams.values())
    assert isinstance(out, io.BytesIO)
    assert isinstance(err, io.BytesIO)
    return code, out.getvalue().decode(encoding), err.getvalue().decode("utf-8" if encoding == "ascii" else encoding)


@pytest.mark.parametrize("encoding", NARROW)
@pytest.mark.usefixtures("narrow")
def test_every_command_prints_on_every_encoding(monkeypatch: pytest.MonkeyPatch, encoding: str) -> None:
    for arguments in COMMANDS:
        code, out, err = printed(monkeypatch, arguments, encoding)

        assert (arguments, code in {0, 1}, "defect" in err) == (arguments, True, False)
        if arguments[-1] in {"json", "sarif", "gitlab", "snapshot", "specs"}:
            json.loads(out)
            assert out.isascii()
        if arguments[-1] == "junit":
            ET.fromstring(out)  # noqa: S314  our own
            assert out.isascii()


@pytest.mark.parametrize("encoding", NARROW)
def test_json_says_the_same_on_every_encoding(
    narrow: Repository, monkeypatch: pytest.MonkeyPatch, encoding: str
) -> None:
    _, out, _ = printed(monkeypatch, ["show", "plan.json", "--format", "json"], encoding)

    assert json.loads(out) == json.loads((narrow.root / "plan.json").read_text(encoding="utf-8"))


def test_a_file_that_was_asked_for_is_utf_8(narrow: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    code, _, _ = printed(monkeypatch, ["plan", "--write", "markdown=plan.md", "--out", "again.json"], "ascii")

    assert code == 0
    assert "→" in (narrow.root / "plan.md").read_text(encoding="utf-8")
    assert not (narrow.root / "again.json").read_text(encoding="utf-8").isascii()


def started(command: str, **variables: str) -> subprocess.CompletedProcess[bytes]:
    """Run the program as a shell does; `$0 -m reconciler` is the program."""
    environment = {"PYTHONPATH": ROOT, "TEST_KEY": KEY, "PATH": "/usr/bin:/bin", **variables}
    return subprocess.run(["/bin/sh", "-c", command, sys.executable], env=environment, capture_output=True, check=False)  # noqa: S603  this program


@pytest.mark.parametrize(
    "variables",
    [
        {"PYTHONIOENCODING": "cp1252"},
        {"PYTHONIOENCODING": "ascii:strict"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "latin-1"},
    ],
    ids=lambda variables: " ".join(f"{name}={value}" for name, value in variables.items()),
)
def test_a_real_process_with_a_narrow_locale_plans_and_applies(narrow: Repository, variables: dict[str, str]) -> None:
    planned = started('exec "$0" -m reconciler plan', **variables)
    applied = started('exec "$0" -m reconciler apply --yes --format json --receipt receipt.json', **variables)

    assert (planned.returncode, planned.stderr) == (0, b"")
    assert b"->" in planned.stdout
    assert applied.returncode == 0
    assert json.loads(applied.stdout) == json.loads((narrow.root / "receipt.json").read_bytes())


FULL = pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
NO_ROOM = "error: cannot write to standard output: No space left on device"
NOTHING_WRITTEN = "; nothing was written to the account\n"


@FULL
def test_an_apply_on_a_full_disk_ends_before_its_first_write(repository: Repository) -> None:
    done = started('exec "$0" -m reconciler apply --yes --receipt receipt.json > /dev/full')

    assert (done.returncode, done.stderr.decode()) == (1, NO_ROOM + NOTHING_WRITTEN)
    assert not list((repository.root / ".reconciler").glob("journal/*"))
    assert not (repository.root / "receipt.json").exists()


@FULL
@pytest.mark.parametrize("output_format", ["json", "markdown", "junit"])
def test_an_apply_keeps_ids_and_files_before_it_prints(repository: Repository, output_format: str) -> None:
    done = started(
        f'exec "$0" -m reconciler apply --yes --format {output_format} --receipt receipt.json --write text=receipt.txt '
        "> /dev/full"
    )

    assert done.returncode == 1
    assert f"{NO_ROOM}; the apply is over, and the receipt above shows what was written" in done.stderr.decode()
    assert json.loads((repository.root / "receipt.json").read_bytes())["totals"]["done"] == 4
    assert (repository.root / "receipt.txt").read_text().splitlines()[-2] == "Apply complete: 4 operations done."
    assert (repository.root / ".reconciler/ids.json").exists()


@FULL
def test_an_apply_whose_receipt_cannot_be_written_says_that_it_is_over(repository: Repository) -> None:
    over = "; the apply is over, and the receipt above shows what was written to the account\n"
    for effect, above in ((over, "Apply complete: 4 operations done.\n"), (NOTHING_WRITTEN, "")):
        called = repository.run("apply", "--yes", "--receipt", "/dev/full")

        assert called.code == 1
        assert called.out.endswith(above)
        assert called.err == f"error: cannot write /dev/full: No space left on device{effect}"


@FULL
def test_an_apply_with_nothing_to_write_says_so_where_its_receipt_cannot_be_printed(repository: Repository) -> None:
    assert repository.run("apply", "--yes").code == 0
    done = started('exec "$0" -m reconciler apply --yes --format json > /dev/full')

    assert done.stderr.decode().endswith(NO_ROOM + NOTHING_WRITTEN)


@FULL
@pytest.mark.parametrize(
    ("command", "effect"),
    [
        ("sandbox reset --yes", "the sandbox is empty"),
        ("fmt", "all files are formatted"),
        ("init here", "the repository is in here"),
        ("export --out exported", "nothing was to be written"),
    ],
)
def test_a_command_that_cannot_print_says_what_it_has_done(repository: Repository, command: str, effect: str) -> None:
    assert repository.run("apply", "--yes").code == 0
    done = started(f'exec "$0" -m reconciler {command} > /dev/full')

    assert done.stderr.decode().endswith(f"{NO_ROOM}; {effect}\n")


@pytest.mark.usefixtures("repository")
def test_an_apply_whose_plan_nobody_reads_says_that_nothing_was_written() -> None:
    done = started('"$0" -m reconciler apply --yes | true')

    assert "standard output was closed before the plan was shown; nothing was written" in done.stderr.decode()


@FULL
def test_an_incomplete_apply_says_so_whatever_standard_output_takes(repository: Repository) -> None:
    refused = Rule(fault=Reply(success({"id": "another"})), method="PATCH")
    with account(refused) as (_, url):
        options = f"--api-url {url} --yes --format json --receipt receipt.json"
        done = started(f'exec "$0" -m reconciler -e live apply {options} > /dev/full')

    assert done.returncode == 3
    assert json.loads((repository.root / "receipt.json").read_bytes())["totals"]["done"] < 4


@FULL
@pytest.mark.parametrize("output_format", ["text", "json"])
@pytest.mark.usefixtures("repository")
def test_a_full_standard_error_ends_nothing(output_format: str) -> None:
    done = started(f'exec "$0" -m reconciler apply --yes --format {output_format} 2> /dev/full')

    assert done.returncode == 0
    assert done.stdout


@FULL
@pytest.mark.parametrize("command", ["plan", "--help", "schema specs", "sandbox show"])
@pytest.mark.usefixtures("repository")
def test_a_full_disk_is_an_error_in_words(command: str) -> None:
    done = started(f'exec "$0" -m reconciler {command} > /dev/full')

    assert done.returncode == 1
    assert b"No space left on device" in done.stderr
    assert b"defect" not in done.stderr
    assert b"Exception ignored" not in done.stderr


def test_a_file_that_cannot_be_written_loses_neither_the_others_nor_what_is_printed(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(path: Path, text: str) -> None:
        if path.name == "first.txt":
            raise StateError("cannot write first.txt: No space left on device")
        write_file(path, text)

    monkeypatch.setattr("reconciler.cli.output.write_file", write)
    called = repository.run("apply", "--yes", "--write", "text=first.txt", "--receipt", "receipt.json")

    assert called.code == 1
    over = "the apply is over, and the receipt above shows what was written to the account"
    assert called.err == f"error: cannot write first.txt: No space left on device; {over}\n"
    assert called.out.endswith("Apply complete: 4 operations done.\n")
    assert (repository.root / "receipt.json").exists()


def test_a_folder_that_is_gone_is_told_in_words(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = repository.root / "gone"
    for command in ("plan", "validate", "fmt", "why contacts.a", "init"):
        gone.mkdir()
        monkeypatch.chdir(gone)
        gone.rmdir()
        called = repository.run(*command.split())

        assert (command, called.code) == (command, 1)
        assert "defect" not in called.err
        assert called.err


def test_a_process_that_starts_in_a_folder_that_is_gone_tells_it_in_words(tmp_path: Path) -> None:
    done = started(f'mkdir "{tmp_path}/gone" && cd "{tmp_path}/gone" && rmdir "$PWD" && exec "$0" -m reconciler plan')

    assert done.returncode == 1
    assert b"defect" not in done.stderr
    assert done.stderr
