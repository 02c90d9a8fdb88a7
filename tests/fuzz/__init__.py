"""What reads bytes of strangers, fed by a fuzzer that looks for bytes which make it fail in an undocumented way."""
