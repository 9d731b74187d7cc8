"""The settings sheet as data: what is listed, for whom, in which order, and what is never written on it."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from mailkit.errors import InputError
from mailkit.site.erp import ErpSite, GeneralSettings, MailingRow, SmtpSettings, User
from mailkit.site.pms import LEAVE, Clerk, EmailSetup, LeaveFields, PmsSite, Property, Traces
from mailkit.site.sheet import LANGUAGES, Language, Page, Row, Sheet, Step, Words, sheet

ACCOUNT = SmtpSettings(server_name="smtp.builder.test", port=587, use_ssl=True, user_name="office@builder.test")
ESTIMATING = User(code="estimating", number=12, user_specific=False, user_name="estimating@builder.test", from_address="")
BOOKKEEPING = User(code="bookkeeping", number=13, user_specific=True, server_name="smtp.builder.test", port=25, password="set")
OLD = ErpSite(
    name="Builder",
    version="old",
    deployment="on-premises",
    general_settings=GeneralSettings(mail_software="smtp", smtp=ACCOUNT),
    users=(ESTIMATING, BOOKKEEPING),
)
CLOUD = ErpSite(version="new", deployment="cloud", general_settings=GeneralSettings(mail_software="smtp", smtp=ACCOUNT))
HOTEL = PmsSite(
    name="Harbour",
    email_setup=EmailSetup(
        server="smtp.hotel.test",
        port=587,
        rep_address="reservations@hotel.test",
        na_build=False,
        trace_rep_addr="traces@hotel.test",
        auth_meth="Login",
        mechanism="LOGIN",
        auth_name="traces@hotel.test",
        email_traces=True,
    ),
    clerks=(Clerk(code="FD01", name="Front desk", email="frontdesk@hotel.test"), Clerk(code="HK01")),
)


def rows(of: Sheet | Page | Step) -> list[Row]:
    if isinstance(of, Sheet):
        return rows(of.pages[0])
    steps = of.steps if isinstance(of, Page) else (of,)
    return [row for step in steps for part in step.parts for row in part.rows]


def row(of: Sheet | Page | Step, field: str) -> Row:
    (found,) = [one for one in rows(of) if one.field == field]
    return found


def step(of: Sheet, key: str) -> Step:
    (found,) = [one for one in of.pages[0].steps if one.key == key]
    return found


def of_user(made: Sheet, called: str) -> Step:
    (found,) = [one for one in made.pages[0].steps if one.key == "user" and called in one.title]
    return found


def words_of(made: Sheet) -> str:
    told = []
    for page in made.pages:
        told += [page.title, *page.about, page.careful or "", *page.closing]
        for one in page.steps:
            told += [one.title, *one.about, *one.todo, *(part.title for part in one.parts)]
        told += [word for line in rows(page) for word in (line.label, line.old, line.new, line.note, line.record) if word]
    return "\n".join(told)


def test_the_administrator_meets_the_screens_in_the_order_of_the_guide() -> None:
    site = replace(OLD, mailing_configuration=(MailingRow(form="Purchase order", account="orders@builder.test"),))
    assert [one.key for one in sheet(site).pages[0].steps] == ["general-mode", "general-smtp", "user", "user", "mailing", "test"]


def test_a_hotel_switches_trace_mail_on_last_of_all_and_after_the_test() -> None:
    keys = [one.key for one in sheet(HOTEL).pages[0].steps]
    assert keys == ["email-setup", "password", "clerks", "test", "flag"]
    assert row(step(sheet(HOTEL), "email-setup"), "pms.email_traces").task == "later"
    assert row(step(sheet(HOTEL), "flag"), "pms.email_traces").new == "Y"


def test_the_seven_fields_to_leave_are_listed_as_untouched_and_nothing_is_proposed_for_them() -> None:
    left = [one for one in rows(step(sheet(HOTEL), "email-setup")) if one.task == "leave"]
    assert {one.field for one in left} == {f"pms.{name}" for name in LEAVE}
    assert {(one.new, one.doer, one.to_do) for one in left} == {(None, "nobody", False)}
    assert row(step(sheet(HOTEL), "email-setup"), "pms.rep_address").old == "reservations@hotel.test"
    assert row(step(sheet(HOTEL), "email-setup"), "pms.na_build").old == "N"
    assert row(step(sheet(HOTEL), "email-setup"), "pms.na_send").old is None


def test_a_field_to_leave_that_somebody_changed_is_pointed_out() -> None:
    site = replace(HOTEL, baseline=LeaveFields(rep_address="old@hotel.test"))
    changed = row(step(sheet(site), "email-setup"), "pms.rep_address")
    assert (changed.old, changed.new) == ("old@hotel.test", None)
    assert "reservations@hotel.test" in (changed.note or "")


def test_the_old_value_is_that_of_the_site_before_and_not_known_without_one() -> None:
    before = replace(OLD, general_settings=GeneralSettings(mail_software="outlook", smtp=replace(ACCOUNT, port=25)))
    made = sheet(OLD, before)
    assert (row(made, "erp.mail_software").old, row(made, "erp.mail_software").new) == ("Outlook", "SMTP")
    assert (row(made, "erp.port").old, row(made, "erp.port").new, row(made, "erp.port").task) == ("25", "587", "enter")
    assert row(made, "erp.server_name").task == "keep"
    assert row(sheet(OLD), "erp.port").old is None
    assert Words("en")("admin-no-before") in sheet(OLD).pages[0].about
    assert Words("en")("admin-no-before") not in made.pages[0].about


def test_a_value_nobody_told_is_looked_up_and_an_empty_one_is_left_empty() -> None:
    made = sheet(OLD)
    assert (row(made, "erp.general_from").task, row(made, "erp.general_from").new) == ("look-up", None)
    sender = row(of_user(made, "estimating"), "erp.from_address")
    assert (sender.task, sender.new) == ("clear", "")


def test_a_copy_is_checked_and_compared_with_general_settings_and_never_filled_in_by_guess() -> None:
    made = of_user(sheet(OLD), "bookkeeping")
    assert {row(made, field).task for field in ("erp.user_server_name", "erp.user_port", "erp.user_use_ssl")} == {"check"}
    assert "587" in (row(made, "erp.user_port").note or "")
    assert row(made, "erp.user_use_ssl").new is None
    assert "ticked" in (row(made, "erp.user_use_ssl").note or "")


def test_a_user_without_a_configuration_of_his_own_keys_in_no_server() -> None:
    fields = {one.field for one in rows(of_user(sheet(OLD), "estimating"))}
    assert fields == {"erp.user_specific", "erp.user_name", "erp.from_address", "erp.password"}


def test_old_screens_have_no_mailing_mode_and_new_ones_no_box() -> None:
    fields = {one.field for one in rows(sheet(OLD))}
    assert "erp.mailing_mode" not in fields
    new = replace(CLOUD, users=(User(code="a@builder.test", mailing_mode="smtp"),))
    made = of_user(sheet(new), "a@builder.test")
    assert "erp.user_specific" not in {one.field for one in rows(made)}
    assert row(made, "erp.mailing_mode").new == "SMTP - Other"
    assert row(made, "erp.user_name").label == "User"


def test_where_the_version_is_not_known_both_switches_are_listed_and_say_where_they_are() -> None:
    made = sheet(ErpSite(users=(User(code="estimating"),)))
    labels = {one.field: one.label for one in rows(of_user(made, "estimating"))}
    assert "older versions" in labels["erp.user_specific"]
    assert "newer versions" in labels["erp.mailing_mode"]
    assert len(made.pages) == 1, "a page would have to guess the mode"
    assert any("estimating" in sentence for sentence in made.pages[0].closing)


def test_in_cloud_the_log_in_fills_itself_in_from_the_user_code() -> None:
    made = of_user(sheet(replace(CLOUD, users=(User(code="a@builder.test", mailing_mode="smtp"),))), "a@builder.test")
    assert (row(made, "erp.user_name").task, row(made, "erp.user_name").new) == ("automatic", "a@builder.test")


def test_in_cloud_a_code_that_is_no_address_is_not_a_value_to_enter() -> None:
    made = of_user(sheet(replace(CLOUD, users=(User(code="accounts", mailing_mode="smtp"),))), "accounts")
    code = row(made, "erp.user_code")
    assert (code.task, code.old, code.new) == ("look-up", "accounts", None)


def test_in_cloud_a_code_to_which_the_installation_adds_the_domain_is_one() -> None:
    site = replace(CLOUD, code_domain="builder.test", users=(User(code="accounts", mailing_mode="smtp"),))
    assert row(of_user(sheet(site), "accounts"), "erp.user_code").new == "accounts"


@pytest.mark.parametrize("mode", ["outlook", "other", "lotus-notes"])
def test_in_cloud_a_mode_that_needs_the_workstation_is_not_a_value_to_enter(mode: str) -> None:
    site = replace(CLOUD, users=(User(code="a@builder.test", mailing_mode=mode),))
    assert row(of_user(sheet(site), "a@builder.test"), "erp.mailing_mode").new is None
    assert [page.kind for page in sheet(site).pages] == ["administrator"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_user_gets_a_page_with_his_own_steps_and_is_told_to_share_the_password_with_nobody(language: Language) -> None:
    made = sheet(OLD, language=language)
    page = made.pages[1]
    assert (page.kind, page.whom) == ("user", "estimating")
    assert {one.doer for one in rows(page)} == {"user"}
    assert row(page, "erp.password").label == "New Password and Confirmation"
    assert page.careful == Words(language)("own-secret")
    assert "estimating@builder.test" in (row(page, "erp.password").note or "")


def test_in_cloud_the_user_is_told_that_the_mail_password_is_another_one() -> None:
    site = replace(CLOUD, users=(User(code="a@builder.test", mailing_mode="smtp"),))
    assert Words("en")("own-cloud") in sheet(site).pages[1].about


def test_a_user_whose_provider_wants_an_app_password_is_told_so() -> None:
    site = replace(OLD, users=(replace(ESTIMATING, user_name="estimating.builder@gmail.com"),))
    assert any("app password" in sentence for sentence in sheet(site).pages[1].about)
    assert not any("app password" in sentence for sentence in sheet(OLD).pages[1].about)


def test_a_user_who_signs_in_presses_a_button_and_types_no_password() -> None:
    site = replace(CLOUD, users=(User(code="a@builder.test", mailing_mode="modern-auth", email="site@builder.test"),))
    page = sheet(site).pages[1]
    assert row(page, "erp.authentication").task == "press"
    assert "erp.password" not in {one.field for one in rows(page)}


def test_an_outlook_user_checks_his_outlook_and_types_nothing() -> None:
    site = replace(
        OLD, general_settings=GeneralSettings(mail_software="outlook"), users=(User(code="yard", user_specific=False),)
    )
    page = sheet(site).pages[1]
    assert not rows(page)
    assert Words("en")("own-outlook-classic") in page.steps[0].todo
    new = replace(site, users=(User(code="yard", user_specific=False, outlook="new"),))
    assert Words("en")("own-outlook-new") in sheet(new).pages[1].steps[0].todo


def test_a_password_that_is_there_is_not_asked_for_again_until_the_account_changes() -> None:
    made = of_user(sheet(OLD), "bookkeeping")
    assert row(made, "erp.password").task == "keep"
    before = replace(OLD, users=(ESTIMATING, replace(BOOKKEEPING, server_name="mail.builder.test")))
    again = sheet(OLD, before)
    assert row(of_user(again, "bookkeeping"), "erp.password").task == "password"
    assert row(again.pages[-1], "erp.password").task == "password"


def test_no_row_of_a_password_ever_has_a_value() -> None:
    made = [sheet(site) for site in (OLD, CLOUD, HOTEL)]
    secret = [one for page in (page for each in made for page in each.pages) for one in rows(page) if "password" in one.field]
    assert secret
    assert all(one.new is None for one in secret)


def test_who_has_nothing_to_key_in_is_named_and_not_dropped() -> None:
    idle = (User(code="left", status="inactive"), User(code="van", access="mobile"))
    site = replace(OLD, users=(ESTIMATING, *idle))
    made = sheet(site, replace(site, users=(*site.users, User(code="gone", number=99))))
    assert [page.whom for page in made.pages] == [None]
    told = " ".join(made.pages[0].closing)
    assert all(name in told for name in ("estimating", "left", "van", "gone")), told


def test_a_user_is_found_again_by_his_number_when_his_code_changes() -> None:
    before = replace(OLD, users=(replace(ESTIMATING, code="est"), BOOKKEEPING))
    code = row(of_user(sheet(OLD, before), "estimating"), "erp.user_code")
    assert (code.old, code.new) == ("est", "estimating")


def test_a_new_user_is_keyed_in_whole_and_has_nothing_before() -> None:
    new = User(code="director", number=18, name="Direction", group="OFFICE", user_specific=False)
    made = of_user(sheet(replace(OLD, users=(*OLD.users, new)), OLD), "director")
    assert made.title == "New user director (Direction)"
    assert {(one.field, one.old) for one in rows(made)} >= {("erp.user_code", ""), ("erp.user_group", "")}


def test_a_change_that_no_mode_needs_is_listed_all_the_same() -> None:
    before = replace(OLD, users=(replace(ESTIMATING, status="inactive"), BOOKKEEPING))
    after = replace(OLD, users=(replace(ESTIMATING, status="active"), BOOKKEEPING))
    assert row(of_user(sheet(after, before), "estimating"), "erp.user_status").new == "Active"


def test_one_user_can_be_asked_for_by_code_name_or_number() -> None:
    made = sheet(OLD, user="12")
    assert [page.whom for page in made.pages] == [None, "estimating"]
    assert {one.key for one in made.pages[0].steps} == {"user", "test"}
    assert sheet(OLD, user=" ESTIMATING ") == made


def test_a_name_nobody_has_is_an_error_that_names_a_near_one_and_shows_no_control_character() -> None:
    with pytest.raises(InputError, match="near to it: estimating"):
        sheet(OLD, user="estimatin")
    with pytest.raises(InputError, match=r"\\x1b"):
        sheet(OLD, user="\x1b[31m")


def test_a_site_before_of_the_other_product_is_an_error() -> None:
    with pytest.raises(InputError, match="both must be of one product"):
        sheet(OLD, HOTEL)


def test_a_blank_at_the_end_of_a_value_is_pointed_out() -> None:
    site = replace(OLD, users=(replace(ESTIMATING, user_name="estimating@builder.test "),))
    assert Words("en")("note-edge-blank") in (row(of_user(sheet(site), "estimating"), "erp.user_name").note or "")


def test_the_general_account_is_left_out_where_nothing_needs_it() -> None:
    outlook = ErpSite(
        version="old",
        deployment="on-premises",
        general_settings=GeneralSettings(mail_software="outlook"),
        users=(User(code="yard", user_specific=False),),
    )
    assert "general-smtp" not in {one.key for one in sheet(outlook).pages[0].steps}
    mobile = replace(outlook, users=(User(code="yard", user_specific=False, access="maestro-and-mobile"),))
    assert {one.task for one in rows(step(sheet(mobile), "general-smtp"))} == {"look-up", "password"}


def test_a_form_lists_its_account_and_no_box_where_the_screen_has_none() -> None:
    site = replace(OLD, mailing_configuration=(MailingRow(form="Statement", use_smtp="not-shown"),))
    assert {one.field for one in rows(step(sheet(site), "mailing"))} == {"erp.mailing_account"}
    outlook = replace(
        site, general_settings=GeneralSettings(mail_software="outlook"), mailing_configuration=(MailingRow(form="S"),)
    )
    assert {one.field for one in rows(step(sheet(outlook), "mailing"))} == {"erp.mailing_account", "erp.mailing_use_smtp"}


def test_clerks_are_one_table_and_one_without_an_address_is_looked_up() -> None:
    made = step(sheet(HOTEL), "clerks")
    assert [(one.record, one.task) for one in rows(made)] == [("FD01 (Front desk)", "enter"), ("HK01", "look-up")]
    empty = replace(HOTEL, clerks=(Clerk(code="HK01", email=""),))
    assert rows(step(sheet(empty), "clerks"))[0].task == "look-up"


def test_a_clerk_gets_a_page_without_any_password_to_type() -> None:
    page = sheet(HOTEL, user="FD01").pages[1]
    assert (page.kind, rows(page)) == ("clerk", [])
    assert "frontdesk@hotel.test" in page.steps[0].todo[0]


@pytest.mark.parametrize(("activated", "key"), [(None, "step-flag-maybe"), (False, "step-flag-first"), (True, "step-flag-again")])
def test_the_step_of_the_master_flag_says_what_the_first_time_sets_off(*, activated: bool | None, key: str) -> None:
    made = step(sheet(replace(HOTEL, traces=Traces(activated=activated, days=7))), "flag")
    assert made.about == (Words("en")(key, days=7),)


def test_a_flag_that_stays_off_says_what_y_is_for() -> None:
    off = replace(HOTEL, email_setup=replace(HOTEL.email_setup, email_traces=False))
    assert row(step(sheet(off), "flag"), "pms.email_traces").note == Words("en")("note-flag-off")
    assert row(step(sheet(HOTEL), "flag"), "pms.email_traces").note is None


def test_a_property_lists_only_what_differs_and_the_fields_to_leave() -> None:
    site = replace(HOTEL, properties=(Property(code="P2", email_setup=EmailSetup(server="smtp.second.test", email_traces=True)),))
    fields = [one.field for one in rows(step(sheet(site), "property"))]
    assert set(fields) == {"pms.server", "pms.email_traces", *(f"pms.{name}" for name in LEAVE)}
    assert [one.record for one in rows(step(sheet(site), "flag"))] == [None, "P2"]


def test_a_server_without_log_in_needs_no_password_step() -> None:
    site = replace(HOTEL, email_setup=EmailSetup(server="10.0.0.5", port=25, mechanism="none"))
    assert "password" not in {one.key for one in sheet(site).pages[0].steps}


def test_many_unchanged_users_are_one_sentence() -> None:
    users = tuple(User(code=f"user{n:03}", number=n, user_specific=False, user_name="u", from_address="") for n in range(400))
    site = replace(OLD, users=users)
    after = replace(site, users=(replace(users[0], user_name="v"), *users[1:]))
    made = sheet(after, site)
    assert [one.title for one in made.pages[0].steps if one.key == "user"] == ["User user000"]
    assert "99 more" in made.pages[0].closing[0]


def test_the_same_steps_and_rows_are_told_in_french() -> None:
    for site in (OLD, CLOUD, HOTEL):
        english, french = sheet(site), sheet(site, language="fr", date=dt.date(2026, 11, 21))
        assert [(one.field, one.task) for one in rows(english)] == [(one.field, one.task) for one in rows(french)]
        assert [one.key for one in english.pages[0].steps] == [one.key for one in french.pages[0].steps]
        assert not set(english.pages[0].about) & set(french.pages[0].about)


texts = st.none() | st.text(max_size=12)
modes = st.sampled_from(["outlook", "smtp", "other", "lotus-notes", "modern-auth", None])
users = st.builds(
    User,
    code=texts,
    number=st.none() | st.integers(0, 5),
    name=texts,
    access=st.sampled_from([None, "maestro", "mobile", "maestro-and-mobile"]),
    status=st.sampled_from([None, "active", "inactive"]),
    user_specific=st.none() | st.booleans(),
    user_name=texts,
    password=st.sampled_from([None, "set", "empty"]),
    server_name=texts,
    mailing_mode=modes | st.just(""),
    email=texts,
    outlook=st.sampled_from([None, "classic", "new", "none"]),
)
sites = st.builds(
    ErpSite,
    version=st.sampled_from([None, "old", "new"]),
    deployment=st.sampled_from([None, "on-premises", "terminal-server", "cloud"]),
    general_settings=st.builds(GeneralSettings, mail_software=modes),
    users=st.lists(users, max_size=4).map(tuple),
    mailing_configuration=st.lists(st.builds(MailingRow, form=st.text(max_size=5), account=texts), max_size=2).map(tuple),
)


@settings(max_examples=120, deadline=None)
@given(site=sites, before=st.none() | sites, language=st.sampled_from(LANGUAGES))
def test_whatever_the_site_every_active_user_is_somewhere_and_nothing_unknown_gets_a_value(
    site: ErpSite, before: ErpSite | None, language: Language
) -> None:
    made = sheet(site, before, language=language)
    told = words_of(made)
    for page in made.pages:
        for one in rows(page):
            if one.task in ("look-up", "leave", "later", "password"):
                assert one.new is None
            if one.task in ("enter", "keep"):
                assert one.new or one.task == "keep"
            if one.task == "keep" and page.kind == "administrator":
                assert one.old is not None
    for user in site.users:
        if user.code and user.code.isalnum():
            assert user.code in told
