"""A site of the construction ERP maestro*: what is configured, as far as it is known.

Everywhere here ``None`` means *not known* and ``""`` means *known to be empty*; the two are never mixed. Passwords are ``"set"``
or ``"empty"``, never their values. Field names are those of the screens (:mod:`mailkit.site.screens`).
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from msgspec import Meta, Struct

__all__ = [
    "MAILINGS",
    "Count",
    "ErpSite",
    "GeneralSettings",
    "Mailing",
    "MailingRow",
    "Mode",
    "Password",
    "Port",
    "Prose",
    "SmtpSettings",
    "Text",
    "User",
]

Text = Annotated[str, Meta(max_length=1000, pattern=r"^[^\x00-\x1f\x7f]*$(?!\n)")]
"""A text on one line. A control character in it is a mistake: most often a lone backslash in double quotes."""
Prose = Annotated[str, Meta(max_length=20_000)]
"""A text of several lines."""
Count = Annotated[int, Meta(ge=0, le=2**53 - 1)]
"""A number that every reader of JSON keeps exactly."""
Port = Annotated[int, Meta(ge=1, le=65535)] | Literal[""]
Password = Literal["set", "empty"]
"""Whether there is a password; it is never in a site file itself."""

Mode = Literal["outlook", "smtp", "other", "lotus-notes", "modern-auth"]
"""A mail mode: ``Mail Software`` of older versions, ``Mailing Mode`` of newer ones."""

Mailing = Literal["standard", "bulk", "dispatch", "mobile"]
"""A mailing type: ordinary mail of a user; forms and reports sent to all recipients; dispatch of work orders; maestro*MOBILE."""

MAILINGS: tuple[Mailing, ...] = ("standard", "bulk", "dispatch", "mobile")


class SmtpSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Where and how to log in; in General Settings, Miscellaneous, *Configuration of the SMTP email account*."""

    server_name: Text | None = None
    port: Port | None = None
    use_ssl: bool | None = None
    """The box ``Use SSL encoding``; whether it means STARTTLS or TLS from the first byte is not documented."""
    user_name: Text | None = None
    password: Password | None = None
    from_address: Text | None = None


class GeneralSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """The screen General Settings: one record for the whole installation."""

    mail_software: Mode | None = None
    smtp: SmtpSettings = SmtpSettings()


class User(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A user: the screen Security Management, and what is known of the user's own page Preferences."""

    code: Text | None = None
    number: Count | None = None
    name: Text | None = None
    group: Text | None = None
    access: Literal["maestro", "mobile", "maestro-and-mobile"] | None = None
    """``type of access``; ``mobile`` is *Web Service/Mobile*."""
    status: Literal["active", "inactive"] | None = None
    contact_email: Text | None = None
    """The address of the contact or employee linked to the user."""
    user_specific: bool | None = None
    """Older versions: the box before *User-Specific Email Configuration*."""
    user_name: Text | None = None
    """The log-in at the mail server."""
    password: Password | None = None
    from_address: Text | None = None
    server_name: Text | None = None
    port: Port | None = None
    use_ssl: bool | None = None
    mailing_mode: Mode | Literal[""] | None = None
    """Newer versions; ``""``: none chosen for this user."""
    email: Text | None = None
    """Newer versions, with Office 365 - Modern Authentication."""
    authentication: Literal["authenticated", "not-authenticated"] | None = None
    """Newer versions: the label beside the button ``Authentication``."""
    authenticated_on: dt.date | None = None
    outlook: Literal["classic", "new", "none"] | None = None
    """Which Outlook the user's workstation has."""
    provider: Text | None = None
    """Who runs the user's mailbox, as named in ``mailkit.site.providers``; when it differs from the site's."""


class MailingRow(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One row of the screen Mailing Configuration: a form or report that can be sent to many."""

    form: Text
    kind: Literal["form", "report", "other"] | None = None
    mailing: Literal["bulk", "dispatch"] = "bulk"
    account: Text | None = None
    """``Email account for sending``; ``""``: none."""
    use_smtp: Literal["on", "off", "not-shown"] | None = None
    """The box ``Use SMTP``, which is not shown when ``Mail Software`` is SMTP."""
    copy_to: Text | None = None
    subject_en: Text | None = None
    subject_fr: Text | None = None
    message_en: Prose | None = None
    message_fr: Prose | None = None
    archive: bool | None = None
    """Saved to Document Management."""


class ErpSite(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="product", tag="maestro-erp"
):
    """All that is known of the mail configuration of one maestro* installation."""

    schema: Literal["mailkit.site/1"] = "mailkit.site/1"
    name: Text | None = None
    version: Literal["old", "new"] | None = None
    """``old``: the screens with ``Mail Software`` only; ``new``: those with ``Mailing Mode``."""
    deployment: Literal["on-premises", "terminal-server", "cloud"] | None = None
    code_domain: Text | None = None
    """The domain that is added to each user code, where the installation does that."""
    provider: Text | None = None
    """Who runs the mailboxes, as named in ``mailkit.site.providers``; ``""``: none of those."""
    general_settings: GeneralSettings = GeneralSettings()
    users: tuple[User, ...] = ()
    mailing_configuration: tuple[MailingRow, ...] = ()
    notes: Prose | None = None

    @property
    def product(self) -> Literal["maestro-erp"]:
        """The product."""
        return "maestro-erp"
