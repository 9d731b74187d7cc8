"""The panel "choose a mode" without a browser."""

from __future__ import annotations

import ast
import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ipywidgets
import pytest

import mailkit.panels
from mailkit.errors import InputError
from mailkit.panels import SitePanel
from mailkit.panels.parts import FieldSet, FileField, RowTable
from mailkit.panels.site.code import as_python
from mailkit.panels.site.draft import SiteDraft
from mailkit.panels.site.walk import walk
from mailkit.practice.site_files import SITE_FILES
from mailkit.site.erp import User
from mailkit.site.file import SiteMistakes, loads
from mailkit.site.table import template

TODAY = dt.date(2026, 11, 21)
MARKER = "vivid-marker-of-a-password"


@pytest.fixture
def panel() -> SitePanel:
    return SitePanel(SiteDraft(TODAY))


def widgets_of(widget: Any) -> Iterator[Any]:
    yield widget
    for child in getattr(widget, "children", ()):
        yield from widgets_of(child)


def shown(panel: SitePanel) -> str:
    """Everything the notebook could save of what is on view."""
    return json.dumps([widget.get_state() for widget in widgets_of(panel.view)], default=repr)


def press(panel: SitePanel, name: str) -> None:
    next(w for w in widgets_of(panel.view) if isinstance(w, ipywidgets.Button) and w.description == name).click()


def send(widget: Any, content: dict[str, Any], *buffers: bytes) -> None:
    """Let the front end of a widget say something."""
    widget._handle_msg(
        {"content": {"data": {"method": "custom", "content": content}}, "buffers": [memoryview(b) for b in buffers]}
    )


def type_in(panel: SitePanel, path: str, text: str | None) -> None:
    """Edit a field that is on view."""
    for widget in widgets_of(panel.view):
        if isinstance(widget, FieldSet) and path in {field["id"] for field in widget.fields}:
            send(widget, {"set": path, "value": text})
            return
    pytest.fail(f"{path} is not on view")


def one(panel: SitePanel, kind: type[Any]) -> Any:
    return next(widget for widget in widgets_of(panel.view) if isinstance(widget, kind))


def test_a_site_is_described_in_plain_python(panel: SitePanel) -> None:
    panel.fill(product="maestro-erp", version="new", deployment="cloud")
    panel.fill(
        {"general_settings.smtp.port": "587", "users.0.code": "office@builder.test", "users.1.code": "payroll@builder.test"}
    )
    assert loads(panel.text()) == panel.site
    assert panel.site is not None
    assert panel.site.version == "new"
    assert len(panel.draft.erp.users) == 2


def test_what_cannot_be_filled_in_is_an_input_error_and_changes_nothing(panel: SitePanel) -> None:
    panel.fill(product="maestro-erp", name="Builder")
    before = panel.draft
    for values in (
        {"general_settings.smtp.port": "smtp"},
        {"general_settings.smtp.prot": "25"},
        {"users.7.code": "x"},
        {"product": "x"},
    ):
        with pytest.raises(InputError):
            panel.fill(values)
        assert panel.draft == before
    with pytest.raises(InputError, match="product"):
        SitePanel(SiteDraft(TODAY)).fill(name="Builder")


@pytest.mark.parametrize("name", list(SITE_FILES))
def test_every_step_can_be_shown(panel: SitePanel, name: str) -> None:
    press(panel, f"Practice: the {name}")
    assert panel.site == SITE_FILES[name].site()
    for step in walk(panel.draft.product):
        panel.go(step.name)
        assert panel.step == step.name
        assert step.title in shown(panel)
        assert "mailkit site" in panel.show_code()
    assert panel.text() == SITE_FILES[name].text


@pytest.mark.parametrize("product", ["maestro-erp", "maestro-pms"])
def test_every_step_of_an_empty_site_can_be_shown(panel: SitePanel, product: str) -> None:
    panel.fill(product=product)
    for step in walk(panel.draft.product):
        panel.go(step.name)
        assert loads(panel.text()) == panel.site


def test_next_and_back_lead_through_all_steps(panel: SitePanel) -> None:
    panel.fill(product="maestro-pms")
    names = [step.name for step in walk("maestro-pms")]
    seen = [panel.step]
    while len(seen) < len(names):
        press(panel, "Next")
        seen.append(panel.step)
    assert seen == names
    press(panel, "Back")
    assert panel.step == names[-2]


def test_going_back_loses_no_input_usable_or_not(panel: SitePanel) -> None:
    panel.fill(product="maestro-erp")
    panel.go("general")
    type_in(panel, "general_settings.smtp.port", "smtp")
    type_in(panel, "general_settings.smtp.user_name", "office@builder.test")
    panel.go("start")
    panel.go("general")
    assert '"general_settings.smtp.port": "smtp"' in shown(panel)
    assert "1 to 65535" in shown(panel)
    assert panel.draft.erp.general_settings.smtp.user_name == "office@builder.test"


