"""What is told of an option that chooses nothing: the nearest address or label."""

from reconciler.core.model.address import contact_address, existing_address
from reconciler.core.model.desired import Desired
from reconciler.core.model.labels import unmatched_label
from reconciler.core.model.nearest import Nearest, did_you_mean
from reconciler.errors import InputError


def unmatched(option: tuple[str, str], desired: Desired) -> InputError:
    """Return the error for an option, with its value, or a bare address, that names nothing that is declared."""
    name, text = option
    return InputError(unmatched_label(text, desired.contacts) if name == "--label" else _address(name, text, desired))


def _address(option: str, pattern: str, desired: Desired) -> str:
    """Return the message for an address without a match, with the address of the nearest contact or memory."""
    name = pattern.removeprefix("contacts.").removeprefix("memories.").partition(".")[0]
    addresses = {one.name: existing_address(one.name) for one in desired.existing_memories}
    addresses |= {one.name: contact_address(one.name) for one in desired.contacts}
    nearest = name if name in addresses else Nearest(addresses).nearest(name)
    cure = did_you_mean(name, addresses.values()) if nearest is None else f'did you mean "{addresses[nearest]}"?'
    return f"{option} {pattern} names nothing that is declared; {'' if nearest == name else cure}".strip("; ")
