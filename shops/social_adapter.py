"""Where django-allauth asks us about log-ins with TikTok: linked from inside an account, never by e-mail or name."""

from typing import Any

from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.signals import social_account_removed
from django.dispatch import receiver
from django.http import HttpRequest

from seller_center.kernel import clock, http
from shops import account_trail, sessions
from shops.models import User
from shops.scope import scope


class SocialAdapter(DefaultSocialAccountAdapter):
    """TikTok says who somebody is at TikTok (``open_id``), and nothing else that we would believe."""

    def can_authenticate_by_email(self, login: Any, email: str) -> bool:
        """Never: whoever can put an address into a TikTok account does not own the account that has it here."""
        return False

    def is_email_verified(self, provider: Any, email: str) -> bool:
        """Never: we confirm every address by a code of our own."""
        return False

    def populate_user(self, request: HttpRequest, sociallogin: Any, data: dict[str, Any]) -> User:
        """Take the shown name as a first suggestion, and no address."""
        user = sociallogin.user
        user.email = None
        user.name = str(data.get("name") or "")[:120]
        return user

    def get_signup_form_initial_data(self, sociallogin: Any) -> dict[str, str]:
        return {"email": ""}

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        """What connects an account at TikTok also says so, in one transaction."""
        save = sociallogin.save

        def save_and_say(request: HttpRequest, connect: bool = False) -> None:
            with scope(None, by=sociallogin.user):
                save(request, connect=connect)
                if connect:
                    account_trail.record("account.login_connected", person=sociallogin.user, at=clock.now())

        sociallogin.save = save_and_say

    def send_notification_mail(self, *args: Any, **kwargs: Any) -> None:
        """An account at TikTok was connected or taken away: whoever else is logged in has to do so anew."""
        super().send_notification_mail(*args, **kwargs)
        if self.request is not None and self.request.user.is_authenticated:
            sessions.end_others(self.request, self.request.user)

    def get_requests_session(self) -> Any:
        """The house's one HTTP client, with its limits."""
        return http.session()


@receiver(social_account_removed)
def say_removed(request: HttpRequest, socialaccount: Any, **_more: Any) -> None:
    """In the transaction that the page opens (``account_views.connections``)."""
    account_trail.record("account.login_removed", person=socialaccount.user, at=clock.now())
