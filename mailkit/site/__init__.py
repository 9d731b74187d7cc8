"""A site: what is configured, by which route every mail would leave, and what is wrong with the configuration alone.

Two products, never mixed: :class:`ErpSite` (maestro*, construction) and :class:`PmsSite` (Maestro PMS, hotel). Pure: no socket,
no clock.
"""

from mailkit.site.erp import ErpSite
from mailkit.site.pms import PmsSite
from mailkit.site.route import Route

__all__ = ["ErpSite", "PmsSite", "Route", "Site"]

Site = ErpSite | PmsSite
"""A site of either product."""
