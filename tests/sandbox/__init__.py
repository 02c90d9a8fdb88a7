"""The stand-in, held against the API reference."""
