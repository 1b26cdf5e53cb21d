"""The linear model scores as trained, holds no code, and its card states measured figures."""

import json
import random
import subprocess
import sys
import zipfile
from dataclasses import replace

import numpy as np
import pytest
from typer.testing import CliRunner

from cli.main import app
from foundation.errors import SettingsError, TextFileError, UsageError
from transforms.scoring import ngrams
from transforms.scoring.fitting import calibration_error
from transforms.scoring.linear import CLASSES, SHIPPED, LinearModel, LinearScorer
from transforms.scoring.ngrams import BUCKETS, Hasher
from transforms.scoring.registry import load_scorer
from transforms.scoring.score import ScorerOptions
from transforms.scoring.training import FittedClasses, feature_matrix, train

# No lexicon has these words, so the model can learn them only from the labels.
WORDS = {"negative": ["blorp", "zint"], "neutral": ["quam", "tarv"], "positive": ["mivvy", "ploon"]}
FILLER = ["the", "train", "on", "monday", "was", "with", "us", "and", "then", "it", "left"]


def made(count: int, seed: int) -> tuple[list[str], list[str]]:
    chance = random.Random(seed)
    labels = [CLASSES[number % 3] for number in range(count)]
    texts = [
        " ".join(chance.sample([chance.choice(WORDS[label]), *chance.sample(FILLER, 5)], 6))
        for label in labels
    ]
    return texts, labels


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("model")
    result = train(*made(150, 1), source="made texts")
    result.save(folder)
    return folder, result


def test_it_learns_what_no_lexicon_knows(trained):
    folder, _ = trained
    texts, labels = made(60, 2)
    scorer = load_scorer(ScorerOptions("linear", model=str(folder)))
    assert [score.label for score in scorer.score(texts)] == labels
    assert {score.label for score in load_scorer(ScorerOptions("vader")).score(texts)} == {
        "neutral"
    }


def test_scoring_weighs_as_training_did():
    texts, labels = made(90, 3)
    texts += ["I LOVE it! \U0001f602", "worst. ever", "", "&amp; isn\u2019t good @x"]
    gold = np.array(
        [CLASSES.index(label) for label in (*labels, "positive", "negative", "neutral", "negative")]
    )
    hasher = Hasher()
    rows = feature_matrix(hasher, texts)
    fitted = FittedClasses(rows, gold)
    ours = fitted.model("any").probabilities(hasher.features(texts))
    assert np.abs(ours - fitted.shares(rows)).max() < 1e-3  # 16-bit weights


def test_a_text_scores_the_same_in_any_company(trained):
    folder, _ = trained
    scorer = LinearScorer(LinearModel.load(folder))
    texts = [*made(40, 4)[0], "", "good", "bad " * 50_000]
    alone = [scorer.score([text])[0] for text in texts]
    assert scorer.score(texts) == alone
    assert scorer.score(texts[::-1]) == alone[::-1]
    assert scorer.score([]) == []


def test_confidence_comes_with_the_model(trained):
    folder, result = trained
    scorer = load_scorer(ScorerOptions("linear", model=str(folder)))
    (score,) = scorer.score(["the mivvy train"])
    assert 0.5 < score.confidence <= 1
    assert scorer.version == f"{result.model.version}+cal-{result.model.fit.version}"
    assert (
        load_scorer(ScorerOptions("linear", model=str(folder), abstain_below=1.0))
        .score(["a"])[0]
        .label
        is None
    )


def test_what_is_stored_holds_no_code_and_no_text(trained):
    folder, _ = trained
    with zipfile.ZipFile(folder / "weights.npz") as arrays:
        assert set(arrays.namelist()) == {"ngrams.npy", "lexicon.npy", "intercepts.npy"}
    np.load(folder / "weights.npz", allow_pickle=False)["ngrams"]
    stored = (folder / "model.json").read_text() + (folder / "CARD.md").read_text()
    assert not [word for words in WORDS.values() for word in words if word in stored]


