"""The phone numbers of a table: national ones are read as those of a country, one for all rows or one a row."""

from functools import lru_cache

from msgspec import Struct

from reconciler.core.model.countries import region_of
from reconciler.core.model.masking import compose, quote
from reconciler.core.model.phone_numbers import NO_REGION, NoNumber, no_number, read_phone_number
from reconciler.core.model.value import Json
from reconciler.reading import Node
from reconciler.reading.row_formats import Row
from reconciler.specs.row_cells import COLUMN

_known_region = lru_cache(1024)(region_of)
_IF_EMPTY = "write a number, or list it under `empty` of contacts_from if it stands for an empty cell"
_FOREIGN = 'write "+" and the country code first'


class PhoneRegion(Struct, frozen=True):
    """The country of national numbers, as a code or as a column; without either, numbers are left as they are."""

    code: str | None = None
    column: str | None = None

    @property
    def is_known(self) -> bool:
        """Return whether there is a country, for all rows or one a row."""
        return self.code is not None or self.column is not None

    def read(self, text: str, row: Row) -> str | NoNumber:
        """Return a number of a row in E.164, or why it is none; without a country, the text as it is."""
        if not any(map(str.isdecimal, text)):
            return NoNumber(no_number(text).message, _IF_EMPTY)
        if not self.is_known:
            return text
        country = row.cell(self.column) if self.column else None
        code = self.code or (_known_region(country) if isinstance(country, str) else None)
        found = read_phone_number(text, code)
        if isinstance(found, str) or code or found.cure != NO_REGION:
            return found
        return self._unknown(found, country)

    def or_as_written(self, text: str, row: Row) -> str:
        """Return a number in E.164, and any other text as it is."""
        found = self.read(text, row)
        return found if isinstance(found, str) else text

    def _unknown(self, found: NoNumber, country: Json) -> NoNumber:
        """Return what is wrong with a national number in a row whose country is empty or not known."""
        column = quote(str(self.column))
        if not isinstance(country, str):
            cure = compose("{}, or fill in the column {} of its row", _FOREIGN, column)
            return NoNumber(found.message, cure)
        message = compose("{}, and {}, in the column {}, is no known country", found.message, quote(country), column)
        return NoNumber(message, f"{_FOREIGN}, or write the country's ISO code or English name")


def phone_region_of(node: Node | None) -> PhoneRegion:
    """Return the country that a checked entry gives its numbers."""
    if node is None:
        return PhoneRegion()
    if isinstance(node.value, dict):
        return PhoneRegion(column=str(node.value[COLUMN]))
    return PhoneRegion(code=region_of(str(node.value)))
