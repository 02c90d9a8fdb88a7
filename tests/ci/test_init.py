"""What `init` writes as CI: this repository's own files, which work in the new one, and from a wheel as well."""

import dataclasses
import difflib
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from reconciler.scaffold.repository import ACTION, GITLAB, WORKFLOWS, put, workflows
from tests.builders import answers
from tests.ci.runner import ROOT, Runner

CARRIED = "reconciler/scaffold/carried"
INSTALL = "reconciler @ git+https://git.example/reconciler@0123abc"


def changed(name: str, text: str) -> list[str]:
    """Give the lines in which a file differs from this repository's own."""
    ours = (ROOT / name).read_text(encoding="utf-8").splitlines()
    lines = list(difflib.ndiff(ours, text.splitlines()))
    return [f"{line[0]} {line[2:].strip()}" for line in lines if line[0] in "+-"]


def test_the_action_is_copied_as_it_is() -> None:
    written = {name: text for name, text in workflows(answers()).items() if name.startswith(ACTION)}
    tracked = subprocess.run(["git", "ls-files", ACTION], capture_output=True, check=True, cwd=ROOT, text=True)

    assert set(tracked.stdout.split()) <= set(written)
    assert [line for name, text in written.items() for line in changed(name, text)] == []


NAMES = {
    "+ - environment: production": "- - environment: sandbox",
    '+ api-url: "https://api.bland.ai"': "- api-url: sandbox",
}
IN_A_STEP = [
    "+ MY_KEY: ${{ secrets.MY_KEY }}",
    "+ RECONCILER_DIGEST_KEY: ${{ secrets.RECONCILER_DIGEST_KEY }}",
    "+ # Secrets to create, in Settings, Secrets and variables, Actions: MY_KEY, RECONCILER_DIGEST_KEY.",
    "+ env:",
    f'+ install: "{INSTALL}"',
    "- #   BLAND_API_KEY: ${{ secrets.BLAND_API_KEY }}",
    "- #   RECONCILER_DIGEST_KEY: ${{ secrets.RECONCILER_DIGEST_KEY }}",
    "- # env:",
]
CALLS = {"apply": 0, "apply-environment": 2, "drift": 2, "preview": 1}


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_workflow_differs_in_its_environment_in_what_pip_installs_and_in_its_keys(name: str) -> None:
    lines = [re.sub('(?<=[}"]) # .*', "", line) for line in changed(name, workflows(answers())[name])]
    matrices = {"apply-environment": 0, "drift": 2}.get(Path(name).stem, 1)

    assert sorted(lines) == sorted([*[*NAMES, *NAMES.values()] * matrices, *IN_A_STEP * CALLS[Path(name).stem]])


def test_an_action_is_used_in_place_of_its_copy_and_installs_its_own_repository() -> None:
    found = workflows(answers(action="acme/reconciler@v1", install=""))

    assert sorted(found) == sorted(WORKFLOWS)
    for name, text in found.items():
        assert text.count(f"- uses: acme/reconciler/{ACTION}@v1\n") == CALLS[Path(name).stem]
        assert "install:" not in text
        assert f"./{ACTION}" not in text


def test_an_action_can_be_told_what_to_install() -> None:
    found = workflows(answers(action="acme/reconciler@v1"))

    assert {Path(name).stem: text.count(f'install: "{INSTALL}"') for name, text in found.items()} == CALLS


@pytest.mark.parametrize(
    ("api", "names"),
    [("sandbox", ["A", "B"]), ("https://api.bland.ai", ["MY_KEY", "RECONCILER_DIGEST_KEY", "A", "B"])],
)
def test_secrets_of_specs_reach_the_step_and_a_comment_says_what_to_create(api: str, names: list[str]) -> None:
    found = workflows(answers(api=api, secrets=("A", "B")))

    for name in WORKFLOWS:
        jobs = yaml.safe_load(found[name])["jobs"].values()
        given = [step["env"] for job in jobs for step in job.get("steps", []) if step["uses"] == f"./{ACTION}"]
        create = f"# Secrets to create, in Settings, Secrets and variables, Actions: {', '.join(names)}.\n"
        assert given == [{one: f"${{{{ secrets.{one} }}}}" for one in names}] * CALLS[Path(name).stem]
        assert found[name].count(create) == CALLS[Path(name).stem]


def test_gitlab_is_told_which_variables_to_create() -> None:
    [text] = workflows(answers(ci="gitlab", secrets=("A", "B"))).values()

    assert "  # Variables to create in the settings of the project, masked: A, B.\n  # MY_KEY is a variable" in text


