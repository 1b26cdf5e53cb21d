"""Train the linear model that ships with EchoStream.

    python -m benchmarks.train_linear

The data are GoEmotions' train split (Apache-2.0) and the two ICWSM-2014 sets (MIT), as NOTICE says.
TweetEval's tweets are not licensed for training. So TweetEval validation tests the model on texts
of another origin.
"""

import sys
from pathlib import Path

from benchmarks.sentiment_sets import goemotions, icwsm
from transforms.scoring.linear import SHIPPED
from transforms.scoring.training import card, train


def main() -> None:
    """Train the model, save it and print its card."""
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
