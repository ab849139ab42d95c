"""Unsafe production values refuse to start, each with its sentence."""

import re
import sys

import pytest
from django.core.exceptions import ImproperlyConfigured

from seller_center import safety
from tests.ground.processes import ROOT, manage

sys.path.insert(0, str(ROOT / "tools"))
import check

SAFE = {
    "LOCAL": False,
    "DEBUG": False,
    "TESTING": False,
    "CLOCK_MAY_MOVE": False,
    "HTTP_ALLOW_LOCAL": False,
    "FAILPOINTS": "",
    "DATABASES": {"default": {"OPTIONS": {"application_name": "seller-center"}}},
    "HTTPS": True,
    "SECRET_KEY": "0123456789abcdefghij" * 3,
    "ENCRYPTION_KEYS": {"k1": "0123456789abcdef" * 4},
    "BLIND_INDEX_KEY": "fedcba9876543210" * 4,
    "ALLOWED_HOSTS": ["seller.example.com"],
    "PUBLIC_URL": "https://seller.example.com",
    "DATA_DIR": "/data",
    "DATABASE_URL": "postgres://app:x@db.example.com/seller_center",
    "MIGRATE_DATABASE_URL": "postgres://owner:x@db.example.com/seller_center",
    "REDIS_URL": "redis://valkey.example.com/0",
    "MAIL_URL": "smtp://mail.example.com",
    "SANDBOX_URL": "",
    "SANDBOX_SECRET": "",
}

UNSAFE = [
    ("DEBUG", True, "DEBUG=1"),
    ("TESTING", True, "TESTING=1"),
    ("CLOCK_MAY_MOVE", True, "CLOCK_MAY_MOVE=1"),
    ("HTTP_ALLOW_LOCAL", True, "HTTP_ALLOW_LOCAL=1"),
    ("FAILPOINTS", "payout.after_bank=exit", "FAILPOINTS=payout.after_bank=exit is for"),
    ("DATABASES", {"default": {"OPTIONS": {"isolation_level": "serializable"}}}, "isolation of its own"),
    (
        "DATABASES",
        {"default": {"OPTIONS": {"options": "-c default_transaction_isolation=serializable"}}},
        "isolation of its own",
    ),
    ("HTTPS", False, "HTTPS=0"),
    ("SECRET_KEY", "", "SECRET_KEY must be"),
    ("SECRET_KEY", "short", "SECRET_KEY must be"),
    ("SECRET_KEY", "x" * 60, "SECRET_KEY must be"),
    ("ENCRYPTION_KEYS", {}, "ENCRYPTION_KEYS is missing"),
    ("ENCRYPTION_KEYS", {"k1": "00" * 32}, "the key 'k1' must be"),
    ("ENCRYPTION_KEYS", {"k1": "word"}, "the key 'k1' must be"),
    ("BLIND_INDEX_KEY", "", "BLIND_INDEX_KEY must be"),
    ("BLIND_INDEX_KEY", "0123456789abcdef" * 4, "BLIND_INDEX_KEY must differ"),
    ("ALLOWED_HOSTS", [], "ALLOWED_HOSTS must name"),
    ("ALLOWED_HOSTS", ["*"], r"ALLOWED_HOSTS=\*"),
    ("PUBLIC_URL", "http://seller.example.com", "PUBLIC_URL must be the https"),
    ("DATABASE_URL", "", "DATABASE_URL is missing"),
    ("DATABASE_URL", "postgres://seller_app@/seller_center?host=/data/pg", "embedded server"),
    ("DATABASE_URL", "postgres://app:change-me-app@db.example.com/x", "DATABASE_URL still has the password"),
    ("MIGRATE_DATABASE_URL", "postgres://o:change-me-owner@db.example.com/x", "MIGRATE_DATABASE_URL still has"),
    ("MIGRATE_DATABASE_URL", SAFE["DATABASE_URL"], "MIGRATE_DATABASE_URL must name another role"),
    ("REDIS_URL", "", "REDIS_URL is missing"),
    ("MAIL_URL", "", "MAIL_URL is missing"),
    ("SANDBOX_URL", "https://sandbox.example.com", "SANDBOX_SECRET is missing"),
]


def test_safe_values_start():
    safety.refuse_unsafe(SAFE)


@pytest.mark.parametrize("name,value,sentence", UNSAFE)
def test_an_unsafe_value_refuses(name, value, sentence):
    with pytest.raises(ImproperlyConfigured, match=sentence) as refused:
        safety.refuse_unsafe({**SAFE, name: value})
    assert str(refused.value).count("  - ") == 1, "one fault, one sentence"


def test_every_fault_is_told_at_once():
    with pytest.raises(ImproperlyConfigured) as refused:
        safety.refuse_unsafe({**SAFE, "DEBUG": True, "MAIL_URL": "", "ALLOWED_HOSTS": ["*"]})
    assert str(refused.value).count("  - ") == 3


def test_a_machine_of_ones_own_is_left_alone():
    safety.refuse_unsafe({**SAFE, "LOCAL": True, "DEBUG": True, "SECRET_KEY": ""})


def production(tmp_path) -> dict[str, str]:
    servers = {
        "DATABASE_URL": "postgres://seller_app@db.example.com/seller_center",
        "MIGRATE_DATABASE_URL": "postgres://seller_owner@db.example.com/seller_center",
    }
    return {**check.production(servers), "DATA_DIR": str(tmp_path)}


@pytest.mark.parametrize(
    "fault",
    [
        {"CLOCK_MAY_MOVE": "1"},
        {"FAILPOINTS": "payout.after_bank=exit"},
        {"ALLOWED_HOSTS": "*"},
        {"SECRET_KEY": "short"},
    ],
)
def test_the_program_itself_refuses(tmp_path, fault):
    done = manage("check", **{**production(tmp_path), **fault})
    assert done.returncode != 0
    assert re.search(f"  - {next(iter(fault))}", done.stderr)


def test_a_number_that_is_none_is_said_by_name(tmp_path):
    done = manage("check", **{**production(tmp_path), "DATABASE_LOCK_TIMEOUT_MS": "soon"})
    assert done.returncode != 0
    assert done.stderr.strip() == "error: DATABASE_LOCK_TIMEOUT_MS must be a whole number: see .env.example."


def test_it_does_not_embed_servers_in_production(tmp_path):
    done = manage("check", LOCAL=0, DATA_DIR=tmp_path)
    assert done.returncode != 0
    assert "DATABASE_URL is missing" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_deploy_checks_are_clean(tmp_path):
    import os

    servers = {name: os.environ[name] for name in ("DATABASE_URL", "MIGRATE_DATABASE_URL", "REDIS_URL")}
    done = manage("check", "--deploy", "--fail-level", "WARNING", **{**production(tmp_path), **servers})
    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout
