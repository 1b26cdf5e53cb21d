"""Amazon Comprehend's wire format yields organisations, products and places, and never a person."""

import pytest

from foundation.errors import ScorerBudgetError, SettingsError
from foundation.settings import Settings
from schemas.tables import ENTITY
from tests.support.comprehend import running
from transforms.entities.entity import MOST, Entity, EntityOptions, Words, distinct
from transforms.entities.finder import load_finder
from transforms.entities.rows import name_entities

TEXT = (
    "Ann_PERSON of Lumora_ORGANIZATION took the Hexagrove_COMMERCIAL_ITEM to Paris_LOCATION on"
    " Monday_DATE"
)


@pytest.fixture
def service(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "made")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "made")
    with running() as service:
        yield service


@pytest.fixture
def find(service, tmp_path):
    def found(*texts, **settings):
        said = {"region": "eu-west-1", "endpoint": service.endpoint} | settings
        options = EntityOptions.of(
            Settings(home=tmp_path, entities={"finder": "comprehend"}, scorer={"comprehend": said})
        )
        return load_finder(options).find([Words(*each) for each in texts])

    return found


def test_organisations_products_and_places_and_no_person(find):
    assert find((TEXT, "en")) == [
        [
            Entity("Lumora", "organisation", 0.91),
            Entity("Hexagrove", "product", 0.92),
            Entity("Paris", "place", 0.93),
        ]
    ]


def test_placeholders_are_no_entities(find):
    assert find(("<EMAIL>_ORGANIZATION EMAIL>_LOCATION Lumora_ORGANIZATION", "en")) == [
        [Entity("Lumora", "organisation", 0.92)]
    ]


def test_each_language_is_asked_for_itself(find, service):
    found = find(
        ("Paris_LOCATION", "fr"),
        ("Rome_LOCATION", "en"),
        ("Oslo_LOCATION", "no"),
        ("Kyoto_LOCATION", None),
        ("Lyon_LOCATION", "fr"),
    )
    assert [each and each[0].text for each in found] == ["Paris", "Rome", None, None, "Lyon"]
    assert [(call["LanguageCode"], len(call["TextList"])) for call in service.calls] == [
        ("fr", 2),
        ("en", 1),
    ]


def test_a_text_without_entities_has_none_and_a_blank_one_is_not_sent(find, service):
    assert find(("a day", "en"), (" ", "en")) == [[], None]
    assert [call["TextList"] for call in service.calls] == [["a day"]]


def test_it_spends_of_the_same_budget(find):
    with pytest.raises(ScorerBudgetError):
        find((TEXT, "en"), max_usd_per_month=0.0001)


def test_each_name_once_by_its_best_confidence():
    said = [
        Entity("Lumora", "organisation", 0.5),
        Entity("LUMORA", "organisation", 0.8),
        Entity("Lumora", "place", 0.1),
    ]
    assert distinct(said) == [Entity("Lumora", "organisation", 0.8), Entity("Lumora", "place", 0.1)]
    assert len(distinct([Entity(str(n), "place", 0.5) for n in range(2 * MOST)])) == MOST


def test_nobody_asked():
    assert EntityOptions.of(Settings()) is None


def test_an_unknown_finder_names_the_setting():
    with pytest.raises(SettingsError, match=r"Set entities\.finder to one of: comprehend"):
        load_finder(EntityOptions.of(Settings(entities={"finder": "oracle"})))


def test_live_posts_get_their_entities_and_nothing_else_does(service, tmp_path):
    said = {"comprehend": {"region": "eu-west-1", "endpoint": service.endpoint}}
    options = EntityOptions.of(
        Settings(home=tmp_path, entities={"finder": "comprehend"}, scorer=said)
    )
    rows = [
        {"op": "upsert", "title": "Lumora_ORGANIZATION", "text": "in Paris_LOCATION", "lang": "en"},
        {"op": "delete"},
        {"stage": "decode", "reason": "null_value"},
        {"op": "upsert", "title": None, "text": None, "lang": None},
    ]
    name_entities(rows, load_finder(options))
    assert rows[0]["entities"] == [
        {"text": "Lumora", "kind": "organisation", "confidence": 0.9},
        {"text": "Paris", "kind": "place", "confidence": 0.91},
    ]
    assert rows[3]["entities"] is None
    assert not any("entities" in row for row in rows[1:3])
    assert list(rows[0]["entities"][0]) == ENTITY.names
