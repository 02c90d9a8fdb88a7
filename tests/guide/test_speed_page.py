from tests.guide.speed_page import PAGE, START, rewritten


def test_the_page_holds_what_was_measured() -> None:
    page = PAGE.read_text(encoding="utf-8")

    assert page.count(START) == 1
    assert rewritten(page) == page, "run: python -m tests.guide.speed_page --rewrite"
