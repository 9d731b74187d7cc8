"""Site files: read with every mistake at once, written without losing a remark."""

from __future__ import annotations

import datetime as dt
import json
import os
import pickle
import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import msgspec
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from mailkit.errors import InputError
from mailkit.site import ErpSite, PmsSite
from mailkit.site.erp import GeneralSettings, SmtpSettings, User
from mailkit.site.file import Site, SiteFile, SiteMistakes, dumps, load, loads, schema
from mailkit.site.file.layout import layout
from mailkit.site.file.mistakes import hints_of, row_kind
from mailkit.site.pms import EmailSetup

replace = msgspec.structs.replace

ERP = """\
# The office in town
product = "maestro-erp"   # construction

# what everybody uses
[general_settings]
mail_software = "smtp"    # Mail Software

# the account of the company
[general_settings.smtp]
server_name = 'mail.builder.test'   # single quotes
port        = 587

# the front desk
[[users]]
code = "frontdesk"  # as on the badge
number = 1

# the books
[[users]]
number = 2
code = "bookkeeping"

# estimating, since spring
[[users]]
code = "estimating"

# the end
"""


# ── any site, in any handwriting ───────────────────────────────────────────────────────────────────────────────────────


def values(hint: Any) -> st.SearchStrategy[Any]:
    """Any value of a field."""
    if row := row_kind(hint):
        return st.lists(tables(row), max_size=4).map(tuple)
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return tables(hint)
    if get_origin(hint) is Literal:
        return st.sampled_from(get_args(hint))
    if hasattr(hint, "__metadata__"):
        base, meta = get_args(hint)[0], hint.__metadata__[0]
        if base is int:
            return st.integers(meta.ge, meta.le if meta.le is not None else 2**40)
        texts = st.text(max_size=12) | st.sampled_from(
            [
                '"""',
                "'''",
                "# no remark",
                "[users]",
                "a\nb",
                "\r\n",
                "FD\\AR\\CM\\",
                "\x00\x1b\x7f",
                "\ufeff",
                "é",
                "\n",
                '\\"',
                "= 1",
            ]
        )
        return texts if meta.pattern is None else texts.filter(lambda text: re.search(meta.pattern, text) is not None)
    if get_args(hint):
        return st.one_of([values(one) for one in get_args(hint)])
    return {
        int: st.integers(-(2**62), 2**62),
        bool: st.booleans(),
        dt.date: st.dates(),
        type(None): st.none(),
    }[hint]


@cache
def tables(kind: type[msgspec.Struct]) -> st.SearchStrategy[Any]:
    """Any table of a type: most fields are not known."""
    fields = {}
    for field in msgspec.structs.fields(kind):
        any_value = values(hints_of(kind)[field.name])
        fields[field.name] = any_value if field.required else st.just(field.default) | any_value
    return st.builds(kind, **fields)


# Not the phase that explains a failure: it takes minutes.
PHASES = (Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink)

SITES = st.one_of(tables(ErpSite), tables(PmsSite))


BOTH = (True, False)


