"""The pseudonym key's file and pseudonyms are right."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation.errors import KeyFileError
from foundation.keys import PseudonymKey, canonical, create_key, load_key, read_key_id

KEY = PseudonymKey(version=1, secret=bytes(32))


@pytest.fixture
def file(tmp_path):
    file = tmp_path / "keys" / "pseudonym.key"
    create_key(file)
    return file


def test_made_and_read_back(file):
    key = load_key(file)
    assert key.version == 1
    assert len(key.secret) == 32
    assert read_key_id(file.with_suffix(".id")) == key.key_id
    assert file.stat().st_mode & 0o077 == 0


def test_two_keys_differ(file, tmp_path):
    assert create_key(tmp_path / "other.key").secret != load_key(file).secret


def test_an_existing_key_is_never_overwritten(file):
    before = file.read_bytes()
    with pytest.raises(FileExistsError):
        create_key(file)
    assert file.read_bytes() == before


def test_missing(tmp_path):
    with pytest.raises(KeyFileError, match=r"is missing.*echostream up"):
        load_key(tmp_path / "none.key")


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o602, 0o610])
def test_open_to_others(file, mode):
    file.chmod(mode)
    with pytest.raises(KeyFileError, match=r"readable by others\. chmod 600"):
        load_key(file)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("v1:", id="no secret"),
        pytest.param("v1:" + "ab" * 31, id="too short"),
        pytest.param("v1:" + "zz" * 32, id="not hexadecimal"),
        pytest.param("v0:" + "ab" * 32, id="no version"),
        pytest.param("ab" * 32, id="secret alone"),
    ],
)
def test_malformed(file, text):
    file.write_text(text)
    with pytest.raises(KeyFileError, match="is malformed"):
        load_key(file)


def test_not_text(file):
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(KeyFileError, match="cannot be read"):
        load_key(file)


def test_replaced_by_another(file):
    file.write_text("v1:" + "ab" * 32)
    with pytest.raises(KeyFileError, match=r"expected v1-.*every author would count twice"):
        load_key(file)


def test_without_its_fingerprint(file):
    file.with_suffix(".id").unlink()
    with pytest.raises(KeyFileError, match="lacks its fingerprint"):
        load_key(file)
    with pytest.raises(KeyFileError, match=r"fingerprint .* is missing"):
        read_key_id(file.with_suffix(".id"))


def test_no_error_and_no_print_shows_the_secret(file):
    secret = load_key(file).secret.hex()
    assert secret not in repr(load_key(file))
    file.chmod(0o644)
    with pytest.raises(KeyFileError) as caught:
        load_key(file)
    assert secret not in str(caught.value)


def test_a_pseudonym_is_stable_and_depends_on_everything():
    pseudonym = KEY.pseudonym("public", "reddit", "author", "alice")
    assert re.fullmatch(r"v1:[a-z2-7]{26}", pseudonym)
    assert pseudonym == KEY.pseudonym("public", "reddit", "author", "alice")
    others = [
        KEY.pseudonym("tenant", "reddit", "author", "alice"),
        KEY.pseudonym("public", "x", "author", "alice"),
        KEY.pseudonym("public", "reddit", "post", "alice"),
        KEY.pseudonym("public", "reddit", "author", "bob"),
        PseudonymKey(version=1, secret=b"\1" * 32).pseudonym("public", "reddit", "author", "alice"),
    ]
    assert len({pseudonym, *others}) == 6


@given(st.lists(st.text(), min_size=1, max_size=4), st.lists(st.text(), min_size=1, max_size=4))
def test_no_two_tuples_encode_alike(one, other):
    assert (KEY.pseudonym(*one) == KEY.pseudonym(*other)) == (one == other)


def test_canonical():
    assert canonical("Ａlice") == canonical("ALICE") == "alice"  # noqa: RUF001  # a full-width letter, on purpose


def test_posts_and_authors_have_pseudonyms_of_their_kind_and_of_every_key():
    newer = PseudonymKey(2, b"\1" * 32, KEY)
    assert KEY.post_key("public", "x", "17") == KEY.pseudonym("public", "x", "post", "17")
    assert KEY.author_key("public", "x", "Alice") == KEY.pseudonym("public", "x", "author", "alice")
    assert newer.post_keys("public", "x", "17") == [
        key.post_key("public", "x", "17") for key in (newer, KEY)
    ]
    assert newer.author_keys("public", "x", "ALICE") == [
        key.author_key("public", "x", "alice") for key in (newer, KEY)
    ]
