"""What to do about a difference, and what became of it: operations, plans, receipts."""
