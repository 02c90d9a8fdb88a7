"""The examples do what their READMEs walk through. After a wanted change: `pytest tests/examples --rewrite-goldens`."""

import shutil
from pathlib import Path

import pytest

from reconciler.cli.main import main
from tests.guide.pages import is_walked, walk

EXAMPLES = Path(__file__).parents[2] / "examples"
WALKED = sorted(path.parent.name for path in EXAMPLES.glob("*/README.md") if is_walked(path))


def test_the_examples_that_need_no_other_program_are_walked_through() -> None:
    assert {"adoption", "csv-seeding", "drift", "minimal", "two-environments"} <= set(WALKED)


@pytest.mark.parametrize("name", WALKED)
def test_an_example_does_what_its_readme_says(
    name: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    request: pytest.FixtureRequest,
) -> None:
    for variable in ("BLAND_API_KEY", "BLAND_PRODUCTION_KEY", "BLAND_BASE_URL", "SARAH_ACCOUNT"):
        monkeypatch.delenv(variable, raising=False)
    shutil.copytree(EXAMPLES / name, tmp_path / name, ignore=shutil.ignore_patterns(".reconciler"))
    monkeypatch.chdir(tmp_path / name)

    def run(*arguments: str) -> tuple[int, str]:
        code = main(arguments)
        return code, capsys.readouterr().out

    readme = EXAMPLES / name / "README.md"
    told = readme.read_text()
    walked = walk(told, run, Path())
    if request.config.getoption("--rewrite-goldens"):
        readme.write_text(walked)
    else:
        assert walked == told
