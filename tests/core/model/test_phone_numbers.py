"""Ways to write a phone number, held against what the library of numbers holds for valid."""

import re
import sys

import phonenumbers
import pytest
from phonenumbers import PhoneNumberFormat

from reconciler.core.model.calling_codes import is_e164, possible_lengths
from reconciler.core.model.masking import shown
from reconciler.core.model.phone_numbers import NoNumber, is_assigned, read_phone_number
from reconciler.core.model.text import Secret

READ = {
    ("US", "+14155552671"): [
        "+14155552671", "+1 415-555-2671", "+1 (415) 555-2671", "+1.415.555.2671", "+1 415 555 2671", "+1-415-555-2671",
        "+1/415/555-2671", "(+1) 415 555 2671", "+ 1 415 555 2671", "001 415 555 2671", "0014155552671",
        "tel:+1-415-555-2671",
        "+1\u00a0415\u00a0555\u00a02671", "+1\u202f415\u202f555\u202f2671", "+1 415\u2011555\u20112671",
        "+1 415\u2013555\u20132671", "+1 415\u2212555\u22122671", "\u202a+14155552671\u202c", "\u200e+1 415 555 2671",
        "+1 415\u200b555\u200b2671", "\uff0b\uff11 \uff14\uff11\uff15 \uff15\uff15\uff15 \uff12\uff16\uff17\uff11",
        "+\u0661 \u0664\u0661\u0665 \u0665\u0665\u0665 \u0662\u0666\u0667\u0661", " +1 415 555 2671 ",
        "+1\t415\t555\t2671",
        "(415) 555-2671", "415-555-2671", "415.555.2671", "415 555 2671", "4155552671", "1 415 555 2671",
        "1-415-555-2671",
        "14155552671", "[415] 555-2671", "(415)555-2671", "415/555-2671", "011 1 415 555 2671",
    ],
    ("GB", "+442079460958"): [
        "+44 20 7946 0958", "+44 (0)20 7946 0958", "+44(0)2079460958", "+44 [0] 20 7946 0958", "0044 20 7946 0958",
        "(0044) 20 7946 0958", "00 44 20 7946 0958", "020 7946 0958", "(020) 7946 0958", "(0)20 7946 0958",
        "02079460958", "020-7946-0958", "20 7946 0958", "442079460958", "44 20 7946 0958",
    ],
    ("DE", "+493012345678"): [
        "+49 30 12345678", "+49 30/12345678", "+49 (0) 30 12345678", "+49 (30) 123 456 78", "0049-30-12345678",
        "030 12345678", "030/12345678", "(030) 12345678", "030-123456-78", "030 / 12 34 56 78",
    ],
    ("FR", "+33142685300"): [
        "+33 1 42 68 53 00", "+33 (0)1 42 68 53 00", "+33.1.42.68.53.00", "0033 1 42 68 53 00", "01 42 68 53 00",
        "01.42.68.53.00", "01-42-68-53-00", "0142685300", "1 42 68 53 00",
    ],
    ("IT", "+390612345678"): [
        "+39 06 1234 5678", "+39 (0)6 1234 5678", "0039 06 12345678", "06 1234 5678", "06/12345678", "06-1234-5678",
    ],
}  # fmt: skip
"""The ways to write a number of a region, with blanks, dashes and digits of other scripts."""

