"""YAML → plain data with places, from the events of the parser."""
