"""
A snapshot: what was read of an account at one time, with every live value masked and every live key a digest.

It serves plans where the account cannot be reached or its key must not be. Equal values are recognised by their
digests, which takes the key that the snapshot was made with.
"""

from reconciler.core.snapshot.masking import Taken, has_key_of, mask_holdings, unmask_snapshot
from reconciler.core.snapshot.seen import Holdings, Snapshot

__all__ = ["Holdings", "Snapshot", "Taken", "has_key_of", "mask_holdings", "unmask_snapshot"]
