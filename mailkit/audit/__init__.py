"""An audit: a site's settings, servers and delivery history looked at in one go, without a hand on it; and two of them compared.

* :func:`audit` looks and judges, :class:`Audit` is the document, :func:`compare` says what changed between two of them.
"""

from mailkit.audit.comparison import AuditComparison, Change, compare
from mailkit.audit.document import Audit, AuditTable, LeftOut
from mailkit.audit.run import audit

__all__ = ["Audit", "AuditComparison", "AuditTable", "Change", "LeftOut", "audit", "compare"]
