"""Train the model of persons' names, a conditional random field with two states, by AdaGrad.

    python -m benchmarks.persons.train

It takes a minute and always gives the same weights. The data are Broad Twitter and WNUT17 train
(both CC-BY 4.0), GoEmotions train (Apache-2.0) with generated names in place of its placeholders,
and generated sentences. Training never sees the dev files and the synthetic set, on which `make
eval-pii` measures.
"""

import random
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.persons import made
from benchmarks.persons.chain import Chain, gradients
from benchmarks.persons.corpora import TRAIN, Marked, comments, conll
from transforms.pii.persons import model
from transforms.pii.persons.features import NEAR, OFFSETS, OWN, SIZE, modes_of, pairs
from transforms.pii.persons.tokens import bounds_of
from transforms.pii.persons.vocabulary import Vocabulary

SEED = 20261121
# The number of generated sentences, and of copies of each post with other names.
MADE = 14_000
COPIES = 2
COMMENTS = 10_000  # of GoEmotions
# The shares of posts that are repeated, in lower case or with capital letters.
SMALL = 0.25
HEADLINES = 0.15
EPOCHS = 8
RATE = 0.15
DECAY = 1e-5
BATCH = 256
BIAS = (
    2.3  # found on the dev files: it finds the most names while masking at most 2 % of other words
)
SCALE = 14.0  # weights are stored as integers, in units of 1/14

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(slots=True)
class Examples:
    """Words as rows of indexes of weights, whether they belong to names, and each text's rows."""

    slots: npt.NDArray[np.int32]
    is_name: Floats
    texts: list[tuple[int, int]]

    def padded(self, size: int) -> list[Ints]:
        """Return batches of texts of similar length: rows of `slots`, and -1 after a text's end."""
        order = sorted((b - a, a, b) for a, b in self.texts if b > a)
        batches = []
        for at in range(0, len(order), size):
            part = order[at : at + size]
            rows = np.full((len(part), part[-1][0]), -1, dtype=np.int64)
            for row, (length, a, b) in enumerate(part):
                rows[row, :length] = np.arange(a, b)
            batches.append(rows)
        return batches


def training_texts() -> list[Marked]:
    """Return the licensed texts, changed copies of them, and generated texts."""
    chance = random.Random(SEED)  # noqa: S311  # a shuffle
    posts = [marked for path in TRAIN for marked in conll(path)]
    small = [
        Marked(post.text.lower(), post.persons)
        for post in chance.sample(posts, int(len(posts) * SMALL))
        if len(post.text.lower()) == len(post.text)
    ]
    headlines = [
        made.as_headline(post) for post in chance.sample(posts, int(len(posts) * HEADLINES))
    ]
    copies = [
        made.with_other_names(post, chance) for _ in range(COPIES) for post in posts if post.persons
    ]
    named = [made.with_names(comment, chance) for comment in chance.sample(comments(), COMMENTS)]
    return posts + small + headlines + copies + named + made.sentences(MADE, SEED)


def examples(marked: list[Marked]) -> Examples:
    """Return the training examples of the marked texts."""
    vocabulary = Vocabulary(lambda slots: slots)
    read = vocabulary.read([text.text for text in marked])
    ids = read.ids
    columns = [vocabulary.summed[ids, 0, :OWN]]
    for column, offset in enumerate(OFFSETS[1:], start=1):
        columns.append(np.roll(vocabulary.summed[:, column, :NEAR][ids], -offset, axis=0))
    modes = modes_of(vocabulary.capital[ids], read.firsts)
    low, shape, kind = vocabulary.hashes[:, ids]
    columns += [text[:, None] for text in pairs(low, shape, kind, modes, read.echo)]
    is_name = np.zeros(len(ids))
    bounds = [(first, after - 2) for first, after in pairwise(read.firsts)]
    for text, (first, _) in zip(marked, bounds, strict=True):
        for at, (begin, close) in enumerate(
            bounds_of(text.text) if text.persons else (), start=first
        ):
            is_name[at] = any(begin < end and start < close for start, end in text.persons)
    return Examples(
        np.concatenate([text.astype(np.int32) for text in columns], axis=1), is_name, bounds
    )


def train(examples: Examples) -> Chain:
    """Return weights, averaged over the later half of the epochs, and transitions."""
    chance = random.Random(SEED)  # noqa: S311  # a shuffle
    chain = Chain(np.zeros(SIZE + 1), np.zeros((2, 2)))
    seen = Chain(np.full(SIZE + 1, 1e-6), np.full((2, 2), 1e-6))
    total = np.zeros(SIZE + 1)
    batches = examples.padded(BATCH)
    for epoch in range(EPOCHS):
        chance.shuffle(batches)
        loss = sum(_step(examples, rows, chain, seen) for rows in batches)
        print(f"epoch {epoch + 1}: loss {loss:.0f}")  # a script's progress
        if epoch >= EPOCHS // 2:
            total += chain.features
    return Chain(total / (EPOCHS - EPOCHS // 2), chain.steps)


def _step(examples: Examples, rows: Ints, chain: Chain, seen: Chain) -> float:
    """Take one AdaGrad step on a batch and return its loss."""
    there = rows >= 0
    slots = examples.slots[rows[there]]
    scores = np.zeros(rows.shape)
    gold = np.zeros(rows.shape)
    scores[there] = chain.features[slots].sum(axis=1)
    gold[there] = examples.is_name[rows[there]]
    loss, by_score, by_step = gradients(scores, gold, there, chain.steps)
    slope = (
        np.bincount(
            slots.ravel(), weights=np.repeat(by_score[there], slots.shape[1]), minlength=SIZE + 1
        )
        + DECAY * len(slots) * chain.features
    )
    slope[SIZE] = 0
    seen.features += slope**2
    chain.features -= RATE * slope / np.sqrt(seen.features)
    seen.steps += by_step**2
    chain.steps -= RATE * by_step / np.sqrt(seen.steps)
    return loss


def main() -> None:
    """Train the model and write its weights beside it."""
    chain = train(examples(training_texts()))
    features = np.clip(np.round(chain.features * SCALE), -127, 127).astype(np.int8)
    steps = np.round(chain.steps * SCALE).astype(np.int32).ravel()
    out = Path(model.__file__).with_name(model.WEIGHTS)
    np.savez_compressed(out, features=features, steps=steps, bias=np.int32(round(BIAS * SCALE)))
    print(f"{out.name}: {out.stat().st_size} bytes, {np.count_nonzero(features)} weights")


if __name__ == "__main__":
    main()
