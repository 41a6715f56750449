"""How staff come in: password or code, a second factor outside the demo, short sessions."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from allauth.account import views
from allauth.account.forms import LoginForm
from allauth.account.internal.flows.login import get_authentication_records
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.base.views import AuthenticateView
from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.accounts import limits
from portal.accounts.models import User
from portal.lib import sealing
from portal.pages.signin_common import safe_next, without_site

FACTORS_PER_PERSON = 10
"""Tries at a second factor in a quarter of an hour."""
IDLE_SECONDS = 30 * 60
LONGEST_SECONDS = 12 * 3600
_BEGAN, _SEEN = "staff_began", "staff_seen"


class MfaAdapter(DefaultMFAAdapter):
    """Keep the secrets of authenticator apps sealed, so that a stolen dump does not hold them."""

    def encrypt(self, text: str) -> str:
        """Seal a secret."""
        return sealing.seal(text).decode("ascii")

    def decrypt(self, encrypted_text: str) -> str:
        """Open a secret."""
        return sealing.open(encrypted_text.encode("ascii"))


class PasswordForm(LoginForm):
    """E-mail and password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].label = _("E-mail")
        self.fields["login"].widget.attrs = {"autocomplete": "username"}
        self.fields["password"].label = _("Password")
        self.fields["password"].help_text = ""
        self.fields["password"].widget.attrs = {"autocomplete": "current-password"}


def _count(user: User) -> None:
    fine = limits.spend(
        f"factor {user.pk}", limit=FACTORS_PER_PERSON, seconds=900, now=timezone.now()
    )
    if not fine:
        raise ValidationError(_("Too many tries. Wait 15 minutes and try again."))


class FactorForm(AuthenticateForm):
    """The digits of the authenticator app or a recovery code; tries are counted first."""

    def clean_code(self) -> str:
        """Count the try, then look."""
        _count(self.user)
        return str(super().clean_code())


class FactorAgainForm(ReauthenticateForm):
    """The same, to confirm something that matters."""

    def clean_code(self) -> str:
        """Count the try, then look."""
        _count(self.user)
        return str(super().clean_code())


class StaffLogin(views.LoginView):
    """Sign in with a password; a second factor follows if one is set up."""

    template_name = "account/login.html"

    def get_form_class(self) -> type[forms.Form]:
        """Return our form."""
        return PasswordForm

    def form_invalid(self, form: forms.Form) -> HttpResponse:
        """Answer 422 so that nothing takes a refusal for success."""
        return self.render_to_response(self.get_context_data(form=form), status=422)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add where to go afterwards."""
        context = without_site(super().get_context_data(**kwargs))
        return {**context, "next": safe_next(self.request)}


class Factor(AuthenticateView):
    """Ask for the second factor."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Give the page our own idea of the site."""
        return without_site(super().get_context_data(**kwargs))


class StaffGate:
    """Let only staff into the admin, with a second factor outside the demo, and not for ever."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Stop a request for the admin, or pass it on."""
        if request.path.startswith(reverse("admin:index")):
            answer = self._stop(request)
            if answer is not None:
                return answer
        return self.get_response(request)

    def _stop(self, request: HttpRequest) -> HttpResponse | None:
        if not request.user.is_authenticated:
            return _to_login(request)
        if not request.user.is_staff or not request.user.is_active:
            raise PermissionDenied
        if settings.DEMO:
            return None
        if self._is_stale(request):
            logout(request)
            messages.info(request, _("You were away for a while. Please sign in again."))
            return _to_login(request)
        return _ask_for_factor(request)

    def _is_stale(self, request: HttpRequest) -> bool:
        now = int(time.time())
        began = request.session.setdefault(_BEGAN, now)
        seen = request.session.get(_SEEN, now)
        if now - seen > IDLE_SECONDS or now - began > LONGEST_SECONDS:
            return True
        if now - seen >= 60 or _SEEN not in request.session:
            request.session[_SEEN] = now
        return False


def _ask_for_factor(request: HttpRequest) -> HttpResponse | None:
    """Send a session that has not shown a second factor to where it can; None if it has."""
    records = get_authentication_records(request, request.user)
    kinds = {
        kind
        for kind in (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
        if is_mfa_enabled(request.user, [kind])
    }
    if not kinds:
        messages.warning(
            request, _("Set up an authenticator app or a passkey; the desk opens after that.")
        )
        return HttpResponseRedirect(reverse("mfa_index"))
    if any(record["method"] == "mfa" for record in records):
        return None
    name = (
        "mfa_reauthenticate" if Authenticator.Type.TOTP in kinds else "mfa_reauthenticate_webauthn"
    )
    return HttpResponseRedirect(_with_next(name, request))


def _to_login(request: HttpRequest) -> HttpResponse:
    return HttpResponseRedirect(_with_next("staff_login", request))


def _with_next(name: str, request: HttpRequest) -> str:
    back = request.get_full_path() if request.method == "GET" else reverse("admin:index")
    return f"{reverse(name)}?{urlencode({'next': back})}"
