"""E-mails made to hurt are read, or refused in one known way; quotations are folded, not lost."""

from __future__ import annotations

import base64
import json
import re
import time
from email.message import EmailMessage

import pytest

from claims import mail


def _raw(body: str = "The handle is off.", **headers: str) -> bytes:
    told = {"From": "Lin Wei <lin@example.org>", "To": "x@reply.example", "Subject": "Re: claim"}
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in (told | headers).items()]
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


class TestRead:
    def test_reads_the_plain_part_and_names_the_files(self) -> None:
        message = EmailMessage()
        message["From"] = "林薇 <LIN@Example.org>"
        message["To"] = "Desk <claim+x@reply.example>, other@example.org"
        message["Subject"] = "关于理赔"
        message["Message-ID"] = "<1@example.org>"
        message.set_content("你好，杯子碎了。")
        message.add_alternative("<p>Other words</p>", subtype="html")
        message.add_attachment(
            b"\xff\xd8\xff", maintype="image", subtype="jpeg", filename="照片.jpg"
        )

        told = mail.read(message.as_bytes())

        assert told.sender == "lin@example.org"
        assert told.recipients == ("claim+x@reply.example", "other@example.org")
        assert (told.subject, told.message_id) == ("关于理赔", "<1@example.org>")
        assert told.text.strip() == "你好，杯子碎了。"
        assert [(one.name, one.content) for one in told.attachments] == [
            ("照片.jpg", b"\xff\xd8\xff")
        ]

    @pytest.mark.parametrize(
        ("line", "sender"),
        [
            ("{Müller, Jörg} <j@x.org>", "j@x.org"),
            ("Müller, Jörg <j@x.org>", "j@x.org"),
            ("{<victim@example.org>} <j@x.org>", "j@x.org"),
            ("{victim@example.org,} <j@x.org>", "j@x.org"),
            ('"victim@example.org" <j@x.org>', "j@x.org"),
            ("victim@example.org <j@x.org>", ""),
            ("<victim@example.org>j@x.org", ""),
            ("victim@example.org, j@x.org", ""),
            ("victim@example.org\r\nFrom: j@x.org", ""),
            (f"victim@example.org{'':2000}<j@x.org>", ""),
            ('{(}{"}{;} <j@x.org>', "j@x.org"),
        ],
    )
    def test_takes_no_address_out_of_a_name_and_none_of_two(self, line: str, sender: str) -> None:
        def sealed(name: re.Match[str]) -> str:
            return f"=?utf-8?b?{base64.b64encode(name[1].encode()).decode()}?="

        line = re.sub(r"\{(.*?)\}", sealed, line)
        raw = f"From: {line}\r\nTo: x@y.org\r\n\r\nHi".encode()

        assert mail.read(raw).sender == sender
        if "\r\n" not in line:
            for told in ({"from": line}, {"headers": {"From": line}}):
                assert mail.read_json(json.dumps(told).encode()).sender == sender

    def test_takes_words_out_of_html_alone(self) -> None:
        told = mail.read(
            _raw(
                "<style>p{}</style><p>It &lt;b&gt; broke</p><script>alert(1)</script>"
                "<blockquote>old words</blockquote>",
                Content_Type="text/html; charset=utf-8",
            )
        )

        assert mail.fold(told.text) == ("It <b> broke", "> old words\n>") or (
            mail.fold(told.text)[0] == "It <b> broke" and "old words" in mail.fold(told.text)[1]
        )

    @pytest.mark.parametrize(
        ("charset", "body", "text"),
        [
            ("gb2312", "你好".encode("gb18030"), "你好"),
            ("no-such-charset", b"plain", "plain"),
            ("zlib", b"plain", "plain"),
            ("utf-7", b"+AGE-", "a"),
            ("utf-8", b"caf\xe9", "café"),
            ("utf-16", b"odd", "odd"),
            ("'\"; rm", b"a\0b", "a\ufffdb"),
        ],
    )
    def test_reads_any_charset_somehow(self, charset: str, body: bytes, text: str) -> None:
        raw = _raw("", Content_Type=f'text/plain; charset="{charset}"') + body

        assert mail.read(raw).text == text

    @pytest.mark.parametrize(
        "raw",
        [b"", b"\0", b"\r\n\r\nno header", b"Content-Type: multipart/mixed\r\n\r\n" * 30],
        ids=["nothing", "nul", "no header", "nested"],
    )
    def test_refuses_in_one_known_way(self, raw: bytes) -> None:
        with pytest.raises(mail.Unreadable):
            mail.read(raw)

    def test_does_not_follow_nesting_down(self) -> None:
        body = ""
        for level in range(400):
            body = f'Content-Type: multipart/mixed; boundary="b{level}"\r\n\r\n--b{level}\r\n{body}'

        with pytest.raises(mail.Unreadable):
            mail.read(_raw(body))

    @pytest.mark.parametrize(
        "raw",
        [
            _raw(Subject="=?utf-8?b?" + "A" * 5_000),
            _raw(From='"' * 50_000 + "@example.org"),
            _raw(To=", ".join(["a@example.org"] * 20_000)),
            _raw(From="<" * 20_000),
            _raw(Content_Type="text/plain; charset*0*=x'y'%41; charset*1=z; name*=a'b"),
            _raw(Content_Disposition="attachment; filename*=utf-8''%ff%fe; filename*0*=a"),
            _raw(Content_Transfer_Encoding="base64", body="!!!!not base64!!!!"),
            _raw(Content_Transfer_Encoding="quoted-printable", body="=" * 100_000),
            _raw(Content_Type="multipart/mixed"),
            b"\n".join(b"X-%d: y" % number for number in range(20_000)) + b"\n\nwords",
            _raw("\ud800".encode("utf-8", "surrogatepass").decode("utf-8", "replace")),
        ],
        ids=range(11),
    )
    def test_reads_hostile_headers_soon_and_without_error(self, raw: bytes) -> None:
        begun = time.perf_counter()

        told = mail.read(raw)

        assert time.perf_counter() - begun < 2
        assert "\0" not in told.text + told.subject + told.sender
        (told.text + told.subject + told.sender).encode()

    def test_leaves_a_forwarded_mail_closed(self) -> None:
        inner = EmailMessage()
        inner.set_content("Somebody else's words")
        outer = EmailMessage()
        outer["From"] = "lin@example.org"
        outer.set_content("Mine")
        outer.add_attachment(inner)

        assert mail.read(outer.as_bytes()).text.strip() == "Mine"


