"""Routes as people read them: equal ones once, every value with its source, unknown and empty never the same."""

from __future__ import annotations

import re
from typing import get_args

import mistune
import pytest
from msgspec.structs import replace

from mailkit.finding import Finding, Fix
from mailkit.report.route_words import FIELD, SOURCE, TRANSPORT, assumed, basis, groups, rule, said
from mailkit.report.routes import LEGEND, ROWS, fragment, markdown, render
from mailkit.site.erp import MAILINGS, ErpSite, GeneralSettings, SmtpSettings, User
from mailkit.site.route import TRANSPORTS, Alternative, Assumption, Route, RouteFields, RouteValue, Source
from mailkit.site.routing import routes

EVIL = "<script>alert(1)</script>|`x`\n\x1b[31m\u202e https://x.test"

SERVER = RouteValue(value="smtp.builder.test", source="general", where="erp.server_name", set=True)
FIELDS = RouteFields(
    server=SERVER,
    port=RouteValue(value=587, source="general", where="erp.port", set=True),
    security=RouteValue(value="ssl", source="general", where="erp.use_ssl", set=True),
    login=RouteValue(value="estimating@builder.test", source="user", where="erp.user_name", set=True),
    password=RouteValue(source="user", where="erp.password", set=True),
    sender=RouteValue(
        source="user",
        where="erp.from_address",
        otherwise=RouteValue(value="office@builder.test", source="general", where="erp.general_from", set=True),
    ),
)
R3 = Route(
    user="estimating",
    mailing="standard",
    transport="smtp",
    rule="R3",
    basis="documented",
    confidence="sure",
    reason="The server is that of General Settings, the log-in the user's own.",
    fields=FIELDS,
)
CLIENT = RouteValue(source="client")
R1 = replace(
    R3,
    user="yard",
    transport="outlook",
    rule="R1",
    reason="Outlook sends.",
    fields=RouteFields(server=CLIENT, port=CLIENT, security=CLIENT, login=CLIENT, password=CLIENT, sender=CLIENT),
)
PROBLEM = Finding(
    code="site.password-missing",
    severity="warning",
    stage="site",
    subject="estimating",
    summary="No password is set.",
    fix=(Fix(who="user", action="Type it.", where="erp.password"),),
)


def flat(text: str) -> str:
    return " ".join(text.split())


def personal(user: str, login: RouteValue) -> Route:
    return replace(R3, user=user, fields=replace(FIELDS, login=login))


def test_equal_routes_of_many_users_are_told_once() -> None:
    same = [personal(f"user{n}", RouteValue(value=f"u{n}@builder.test", source="user", set=True)) for n in range(12)]
    text = render([*same, R1])
    assert text.startswith("12 users: standard mail → SMTP (R3, documented)\n")
    assert "12 different ones (user's record)" in text
    assert "yard: standard mail → Outlook (R1, documented)" in text


def test_a_few_different_values_are_all_shown_with_how_many_lack_one() -> None:
    known = RouteValue(value="a@builder.test", source="user", set=True)
    listed = [personal("a", known), personal("b", RouteValue(source="user")), personal("c", RouteValue(value="", source="user"))]
    (group,) = groups(listed)
    assert dict(group.values())["login"].text == "a@builder.test, not known for 1, empty for 1"


def test_mailing_types_that_agree_in_everything_share_a_group_in_the_order_of_their_names() -> None:
    listed = [replace(R3, mailing="dispatch", rule="R17"), replace(R3, mailing="bulk", rule="R17"), R3]
    assert [group.mailings for group in groups(listed)] == [("standard",), ("dispatch", "bulk")]


def test_not_known_empty_and_not_set_are_three_different_words() -> None:
    assert said("login", RouteValue(source="user")).text == "not known"
    assert said("login", RouteValue(value="", source="user", set=False)).text == "empty"
    assert said("password", RouteValue(source="user", set=False)).text == "not set"
    assert said("password", RouteValue(source="user", set=True)).text == "set"
    assert said("security", RouteValue(value="none")).text == "SSL box not ticked"


def test_a_product_without_the_field_is_not_said_to_be_unencrypted() -> None:
    value = said("security", RouteValue(note="Email Setup has no field for it."))
    assert (value.text, value.mark) == ("no field for it", "none")


def test_for_now_names_what_holds_while_a_field_is_not_known() -> None:
    assert "From not known (user's record); for now office@builder.test (General Settings)" in flat(render([R3], detailed=False))


def test_an_endless_chain_of_values_ends() -> None:
    value = RouteValue(source="user")
    for _ in range(50):
        value = RouteValue(source="user", where="erp.user_name", otherwise=value)
    assert said("login", value).text == "not known"


def test_one_user_is_told_in_full_with_the_way_to_each_field_and_what_to_do() -> None:
    text = flat(render([replace(R3, findings=(PROBLEM,))], width=120))
    assert "General Settings > Miscellaneous > Configuration of the SMTP email account > server name" in text
    assert re.search(r"Warning +No password is set\.", text)
    assert re.search(r"Do +The mail user: Type it\. \(Preferences > Email", text)
    brief = render([replace(R3, findings=(PROBLEM,))], width=120, detailed=False)
    assert "Miscellaneous" not in brief
    assert "Do " not in brief


def test_a_warning_about_some_of_a_group_names_them() -> None:
    some = [replace(R3, user=f"user{n}", findings=(PROBLEM,) if n < 2 else ()) for n in range(5)]
    assert "No password is set. (2 of 5: user0, user1)" in flat(render(some))
    assert "No password is set. (all 2)" in flat(render(some[:2]))


