"""Input that a stranger could send: whatever it is, it costs a message, and neither minutes nor gigabytes."""