class TestReadJson:
    def test_reads_the_neutral_form(self) -> None:
        told = mail.read_json(
            json.dumps(
                {
                    "from": "Lin <lin@example.org>", "to": ["claim+x@reply.example"],
                    "subject": "Re", "text": "Here", "message_id": "<2@x>", "envelope_from": "",
                    "headers": {"Auto-Submitted": "no"},
                    "attachments": [
                        {"name": "a.jpg", "content": base64.b64encode(b"jpg").decode()}
                    ],
                }
            ).encode()
        )  # fmt: skip

        assert (told.sender, told.recipients) == ("lin@example.org", ("claim+x@reply.example",))
        assert (told.text, told.message_id, told.null_sender) == ("Here", "<2@x>", True)
        assert [one.content for one in told.attachments] == [b"jpg"]

    def test_reads_a_raw_message_inside(self) -> None:
        body = json.dumps({"raw": base64.b64encode(_raw("Inside")).decode()}).encode()

        assert mail.read_json(body).text == "Inside"

    @pytest.mark.parametrize(
        "body",
        [
            b"", b"[", b"[]x", b"null", b"7", b'"x"', b"[1]", b'{"attachments": [1]}',
            b'{"attachments": [{"content": "%%%="}]}', b'{"headers": 3}', b'{"raw": "!"}',
            b"[" * 100_000, b'{"to": 5}', b"\xff\xfe",
        ],
    )  # fmt: skip
    def test_refuses_in_one_known_way(self, body: bytes) -> None:
        with pytest.raises(mail.Unreadable):
            mail.read_json(body)


