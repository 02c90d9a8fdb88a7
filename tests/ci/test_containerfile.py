"""The image: what it copies is enough to build the package, and nothing of a clone besides."""

import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

from tests.ci.runner import ROOT
from tests.ci.test_kubernetes import FOLDER, pod_of

FILE = ROOT / ".github" / "Containerfile"
KNOWN = {"COPY", "ENTRYPOINT", "ENV", "FROM", "RUN", "USER", "WORKDIR"}


def instructions() -> list[tuple[str, str]]:
    lines = FILE.read_text(encoding="utf-8").replace("\\\n", "").splitlines()
    parts = (line.split(maxsplit=1) for line in lines if line and not line.startswith("#"))
    return [(name, rest) for name, rest in parts]


def copied() -> Iterator[tuple[list[str], str]]:
    for name, rest in instructions():
        if name == "COPY" and not rest.startswith("--from"):
            *sources, target = rest.split()
            yield sources, target


def test_it_holds_instructions_that_every_builder_knows() -> None:
    assert {name for name, _ in instructions()} <= KNOWN
    assert instructions()[0][0] == "FROM"
    assert ("ENTRYPOINT", '["reconciler"]') in instructions()


def test_its_bases_have_a_version() -> None:
    bases = [rest.split()[0] for name, rest in instructions() if name == "FROM"]

    assert [base for base in bases if not re.fullmatch(r"[\w./-]+:\d[\w.-]+", base)] == []


def test_the_last_stage_takes_the_installed_program_and_nothing_of_the_clone() -> None:
    names = [name for name, _ in instructions()]
    last = instructions()[len(names) - names[::-1].index("FROM") :]

    assert [rest for name, rest in last if name == "COPY"] == ["--from=build /reconciler /reconciler"]


def test_it_is_run_by_a_user_without_rights() -> None:
    user = pod_of(FOLDER / "watch.yaml")["securityContext"]

    assert ("USER", f"{user['runAsUser']}:{user['runAsGroup']}") in instructions()


def test_what_it_copies_is_tracked_and_enough_to_build_the_package(tmp_path: Path) -> None:
    for sources, target in copied():
        for source in sources:
            place = tmp_path / target / ("" if source.endswith("/") else Path(source).name)
            if source.endswith("/"):
                shutil.copytree(ROOT / source, place, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / source, place)
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", "out"]
    subprocess.run(build, cwd=tmp_path, capture_output=True, check=True)
    [wheel] = (tmp_path / "out").iterdir()
    names = set(zipfile.ZipFile(wheel).namelist())

    assert {"reconciler/py.typed", "reconciler/guide/start.md", "reconciler/cli/main.py"} <= names
    assert "reconciler/scaffold/carried/.github/workflows/preview.yml" in names
    assert "reconciler/scaffold/carried/examples/gitlab/.gitlab-ci.yml" in names
