"""
Phone numbers, as people write them → E.164, or why not and what would be right.

The one place that reads phone numbers, for specs, tables, overlays and export. It is also the one importer of
`phonenumbers`, and imports it only for a number that is not plainly E.164: the import takes longer than a small plan.
"""

import re
from typing import TYPE_CHECKING
from unicodedata import category, decimal

from msgspec import Struct

from reconciler.core.model.calling_codes import E164, is_e164, possible_lengths
from reconciler.core.model.masking import compose, named, quote
from reconciler.core.model.text import Secret, UnreadSecret, shortened

if TYPE_CHECKING:
    import phonenumbers

_LONGEST_QUOTE = 41
_EXAMPLE = 'write "+", the country code and the number, 7 to 15 digits in all: "+14155550100"'
NO_REGION = 'write "+" and the country code first, or, for a data file, set phone_region in contacts_from'

SPREADSHEET_CURE = "format the column as text in the spreadsheet, and save the list again"
"""What helps where a spreadsheet took an id or a phone number for a number."""

_INTERNATIONAL = r"(?is)[\s(\[]*(?:tel:)?[\s(\[]*(?P<sign>\+|00)(?P<rest>.*)"
_ONLY_A_NUMBER = r"[\d\s().\-/\[\]]+"
_BRACKETED_ZERO = r"[\s)\].\-/]*[1-9]\d{0,2}[\s)\].\-/]*[(\[]\s*0\s*[)\]]"
_EXPONENT = r"[-+]?\d+(?:[.,]\d+)?[eE][-+]?\d+"
_DECIMALS = r"\+?\d{6,}[.,]0+"
_EXTENSION = (
    r"(?i)(?P<number>.*\d[\s)\]]*)[\s,;]*"
    r"(?:\b(?:ext(?:ension)?|extn|ex|int|anexo)\b[.:]?|;ext=|;|x|#|доб\.?)[\s:.]*\d{1,7}#?"
)
_BETWEEN_NUMBERS = r"(?i)[/;,|&\n]|\b(?:or|and)\b|(?=\+)"
_SHORT_SECOND = r".*/\s*\d{1,3}\s*"
_LIKE_A_NUMBER = r"\+?[(\[]?\d[\d\s().\-/\[\]]{5,}\d"
_SPELLED = r"[\d\s().-]*\d[\s().-]*[A-Z]+(?:-[A-Z]+)*[\s().-]*\d*"
_SHORTEST_NUMBER = 7
_LONGEST_TEXT = 100


class NoNumber(Struct, frozen=True):
    """Why a text is no phone number, and what would be right."""

    message: str
    cure: str


def read_phone_number(text: str, region: str | None = None) -> str | NoNumber:
    """
    Return a phone number in E.164, or why there is none.

    What begins with "+" or "00" needs no `region`; a national number is read as one of the region, an ISO code.
    """
    if is_e164(text) or isinstance(text, UnreadSecret):
        return text
    found = _read(_folded(str.__str__(text)), region)
    if not isinstance(text, Secret):
        return found
    return no_number(text) if isinstance(found, NoNumber) else Secret(found)


def e164_of(text: str) -> str:
    """Return a phone number with its country code in E.164, and any other text as it is."""
    found = read_phone_number(text)
    return found if isinstance(found, str) else text


def is_assigned(number: str) -> bool:
    """Return whether a number in E.164 is within a range that its country has handed out."""
    import phonenumbers

    return phonenumbers.is_valid_number(phonenumbers.parse(number))


def no_number(value: object) -> NoNumber:
    """Return that a value is no phone number at all."""
    return NoNumber(compose("a phone number is expected, not {}", named(value)), _EXAMPLE)


def _folded(text: str) -> str:
    """Return a text with its digits, blanks and dashes as ASCII has them, without what does not show."""
    return (text if text.isascii() else "".join(map(_folded_character, text))).strip()


def _folded_character(character: str) -> str:
    kind = category(character)
    if kind == "Nd":
        return str(decimal(character))
    if kind in ("Zs", "Zl", "Zp"):
        return " "
    if kind == "Pd" or character == "\u2212":
        return "-"
    return "" if kind == "Cf" else _WIDE.get(character, character)


_WIDE = {"\uff0b": "+", "\ufe62": "+", "\uff08": "(", "\uff09": ")", "\uff0e": ".", "\uff0f": "/"}


