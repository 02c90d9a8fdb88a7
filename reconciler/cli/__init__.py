"""The command line, the one place that prints, reads the environment and exits: options → workflow → output → code."""

import sys
from types import ModuleType

_NEEDLESS = {
    "httpx._main": {},  # httpx's own command line, with rich where that is installed
    "pydantic.plugin._loader": {"get_plugins": tuple},  # plugins of other packages, which would see what specs hold
}
"""Modules that libraries import and no command uses, which slow each start, and what stands in their place."""

for _name, _names in _NEEDLESS.items():
    if _name not in sys.modules:
        sys.modules[_name] = _module = ModuleType(_name)
        vars(_module).update(_names)
