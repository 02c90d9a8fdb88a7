"""Contacts from data files: each row becomes a declaration, as if it stood in YAML."""
