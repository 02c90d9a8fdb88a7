"""The README tells what each mistake is told."""

from tests.specs.mistakes_table import END, README, START, rewritten


def test_the_readme_holds_the_table_of_mistakes_as_it_is() -> None:
    readme = README.read_text(encoding="utf-8")

    assert readme.count(START) == readme.count(END) == 1
    assert rewritten(readme) == readme, "run: python -m tests.specs.mistakes_table --rewrite"
