"""
What a README walks through: the commands of its ```console blocks, with what they print.

A line that starts with `$ ` is a command: `reconciler …`, `cat FILE`, or `echo $?` for the exit code of the one before.
What it prints stands below it, standard output alone; where nothing does, what it prints is not told.
"""

import re
import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

_BLOCK = re.compile(r"(?<=^```console\n).*?(?=^```$)", re.MULTILINE | re.DOTALL)
_PROMPT = "$ "

Run = Callable[..., tuple[int, str]]
"""Calls the program with arguments, and gives its exit code and standard output."""


@dataclass(frozen=True, slots=True)
class Step:
    """A command, and what a README says that it prints."""

    command: str
    told: str


def blocks_of(text: str) -> Iterator[tuple[Step, ...]]:
    """Give the steps of each block."""
    for block in _BLOCK.findall(text):
        first, *rest = block.split(f"\n{_PROMPT}")
        steps = [first.removeprefix(_PROMPT), *rest]
        yield tuple(Step(command, told) for command, _, told in (step.rstrip("\n").partition("\n") for step in steps))


def walk(text: str, run: Run) -> str:
    """Do what a README says, in the current folder, and give its text with what was printed."""
    walked = iter([_written(block, run) for block in blocks_of(text)])
    return _BLOCK.sub(lambda _: next(walked), text)


def _written(block: tuple[Step, ...], run: Run) -> str:
    lines: list[str] = []
    code = 0
    for step in block:
        assert not code or step.command == "echo $?", f"{step.command}: the command before it ended with {code}"
        program, *arguments = shlex.split(step.command)
        match program:
            case "reconciler":
                code, printed = run(*arguments)
            case "cat":
                printed = Path(arguments[0]).read_text()
            case _:
                assert step.command == "echo $?"
                code, printed = 0, f"{code}\n"
        lines.append(f"{_PROMPT}{step.command}\n{printed if step.told else ''}")
    assert not code, f"{block[-1].command} ended with {code}"
    return "".join(lines)
