"""Declarative reconciler for the memory of Bland AI voice agents: specs, plan, apply."""

import sys
from types import ModuleType

__version__ = "0.1.0"

_NEEDLESS = {
    "httpx._main": {},  # httpx's own command line, with rich where that is installed
    "pydantic.plugin._loader": {"get_plugins": tuple},  # plugins of other packages, which would see what specs hold
}
"""Modules that libraries import though nothing here uses them, and what stands in their place: each costs a tenth."""

for _name, _names in _NEEDLESS.items():
    if _name not in sys.modules:
        sys.modules[_name] = _module = ModuleType(_name)
        vars(_module).update(_names)
