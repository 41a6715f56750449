"""
Read an e-mail that a stranger may have made to hurt: bytes in, plain facts out, never an error.

Only the standard library's parser with its oldest policy is used: the newer one reads addresses
and parameters into trees, which takes minutes for some headers. Everything is bounded: parts,
depth, header lengths, characters.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import email
import email.policy
import json
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from email.header import decode_header
from email.message import Message
from email.utils import getaddresses
from html.parser import HTMLParser
from typing import Any

PARTS_MAX = 200
DEPTH_MAX = 20
HEADER_MAX = 2_000
TEXT_MAX = 200_000
"""Characters read of a body; the original keeps the rest."""
ATTACHMENTS_MAX = 50
TINY = 8_000
"""An inline picture of fewer bytes is part of a signature or of a newsletter, not a photo."""


class Unreadable(Exception):
    """The bytes are no e-mail, or one made so that nobody can read it."""


@dataclass(frozen=True)
class Attachment:
    """One file that came along."""

    name: str
    content: bytes
    media_type: str
    is_inline: bool = False


@dataclass(frozen=True)
class Mail:
    """What an e-mail says of itself, and what is in it."""

    sender: str
    """The address alone, in small letters; empty when there is none."""
    recipients: tuple[str, ...]
    subject: str
    message_id: str
    text: str
    headers: dict[str, str] = field(default_factory=dict)
    """Names in small letters; of several the first."""
    media_type: str = "text/plain"
    attachments: tuple[Attachment, ...] = ()
    null_sender: bool = False
    """The envelope's sender was empty, as bounces have it."""


# --- RFC 822 ----------------------------------------------------------


def read(raw: bytes) -> Mail:
    """
    Return what a raw message says.

    :raises Unreadable: if it has no header at all, or is nested beyond reason.
    """
    if _depth(raw) > DEPTH_MAX:
        raise Unreadable("nested too deeply")
    try:
        message = email.message_from_bytes(raw, policy=email.policy.compat32)
        return _read(message)
    except Unreadable:
        raise
    except Exception as error:
        # The parser has its own ideas of what cannot happen; a hostile mail finds them.
        raise Unreadable(type(error).__name__) from error


def _depth(raw: bytes) -> int:
    """Return how many multiparts or messages the bytes claim to hold, a bound of the nesting."""
    return len(re.findall(rb"(?im)^content-type:[ \t]*(?:multipart/|message/rfc822)", raw))


def _read(message: Message) -> Mail:
    headers: dict[str, str] = {}
    for name, value in message.items()[:500]:
        headers.setdefault(name.lower(), _header(value))
    if not headers:
        raise Unreadable("no headers")
    texts, pages, files = _parts(message)
    text = "\n\n".join(texts) if texts else "\n\n".join(_from_html(page) for page in pages)
    return_path = headers.get("return-path")
    return Mail(
        sender=_sender(message),
        recipients=_recipients(message),
        subject=headers.get("subject", "")[:300],
        message_id=headers.get("message-id", "").strip()[:250],
        text=tidy(text)[:TEXT_MAX],
        headers=headers,
        media_type=message.get_content_type(),
        attachments=tuple(files),
        null_sender=return_path is not None and return_path.strip() in {"<>", ""},
    )


def _sender(message: Message) -> str:
    """Return who sent it, read before names are decoded: a name may hold somebody's address."""
    lines = message.get_all("from") or []
    return address(tidy(str(lines[0]))) if len(lines) == 1 else ""


def _recipients(message: Message) -> tuple[str, ...]:
    found: list[str] = []
    for name in ("x-original-to", "delivered-to", "to", "cc"):
        for value in (message.get_all(name) or [])[:10]:
            for one in _header(value).split(",")[:50]:
                if (plain := address(one)) and plain not in found:
                    found.append(plain)
    return tuple(found)


