"""Who calls: a merchant's system with a bearer token, its scopes and its pace."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils import timezone
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from portal.accounts import limits, tokens
from portal.accounts.models import ApiToken

MINUTE = 60


@dataclass(frozen=True)
class Machine:
    """A merchant's system, known by its token."""

    token: ApiToken
    is_authenticated: bool = True
    is_active: bool = True

    @property
    def pk(self) -> int:
        """The token's key."""
        return self.token.pk


class BearerAuthentication(BaseAuthentication):
    """Take ``Authorization: Bearer amd_…`` and nothing else."""

    def authenticate(self, request: Request) -> tuple[Machine, ApiToken] | None:
        """Return the machine, or None when no token was sent at all."""
        words = str(request.META.get("HTTP_AUTHORIZATION", "")).split()
        if not words or words[0].lower() != "bearer":
            return None
        if len(words) != 2:
            raise exceptions.AuthenticationFailed(
                "The header must read “Authorization: Bearer ” and one token."
            )
        token = tokens.verify(words[1], now=timezone.now())
        if token is None:
            raise exceptions.AuthenticationFailed(
                "This token is not valid; it may have expired or been revoked. Make one in the"
                " admin under API tokens."
            )
        return Machine(token), token

    def authenticate_header(self, request: Request) -> str:
        """Say how to prove oneself, so that a missing token is 401 and not 403."""
        return "Bearer"


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Describe the token in the OpenAPI document."""

    target_class = "tracking.api.machines.BearerAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """Return the scheme."""
        return {"type": "http", "scheme": "bearer", "description": "A token from the admin."}


class HasScope(BasePermission):
    """Let in who has one of the view's ``scopes`` for the method."""

    message = ""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Compare the token's scopes with what the view asks for; no word means no."""
        token = request.auth
        if not isinstance(token, ApiToken):
            return False
        wanted: tuple[str, ...] = getattr(view, "scopes", {}).get(request.method, ())
        if set(wanted) & set(token.scopes):
            return True
        self.message = f"This token lacks the scope {' or '.join(wanted)}." if wanted else ""
        return False


class Pace(BaseThrottle):
    """So many calls a minute and token, counted in one place for all processes."""

    def allow_request(self, request: Request, view: APIView) -> bool:
        """Count this call and tell whether it is within the limit."""
        if request.auth is None:
            return True
        return limits.spend(
            f"api:{request.auth.pk}",
            limit=settings.API_CALLS_PER_MINUTE,
            seconds=MINUTE,
            now=timezone.now(),
        )

    def wait(self) -> float:
        """Say when to come back, in seconds."""
        return float(MINUTE)
