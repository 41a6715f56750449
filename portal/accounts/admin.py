"""The desk's view of people, their roles and machine tokens."""

from __future__ import annotations

from typing import Any, cast

from allauth.mfa.models import Authenticator
from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import Group
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext, pgettext
from unfold.admin import ModelAdmin
from unfold.decorators import action, display
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminSplitDateTimeWidget,
    UnfoldAdminTextInputWidget,
)

from portal.accounts import roles, tokens
from portal.accounts.models import ApiToken, User

admin.site.unregister(Group)


class PersonForm(forms.ModelForm):
    """A person and their one role; passwords are set by command or by the person, never here."""

    role = forms.ChoiceField(label=_("role"), required=False)

    class Meta:
        model = User
        fields = ["email", "name", "language", "is_active"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        role = cast("forms.ChoiceField", self.fields["role"])
        role.choices = [
            ("", _("No role")),
            *((role.value, roles.LABELS[role]) for role in roles.RoleName),
        ]
        if self.instance.pk:
            held = roles.held(self.instance)
            role.initial = held.value if held else ""

    def clean_email(self) -> str:
        """Keep addresses in lower case and tell when somebody else has it."""
        address = str(self.cleaned_data["email"]).strip().lower()
        others = User.objects.filter(email__iexact=address).exclude(pk=self.instance.pk)
        if others.exists():
            raise forms.ValidationError(_("Somebody with this e-mail exists already."))
        return address


@admin.register(User)
class PersonAdmin(ModelAdmin):
    """People and what they may do. Nobody sees or sets a password here."""

    form = PersonForm
    list_display = ["email", "name", "shown_role", "is_staff", "is_active", "has_second_factor"]
    list_filter = ["is_staff", "is_active", "groups"]
    search_fields = ["email", "name"]
    ordering = ["-is_staff", "email"]
    fields = ["email", "name", "language", "role", "is_active", "last_login", "joined_at"]
    readonly_fields = ["last_login", "joined_at"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        """Load roles and second factors with the list."""
        return self._with_factor(super().get_queryset(request)).prefetch_related("groups")

    def _with_factor(self, people: QuerySet[User]) -> QuerySet[User]:
        factors = Authenticator.objects.filter(
            user=OuterRef("pk"), type__in=[Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]
        )
        return people.annotate(has_factor=Exists(factors))

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Refuse: people are made inactive or erased by command, for claims refer to them."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """
        Let only a superuser change a superuser, and nobody themselves.

        Otherwise an administrator could become one, or hand themselves the right to move money.
        """
        is_held_back = obj is not None and (obj.is_superuser or obj.pk == request.user.pk)
        if is_held_back and not request.user.is_superuser:
            return False
        return super().has_change_permission(request, obj)

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:  # noqa: FBT001
        """Save the person and their role; a person without a role opens nothing."""
        if not change:
            obj.set_unusable_password()
        super().save_model(request, obj, form, change)
        chosen = form.cleaned_data.get("role")
        if chosen:
            roles.give(person=obj, role=roles.RoleName(chosen))
        else:
            roles.take_away(person=obj)

    @display(description=_("role"))
    def shown_role(self, obj: User) -> str:
        """Name the role in the reader's language."""
        held = roles.held(obj)
        return str(roles.LABELS[held]) if held else "-"

    @display(description=_("second factor"), boolean=True)
    def has_second_factor(self, obj: User) -> bool:
        """Tell whether an authenticator app or a passkey is set up."""
        return bool(obj.__dict__.get("has_factor"))


class TokenForm(forms.ModelForm):
    """What a new key may do and until when."""

    name = forms.CharField(label=_("name"), max_length=80, widget=UnfoldAdminTextInputWidget)
    scopes = forms.MultipleChoiceField(
        label=_("scopes"),
        choices=[(scope, scope) for scope in tokens.SCOPES],
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
    )
    expires_at = forms.SplitDateTimeField(
        label=_("expires"), required=False, widget=UnfoldAdminSplitDateTimeWidget
    )

    class Meta:
        model = ApiToken
        fields = ["name", "scopes", "expires_at"]

    def clean_expires_at(self) -> Any:
        """Refuse a key that would be dead at birth."""
        ends = self.cleaned_data["expires_at"]
        if ends is not None and ends <= timezone.now():
            raise forms.ValidationError(_("Choose a time that is still to come."))
        return ends


@admin.register(ApiToken)
class ApiTokenAdmin(ModelAdmin):
    """Machine tokens: made here, shown once, never changed, closed for good."""

    form = TokenForm
    list_display = ["name", "prefix", "scopes", "expires_at", "last_used_at", "shown_state"]
    search_fields = ["name", "prefix"]
    list_filter = ["created_at"]
    ordering = ["-created_at"]
    actions = ["revoke"]

    def get_fields(self, request: HttpRequest, obj: ApiToken | None = None) -> list[str]:
        """Ask little of a new key; show everything about an old one."""
        if obj is None:
            return ["name", "scopes", "expires_at"]
        return [
            "name",
            "prefix",
            "scopes",
            "created_at",
            "expires_at",
            "revoked_at",
            "last_used_at",
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: ApiToken | None = None) -> list[str]:
        """Freeze a key that exists."""
        return [] if obj is None else self.get_fields(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: ApiToken | None = None) -> bool:
        """Refuse; a key is closed and a new one made."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: ApiToken | None = None) -> bool:
        """Refuse; the record stays."""
        return False

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        """Test whether this person may close keys."""
        return request.user.has_perm("accounts.change_apitoken")

    def save_model(self, request: HttpRequest, obj: ApiToken, form: Any, change: bool) -> None:  # noqa: FBT001
        """Issue the key and keep its plain text for the one answer that shows it."""
        token, plain = tokens.issue(
            name=form.cleaned_data["name"],
            scopes=form.cleaned_data["scopes"],
            expires_at=form.cleaned_data["expires_at"],
            now=timezone.now(),
        )
        obj.__dict__.update(token.__dict__)
        obj.__dict__["plain"] = plain

    def response_add(
        self, request: HttpRequest, obj: ApiToken, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Show the plain text, once, on a page that no cache keeps."""
        context = {
            **self.admin_site.each_context(request),
            "title": _("Copy the new token now"),
            "opts": self.model._meta,  # noqa: SLF001 - _meta is public in Django
            "token": obj,
            "plain": obj.__dict__["plain"],
        }
        response = TemplateResponse(request, "admin/accounts/apitoken/issued.html", context)
        response.headers["Cache-Control"] = "no-store, private"
        return response

    @display(description=_("state"), label={"live": "success", "closed": "danger"})
    def shown_state(self, obj: ApiToken) -> tuple[str, str]:
        """Tell whether the key opens anything now."""
        over = obj.expires_at is not None and obj.expires_at <= timezone.now()
        if obj.revoked_at is not None or over:
            return "closed", pgettext("token", "Closed")
        return "live", pgettext("token", "Live")

    @action(description=_("Revoke the chosen tokens"), permissions=["revoke"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiToken]) -> None:
        """Close the chosen keys for good."""
        live = list(queryset.filter(revoked_at__isnull=True))
        for token in live:
            tokens.revoke(token=token, now=timezone.now())
        text = ngettext("%(count)s token was revoked.", "%(count)s tokens were revoked.", len(live))
        self.message_user(request, text % {"count": len(live)}, messages.SUCCESS)
