"""Reads HTML reports as a browser does; what a browser would have to repair is an error."""

from typing import Any

from justhtml import JustHTML


class Report:
    """A report, parsed by the rules of the HTML standard; raises an error for anything that is not well-formed."""

    def __init__(self, text: str) -> None:
        self.root = JustHTML(text, strict=True, sanitize=False).root

    def all(self, selector: str) -> list[Any]:
        """Give the elements that a selector names."""
        return list(self.root.query(selector))

    def texts(self, selector: str) -> list[str]:
        """Give the texts of the elements that a selector names, with single spaces."""
        return [" ".join(one.to_text().split()) for one in self.all(selector)]

    @property
    def rows(self) -> list[tuple[str, ...]]:
        """Give all rows as the texts of their cells."""
        cells = (row.query("td, th") for row in self.all("tbody tr"))
        return [tuple(" ".join(cell.to_text().split()) for cell in row) for row in cells]

    @property
    def structure(self) -> list[tuple[str, tuple[tuple[str, str], ...]]]:
        """Give all elements with their attributes, in the order of the page."""
        return [(one.name, tuple(sorted((one.attrs or {}).items()))) for one in self.all("*")]
