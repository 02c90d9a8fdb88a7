"""The guide shows the message about each mistake."""

from tests.specs.mistakes_table import END, PAGE, START, rewritten


def test_the_guide_holds_the_table_of_mistakes_as_it_is() -> None:
    page = PAGE.read_text(encoding="utf-8")

    assert page.count(START) == page.count(END) == 1
    assert rewritten(page) == page, "run: python -m tests.specs.mistakes_table --rewrite"