def test_a_mail_program_that_settles_everything_is_one_line() -> None:
    text = render([R1])
    assert re.search(r"All of it +by the mail program", text)
    assert "Server" not in text


def test_a_way_that_does_not_exist_and_one_that_is_not_decided_say_so() -> None:
    none = replace(R3, transport="none", reason="Not offered in CLOUD.", fields=RouteFields())
    assert "cannot leave" in render([none])
    other = Alternative(rule="R4", transport="smtp", when="the box is ticked")
    taken = Assumption(where="erp.user_specific", value=False, because="It has to be ticked.")
    open_ = replace(R3, transport=None, alternatives=(other,), assumed=(taken,))
    text = render([open_], width=120)
    assert "not decided" in text
    assert re.search(r"Assumed +the box User-Specific Email Configuration is not ticked\. It has to be ticked\.", text)
    assert re.search(r"Otherwise +SMTP \(R4\), if the box is ticked", text)


def test_what_was_assumed_is_said_even_for_a_field_nobody_has_a_word_for() -> None:
    assert assumed(Assumption(where="site.else", value=True, because="So it is.")) == "site.else is True. So it is."


def test_the_rule_names_the_row_it_leads_to_and_how_well_founded_it_is() -> None:
    guess = replace(R3, rule="R22", as_rule="R3", basis="inferred", confidence="guess")
    assert (rule(guess), basis(guess)) == ("R22, as R3", "inferred, a guess")
    assert (rule(R3), basis(R3)) == ("R3", "documented")


def test_every_transport_and_source_has_a_word() -> None:
    assert set(TRANSPORT) == {*TRANSPORTS, None}
    assert set(SOURCE) == set(get_args(Source))
    assert len(set(TRANSPORT.values())) == len(TRANSPORT)


@pytest.mark.parametrize("width", [20, 44, 80, 120, 400])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    long = replace(R3, user="u" * 70, reason="word " * 60, findings=(PROBLEM,))
    text = render([long, R1], width=width)
    assert max(map(len, text.splitlines())) <= max(44, min(width, 120))


def test_colour_is_only_added_and_says_nothing_of_its_own() -> None:
    listed = [replace(R3, findings=(PROBLEM,)), R1]
    assert re.sub(r"\x1b\[[0-9;]*m", "", render(listed, colour=True)) == render(listed)
    assert "\x1b" in render(listed, colour=True)


def test_no_routes_are_said_to_be_none() -> None:
    assert render([]) == "No routes.\n"
    assert "No routes." in fragment([])


def test_hostile_names_and_values_act_nowhere() -> None:
    value = RouteValue(value=EVIL, source="user", where=EVIL, note=EVIL)
    fields = RouteFields(**dict.fromkeys(RouteFields.__struct_fields__, value))
    problem = Finding(code=EVIL, severity="error", stage="site", subject=EVIL, summary=EVIL, fix=(Fix(who="user", action=EVIL),))
    evil = replace(
        R3,
        user=EVIL,
        mailing=EVIL,
        documents=(EVIL,),
        rule=EVIL,
        reason=EVIL,
        fields=fields,
        recipient=EVIL,
        assumed=(Assumption(where=EVIL, value=EVIL, because=EVIL),),
        alternatives=(Alternative(rule=EVIL, transport="smtp", when=EVIL),),
        findings=(problem,),
    )
    html, text, table = fragment([evil]), render([evil]), markdown([evil])
    assert "<script" not in html
    for made in (html, text, table):
        assert "\x1b" not in made
        assert "\u202e" not in made
    parsed = mistune.create_markdown(plugins=["table", "url"])(table)
    assert isinstance(parsed, str)
    assert "<script" not in parsed
    assert "<a " not in parsed
    assert parsed.count("<td>") == 4 + len(FIELD)


def test_the_table_has_a_row_for_each_route_and_its_legend_in_words() -> None:
    html = fragment([R3, R1])
    assert html.count('<th scope="rowgroup">') == 2
    assert '<span class="mk-v-unknown">not known</span>' in html
    assert "office@<wbr>builder.<wbr>test" in html
    assert all(f"<dt>{word}</dt>" in html for word, _ in LEGEND)
    assert "<script" not in html
    assert "src=" not in html


def test_a_table_of_very_many_routes_shows_equal_ones_in_one_row() -> None:
    many = [replace(R3, user=f"user{n}") for n in range(ROWS + 1)]
    assert fragment(many).count('<th scope="rowgroup">') == 1
    assert fragment(many, grouped=False).count('<th scope="rowgroup">') == ROWS + 1
    assert f"{ROWS + 1 - 12} more" in fragment(many)


def test_the_markdown_is_a_table_with_the_notes_below_it() -> None:
    text = markdown([replace(R3, findings=(PROBLEM,)), R1])
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert [line.count("|") for line in rows] == [5 + len(FIELD)] * 4
    assert "  - Warning: No password is set." in text


def test_a_whole_site_can_be_told_in_every_form() -> None:
    site = ErpSite(
        version="old",
        deployment="on-premises",
        general_settings=GeneralSettings(mail_software="smtp", smtp=SmtpSettings(server_name="smtp.builder.test", port=587)),
        users=(User(code="estimating", user_specific=False), User(code="bookkeeping"), User(code="yard", user_specific=True)),
    )
    listed = list(routes(site))
    assert sum(len(group.routes) * len(group.mailings) for group in groups(listed)) == len(site.users) * len(MAILINGS)
    assert all(name in render(listed) for name in ("estimating", "bookkeeping", "yard"))
    assert fragment(listed).count("<tbody>") == len(listed)
    assert markdown(listed).count("\n- **") == len(groups(listed))
