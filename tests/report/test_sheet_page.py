"""The settings sheet on paper: complete in itself, harmless whatever the site says, and all of it in both forms."""

from __future__ import annotations

import datetime as dt
import re
from html.parser import HTMLParser
from typing import Any

import mistune
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from mailkit.report.markup import literal, prose
from mailkit.report.sheet import fragment, markdown, page
from mailkit.site.erp import ErpSite, GeneralSettings, MailingRow, SmtpSettings, User
from mailkit.site.pms import Clerk, EmailSetup, LeaveFields, PmsSite, Property
from mailkit.site.sheet import sheet

EVIL = "<script>alert(1)</script>|\\|`x` **b** [a](http://x.test) ![i](http://x.test/i) \x1b[31m\u202e\r\nhttps://x.test & \"'"
VOID = {"meta", "input", "br", "wbr"}
DATE = dt.date(2026, 11, 21)

ERP = ErpSite(
    name="Builder",
    version="old",
    deployment="on-premises",
    general_settings=GeneralSettings(mail_software="smtp", smtp=SmtpSettings(server_name="smtp.builder.test", port=587)),
    users=(User(code="estimating", user_specific=True, server_name="smtp.builder.test"), User(code="yard", status="inactive")),
    mailing_configuration=(MailingRow(form="Purchase order", message_en="Dear all,\nsee the order.\n\nBuilder"),),
)
PMS = PmsSite(
    name="Harbour", email_setup=EmailSetup(server="smtp.hotel.test"), clerks=(Clerk(code="FD01", email="fd@hotel.test"),)
)
HOSTILE_ERP = ErpSite(
    name=EVIL,
    version="old",
    deployment="on-premises",
    general_settings=GeneralSettings(
        mail_software="smtp", smtp=SmtpSettings(server_name=EVIL, user_name=EVIL, from_address=EVIL)
    ),
    users=(User(code=EVIL, name=EVIL, group=EVIL, user_specific=True, user_name=EVIL, server_name=EVIL, from_address=EVIL),),
    mailing_configuration=(MailingRow(form=EVIL, account=EVIL, copy_to=EVIL, subject_en=EVIL, message_en=EVIL),),
)
HOSTILE_CLOUD = ErpSite(
    version="new",
    deployment="cloud",
    code_domain=EVIL,
    users=(User(code=EVIL, name=EVIL, mailing_mode="modern-auth", email=EVIL), User(code="x" + EVIL, mailing_mode="smtp")),
)
HOSTILE_PMS = PmsSite(
    name=EVIL,
    email_setup=EmailSetup(server=EVIL, trace_rep_addr=EVIL, auth_meth=EVIL, auth_name=EVIL, rep_address=EVIL, na_send=EVIL),
    baseline=LeaveFields(rep_address="other" + EVIL),
    properties=(Property(code=EVIL, name=EVIL, email_setup=EmailSetup(server=EVIL)),),
    clerks=(Clerk(code=EVIL, name=EVIL, email=EVIL, property=EVIL),),
)
HOSTILE = [HOSTILE_ERP, HOSTILE_CLOUD, HOSTILE_PMS]


