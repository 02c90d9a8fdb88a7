"""A watch: runs again and again, with a log, metrics and probes."""