class Hand:
    """A person who writes site files with habits of his own."""

    def __init__(self, draw: st.DrawFn) -> None:
        self._draw = draw
        self._newline = draw(st.sampled_from(["\n", "\r\n"]))

    def file(self, site: Site) -> str:
        plain = msgspec.to_builtins(site, builtin_types=(dt.date,))
        lines = [*self._noise(), *self._block("", plain), *self._noise()]
        return self._one_of("", "\ufeff") + self._newline.join(lines) + self._one_of("", self._newline)

    def _one_of(self, *ways: Any) -> Any:
        return self._draw(st.sampled_from(ways))

    def _noise(self) -> list[str]:
        return list(self._one_of([], [], [], [""], ["# remark = 1"], ["", "# [[users]]"], ["# a", "", "# b", ""]))

    def _block(self, header: str, table: dict[str, Any]) -> list[str]:
        lines: list[str] = [header] if header else []
        later: list[tuple[str, Any]] = []
        self._fields(table, "", lines, later, header.strip("[]"))
        for name, inner in later:
            lines += [*self._noise(), *self._block(name, inner)]
        return lines

    def _fields(self, table: dict[str, Any], prefix: str, lines: list[str], later: list[tuple[str, Any]], path: str) -> None:
        indent = self._one_of("", "", "  ", "\t")
        for name, value in table.items():
            place = f"{path}.{name}" if path else name
            way = self._one_of("header", "dotted", "braces")
            if isinstance(value, dict) and way == "header" and not prefix:
                later.append((f"[{place}]", value))
            elif isinstance(value, dict) and way == "dotted" and value:
                self._fields(value, f"{prefix}{self._key(name)} . ", lines, later, place)
            elif isinstance(value, tuple) and way == "header" and value and not prefix:
                later += [(f"[[{place}]]", one) for one in value]
            else:
                lines += [
                    *self._noise(),
                    f"{indent}{prefix}{self._key(name)} = {self._value(value)}{self._one_of('', '  # said')}",
                ]

    def _key(self, name: str) -> str:
        return str(self._one_of(name, name, name, f'"{name}"', f"'{name}'"))

    def _value(self, value: Any) -> str:
        if isinstance(value, dict):
            return "{ " + " , ".join(f"{self._key(name)} = {self._value(one)}" for name, one in value.items()) + " }"
        if isinstance(value, tuple) and self._one_of(*BOTH):
            return f"[{', '.join(map(self._value, value))}{self._one_of('', ',') if value else ''}]"
        if isinstance(value, tuple):
            rows = "".join(f"{self._newline}  # above{self._newline}  {self._value(one)}, # behind" for one in value)
            return f"[ # open{rows}{self._newline}]"
        if isinstance(value, str):
            return self._text(value)
        return value.isoformat() if isinstance(value, dt.date) else str(value).lower()

    def _text(self, value: str) -> str:
        ways = [json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")]
        if value.isprintable() and value.isascii() and "'" not in value:
            ways += [f"'{value}'", f"'''{value}'''"]
        if all(sign.isprintable() or sign == "\n" for sign in value) and value[:1] != "\n":
            inner = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", self._newline)
            ways.append(f'"""{inner}"""')
        return str(self._one_of(*ways))


@st.composite
def changes(draw: st.DrawFn) -> tuple[str, Site, Site]:
    """A file, the site in it, and another site that it is to hold: a changed one, or any other."""
    before = draw(SITES)
    other = draw(tables(type(before)))
    after = before
    for name in draw(st.lists(st.sampled_from(before.__struct_fields__), unique=True)):
        old, new = getattr(before, name), getattr(other, name)
        if isinstance(old, tuple) and draw(st.booleans()):
            new = tuple(draw(st.permutations([*old, *new])))[: draw(st.integers(0, 6))]
        after = replace(after, **{name: new})
    return Hand(draw).file(before), before, after


def same(one: Site, other: Site) -> bool:
    """Compare strictly: ``1`` is not ``true``."""
    return repr(one) == repr(other)


@settings(max_examples=150, deadline=None, phases=PHASES)
@given(SITES)
def test_a_new_file_says_exactly_what_the_site_says(site: Site) -> None:
    assert same(loads(dumps(site)), site)


@settings(max_examples=300, deadline=None, phases=PHASES)
@given(changes())
def test_a_file_in_any_handwriting_takes_any_change(change: tuple[str, Site, Site]) -> None:
    text, before, after = change
    assert same(loads(text), before)
    file = SiteFile(before, text)
    assert file.with_site(before) == text
    changed = file.with_site(after)
    assert same(loads(changed), after)
    assert changed.startswith("\ufeff") == text.startswith("\ufeff")
    if "\r\n" in text and "\n" not in text.replace("\r\n", ""):
        assert "\n" not in changed.replace("\r\n", "")


@settings(max_examples=100, deadline=None, phases=PHASES)
@given(SITES, st.data())
def test_a_new_file_can_be_changed_too(site: Site, data: st.DataObject) -> None:
    other = data.draw(tables(type(site)))
    assert same(loads(SiteFile(site, dumps(site)).with_site(other)), other)


@settings(max_examples=150, deadline=None, phases=PHASES)
@given(changes())
def test_the_place_of_every_value_is_found(change: tuple[str, Site, Site]) -> None:
    text = change[0]
    places = layout(text)
    plain = tomllib.loads(text.removeprefix("\ufeff"))
    found = {}
    for block in places.blocks:
        for statement in block.statements:
            found[statement.path] = text[statement.value.start : statement.value.end]
    for path, source in found.items():
        value: Any = plain
        for part in path:
            value = value[part]
        assert tomllib.loads(f"x = {source}")["x"] == value

    def paths(value: Any, path: tuple[str | int, ...]) -> set[tuple[str | int, ...]]:
        inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        return {path}.union(*(paths(one, (*path, key)) for key, one in inner))

    assert set(places.lines()) == paths(plain, ()) - {()}


# ── what a person sees ─────────────────────────────────────────────────────────────────────────────────────────────


def mistakes(text: str) -> dict[str, str]:
    """What is said about each field."""
    with pytest.raises(SiteMistakes) as raised:
        loads(text)
    return {mistake.field: f"{mistake.line}: {mistake.what}; {mistake.allowed}" for mistake in raised.value.mistakes}


def test_all_mistakes_are_said_at_once_each_with_its_line_and_what_is_allowed() -> None:
    said = mistakes(
        """\
product = "maestro-erp"
versoin = "new"
deployment = "CLOUD"
name = 5.10

[general_settings]
mail_software = "SMTP - Other"   # the words of the new screen
smtp.port = "587"
smtp.use_ssl = "Yes"
smtp."server-name" = "mail.builder.test"

[[users]]
code = "frontdesk"
notes = """
        '"""\n# [[users]]\nport = 1\n"""\n'
        """port = 70000
[[users]]
number = true
authenticated_on = 2026-11-21T07:00:00
[[mailing_configuration]]
use_smtp = "perhaps"
"""
    )
    assert said["versoin"] == "2: is not a field; did you mean version?"
    assert said["deployment"].startswith('3: is "CLOUD"; did you mean "cloud"?')
    assert said["name"] == '4: is 5.10; write it in quotes: name = "5.10"'
    assert said["general_settings.mail_software"].startswith('7: is "SMTP - Other"; did you mean "smtp"?')
    assert said["general_settings.smtp.port"].startswith('8: is "587"; write the number without quotes.')
    assert said["general_settings.smtp.use_ssl"].startswith('9: is "Yes"; did you mean true')
    assert said["general_settings.smtp.server-name"] == "10: is not a field; did you mean server_name?"
    assert said["users[0].notes"].startswith("14: is not a field of this table; it belongs to the top of the file")
    assert said["users[0].port"] == '18: is 70000; allowed: a whole number from 1 to 65535 or "" (empty)'
    assert said["users[1].number"] == "20: is true; allowed: a whole number, 0 or more"
    assert said["users[1].authenticated_on"] == "21: is 2026-11-21T07:00:00; allowed: a date such as 2026-11-21"
    assert said["mailing_configuration[0].form"].startswith("22: is missing")
    assert said["mailing_configuration[0].use_smtp"] == '23: is "perhaps"; allowed: "on", "off", "not-shown"'
    assert len(said) == 13


@pytest.mark.parametrize(
    ("text", "field", "line"),
    [
        ("users = [\n  { code = 'a' },\n  # port = 1\n  { port = 0 },\n]", "users[1].port", 4),
        ("[general_settings]\r\n\r\nsmtp.port = 0", "general_settings.smtp.port", 3),
        ('[general_settings.smtp] # port\n"p\\u006frt" = 0', "general_settings.smtp.port", 2),
        ("general_settings = { smtp = { port = 0 } }", "general_settings.smtp.port", 1),
        ("[ general_settings . 'smtp' ]\n\nport\t=\t0", "general_settings.smtp.port", 3),
        ("notes = '''\nport = 9\n'''\n[[users]]\n[[users]]\nport = 0", "users[1].port", 6),
        ('notes = """\n\\"""\nport = 0\n""""\n[[users]]\nport = 0', "users[0].port", 6),
        ('name = "# no" # [[users]]\nusers = [{ port = 0 }]', "users[0].port", 2),
    ],
)
def test_the_line_is_right_however_it_is_written(text: str, field: str, line: int) -> None:
    said = mistakes(f"{text}\n" if "[" in text.split("=", 1)[0] else text)
    said.pop("product")
    assert list(said) == [field]
    assert said[field].startswith(f"{line}: ")


def test_every_line_that_is_no_toml_is_said_and_the_rest_is_judged_too() -> None:
    said = mistakes(
        """\
product = "maestro-erp"
name = Builder
notes = “curly”
[general_settings]
mail_software = smtp
[general_settings.smtp]
server_name = "mail.builder.test
port = 99999
user_name = "BUILDER\\estimating"
use_ssl = True
"""
    )
    assert [text.partition(":")[0] for text in said.values()] == ["2", "3", "5", "7", "8", "9", "10"]
    assert "straight" in said["notes"]
    assert "backslash" in said["user_name"]


@pytest.mark.parametrize("field", ["password", "pasword", "smtp_password", "mot_de_passe", "token", "api-key"])
def test_a_password_in_a_file_is_refused_and_not_shown(field: str) -> None:
    with pytest.raises(SiteMistakes) as raised:
        loads(f'product = "maestro-erp"\n[[users]]\ncode = "a"\n{field} = "hunter2"\n')
    error = raised.value
    assert error.mistakes[0].line == 4
    for shown in (str(error), repr(error), repr(error.mistakes), repr(error.args), repr(error.__context__)):
        assert "hunter2" not in shown


def test_control_characters_of_a_file_do_not_reach_the_terminal() -> None:
    with pytest.raises(SiteMistakes) as raised:
        loads('product = "maestro-erp"\ndeployment = "\\u001b[31m"\n"\\u001b]0;x" = 1\n', "\x1b[1m.toml")
    assert "\x1b" not in str(raised.value)


def test_one_mistake_is_one_line_and_several_are_a_list() -> None:
    with pytest.raises(SiteMistakes, match=r'^office.toml, line 2: version is "newest"; .*$') as one:
        loads('product = "maestro-erp"\nversion = "newest"', "office.toml")
    assert "\n" not in str(one.value)
    with pytest.raises(SiteMistakes) as several:
        loads('product = "maestro-erp"\nversion = "newest"\nport = 1', "office.toml")
    assert str(several.value).splitlines()[0] == "office.toml has 2 mistakes:"
    assert len(str(several.value).splitlines()) == 3
    assert pickle.loads(pickle.dumps(several.value)).mistakes == several.value.mistakes


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("", 'write product = "maestro-erp" for'),
        ('product = "Maestro PMS"', 'did you mean "maestro-pms"?'),
        ('product = "maestro-pms"\n[[users]]\ncode = "a"', "a file is of one product only"),
        ('product = "maestro-pms"\nclerks = 3', "[[clerks]]"),
        ('product = "maestro-pms"\n[[email_setup]]\nport = 25', "[email_setup] with single brackets"),
        ('product = "maestro-pms"\n[clerks]\ncode = "a"', "[[clerks]] with double brackets"),
        ('product = "maestro-erp"\n"Mail Software" = "smtp"', "it belongs to [general_settings]"),
        ('product = "maestro-erp"\n[[users]]\n"User Code" = "a"', "did you mean code?"),
        ("product = " + "[" * 5000, "four levels"),
        ("number = " + "1" * 5000, "no field of a site needs that"),
    ],
)
def test_what_would_be_right_is_said(text: str, right: str) -> None:
    with pytest.raises(SiteMistakes) as raised:
        loads(text)
    assert right in str(raised.value)


