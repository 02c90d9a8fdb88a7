"""
Look for bytes that make a reader fail in an undocumented way, or take too long or too much memory.

    python -m tests.fuzz yaml --seconds 600
    python -m tests.fuzz wire FILE...

The first looks for such bytes with atheris, guided by the code that they reach. Install it by hand with
`pip install atheris`: no group of dependencies has it, since its wheels are for Linux alone. A search starts from the
tests' own inputs, and from what an earlier one kept in the folder that --keep names. It writes each finding to a file.
The second reads files, to see again what happened.
"""

import argparse
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

from tests.warm import ROOT

_MOST_SECONDS, _MOST_MB, _LONGEST = 60, 500, 2048
_READERS = tuple(f"reconciler.{part}" for part in ("core", "reading", "specs", "render"))
_NAMES = ("yaml", "csv", "wire")


def seeds(name: str) -> Iterator[bytes]:
    """Yield what a search starts from."""
    from tests.fuzz.seeds import SEEDS

    yield from SEEDS[name]()


def search(name: str, seconds: int, folder: Path, found: Path) -> int:
    """Fuzz in a process of its own, whose code is instrumented; return what libFuzzer does: 0 for no finding."""
    for at, data in enumerate(seeds(name)):
        (folder / f"seed-{at}").write_bytes(data[:_LONGEST])
    words = folder.parent / f"{folder.name}.words"
    words.write_text("".join(f'"{word}"\n' for word in _words(folder)))
    options = {
        "max_total_time": seconds,
        "timeout": _MOST_SECONDS,
        "rss_limit_mb": _MOST_MB,
        "max_len": _LONGEST,
        "artifact_prefix": f"{found}/{name}-",
        "print_final_stats": 1,
        "dict": words,
    }
    line = [sys.executable, "-m", "tests.fuzz", name, "--fuzz-here", str(folder)]
    return subprocess.run([*line, *(f"-{key}={value}" for key, value in options.items())], check=False).returncode


def _words(folder: Path) -> list[str]:
    """Return the words of the seeds, of which a fuzzer makes others."""
    text = b" ".join(path.read_bytes() for path in folder.iterdir()).decode(errors="ignore")
    return sorted(set(re.findall(r"[A-Za-z_]{3,24}", text)))[:2000]


def _fuzz_here(name: str, rest: Sequence[str]) -> None:
    import atheris

    from tests.fuzz.mutating import mutator_of_answers

    with atheris.instrument_imports(include=["reconciler"]):
        for part in _READERS:  # what is imported late would not be instrumented
            for found in walk_packages([f"{ROOT}/{part.replace('.', '/')}"], f"{part}."):
                import_module(found.name)
        target = import_module("tests.fuzz.targets").TARGETS[name]
    if name == "wire":
        mutator = mutator_of_answers(lambda data, most: atheris.Mutate(data, most))  # noqa: PLW0108  `Setup` replaces it
        atheris.Setup([f"fuzz {name}", *rest], target, custom_mutator=mutator)
    else:
        atheris.Setup([f"fuzz {name}", *rest], target)
    atheris.Fuzz()


def main(arguments: Sequence[str]) -> int:
    """Fuzz a reader, or read files."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description="Look for bytes that make a reader fail.")
    parser.add_argument("name", choices=_NAMES, help="the reader: of spec files, of tables, of the API's answers")
    parser.add_argument("files", nargs="*", type=Path, help="read these, and look for nothing")
    parser.add_argument("--seconds", type=int, default=600, help="how long to look; 600 by default")
    parser.add_argument("--keep", type=Path, help="the folder of what reaches new code")
    parser.add_argument("--out", type=Path, default=Path(), help="the folder for findings; the current one by default")
    parser.add_argument("--fuzz-here", action="store_true", help=argparse.SUPPRESS)
    asked, rest = parser.parse_known_args(arguments)
    if asked.fuzz_here:
        _fuzz_here(asked.name, [*rest, *map(str, asked.files)])
    if asked.files:
        for path in asked.files:
            import_module("tests.fuzz.targets").TARGETS[asked.name](path.read_bytes())
        return 0
    with tempfile.TemporaryDirectory() as folder:
        kept = asked.keep or Path(folder) / "corpus"
        kept.mkdir(parents=True, exist_ok=True)
        return search(asked.name, asked.seconds, kept, asked.out)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
