"""``python -m mailkit``."""

from mailkit.cli.main import run

run()