class Checked(HTMLParser):
    """Reads HTML and insists that every element is closed in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.stack: list[str] = []
        self.feed(html)
        self.close()
        assert not self.stack

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.stack.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.stack.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.stack:
            self.text += data

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def tokens(text: str) -> list[dict[str, Any]]:
    """What a Markdown reader sees, flattened."""
    parsed = mistune.create_markdown(renderer=None, plugins=["table", "url", "strikethrough", "task_lists"])(text)
    assert isinstance(parsed, list)
    flat, waiting = [], list(parsed)
    while waiting:
        token = waiting.pop()
        flat.append(token)
        waiting += token.get("children", [])
    return flat


@pytest.mark.parametrize("site", [ERP, PMS, *HOSTILE])
@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_file_is_complete_in_itself_and_has_no_script(site: ErpSite | PmsSite, language: Any) -> None:
    html = page(sheet(site, date=DATE, language=language))
    seen = Checked(html)
    assert {tag for tag, _ in seen.elements} <= {
        *("html", "head", "meta", "title", "body", "main", "style", "div", "header", "nav", "details", "summary", "ol", "ul"),
        *("li", "a", "article", "section", "footer", "h1", "h2", "h3", "p", "span", "b", "small", "br", "label", "input"),
        *("table", "thead", "tbody", "tr", "th", "td"),
    }
    assert not [
        name for _, attributes in seen.elements for name in attributes if name.startswith("on") or name in ("src", "style")
    ]
    assert all((link["href"] or "").startswith("#") for link in seen.named("a"))
    assert "url(" not in html.lower()
    assert "@import" not in html.lower()


def test_every_link_leads_to_a_place_of_the_page_and_no_place_is_there_twice() -> None:
    seen = Checked(page(sheet(ERP)))
    places = [attributes["id"] for _, attributes in seen.elements if "id" in attributes]
    assert len(places) == len(set(places))
    assert {(link["href"] or "")[1:] for link in seen.named("a")} <= set(places)
    assert seen.named("a")


def test_it_can_be_read_aloud() -> None:
    html = page(sheet(ERP, language="fr"))
    seen = Checked(html)
    assert seen.named("html") == [{"lang": "fr"}]
    assert re.search(r"<title>[^<]*Builder[^<]*</title>", html)
    assert {head.get("scope") for head in seen.named("th")} == {"col", "row", "rowgroup"}
    boxes = seen.named("input")
    labelled = html.count("<label><input")
    assert {box["type"] for box in boxes} == {"checkbox"}
    assert len([box for box in boxes if box.get("aria-label")]) + labelled == len(boxes)
    assert {label.get("lang") for label in seen.named("b")} == {"en"}


def test_each_person_begins_on_paper_of_his_own_and_no_row_is_cut() -> None:
    html = page(sheet(ERP))
    assert Checked(html).elements.count(("article", {"class": "mk-leaf mk-for-user", "id": "p2", "aria-labelledby": "h2"})) == 1
    printed = html[html.index("@media print") :]
    assert re.search(r"\.mk-leaf \{[^}]*break-before: page", printed)
    assert re.search(r"\.mk-keys tr[^{]*\{[^}]*break-inside: avoid", printed)
    assert "display: table-header-group" in printed


def test_a_torn_off_page_still_says_which_site_it_is_of_and_from_when() -> None:
    html = page(sheet(ERP, date=DATE))
    assert html.count("Builder · maestro* · 2026-11-21") == 1 + 1 + 1 + 1  # the title, the top, and each of two pages


def test_what_is_left_alone_has_no_box_and_what_is_to_be_done_has_one() -> None:
    html = page(sheet(PMS))
    rows = re.findall(r'<tr class="mk-task-([a-z-]+)">(.*?)</tr>', html)
    assert {task for task, _ in rows} >= {"leave", "enter", "look-up", "later", "password"}
    for task, row in rows:
        assert ("<input" in row) == (task not in ("leave", "later", "keep"))


def test_what_is_not_known_gets_a_line_to_write_on_and_no_value() -> None:
    rows = re.findall(r'<tr class="mk-task-look-up">(.*?)</tr>', page(sheet(PMS)))
    assert rows
    assert all('<span class="mk-line"></span>' in row and "mk-value" not in row for row in rows)


def test_a_password_that_is_there_is_said_to_be_there_and_gets_no_line_to_write_it_on() -> None:
    site = replace(ERP, users=(User(code="estimating", user_specific=False, password="set"),))
    for row in re.findall(r'<tr class="mk-task-(?:keep|password)">(.*?)</tr>', page(sheet(site))):
        assert "mk-line" not in row
    assert "| *already so* |" in markdown(sheet(site))


def test_lines_of_a_message_stay_lines() -> None:
    assert "Dear all,<br>see the order.<br><br>Builder" in page(sheet(ERP))
    assert "`Dear all,`<br>`see the order.`" in markdown(sheet(ERP))


@pytest.mark.parametrize("site", HOSTILE)
def test_a_hostile_value_is_shown_and_never_acts_on_the_page(site: ErpSite | PmsSite) -> None:
    html = page(sheet(site, replace(site, name="before")))
    assert "<script" not in html
    assert "\x1b" not in html
    assert "\u202e" not in html
    assert "<script>alert(1)</script>" in Checked(page(sheet(site))).text


@pytest.mark.parametrize("site", HOSTILE)
def test_a_hostile_value_is_shown_and_never_acts_in_markdown(site: ErpSite | PmsSite) -> None:
    text = markdown(sheet(site))
    seen = tokens(text)
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert not [token for token in seen if token["type"] in ("link", "image", "block_html", "block_code")]
    assert {token["raw"] for token in seen if token["type"] == "inline_html"} <= {"<br>"}
    shown = "".join(token.get("raw", "") for token in seen if token["type"] in ("text", "codespan"))
    assert "script" in shown


@pytest.mark.parametrize("site", [ERP, PMS, *HOSTILE])
def test_every_row_of_a_markdown_table_has_as_many_cells_as_its_head(site: ErpSite | PmsSite) -> None:
    seen = tokens(markdown(sheet(site)))
    widths = {len(token["children"]) for token in seen if token["type"] in ("table_head", "table_row")}
    assert widths <= {3, 6, 7}
    assert len([token for token in seen if token["type"] == "table_row"]) == sum(
        len(part.rows) for one in sheet(site).pages for step in one.steps for part in step.parts
    )


def test_two_hundred_users_stay_a_page_one_can_use() -> None:
    many = replace(ERP, users=tuple(User(code=f"user{number:03}", user_specific=False) for number in range(200)))
    html = fragment(sheet(many))
    assert html.count("<details>") == 2, "long lists of contents are closed"
    assert html.count('class="mk-leaf mk-for-user"') == 200
    assert len(html) < 2_000_000


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet=st.sampled_from("a|\\`*_[]<>#~!@&$ \n:/.www"), max_size=30))
def test_a_value_is_one_cell_of_a_table_and_nothing_but_text(value: str) -> None:
    for made in (prose(value), literal(value)):
        seen = tokens(f"| a | b |\n| --- | --- |\n| x{made} | end |\n")
        (row,) = [token for token in seen if token["type"] == "table_row"]
        assert len(row["children"]) == 2
        assert not [token for token in seen if token["type"] in ("link", "image", "emphasis", "strong", "inline_html")]
