"""`command: pull`: write what drifted into the specs, and keep one pull request with that."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

from branch import Change, keep_pull_request
from gh import GhError
from settings import Settings
from texts import errors_html, escaped
from tool import Ran, api_url, call

_FILES = {"100644", "100755"}
"""The modes of what is a file to git; links and submodules have others."""

_LEFT = 3
"""The exit code where a fact has to be edited by hand."""


def pull(settings: Settings) -> int:
    """Return the exit code; what `pull` leaves is no error: the pull request tells of it. Raises `GhError`."""
    folder = _top(settings)
    before = _changed(folder)
    ran = call(settings, "pull", api_url(settings), "--take", "--", *settings.targets)
    if ran.code not in {0, _LEFT}:
        return ran.code
    changed = {name: file for name, file in _changed(folder).items() if before.get(name) != file}
    files = {name: (mode, _committed(folder, name)) for name, (mode, _) in changed.items()}
    settings.tell_whether("changes", holds=bool(files))
    title = f"Pull the drift of {settings.environment} into the specs"
    commit, tree = _git(folder, "rev-parse", "HEAD", "HEAD^{tree}").split()
    done = keep_pull_request(settings, Change(title, _body(settings, ran), files, commit, tree))
    print(f"the pull request of {settings.environment}: {done}", flush=True)
    settings.summarise(f"<p>The pull request of <code>{escaped(settings.environment)}</code>: {escaped(done)}.</p>\n")
    return 0


def _body(settings: Settings, ran: Ran) -> str:
    name = escaped(settings.environment)
    text = (
        f"<p>The account of <code>{name}</code> holds other values than the specs declare. Merge this to keep them. "
        "Close it, and the next apply writes the declared values back.</p>\n"
        "<p>These values come from a live account. Look at each before it stands in the repository.</p>\n"
    )
    lines = ran.errors.splitlines(keepends=True)
    if left := [line for line in lines if line.startswith("not pulled: ")]:
        text += f"<p>Not in here, and to be decided by hand:</p>\n{errors_html(''.join(left))}"
    if also := [line for line in lines if line.startswith("note: this changes ")]:
        text += errors_html("".join(also))
    return f'{text}<p><a href="{settings.run_url}">Run</a></p>\n'


def _top(settings: Settings) -> Path:
    """Return the top of the repository that holds the project."""
    project = Path(settings.project)
    folder = project if project.is_dir() else project.parent
    return Path(_git(folder, "rev-parse", "--show-toplevel").removesuffix("\n"))


def _changed(top: Path) -> Mapping[str, tuple[str, bytes]]:
    """Return the files that are not as they are committed, without links and submodules: mode and bytes by name."""
    parts = iter(_git(top, "diff", "--raw", "--no-renames", "--diff-filter=M", "-z", "HEAD").split("\0"))
    modes = ((name, raw.split()[1]) for raw, name in zip(parts, parts, strict=False))
    return {name: (mode, (top / name).read_bytes()) for name, mode in modes if mode in _FILES}


def _committed(top: Path, name: str) -> str:
    """Return a file as git would commit it: with the ends of lines that `.gitattributes` wants in the repository."""
    blob = _git(top, "hash-object", "-w", "--path", name, "--", name).strip()
    return _git(top, "cat-file", "blob", blob)


def _git(folder: Path, *arguments: str) -> str:
    """Return what git prints; raises `GhError`."""
    ran = subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, check=False)
    if ran.returncode:
        raise GhError(f"git {arguments[0]} failed: {ran.stderr.decode(errors='replace').strip()}")
    return ran.stdout.decode()
