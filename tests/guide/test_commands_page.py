from reconciler.cli.commands.validate import VALIDATE_FORMATS
from reconciler.cli.options import PLAN_FORMATS
from tests.guide.commands_page import FORMATS, PAGE, commands_page


def test_the_page_is_what_click_says() -> None:
    assert PAGE.read_text(encoding="utf-8") == commands_page(), "run: python -m tests.guide.commands_page --rewrite"


def test_the_page_names_every_format() -> None:
    assert {*FORMATS} == {*PLAN_FORMATS, *VALIDATE_FORMATS}
