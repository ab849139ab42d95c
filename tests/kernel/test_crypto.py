"""Encryption: what opens, what does not, and that nothing is shown by accident."""

import base64
import copy
import json
import logging
import pickle

import pytest
from django.core.exceptions import ImproperlyConfigured
from hypothesis import given, settings
from hypothesis import strategies as st

from seller_center.kernel import crypto
from seller_center.kernel.crypto import Secret, Unreadable, blind_index

# -- secrets ----------------------------------------------------------------------------------------------------------


def test_a_secret_is_shown_nowhere_by_accident(caplog):
    secret = Secret("021000021")
    shown = [
        str(secret),
        repr(secret),
        f"{secret}",
        f"{secret:>12}",
        f"{secret}",
        repr([secret]),
        repr({"n": secret}),
    ]
    logging.getLogger("test").warning("number %s", secret)
    assert all("021000021" not in text for text in [*shown, caplog.text])
    assert "***" in caplog.text
    with pytest.raises(TypeError):
        json.dumps({"n": secret})
    with pytest.raises(TypeError, match="not stored outside"):
        pickle.dumps(secret)


def test_a_secret_is_revealed_on_purpose():
    secret = Secret("021000021")
    assert secret.reveal() == "021000021"
    assert secret.last_four == "0021"
    assert Secret("1234567").last_four == ""
    assert Secret(secret) == secret


def test_secrets_compare_only_with_secrets():
    assert Secret("a") == Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert not Secret("")
    with pytest.raises(TypeError):
        hash(Secret("a"))


def test_a_copy_of_a_secret_is_the_secret():
    secret = Secret("a")
    assert copy.copy(secret) is copy.deepcopy(secret) is secret


# -- sealing ----------------------------------------------------------------------------------------------------------


def seal(text="021000021", shop_id=1, place="bank.number|s1"):
    return crypto.seal_text(text, shop_id=shop_id, place=place)


def opened(sealed, shop_id=1, place="bank.number|s1"):
    return crypto.open_text(sealed, shop_id=shop_id, place=place).reveal()


@settings(max_examples=200, deadline=None, database=None)
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=60), st.one_of(st.none(), st.integers(1, 5)))
def test_what_is_sealed_opens_in_its_place(text, shop_id):
    from tests.kernel.conftest import MemoryKeyring

    before = crypto._Ring.keyring
    crypto.use_keyring(MemoryKeyring())
    try:
        assert opened(seal(text, shop_id), shop_id) == text
    finally:
        crypto.use_keyring(before)


def test_a_sealed_text_names_version_and_key_and_shows_nothing(keyring):
    version, kid, body = seal().split(":")
    assert (version, kid) == ("v1", "k1")
    assert b"021000021" not in base64.b64decode(body)
    assert seal() != seal(), "a fresh nonce each time"


@pytest.mark.parametrize("place", ["bank.number|s2", "bank.holder|s1", "other.number|s1", "", "bank.number|"])
def test_it_does_not_open_in_another_place(keyring, place):
    with pytest.raises(Unreadable):
        opened(seal(), place=place)


@pytest.mark.parametrize("shop_id", [2, None])
def test_it_does_not_open_for_another_shop(keyring, shop_id):
    with pytest.raises(Unreadable):
        opened(seal(), shop_id=shop_id)


def test_it_does_not_open_for_another_shop_even_under_the_same_key(keyring):
    sealed = seal()
    keyring.keys[2, "k1"] = keyring.keys[1, "k1"]
    with pytest.raises(Unreadable):
        opened(sealed, shop_id=2)


def test_it_does_not_open_under_the_name_of_another_key(keyring):
    sealed = seal()
    keyring.renew(1)
    with pytest.raises(Unreadable):
        opened(sealed.replace("v1:k1:", "v1:k2:"))


def test_no_changed_bit_goes_unnoticed(keyring):
    version, kid, body = seal().split(":")
    content = base64.b64decode(body)
    for bit in range(len(content) * 8):
        changed = bytearray(content)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(Unreadable):
            opened(f"{version}:{kid}:{base64.b64encode(changed).decode()}")


@pytest.mark.parametrize(
    "sealed",
    ["", "021000021", "v1", "v1:", "v1:k1", "v1:k1:", "v1:k1:***", "v1:k1:AAAA", "v2:k1:AAAA", "v1::AAAA", "v1:k 1:AA"],
)
def test_what_is_not_sealed_is_never_returned(keyring, sealed):
    keyring.renew(1)
    with pytest.raises(Unreadable) as refused:
        opened(sealed)
    assert "021000021" not in str(refused.value)


def test_an_unreadable_value_tells_nothing_of_its_content(keyring):
    sealed = seal()
    with pytest.raises(Unreadable) as refused:
        opened(sealed, place="elsewhere")
    assert sealed not in str(refused.value)
    assert refused.value.__cause__ is None


def test_a_destroyed_key_destroys_what_it_sealed(keyring):
    sealed = seal()
    keyring.destroy(1)
    with pytest.raises(Unreadable, match="does not exist"):
        opened(sealed)


def test_an_old_key_opens_and_the_new_one_seals(keyring):
    old = seal()
    keyring.renew(1)
    assert opened(old) == "021000021"
    assert crypto.kid_of(seal()) == crypto.current_kid(1) == "k2"


