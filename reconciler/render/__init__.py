"""Renders documents and errors as text and JSON: values in, a string out; nothing is printed or decided here."""
