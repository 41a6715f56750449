"""Sign in by a code sent to the address on file; staff add a second factor."""

from __future__ import annotations

import time
import unicodedata
import uuid
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from allauth.account import app_settings, views
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.forms import ConfirmLoginCodeForm
from allauth.account.internal.decorators import login_stage_required
from allauth.account.internal.flows.login_by_code import LoginCodeVerificationProcess
from allauth.account.models import EmailAddress
from allauth.account.stages import LoginByCodeStage
from allauth.core.internal.cryptokit import generate_user_code
from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import URLPattern, URLResolver, include, path, reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache

from notifications.models import Letter
from notifications.services import letters
from portal.accounts import limits
from portal.accounts.models import User
from portal.lib import masking
from portal.pages import signin_staff
from portal.pages.signin_common import ip, safe_next, without_site

AT_ONCE_SECONDS = 3.0
"""How long the web waits for the mail server before it leaves a code to the worker."""
EVEN_SECONDS = 0.12
"""Asking for a code takes at least so long: writing a letter must not be seen on the clock."""
RESEND_AFTER_SECONDS = 30
CODES_PER_HOUR = 8
TRIES_PER_HOUR = 25
ASKS_PER_IP = 30
PASSWORDS_PER_ADDRESS = 10
"""Wrong passwords for one address in a quarter of an hour, from wherever they come."""
PASSWORDS_PER_IP = 30


_MANY_CODES = _("We have sent many codes there. Look in that mailbox, or wait an hour.")


class Adapter(DefaultAccountAdapter):
    """How allauth does things here: our letters, our limits, nobody signs up."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "incorrect_code": _("That code is not right."),
        "email_password_mismatch": _("The e-mail or the password is not right."),
        "too_many_login_attempts": _("Too many tries. Wait 15 minutes and try again."),
        "rate_limited": _("Too many tries from here. Wait 10 minutes."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Refuse: shoppers exist by their orders, staff are made by an administrator."""
        return False

    def generate_login_code(self) -> str:
        """Return six digits."""
        return str(generate_user_code(length=6, numeric=True, dashed=False))

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Write the sign-in code as a letter; allauth has nothing else to say here."""
        if template_prefix != "account/email/login_code":
            return
        _write_code(context["request"], email, context["code"])

    def send_notification_mail(self, *_args: Any, **_kwargs: Any) -> None:
        """Stay silent: staff see their own changes."""

    def add_message(self, *_args: Any, **_kwargs: Any) -> None:
        """Stay silent: our pages say what they have to say themselves."""

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Refuse to look at a password when too many were wrong already."""
        now = timezone.now()
        address = str(credentials.get("email") or "")
        fine = limits.spend(
            f"password {address}", limit=PASSWORDS_PER_ADDRESS, seconds=900, now=now
        ) and limits.spend(
            f"password ip {ip(request)}", limit=PASSWORDS_PER_IP, seconds=900, now=now
        )
        self._login_failed_rl_usage = None
        if not fine:
            raise self.validation_error("too_many_login_attempts")

    def login(self, request: HttpRequest, user: User) -> None:
        """Sign in, and note the address of people whom no order brought."""
        EmailAddress.objects.get_or_create(
            user=user, email=user.email, defaults={"primary": True, "verified": False}
        )
        limits.forgive(f"password {user.email}")
        super().login(request, user)

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """Do nothing more: the try was counted before it was made."""

    def get_client_ip(self, request: HttpRequest) -> str:
        """Return the address the connection comes from."""
        return ip(request)


class AskForm(forms.Form):
    """The address to send a code to."""

    email = forms.EmailField(
        label=_("E-mail"),
        error_messages={
            "required": _("Enter the e-mail of your order."),
            "invalid": _("Enter an e-mail with an @, like name@example.org."),
        },
        widget=forms.EmailInput(attrs={"autocomplete": "email", "autocapitalize": "none"}),
    )


class CodeForm(ConfirmLoginCodeForm):
    """Six digits, pasted with whatever came along with them."""

    code = forms.CharField(
        label=_("The six digits from the e-mail"),
        max_length=20,
        help_text=_("You can paste them. Spaces do not matter."),
        error_messages={"required": _("Enter the six digits from the e-mail.")},
        widget=forms.TextInput(
            attrs={
                "inputmode": "numeric",
                "autocomplete": "one-time-code",
                "spellcheck": "false",
            }
        ),
    )

    def clean_code(self) -> str:
        """Keep the digits, whatever width they have and whatever stands between them."""
        typed = unicodedata.normalize("NFKC", self.cleaned_data["code"])
        self.cleaned_data["code"] = "".join(c for c in typed if c in "0123456789")
        return str(super().clean_code())


