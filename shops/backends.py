"""Who is logged in: allauth's backend, with the question of every page prepared."""

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from django.db.models import QuerySet

from seller_center.kernel.prepared import prepared
from shops.models import User


class People(AuthenticationBackend):
    """Log-in by mail address and password as allauth does it."""

    def get_user(self, user_id: Any) -> User | None:
        """The person of a session, if they may log in at all."""
        rows = list(_person(number=int(user_id)))
        return rows[0] if rows and self.user_can_authenticate(rows[0]) else None


@prepared
def _person(*, number: int) -> QuerySet[User]:
    return User.objects.filter(pk=number)
