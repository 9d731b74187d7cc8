"""Tables of users and clerks as sites have them: nothing is lost silently, no password is kept."""

from __future__ import annotations

import contextlib
import datetime as dt
import io
import zipfile
from collections.abc import Sequence
from pathlib import Path
from xml.sax.saxutils import escape

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailkit.errors import InputError
from mailkit.site.erp import User
from mailkit.site.file.fields import sample
from mailkit.site.pms import Clerk
from mailkit.site.table import Imported, Kind, read_clerks, read_users, template

MESS = """\
Builder Inc. - liste des usagers;;;
Imprimé le 2026-11-01;;;

No;Code usager;Nom;Courriel;Serveur SMTP;Port;Utiliser SSL;Configuration spécifique;Statut;Mot de passe;Téléphone;Mode d'envoi
1;estim;Éric É;"Éric ""le vrai"" <eric@builder.test>";mail.builder.test;587.0;Oui;X;Actif;hunter2;555;SMTP - Other
;;;;;;;;;;;
2;compta;;compta@builder.test, x@builder.test;;;Non;;Inactif;;;Autre
3;a;b;?;-;99999;peut-être;;Parti;oui;;Microsoft Outlook
;;;;mail.builder.test;25;;;;hunter3;;
Total;3;;;;;;;;hunter4;;
Exporté par le système
"""


def known(row: msgspec.Struct) -> dict[str, object]:
    return {name: value for name, value in msgspec.structs.asdict(row).items() if value is not None}


def users(text: str) -> Imported[User]:
    return read_users(data=text.encode(), name="users.csv")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_a_table_as_sites_have_it_is_read(encoding: str) -> None:
    found = read_users(data=MESS.replace("\n", "\r\n").encode(encoding), name="users.csv")
    assert [known(row) for row in found.rows] == [
        {
            "number": 1,
            "code": "estim",
            "name": "Éric É",
            "email": "eric@builder.test",
            "server_name": "mail.builder.test",
            "port": 587,
            "use_ssl": True,
            "user_specific": True,
            "status": "active",
            "password": "set",
            "mailing_mode": "smtp",
        },
        {
            "number": 2,
            "code": "compta",
            "name": "",
            "email": "compta@builder.test, x@builder.test",
            "server_name": "",
            "port": "",
            "use_ssl": False,
            "status": "inactive",
            "password": "empty",
            "mailing_mode": "other",
        },
        {"number": 3, "code": "a", "name": "b", "server_name": "", "password": "set", "mailing_mode": "outlook"},
    ]


def test_what_was_not_understood_is_listed_with_its_place() -> None:
    found = users(MESS)
    assert [(missed.row, missed.column, missed.text) for missed in found.not_understood] == [
        (4, "K (Téléphone)", "Téléphone"),
        (8, "F (Port)", "99999"),
        (8, "G (Utiliser SSL)", "peut-être"),
        (8, "I (Statut)", "Parti"),
        (9, "", "mail.builder.test | 25"),
        (10, "", "Total | 3"),
        (11, "", "Exporté par le système"),
    ]
    assert all(missed.why for missed in found.not_understood)
    assert any("Configuration spécifique" in note and "not known" in note for note in found.notes)
    assert any("more than one address" in note for note in found.notes)


def test_no_password_of_a_table_is_kept_or_shown() -> None:
    found = users(MESS)
    assert "hunter" not in repr(found)
    assert any("have passwords changed" in note for note in found.notes)
    quiet = users("User Code,Password\na,set\nb,No\nc,\nd,?\n")
    assert [row.password for row in quiet.rows] == ["set", "empty", "empty", None]
    assert not any("changed" in note for note in quiet.notes)
    secret = users("User Code,API token\na,hunter2\n")
    assert "hunter2" not in repr(secret)
    assert secret.not_understood[0].column == "B (API token)"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found_from_the_headers(delimiter: str) -> None:
    rows = [["User Code", "Name", "E-mail Address"], ["a", '"Doe; John, or | so"', "a@builder.test"]]
    found = users("\n".join(delimiter.join(row) for row in rows))
    assert known(found.rows[0]) == {"code": "a", "name": "Doe; John, or | so", "email": "a@builder.test"}
    said = users("sep=" + delimiter + "\n" + "\n".join(delimiter.join(row) for row in rows))
    assert said.rows == found.rows


@pytest.mark.parametrize(
    ("header", "field"),
    [
        ("User Code", "code"),
        ("USER_CODE", "code"),
        ("Code d'usager", "code"),
        ("User Code *", "code"),
        ("user_name", "user_name"),
        ("SMTP Username", "user_name"),
        ('"""From"" Address"', "from_address"),
        ("Serveur SMTP", "server_name"),
        ("SMTP Server Name:", "server_name"),
        ("Port (SMTP)", "port"),
        ("Use SSL encoding", "use_ssl"),
        ("E-mail Address", "email"),
        ("Courriel / E-mail", "email"),
        ("Adresse électronique", "email"),
        ("Mail Software", "mailing_mode"),
        ("User's Group", None),
        ("Groupe d\u2019usagers", "group"),
        ("Type of access", "access"),
    ],
)
def test_headers_are_known_in_many_words(header: str, field: str | None) -> None:
    found = users(f"Number,Nom complet,{header}\n1,x,y\n")
    assert [column.field for column in found.columns][2:] == ([field] if field else [])


