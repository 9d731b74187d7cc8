"""Users and clerks from the tables sites have: CSV, Excel, OpenDocument; one user or one clerk a row."""

from mailkit.site.table.headers import Kind
from mailkit.site.table.merge import Merged, merge
from mailkit.site.table.reading import Column, Imported, NotUnderstood, read_clerks, read_users, template

__all__ = ["Column", "Imported", "Kind", "Merged", "NotUnderstood", "merge", "read_clerks", "read_users", "template"]
