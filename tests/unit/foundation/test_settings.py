"""Settings have an order of precedence, and wrong ones are refused."""

import pytest

from foundation.errors import SettingsError
from foundation.settings import Settings, load_settings


@pytest.fixture
def conf(tmp_path):
    def write(text: str):
        file = tmp_path / "conf.toml"
        file.write_text(text)
        return file

    return write


def test_defaults_hold_where_nothing_is_said(conf):
    assert load_settings(conf("")) == Settings()


def test_file_over_default(conf):
    assert load_settings(conf("[broker]\nport = 9192")).broker.port == 9192


def test_environment_over_file(conf, monkeypatch):
    monkeypatch.setenv("ECHOSTREAM_BROKER__PORT", "9292")
    loaded = load_settings(conf("[broker]\nport = 9192\nheap_mb = 300"))
    assert (loaded.broker.port, loaded.broker.heap_mb) == (9292, 300)


def test_command_line_over_environment(conf, monkeypatch, tmp_path):
    monkeypatch.setenv("ECHOSTREAM_HOME", "/nowhere")
    assert load_settings(conf('home = "/file"')).home.as_posix() == "/nowhere"
    assert load_settings(conf('home = "/file"'), home=tmp_path).home == tmp_path
    assert load_settings(conf('home = "/file"'), home=None).home.as_posix() == "/nowhere"


def test_only_load_settings_reads_the_environment(monkeypatch):
    monkeypatch.setenv("ECHOSTREAM_BROKER__PORT", "9292")
    assert Settings().broker.port == 9092


def test_a_variable_of_the_deployment_s_own_is_not_read(monkeypatch):
    before = load_settings()
    monkeypatch.setenv("ECHOSTREAM_X_REGION", "here")
    monkeypatch.setenv("ECHOSTREAM_X_BROKER__PORT", "{")
    assert load_settings() == before


@pytest.mark.parametrize(
    "name",
    [
        "ECHOSTREAM_BROKER__PROT",
        "ECHOSTREAM_BROKR__PORT",
        "ECHOSTREAM_NOTHING",
        "ECHOSTREAM_XREGION",
        "ECHOSTREAM_X",
    ],
)
def test_unknown_variable(conf, monkeypatch, name):
    monkeypatch.setenv(name, "1")
    with pytest.raises(SettingsError, match=f"{name} names no setting"):
        load_settings(conf(""))


@pytest.mark.parametrize(
    ("text", "setting"),
    [
        pytest.param("[broker]\nprot = 1", "broker.prot", id="unknown in a section"),
        pytest.param("brokr = 1", "brokr", id="unknown section"),
        pytest.param("[broker]\nport = 70000", "broker.port", id="out of range"),
        pytest.param("[broker]\nport = 'a'", "broker.port", id="wrong type"),
        pytest.param("owner = 'A B'", "owner", id="not a name"),
        pytest.param("log_level = 'loud'", "log_level", id="not one of the choices"),
    ],
)
def test_a_wrong_setting_is_named(conf, text, setting):
    with pytest.raises(SettingsError, match=f"setting {setting}: "):
        load_settings(conf(text))


def test_a_wrong_variable_is_named(conf, monkeypatch):
    monkeypatch.setenv("ECHOSTREAM_KAFKA__TIMEOUT_S", "-1")
    with pytest.raises(SettingsError, match=r"setting kafka\.timeout_s: "):
        load_settings(conf(""))


@pytest.mark.parametrize(
    ("name", "value", "section"),
    [
        ("ECHOSTREAM_KAFKA", "{secret", "kafka"),
        ("ECHOSTREAM_SANITIZER__PHONE_REGIONS", "secret", "sanitizer"),
    ],
)
def test_a_variable_that_is_not_json(conf, monkeypatch, name, value, section):
    """The error names the section, not the value."""
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=rf'environment: .*"{section}".*as JSON') as refused:
        load_settings(conf(""))
    assert "secret" not in str(refused.value)


def test_file_environment_and_command_line_meet_inside_a_section(conf, monkeypatch):
    monkeypatch.setenv("ECHOSTREAM_SCORER__BY_LANGUAGE", '{"fr": "b"}')
    file = conf("[scorer]\nname = 'file'\nmixed = false\n[scorer.by_language]\nde = 'a'")
    loaded = load_settings(file, scorer={"mixed": True})
    assert (loaded.scorer.name, loaded.scorer.mixed) == ("file", True)
    assert loaded.scorer.by_language == {"de": "a", "fr": "b"}


def test_a_file_that_is_missing_or_not_toml(conf, tmp_path):
    with pytest.raises(SettingsError, match="cannot read"):
        load_settings(tmp_path / "none.toml")
    with pytest.raises(SettingsError, match="is not TOML"):
        load_settings(conf("port ="))


def test_frozen():
    settings = Settings()
    with pytest.raises(ValueError, match="frozen"):
        settings.owner = "other"
    with pytest.raises(ValueError, match="frozen"):
        settings.broker.port = 1


def test_what_follows_from_others(tmp_path):
    settings = Settings(home=tmp_path, broker={"port": 19})
    assert settings.bootstrap_servers == "127.0.0.1:19"
    assert settings.lake_uri == str(tmp_path / "lake")
    assert settings.key_file == tmp_path / "keys" / "pseudonym.key"
    elsewhere = Settings(
        kafka={"bootstrap_servers": "kafka:1"},
        lake="s3://b/lake/",
        keys={"file": tmp_path / "k.key"},
    )
    assert elsewhere.bootstrap_servers == "kafka:1"
    assert elsewhere.lake_uri == "s3://b/lake"
    assert elsewhere.key_id_file == tmp_path / "k.id"
