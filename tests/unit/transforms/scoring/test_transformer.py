"""The transformer scorer runs on tiny models that the test makes.

The tests are skipped where the extra `transformer` is not installed.
"""

import json
import sys
from itertools import pairwise

import pytest

from foundation.errors import SettingsError
from foundation.sections import ScorerSettings, TransformerSettings
from transforms.scoring import transformer
from transforms.scoring.score import ScorerOptions

WORDS = ["[PAD]", "[UNK]", "good", "bad", "day", "a"]
LOGITS = [
    [0, 0, 0],
    [0, 0.5, 0],
    [0, 0, 3],
    [3, 0, 0],
    [0, 1, 0],
    [0, 0, 0],
]  # logits per word: negative, neutral, positive


def options(folder, **settings):
    said = TransformerSettings(model=str(folder), **settings)
    return ScorerOptions.of(ScorerSettings(name="transformer", transformer=said))


@pytest.fixture
def folder(tmp_path):
    """Make a model that adds up the words' logits."""
    onnx = pytest.importorskip("onnx")
    tokenizers = pytest.importorskip("tokenizers")
    pytest.importorskip("onnxruntime")
    write_tokenizer(tokenizers, tmp_path)
    write_config(tmp_path, "negative", "neutral", "positive")
    write_model(onnx, tmp_path / "model.onnx", LOGITS)
    return tmp_path


def write_tokenizer(tokenizers, folder):
    words = tokenizers.Tokenizer(
        tokenizers.models.WordLevel({word: n for n, word in enumerate(WORDS)}, "[UNK]")
    )
    words.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    words.normalizer = tokenizers.normalizers.Lowercase()
    words.save(str(folder / "tokenizer.json"))


def write_config(folder, *names):
    config = {"id2label": {str(n): name for n, name in enumerate(names)}, "pad_token_id": 0}
    (folder / "config.json").write_text(json.dumps(config))


def write_model(onnx, file, logits):
    h = onnx.helper
    kinds = onnx.TensorProto
    inputs = [
        h.make_tensor_value_info(name, kinds.INT64, ["n", "t"])
        for name in ("input_ids", "attention_mask")
    ]
    table = h.make_tensor(
        "table", kinds.FLOAT, [len(logits), 3], [float(x) for row in logits for x in row]
    )
    axes = [
        h.make_tensor(name, kinds.INT64, [1], [at]) for name, at in (("last", 2), ("tokens", 1))
    ]
    nodes = [
        h.make_node("Gather", ["table", "input_ids"], ["each"]),
        h.make_node("Cast", ["attention_mask"], ["counts"], to=kinds.FLOAT),
        h.make_node("Unsqueeze", ["counts", "last"], ["wide"]),
        h.make_node("Mul", ["each", "wide"], ["kept"]),
        h.make_node("ReduceSum", ["kept", "tokens"], ["logits"], keepdims=0),
    ]
    output = h.make_tensor_value_info("logits", kinds.FLOAT, ["n", 3])
    graph = h.make_graph(nodes, "sum", inputs, [output], [table, *axes])
    model = h.make_model(graph, opset_imports=[h.make_opsetid("", 17)], ir_version=8)
    file.parent.mkdir(exist_ok=True)
    onnx.save(model, str(file))


def test_labels_compound_and_probability(folder):
    good, bad, plain = transformer.load(options(folder)).score(["Good", "a bad day", "day day day"])
    assert (good.label, bad.label, plain.label) == ("positive", "negative", "neutral")
    # softmax of (0, 0, 3): 0.0453, 0.0453, 0.9094
    assert (good.compound, good.confidence) == (0.8642, 0.9094)
    assert bad.compound < 0 == plain.compound


def test_batches_by_length_keep_the_order_and_pad_without_effect(folder):
    scorer = transformer.load(options(folder))
    texts = [" ".join(["good" if n % 3 else "bad"] * (n % 7 + 1)) for n in range(100)]
    together = scorer.score(texts)
    assert together == [scorer.score([text])[0] for text in texts]
    assert {score.label for score in together} == {"positive", "negative"}


def test_texts_of_like_length_go_together(folder):
    scorer = transformer.load(options(folder))
    shapes = []
    backend = scorer.backend
    scorer.backend = lambda ids, mask: shapes.append(ids.shape) or backend(ids, mask)
    scorer.score(["a " * (n * 37 % 64 + 1) for n in range(64)])
    assert shapes == [(32, 32), (32, 64)]
    assert all(small <= large for (_, small), (_, large) in pairwise(shapes))


