"""What the panel "choose a mode" knows, without a widget: values by their paths, drafts, how far each step is."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailkit.errors import InputError
from mailkit.finding import PRODUCTS, Product
from mailkit.panels.site.draft import SiteDraft
from mailkit.panels.site.folder import Exists, file_name, keep
from mailkit.panels.site.form import cell, form
from mailkit.panels.site.opening import opened, practice_file
from mailkit.panels.site.outline import outline
from mailkit.panels.site.paths import text_of, value_at, value_of
from mailkit.panels.site.preset import advice, choose_provider, recognised
from mailkit.panels.site.walk import hint, label, screen, walk
from mailkit.site import ErpSite, PmsSite
from mailkit.site.erp import User
from mailkit.site.file import loads
from mailkit.site.pms import Clerk
from mailkit.site.providers import providers
from mailkit.site.screens import fields_of

TODAY = dt.date(2026, 11, 21)


def erp() -> SiteDraft:
    return SiteDraft(TODAY).choose("maestro-erp")


def pms() -> SiteDraft:
    return SiteDraft(TODAY).choose("maestro-pms")


def every_field(product: Product) -> list[tuple[str, str]]:
    """Each field of each step: its path, and its name without a row."""
    return [
        (f"{step.rows}.0.{name}", f"{step.rows}.{name}") if step.rows else (name, name)
        for step in walk(product)
        for name in step.fields
    ]


def with_rows(draft: SiteDraft) -> SiteDraft:
    for step in walk(draft.product):
        if step.rows:
            draft = draft.add(step.rows)
    return draft


@pytest.mark.parametrize("product", PRODUCTS)
def test_every_field_of_every_step_exists_and_has_a_name(product: Product) -> None:
    draft = with_rows(SiteDraft(TODAY).choose(product))
    for path, key in every_field(product):
        assert label(product, key)
        assert isinstance(hint(product, key), str)
        assert draft.value(path) in (None, "", "7", "bulk"), path


@pytest.mark.parametrize("product", PRODUCTS)
def test_every_field_a_screen_has_is_asked_for(product: Product) -> None:
    asked = {screen(product, key)[0] for _, key in every_field(product) if screen(product, key)}  # type: ignore[index]
    assert {where for where, field in fields_of(product).items() if field.key} <= asked


@pytest.mark.parametrize("product", PRODUCTS)
def test_what_is_not_known_is_shown_as_not_known_and_stays_so(product: Product) -> None:
    draft = with_rows(SiteDraft(TODAY).choose(product))
    for path, _ in every_field(product):
        before = draft.value(path)
        assert draft.fill(path, before).site == draft.site


@given(
    text=st.none() | st.text(max_size=30) | st.sampled_from(["587", "yes", "no", "set", "smtp", "old", "2026-01-31"]),
    data=st.data(),
)
@settings(max_examples=200, deadline=None)
def test_whatever_is_typed_is_either_taken_or_kept_with_a_reason(text: str | None, data: st.DataObject) -> None:
    product = data.draw(st.sampled_from(PRODUCTS))
    draft = with_rows(SiteDraft(TODAY).choose(product))
    path, _ = data.draw(st.sampled_from(every_field(product)))
    filled = draft.fill(path, text)
    if path in filled.refused:
        assert filled.refused[path].text == (text or "")
        assert filled.refused[path].why
    else:
        assert filled.value(path) == (text.strip() if text else text)
    assert loads(filled.text) == filled.site


def test_empty_is_not_the_same_as_not_known() -> None:
    path = "general_settings.smtp.server_name"
    assert erp().fill(path, "").erp.general_settings.smtp.server_name == ""
    assert erp().fill(path, "").fill(path, None).erp.general_settings.smtp.server_name is None
    assert erp().fill("general_settings.smtp.port", "").erp.general_settings.smtp.port == ""
    assert [text_of(value) for value in (None, "", False)] == [None, "", "no"]


@pytest.mark.parametrize(
    ("path", "typed", "why"),
    [
        ("general_settings.smtp.port", "smtp", "1 to 65535"),
        ("general_settings.smtp.port", "70000", "1 to 65535"),
        ("general_settings.smtp.use_ssl", "maybe", "ticked"),
        ("version", "7", "choices"),
        ("name", "x" * 1001, "too long"),
        ("users.0.authenticated_on", "yesterday", "2026-03-31"),
        ("users.0.number", "12a", "number"),
    ],
)
def test_what_a_field_cannot_hold_is_said_with_what_it_can(path: str, typed: str, why: str) -> None:
    draft = erp().add("users").fill(path, typed)
    assert why in draft.refused[path].why
    assert draft.value(path) == typed
    assert value_at(draft.site, path) is None
    assert not draft.fill(path, None).refused


def test_a_value_is_read_as_the_site_holds_it() -> None:
    assert value_of(ErpSite, "general_settings.smtp.port", " 587 ") == 587
    assert value_of(PmsSite, "business_date", "2026-03-31") == dt.date(2026, 3, 31)
    assert value_of(PmsSite, "email_setup.na_build", "1") == "1"
    with pytest.raises(ValueError, match="needed"):
        value_of(ErpSite, "mailing_configuration.0.form", None)


def test_the_other_product_forgets_nothing() -> None:
    before = erp().fill("name", "Builder").fill("general_settings.smtp.port", "x").answer("mfa", "yes")
    hotel = before.choose("maestro-pms").fill("name", "Hotel")
    assert not hotel.refused
    back = hotel.choose("maestro-erp")
    assert (back.erp, back.refused, back.answers) == (before.erp, before.refused, before.answers)
    assert back.pms.name == "Hotel"


def test_removing_a_row_moves_what_was_refused_below_it() -> None:
    draft = erp().add("users").add("users").add("users")
    for number in range(3):
        draft = draft.fill(f"users.{number}.port", f"port {number}")
    left = draft.remove("users", 1)
    assert {path: refused.text for path, refused in left.refused.items()} == {"users.0.port": "port 0", "users.1.port": "port 2"}


def test_a_table_adds_who_is_new_and_completes_who_is_there() -> None:
    draft = erp().add("users").fill("users.0.code", "Office").fill("users.0.name", "Office")
    merged, told = draft.merge("users", [User(code="office", password="set"), User(code="plan"), User(name="nobody's code")])
    assert (told.added, told.changed) == (2, 1)
    assert merged.erp.users[0] == User(code="Office", name="Office", password="set")
    assert len(merged.erp.users) == 3
    again = merged.merge("users", merged.erp.users[:2])[1]
    assert (again.added, again.changed) == (0, 0)


def test_clerks_of_two_properties_may_have_the_same_code() -> None:
    merged, told = pms().merge("clerks", [Clerk(code="FD", property="NORTH"), Clerk(code="FD", property="SOUTH")])
    assert told.added == 2
    assert len(merged.pms.clerks) == 2


def test_a_provider_enters_server_port_and_encryption() -> None:
    draft, changed = choose_provider(erp(), "microsoft365")
    smtp = draft.erp.general_settings.smtp
    assert (smtp.server_name, smtp.port, smtp.use_ssl) == ("smtp.office365.com", 587, True)
    assert len(changed) == 3
    assert draft.erp.provider == "microsoft365"
    hotel, _ = choose_provider(pms(), "microsoft365")
    assert (hotel.pms.email_setup.server, hotel.pms.email_setup.port) == ("smtp.office365.com", 587)
    assert choose_provider(draft, "")[0].erp.provider == ""
    assert choose_provider(draft, "")[0].erp.general_settings == draft.erp.general_settings


def test_what_differs_from_customer_to_customer_is_never_entered() -> None:
    for id_, provider in providers().items():
        draft, _ = choose_provider(erp(), id_)
        assert "{" not in (draft.erp.general_settings.smtp.server_name or "")
        assert all(said for about, said in advice(draft, provider) if about)


def test_a_provider_is_recognised_from_what_was_entered() -> None:
    found = recognised(erp().fill("general_settings.smtp.server_name", "smtp.office365.com"))
    assert found is not None
    assert found.id == "microsoft365"
    assert recognised(erp().fill("general_settings.smtp.from_address", "office@builder.test")) is None
    assert recognised(pms().fill("provider", "").fill("email_setup.server", "smtp.office365.com")) is None


def test_the_seven_fields_are_shown_locked_with_their_baseline() -> None:
    draft = SiteDraft(TODAY).load(practice_file("hotel"), "hotel.site.toml")
    names = next(step.fields for step in walk("maestro-pms") if step.name == "email")
    shown = {field["id"]: field for field in form(draft, names).fields}
    locked = {path for path, field in shown.items() if field.get("locked")}
    assert len(locked) == 7
    assert "Baseline: N" in shown["email_setup.na_send"]["hint"]
    assert "email_setup.imm_send" in form(draft, names).problems
    assert not any(field.get("locked") for field in form(draft, names, unlocked=True).fields)


def test_no_field_holds_a_password() -> None:
    for product in PRODUCTS:
        draft = with_rows(SiteDraft(TODAY).choose(product))
        passwords = [path for path, _ in every_field(product) if path.endswith("password")]
        assert passwords
        for path in passwords:
            (field,) = form(draft, [path]).fields
            assert field["kind"] == "flag"
            assert [value for value, _ in field["options"]] == ["set", "empty"]
            assert "hunter2" not in draft.fill(path, "hunter2").text


def test_a_step_says_how_far_it_is() -> None:
    states = {done.step.name: done for done in outline(erp().fill("version", "old"))}
    assert states["start"].state == "done"
    assert (states["version"].state, states["version"].words) == ("to-do", "1 not known")
    assert states["mailing"].state == "done"
    assert states["save"].words == "not saved"
    wrong = {done.step.name: done for done in outline(erp().fill("general_settings.smtp.port", "x"))}
    assert (wrong["general"].state, wrong["general"].words) == ("problem", "1 value cannot be used")


def test_a_practice_site_has_its_problems_at_the_steps_where_they_are_put_right() -> None:
    hotel = {done.step.name: done.state for done in outline(SiteDraft(TODAY).load(practice_file("hotel"), "hotel.site.toml"))}
    assert hotel["clerks"] == hotel["checks"] == "problem"
    builder = {
        done.step.name: done.state for done in outline(SiteDraft(TODAY).load(practice_file("builder"), "builder.site.toml"))
    }
    assert builder["users"] == builder["checks"] == "problem"


def test_a_table_says_in_words_what_is_known() -> None:
    draft = erp().add("users").fill("users.0.password", "empty").fill("users.0.from_address", "").fill("users.0.port", "x")
    assert cell(draft, "users.0.password") == "no"
    assert cell(draft, "users.0.from_address") == "empty"
    assert cell(draft, "users.0.name") == "?"
    assert "cannot be used" in cell(draft, "users.0.port")


def test_remarks_of_a_loaded_file_survive() -> None:
    draft = SiteDraft(TODAY).load(practice_file("builder"), "builder.site.toml")
    assert not draft.changed
    changed = draft.fill("users.0.name", "Estimators")
    assert "# the mailbox of the department" in changed.text
    assert changed.changed
    assert not changed.saved().changed


def test_a_file_that_is_not_utf8_is_refused_in_words() -> None:
    with pytest.raises(InputError, match="UTF-8"):
        opened("site.toml", b"name = \xff")


@pytest.mark.parametrize("name", ["../site.toml", "a/b.toml", "", ".toml", "con:1.toml", "x" * 200, "a\u202eb.toml", " . "])
def test_a_name_that_is_no_file_name_is_refused(name: str) -> None:
    with pytest.raises(InputError):
        file_name(name)


def test_a_file_name_gets_its_ending() -> None:
    assert file_name(" hotel ") == "hotel.toml"
    assert file_name("hotel.site.toml") == "hotel.site.toml"


def test_saving_never_overwrites_what_it_does_not_know(tmp_path: Path) -> None:
    folder = tmp_path
    draft = erp().fill("name", "Builder")
    file = keep(draft, folder)
    assert loads((folder / "site.toml").read_text("utf-8")) == draft.site
    with pytest.raises(Exists):
        keep(draft, folder)
    again = draft.saved(file).fill("name", "Builder & sons")
    again = again.saved(keep(again, folder))
    assert loads((folder / "site.toml").read_text("utf-8")).name == "Builder & sons"
    (folder / "site.toml").write_text("# somebody else's\n", "utf-8")
    with pytest.raises(InputError, match="somebody else"):
        keep(again.fill("name", "x"), folder)
    assert (folder / "site.toml").read_text("utf-8") == "# somebody else's\n"
    keep(again, folder, replace=True)
    assert loads((folder / "site.toml").read_text("utf-8")) == again.site
    assert [path.name for path in folder.iterdir()] == ["site.toml"]
