"""
The pages that users read, taken apart: blocks of code, commands, and prose.

A page can be walked through: those of the guide in an empty folder, those of the examples in a copy of their own. From
top to bottom:

- A block of YAML starts with `# NAME`, and a block of another kind of file has NAME behind its language. It is written.
- A block `console` is a transcript: lines that start with `$ ` are commands, and what they print stands below them.
  Where nothing stands below, nothing is compared. A command that fails is followed by `echo $?`.
- A block `sh` is only read: its commands and options exist, and are not run. A block `text` is not looked at.
"""

import os
import re
import shlex
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "reconciler" / "guide"
README = ROOT / "README.md"
_BLOCK = re.compile(r"^```(?P<language>\S+)(?: (?P<info>[^\n]*))?\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_NAME = re.compile(r"# (?P<name>[\w./-]+\.\w+)")
_PROMPT = "$ "
_DAY = r"\d{4}-\d\d-\d\d"
_CHANGING = re.compile(
    rf"\b\d{{8}}T\d{{9}}Z-[0-9a-f]{{8}}\b|\b{_DAY}(?:T[\d:.]+Z| \d\d:\d\d UTC)|\bon {_DAY} or\b|\b[\d.]+ s\b"
)
"""Run ids, times and durations: their shapes are compared."""
_GIT = {
    **{
        f"GIT_{who}_{what}": text
        for who in ("AUTHOR", "COMMITTER")
        for what, text in (("NAME", "Ana Ruiz"), ("EMAIL", "ana@example.com"), ("DATE", "2027-03-12T09:00:00Z"))
    },
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
}

Run = Callable[..., tuple[int, str]]
"""Calls the program with arguments, and returns its exit code and what it printed."""


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block of code."""

    language: str
    info: str
    text: str

    @property
    def file(self) -> str:
        """Return the name of the file that the block shows; empty for other blocks."""
        named = _NAME.match(self.text) if self.language == "yaml" else None
        return named["name"] if named else self.info

    @property
    def steps(self) -> list[tuple[str, str]]:
        """Return each command with what stands below it."""
        parts = self.text.removeprefix(_PROMPT).split(f"\n{_PROMPT}")
        return [(command, printed) for command, _, printed in (part.rstrip("\n").partition("\n") for part in parts)]


def blocks_of(text: str) -> list[Block]:
    """Return the blocks of a page."""
    return [_block(found) for found in _BLOCK.finditer(text)]


def is_walked(page: Path) -> bool:
    """Return whether a page has transcripts."""
    return any(block.language == "console" for block in blocks_of(page.read_text(encoding="utf-8")))


def prose_of(text: str) -> str:
    """Return a page without its blocks and comments."""
    return _COMMENT.sub("", _BLOCK.sub("", text))


def commands_in(text: str) -> Iterator[list[str]]:
    """Yield each call of the tool that a page shows, in blocks and in `code`: its words behind `reconciler`."""
    for block in blocks_of(text):
        if block.language == "console":
            lines = [command for command, _ in block.steps]
        else:
            lines = block.text.replace("\\\n", "").splitlines() if block.language == "sh" else []
        for line in lines:
            yield from _calls(line)
    for code in re.findall(r"(?<!`)`([^`\n]+)`(?!`)", prose_of(text)):
        if code.startswith("reconciler "):
            yield from _calls(code)


def _calls(line: str) -> Iterator[list[str]]:
    words = shlex.split(line, comments=True)
    while words:
        rest = next((words[index:] for index, word in enumerate(words) if word.split("/")[-1] == "reconciler"), [])
        end = next(
            (index for index, word in enumerate(rest) if word in {"&&", "||", "|", ">", ">>", ";", "&"}), len(rest)
        )
        if rest and end > 1:
            yield rest[1:end]
        words = rest[end:]


def walk(text: str, run: Run, folder: Path) -> str:
    """Do what a page says in a folder, and return its text with what was printed."""
    return _BLOCK.sub(lambda found: _walked(found, run, folder), text)


def _block(found: re.Match[str]) -> Block:
    return Block(found["language"], found["info"] or "", found["text"])


def _walked(found: re.Match[str], run: Run, folder: Path) -> str:
    block = _block(found)
    if block.language == "console":
        fence = found[0].partition("\n")[0]
        return f"{fence}\n{''.join(_executed(block, run))}```"
    if block.file and block.language not in {"sh", "text"}:
        path = folder / block.file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text, encoding="utf-8")
    return found[0]


def _executed(block: Block, run: Run) -> Iterator[str]:
    code = 0
    for command, told in block.steps:
        assert not code or command == "echo $?", f"{command}: the command before it ended with {code}"
        code, printed = (0, f"{code}\n") if command == "echo $?" else _run(shlex.split(command), run)
        shown = f"{told}\n" if _CHANGING.sub("", f"{told}\n") == _CHANGING.sub("", printed) else printed
        yield f"{_PROMPT}{command}\n{shown if told else ''}"
    assert not code, f"{block.steps[-1][0]} ended with {code}"


def _run(words: list[str], run: Run) -> tuple[int, str]:
    program, *arguments = words
    if program == "reconciler":
        return run(*arguments)
    assert program in {"cat", "git", "mkdir", "cp"}, program
    done = subprocess.run(words, capture_output=True, text=True, check=False, env={**os.environ, **_GIT})  # noqa: S603
    return done.returncode, done.stdout


def anchors_of(text: str) -> set[str]:
    """Return what a link can point at within a page."""
    titles = re.findall(r"^#+ (.+)$", _BLOCK.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title).lower().replace(" ", "-") for title in titles}


def topics() -> Mapping[str, Path]:
    """Return the pages of the guide that there are."""
    return {path.stem: path for path in sorted(GUIDE.glob("*.md"))}
