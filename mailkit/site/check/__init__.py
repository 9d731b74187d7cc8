"""Everything that is wrong with a configuration, before any server is asked: one list for both products."""

from mailkit.site.check.judging import check

__all__ = ["check"]