def test_each_change_can_be_taken_back(panel: SitePanel) -> None:
    panel.fill(product="maestro-erp", name="Builder")
    panel.go("start")
    press(panel, "Practice: the hotel")
    assert panel.draft.product == "maestro-pms"
    panel.undo()
    assert panel.draft.erp.name == "Builder"
    press(panel, "Begin with an empty site")
    assert panel.site is None
    press(panel, "Undo")
    assert panel.draft.erp.name == "Builder"


def test_a_row_is_added_edited_and_removed(panel: SitePanel) -> None:
    panel.fill(product="maestro-pms")
    panel.go("clerks")
    press(panel, "Add a clerk")
    type_in(panel, "clerks.0.code", "FD1")
    type_in(panel, "clerks.0.email", "")
    assert [row[1][:1] for row in one(panel, RowTable).rows] == [["FD1"]]
    assert panel.draft.pms.clerks[0].email == ""
    press(panel, "Remove this clerk")
    assert not panel.draft.pms.clerks
    press(panel, "Undo")
    assert panel.draft.pms.clerks[0].code == "FD1"


def test_many_users_are_shown_a_page_at_a_time_and_found_by_a_filter(panel: SitePanel) -> None:
    panel.change(panel.draft.choose("maestro-erp").put("users", tuple(User(code=f"user{n}") for n in range(500))))
    panel.go("users")
    table = one(panel, RowTable)
    assert len(table.rows) == 25
    assert "500 users, 1 to 25 shown" in table.found
    send(table, {"page": 20})
    assert table.rows[-1][1][0] == "user499"
    send(table, {"page": 99})
    assert table.page == 20
    send(table, {"filter": "USER49"})
    assert len(table.rows) == 11
    send(table, {"choose": 499})
    assert "User user499" in shown(panel)
    send(table, {"choose": 0})  # not on this page
    assert table.chosen == 499


def test_a_table_of_users_is_read_and_what_was_not_understood_is_listed(panel: SitePanel) -> None:
    panel.fill(product="maestro-erp")
    panel.go("users")
    content = f"User Code;Name;Password;Shoe size\noffice;Office;{MARKER};42\n"
    send(one(panel, FileField), {"file": "users.csv"}, content.encode())
    assert panel.draft.erp.users[0].code == "office"
    assert "Shoe size" in shown(panel)
    assert MARKER not in shown(panel)
    assert MARKER not in panel.text()
    send(one(panel, FileField), {"file": "users.csv"}, content.encode())
    assert len(panel.draft.erp.users) == 1


def test_a_table_that_cannot_be_read_is_said_and_changes_nothing(panel: SitePanel) -> None:
    panel.fill(product="maestro-erp")
    panel.go("users")
    before = panel.draft
    send(one(panel, FileField), {"file": "users.xlsx"}, b"no workbook at all")
    assert panel.draft == before
    assert "was not read" in shown(panel)


def test_a_site_file_with_mistakes_shows_all_of_them_and_changes_nothing(panel: SitePanel, tmp_path: Path) -> None:
    panel.fill(product="maestro-erp", name="Builder")
    panel.go("start")
    wrong = (
        b'product = "maestro-erp"\nversion = "medium"\n[general_settings.smtp]\nport = "smtp"\npassword = "'
        + MARKER.encode()
        + b'"\n'
    )
    send(one(panel, FileField), {"file": "site.toml"}, wrong)
    assert panel.draft.erp.name == "Builder"
    for words in ("3 mistakes", "medium", "general_settings.smtp.port"):
        assert words in shown(panel)
    assert MARKER not in shown(panel)
    (tmp_path / "wrong.toml").write_bytes(wrong)
    with pytest.raises(SiteMistakes):
        panel.load(tmp_path / "wrong.toml")


def test_what_is_hostile_in_a_file_stays_text(panel: SitePanel) -> None:
    panel.fill(product="maestro-erp")
    panel.fill({"name": "<script>x</script>", "users.0.code": "<img src=x>", "provider": "<b>"})
    for step in walk("maestro-erp"):
        panel.go(step.name)
        markup = [text for widget in widgets_of(panel.view) for _, text in getattr(widget, "sections", [])]
        assert not [text for text in markup if "<script" in text or "<img" in text]


