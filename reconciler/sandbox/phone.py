"""Phone numbers brought to one form, for the switch that keeps and compares them so (U5)."""

from reconciler.sandbox.settings import Numbers

_NATIONAL_LENGTH = 10


def to_e164(number: str) -> str:
    """Read a number as the API's other products do: punctuation dropped, ten digits are American."""
    digits = "".join(character for character in number if character.isdigit())
    if number.strip().startswith("+"):
        return f"+{digits}"
    if len(digits) == _NATIONAL_LENGTH:
        return f"+1{digits}"
    return f"+{digits}" if digits else number


def in_form(number: str, form: Numbers) -> str:
    """Return a number in the form that a sandbox keeps: as it is, in E.164, or with the same digits in another."""
    if form == "exact":
        return number
    whole = to_e164(number.replace("00", "+", 1) if number.startswith("00") else number)
    digits = whole.removeprefix("+")
    forms: dict[Numbers, str] = {
        "bare": digits,
        "spaced": f"+{digits[:1]} ({digits[1:4]}) {digits[4:7]}-{digits[7:]}",
        "zeros": f"00{digits}",
    }
    return forms.get(form, whole)