def _walk(message: Message) -> Iterator[Message]:
    """Yield the parts that hold something, first to last, without recursion."""
    stack, seen = [message], 0
    while stack and seen < PARTS_MAX:
        part = stack.pop()
        seen += 1
        content = part.get_payload()
        if part.is_multipart() and isinstance(content, list):
            if part.get_content_type() == "message/rfc822" and part is not message:
                continue  # a forwarded mail is somebody else's words
            stack += [one for one in reversed(content) if isinstance(one, Message)]
        else:
            yield part


def _parts(message: Message) -> tuple[list[str], list[str], list[Attachment]]:
    texts: list[str] = []
    pages: list[str] = []
    files: list[Attachment] = []
    for part in _walk(message):
        media_type = part.get_content_type()
        disposition = _header(part.get("content-disposition", ""))[:20].lower()
        name = _name(part)
        content = part.get_payload(decode=True)
        if not isinstance(content, bytes):
            continue
        is_words = media_type in {"text/plain", "text/html"} and not name
        if is_words and not disposition.startswith("attachment"):
            (texts if media_type == "text/plain" else pages).append(
                decode(content[: 4 * TEXT_MAX], part.get_content_charset() or "")
            )
        elif content and len(files) < ATTACHMENTS_MAX:
            files.append(
                Attachment(
                    name=name or "attachment",
                    content=content,
                    media_type=media_type,
                    is_inline=disposition.startswith("inline") or "content-id" in part,
                )
            )
    return texts, pages, files


def _name(part: Message) -> str:
    try:
        name = part.get_filename()
    except Exception:  # a parameter in three encodings at once
        return "attachment"
    return tidy(_header(name))[:160] if name else ""


def _header(value: object) -> str:
    """Return a header in one line, decoded as far as it can be."""
    text = str(value)[:HEADER_MAX]
    try:
        pieces = [
            decode(piece, charset or "ascii") if isinstance(piece, bytes) else piece
            for piece, charset in decode_header(text)
        ]
    except Exception:  # half an encoded word
        pieces = [text]
    return " ".join(tidy("".join(pieces)).split())


# --- JSON ----------------------------------------------------------


def read_json(raw: bytes) -> Mail:
    """
    Return what a provider-neutral JSON message says; see docs/conversation.md for its fields.

    :raises Unreadable: if it is no such JSON.
    """
    try:
        told = dict(json.loads(raw))
        if told.get("raw"):
            return read(base64.b64decode(str(told["raw"]), validate=True))
        return _told(told)
    except Unreadable:
        raise
    except (ValueError, TypeError, RecursionError, AttributeError, binascii.Error) as error:
        raise Unreadable(type(error).__name__) from error


def _told(told: dict[str, Any]) -> Mail:
    given = told.get("headers") or {}
    headers = {str(name).lower(): _header(value) for name, value in list(dict(given).items())[:500]}
    raw_from = next(
        (value for name, value in dict(given).items() if str(name).lower() == "from"), ""
    )
    to = told.get("to") or []
    many = [to] if isinstance(to, str) else list(to)[:50]
    text = str(told.get("text") or "")[: 4 * TEXT_MAX]
    if not text.strip() and told.get("html"):
        text = _from_html(str(told["html"])[: 4 * TEXT_MAX])
    files = []
    for one in list(told.get("attachments") or [])[:ATTACHMENTS_MAX]:
        content = base64.b64decode("".join(str(one["content"]).split()), validate=True)
        files.append(
            Attachment(
                name=tidy(str(one.get("name") or "attachment"))[:160],
                content=content,
                media_type=str(one.get("content_type") or ""),
                is_inline=bool(one.get("inline")),
            )
        )
    envelope = told.get("envelope_from")
    return Mail(
        sender=address(tidy(str(told.get("from") or raw_from))),
        recipients=tuple(filter(None, (address(_header(one)) for one in many))),
        subject=_header(told.get("subject") or "")[:300],
        message_id=_header(told.get("message_id") or headers.get("message-id", "")).strip()[:250],
        text=tidy(text)[:TEXT_MAX],
        headers=headers,
        media_type=headers.get("content-type", "text/plain").split(";")[0].strip().lower(),
        attachments=tuple(files),
        null_sender=envelope is not None and str(envelope).strip() in {"", "<>"},
    )