def test_the_mode_is_recommended_with_its_reasons_and_taken_over(panel: SitePanel) -> None:
    panel.fill(product="maestro-erp", version="old", deployment="cloud")
    panel.go("mode")
    assert panel.draft.erp.general_settings.mail_software is None
    press(panel, "Take it over")
    assert panel.draft.erp.general_settings.mail_software == "smtp"


def test_a_message_that_no_field_sends_is_ignored(panel: SitePanel) -> None:
    panel.fill(product="maestro-pms")
    panel.go("email")
    before = panel.draft
    fields = [widget for widget in widgets_of(panel.view) if isinstance(widget, FieldSet)]
    for content in (
        {"set": "email_setup.na_build", "value": "Y"},  # locked
        {"set": "name", "value": "x"},
        {"set": "email_setup.server", "value": 7},
        {"set": "email_setup.server", "value": "x" * 30_000},
        {"go": "x"},
    ):
        for widget in fields:
            send(widget, content)
    assert panel.draft == before


def test_saving_into_the_folder_says_so_and_overwrites_nothing(
    panel: SitePanel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "site.toml").write_text("# mine\n", "utf-8")
    panel.fill(product="maestro-pms", name="Hotel")
    panel.go("save")
    press(panel, "Save into this folder")
    assert "is there already" in shown(panel)
    assert (tmp_path / "site.toml").read_text("utf-8") == "# mine\n"
    type_in(panel, "name", "../hotel")
    assert "is no name for a file" in shown(panel)
    press(panel, "Save into this folder")
    assert [path.name for path in tmp_path.iterdir()] == ["site.toml"]
    type_in(panel, "name", "hotel")
    press(panel, "Save into this folder")
    assert loads((tmp_path / "hotel.toml").read_text("utf-8")) == panel.site
    assert not panel.draft.changed
    panel.fill(name="Hotel by the lake")
    press(panel, "Save into this folder")
    assert "Hotel by the lake" in (tmp_path / "hotel.toml").read_text("utf-8")
    panel.undo()  # and what was saved in between is still known to be ours
    assert panel.draft.changed
    press(panel, "Save into this folder")
    assert loads((tmp_path / "hotel.toml").read_text("utf-8")).name == "Hotel"


def test_a_file_loaded_from_the_folder_is_saved_back_with_its_remarks(
    panel: SitePanel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "site.toml").write_text('product = "maestro-pms" # ours\nprovider = "somebody"\n', "utf-8")
    panel.load("site.toml")
    panel.go("email")
    assert "somebody" in shown(panel)
    panel.fill(name="Hotel")
    panel.go("save")
    press(panel, "Save into this folder")
    written = (tmp_path / "site.toml").read_text("utf-8")
    assert "# ours" in written
    assert loads(written) == panel.site
    panel.go("start")
    press(panel, "Load")
    assert panel.site == loads(written)


def test_an_app_on_a_server_offers_neither_its_folder_nor_its_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SERVER_SOFTWARE", "voila/0.5.13")
    panel = SitePanel(SiteDraft(TODAY))
    assert '"Site file"' not in shown(panel)
    panel.fill(product="maestro-pms")
    panel.go("save")
    assert "Save into this folder" not in shown(panel)


def test_running_the_cell_again_goes_on_with_what_was_entered() -> None:
    first = mailkit.panels.site("again")
    first.fill(product="maestro-erp", name="Builder")
    assert mailkit.panels.site("again").draft == first.draft


@pytest.mark.parametrize("name", list(SITE_FILES))
def test_the_python_shown_runs_and_does_the_same(
    panel: SitePanel, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    panel.practise(name)
    (tmp_path / panel.draft.name).write_text(panel.text(), "utf-8")
    (tmp_path / "users.csv").write_text(template("users"), "utf-8")
    (tmp_path / "clerks.csv").write_text(template("clerks"), "utf-8")
    results = {}
    for step in walk(panel.draft.product):
        *before, last = ast.parse(as_python(panel.draft, step.name)).body
        names: dict[str, Any] = {}
        exec(compile(ast.Module(before, []), step.name, "exec"), names)
        assert isinstance(last, ast.Expr)
        results[step.name] = eval(compile(ast.Expression(last.value), step.name, "eval"), names)
    assert tuple(results["routes"]) == panel.draft.routes
    assert results["version"] == panel.site
    assert "<html" in (tmp_path / "sheet.html").read_text("utf-8")


def test_in_practice_mode_the_panel_begins_with_a_practice_site(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(mailkit.panels.PRACTICE, "1")
    assert mailkit.panels.site("practice").site == SITE_FILES["builder"].site()


def test_the_panel_shows_itself_in_a_notebook(panel: SitePanel) -> None:
    bundle = panel._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in (bundle[0] if isinstance(bundle, tuple) else bundle)