REFUSED = [
    ("415-555-2671", None,
     '"415-555-2671" has no country code',
     'write "+" and the country code first, or, for a data file, set phone_region'),
    ("14155552671", None, '"14155552671" has no country code', "set phone_region"),
    ("011 44 20 7946 0958", None, "has no country code", "set phone_region"),
    ("+4402079460958", None,
     "cannot exist: the 0 after +44 is only dialled inside the country", 'did you mean "+442079460958"?'),
    ("+44 020 7946 0958", None, "cannot exist: the 0 after +44", 'did you mean "+442079460958"?'),
    ("+36 06 1 234 5678", None, "the 06 after +36 is only dialled inside the country", 'did you mean "+3612345678"?'),
    ("+7 8 495 123 45 67", None, "the 8 after +7 is only dialled inside the country", 'did you mean "+74951234567"?'),
    ("+54 11 15-1234-5678", None, "it is not the form for calls from abroad", 'did you mean "+5491112345678"?'),
    ("+00 1 415 555 2671", None, "no country code begins with 0", 'did you mean "+14155552671"?'),
    ("+1415555267", None, '"+1415555267" cannot exist: it is too short for +1', "correct it: after +1 come 10 digits"),
    ("+141555526711", None, "cannot exist: it is too long for +1", "correct it: after +1 come 10 digits"),
    ("+3314268530", None, "it is too short for +33", "after +33 come 9 digits"),
    ("+3551234567890", None, "too long for +355", "6 to 9 digits"),
    ("+99914155552671", None, "cannot exist: no country has this code", '"+14155550100"'),
    ("911", "US", '"911" cannot exist: it is too short for US (+1)', "after +1 come 10 digits"),
    ("555-2671", "US", '"555-2671" lacks its area code', "write it with the area code"),
    ("33 1 42 68 53 00", "US", "is no number of US", 'if it begins with its country code, write "+33142685300"'),
    ("14155552671", "DE", "is no number of DE", 'if it begins with its country code, write "+14155552671"'),
    ("491711234567", "DE",
     "can be read as two phone numbers", 'write the one that is meant: "+491711234567" or "+49491711234567"'),
    ("001 47 22 23 45 67", "KR",
     "can be read as two phone numbers", 'write the one that is meant: "+4722234567" or "+14722234567"'),
    ("+8 495 123 45 67", None, "cannot exist: no country has the code +8", '"+14155550100"'),
    ("+8 (495) 123-45-67", "RU", "cannot exist: no country has the code +8", '"+14155550100"'),
    ("+1 415 555 2671 x12", None,
     "has an extension, which no agent can dial", 'write "+14155552671"; keep the extension as a fact'),
    ("+1 415 555 2671 ext. 12", None, "has an extension", 'write "+14155552671"'),
    ("+1 415 555 2671 #12", None, "has an extension", 'write "+14155552671"'),
    ("tel:+1-415-555-2671;ext=12", None, "has an extension", 'write "+14155552671"'),
    ("(415) 555-2671 extension 7", "US", "has an extension", 'write "+14155552671"'),
    ("(415) 555-2671 x7", None, "has an extension", "write the number without the extension"),
    ("+1 415 555 2671 / +1 415 555 2672", None, "holds more than one phone number", "keep one"),
    ("020 7946 0958 or 07700 900123", "GB", "holds more than one phone number", "keep one"),
    ("030 1234567/8", "DE", "holds more than one phone number", "keep one"),
    ("+49 89/123456 / 78", None, "holds more than one phone number", "keep one"),
    ("+14155552671;+14155552672", None, "holds more than one phone number", "keep one"),
    ("+1 415 555 2671 (mobile)", None, "holds more than a phone number", 'write "+14155552671"'),
    ('="+14155552671"', None, "holds more than a phone number", 'write "+14155552671"'),
    ("'+14155552671", None, "holds more than a phone number", 'write "+14155552671"'),
    ("mobile: 415 555 2671", None, "holds more than a phone number", "leave the number alone"),
    ("+1 800 FLOWERS", None, "holds more than a phone number", 'write "+18003569377"'),
    ("1-800-FLOWERS", "US", "holds more than a phone number", 'write "+18003569377"'),
    ("1.41556E+10", "US", '"1.41556E+10" lost its last digits in a spreadsheet', "format the column as text"),
    ("4,15556E+9", "US", "lost its last digits in a spreadsheet", "format the column as text"),
    ("14155552671.0", "US", "has decimals", "format the column as text"),
    ("", "US", 'a phone number is expected, not the text ""', '"+14155550100"'),
    ("-", "US", "a phone number is expected", '"+14155550100"'),
    ("+", None, "a phone number is expected", '"+14155550100"'),
    ("N/A", "US", "a phone number is expected", '"+14155550100"'),
    ("ann@example.com", None, "a phone number is expected", '"+14155550100"'),
    ("+" + "1" * 300, None, "a phone number is expected", '"+14155550100"'),
    ("+1" + "\u0664" * 4, None, "cannot exist", "10 digits"),
]  # fmt: skip
"""What is no number: the text, its region, and a part of what is wrong and of what would be right."""


@pytest.mark.parametrize(
    ("text", "region", "number"), [(text, region, number) for (region, number), texts in READ.items() for text in texts]
)
def test_a_number_is_read_as_people_write_it(text: str, region: str, number: str) -> None:
    assert read_phone_number(text, region) == number
    assert phonenumbers.is_valid_number(phonenumbers.parse(number))


