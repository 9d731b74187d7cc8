"""Site files to begin with: one that somebody hands over, one of the practice sites."""

from __future__ import annotations

from mailkit.practice.site_files import SITE_FILES
from mailkit.site.file import SiteFile, loads
from mailkit.site.file.mistakes import Mistake, SiteMistakes

__all__ = ["opened", "practice_file"]


def opened(name: str, data: bytes) -> SiteFile:
    """Return the site file that somebody handed over.

    Raises:
        SiteMistakes: it is none; every mistake is in it.
    """
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        wrong = Mistake(
            line=None, field="", what="the file is not saved as UTF-8", allowed="save it again with the encoding UTF-8"
        )
        raise SiteMistakes(name, (wrong,)) from None
    return SiteFile(site=loads(text, name), text=text)


def practice_file(name: str) -> SiteFile:
    """Return a practice site's file (``KeyError``: there is none of that name)."""
    return SiteFile(site=SITE_FILES[name].site(), text=SITE_FILES[name].text)
