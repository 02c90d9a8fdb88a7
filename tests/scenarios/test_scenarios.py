"""Every scenario prints what its folder says. After a wanted change: `pytest tests/scenarios --rewrite-goldens`."""

import json

import pytest

from reconciler.cli.commands.lint import LINT_FORMATS
from reconciler.cli.commands.validate import VALIDATE_FORMATS
from reconciler.cli.options import PLAN_FORMATS, RECEIPT_FORMATS
from tests.cli.conftest import Repository
from tests.scenarios.runner import FORMATS, KEY, Scenario, outputs, scenarios

ALL = scenarios()


@pytest.fixture
def key(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ARG001  it clears these variables
    for name in ("CI", "GITHUB_ACTIONS", "RECONCILER_DIGEST_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SCENARIO_KEY", KEY)
    monkeypatch.setenv("GITHUB_ACTOR", "octocat")
    monkeypatch.setenv("GITHUB_SERVER_URL", "https://github.example")
    monkeypatch.setenv("GITHUB_REPOSITORY", "acme/memory")
    monkeypatch.setenv("GITHUB_RUN_ID", "1658821493")


@pytest.mark.usefixtures("key")
@pytest.mark.parametrize("scenario", ALL, ids=[scenario.name for scenario in ALL])
def test_a_scenario_prints_what_its_folder_says(
    scenario: Scenario, repository: Repository, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in scenario.variables.items():
        monkeypatch.setenv(name, value)
    found, expected = outputs(scenario, repository), scenario.folder / "expected"
    if request.config.getoption("--rewrite-goldens"):
        expected.mkdir(exist_ok=True)
        for file in expected.iterdir():
            file.unlink()
        for name, text in found.items():
            (expected / name).write_text(text, encoding="utf-8")

    assert found == {file.name: file.read_text(encoding="utf-8") for file in sorted(expected.iterdir())}


@pytest.mark.parametrize("scenario", ALL, ids=[scenario.name for scenario in ALL])
def test_no_expected_output_holds_the_key_a_secret_or_a_live_value(scenario: Scenario) -> None:
    texts = {file.name: file.read_text(encoding="utf-8") for file in (scenario.folder / "expected").iterdir()}
    live = scenario.folder / "live.json"
    private = [text for text in _texts(json.loads(live.read_text()) if live.exists() else {}) if "private" in text]

    for name, text in texts.items():
        assert [value for value in (KEY, *scenario.variables.values(), *private) if value in text] == [], name


def _texts(value: object) -> list[str]:
    match value:
        case str():
            return [value]
        case dict():
            return [text for item in value.items() for text in _texts(list(item))]
        case list():
            return [text for item in value for text in _texts(item)]
        case _:
            return []


def test_every_format_is_part_of_a_scenario() -> None:
    assert [*FORMATS["plan"]] == [*PLAN_FORMATS]
    assert [*FORMATS["diff"]] == [*PLAN_FORMATS]
    assert [*FORMATS["apply"]] == [*RECEIPT_FORMATS]
    assert [*FORMATS["validate"]] == [*VALIDATE_FORMATS]
    assert [*FORMATS["lint"]] == [*LINT_FORMATS]
    assert {scenario.command for scenario in ALL} == {*FORMATS}