def test_the_master_flag_may_be_written_as_on_the_screen_and_a_date_in_quotes() -> None:
    text = """product = "maestro-pms"
business_date = "2026-11-21"
email_setup.email_traces = "Y"
[[properties]]
code = "H1"
email_setup.email_traces = "N"
"""
    site = loads(text)
    assert isinstance(site, PmsSite)
    assert site.email_setup.email_traces is True
    assert site.properties[0].email_setup.email_traces is False
    assert site.business_date == dt.date(2026, 11, 21)
    assert SiteFile(site, text).with_site(site) == text
    assert list(mistakes(text.replace('"Y"', '"perhaps"'))) == ["email_setup.email_traces"]


def test_two_users_of_one_number_do_not_keep_the_file_from_opening() -> None:
    site = loads('product = "maestro-erp"\nusers = [{ number = 1 }, { number = 1 }]')
    assert isinstance(site, ErpSite)
    assert len(site.users) == 2


# ── changes ────────────────────────────────────────────────────────────────────────────────────────────────────────


def changed(**values: Any) -> str:
    site = loads(ERP)
    return SiteFile(site, ERP).with_site(replace(site, **values))


def users() -> tuple[User, User, User]:
    site = loads(ERP)
    assert isinstance(site, ErpSite)
    one, two, three = site.users
    return one, two, three