@pytest.mark.parametrize("text", [text for texts in READ.values() for text in texts if "+" in text or text[:2] == "00"])
def test_a_number_with_its_country_code_needs_no_region(text: str) -> None:
    assert read_phone_number(text) == read_phone_number(text, "US")


@pytest.mark.parametrize(("text", "region", "message", "cure"), REFUSED)
def test_what_is_no_number_says_why_and_what_would_be_right(text: str, region: str, message: str, cure: str) -> None:
    found = read_phone_number(text, region)

    assert isinstance(found, NoNumber)
    assert message in shown(found.message)
    assert cure in shown(found.cure)


def test_what_a_cure_proposes_is_accepted() -> None:
    found = [read_phone_number(text, region) for text, region, _, _ in REFUSED]
    cures = " ".join(shown(one.cure) for one in found if isinstance(one, NoNumber))
    proposed = re.findall(r"\+[0-9]{7,}", cures)

    assert len(proposed) > 10
    assert all(map(is_e164, proposed))


def test_at_least_sixty_ways_in_five_regions_are_tried() -> None:
    assert len(READ) == 5
    assert sum(map(len, READ.values())) >= 60


@pytest.mark.parametrize("region", sorted(phonenumbers.SUPPORTED_REGIONS))
def test_the_example_of_each_region_is_read_in_each_form_of_the_library(region: str) -> None:
    example = phonenumbers.example_number(region)
    assert example
    number = phonenumbers.format_number(example, PhoneNumberFormat.E164)

    for form in (PhoneNumberFormat.E164, PhoneNumberFormat.INTERNATIONAL, PhoneNumberFormat.RFC3966):
        assert read_phone_number(phonenumbers.format_number(example, form)) == number
    assert read_phone_number(phonenumbers.format_number(example, PhoneNumberFormat.NATIONAL), region) == number
    assert is_e164(number) or example.italian_leading_zero


@pytest.mark.parametrize("region", sorted(phonenumbers.SUPPORTED_REGIONS))
def test_a_number_that_lost_its_plus_is_never_another_number(region: str) -> None:
    for kind in (phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE):
        if example := phonenumbers.example_number_for_type(region, kind):
            number = phonenumbers.format_number(example, PhoneNumberFormat.E164)
            found = read_phone_number(number[1:], region)
            assert found == number or isinstance(found, NoNumber)


@pytest.mark.parametrize(
    ("dialled", "region"),
    [("0011", "AU"), ("001", "KR"), ("002", "KR"), ("0014", "BR"), ("009", "CO"), ("010", "JP"), ("00", "SG")],
)
def test_what_a_country_dials_for_calls_abroad_is_no_country_code(dialled: str, region: str) -> None:
    assert read_phone_number(f"{dialled} 44 20 7946 0958", region) == "+442079460958"


def test_a_number_that_needs_no_library_is_possible_for_the_library_too() -> None:
    numbers = [f"+{code}{'2' * length}" for code, lengths in possible_lengths().items() for length in lengths]
    plain = [number for number in numbers if is_e164(number)]
    closed = [one for one in plain if not phonenumbers.is_possible_number(phonenumbers.parse(one))]

    assert len(plain) > 500
    assert len(closed) < 5, "countries close a length now and then; more of them are a reason to renew the table"


def test_a_number_that_is_possible_may_not_be_assigned() -> None:
    assert is_assigned("+14155552671")
    assert read_phone_number("+11234567890") == "+11234567890"
    assert not is_assigned("+11234567890")


def test_a_secret_stays_one_whatever_becomes_of_it() -> None:
    read, refused = read_phone_number(Secret("+1 415-555-2671")), read_phone_number(Secret("415-555-2671"))

    assert isinstance(read, Secret)
    assert read == "+14155552671"
    assert isinstance(refused, NoNumber)
    assert "2671" not in shown(refused.message) + shown(refused.cure)


def test_the_message_that_others_may_read_shows_no_number() -> None:
    for text, region, _, _ in REFUSED:
        found = read_phone_number(text, region)
        assert isinstance(found, NoNumber)
        assert "555" not in str(found.message) + str(found.cure).replace("+14155550100", "")


def test_e164_is_accepted_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "phonenumbers", None)

    assert read_phone_number("+14155552671") == "+14155552671"
    assert read_phone_number("+442079460958", "US") == "+442079460958"
