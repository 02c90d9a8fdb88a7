"""Countries as lists name them."""

import phonenumbers
import pytest

from reconciler.core.model.countries import region_of


@pytest.mark.parametrize(
    ("text", "region"),
    [
        ("US", "US"), ("us", "US"), (" usa ", "US"), ("U.S.A.", "US"), ("United States", "US"), ("AND", "AD"),
        ("United States of America", "US"), ("UK", "GB"), ("England", "GB"), ("GREAT BRITAIN", "GB"), ("deu", "DE"),
        ("The Netherlands", "NL"), ("Korea, Republic of", "KR"), ("South Korea", "KR"), ("Viet Nam", "VN"),
        ("Iran (Islamic Republic of)", "IR"), ("C\u00f4te d\u2019Ivoire", "CI"), ("Turkey", "TR"),
        ("T\u00fcrkiye", "TR"),
        ("Congo", "CG"), ("Congo, Democratic Republic of the", "CD"), ("Saint Lucia", "LC"), ("St. Lucia", "LC"),
        ("Bosnia and Herzegovina", "BA"), ("Czech Republic", "CZ"), ("Russian Federation", "RU"), ("Reunion", "RE"),
        ("Virgin Islands, U.S.", "VI"), ("Hong Kong", "HK"), ("Tanzania, United Republic of", "TZ"),
    ],
)  # fmt: skip
def test_a_country_is_known_by_its_codes_and_english_names(text: str, region: str) -> None:
    assert region_of(text) == region


@pytest.mark.parametrize("text", ["", "-", "the", "Atlantis", "Deutschland", "+1", "\u65e5\u672c", "N/A"])
def test_what_is_no_country_is_none(text: str) -> None:
    assert region_of(text) is None


@pytest.mark.parametrize("region", sorted(phonenumbers.SUPPORTED_REGIONS))
def test_each_region_that_has_numbers_is_known(region: str) -> None:
    assert region_of(region) == region
