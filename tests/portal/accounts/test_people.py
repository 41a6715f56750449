from __future__ import annotations

import threading

import pytest
from allauth.account.models import EmailAddress
from django.core.exceptions import ValidationError
from django.db import connection

from portal.accounts.models import User
from portal.accounts.people import ensure_shopper


class TestEnsureShopper:
    @pytest.mark.django_db
    def test_makes_a_person_who_can_only_sign_in_by_code(self) -> None:
        person = ensure_shopper(email=" Wen@Example.org ", language="zh-hans", name=" Wen  Li ")

        assert (person.email, person.name, person.language) == (
            "wen@example.org",
            "Wen Li",
            "zh-hans",
        )
        assert not person.has_usable_password()
        assert not person.is_staff
        address = EmailAddress.objects.get(user=person)
        assert (address.email, address.primary, address.verified) == (
            "wen@example.org",
            True,
            False,
        )

    @pytest.mark.django_db
    def test_returns_the_same_person_whatever_the_case_and_changes_nothing(self) -> None:
        first = ensure_shopper(email="wen@example.org", language="en", name="Wen")

        again = ensure_shopper(email="WEN@EXAMPLE.ORG", language="zh-hans", name="Somebody")

        assert again.pk == first.pk
        again.refresh_from_db()
        assert (again.name, again.language) == ("Wen", "en")

    @pytest.mark.django_db
    @pytest.mark.parametrize("email", ["", "wen", "wen@example.org\r\nBcc: all@example.org"])
    def test_refuses_what_is_no_address_and_leaves_no_trace(self, email: str) -> None:
        with pytest.raises(ValidationError):
            ensure_shopper(email=email, language="en")

        assert not User.objects.exists()

    @pytest.mark.django_db
    def test_falls_back_to_english_for_a_language_we_do_not_speak(self) -> None:
        assert ensure_shopper(email="wen@example.org", language="xx").language == "en"

    @pytest.mark.django_db(transaction=True)
    def test_eight_orders_at_once_make_one_person(self) -> None:
        made: list[int] = []

        def register() -> None:
            try:
                made.append(ensure_shopper(email="wen@example.org", language="en").pk)
            finally:
                connection.close()

        threads = [threading.Thread(target=register) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=20)

        assert len(made) == 8
        assert len(set(made)) == 1
        assert User.objects.count() == 1
