"""Read the demo's mails: what a shopper would find in their mailbox. Not routed in production."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from email.utils import make_msgid
from pathlib import Path

from csp.constants import NONE, SELF, UNSAFE_INLINE
from csp.decorators import csp, csp_update
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, URLResolver, path
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_POST

from claims.services import inbound
from notifications.channels import files

_SHOWN = 100


@dataclass(frozen=True)
class Mail:
    """One mail of the folder."""

    name: str
    at: datetime
    to: str
    subject: str
    text: str
    html: str
    reply_to: str = ""


def _read(file: Path) -> Mail:
    message = BytesParser(policy=policy.default).parsebytes(file.read_bytes())
    return Mail(
        name=file.stem,
        at=datetime.fromtimestamp(int(file.stem.split("-")[0]) / 1e9, tz=UTC),
        to=str(message.get("To", "")),
        subject=str(message.get("Subject", "")),
        text=_part(message, "plain"),
        html=_part(message, "html"),
        reply_to=str(message.get("Reply-To", "")),
    )


def _part(message: EmailMessage, kind: str) -> str:
    part = message.get_body(preferencelist=(kind,))
    return "" if part is None else str(part.get_content())


def _one(name: str) -> Mail:
    if not (settings.DEBUG or settings.DEMO) or not all(c.isdigit() or c == "-" for c in name):
        raise Http404
    file = files.folder() / f"{name}.eml"
    if not file.is_file():
        raise Http404
    return _read(file)


@never_cache
def box(request: HttpRequest) -> HttpResponse:
    """List the newest mails, of one address if ``?to=`` names it."""
    if not (settings.DEBUG or settings.DEMO):
        raise Http404
    wanted = request.GET.get("to", "").strip().lower()
    every = sorted(files.folder().glob("*.eml"), reverse=True)
    mails = []
    for file in every:
        mail = _read(file)
        if wanted in mail.to.lower():
            mails.append(mail)
        if len(mails) == _SHOWN:
            break
    return render(request, "pages/devmail_box.html", {"mails": mails, "wanted": wanted})


@never_cache
@csp_update({"frame-src": [SELF]})  # type: ignore[arg-type]
def one(request: HttpRequest, name: str) -> HttpResponse:
    """Show one mail: its text, and its HTML in a frame that can run nothing."""
    return render(request, "pages/devmail_one.html", {"mail": _one(name)})


@never_cache
@require_POST
def answer(request: HttpRequest, name: str) -> HttpResponse:
    """Send an answer as the shopper's mail program and a mail house would."""
    mail = _one(name)
    if not mail.reply_to:
        raise Http404
    now = timezone.now()
    reply = EmailMessage()
    reply["From"], reply["To"] = mail.to, mail.reply_to
    reply["Subject"] = f"Re: {' '.join(mail.subject.split())}"
    reply["Message-ID"] = make_msgid(domain="dev.invalid")
    quoted = "\n".join(f"> {line}" for line in mail.text.splitlines())
    words = request.POST.get("body", "")[:20_000].replace("\0", "")
    reply.set_content(f"{words}\n\nOn {now:%d %b %Y}, {mail.to} wrote:\n{quoted}\n")
    for file in request.FILES.getlist("photos")[:10]:
        reply.add_attachment(
            file.read(), maintype="application", subtype="octet-stream", filename=file.name
        )
    inbound.accept(provider="dev", body=reply.as_bytes(), is_json=False, now=now)
    return redirect("dev-mail-one", name)


@never_cache
@xframe_options_sameorigin
@csp(  # type: ignore[arg-type]
    {
        "default-src": [NONE],
        "style-src": [UNSAFE_INLINE],
        "img-src": ["data:"],
        "frame-ancestors": [SELF],
        "base-uri": [NONE],
        "form-action": [NONE],
        "sandbox": ["allow-popups", "allow-popups-to-escape-sandbox"],
    }
)
def html(request: HttpRequest, name: str) -> HttpResponse:
    """Serve a mail's HTML alone; inline style is allowed here and nowhere else."""
    body = _one(name).html.replace("<head>", '<head><base target="_blank">', 1)
    return HttpResponse(body, headers={"X-Robots-Tag": "noindex"})


urlpatterns: list[URLPattern | URLResolver] = [
    path("dev/mail/", box, name="dev-mail"),
    path("dev/mail/<str:name>/", one, name="dev-mail-one"),
    path("dev/mail/<str:name>/answer/", answer, name="dev-mail-answer"),
    path("dev/mail/<str:name>/html/", html, name="dev-mail-html"),
]
