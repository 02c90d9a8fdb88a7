"""Runs the `api_key_command` of an environment; nothing that it writes is shown, whatever becomes of it."""

import subprocess
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread
from time import monotonic
from typing import IO

from msgspec.structs import replace

from reconciler.core.model.text import duration, quoted, shortened
from reconciler.errors import SpecError
from reconciler.project import KeyCommand

MOST_SECONDS = 30.0
_MOST_SECONDS_AFTER = 1.0
_STEP = 0.05
_LONGEST_KEY = 4096
_LONGEST_QUOTE = 80
_BLOCK = 65536
_BY_HAND = "run it yourself, in the folder of reconciler.yaml: nothing that it writes is shown here"


def key_from(command: KeyCommand, folder: Path, environ: Mapping[str, str], *, limit: float = MOST_SECONDS) -> str:
    """
    Run a command in a folder, without a shell, and return its first line; raises `SpecError` for any other end.

    A command that goes on after that line is ended.
    """
    try:
        process = subprocess.Popen(  # noqa: S603  reconciler.yaml names the program, and no shell reads it
            command.words,
            cwd=folder,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
        )
    except (OSError, ValueError) as error:
        raise _not_begun(command, error) from None
    lines: list[bytes] = []
    is_known = Event()
    reading = Thread(target=_read_line, args=(process.stdout, lines, is_known), daemon=True)
    reading.start()
    try:
        code = _code_of(process, is_known, limit)
    except subprocess.TimeoutExpired:
        raise _failed(command, f"the command did not end within {duration(limit)}, and was ended", _BY_HAND) from None
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    reading.join(_MOST_SECONDS_AFTER)  # a process that it left behind may keep the pipe open
    if code:
        how = f"was ended by signal {-code}" if code < 0 else f"ended with exit code {code}"
        raise _failed(command, f"the command {how}", _BY_HAND)
    return _checked(command, b"".join(lines))


def _code_of(process: subprocess.Popen[bytes], is_known: Event, limit: float) -> int:
    """Return the exit code, 0 where the first line is known and no end comes; raises `subprocess.TimeoutExpired`."""
    until = monotonic() + limit
    while not is_known.is_set() and monotonic() < until:
        with suppress(subprocess.TimeoutExpired):
            return process.wait(_STEP)
    try:
        return process.wait(_MOST_SECONDS_AFTER if is_known.is_set() else 0)
    except subprocess.TimeoutExpired:
        if is_known.is_set():
            return 0
        raise


def _read_line(output: IO[bytes], lines: list[bytes], is_known: Event) -> None:
    """Read all that a command writes, and keep its first line, as far as that can be a key."""
    with suppress(OSError, ValueError), output:
        kept = b""
        while block := output.read(_BLOCK):
            if len(kept) <= _LONGEST_KEY and b"\n" not in kept:
                kept += block
                lines[:] = [kept.partition(b"\n")[0][: _LONGEST_KEY + 1]]
                if len(kept) > _LONGEST_KEY or b"\n" in kept:
                    is_known.set()


def _checked(command: KeyCommand, line: bytes) -> str:
    """Return the line as a key, which must be able to stand in a header."""
    key = line.removesuffix(b"\r").decode("latin-1")
    if not key:
        raise _failed(command, "the first line of the command's output is empty", f"it has to be the key; {_BY_HAND}")
    if len(key) > _LONGEST_KEY or not (key.isascii() and key.isprintable() and " " not in key):
        message = "the first line of the command's output cannot be a key: it holds a space or a character that is "
        raise _failed(command, f"{message}not ASCII, or is too long", f"that line has to be the key alone; {_BY_HAND}")
    return key


def _not_begun(command: KeyCommand, error: OSError | ValueError) -> SpecError:
    program = quoted(shortened(command.words[0], _LONGEST_QUOTE))
    if isinstance(error, FileNotFoundError):
        cure = "install it, or write the path of its file; no shell reads this, so ~ and $HOME stand for themselves"
        return _failed(command, f"there is no program {program}", cure)
    reason = (isinstance(error, OSError) and error.strerror) or "it is no program"
    cure = "the first word has to be a program that this user may run"
    return _failed(command, f"{program} cannot be run: {reason.lower()}", cure)


def _failed(command: KeyCommand, message: str, cure: str) -> SpecError:
    return SpecError((replace(command.place, message=message, cure=cure),))
