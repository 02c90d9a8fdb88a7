"""The tables of the state: rows in SQLite on one side, plain records on the other. No HTTP here."""
