"""Codes: the alphabet, the randomness, the seed."""

import random
import threading
from collections import Counter

import pytest

from seller_center.kernel import codes
from seller_center.kernel.codes import ALPHABET, new_code, random_source, read_code, use_source


def test_it_has_no_look_alikes_no_vowels_and_no_sign_twice():
    assert not set(ALPHABET) & set("0O1IL2Z5S8BAEU")
    assert len(set(ALPHABET)) == len(ALPHABET) == 22
    assert ALPHABET.isupper()


def test_it_draws_codes_of_the_asked_length():
    assert len(new_code()) == 8
    assert len(new_code(4)) == 4
    assert set(new_code(200)) <= set(ALPHABET)
    with pytest.raises(ValueError, match="at least one sign"):
        new_code(0)


def test_it_uses_every_sign_about_as_often():
    """22,000 signs, 1,000 of each expected; six standard deviations are about 185."""
    counts = Counter(new_code(22_000))
    assert set(counts) == set(ALPHABET)
    assert all(800 < count < 1200 for count in counts.values())


def test_it_does_not_repeat_itself():
    assert len({new_code() for __ in range(20_000)}) == 20_000


def test_the_same_seed_gives_the_same_codes():
    def drawn():
        with use_source(random.Random(7)):
            return [new_code() for __ in range(5)]

    assert drawn() == drawn()


def test_it_is_unpredictable_again_after_the_block():
    with use_source(random.Random(7)):
        seeded = new_code()
        with use_source(None):
            assert isinstance(random_source(), random.SystemRandom)
        assert isinstance(random_source(), random.Random)
    assert isinstance(random_source(), random.SystemRandom)
    assert new_code() != seeded


def test_a_seed_stays_in_its_thread():
    seen = []
    with use_source(random.Random(7)):
        thread = threading.Thread(target=lambda: seen.append(codes._source.get()))
        thread.start()
        thread.join()
    assert seen == [None]


def test_it_reads_what_people_type():
    assert read_code(" acme-x7k4 tq9c ") == "ACMEX7K4TQ9C"
    assert read_code("") == ""
