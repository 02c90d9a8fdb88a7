"""Names that pages list are those of the tool: metrics, results, notices, exit codes, outcomes, libraries."""

import re
import tomllib
from collections.abc import Iterator
from typing import get_args

from packaging.requirements import Requirement

from reconciler import errors
from reconciler.core.model.settings import ReaderChoice
from reconciler.core.plan import receipt
from reconciler.core.plan.operations import NoticeType
from reconciler.watching.metrics import Metrics
from reconciler.watching.report import RunResult
from tests.guide.commands_page import EXIT_CODES
from tests.guide.pages import GUIDE, ROOT


def codes_in(topic: str) -> set[str]:
    """Return what a page sets in `code`."""
    return set(re.findall(r"`([^`\n]+)`", (GUIDE / f"{topic}.md").read_text(encoding="utf-8")))


def first_column(topic: str, header: str) -> set[str]:
    """Return what stands in the first column of a table."""
    text = (GUIDE / f"{topic}.md").read_text(encoding="utf-8")
    rows = text.partition(f"| {header} |")[2].partition("\n\n")[0].splitlines()[2:]
    return {name for row in rows for name in re.findall(r"`([^`]+)`", row.split("|")[1])}


def metric_names() -> Iterator[str]:
    for metric in Metrics(version="1").registry.collect():
        yield {"counter": f"{metric.name}_total", "info": f"{metric.name}_info"}.get(metric.type, metric.name)


def test_the_page_of_drift_names_every_metric_and_no_other() -> None:
    named = {code for code in codes_in("drift") if re.fullmatch(r"reconciler_\w+", code)}

    assert named == {*metric_names()}


def test_the_pages_of_drift_and_operation_name_results_outcomes_and_readers() -> None:
    assert {*get_args(RunResult)} <= codes_in("drift")
    assert {*get_args(receipt.Result)} <= codes_in("operate")
    assert {*get_args(ReaderChoice)} - {"auto"} == first_column("operate", "reader")


def test_the_questions_name_every_notice() -> None:
    assert first_column("faq", "notice") == {*get_args(NoticeType)}


def test_the_page_of_commands_has_every_exit_code() -> None:
    found = {str(one.exit_code) for one in vars(errors).values() if isinstance(one, type) and hasattr(one, "exit_code")}

    assert found <= {*EXIT_CODES}


def test_the_page_for_contributors_says_what_each_library_is_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    page = (GUIDE / "contributing.md").read_text(encoding="utf-8")
    rows = page.partition("| library |")[2].splitlines()[2:]
    named = {name for row in rows for name in row.split("|")[1].strip().split(", ")}

    needed = [*project["dependencies"], *project["optional-dependencies"]["store"]]
    assert named == {Requirement(one).name for one in needed}
