import ast
from pathlib import Path

import pytest

from tests.planted.__main__ import ROOT, is_noticed, near_tests
from tests.planted.defects import Defect, defects_in

FILE = Path("reconciler/clock.py")


def planted(source: str) -> list[str]:
    return [one.planted_in(source.encode()).decode() for one in defects_in(FILE, source)]


@pytest.mark.parametrize(
    ("source", "defects"),
    [
        ("a < b", ["(a <= b)"]),
        ("é not in b", ["(é in b)"]),
        ("a and b", ["(a)", "(a or b)"]),
        ("a - b", ["(a + b)"]),
        ("not a", ["(a)"]),
        ("x if a else y", ["x if False else y", "x if True else y"]),
        ("[x for x in y if x]", ["[x for x in y if True]"]),
        ("n = 7", ["n = 8"]),
        ("n = True", ["n = False"]),
        ("n = min(y)", ["n = max(y)"]),
        ("n = f(x, a=y)", ["n = (f(x))"]),
        ("n = {x, y}", ["n = ({x})", "n = ({y})"]),
        ("f(x)", ["pass"]),
        ("raise f", ["pass"]),
        ("if TYPE_CHECKING:\n    import x", []),
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


def test_near_tests_are_those_of_the_package_and_of_whoever_imports_the_module() -> None:
    near = near_tests(Path("reconciler/observe/contacts.py"))

    assert "tests/observe/test_listing.py" in near
    assert near[-1] == "tests/scenarios/test_scenarios.py"
