"""What cells of CSV mean, by the catalogue."""

import pytest

from reconciler.core.model.catalogue import FactKey
from reconciler.core.model.value import Json, same
from reconciler.errors import Source
from reconciler.specs.row_schema import by_catalogue

AT = Source("keys.yaml", 1, 1)


def read(enum: tuple[Json, ...], cell: str) -> Json:
    return by_catalogue({"key": FactKey("key", AT, enum=enum)})("key", cell)


@pytest.mark.parametrize(
    ("enum", "cell", "value"),
    [
        ((True, False), "TRUE", True),
        ((True, False), "False", False),
        ((True, False), "true", True),
        ((True, "TRUE"), "TRUE", "TRUE"),
        (("1e5",), "1E5", "1E5"),
        (("gold",), "GOLD", "GOLD"),
        ((False,), "TRUE", "TRUE"),
        ((3, "gold"), "3", 3),
        ((True,), "1", "1"),
    ],
)
def test_a_cell_is_what_the_enum_lists_in_the_way_that_spreadsheets_write_it(
    enum: tuple[Json, ...], cell: str, value: Json
) -> None:
    assert same(read(enum, cell), value)
