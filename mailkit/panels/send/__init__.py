"""The panel "send test mails": from a site file, over a preview, to mails that were seen in the mailbox.

The panel itself is in :mod:`.panel`; what it knows in :mod:`.model`; the work in :mod:`.round`; the words in :mod:`.results`.
"""

from mailkit.panels.send.panel import SendPanel

__all__ = ["SendPanel"]