def _read(text: str, region: str | None) -> str | NoNumber:
    if len(text) > _LONGEST_TEXT or not re.search("[0-9]", text):
        return no_number(text)
    if re.fullmatch(_EXPONENT, text):
        return NoNumber(compose("{} lost its last digits in a spreadsheet", _quoted(text)), SPREADSHEET_CURE)
    if re.fullmatch(_DECIMALS, text):
        return NoNumber(compose("{} has decimals, which a phone number has not", _quoted(text)), SPREADSHEET_CURE)
    international = re.fullmatch(_INTERNATIONAL, text)
    written = international["rest"] if international else text
    digits = _digits(written)
    if not re.fullmatch(_ONLY_A_NUMBER, written) or _holds_two(text, digits):
        return _more_than_a_number(text, region)
    if international:
        dialled = _dialled_abroad(digits, text, region) if region and international["sign"] == "00" else None
        return dialled or _international(digits, text, written)
    return _national(digits, text, region)


def _more_than_a_number(text: str, region: str | None) -> NoNumber:
    """Return the problem of what stands beside a number, and suggest the number alone where it can be read."""
    if len(_numbers_in(text)) > 1 or _has_short_second(text):
        return NoNumber(
            _said("{} holds more than one phone number", text), "keep one; each user has a number of its own"
        )
    if found := re.fullmatch(_EXTENSION, text):
        number = _suggested(_read(found["number"], region), "without the extension")
        return NoNumber(
            _said("{} has an extension, which no agent can dial", text),
            compose("write {}; keep the extension as a fact of its own", number),
        )
    number = _spelled(text, region)
    if number is None and (found := re.search(_LIKE_A_NUMBER, text)):
        alone = _read(found[0], region)
        if not isinstance(alone, str):
            return NoNumber(_said("{} holds more than a phone number", text), "leave the number alone in its place")
        number = alone
    if number is None:
        return no_number(text)
    return NoNumber(_said("{} holds more than a phone number", text), compose("write {}", quote(number)))


def _spelled(text: str, region: str | None) -> str | None:
    """Return the number of one that is spelled in letters, as 1-800-FLOWERS."""
    import phonenumbers

    found = re.fullmatch(_INTERNATIONAL, text)
    if not re.fullmatch(_SPELLED, found["rest"] if found else text):
        return None
    number = _read(phonenumbers.convert_alpha_characters_in_number(text), region)
    return number if isinstance(number, str) else None


def _numbers_in(text: str) -> list[str]:
    """Return the parts of a text that are long enough to be numbers of their own."""
    return [part for part in re.split(_BETWEEN_NUMBERS, text) if len(_digits(part)) >= _SHORTEST_NUMBER]


def _holds_two(text: str, digits: str) -> bool:
    has_room = len(digits) >= 2 * _SHORTEST_NUMBER
    return _has_short_second(text) or (has_room and len(_numbers_in(text)) > 1)


def _has_short_second(text: str) -> bool:
    """Return whether only the last digits of a second number stand behind a number, as in 030 1234567/8."""
    is_short = "/" in text and re.fullmatch(_SHORT_SECOND, text)
    return bool(is_short) and len(_digits(text.rpartition("/")[0])) >= _SHORTEST_NUMBER


def _dialled_abroad(digits: str, text: str, region: str) -> str | NoNumber | None:
    """Return a number behind what a region dials for calls abroad where that is 00 and more, as 0011 in Australia."""
    import phonenumbers

    try:
        parsed = phonenumbers.parse(f"00{digits}", region, keep_raw_input=True)
    except phonenumbers.NumberParseException:
        return None
    number = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    is_dialled = parsed.country_code_source == phonenumbers.CountryCodeSource.FROM_NUMBER_WITH_IDD
    if not is_dialled or number.endswith(digits) or not phonenumbers.is_valid_number(parsed):
        return None
    return _one_of(text, number, f"+{digits}") if _is_plainly_assigned(digits) else number


def _is_plainly_assigned(digits: str) -> bool:
    return is_e164(f"+{digits}") and is_assigned(f"+{digits}")


def _one_of(text: str, number: str, other: str) -> NoNumber:
    """Return the problem of a text that is two numbers, by where its country code ends."""
    cure = compose("write the one that is meant: {} or {}", quote(number), quote(other))
    return NoNumber(_said("{} can be read as two phone numbers", text), cure)


def _international(digits: str, text: str, written: str) -> str | NoNumber:
    import phonenumbers

    try:
        parsed = phonenumbers.parse(f"+{digits}")
    except phonenumbers.NumberParseException as error:
        return _unreadable(digits, text, is_code=error.error_type == error.INVALID_COUNTRY_CODE)
    number = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    code = str(parsed.country_code)
    first = re.search("[0-9]+", written)
    if first and len(first[0]) < len(code):  # as in +8 495 123-45-67, of which +84 would make another country's
        return NoNumber(_said(f"{{}} cannot exist: no country has the code +{first[0]}", text), _EXAMPLE)
    if number != f"+{digits}" and not re.match(_BRACKETED_ZERO, written):
        return _trunk(text, code, digits.removeprefix(code), number)
    return _possible(parsed, number, text)


