import ast
from pathlib import Path

import pytest

from tests.planted.__main__ import (
    ROOT,
    all_tests,
    command_line_tests,
    function_at,
    is_noticed,
    near_tests,
    quick_tests,
    run_whole,
    worth_trying,
)
from tests.planted.calls import Seen
from tests.planted.defects import Defect, defects_in

FILE = Path("reconciler/clock.py")


def planted(source: str) -> list[str]:
    return [one.planted_in(source.encode()).decode() for one in defects_in(FILE, source)]


@pytest.mark.parametrize(
    ("source", "defects"),
    [
        ("a < b", ["(a <= b)"]),
        ("a <= b < c", ["(a < b < c)", "(a <= b <= c)"]),
        ("é not in b", ["(é in b)"]),
        ("a and b", ["(a)", "(a or b)", "(b)"]),
        ("a or b or c", ["(a and b and c)", "(a or b)", "(a or c)", "(b or c)"]),
        ("a - b", ["(a + b)"]),
        ("not a", ["(a)"]),
        ("x if a else y", ["x if False else y", "x if True else y"]),
        ("[x for x in y if x if z]", ["[x for x in y if True if z]", "[x for x in y if x if True]"]),
        ("match a:\n    case b if b:\n        x", ["match a:\n    case b if True:\n        x"]),
        ("n = 7", ["n = 6", "n = 8"]),
        ("n = 0", ["n = 1"]),
        ("n = True", ["n = False"]),
        ("n = a[:b]", ["n = (a)"]),
        ("n = min(y)", ["n = max(y)"]),
        ("n = f(x, a=y)", ["n = (f(x))"]),
        ("n = f(x)", ["n = (x)"]),
        ("n = f(*x)", []),
        ("n = len(x)", []),
        ("n = a.strip()", ["n = (a)"]),
        ("n = a.get(b, c)", ["n = (a.get(b))"]),
        ("n = {x, y}", ["n = ({x})", "n = ({y})"]),
        ("n = 'x', 'y'", ["n = (('x',))", "n = (('y',))"]),
        ("n = x, y", []),
        ("n = {a: x, b: y}", ["n = ({a: x})", "n = ({b: y})"]),
        ("f()", ["pass"]),
        ("yield", ["pass"]),
        ("raise", ["pass"]),
        ("raise f", ["pass"]),
        ("a.b = c", ["pass"]),
        ("a = c", []),
        ("for x in y:\n    z = x", ["for x in y:\n    z = x; break"]),
        ("for x in y:\n    break", ["for x in y:\n    pass"]),
        (
            "try:\n    x\nexcept (A, B):\n    y",
            ["try:\n    x\nexcept ((A,)):\n    y", "try:\n    x\nexcept ((B,)):\n    y"],
        ),
        ("if TYPE_CHECKING:\n    n = 1", []),
        ("A: TypeAlias = Literal['x', 'y']", []),
        ("@dataclass(frozen=True)\nclass A:\n    n: X[1]", []),
        ("n = zip(a, strict=True)", []),
        ('"""Words."""', []),
        ("assert_never(a)", []),
    ],
)
def test_each_kind_of_defect_is_planted_at_its_place_alone(source: str, defects: list[str]) -> None:
    assert sorted(planted(source)) == sorted(defects)


def test_every_module_with_a_defect_can_still_be_parsed() -> None:
    source = (ROOT / FILE).read_text("utf-8")
    defects = planted(source)

    assert defects
    for text in defects:
        ast.parse(text)
        assert text != source


ONE = Path("one.py")
SOURCE = """\
import functools


@functools.cache
def one() -> int:
    return min([1, 2])


def two() -> int:
    return 2


NUMBER = 3
"""
TESTS = """\
import os
import sys
import threading

import pytest

from one import NUMBER, one, two


def test_one() -> None:
    assert one() == 1


def test_two() -> None:
    assert two() and NUMBER == 3


def test_none() -> None:
    assert True


@pytest.mark.parametrize("x", ["a - b", "c"])
def test_half(x: str) -> None:
    assert two() and x == "c"


def test_elsewhere() -> None:
    thread = threading.Thread(target=two)
    thread.start()
    thread.join()
    child = os.fork()
    if not child:
        one.__wrapped__()
        os._exit(0)
    os.waitpid(child, 0)
"""


def copied(folder: Path) -> Path:
    """Return a small repository with the plugin in it."""
    (folder / "tests/planted").mkdir(parents=True)
    for name in ("__init__.py", "planted/__init__.py", "planted/calls.py"):
        (folder / "tests" / name).write_text((ROOT / "tests" / name).read_text("utf-8"), "utf-8")
    (folder / ONE).write_text(SOURCE)
    (folder / "test_one.py").write_text(TESTS)
    return folder


