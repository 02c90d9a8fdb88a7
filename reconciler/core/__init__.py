"""Values and decisions: everything here computes, nothing here reads, writes, waits or prints."""
