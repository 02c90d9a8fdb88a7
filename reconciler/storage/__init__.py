"""Files that this tool writes: its own in `.reconciler/`, and those that were asked for."""
