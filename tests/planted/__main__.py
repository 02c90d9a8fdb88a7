"""
Plant small defects in modules, one at a time, and print those that no test notices.

    python -m tests.planted reconciler/observe --number 20
    python -m tests.planted --changed origin/main

A run without a defect notes which functions each test calls. Then each defect is tried on the tests that call the
function it is in, the quick ones first: those of the same package, then those that import the module and scenarios,
then those that run the command line and laws, and with --all all others. What fails without a defect is left out. A
defect that nobody notices shows a test that lacks, or code that changes nothing.
"""

import argparse
import ast
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from queue import SimpleQueue

from tests.planted.calls import SITE, Seen, choosing, noted, noting
from tests.planted.defects import Defect, defects_in

ROOT = Path(__file__).parents[2]
_PLANTED_IN = ("reconciler/", ".github/actions/")
_COMMAND_LINE = ("tests/cli", "tests/ci", "tests/properties")
_MOMENTS = count(1)
_PYTEST = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "tests.planted.calls")
_NOT_FAILED = {0, 5}
"""The exit codes where all tests passed, and where there was none."""

_START, _TIMES = 120.0, 20.0
"""The seconds that a test may take: so many, and so many times those without a defect; what hangs it is noticed."""


def quick_tests(file: Path) -> list[str]:
    """Return the tests of a module's package; of the action, those that call its parts in process."""
    tests = ROOT / "tests"
    if file.parts[0] == ".github":
        return _named(path for path, text in _of_ci() if "from tests.ci.action import" in text)
    above = (tests.joinpath(*folder.parts[1:]) for folder in file.parents if folder.parts[1:])
    package = next((folder for folder in above if folder.is_dir()), None)
    return _named(package.rglob("test_*.py") if package else ())


def near_tests(file: Path) -> list[str]:
    """Return the tests that import a module, or have its package's name, and scenarios; of the action, those of CI."""
    if file.parts[0] == ".github":
        return _named(path for path, text in _of_ci() if "(runner: Runner" in text)
    module = ".".join(file.with_suffix("").parts).removesuffix(".__init__")
    imports = (f"from {module} import", f"from {module.rpartition('.')[0]} import")  # or what its package passes on
    tests = ROOT / "tests"
    texts = ((path, path.read_text("utf-8")) for path in tests.rglob("test_*.py"))
    found = {path for path, text in texts if any(one in text for one in imports)}
    found.update(tests.rglob(f"test_{file.parent.name.removesuffix('ing')}*.py"))  # as test_watch.py of watching
    return _named({*found, tests / "scenarios" / "test_scenarios.py"})


def command_line_tests(_: Path) -> list[str]:
    """Return the tests that run the command line in process, and the laws."""
    return _named(path for folder in _COMMAND_LINE for path in (ROOT / folder).glob("test_*.py"))


def all_tests(_: Path) -> list[str]:
    """Return all tests."""
    return _named((ROOT / "tests").rglob("test_*.py"))


def _of_ci() -> Iterator[tuple[Path, str]]:
    return ((path, path.read_text("utf-8")) for path in (ROOT / "tests/ci").glob("test_*.py"))


def _named(paths: Iterable[Path]) -> list[str]:
    return sorted(str(path.relative_to(ROOT)) for path in paths)


def function_at(source: str, line: int) -> int:
    """Return the first line of the outermost function that a line is in, its decorators included; 0 outside of any."""

    def functions(node: ast.AST) -> Iterator[tuple[int, int]]:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield min(part.lineno for part in (node, *node.decorator_list)), node.end_lineno or 0
        else:
            for part in ast.iter_child_nodes(node):
                yield from functions(part)

    return next((first for first, last in functions(ast.parse(source)) if first <= line <= last), 0)


def worth_trying(defect: Defect, source: str, tests: Mapping[str, Seen]) -> list[str]:
    """Return the tests that call the function of a defect, or any of its file where it is in none; quick ones first."""
    first = function_at(source, defect.line)
    found = [
        (test.seconds, name)
        for name, test in tests.items()
        if not test.has_failed
        and any(file == str(defect.file) and line == (first or line) for file, line in test.calls)
    ]
    return [name for _, name in sorted(found)]


def is_noticed(defect: Defect, copy: Path, tests: Mapping[str, Seen]) -> bool:
    """Return whether one of the tests fails, or does not end, with a defect planted in a copy of the repository."""
    file = copy / defect.file
    source = file.read_bytes()
    names = worth_trying(defect, source.decode(), tests)
    if not names:
        return False
    _write(file, defect.planted_in(source))
    files = dict.fromkeys(name.partition("::")[0] for name in names)
    limits = {name: _START + _TIMES * tests[name].seconds for name in names}
    try:
        return _run(copy, ["-x", *files], choosing(copy / ".chosen", limits)).returncode not in _NOT_FAILED
    finally:
        _write(file, source)


