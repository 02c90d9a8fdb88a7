"""Operations that cure differences, plans of them, and receipts of their outcomes."""
