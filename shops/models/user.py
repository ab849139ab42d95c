"""Whoever logs in: sellers, staff and buyers with an account."""

from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.db.models.functions import Lower
from phonenumber_field.modelfields import PhoneNumberField


class UserManager(BaseUserManager):
    """Makes people; e-mail addresses are kept in lower case so that one address is one person."""

    def create_user(self, email: str | None, password: str | None = None, **fields):
        """A person with an e-mail address or a phone number; without a password they log in by code."""
        if not email and not fields.get("phone"):
            raise ValueError("A user needs an e-mail address or a phone number.")
        user: Any = self.model(email=email.strip().lower() if email else None, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields):
        """Staff with every right; the admin still asks for a verified second factor."""
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str):
        return self.get(email=username.strip().lower())


class User(AbstractBaseUser, PermissionsMixin):
    """A person. Rights come from memberships (shops) and groups (staff), never from this row."""

    email = models.EmailField(unique=True, null=True, blank=True)
    phone = PhoneNumberField(null=True, blank=True)
    phone_verified = models.BooleanField(default=False)
    name = models.CharField(max_length=120, blank=True)
    is_staff = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    date_joined = models.DateTimeField(null=True, blank=True)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: list[str] = []

    objects = UserManager()

    class Meta:
        permissions = [("restore_access", "Can take away a lost second factor")]
        constraints = [
            models.UniqueConstraint(
                Lower("email"),
                name="user_email_once",
                violation_error_message="There is already an account with this e-mail address.",
            ),
            models.UniqueConstraint(
                fields=("phone",),
                name="user_phone_once",
                violation_error_message="There is already an account with this phone number.",
            ),
            models.CheckConstraint(
                condition=models.Q(email__isnull=False) | models.Q(phone__isnull=False),
                name="user_reachable",
                violation_error_message="Give an e-mail address or a phone number.",
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.email or str(self.phone or "")

    def get_full_name(self) -> str:
        return self.name

    def get_short_name(self) -> str:
        return self.name or (self.email or "").partition("@")[0]