def run_whole(copy: Path, tests: Sequence[str], files: Iterable[Path]) -> dict[str, Seen]:
    """Run tests without a defect, and return what each calls in the files."""
    site = copy / "sitecustomize.py"
    site.write_text(SITE, "utf-8")
    with tempfile.TemporaryDirectory() as folder:
        ran = _run(copy, ["-n", "auto", *tests], noting(Path(folder) / "notes", files))
        site.unlink()
        found = noted(Path(folder) / "notes")
    if all(test.has_failed for test in found.values()):
        sys.exit(f"{ran.stdout}{ran.stderr}no test passes without a defect")
    return found


def _write(file: Path, content: bytes) -> None:
    """Write a module with a time that it never had, so that no bytecode of another content is taken for its own."""
    file.write_bytes(content)
    moment = next(_MOMENTS)
    os.utime(file, (moment, moment))


def _run(copy: Path, arguments: Sequence[str], variables: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(copy), **variables}
    line = [*_PYTEST, *arguments]
    return subprocess.run(line, cwd=copy, env=environment, capture_output=True, text=True, check=False)


def _git(*arguments: str) -> list[str]:
    listed = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, check=True, text=True).stdout
    return listed.splitlines()


def _copied(folder: Path) -> Path:
    """Copy the repository without its history; git lists its files, as some tests ask it to."""
    for name in _git("ls-files", "--cached", "--others", "--exclude-standard"):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    for command in (["init", "--quiet"], ["add", "--all"]):
        subprocess.run(["git", *command], cwd=folder, check=True)
    return folder


def _modules(paths: Sequence[str], changed: str) -> list[Path]:
    if changed:
        paths = [*paths, *_git("diff", "--name-only", "--diff-filter=d", changed, "--", *_PLANTED_IN)]
    found = (
        path for name in paths for path in ([ROOT / name] if name.endswith(".py") else (ROOT / name).rglob("*.py"))
    )
    return sorted(path.relative_to(ROOT) for path in set(found))


_STAGES = (quick_tests, near_tests, command_line_tests)
"""Each says what of a file's tests its defects are tried on, if those before have passed over some."""


def unnoticed(defects: Sequence[Defect], copies: Sequence[Path], *, with_all: bool) -> list[Defect]:
    """Return the defects that no test notices; as many are tried at once as there are copies."""
    free: SimpleQueue[Path] = SimpleQueue()
    for copy in copies:
        free.put(copy)

    def in_a_copy(defect: Defect) -> bool:
        copy = free.get()
        try:
            return is_noticed(defect, copy, tests)
        finally:
            free.put(copy)

    left, run = list(defects), set[str]()
    for stage in (*_STAGES, *([all_tests] if with_all else [])):
        files = {defect.file for defect in left}
        names = sorted({name for file in files for name in stage(file) if (copies[0] / name).is_file()} - run)
        if names:
            run.update(names)
            tests = run_whole(copies[0], names, files)
            print(f"{len(left)} defects are tried on {len(tests)} tests", flush=True)
            for name in (name for name, test in tests.items() if test.has_failed):
                print(f"  fails without a defect, so it is left out: {name}", flush=True)
            with ThreadPoolExecutor(len(copies)) as pool:
                noticed = list(pool.map(in_a_copy, left))
            left = [defect for defect, is_known in zip(left, noticed, strict=True) if not is_known]
            for defect in left:
                print(f"  not noticed there: {defect}", flush=True)
    return left


def main(arguments: Sequence[str]) -> int:
    """Print what was not noticed, and return 1 where there was anything."""
    parser = argparse.ArgumentParser(prog="python -m tests.planted", description="Plant small defects in modules.")
    parser.add_argument("paths", nargs="*", help="modules and folders of reconciler/ and of .github/actions/")
    parser.add_argument("--changed", metavar="REF", default="", help="the modules that differ from a git revision")
    parser.add_argument("--number", type=int, default=20, help="how many defects are planted; 20 by default")
    parser.add_argument("--seed", type=int, default=0, help="chooses which")
    parser.add_argument("--all", action="store_true", help="try what both pass over on all tests")
    asked = parser.parse_args(arguments)
    modules = _modules(asked.paths, asked.changed)
    known = [defect for file in modules for defect in defects_in(file, (ROOT / file).read_text("utf-8"))]
    chosen = random.Random(asked.seed).sample(known, min(asked.number, len(known)))  # noqa: S311  no secret
    with tempfile.TemporaryDirectory() as folder:
        copies = [_copied(Path(folder) / str(number)) for number in range(os.cpu_count() or 1)]
        missed = unnoticed(chosen, copies, with_all=asked.all)
    for defect in missed:
        print(f"not noticed: {defect}")
    print(f"{len(chosen) - len(missed)} of {len(chosen)} defects were noticed")
    return int(bool(missed))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
