"""What a user would pick instead, each set up to do comparable work, or skipped with a reason."""
