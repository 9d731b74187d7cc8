"""By which route every mail of a site leaves: one :class:`~mailkit.site.route.Route` per person and kind of mail."""

from mailkit.site.routing.site_routes import route, routes, rules, trace_rules

__all__ = ["route", "routes", "rules", "trace_rules"]