# --- Asking for a code ----------------------------------------------------------------------------


@never_cache
def ask(request: HttpRequest) -> HttpResponse:
    """Ask for an e-mail and send a code to it, saying the same whether we know it or not."""
    next_url = safe_next(request)
    if request.user.is_authenticated:
        return HttpResponseRedirect(next_url or reverse(settings.LOGIN_REDIRECT_URL))
    if request.method == "GET" and next_url.startswith(reverse("admin:index")):
        return HttpResponseRedirect(_with_next("staff_login", next_url))
    form = AskForm(request.POST or None)
    status = 200
    if request.method == "POST":
        if form.is_valid():
            now = timezone.now()
            if limits.spend(f"ask {ip(request)}", limit=ASKS_PER_IP, seconds=600, now=now):
                return _begin(request, form.cleaned_data["email"], next_url)
            form.add_error(None, _("Too many tries from here. Wait 10 minutes."))
        status = 422
    context = {"form": form, "next": next_url}
    return render(request, "account/request_login_code.html", context, status=status)


def send_code_for(request: HttpRequest, user: User, next_url: str) -> HttpResponse:
    """Send a code to the person's address on file and go to the page that asks for it."""
    return _begin(request, user.email, next_url)


def _begin(request: HttpRequest, address: str, next_url: str) -> HttpResponse:
    begun = time.perf_counter()
    address = address.strip().lower()
    user = User.objects.filter(email__iexact=address, is_active=True).first()
    if user is not None:
        # The code is about to prove it, and a person without this row would be asked twice.
        EmailAddress.objects.get_or_create(
            user=user, email=user.email, defaults={"primary": True, "verified": False}
        )
    may_send = limits.spend(
        f"codes {address}", limit=CODES_PER_HOUR, seconds=3600, now=timezone.now()
    )
    if not may_send:
        messages.error(request, _MANY_CODES)
        return HttpResponseRedirect(_with_next("account_login", next_url))
    process = LoginCodeVerificationProcess.initiate(request=request, user=user, email=address)
    process.state["sent_at"] = time.time()
    process.persist()
    url = _with_next("account_confirm_login_code", next_url)
    time.sleep(max(0.0, EVEN_SECONDS - (time.perf_counter() - begun)))
    return _then_post(request, HttpResponseRedirect(url))


def _with_next(name: str, next_url: str) -> str:
    return f"{reverse(name)}?{urlencode({'next': next_url})}" if next_url else reverse(name)


# --- Entering the code ----------------------------------------------------------------------------