# --- Words ----------------------------------------------------------


def address(text: str) -> str:
    """
    Return the address in a header's words, in small letters; empty when there is none.

    Of two, or of more than anybody writes, it is empty as well: whoever checks that a sender is
    true may have read the other one.
    """
    if len(text) > HEADER_MAX:
        return ""
    many = {one.strip().lower() for _name, one in getaddresses([text]) if "@" in one}
    found = many.pop() if len(many) == 1 else ""
    return found if re.fullmatch(r"[^\s@<>,;]{1,120}@[^\s@<>,;]{1,200}", found) else ""


def decode(content: bytes, charset: str) -> str:
    """Return text of bytes in a charset that may be wrong, unknown or no charset at all."""
    wanted = charset.strip("'\" ").lower()[:40]
    # Chinese senders say gb2312 and mean its successor.
    names = [{"gb2312": "gb18030", "gbk": "gb18030"}.get(wanted, wanted), "utf-8"]
    for name in names:
        try:
            if not codecs.lookup(name)._is_text_encoding:  # noqa: SLF001 - zlib and hex are codecs too
                continue
            return content.decode(name)
        except (LookupError, UnicodeError, ValueError):
            continue
    return content.decode("latin-1") if b"\0" not in content else content.decode("utf-8", "replace")


def tidy(text: str) -> str:
    """Return text as the database keeps it: no NUL, no half of a pair, one kind of line end."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\ufffd")
    return text.encode("utf-8", "replace").decode("utf-8")


class _Text(HTMLParser):
    """Take the words out of HTML; what a mail program folds in a quotation begins with ">"."""

    SILENT = frozenset({"script", "style", "head", "title", "template"})
    BREAKS = frozenset({"br", "p", "div", "tr", "li", "h1", "h2", "h3", "h4", "hr", "blockquote"})

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.out: list[str] = []
        self.silent = 0
        self.quoted = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note where silence, quotation and lines begin."""
        if tag in self.SILENT:
            self.silent += 1
        if tag == "blockquote":
            self.quoted += 1
        if tag in self.BREAKS:
            self._line()

    def handle_endtag(self, tag: str) -> None:
        """Note where they end."""
        if tag in self.SILENT:
            self.silent = max(0, self.silent - 1)
        if tag in self.BREAKS - {"br", "hr"}:
            self._line()
        if tag == "blockquote":
            self.quoted = max(0, self.quoted - 1)
            self._line()

    def handle_data(self, data: str) -> None:
        """Keep words that a reader would see."""
        if not self.silent:
            self.out.append(re.sub(r"\s+", " ", data))

    def _line(self) -> None:
        self.out.append("\n" + "> " * min(self.quoted, 3))


def _from_html(page: str) -> str:
    parser = _Text()
    with suppress(Exception):  # the words found so far are better than none
        parser.feed(page)
        parser.close()
    lines = "".join(parser.out).split("\n")
    kept = [line.rstrip() for line in lines]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip()


_WROTE = "wrote|schrieb|écrit|escribió|scritto|escreveu|schreef|skrev"
_LINES = (
    "Original Message|Forwarded message|Ursprüngliche Nachricht|原始邮件|原邮件|转发邮件|Original"
)
_BEGINS = re.compile(
    rf"^\s*(?:"
    rf"(?:On|Am|Le|El|Il|Em|Op|Den|På)\b.{{3,200}}(?:{_WROTE})\b.{{0,80}}[:：]?\s*$"
    rf"|在?.{{4,120}}(?:写道|寫道)\s*[:：]\s*$"
    rf"|-{{2,}}\s*(?:{_LINES})\s*-*.*$"
    rf"|_{{20,}}\s*$)",
    re.IGNORECASE,
)
_MORE_HEAD = re.compile(
    r"^\s*(?:发送时间|收件人|主题|日期|Sent|To|Subject|Date|Gesendet|An|Betreff)\s*[:：]", re.I
)
_BARE_HEAD = re.compile(r"^\s*(?:发件人|寄件者|From|Von|De)\s*[:：]", re.I)
_SIGNED = re.compile(
    r"^(?:--\s?|(?:Sent from my|Get Outlook for|Von meinem|发自我的|从我的).{0,60})$", re.I
)