@pytest.mark.parametrize(
    ("header", "cell", "value"),
    [
        ("Port", "587.0", 587),
        ("Port", "", ""),
        ("Port", "?", None),
        ("Use SSL", "✓", True),
        ("Use SSL", "FAUX", False),
        ("Mailing Mode", "Office 365 - Modern Authentication", "modern-auth"),
        ("Mailing Mode", "", ""),
        ("Mail Software", "Lotus Notes", "lotus-notes"),
        ("Access", "maestro* and Web Service/Mobile", "maestro-and-mobile"),
        ("Access", "Web Service/Mobile", "mobile"),
        ("Status", "Actif", "active"),
        ("Status", "", None),
        ("Outlook", "New Outlook", "new"),
        ("Last sign in", "21/11/2026", dt.date(2026, 11, 21)),
        ("Last sign in", "2026-11-21 00:00:00", dt.date(2026, 11, 21)),
        ("Last sign in", "02/11/2026", None),
        ("Provider", "?", None),
        ("Email", "Front desk <frontdesk@builder.test>", "frontdesk@builder.test"),
        ("Email", "mailto:frontdesk@builder.test", "frontdesk@builder.test"),
        ("Email", "frontdesk at builder", "frontdesk at builder"),
        ("Name", "-", ""),
        ("Name", "#N/A", None),
        ("Name", "\x1b[31mred", "\\x1b[31mred"),
    ],
)
def test_cells_say_what_people_mean(header: str, cell: str, value: object) -> None:
    found = users(f"User Code\t{header}\nfrontdesk\t{cell}\n")
    assert getattr(found.rows[0], found.columns[1].field) == value


def test_a_column_that_is_not_there_is_not_known_and_an_empty_cell_is_empty() -> None:
    with_column, without = users("Code,Name\na,\n").rows[0], users("Code,Email\na,\n").rows[0]
    assert (with_column.name, without.name) == ("", None)


def test_two_columns_for_one_field_and_one_without_a_header_are_listed() -> None:
    found = users("User Code,Email,Courriel,\na,x@builder.test,y@builder.test,\nb,,,lost\n")
    assert [row.email for row in found.rows] == ["x@builder.test", ""]
    assert [(missed.column, missed.row) for missed in found.not_understood] == [("C (Courriel)", 1), ("D", 1)]
    assert "B (Email) was taken" in found.not_understood[0].why
    assert "first in row 3" in found.not_understood[1].why


def test_clerks_are_read_with_their_property() -> None:
    found = read_clerks(data=b"Clerk Code,Clerk Name,Dept.,E-mail Account,Property\nFD,Front desk,Front Office,,H1\nHK,,,,\n")
    assert found.rows == (
        Clerk(code="FD", name="Front desk", department="Front Office", email="", property="H1"),
        Clerk(code="HK", name="", department="", email="", property=""),
    )


def test_repeated_headers_are_left_out_and_counted() -> None:
    found = users("User Code,Name\na,x\nUser Code,Name\nb,y\n")
    assert [row.code for row in found.rows] == ["a", "b"]
    assert "The headers are repeated in 1 row: left out." in found.notes


@pytest.mark.parametrize("kind", ["users", "clerks"])
def test_the_template_is_read_as_it_was_meant_and_holds_no_formula(kind: Kind) -> None:
    text = template(kind)
    read, type_ = (read_users, User) if kind == "users" else (read_clerks, Clerk)
    found = read(data=text.encode())
    assert msgspec.structs.asdict(found.rows[0]) == {name: sample(type_, name) for name in type_.__struct_fields__}
    assert found.not_understood == ()
    assert not any(cell.startswith(tuple("=+-@")) for line in text.splitlines() for cell in line.split(","))


# ── workbooks ──────────────────────────────────────────────────────────────────────────────────────────────────────

RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def workbook(sheets: dict[str, dict[str, object]], hidden: Sequence[str] = ()) -> bytes:
    """The smallest workbook there can be, cell by cell."""

    def cell(place: str, value: object) -> str:
        if isinstance(value, bool):
            return f'<c r="{place}" t="b"><v>{int(value)}</v></c>'
        if isinstance(value, int | float):
            return f'<c r="{place}"><v>{value}</v></c>'
        return f'<c r="{place}" t="inlineStr"><is><t>{escape(str(value))}</t></is></c>'

    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            "[Content_Types].xml",
            '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
            '<Default Extension="xml" ContentType="application/xml"/></Types>',
        )
        archive.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{RELATIONS}"><Relationship Id="r" Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/>'
            "</Relationships>",
        )
        state = dict.fromkeys(hidden, ' state="hidden"')
        names = "".join(
            f'<sheet name="{escape(name)}" sheetId="{number}" r:id="r{number}"{state.get(name, "")}/>'
            for number, name in enumerate(sheets, 1)
        )
        archive.writestr("xl/workbook.xml", f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>{names}</sheets></workbook>')
        targets = "".join(
            f'<Relationship Id="r{number}" Type="{OFFICE}/worksheet" Target="worksheets/sheet{number}.xml"/>'
            for number in range(1, len(sheets) + 1)
        )
        archive.writestr("xl/_rels/workbook.xml.rels", f'<Relationships xmlns="{RELATIONS}">{targets}</Relationships>')
        for number, cells in enumerate(sheets.values(), 1):
            lines: dict[int, str] = {}
            for place, value in cells.items():
                line = int("".join(filter(str.isdigit, place)))
                lines[line] = lines.get(line, "") + cell(place, value)
            rows = "".join(f'<row r="{line}">{text}</row>' for line, text in sorted(lines.items()))
            archive.writestr(
                f"xl/worksheets/sheet{number}.xml", f'<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>'
            )
    return out.getvalue()


def test_the_sheet_with_the_headers_is_found_and_cells_have_their_places() -> None:
    data = workbook(
        {
            "Read me": {"A1": "how to use this"},
            "Usagers": {
                "C2": "Les usagers",
                "C4": "User Code",
                "D4": "Port",
                "E4": "Use SSL encoding",
                "F4": "Number",
                "C5": "frontdesk",
                "D5": 587.0,
                "E5": True,
                "F5": 7,
                "C8": "bookkeeping",
                "D8": 70000,
            },
            "Old": {"A1": "User Code", "A2": "gone"},
        }
    )
    found = read_users(data=data, name="site.xlsx")
    assert known(found.rows[0]) == {"code": "frontdesk", "port": 587, "use_ssl": True, "number": 7}
    assert found.sheet == "Usagers"
    assert found.notes[0] == "The sheet Usagers was read, of 3. Old could be read too; it was not."
    assert [(missed.sheet, missed.row, missed.column) for missed in found.not_understood] == [("Usagers", 8, "D (Port)")]
    assert [row.code for row in read_users(data=data, name="site.xlsx", sheet="Old").rows] == ["gone"]
    with pytest.raises(InputError, match="no sheet called New"):
        read_users(data=data, name="site.xlsx", sheet="New")


def test_a_header_over_two_merged_rows_is_found() -> None:
    data = workbook({"S": {"A1": "User Code", "B1": "SMTP", "B2": "Server", "C2": "Port", "A3": "a", "B3": "m.test", "C3": 25}})
    assert known(read_users(data=data).rows[0]) == {"code": "a", "server_name": "m.test", "port": 25}


def test_a_hidden_sheet_comes_last() -> None:
    table: dict[str, object] = {"A1": "User Code", "B1": "Name", "A2": "a", "B2": "x"}
    data = workbook({"hidden": table, "shown": {**table, "A2": "b"}}, hidden=["hidden"])
    assert [row.code for row in read_users(data=data).rows] == ["b"]


def test_a_workbook_that_would_fill_the_memory_is_refused() -> None:
    with pytest.raises(InputError, match="far below or far to the right"):
        read_users(data=workbook({"S": {"A1": "User Code", "XFD1048576": 1}}), name="users.xlsx")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "no row of headers"),
        (b"apple,pear\n1,2\n", "such as User Code, Number, Name"),
        (b"%PDF-1.7\n...", "is no table"),
        (b"\x00\x01\x02\x03\xff\xfe" * 100, "is no table"),
        (b"PK\x03\x04 broken", "damaged"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 broken", "cannot be read as a workbook"),
        (b"<html><table><tr><td>User Code</td></tr></table>", "web page"),
        (b'User Code,Name\na,"open\nb,y\nc,z\n', "line 2: a quote is opened and not closed"),
        (b"User Code,Name\n" + b"a,b\n" * 200_001, "more than 200,000 rows"),
    ],
)
def test_what_cannot_be_read_is_said_in_one_clear_line(data: bytes, said: str) -> None:
    with pytest.raises(InputError, match=r"^users\.csv") as raised:
        read_users(data=data, name="users.csv")
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_file_is_read_by_its_path(tmp_path: Path) -> None:
    path = tmp_path / "clerks.csv"
    path.write_text(template("clerks"), newline="")
    assert read_clerks(path).rows[0].code == "FD"
    with pytest.raises(InputError, match="cannot be read"):
        read_clerks(path.with_name("other.csv"))


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_no_file_whatsoever_does_more_than_be_refused(data: bytes) -> None:
    for start in (b"", b"User Code,Port,Password\n"):
        with contextlib.suppress(InputError):
            found = read_users(data=start + data, name="x")
            assert msgspec.convert(msgspec.to_builtins(found.rows), tuple[User, ...]) == found.rows


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(st.text("ab1 ,;\"'\t|<>@?=-", max_size=6), min_size=3, max_size=3), max_size=6))
def test_every_row_is_taken_or_listed(rows: list[list[str]]) -> None:
    text = "\n".join(
        ",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in [["User Code", "Name", "Email"], *rows]
    )
    found = users(text)
    filled = [row for row in rows if any(cell.split() for cell in row)]
    assert len(found.rows) + sum(missed.column == "" for missed in found.not_understood) == len(filled)