@method_decorator(
    login_stage_required(stage=LoginByCodeStage.key, redirect_urlname="account_login"),
    name="dispatch",
)
class EnterCode(views.ConfirmLoginCodeView):
    """Check the six digits; a wrong one keeps the page, an old one is replaced."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Send a fresh code in place of one that has expired."""
        self.stage = request._login_stage  # type: ignore[attr-defined]  # noqa: SLF001
        process = LoginCodeVerificationProcess(stage=self.stage)
        if not process.is_valid():
            if not self._send_again(process):
                process.abort()
                messages.error(request, _("That code has expired. Ask for a new one."))
                return HttpResponseRedirect(reverse("account_login"))
            messages.info(request, _("That code has expired; we have sent a new one."))
            return _then_post(request, HttpResponseRedirect(request.get_full_path()))
        self._process = process
        if request.method == "POST" and request.POST.get("action") == "resend":
            return self._resend()
        is_try = request.method == "POST" and request.POST.get("code", "").strip()
        if is_try and not self._may_try():
            messages.error(request, _("Too many tries. Ask for a new code later."))
            process.abort()
            return HttpResponseRedirect(reverse("account_login"))
        return super(views.ConfirmLoginCodeView, self).dispatch(request, *args, **kwargs)

    def get_form_class(self) -> type[forms.Form]:
        """Return our form."""
        return CodeForm

    def form_invalid(self, form: forms.Form) -> HttpResponse:
        """Keep the page and say how many tries are left; an empty field costs none."""
        if form.has_error("code", "required"):
            return self.render_to_response(self.get_context_data(form=form), status=422)
        left = self._process.max_attempts - self._process.state["failed_attempts"] - 1
        if not self._process.record_invalid_attempt():
            messages.error(self.request, _("That code is used up. Ask for a new one."))
            return HttpResponseRedirect(reverse("account_login"))
        form.errors["code"] = form.error_class(
            [
                ngettext(
                    "That code is not right. You have %(count)s more try.",
                    "That code is not right. You have %(count)s more tries.",
                    left,
                )
                % {"count": left}
            ]
        )
        return self.render_to_response(self.get_context_data(form=form), status=422)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the masked address and until when the code works."""
        state = self._process.state
        until = timezone.now() + timedelta(
            seconds=state["at"] + self._process.timeout - time.time()
        )
        context = super().get_context_data(**kwargs)
        return {
            **without_site(context),
            "masked": masking.email(state["email"]),
            "until": until,
            "next": safe_next(self.request),
            "resend_after": RESEND_AFTER_SECONDS,
        }

    def _may_try(self) -> bool:
        """Count the try in one atomic step: the session alone loses count under parallel tries."""
        now = timezone.now()
        state = self._process.state
        this_code = f"code {self.request.session.session_key} {state['at']}"
        tries = self._process.max_attempts
        return limits.spend(this_code, limit=tries, seconds=900, now=now) and limits.spend(
            f"tries {state['email']}", limit=TRIES_PER_HOUR, seconds=3600, now=now
        )

    def _resend(self) -> HttpResponse:
        state = self._process.state
        waited = time.time() - state.get("sent_at", 0)
        if waited < RESEND_AFTER_SECONDS:
            wait = int(RESEND_AFTER_SECONDS - waited) + 1
            messages.info(
                self.request,
                ngettext(
                    "A code is on its way. You can ask for a fresh one in %(count)s second.",
                    "A code is on its way. You can ask for a fresh one in %(count)s seconds.",
                    wait,
                )
                % {"count": wait},
            )
        elif self._send_again(self._process):
            messages.info(self.request, _("We have sent a new code. The old one no longer works."))
        else:
            messages.error(self.request, _MANY_CODES)
        return _then_post(self.request, HttpResponseRedirect(self.request.get_full_path()))

    def _send_again(self, process: LoginCodeVerificationProcess) -> bool:
        address = process.state["email"]
        now = timezone.now()
        if not limits.spend(f"codes {address}", limit=CODES_PER_HOUR, seconds=3600, now=now):
            return False
        process.state.update({"at": time.time(), "sent_at": time.time(), "failed_attempts": 0})
        if process.user:
            process.resend()
        else:
            # The same steps for an address we do not know, so that it cannot be told apart.
            process.record_resend()
            process.persist()
        return True


# --- The letter -----------------------------------------------------------------------------------


def _write_code(request: HttpRequest, address: str, code: str) -> None:
    now = timezone.now()
    user = User.objects.get(email__iexact=address)
    letter = letters.write(
        name="sign_in_code",
        cause=f"flow {uuid.uuid4().hex}",
        recipient=user,
        language=get_language() or user.language,
        facts={
            "flow": uuid.uuid4().hex,
            "code": code,
            "until": (now + timedelta(seconds=app_settings.LOGIN_BY_CODE_TIMEOUT)).isoformat(),
            "path": reverse("account_confirm_login_code"),
        },
        now=now,
    )
    if letter is not None:
        _outgoing(request).append(letter)


def _outgoing(request: HttpRequest) -> list[Letter]:
    if not hasattr(request, "outgoing_letters"):
        request.outgoing_letters = []  # type: ignore[attr-defined]
    return request.outgoing_letters  # type: ignore[attr-defined]


def _then_post(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """
    Post the letters once the answer has gone to the browser.

    The row is in the database already; this only spares the wait for a worker. Doing it after
    the answer keeps the answer's timing the same for addresses that we know and do not know.
    """

    def post() -> None:
        for letter in _outgoing(request):
            letters.send(letter=letter, now=timezone.now(), timeout=AT_ONCE_SECONDS)

    response._resource_closers.append(post)  # type: ignore[attr-defined]  # noqa: SLF001
    return response


urlpatterns: list[URLPattern | URLResolver] = [
    path("account/login/", ask, name="account_login"),
    path("account/login/code/", ask, name="account_request_login_code"),
    path("account/login/code/confirm/", EnterCode.as_view(), name="account_confirm_login_code"),
    path("account/login/staff/", signin_staff.StaffLogin.as_view(), name="staff_login"),
    path("account/logout/", views.logout, name="account_logout"),
    path("account/reauthenticate/", views.reauthenticate, name="account_reauthenticate"),
    path("account/mfa/authenticate/", signin_staff.Factor.as_view(), name="mfa_authenticate"),
    path("account/mfa/", include("allauth.mfa.urls")),
]
