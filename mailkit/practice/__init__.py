"""A whole fake mail site on loopback, in one process: mail servers good and faulty, a name server, accounts, mailboxes.

It is the demo, the tutorial and a test bed::

    async with practice_site() as site:
        print(site.describe())

    async with practice_server("banner-after-8s", banner_delay=1) as server:
        print(server.host, server.port, server.expects)

:data:`PLAYS` is the table of all practice servers.
"""

from mailkit.practice.play import PLAYS
from mailkit.practice.server import PracticeServer, practice_server
from mailkit.practice.site import PracticeSite, practice_site

__all__ = ["PLAYS", "PracticeServer", "PracticeSite", "practice_server", "practice_site"]
