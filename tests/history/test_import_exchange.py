"""The exports of Exchange, old and new, on line and on premises, in English and French."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from .imports import SAMPLES, both, events, written


def test_a_message_trace_tells_one_state_a_recipient() -> None:
    found, unreadable, _ = both(SAMPLES / "trace_v2.csv")
    assert [(one.recipient, one.state, one.reason) for one in found] == [
        ("guest@guest.test", "accepted", None),
        ("staff@hotel.test", "delivered", None),
        ("missing@guest.test", "bounced", None),
        ("slow@slow.test", "deferred", None),
        ("all@hotel.test", "skipped", None),
        ("frontdesk@hotel.test", "rejected", "spamdetected"),
        ("frontdesk@hotel.test", "rejected", "filtered"),
        ("late@guest.test", "pending", None),
    ]
    assert [one.line for one in unreadable] == [11, 12]


def test_times_of_a_trace_are_utc_and_their_order_is_found_out() -> None:
    found, _, _ = both(SAMPLES / "trace_v2.csv")
    assert found[0].moment == datetime(2026, 3, 2, 14, 0, 1, tzinfo=UTC)
    assert found[2].moment == datetime(2026, 3, 14, 14, 0, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "row"),
    [
        (
            (
                '#TYPE Selected.System.Management.Automation.PSObject\n"PSComputerName","RunspaceId","Organization","MessageId",'
                '"Received","SenderAddress","RecipientAddress","Subject","Status","ToIP","FromIP","Size","MessageTraceId"'
            ),
            (
                '"outlook","1-2","hotel.test","<t@h.test>","2026-03-02 14:00:01","a@h.test","b@g.test","x","Delivered",'
                '"198.51.100.1",,"1","t-1"'
            ),
        ),
        (
            "Date (UTC-05:00),Sender,Recipient,Subject,Status,To IP,From IP,Size,Message ID,Network Message ID",
            "3/2/2026 9:00:01 AM,a@h.test,b@g.test,x,Delivered,198.51.100.1,,1,<t@h.test>,t-1",
        ),
        (
            "Date de réception;Adresse de l'expéditeur;Adresse du destinataire;Objet;État;ToIP;ID de message",
            "02/03/2026 14:00:01;a@h.test;b@g.test;x;Remis;198.51.100.1;<t@h.test>",
        ),
        (
            "receivedDateTime,senderAddress,recipientAddress,subject,status,toIP,fromIP,size,messageId,id",
            "2026-03-02T14:00:01Z,a@h.test,b@g.test,x,delivered,198.51.100.1,,1,<t@h.test>,t-1",
        ),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-8", "cp1252"])
def test_every_export_of_a_trace_is_read_in_every_encoding(tmp_path: Path, headers: str, row: str, encoding: str) -> None:
    (one,) = events(written(tmp_path, f"{headers}\r\n{row}\r\n".encode(encoding), "trace.csv"))
    assert (one.moment, one.source) == (datetime(2026, 3, 2, 14, 0, 1, tzinfo=UTC), "exchange-trace")
    assert (one.sender, one.recipient, one.message_id, one.state) == ("a@h.test", "b@g.test", "<t@h.test>", "accepted")


def test_delivered_counts_as_accepted_where_the_export_does_not_tell_where(tmp_path: Path) -> None:
    trace = written(
        tmp_path, "Received,SenderAddress,RecipientAddress,Status,MessageId\n2026-03-02,a@h.test,b@g.test,Delivered,<t@h.test>\n"
    )
    (one,) = events(trace)
    assert one.state == "accepted"
    assert "does not tell" in str(one.note)


def test_the_enhanced_summary_lists_every_recipient_in_one_row() -> None:
    found = events(SAMPLES / "enhanced.csv")
    assert [(one.recipient, one.state) for one in found] == [
        ("guest@guest.test", "accepted"),
        ("missing@guest.test", "bounced"),
        ("staff@hotel.test", "delivered"),
        ("slow@slow.test", "deferred"),
    ]


def test_a_tracking_log_tells_each_step_for_each_recipient() -> None:
    found, unreadable, _ = both(SAMPLES / "tracking.log")
    assert [(one.recipient, one.state) for one in found] == [
        ("guest@guest.test", "pending"),
        ("missing@guest.test", "pending"),
        ("guest@guest.test", "accepted"),
        ("missing@guest.test", "bounced"),
        ("staff@hotel.test", "pending"),
        ("staff@hotel.test", "delivered"),
        ("slow@slow.test", "deferred"),
        ("all@hotel.test", "skipped"),
    ]
    handed, refused = found[2], found[3]
    assert (handed.endpoint, handed.queue_ms, handed.subject) == ("mx1.guest.test", 2500, "Late checkout, room 12")
    assert (refused.reply_code, refused.reason) == (550, "userunknown")
    assert [(one.line, one.why) for one in unreadable] == [
        (14, "the event 'BEAMED' is not one that Exchange is known to write"),
        (15, "this row names no recipient; it ends early"),
    ]


def test_the_extended_report_has_the_columns_of_a_tracking_log(tmp_path: Path) -> None:
    report = written(
        tmp_path,
        "date_time_utc,client_ip,source,event_id,internal_message_id,message_id,network_message_id,recipient_address,recipient_status,"
        "message_subject,sender_address,custom_data\n"
        "2026-03-02T14:00:01.0000000Z,,SMTP,RECEIVE,1,<t@h.test>,n-1,b@g.test,b@g.test##,x,a@h.test,S:SFA=SUM\n"
        '2026-03-02T14:00:02.0000000Z,,SMTP,FAIL,1,<t@h.test>,n-1,b@g.test,"b@g.test##550 5.7.1 Access denied",x,a@h.test,\n'
        "2026-03-02T14:00:03.0000000Z,,AGENT,AGENTINFO,1,<t@h.test>,n-1,b@g.test,,x,a@h.test,S:TRA=ETR\n",
        "extended.csv",
    )
    found, unreadable, tally = both(report)
    assert [(one.state, one.reply) for one in found] == [("pending", None), ("bounced", "550 5.7.1 Access denied")]
    assert (unreadable, tally.foreign) == ([], 1)


def test_an_export_that_lost_its_recipients_says_how_to_keep_them(tmp_path: Path) -> None:
    lost = written(
        tmp_path,
        '"Timestamp","Source","EventId","MessageId","Recipients","RecipientStatus","MessageSubject","Sender"\n'
        '"2026-03-02T14:00:01Z","SMTP","SEND","<t@h.test>","System.String[]","System.String[]","x","a@h.test"\n',
        "tracking.csv",
    )
    found, (one,), _ = both(lost)
    assert found == []
    assert "-join" in one.why
