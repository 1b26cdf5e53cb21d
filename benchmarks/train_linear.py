"""Train the linear model that ships.

    python -m benchmarks.train_linear

On GoEmotions' train split (Apache-2.0) and the two ICWSM-2014 sets (MIT), named in NOTICE.
TweetEval's tweets are not licensed for it, so TweetEval validation is of another origin than all
that the model has seen.
"""

import sys
from pathlib import Path

from benchmarks.sentiment_sets import goemotions, icwsm
from transforms.scoring.linear import SHIPPED
from transforms.scoring.training import card, train


def main() -> None:
    """Train, save, and print the card."""
    sets = [goemotions("train"), icwsm("tweets"), icwsm("amazon")]
    texts = [text for labelled in sets for text in labelled.texts]
    labels = [label for labelled in sets for label in labelled.labels]
    source = "GoEmotions train (Apache-2.0), ICWSM 2014 tweets and Amazon snippets (MIT)"
    trained = train(
        texts, labels, source=source, progress=lambda step: print(step, file=sys.stderr)
    )
    trained.save(Path(str(SHIPPED)))
    sys.stdout.write(card(trained))


if __name__ == "__main__":
    main()
