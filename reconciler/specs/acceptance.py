"""Which texts specs accept: the rules of the schema, for whoever writes specs rather than reads them."""

from pydantic import TypeAdapter, ValidationError

from reconciler.core.export import TextKind
from reconciler.specs.texts import AccountId, Email, Id, PhoneNumber, has_control_characters

_ID: TypeAdapter[str] = TypeAdapter(Id)
_PHONE_NUMBER: TypeAdapter[str] = TypeAdapter(PhoneNumber)
_RULES: dict[TextKind, TypeAdapter[str]] = {
    "contact_id": TypeAdapter(AccountId),
    "external_id": _ID,
    "persona_id": _ID,
    "phone_number": _PHONE_NUMBER,
    "agent_number": _PHONE_NUMBER,
    "email": TypeAdapter(Email),
}


def accepts(kind: TextKind, text: str) -> bool:
    """Say whether specs accept a text as one of a kind."""
    if kind == "fact_key":
        return bool(text) and not has_control_characters(text)
    try:
        _RULES[kind].validate_python(text)
    except ValidationError:
        return False
    return True