def test_a_long_text_is_cut(folder):
    scorer = transformer.load(options(folder, max_tokens=8))
    assert scorer.score(["good " * 8 + "bad " * 500]) == scorer.score(["good " * 8])


@pytest.mark.parametrize("text", ["", "   ", "😀"])
def test_a_text_without_known_words(folder, text):
    (score,) = transformer.load(options(folder)).score([text])
    assert score.compound == 0
    assert transformer.load(options(folder)).score([]) == []


def test_the_version_is_of_the_weights(folder):
    first = transformer.load(options(folder)).version
    assert transformer.load(options(folder)).version == first
    write_model(pytest.importorskip("onnx"), folder / "model.onnx", [[0, 0, 0]] * len(WORDS))
    assert transformer.load(options(folder)).version != first


def test_a_model_in_the_hub_s_layout(folder):
    (folder / "onnx").mkdir()
    (folder / "model.onnx").rename(folder / "onnx" / "model.onnx")
    assert transformer.load(options(folder)).score(["good"])[0].label == "positive"


def test_classes_that_do_not_say_their_sentiment_are_named_in_the_settings(folder):
    write_config(folder, "LABEL_0", "LABEL_1", "LABEL_2")
    with pytest.raises(
        SettingsError, match=r"LABEL_0, LABEL_1, LABEL_2\. Set scorer\.transformer\.labels"
    ):
        transformer.load(options(folder))
    named = transformer.load(options(folder, labels=("negative", "neutral", "positive")))
    assert named.score(["good"])[0].label == "positive"


def test_classes_of_one_label_add_up(folder):
    write_config(folder, "1 star", "2 stars", "3 stars")
    scorer = transformer.load(options(folder, labels=("negative", "negative", "positive")))
    assert scorer.score(["day"])[0].confidence == pytest.approx(
        (1 + 2.71828) / (2 + 2.71828), abs=1e-4
    )


def test_languages_are_a_setting(folder):
    assert transformer.load(options(folder)).languages == {"en"}
    assert transformer.load(options(folder, languages=())).languages == frozenset()


def test_a_folder_without_a_model_says_what_to_do(folder):
    (folder / "model.onnx").unlink()
    with pytest.raises(SettingsError, match=r"no model\.onnx in .*optimum-cli export onnx"):
        transformer.load(options(folder))


def test_no_model_is_set():
    with pytest.raises(SettingsError, match=r"Set scorer\.transformer\.model"):
        transformer.load(ScorerOptions("transformer"))


@pytest.mark.parametrize(
    ("module", "device", "extra"),
    [("onnxruntime", "cpu", "transformer"), ("torch", "cuda", "transformer-gpu")],
)
def test_a_missing_extra_is_named(monkeypatch, tmp_path, module, device, extra):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(
        SettingsError, match=rf'needs the package {module}\. pip install "echostream\[{extra}\]"'
    ):
        transformer.load(options(tmp_path, device=device))


def test_what_is_neither_folder_nor_hub_name(tmp_path):
    pytest.importorskip("huggingface_hub")
    with pytest.raises(SettingsError, match="is no folder here"):
        transformer.load(options(tmp_path / "not" / "there"))


def test_torch_gives_what_the_model_gives(tmp_path):
    """It runs on the CPU with a tiny random model, since CI has no GPU."""
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    tokenizers = pytest.importorskip("tokenizers")
    write_tokenizer(tokenizers, tmp_path)
    torch.manual_seed(1)
    shape = {
        "hidden_size": 8,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "intermediate_size": 8,
    }
    names = {
        "id2label": {0: "neg", 1: "neutral", 2: "pos"},
        "label2id": {"neg": 0, "neutral": 1, "pos": 2},
    }
    config = transformers.BertConfig(vocab_size=len(WORDS), **shape, **names)
    model = transformers.BertForSequenceClassification(config).eval()
    model.save_pretrained(tmp_path)
    settings = TransformerSettings(model=str(tmp_path))
    scorer = transformer.TransformerScorer(
        tmp_path, transformer.on_torch(tmp_path, device="cpu"), settings
    )
    with torch.inference_mode():
        logits = model(torch.tensor([[5, 2, 4]])).logits
    expected = torch.softmax(logits, dim=1)[0]
    found = scorer.score(["bad", "a good day"])[1]
    assert found.compound == pytest.approx(float(expected[2] - expected[0]), abs=2e-4)
    assert found.confidence == pytest.approx(float(expected.max()), abs=2e-4)