class TestFold:
    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("Thanks!\n\nOn Mon, 2 Mar 2026 at 10:00, Pine <c@x.example> wrote:\n> hi", "Thanks!"),
            (
                "Yes\n\nOn Mon, Mar 2, 2026 at 1:00 PM Pine Harbour\n<c@x.example> wrote:\n\n> a",
                "Yes",
            ),
            ("好的\n\n在 2026年3月2日 10:00，松港 写道：\n> 你好", "好的"),
            ("Danke\n\nAm 02.03.26 um 10:00 schrieb Pine:\n> hallo", "Danke"),
            ("ok\n\nFrom: Pine\nSent: Monday\nTo: me\nSubject: x\n\nold", "ok"),
            ("好\n\n发件人: 松港\n发送时间: 周一\n\n旧", "好"),
            ("ok\n-----Original Message-----\nold", "ok"),
            ("ok\n> all\n\n> quoted", "ok"),
            ("ok\n\nSent from my iPhone\n\nOn 2 Mar 2026, Pine wrote:\n> x", "ok"),
            ("ok\n--\nLin Wei\nDirector", "ok"),
        ],
    )
    def test_folds_what_a_mail_program_repeats(self, text: str, said: str) -> None:
        told, quoted = mail.fold(text)

        assert told == said
        assert quoted
        kept = (told + quoted).replace("\n", "").replace(" ", "")
        assert kept == text.replace("\n", "").replace(" ", "")

    @pytest.mark.parametrize(
        "text",
        [
            "A\n> asked\nB\n> asked again\nC",
            "> only quotation",
            "From: the two I bought one broke",
            "On Monday it came and the driver wrote: left at door, which is not true at all. It",
            "",
            "--",
        ],
    )
    def test_leaves_together_what_belongs_together(self, text: str) -> None:
        assert mail.fold(text) == (text, "")

    def test_takes_no_time_over_a_made_up_quotation(self) -> None:
        text = "\n".join(["On " + "x " * 190] * 5_000)
        begun = time.perf_counter()

        mail.fold(text)

        assert time.perf_counter() - begun < 3


class TestMachines:
    @pytest.mark.parametrize(
        ("headers", "is_machine", "is_bounce"),
        [
            ({}, False, False),
            ({"Auto-Submitted": "no"}, False, False),
            ({"Auto-Submitted": "auto-replied"}, True, False),
            ({"Auto-Submitted": "Auto-Generated; x=y"}, True, False),
            ({"Precedence": "bulk"}, True, False),
            ({"Precedence": "list"}, False, False),
            ({"X-Autoreply": "yes"}, True, False),
            ({"Return-Path": "<>"}, True, True),
            ({"Return-Path": "<lin@example.org>"}, False, False),
            ({"From": "MAILER-DAEMON@mx.example.org"}, True, True),
            ({"From": "no-reply@example.org"}, True, False),
            ({"From": "noreply.lin@example.org"}, True, False),
            ({"From": "norepl@example.org"}, False, False),
            ({"Content-Type": "multipart/report; report-type=delivery-status"}, True, True),
        ],
    )
    def test_are_told_from_people(
        self, headers: dict[str, str], *, is_machine: bool, is_bounce: bool
    ) -> None:
        told = mail.read(_raw(**headers))

        assert (mail.is_machine(told), mail.is_bounce(told)) == (is_machine, is_bounce)

    @pytest.mark.parametrize(
        ("result", "trusted", "failed"),
        [
            ("mx.house.example; dmarc=fail", "mx.house.example", True),
            ("mx.house.example; dmarc=pass", "mx.house.example", False),
            ("mx.stranger.example; dmarc=fail", "mx.house.example", False),
            ("mx.house.example; dmarc=fail", "", False),
        ],
    )
    def test_only_our_own_house_says_who_is_not_who_they_say(
        self, result: str, trusted: str, *, failed: bool
    ) -> None:
        told = mail.read(_raw(**{"Authentication-Results": result}))

        assert mail.failed_dmarc(told, authserv_id=trusted) is failed