def test_gitlab_differs_in_the_same() -> None:
    lines = changed(GITLAB, workflows(answers(ci="gitlab"))[".gitlab-ci.yml"])

    assert [line.partition(" is a variable")[0].partition(" # the key")[0] for line in lines] == [
        '- RECONCILER: ""',
        f'+ RECONCILER: "{INSTALL}"',
        "- # BLAND_API_KEY",
        "+ # MY_KEY",
        "- - RECONCILER_ENVIRONMENT: [sandbox]",
        "+ - RECONCILER_ENVIRONMENT: [production]",
        "- RECONCILER_API_URL: sandbox",
        '+ RECONCILER_API_URL: "https://api.bland.ai"',
    ]


@pytest.mark.parametrize("name", WORKFLOWS)
def test_for_the_sandbox_no_key_is_asked_for(name: str) -> None:
    lines = changed(name, workflows(answers(environment="sandbox", api="sandbox", install=""))[name])
    assert lines == ['+ install: "" # what pip installs'] * CALLS[Path(name).stem]


@pytest.mark.parametrize("text", ["no such place", "place and place"])
def test_a_place_that_is_not_there_once_is_a_defect_and_no_wrong_file(text: str) -> None:
    with pytest.raises(LookupError, match="not once: 'place'" if "and" in text else "0 times, not once: 'places'"):
        put(text, {"place" if "and" in text else "places": "words"})


@pytest.mark.parametrize("name", ["1_000", "no", "007"])
@pytest.mark.parametrize("ci", ["github", "gitlab"])
def test_names_and_requirements_stay_text_for_every_reader_of_yaml(name: str, ci: str) -> None:
    install = f"{INSTALL}{'0' * 200}#egg: 'x'"
    found = workflows(answers(environment=name, ci=ci, install=install))

    for file in WORKFLOWS if ci == "github" else [".gitlab-ci.yml"]:
        loaded = yaml.safe_load(found[file])
        calls = CALLS[Path(file).stem] if ci == "github" else 1
        assert texts(loaded).count(install) == calls
        assert name in texts(loaded) or Path(file).stem == "apply-environment"


def texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for part in value.values() for text in texts(part)]
    if isinstance(value, list):
        return [text for part in value for text in texts(part)]
    return [value] if isinstance(value, str) else []


def test_the_steps_of_a_new_repository_run_on_its_sandbox(runner: Runner) -> None:
    shutil.rmtree(runner.repository)
    runner.repository.mkdir()
    runner.reconciler("init", "--api", "sandbox")
    new = dataclasses.replace(runner, action=runner.repository / ACTION)

    plan = new.approve()
    preview, apply, drift = (new.run(command) for command in ("preview", "apply", "drift"))

    assert (preview.code, plan.code, apply.code, drift.code) == (0, 0, 0, 0)
    assert preview.outputs["changes"] == "true"
    assert "Apply complete for" in apply.summary
    assert drift.outputs["drift-id"] == "none"
    assert new.writes() == ["POST issues/7/comments"]


def built(target: str, source: Path, folder: Path) -> Path:
    """Build one distribution, offline."""
    command = [sys.executable, "-m", "hatchling", "build", "--target", target, "--directory", str(folder)]
    subprocess.run(command, check=True, cwd=source, capture_output=True)
    [found] = folder.iterdir()
    return found


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Unpack a wheel that was built from the source distribution."""
    folder = tmp_path_factory.mktemp("built")
    shutil.unpack_archive(built("sdist", ROOT, folder / "sdist"), folder / "source", filter="data")
    [source] = (folder / "source").iterdir()
    shutil.unpack_archive(built("wheel", source, folder / "wheel"), folder / "unpacked", "zip")
    return folder / "unpacked"


@pytest.mark.parametrize("ci", ["github", "gitlab"])
def test_a_wheel_writes_the_same_bytes_as_a_checkout(wheel: Path, tmp_path: Path, ci: str) -> None:
    for name, root in (("wheel", wheel), ("checkout", ROOT)):
        command = [sys.executable, "-m", "reconciler", "init", str(tmp_path / name), "--ci", ci, "--install", INSTALL]
        subprocess.run(command, check=True, cwd=root, capture_output=True)

    assert contents(tmp_path / "wheel") == contents(tmp_path / "checkout")
    assert set(contents(wheel / CARRIED)) > {*WORKFLOWS, GITLAB, f"{ACTION}/action.yml"}


def test_a_wheel_carries_the_guide(wheel: Path) -> None:
    guides = [root / "reconciler" / "guide" for root in (wheel, ROOT)]

    assert contents(guides[0]) == contents(guides[1]) != {}


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
