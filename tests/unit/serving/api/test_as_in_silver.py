"""A text has the same label, compound and language from the API as in Silver."""

import pytest

from tests.support.made_records import RULES, SEEN, bronze_row, post, record
from transforms.refine import Refiner, refine_rows, score_rows
from transforms.scoring.posts import Scorers
from transforms.scoring.score import ScorerOptions

TEXTS = [
    ("I love this phone, it is GREAT!!! :)", None),
    ("The worst service ever. Never again @lumora", None),
    ("call me on 082 555 0143 or mail kim@example.org, you are awesome", None),
    ("Anna Miller was not helpful at all, sadly", "en"),
    ("Das Wetter ist heute schön und ich bin glücklich", None),
    ("ok super", "fr"),
    ("The and you that it's", "de"),
    ("🔥🔥🔥", None),
    ("12345", "en"),
    ("a\x00b \x0b love\x1fly", None),
    ("https://example.org/~kim/page is broken, I hate it", None),
    ("Meh.", None),
]


@pytest.fixture(scope="module")
def silver():
    """Return the pipeline's rows for these texts."""
    items = [
        post(post_id=f"t3_{number}", text=text, lang=said, title=None)
        for number, (text, said) in enumerate(TEXTS)
    ]
    bronze = [
        bronze_row(record(item), offset=number) | {"kafka_timestamp": SEEN}
        for number, item in enumerate(items)
    ]
    rows = refine_rows(bronze, Refiner(RULES, ScorerOptions()))
    score_rows(rows, Scorers(ScorerOptions()))
    return rows


@pytest.mark.parametrize("number", range(len(TEXTS)))
def test_a_text_is_labelled_as_in_silver(api, silver, number):
    text, said = TEXTS[number]
    asked = {"text": text} | ({"language": said} if said else {})
    told = api.post("/v1/sentiment", asked).json()

    row = silver[number]
    assert told == row["sentiment"] | {"language": row["lang"], "pii": dict(row["pii"])}


def test_several_together_are_labelled_as_alone(api):
    documents = [
        {"id": str(number), "text": text} | ({"language": said} if said else {})
        for number, (text, said) in enumerate(TEXTS)
    ]
    told = api.post("/v1/sentiment/batch", {"documents": documents}).json()

    alone = [
        api.post("/v1/sentiment", {name: each[name] for name in each if name != "id"}).json()
        for each in documents
    ]
    assert told["errors"] == []
    assert told["results"] == [
        one | {"id": each["id"]} for one, each in zip(alone, documents, strict=True)
    ]


def test_without_removal_the_text_is_scored_as_it_is(api):
    text = "Write to love@example.org"

    cleaned = api.post("/v1/sentiment", {"text": text}).json()
    as_it_is = api.post("/v1/sentiment", {"text": text, "sanitise": False}).json()
    assert (cleaned["pii"], as_it_is["pii"]) == ({"EMAIL": 1}, {})


def test_a_text_without_a_word_has_no_label_and_a_reason(api):
    told = api.post("/v1/sentiment", {"text": ""}).json()

    assert (told["label"], told["reason"]) == (None, "no_text")


def test_a_batch_has_its_limits(api):
    many = [{"id": str(number), "text": "fine"} for number in range(26)]

    assert api.post("/v1/sentiment/batch", {"documents": many}).status == 422
    assert api.post("/v1/sentiment/batch", {"documents": []}).status == 422
    assert api.post("/v1/sentiment/batch", {"documents": many[:25]}).status == 200
