"""What is saved and shown: plans, receipts and runs as documents, already masked."""