def test_scoring_needs_numpy_alone(trained):
    folder, _ = trained
    program = (
        "import sys; sys.modules['sklearn'] = sys.modules['scipy'] = None;"
        "from transforms.scoring.registry import load_scorer; "
        "from transforms.scoring.score import ScorerOptions;"
        f"(score,) = load_scorer(ScorerOptions('linear', model={str(folder)!r})).score(['ploon']);"
        "sys.exit(score.label != 'positive')"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_the_card_says_what_was_measured(trained):
    folder, result = trained
    text = (folder / "CARD.md").read_text()
    figures = result.about["unseen_folds"]
    assert f"| accuracy | {figures['accuracy']:.3f} |" in text
    assert "Trained on 150 texts: made texts" in text
    stored = json.loads((folder / "model.json").read_text())
    assert stored["about"]["rows"] == {"negative": 50, "neutral": 50, "positive": 50}


def test_unseen_folds_are_unseen():
    """Meaningless labels cannot be guessed, however well they can be memorised."""
    texts, labels = made(150, 5)
    random.Random(6).shuffle(labels)
    figures = train(texts, labels, source="shuffled").about["unseen_folds"]
    assert figures["accuracy"] < 0.5


def test_calibration_error():
    assert (
        calibration_error(np.array([0.75, 0.75, 0.75, 0.75]), np.array([True, True, True, False]))
        == 0.0
    )
    assert (
        calibration_error(np.array([0.9, 0.9, 0.1, 0.1]), np.array([True, False, False, False]))
        == 0.25
    )


def test_words_are_remembered_within_bounds(monkeypatch):
    monkeypatch.setattr(ngrams, "MOST_REMEMBERED", 10)
    hashes = ngrams.Hashes()
    for number in range(100):
        assert hashes[f"word{number}"] < 2**32
    assert hashes["w" * 41] == hashes["w" * 41]
    assert len(hashes) <= 10
    assert "w" * 41 not in hashes


def test_pairs_do_not_reach_across_texts():
    hasher = Hasher()
    apart = hasher.features(["a b", "c d"])
    together = hasher.features(["a b c d"])
    assert len(apart.buckets) == 4 + 2
    assert len(together.buckets) == 4 + 3
    assert apart.owners.tolist() == [0, 0, 1, 1, 0, 1]
    assert set(apart.buckets) < set(together.buckets)
    assert max(together.buckets) < BUCKETS


def test_the_shipped_model_fits_the_program():
    scorer = load_scorer(ScorerOptions("linear"))
    good, bad, plain = scorer.score(
        ["What a wonderful day!", "This is terrible.", "The meeting is on Monday."]
    )
    assert (good.label, bad.label, plain.label) == ("positive", "negative", "neutral")
    assert None not in (good.confidence, bad.confidence, plain.confidence)
    size = sum((SHIPPED / name).stat().st_size for name in ("weights.npz", "model.json", "CARD.md"))
    assert size < 2_000_000


def test_a_model_for_other_features_is_refused(trained):
    model = replace(LinearModel.load(trained[0]), features="3.3.1+other")
    with pytest.raises(SettingsError, match=r"is for features 3\.3\.1\+other.*Train it anew"):
        LinearScorer(model)


@pytest.mark.parametrize("broken", ["absent", "no npz", "not ours", "other shape"])
def test_what_is_no_model_is_refused(trained, tmp_path, broken):
    folder = tmp_path
    if broken != "absent":
        for name in ("model.json", "weights.npz"):
            (folder / name).write_bytes((trained[0] / name).read_bytes())
    if broken == "no npz":
        (folder / "weights.npz").write_bytes(b"PK\x03\x04 broken")
    if broken == "not ours":
        (folder / "model.json").write_text("{}")
    if broken == "other shape":
        np.savez(
            folder / "weights.npz",
            ngrams=np.zeros((2, 3)),
            lexicon=np.zeros((7, 3)),
            intercepts=np.zeros(3),
        )
    with pytest.raises(SettingsError, match="holds no linear model"):
        LinearModel.load(folder)


def labelled(path, rows):
    path.write_text("text,label\n" + "".join(f"{text},{label}\n" for text, label in rows))
    return path


def test_the_command(tmp_path):
    source = labelled(tmp_path / "mine.csv", zip(*made(90, 7), strict=True))
    out = tmp_path / "model"
    done = CliRunner().invoke(app, ["train", "--labels", str(source), "--out", str(out)])
    assert done.exit_code == 0
    assert f"card          {out / 'CARD.md'}" in done.stdout
    scored = CliRunner().invoke(
        app, ["score", "zint on monday", "--scorer", "linear", "--model", str(out)]
    )
    assert scored.stdout.split()[:2] == ["label", "negative"]


def test_a_bad_row_of_labels_costs_itself(tmp_path):
    source = labelled(tmp_path / "mine.csv", [*zip(*made(60, 7), strict=True), ("a,b", "positive")])
    errors = tmp_path / "errors.csv"
    words = ["--labels", str(source), "--out", str(tmp_path / "model"), "--errors", str(errors)]
    done = CliRunner().invoke(app, ["train", *words])
    assert isinstance(done.exception, TextFileError)
    assert "1 of 61 rows are left out: line 62 ends a row of 3 cells" in str(done.exception)
    assert errors.read_text().splitlines()[1].startswith("62,")
    assert (tmp_path / "model" / "CARD.md").is_file()


def test_a_model_knows_the_language_that_it_was_trained_on(tmp_path):
    source = labelled(tmp_path / "mine.csv", zip(*made(60, 9), strict=True))
    out = tmp_path / "model"
    words = ["train", "--labels", str(source), "--out", str(out), "--language"]
    assert CliRunner().invoke(app, [*words, "de"]).exit_code == 0
    assert load_scorer(ScorerOptions("linear", model=str(out))).languages == {"de"}
    assert load_scorer(ScorerOptions("linear")).languages == {"en"}
    with pytest.raises(UsageError, match="german is no ISO 639-1 code"):
        raise CliRunner().invoke(app, [*words, "german"]).exception


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        (
            [("a", "positive"), ("b", "secret")],
            r"row 2 has another label\. Use negative, neutral, positive",
        ),
        ([("a", "positive")] * 20, "0 texts are labelled negative"),
        ([], "0 texts are labelled negative"),
    ],
)
def test_the_command_says_what_is_wrong(tmp_path, rows, says):
    source = labelled(tmp_path / "mine.csv", rows)
    done = CliRunner().invoke(
        app, ["train", "--labels", str(source), "--out", str(tmp_path / "model")]
    )
    assert isinstance(done.exception, UsageError)
    with pytest.raises(UsageError, match=says):
        raise done.exception
    assert not (tmp_path / "model").exists()


def test_without_scikit_learn_the_remedy_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.model_selection", None)
    with pytest.raises(
        UsageError, match=r"training needs scikit-learn\. pip install 'echostream\[train\]'"
    ):
        train(*made(90, 8), source="made")