def _trunk(text: str, code: str, rest: str, number: str) -> NoNumber:
    """Return the problem of a number with the prefix of its country beside the country code."""
    prefix = rest.removesuffix(number.removeprefix(f"+{code}"))
    why = f"the {prefix} after +{code} is only dialled inside the country"
    if prefix == rest:
        why = "it is not the form for calls from abroad"
    return NoNumber(compose("{} cannot exist: {}", _quoted(text), why), compose("did you mean {}?", quote(number)))


def _national(digits: str, text: str, region: str | None) -> str | NoNumber:
    if not region:
        is_long = len(digits) >= _SHORTEST_NUMBER
        return NoNumber(_said("{} has no country code", text), NO_REGION) if is_long else no_number(text)
    import phonenumbers

    try:
        parsed = phonenumbers.parse(digits, region)
    except phonenumbers.NumberParseException:
        return no_number(text)
    number = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    found = _possible(parsed, number, text, region)
    if isinstance(found, str):
        return _with_its_code(digits, text, region, found) or found
    other = _read(f"+{digits}", None) if len(digits) > _SHORTEST_NUMBER else None
    return _of_another(text, region, other) if isinstance(other, str) and is_assigned(other) else found


def _with_its_code(digits: str, text: str, region: str, number: str) -> NoNumber | None:
    """Return the problem of a possible national number that is rather one with its country code, without the "+"."""
    import phonenumbers

    other, code = f"+{digits}", f"{phonenumbers.country_code_for_region(region)}"
    if number == other or not _is_plainly_assigned(digits):
        return None
    if not is_assigned(number):
        return _of_another(text, region, other)
    has_prefix = phonenumbers.ndd_prefix_for_region(region, strip_non_digits=True)
    return _one_of(text, other, number) if has_prefix and digits.startswith(code) else None


def _of_another(text: str, region: str, other: str) -> NoNumber:
    cure = compose("if it begins with its country code, write {}", quote(other))
    return NoNumber(_said(f"{{}} is no number of {region}", text), cure)


def _possible(parsed: "phonenumbers.PhoneNumber", number: str, text: str, region: str = "") -> str | NoNumber:
    """Return a number, or, where its length is not possible, what is wrong with that."""
    import phonenumbers

    code, result = parsed.country_code, phonenumbers.ValidationResult
    reason = phonenumbers.is_possible_number_with_reason(parsed)
    if reason == result.IS_POSSIBLE and re.fullmatch(E164, number):
        return number
    if reason == result.IS_POSSIBLE_LOCAL_ONLY:
        return NoNumber(_said("{} lacks its area code", text), "write it with the area code")
    size = "long" if reason == result.TOO_LONG else "short" if reason == result.TOO_SHORT else "long or too short"
    lengths = _in_words(sorted(possible_lengths().get(str(code), ())))
    where = f"{region} (+{code})" if region else f"+{code}"
    cure = f"correct it: after +{code} come {lengths} digits" if lengths else _EXAMPLE
    return NoNumber(compose("{} cannot exist: it is too {} for {}", _quoted(text), size, where), cure)


def _unreadable(digits: str, text: str, *, is_code: bool) -> NoNumber:
    """Return the problem of a number without a country code that there is, or with too few digits."""
    if digits.startswith("0"):
        other = _read(f"+{digits.lstrip('0')}", None)
        if isinstance(other, str):
            return NoNumber(
                _said("{} cannot exist: no country code begins with 0", text), compose("did you mean {}?", quote(other))
            )
    if is_code and len(digits) >= _SHORTEST_NUMBER:
        return NoNumber(_said("{} cannot exist: no country has this code", text), _EXAMPLE)
    return no_number(text)


def _in_words(lengths: list[int]) -> str:
    """Return lengths as a person would: `10`, `8 to 10`, `7, 9 or 10`."""
    if len(lengths) > 2 and lengths[-1] - lengths[0] == len(lengths) - 1:  # noqa: PLR2004  a range
        return f"{lengths[0]} to {lengths[-1]}"
    *most, last = [str(length) for length in lengths] or [""]
    return f"{', '.join(most)} or {last}" if most else last


def _suggested(found: str | NoNumber, otherwise: str) -> object:
    return quote(found) if isinstance(found, str) else f"the number {otherwise}"


def _said(template: str, text: str) -> str:
    return compose(template, _quoted(text))


def _quoted(text: str) -> str:
    return quote(shortened(text, _LONGEST_QUOTE))


def _digits(text: str) -> str:
    return re.sub(r"[^0-9]+", "", text)
