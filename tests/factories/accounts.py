"""People."""

from __future__ import annotations

import factory
from factory.django import DjangoModelFactory

from portal.accounts.models import User

PASSWORD = "correct horse battery staple"


class PersonFactory(DjangoModelFactory[User]):
    """A shopper; ``is_staff=True`` for somebody of the desk, ``password=`` for one who has one."""

    class Meta:
        model = User
        skip_postgeneration_save = True

    email = factory.Sequence(lambda n: f"person{n}@example.org")
    name = "Wen"
    language = "en"

    @classmethod
    def _create(cls, model_class: type[User], *args: object, **kwargs: object) -> User:
        email = str(kwargs.pop("email"))
        password = kwargs.pop("password", None)
        return User.objects.create_user(
            email, None if password is None else str(password), **kwargs
        )
