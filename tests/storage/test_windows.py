"""What Windows lacks: nothing relies on it, and what takes its place works."""

import ast
import errno
import importlib
import os
import pkgutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

import reconciler
from reconciler.storage import files as state
from reconciler.storage.files import rewrite_file, write_file
from tests.cli.conftest import Repository, repository

__all__ = ["repository"]

SOURCES = sorted(Path(reconciler.__file__).parent.rglob("*.py"))
LACKING = {
    "os": {
        *("O_CLOEXEC", "O_DIRECTORY", "O_NOCTTY", "O_NOFOLLOW", "O_NONBLOCK", "O_SYNC", "chown", "chroot", "fchdir"),
        *(
            "fchmod",
            "fchown",
            "fdatasync",
            "fork",
            "getegid",
            "geteuid",
            "getgid",
            "getgroups",
            "getloadavg",
            "getpgid",
        ),
        *("getuid", "killpg", "lchmod", "lchown", "lockf", "mkfifo", "mknod", "nice", "openpty", "pread", "pwrite"),
        *("register_at_fork", "sendfile", "set_blocking", "setsid", "setuid", "statvfs", "sync", "uname", "wait"),
        *("waitpid", "WNOHANG", "forkpty", "getsid", "setpgid", "tcgetpgrp", "confstr", "sysconf", "pathconf"),
        "kill",  # it is there, and ends the process that it only asks elsewhere
    },
    "signal": {
        *("SIGALRM", "SIGCHLD", "SIGCONT", "SIGHUP", "SIGKILL", "SIGPIPE", "SIGQUIT", "SIGSTOP", "SIGTSTP", "SIGUSR1"),
        *("SIGUSR2", "SIGWINCH", "alarm", "pause", "pthread_kill", "pthread_sigmask", "setitimer", "siginterrupt"),
        *("sigpending", "sigwait", "SIG_BLOCK", "SIG_UNBLOCK"),
    },
    "socket": {"AF_UNIX", "SO_REUSEPORT", "socketpair"},
    "time": {"tzset", "clock_gettime", "CLOCK_MONOTONIC"},
}
ABSENT = {"fcntl", "grp", "pty", "pwd", "resource", "syslog", "termios", "tty", "posix", "readline", "crypt"}


def relied_on(source: str) -> set[str]:
    """Return what a module takes from the standard library that Windows lacks; `getattr` with a default is none."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Attribute(value=ast.Name(id=module), attr=name) if name in LACKING.get(module, ()):
                found.add(f"{module}.{name}")
            case ast.ImportFrom(module=str(module), names=names):
                found |= {f"{module}.{one.name}" for one in names if one.name in LACKING.get(module, ())}
                found |= {module} & ABSENT
            case ast.Import(names=names):
                found |= {one.name for one in names} & ABSENT
            case _:
                pass
    return found


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_no_module_relies_on_what_windows_lacks(path: Path) -> None:
    assert relied_on(path.read_text(encoding="utf-8")) == set()


def test_such_reliance_is_found() -> None:
    assert relied_on("import os, fcntl\nos.kill(1, 0)\nfrom os import fchmod") == {"os.kill", "os.fchmod", "fcntl"}


class OsOfWindows:
    """The module `os` without what Windows lacks, and no folder can be opened; other libraries know what to do."""

    def __getattr__(self, name: str) -> object:
        if name in LACKING["os"]:
            raise AttributeError(name)
        return getattr(os, name)

    def open(self, path: str | Path, flags: int, mode: int = 0o777) -> int:
        if Path(path).is_dir():
            raise PermissionError(errno.EACCES, "Permission denied")
        return os.open(path, flags, mode)


@pytest.fixture
def as_on_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away what Windows lacks, from all modules of this program."""
    for found in pkgutil.walk_packages(reconciler.__path__, "reconciler."):
        module = importlib.import_module(found.name) if not found.name.endswith("__main__") else reconciler
        if getattr(module, "os", None) is os:
            monkeypatch.setattr(module, "os", OsOfWindows())
    monkeypatch.setattr(state, "_NO_LINK", 0)
    monkeypatch.delattr(signal, "SIGHUP")


@pytest.mark.usefixtures("as_on_windows")
def test_all_that_keeps_files_works_without_them(repository: Repository) -> None:
    repository.write("specs/more.yaml", "contacts: {bob: {external_id: crm-bob, name: no}}\n")
    for arguments in (
        ("plan", "--out", "plan.json"),
        ("apply", "plan.json", "--yes", "--receipt", "receipt.json"),
        ("runs",),
        ("snapshot", "--out", "snapshot.json"),
        ("fmt",),
        ("init", "new", "--no-input"),
        ("sandbox", "reset", "--yes"),
    ):
        called = repository.run(*arguments)
        assert (arguments, called.code, called.err + called.out if called.code else "") == (arguments, 0, "")


@pytest.mark.parametrize("write", [write_file, rewrite_file])
def test_lines_end_as_they_were_given_on_every_system(tmp_path: Path, write: Callable[[Path, str], None]) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(b"")
    write(path, "a: 1\r\nb: 2\n")

    assert path.read_bytes() == b"a: 1\r\nb: 2\n"
