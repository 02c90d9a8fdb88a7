"""Phone numbers brought to E.164, for the switch that compares them so (U5)."""

_NATIONAL_LENGTH = 10


def to_e164(number: str) -> str:
    """Read a number as the API's other products do: punctuation dropped, ten digits are American."""
    digits = "".join(character for character in number if character.isdigit())
    if number.strip().startswith("+"):
        return f"+{digits}"
    if len(digits) == _NATIONAL_LENGTH:
        return f"+1{digits}"
    return f"+{digits}" if digits else number
