"""The steps of the panel "choose a mode", as widgets: one class for each kind of step."""

from __future__ import annotations

from collections.abc import Callable

from mailkit.panels.site.host import Host, StepView
from mailkit.panels.site.steps.checks import ChecksStep
from mailkit.panels.site.steps.choose import ModeStep
from mailkit.panels.site.steps.fields import FieldsStep
from mailkit.panels.site.steps.routes import RoutesStep
from mailkit.panels.site.steps.rows import RowsStep
from mailkit.panels.site.steps.save import SaveStep
from mailkit.panels.site.steps.settings import SettingsStep
from mailkit.panels.site.steps.start import StartStep
from mailkit.panels.site.steps.traces import TracesStep
from mailkit.panels.site.walk import Step

__all__ = ["view_of"]

_OWN: dict[str, Callable[[Host, Step], StepView]] = {
    "start": StartStep,
    "mode": ModeStep,
    "general": SettingsStep,
    "email": SettingsStep,
    "traces": TracesStep,
    "routes": RoutesStep,
    "checks": ChecksStep,
    "save": SaveStep,
}


def view_of(host: Host, step: Step) -> StepView:
    """Build the widgets of a step: those with a way of their own by name, the others by what they ask for."""
    if step.name in _OWN:
        return _OWN[step.name](host, step)
    return RowsStep(host, step) if step.rows else FieldsStep(host, step)
