"""Why a goal is missed where it is, and what would be needed: shown only then."""

PLAN = (
    "Start-up, reading and checking the specs, comparing and showing come on top of the requests. "
    "It would need specs that are read while the first answers are on their way."
)
WIRE = (
    "Each request costs CPU in the client, which one core has to find within the 25 ms that 50 of them share: "
    "the bare client pays it, too. It would need a leaner client than aiohttp, or several processes."
)
MEMORY = (
    "Specs, answers and the plan are all in memory at once, and the libraries alone take 40 MB. "
    "It would need a plan that is written out while it is made."
)
CHANGED = (
    "Each difference is found, put into the plan and shown, where a plan without changes does none of it. "
    "It would need a cheaper form of a change in the plan."
)
LISTING = (
    "Half of its time is imports and reading YAML with the place of every value, which messages need. "
    "It would need a parser that keeps places without a Python object for every event, "
    "or a process that stays (`watch`)."
)
IMPORTS = (
    "The imports of httpx, aiohttp, pydantic, yaml and click alone take longer than that peer's whole run, "
    "which asks nobody over a network. "
    "It would need an HTTP client and a validator that import in a third of the time."
)
APPLY = (
    "Beside the requests there are start-up, reading and checking the specs, and showing the plan. "
    "A journal has two lines an operation, which reach the disk before the request leaves. "
    "It would need a journal that is written without leaving the event loop, or a process that stays (`watch`)."
)
GROWTH = (
    "Ten times as many memories cost more than ten times as much, since Python's collector of cycles walks more. "
    "It would need fewer objects that live as long as the plan."
)
HELP = (
    "click's own import is four times `python -c pass`, which leaves the length of one for everything else. "
    "It would need another library for the command line."
)
VALIDATE = (
    "Checks, places of all values and references come on top of loading, and the start-up of a program that has them. "
    "It would need checks that are not made in Python."
)
COUNT = "A count does not depend on the machine: it is a mistake, to be mended."
