"""The law of shards as it is lived: all of them applied, one after the other, are one apply of the whole."""

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from reconciler.core.documents.merging import merge
from reconciler.core.documents.receipt import ReceiptDocument, describe_receipt
from reconciler.core.model.selection import Shard
from tests.builders import MASKER
from tests.properties.test_laws import Account, accounts, same_account


def applied(account: Account, shard: Shard | None) -> ReceiptDocument:
    account.run = replace(account.run, shard=shard)
    return describe_receipt(account.apply(account.plan()).receipt, MASKER)


@given(accounts(), st.integers(2, 4))
def test_the_merged_receipts_of_shards_are_the_receipt_of_one_apply_and_leave_the_same_account(
    account: Account, count: int
) -> None:
    other = Account(account.world, account.settings, account.reader)

    whole = applied(account, None)
    parts = [(str(index), applied(other, Shard(index, count))) for index in range(count)]

    assert merge(parts) == whole
    assert same_account(other.holds, account.holds)
