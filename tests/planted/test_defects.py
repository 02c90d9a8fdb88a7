import ast
import subprocess
from pathlib import Path

import pytest

from tests.planted.__main__ import ROOT, command_line_tests, is_noticed, near_tests, without_failing
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
        ("@dataclass(frozen=True)\nclass A:\n    n: X[1]", []),
        ("n = zip(a, strict=True)", []),
        ('"""Words."""', []),
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


@pytest.mark.parametrize(("after", "noticed"), [("2", True), ("1", False)])
def test_a_defect_is_noticed_where_a_test_fails_and_the_file_is_put_back(
    tmp_path: Path, after: str, *, noticed: bool
) -> None:
    (tmp_path / "one.py").write_text("ONE = 1\n")
    (tmp_path / "test_one.py").write_text("from one import ONE\n\n\ndef test_one() -> None:\n    assert ONE == 1\n")
    defect = Defect(Path("one.py"), 1, 6, 7, "1", after)

    assert is_noticed(defect, tmp_path, ["test_one.py"]) is noticed
    assert (tmp_path / "one.py").read_text() == "ONE = 1\n"


def test_a_test_that_fails_without_a_defect_notices_none(tmp_path: Path) -> None:
    (tmp_path / "one.py").write_text("ONE = 1\n")
    (tmp_path / "test_one.py").write_text(
        "import pytest\n\n\ndef test_red() -> None:\n    assert False\n\n\n"
        "@pytest.mark.parametrize('x', ['a - b', 'c'])\ndef test_half(x: str) -> None:\n    assert x == 'c'\n"
    )
    failing = without_failing(tmp_path, ["test_one.py"])

    assert failing == ["--deselect=test_one.py::test_half[a - b]", "--deselect=test_one.py::test_red"]
    assert not is_noticed(Defect(Path("one.py"), 1, 6, 7, "1", "2"), tmp_path, [*failing, "test_one.py"])


def test_near_tests_are_those_of_the_package_of_whoever_imports_the_module_and_of_ci_for_the_action() -> None:
    near = near_tests(Path("reconciler/observe/contacts.py"))

    assert "tests/observe/test_listing.py" in near
    assert near[-1] == "tests/scenarios/test_scenarios.py"
    assert "tests/api/test_client.py" in near_tests(Path("reconciler/api/client/calls.py"))
    assert "tests/api/test_readers.py" in near
    assert "tests/cli/test_watch_log.py" in near_tests(Path("reconciler/watching/news.py"))
    assert "tests/ci/test_signals.py" in near_tests(Path(".github/actions/reconcile/relay.py"))


def test_what_near_tests_pass_over_is_tried_on_the_other_tests_of_the_command_line() -> None:
    words = Path("reconciler/render/campaign.py")
    others = command_line_tests(words)

    assert "tests/cli/test_campaigns.py" in others[:20]
    assert "tests/cli/test_terminal.py" in others
    assert not set(others) & set(near_tests(words))


@pytest.mark.parametrize(("longest", "noticed"), [(0.0, True), (9.0, False)])
def test_a_hang_is_noticed_but_not_that_many_tests_take_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, longest: float, *, noticed: bool
) -> None:
    def hung(*_args: object, **_options: object) -> None:
        raise subprocess.TimeoutExpired("pytest", longest)

    monkeypatch.setattr(subprocess, "run", hung)
    (tmp_path / "one.py").write_text("ONE = 1\n")

    assert is_noticed(Defect(Path("one.py"), 1, 6, 7, "1", "2"), tmp_path, [], longest=longest) is noticed
