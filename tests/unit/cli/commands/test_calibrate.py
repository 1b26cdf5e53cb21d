"""`echostream calibrate` turns a user's labels into the confidence of one version of a scorer."""

import json
import random

import numpy as np
import pytest
from typer.testing import CliRunner

from cli.main import app
from foundation.errors import SettingsError, TextFileError, UsageError
from foundation.sections import ScorerSettings
from transforms.scoring.calibration import Calibrated, Fit, calibrated, file_of
from transforms.scoring.fitting import CLASSES, by_probability, fit_confidence, log_odds
from transforms.scoring.registry import load_scorer
from transforms.scoring.score import Score, ScorerOptions


class Boaster:
    """Is right in 3 of 4 cases at .99 and in half at .6, and answers mixed unasked."""

    name = "boaster"
    version = "1"
    languages = frozenset({"en"})

    def score(self, texts):
        return [Score(*json.loads(text)) for text in texts]


class Modest(Boaster):
    """Has only compounds."""

    def score(self, texts):
        return [Score(label, compound) for label, compound, _ in map(json.loads, texts)]


def made(count, seed=0):
    chance = random.Random(seed)
    texts = []
    golds = []
    for _ in range(count):
        sure = chance.random() < 0.5
        gold = chance.choice(CLASSES)
        right = chance.random() < (0.75 if sure else 0.5)
        label = gold if right else chance.choice([name for name in CLASSES if name != gold])
        compound = {"negative": -0.5, "neutral": 0.0, "positive": 0.5}[label]
        texts.append(json.dumps([label, compound, 0.99 if sure else 0.6]))
        golds.append(gold)
    return texts, golds


def test_a_scorers_own_probabilities_are_put_right():
    fitted = fit_confidence(Boaster(), *made(3000), source="made")
    assert (fitted.texts, fitted.fit.by, fitted.fit.scorer_version) == (3000, "confidence", "1")
    assert fitted.fit.confidence(Score("positive", 0.5, 0.99)) == pytest.approx(0.75, abs=0.04)
    assert fitted.fit.confidence(Score("positive", 0.5, 0.6)) == pytest.approx(0.5, abs=0.04)
    assert fitted.error < 0.04
    assert fitted.uncalibrated > 0.15


@pytest.mark.parametrize("right", [[True, True], [False, False]])
def test_labels_that_are_all_right_or_all_wrong_leave_the_probabilities_as_they_are(right):
    odds = log_odds(np.array([0.9, 0.6]))
    fit = Fit("confidence", by_probability(odds, np.array(right)), "1", "made")
    assert [fit.confidence(Score("positive", 0.5, own)) for own in (0.9, 0.6)] == [0.9, 0.6]


def test_a_scorer_without_probabilities_is_fitted_by_its_compounds():
    fitted = fit_confidence(Modest(), *made(3000), source="made")
    assert (fitted.fit.by, fitted.uncalibrated) == ("compound", None)
    assert fitted.fit.confidence(Score("neutral", 0.0)) == pytest.approx(0.625, abs=0.04)
    assert fitted.error < 0.04


def test_mixed_has_the_share_that_is_right_where_labels_know_it():
    texts, golds = made(200)
    texts += [json.dumps(["mixed", 0.1, 0.9])] * 4
    known = fit_confidence(
        Boaster(), texts, [*golds, "mixed", "positive", "negative", "mixed"], source="made"
    )
    unknown = fit_confidence(Boaster(), texts, [*golds, *["neutral"] * 4], source="made")
    assert (known.fit.mixed, unknown.fit.mixed) == (0.5, None)


def test_texts_without_a_label_are_left_out():
    texts, golds = made(200)
    none = json.dumps([None, None, None])
    assert (
        fit_confidence(Boaster(), [*texts, none], [*golds, "neutral"], source="made").texts == 200
    )


@pytest.mark.parametrize(("scorer", "few"), [(Boaster(), "wrong"), (Modest(), "neutral")])
def test_too_few_labels_are_refused(scorer, few):
    texts = [json.dumps([label, 0.0, 0.9]) for label in ("negative", "positive")] * 30
    with pytest.raises(UsageError, match=f"0 of the texts that get a label are {few}"):
        fit_confidence(scorer, texts, ["negative", "positive"] * 30, source="made")


