"""
Plant small defects in modules, one at a time, and print those that no test notices.

    python -m tests.planted reconciler/observe --number 20
    python -m tests.planted --changed origin/main

Tests of the same package and those that import the module run first; what they pass over is tried for some minutes on
those that run the command line, and with --all on all tests. Of these, what fails without a defect is left out. A
defect that nobody notices shows a test that lacks, or code that changes nothing.
"""

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from functools import cache
from itertools import count
from pathlib import Path

from tests.planted.defects import Defect, defects_in

ROOT = Path(__file__).parents[2]
_PLANTED_IN = ("reconciler/", ".github/actions/")
_COMMAND_LINE = ("tests/cli", "tests/ci")
_MOMENTS = count(1)
_AT_ONCE = ("-n", "auto")
_UNTIL_ONE_FAILS = ("-x", "-p", "no:cacheprovider")
_LONGEST = 900.0  # seconds for the near tests of one defect; one that hangs them is noticed
_LONGEST_OF_COMMANDS = 300.0  # and for those of the command line, which take longer than that: no proof of anything


def near_tests(file: Path) -> list[str]:
    """
    Return the tests that import a module, those of its package, and the scenarios; of the action, those of CI.

    The first ones are those that most likely notice a defect, and the last ones the slow ones.
    """
    module = ".".join(file.with_suffix("").parts).removesuffix(".__init__")
    tests = ROOT / "tests"
    if file.parts[0] == ".github":
        of_ci = {path for path in (tests / "ci").glob("test_*.py") if "(runner: Runner" in path.read_text("utf-8")}
        return sorted(str(path.relative_to(ROOT)) for path in of_ci)
    above = (tests.joinpath(*folder.parts[1:]) for folder in file.parents if folder.parts[1:])
    package = next((folder for folder in above if folder.is_dir()), None)
    imports = (f"from {module} import", f"from {module.rpartition('.')[0]} import")  # or what its package passes on
    texts = ((path, path.read_text("utf-8")) for path in tests.rglob("test_*.py"))
    importing = {path for path, text in texts if any(one in text for one in imports)}
    of_package = set(package.rglob("test_*.py")) if package else set()
    of_package.update(tests.rglob(f"test_{file.parent.name.removesuffix('ing')}*.py"))  # as test_watch.py of watching
    found = [*sorted(importing), *sorted(of_package - importing)]
    found.sort(key=lambda path: path.parent.name in {"browser", "scenarios"})
    scenarios = tests / "scenarios" / "test_scenarios.py"
    return [str(path.relative_to(ROOT)) for path in dict.fromkeys((*found, scenarios))]


def command_line_tests(file: Path) -> list[str]:
    """Return the other tests that run the command line in process, first those that have the module's name in them."""
    near = {ROOT / name for name in near_tests(file)}
    found = sorted({path for folder in _COMMAND_LINE for path in (ROOT / folder).glob("test_*.py")} - near)
    found.sort(key=lambda path: file.stem not in path.read_text("utf-8"))
    return [str(path.relative_to(ROOT)) for path in found]


def is_noticed(defect: Defect, copy: Path, tests: Sequence[str], *, longest: float = 0.0) -> bool:
    """
    Return whether a test fails, or does not end, with a defect planted in a copy of the repository.

    Where they may take so many seconds at the `longest`, tests that have not ended by then have noticed nothing.
    """
    file = copy / defect.file
    source = file.read_bytes()
    _write(file, defect.planted_in(source))
    try:
        return bool(_run(copy, [*_UNTIL_ONE_FAILS, *tests], longest or _LONGEST).returncode)
    except subprocess.TimeoutExpired:
        return not longest
    finally:
        _write(file, source)


def without_failing(copy: Path, tests: Sequence[str]) -> list[str]:
    """Run tests without a defect, and return the options that leave out those that fail: they would notice all."""
    _run(copy, ["--cache-clear", *tests], None)
    failed = copy / ".pytest_cache/v/cache/lastfailed"
    return [f"--deselect={name}" for name in sorted(json.loads(failed.read_text("utf-8")))] if failed.exists() else []


def _write(file: Path, content: bytes) -> None:
    """Write a module with a time that it never had, so that no bytecode of another content is taken for its own."""
    file.write_bytes(content)
    moment = next(_MOMENTS)
    os.utime(file, (moment, moment))


def _run(copy: Path, tests: Sequence[str], longest: float | None = _LONGEST) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-q", *tests]
    environment = {**os.environ, "PYTHONPATH": str(copy)}
    return subprocess.run(
        command, cwd=copy, env=environment, capture_output=True, text=True, check=False, timeout=longest
    )


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


def main(arguments: Sequence[str]) -> int:
    """Print what was not noticed, and return 1 where there was anything, and 2 where tests fail without a defect."""
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
    missed = 0
    with tempfile.TemporaryDirectory() as folder:
        copy = _copied(Path(folder))
        near = {name for defect in chosen for name in near_tests(defect.file)}
        whole = _run(copy, [*_UNTIL_ONE_FAILS, *sorted(near)])
        if whole.returncode:
            print(f"{whole.stdout}the tests fail without a defect, so they would notice none")
            return 2

        @cache  # it takes long, and near tests may notice all
        def but_failing() -> list[str]:
            return without_failing(copy, [*_AT_ONCE, *(["tests"] if asked.all else _COMMAND_LINE)])

        for defect in chosen:
            others = command_line_tests(defect.file)
            if not (
                is_noticed(defect, copy, near_tests(defect.file))
                or is_noticed(defect, copy, [*but_failing(), *others], longest=_LONGEST_OF_COMMANDS)
                or (asked.all and is_noticed(defect, copy, [*but_failing(), *_AT_ONCE, "tests"]))
            ):
                missed += 1
                print(f"not noticed: {defect}", flush=True)
    print(f"{len(chosen) - missed} of {len(chosen)} defects were noticed")
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
