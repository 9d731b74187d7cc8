"""Site files: a site as one readable TOML file, read with all its mistakes at once and written without losing a remark."""

from mailkit.site.file.site_file import Mistake, Site, SiteFile, SiteMistakes, dumps, load, loads, schema

__all__ = ["Mistake", "Site", "SiteFile", "SiteMistakes", "dumps", "load", "loads", "schema"]
