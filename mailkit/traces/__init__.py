"""Copies of traces and staff messages to clerks, alerts to guests: what would be sent to whom, and queueing it."""
