"""Rows of data files: CSV and JSON Lines, one row at a time, each with its place."""