def test_without_a_keyring_nothing_is_sealed(keyring):
    crypto.use_keyring(None)
    with pytest.raises(ImproperlyConfigured, match="no keyring"):
        seal()


class OddKeyring:
    def __init__(self, kid, key):
        self.answer = kid, key

    def key_for(self, shop_id, kid):
        return self.answer


@pytest.mark.parametrize(("kid", "key"), [("k1", b"short"), ("k:1", bytes(32)), ("", bytes(32)), ("k" * 41, bytes(32))])
def test_an_odd_keyring_is_not_believed(keyring, kid, key):
    crypto.use_keyring(OddKeyring(kid, key))
    with pytest.raises(ImproperlyConfigured, match="not the key asked for"):
        seal()


def test_a_keyring_that_answers_with_another_key_is_not_believed(keyring):
    sealed = seal()
    crypto.use_keyring(OddKeyring("k9", bytes(32)))
    with pytest.raises(ImproperlyConfigured):
        opened(sealed)


# -- files ------------------------------------------------------------------------------------------------------------


def test_a_sealed_file_opens_in_its_place_only(keyring):
    content = bytes(range(256)) * 40
    sealed = crypto.seal_bytes(content, shop_id=1, place="file|s1")
    assert sealed.startswith(b"v1:k1:")
    assert content[:64] not in sealed
    assert crypto.open_bytes(sealed, shop_id=1, place="file|s1") == content
    for shop_id, place in ((2, "file|s1"), (None, "file|s1"), (1, "file|s2")):
        with pytest.raises(Unreadable):
            crypto.open_bytes(sealed, shop_id=shop_id, place=place)
    for broken in (sealed[:-1], sealed + b"x", content, b"", b"v1:k1:"):
        with pytest.raises(Unreadable):
            crypto.open_bytes(broken, shop_id=1, place="file|s1")


def test_an_empty_file_can_be_sealed(keyring):
    assert crypto.open_bytes(crypto.seal_bytes(b"", shop_id=1, place="f"), shop_id=1, place="f") == b""


# -- data keys under master keys --------------------------------------------------------------------------------------


@pytest.fixture
def masters(settings):
    settings.ENCRYPTION_KEYS = {"m1": "11" * 32}
    return settings


def test_a_data_key_is_wrapped_and_bound_to_its_label(masters):
    key = crypto.new_data_key()
    wrapped = crypto.wrap_key(key, "shop 1, k1")
    assert wrapped.startswith("v1:m1:")
    assert crypto.unwrap_key(wrapped, "shop 1, k1") == key
    with pytest.raises(Unreadable):
        crypto.unwrap_key(wrapped, "shop 2, k1")


def test_a_new_master_key_wraps_and_the_old_one_opens(masters):
    key = crypto.new_data_key()
    wrapped = crypto.wrap_key(key, "l")
    assert crypto.wrapped_by_current_master(wrapped)
    masters.ENCRYPTION_KEYS = {"m2": "22" * 32, "m1": "11" * 32}
    assert not crypto.wrapped_by_current_master(wrapped)
    assert crypto.unwrap_key(wrapped, "l") == key
    again = crypto.wrap_key(key, "l")
    assert crypto.wrapped_by_current_master(again)
    masters.ENCRYPTION_KEYS = {"m2": "22" * 32}
    assert crypto.unwrap_key(again, "l") == key
    with pytest.raises(Unreadable, match="not among ENCRYPTION_KEYS"):
        crypto.unwrap_key(wrapped, "l")


def test_a_master_key_may_be_written_in_base64(masters):
    wrapped = crypto.wrap_key(bytes(32), "l")
    masters.ENCRYPTION_KEYS = {"m1": base64.b64encode(b"\x11" * 32).decode()}
    assert crypto.unwrap_key(wrapped, "l") == bytes(32)


@pytest.mark.parametrize("key", ["", "11" * 31, "not a key", "zz" * 32])
def test_a_bad_master_key_is_refused_in_words(masters, key):
    masters.ENCRYPTION_KEYS = {"m1": key}
    with pytest.raises(ImproperlyConfigured, match="32 bytes in hex"):
        crypto.wrap_key(bytes(32), "l")


def test_no_master_key_is_refused_in_words(masters):
    masters.ENCRYPTION_KEYS = {}
    with pytest.raises(ImproperlyConfigured, match="no master key"):
        crypto.wrap_key(bytes(32), "l")


# -- the blind index --------------------------------------------------------------------------------------------------


def test_equal_values_have_equal_indexes_and_others_do_not():
    index = blind_index("DE89 3704 0044", "bank")
    assert len(index) == 64
    assert index == blind_index("de8937040044", "bank") == blind_index(Secret("DE8937040044"), "bank")
    assert index == blind_index("ＤＥ８９３７０４００４４", "bank"), "full-width signs mean the same"
    assert index != blind_index("DE89 3704 0045", "bank")
    assert index != blind_index("DE89 3704 0044", "tax")
    assert "8937" not in index


def test_an_index_depends_on_the_key(settings):
    before = blind_index("1", "bank")
    settings.BLIND_INDEX_KEY = "44" * 32
    assert blind_index("1", "bank") != before


def test_kind_and_value_do_not_run_together():
    assert blind_index("bc", "a") != blind_index("c", "ab")