def test_a_changed_value_is_all_that_changes() -> None:
    front, books, estimating = users()
    assert changed(users=(front, books, replace(estimating, code="estimators"))) == ERP.replace(
        'code = "estimating"', 'code = "estimators"'
    )
    settings_ = GeneralSettings(mail_software="smtp", smtp=SmtpSettings(server_name="mail.builder.test", port=465))
    assert changed(general_settings=settings_) == ERP.replace("587", "465")


def test_a_new_value_stands_behind_the_others_of_its_table_and_before_the_next_remark() -> None:
    front, books, estimating = users()
    assert changed(users=(replace(front, name="Front desk"), books, estimating)) == ERP.replace(
        "number = 1\n", 'number = 1\nname = "Front desk"\n'
    )


def test_a_removed_user_takes_his_remark_along_and_leaves_the_others() -> None:
    front, _, estimating = users()
    assert changed(users=(front, estimating)) == ERP.replace('# the books\n[[users]]\nnumber = 2\ncode = "bookkeeping"\n\n', "")
    assert changed(users=()).endswith("port        = 587\n\n# the end\n")


def test_a_new_user_stands_where_he_was_put() -> None:
    front, books, estimating = users()
    assert changed(users=(front, User(code="new", port=""), books, estimating)) == ERP.replace(
        "\n# the books", '\n[[users]]\ncode = "new"\nport = ""\n\n# the books'
    )


