"""The command line: one file per command, each loads only what it needs."""