def fold(text: str) -> tuple[str, str]:
    """
    Return what somebody wrote, and what their mail program repeated below it.

    Nothing is dropped: both together are the whole. Lines quoted between answers stay where they
    are, for without them the answers mean nothing; so does a mail that is all quotation.
    """
    lines = text.split("\n")
    cut = next((place for place in range(len(lines)) if _starts_quote(lines, place)), len(lines))
    while cut > 0 and (_SIGNED.match(lines[cut - 1].strip()) or not lines[cut - 1].strip()):
        cut -= 1
    signed = next(
        (place for place in range(cut) if lines[place].rstrip("\r") in {"--", "-- "}), cut
    )
    cut = min(cut, signed) if signed > 0 else cut
    said = "\n".join(lines[:cut]).strip()
    if not said:
        return text.strip(), ""
    return said, "\n".join(lines[cut:]).strip("\n")


def _starts_quote(lines: list[str], place: int) -> bool:
    """Test whether from this line on there is only what was written before."""
    line = lines[place][:400]
    if _BARE_HEAD.match(line):
        return any(_MORE_HEAD.match(one[:100]) for one in lines[place + 1 : place + 4])
    two = f"{line} {lines[place + 1][:200].strip()}" if place + 1 < len(lines) else line
    if _BEGINS.match(line) or (not line.startswith(">") and _WRAPPED.match(two)):
        return True
    if not line.startswith(">"):
        return False
    return all(one.startswith(">") or not one.strip() for one in lines[place:])


_WRAPPED = re.compile(
    r"^\s*(?:On|Am|Le|在)\b.{3,250}(?:wrote|schrieb|écrit|写道)\s*[:：]\s*$", re.IGNORECASE
)


# --- Machines ----------------------------------------------------------

_MACHINE_SENDERS = re.compile(
    r"^(?:mailer-daemon|postmaster|no-?reply|do-?not-?reply|bounces?|auto-?reply)(?:[+\-.].*)?@"
)


def is_bounce(mail: Mail) -> bool:
    """Test whether a letter of ours came back."""
    return (
        mail.null_sender
        or mail.media_type == "multipart/report"
        or mail.sender.startswith(("mailer-daemon@", "postmaster@"))
        or "x-failed-recipients" in mail.headers
    )


def is_machine(mail: Mail) -> bool:
    """Test whether a machine wrote it: nobody waits for an answer, and none may be made of it."""
    told = mail.headers
    submitted = told.get("auto-submitted", "no").split(";")[0].strip().lower()
    return (
        is_bounce(mail)
        or submitted not in {"", "no"}
        or told.get("precedence", "").strip().lower()
        in {"bulk", "junk", "auto_reply", "auto-reply"}
        or any(name in told for name in ("x-autoreply", "x-autorespond", "x-autoresponse"))
        or "list-unsubscribe" in told
        or bool(_MACHINE_SENDERS.match(mail.sender))
    )


def failed_dmarc(mail: Mail, *, authserv_id: str) -> bool:
    """Test whether our own mail house says that the sender is not who it says it is."""
    if not authserv_id:
        return False
    told = mail.headers.get("authentication-results", "").lower()
    # The first such header is the one our own house put on top; it names itself first.
    return told.split(";")[0].strip() == authserv_id.lower() and "dmarc=fail" in told
