"""What is declared and observed, and what may be shown of it."""