def run(*words):
    done = CliRunner().invoke(app, list(map(str, words)))
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.stdout


@pytest.fixture
def labels(tmp_path):
    file = tmp_path / "labels.jsonl"
    kinds = (
        ("negative", "a bad day"),
        ("neutral", "a day"),
        ("positive", "a good day"),
        ("positive", "bad but good"),
    )
    rows = [{"text": f"{text} {n}", "label": label} for n in range(30) for label, text in kinds]
    rows += [{"text": f"a good day {n}", "label": "negative"} for n in range(40)]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


@pytest.mark.parametrize("name", ["vader", "textblob", "linear"])
def test_the_command_gives_a_scorer_its_confidence(tmp_path, labels, name):
    folder = tmp_path / "fits"
    said = run(
        "--home", tmp_path, "calibrate", "--labels", labels, "--scorer", name, "--out", folder
    )
    assert "on unseen folds of 160 texts" in said
    mine = load_scorer(ScorerOptions(name, calibrations=str(folder), abstain_below=0.05))
    shipped = load_scorer(ScorerOptions(name))
    assert (folder / file_of(mine.uncalibrated)).is_file()
    assert mine.version != shipped.version
    text = ["a good day"]
    assert mine.score(text)[0].confidence not in {None, shipped.score(text)[0].confidence}
    assert "a good day" not in (folder / file_of(mine.uncalibrated)).read_text()


def test_a_bad_row_of_labels_costs_itself_and_is_named(tmp_path, labels):
    rows = [json.loads(line) for line in labels.read_text().splitlines()]
    lines = [f"{row['text']};{row['label'].title()};" for row in rows]
    file = tmp_path / "labels.csv"
    file.write_text(
        "\ufeffsep=;\r\nTweet;LABEL;\r\n"
        + "\r\n".join(["one;two;three;four", *lines, "NaN;neutral;"])
    )
    errors = tmp_path / "errors.csv"
    words = ["--labels", file, "--column", "tweet", "--errors", errors, "--out", tmp_path / "fits"]
    command = ["--home", tmp_path, "calibrate", *words, "--scorer", "linear"]  # the quickest fit
    done = CliRunner().invoke(app, list(map(str, command)))
    assert "on unseen folds of 160 texts" in done.stdout
    assert "no text    1 rows have none" in done.stdout
    assert isinstance(done.exception, TextFileError)
    assert f"{file}: 1 of 162 rows are left out: line 3 ends a row of 4" in str(done.exception)
    assert errors.read_text().splitlines()[1:] == [
        '3,"ends a row of 4 cells, the header has 3"',
    ]


def test_a_fit_of_another_version_does_not_count(tmp_path):
    (tmp_path / "boaster@2.json").write_text("{}")
    assert calibrated(Boaster(), abstain_below=0, mixed=False, folder=str(tmp_path)).version == "1"
    with pytest.raises(SettingsError, match="has no calibration"):
        calibrated(Boaster(), abstain_below=0.5, mixed=False, folder=str(tmp_path))


def test_a_fit_that_cannot_be_read_is_refused(tmp_path):
    (tmp_path / "boaster@1.json").write_text("{}")
    for folder in (tmp_path, tmp_path / "none"):
        with pytest.raises(SettingsError, match="calibrat"):
            calibrated(Boaster(), abstain_below=0, mixed=False, folder=str(folder))


def test_what_is_stored_is_what_was_fitted(tmp_path):
    fitted = fit_confidence(Boaster(), *made(300), source="made")
    (tmp_path / "boaster@1.json").write_text(json.dumps(fitted.stored))
    again = calibrated(Boaster(), abstain_below=0, mixed=False, folder=str(tmp_path))
    texts, _ = made(20, seed=1)
    assert again.score(texts) == Calibrated(Boaster(), fitted.fit).score(texts)


def test_the_setting_reaches_the_scorers():
    assert ScorerOptions.of(ScorerSettings()).calibrations == ""
    assert ScorerOptions.of(ScorerSettings(calibrations="fits")).calibrations == "fits"
