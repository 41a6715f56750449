"""Read the demo's mails: what a shopper would find in their mailbox. Not routed in production."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path

from csp.constants import NONE, SELF, UNSAFE_INLINE
from csp.decorators import csp, csp_update
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, URLResolver, path
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_sameorigin

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


def _read(file: Path) -> Mail:
    message = BytesParser(policy=policy.default).parsebytes(file.read_bytes())
    return Mail(
        name=file.stem,
        at=datetime.fromtimestamp(int(file.stem.split("-")[0]) / 1e9, tz=UTC),
        to=str(message.get("To", "")),
        subject=str(message.get("Subject", "")),
        text=_part(message, "plain"),
        html=_part(message, "html"),
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
    path("dev/mail/<str:name>/html/", html, name="dev-mail-html"),
]