def defect(before: str, after: str) -> Defect:
    start = SOURCE.index(before)
    return Defect(ONE, SOURCE[:start].count("\n") + 1, start, start + len(before), before, after)


def test_a_run_without_a_defect_shows_what_each_test_calls_and_which_fail(tmp_path: Path) -> None:
    found = run_whole(copied(tmp_path), ["test_one.py"], [ONE])
    calls = {name.partition("::")[2]: {line for _, line in test.calls} for name, test in found.items()}

    assert calls == {
        "test_one": {4},
        "test_two": {9},
        "test_none": set(),
        "test_half[a - b]": {9},
        "test_half[c]": {9},
        "test_elsewhere": {4, 9},
    }
    assert [name for name, test in found.items() if test.has_failed] == ["test_one.py::test_half[a - b]"]
    assert not (tmp_path / "sitecustomize.py").exists()


@pytest.mark.parametrize(
    ("planted_there", "noticed"),
    [
        (defect("[1, 2]", "[2, 2]"), True),
        (defect("[1, 2]", "[1, 3]"), False),
        (defect("= 3", "= 4"), True),
    ],
)
def test_a_defect_is_noticed_where_a_test_fails_and_the_file_is_put_back(
    tmp_path: Path, planted_there: Defect, *, noticed: bool
) -> None:
    tests = {
        "test_one.py::test_one": Seen(0.1, calls={("one.py", 4)}),
        "test_one.py::test_two": Seen(0.1, calls={("one.py", 9)}),
        "test_one.py::test_half[a - b]": Seen(0.1, has_failed=True, calls={("one.py", 4)}),
    }

    assert is_noticed(planted_there, copied(tmp_path), tests) is noticed
    assert (tmp_path / ONE).read_text() == SOURCE


def test_tests_that_call_the_function_are_tried_the_quick_ones_first() -> None:
    tests = {
        "slow": Seen(2.0, calls={("one.py", 4), ("one.py", 9)}),
        "quick": Seen(1.0, calls={("one.py", 4)}),
        "another": Seen(1.0, calls={("one.py", 9)}),
        "of another file": Seen(1.0, calls={("two.py", 4)}),
        "red": Seen(1.0, has_failed=True, calls={("one.py", 4)}),
    }

    assert worth_trying(defect("[1, 2]", "[1]"), SOURCE, tests) == ["quick", "slow"]
    assert worth_trying(defect("= 3", "= 4"), SOURCE, tests) == ["another", "quick", "slow"]


def test_a_line_is_in_the_outermost_function_with_its_decorators() -> None:
    assert [function_at(SOURCE, line) for line in (1, 4, 5, 6, 9, 10, 13)] == [0, 4, 4, 4, 9, 9, 0]
    assert function_at("class A:\n    def b(self):\n        def c(): pass\n", 3) == 2


def test_a_hang_is_noticed_and_no_test_at_all_notices_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.planted.__main__._START", 0.1)
    hang, copy = defect("    return 2", "    while True: pass"), copied(tmp_path)

    assert is_noticed(hang, copy, {"test_one.py::test_two": Seen(calls={("one.py", 9)})})
    assert not is_noticed(hang, copy, {"test_one.py::gone": Seen(calls={("one.py", 9)})})
    assert not is_noticed(hang, copy, {})


def test_near_tests_are_those_of_the_package_then_of_whoever_imports_the_module_and_of_ci_for_the_action() -> None:
    contacts = Path("reconciler/observe/contacts.py")

    assert "tests/observe/test_listing.py" in quick_tests(contacts)
    assert {"tests/api/test_readers.py", "tests/scenarios/test_scenarios.py"} <= {*near_tests(contacts)}
    assert "tests/api/test_client.py" in quick_tests(Path("reconciler/api/client/calls.py"))
    assert "tests/cli/test_watch_log.py" in near_tests(Path("reconciler/watching/news.py"))
    assert "tests/ci/test_action_parts.py" in quick_tests(Path(".github/actions/reconcile/relay.py"))
    assert "tests/ci/test_signals.py" in near_tests(Path(".github/actions/reconcile/relay.py"))


def test_what_near_tests_pass_over_is_tried_on_those_of_the_command_line_and_then_on_all() -> None:
    words = Path("reconciler/render/campaign.py")

    assert {"tests/cli/test_campaigns.py", "tests/properties/test_laws.py"} <= {*command_line_tests(words)}
    assert {*quick_tests(words), *near_tests(words), *command_line_tests(words)} < {*all_tests(words)}
