"""A watch stays with the environment and the account that it began with."""

import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from reconciler.sandbox.app import create_app
from reconciler.sandbox.serve import running
from reconciler.sandbox.store import Store
from tests.cli.conftest import SPEC, Repository
from tests.cli.watched import FakeTime, Watch, live_facts

MINUTE = 60.0
DEV = """\
version: 1
default_environment: dev
environments:
  dev: {api: sandbox}
  other: {api: sandbox}
"""


@pytest.fixture
def real(monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """Give the account of BLAND_API_KEY, to which no watch of these tests is told to go."""
    store = Store()
    with running(create_app(store)) as url:
        monkeypatch.setenv("BLAND_API_KEY", "sk-real-key")
        monkeypatch.setenv("BLAND_BASE_URL", url)
        yield store


@pytest.fixture
def watch_of(repository: Repository, capsys: pytest.CaptureFixture[str]) -> Callable[..., Watch]:
    repository.write("reconciler.yaml", DEV)

    def make(*events: tuple[float, Callable[[], Any]]) -> Watch:
        return Watch(capsys, FakeTime(MINUTE, events=list(events)))

    return make


def samples(text: str, name: str) -> dict[str, str]:
    """Give the samples of a metric by their labels."""
    lines = (line.removeprefix(name).rpartition(" ") for line in text.splitlines() if line.startswith(name))
    return {labels: value for labels, _, value in lines}


def test_a_project_file_that_is_away_for_a_moment_leads_to_no_other_account(
    repository: Repository, watch_of: Callable[..., Watch], real: Store
) -> None:
    file, aside = repository.root / "reconciler.yaml", repository.root / "x"
    text: list[str] = []
    watch: Watch = watch_of(
        (5.0, lambda: file.rename(aside)),
        (25.0, lambda: text.append(watch.get("/metrics")[1])),
        (35.0, lambda: aside.rename(file)),
    )
    watch.run_as_is(interval=10)

    assert watch.story == ["ok", "invalid", "ok"]
    assert live_facts(real) == []
    assert watch.told.count("error: ") == 1
    assert "reconciler.yaml is not there any more" in watch.told
    assert samples(text[0], "reconciler_specs_valid") == {'{environment="dev"}': "0.0"}


@pytest.mark.parametrize(
    ("written", "told"),
    [
        pytest.param(
            DEV.replace("default_environment: dev", "default_environment: other"),
            "would now be for other of reconciler.yaml (sandbox)",
            id="another default environment",
        ),
        pytest.param(
            DEV.replace("dev: {api: sandbox}", "dev: {}"),
            "would now be for dev of reconciler.yaml (http://127.0.0.1:",
            id="another API",
        ),
    ],
)
def test_a_file_that_leads_elsewhere_is_refused_until_it_leads_back(
    repository: Repository, watch_of: Callable[..., Watch], real: Store, written: str, told: str
) -> None:
    watch = watch_of(
        (5.0, lambda: repository.write("reconciler.yaml", written)),
        (35.0, lambda: repository.write("reconciler.yaml", DEV)),
    )
    watch.run_as_is(interval=10)

    assert watch.story == ["ok", "invalid", "ok"]
    assert live_facts(real) == []
    assert watch.told.count("error: this watch is for dev of reconciler.yaml (sandbox), and ") == 1
    assert told in watch.told
    assert "restart the watch to move there" in watch.told


def test_another_key_is_another_account(repository: Repository, watch_of: Callable[..., Watch], real: Store) -> None:
    watch = watch_of((5.0, lambda: repository.write("reconciler.yaml", DEV.replace("{api: sandbox}", "{}"))))
    repository.write("reconciler.yaml", DEV.replace("{api: sandbox}", "{api_key_env: TEST_KEY}"))
    watch.run_as_is(interval=10)

    assert watch.story == ["invalid"]
    assert "set the environment variable TEST_KEY" in watch.told
    assert ", key of TEST_KEY), and would now be for dev of reconciler.yaml (" in watch.told
    assert live_facts(real) == []


def test_a_file_that_was_never_right_is_missed_all_the_same(
    repository: Repository, watch_of: Callable[..., Watch], real: Store
) -> None:
    watch = watch_of((5.0, (repository.root / "reconciler.yaml").unlink))
    repository.write("reconciler.yaml", "version: 2\n")
    watch.run_as_is(interval=10)

    assert watch.story == ["invalid"]
    assert watch.told.count("reconciler.yaml is not there any more") == 1
    assert live_facts(real) == []


def test_a_file_that_comes_later_is_not_followed(
    repository: Repository, watch_of: Callable[..., Watch], real: Store
) -> None:
    watch = watch_of((15.0, lambda: repository.write("reconciler.yaml", DEV)))
    (repository.root / "reconciler.yaml").unlink()
    watch.run_as_is(interval=10)

    assert watch.story == ["ok", "invalid"]
    assert "this watch is for default without a reconciler.yaml (http://127.0.0.1:" in watch.told
    assert len(live_facts(real)) == 1
    assert not (repository.root / ".reconciler/sandbox.sqlite3").exists()


def test_what_the_command_line_says_stays_whatever_the_file_says(
    repository: Repository, watch_of: Callable[..., Watch], real: Store
) -> None:
    moved = DEV.replace("default_environment: dev", "default_environment: other").replace(
        "dev: {api: sandbox}", "dev: {}"
    )
    watch = watch_of((5.0, lambda: repository.write("reconciler.yaml", moved)))
    watch.run(interval=10, environment="dev")

    assert watch.story == ["ok"]
    assert live_facts(real) == []


def test_where_no_key_is_needed_the_name_of_its_variable_may_change(
    repository: Repository, watch_of: Callable[..., Watch]
) -> None:
    named = DEV.replace("dev: {api: sandbox}", "dev: {api: sandbox, api_key_env: TEST_KEY}")
    watch = watch_of((5.0, lambda: repository.write("reconciler.yaml", named)))
    watch.run_as_is(interval=10)

    assert watch.story == ["ok"]


def test_what_a_watch_is_for_is_told_once(watch_of: Callable[..., Watch]) -> None:
    watch = watch_of()
    watch.run_as_is(interval=10)

    assert watch.told.count(" this watch is for dev of reconciler.yaml (sandbox)") == 1


def test_a_folder_that_is_replaced_by_another_clone_is_read_and_one_that_is_away_is_waited_for(
    repository: Repository, watch_of: Callable[..., Watch]
) -> None:
    root, old = repository.root, repository.root.with_name("old")

    def replace() -> None:
        shutil.copytree(old, root)
        repository.write("specs/support.yaml", "scopes: 1\n")

    watch = watch_of((5.0, lambda: root.rename(old)), (25.0, replace), (35.0, lambda: shutil.rmtree(old)))
    watch.run_as_is(interval=10)

    assert watch.story == ["ok", "invalid"]
    assert f"--project {root}: no such file or folder" in watch.told
    assert "error: specs/support.yaml:1:9" in watch.told


def test_a_guard_that_refuses_names_the_command_that_can_raise_it(
    repository: Repository, watch_of: Callable[..., Watch]
) -> None:
    repository.write("reconciler.yaml", DEV.replace("{api: sandbox}", "{api: sandbox, guards: {max_changes: 1}}"))
    watch = watch_of()
    watch.run_as_is(interval=10)

    assert watch.told.count("raise it for one run with `reconciler apply --max-changes 5`") == 1


def test_a_file_that_is_half_written_is_read_again_before_anything_comes_of_it(
    repository: Repository, watch_of: Callable[..., Watch], real: Store
) -> None:
    repository.write("reconciler.yaml", DEV.replace("{api: sandbox}", "{}"))
    whole = SPEC.replace("premium", "enterprise")
    sent: list[Any] = []
    watch = watch_of(
        (5.0, lambda: repository.write("specs/support.yaml", whole[: whole.index("rprise")] + "}")),
        (10.5, lambda: repository.write("specs/support.yaml", whole)),
        (15.0, lambda: sent.append(live_facts(real))),
    )
    watch.run_as_is(interval=10)

    assert watch.story == ["ok"]
    assert sent == [[{"name": "Sarah", "plan": "enterprise"}]]
    assert watch.told.count("fact to update") == 1


def test_files_that_never_come_to_rest_are_left_to_the_next_run(
    repository: Repository, watch_of: Callable[..., Watch]
) -> None:
    def write(number: int) -> Callable[[], None]:
        return lambda: repository.write("specs/support.yaml", SPEC.replace("premium", f"plan-{number}"))

    watch = watch_of(*((5.0 + number / 2, write(number)) for number in range(30)))
    watch.run_as_is(interval=10)

    assert watch.story == ["ok", "invalid", "ok"]
    assert "reconciler.yaml or the specs change while they are read" in watch.told


def test_a_file_that_was_mended_leaves_no_alert_under_the_name_from_before(
    repository: Repository, watch_of: Callable[..., Watch]
) -> None:
    seen: list[dict[str, str]] = []

    def note() -> None:
        seen.append(samples(watch.get("/metrics")[1], "reconciler_specs_valid"))

    watch: Watch = watch_of((5.0, note), (6.0, lambda: repository.write("reconciler.yaml", DEV)), (15.0, note))
    repository.write("reconciler.yaml", "version: 2\n")
    watch.run_as_is(interval=10)

    assert seen == [{'{environment="unknown"}': "0.0"}, {'{environment="dev"}': "1.0"}]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("--project empty watch", "neither reconciler.yaml nor specs/ is in "),
        ("--project nowhere watch", "nowhere: no such file or folder"),
        ("-e other watch", 'no environment "other"'),
    ],
)
def test_a_watch_that_has_nothing_to_begin_with_ends_as_a_plan_does(
    repository: Repository, line: str, said: str
) -> None:
    (repository.root / "empty").mkdir()
    watched, planned = repository.run(*line.split()), repository.run(*line.replace("watch", "plan").split())

    assert said in watched.err
    assert (watched.code, watched.err) == (planned.code, planned.err) == (1, watched.err)
