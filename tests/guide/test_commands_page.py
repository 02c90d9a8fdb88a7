import pytest

from reconciler.cli.commands.validate import VALIDATE_FORMATS
from reconciler.cli.options import PLAN_FORMATS
from tests.guide.commands_page import FORMATS, PAGES
from tests.guide.pages import GUIDE


@pytest.mark.parametrize("page", PAGES)
def test_the_page_is_what_click_says(page: str) -> None:
    on_disk = (GUIDE / f"{page}.md").read_text(encoding="utf-8")
    assert on_disk == PAGES[page](), "run: python -m tests.guide.commands_page --rewrite"


def test_the_page_names_every_format() -> None:
    assert {*FORMATS} == {*PLAN_FORMATS, *VALIDATE_FORMATS}
