"""The network's door: requests out, values or errors of our own back. Nothing of httpx leaves this package."""

import sys
from types import ModuleType

sys.modules.setdefault("httpx._main", ModuleType("httpx._main"))
"""httpx's own command line: where rich is installed, httpx imports it, and that takes longer than all the rest."""