def test_users_in_another_order_take_their_remarks_with_them() -> None:
    front, books, estimating = users()
    text = changed(users=(estimating, books, front))
    assert text.index("# estimating") < text.index("# the books") < text.index("# the front desk") < text.index("# the end")
    assert text.splitlines()[-5:] == ["[[users]]", 'code = "frontdesk"  # as on the badge', "number = 1", "", "# the end"]
    assert sorted(text.splitlines()) == sorted(ERP.splitlines())


def test_a_user_is_recognised_by_his_number_when_his_code_changes() -> None:
    front, books, _ = users()
    text = changed(users=(replace(books, code="accounting"), front))
    assert '# the books\n[[users]]\nnumber = 2\ncode = "accounting"\n' in text
    assert "estimating" not in text


def test_none_removes_the_line_and_empty_writes_it() -> None:
    front, books, estimating = users()
    text = changed(users=(replace(front, number=None, name=""), books, estimating))
    assert 'code = "frontdesk"  # as on the badge\nname = ""\n' in text
    assert "number = 1" not in text


def test_the_line_that_waits_in_a_new_file_is_filled_in() -> None:
    site = ErpSite(name="Head office")
    after = replace(site, version="new", users=(User(code="frontdesk"),))
    text = SiteFile(site, dumps(site)).with_site(after)
    assert 'version = "new"   ' in text
    assert "# version" not in text
    assert text.index("# [[users]]") < text.index('\n[[users]]\ncode = "frontdesk"') < text.index("# Mailing Configuration")


def test_the_other_product_belongs_into_another_file() -> None:
    with pytest.raises(InputError, match="belongs into a file of its own"):
        SiteFile(loads(ERP), ERP).with_site(PmsSite())


def test_a_text_that_no_file_can_hold_is_refused() -> None:
    with pytest.raises(InputError, match="no file can hold"):
        dumps(ErpSite(name="\ud800"))


# ── files ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_saving_keeps_everything_else_and_the_rights(tmp_path: Path) -> None:
    path = tmp_path / "site.toml"
    path.write_bytes(b"\xef\xbb\xbf" + ERP.replace("\n", "\r\n").encode())
    path.chmod(0o640)
    file = load(path)
    saved = file.save(replace(file.site, version="new"))
    assert path.read_bytes().decode("utf-8-sig") == ERP.replace("# construction\n", '# construction\nversion = "new"\n').replace(
        "\n", "\r\n"
    )
    assert saved == load(path)
    assert [one.name for one in tmp_path.iterdir()] == ["site.toml"]
    if os.name == "posix":
        assert path.stat().st_mode & 0o777 == 0o640


def test_a_file_that_somebody_else_changed_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "site.toml"
    path.write_text(ERP)
    file = load(path)
    path.write_text(ERP + "# a remark of somebody else\n")
    with pytest.raises(InputError, match="changed by somebody else"):
        file.save(replace(file.site, version="new"))
    assert path.read_text().endswith("# a remark of somebody else\n")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b'product = "maestro-erp"\nname = "Caf\xe9"', "site.toml, line 2: the file is not saved as UTF-8"),
        ('product = "maestro-erp"'.encode("utf-16"), "save it again with the encoding UTF-8"),
    ],
)
def test_another_encoding_is_said(tmp_path: Path, data: bytes, said: str) -> None:
    (tmp_path / "site.toml").write_bytes(data)
    with pytest.raises(SiteMistakes) as raised:
        load(tmp_path / "site.toml")
    assert said in str(raised.value)


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="mailkit site init"):
        load(tmp_path / "site.toml")
    with pytest.raises(InputError, match="cannot be read"):
        load(tmp_path)


# ── the schema ─────────────────────────────────────────────────────────────────────────────────────────────────────

VALIDATOR = Draft202012Validator(schema(), format_checker=Draft202012Validator.FORMAT_CHECKER)


def plain(value: Any) -> Any:
    """A file as JSON has it."""
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return value.isoformat() if isinstance(value, dt.date) else value


JUNK = st.sampled_from([None, True, 0, 70000, "", "Y", "set", "smtp", "x" * 1001, "2026-11-21", "2026-13-01", [], {}, [{}], [1]])


@settings(max_examples=200, deadline=None, phases=PHASES)
@given(SITES, st.data())
def test_the_schema_takes_what_the_reader_takes_and_nothing_else(site: Site, data: st.DataObject) -> None:
    document = plain(msgspec.to_builtins(site, builtin_types=(dt.date,)))
    table = document
    while inner := [one for one in table.values() if isinstance(one, dict) and one]:
        if data.draw(st.booleans()):
            break
        table = data.draw(st.sampled_from(inner))
    key = data.draw(st.sampled_from([*hints_of(type(site)), *hints_of(EmailSetup), *hints_of(SmtpSettings), "product", "other"]))
    junk = data.draw(JUNK)
    if junk is None:
        table.pop(key, None)
    else:
        table[key] = junk
    assert VALIDATOR.is_valid(document) == taken(document)


def taken(document: dict[str, Any]) -> bool:
    lines = [f"{key} = {toml(value)}" for key, value in document.items()]
    try:
        loads("\n".join(lines))
    except SiteMistakes:
        return False
    return True


def toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {toml(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return f"[{', '.join(map(toml, value))}]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def test_the_schema_is_one_and_says_what_the_fields_are() -> None:
    Draft202012Validator.check_schema(schema())
    setup = schema()["oneOf"][1]["properties"]["email_setup"]["properties"]
    assert setup["trace_rep_addr"]["title"] == "Trace Rep Addr"
    assert all(field["description"] for field in setup.values())


def test_ten_thousand_users_open_and_change() -> None:
    site = ErpSite(users=tuple(User(code=f"user{number}", number=number, port=587) for number in range(10_000)))
    text = dumps(site)
    after = replace(site, users=(*site.users[5_000:], *site.users[:4_999], User(code="new")))
    assert loads(SiteFile(site, text).with_site(after)) == after
