"""Measure what sanitizing loses besides personal data: other words, and posts' sentiment."""

from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from benchmarks.persons.corpora import DEV, conll
from benchmarks.pii_posts import Post
from benchmarks.pii_scores import WORD, Table, bootstrap, counted, found, share
from benchmarks.pii_sets import other_names, synthetic
from benchmarks.sentiment_sets import all_sets
from transforms.pii.detect import redact
from transforms.pii.sanitizer import Sanitizer

# These types are personal by their form, even if a set does not label them.
_ON_THE_NET = (
    "EMAIL",
    "HANDLE",
    "PROFILE",
    "URL",
)
_POSTS = 3000  # from each labelled set
_EDGE = 0.05  # VADER's documented thresholds


def words_masked(sanitizer: Sanitizer) -> Table:
    """Return the share of words that are masked although they are not personal data."""
    sets: dict[str, list[Post]] = {
        "synthetic": synthetic(),
        "btc dev": other_names("btc dev"),
        "wnut17 dev": other_names("wnut17 dev"),
    }
    result: Table = {}
    print("\nmasked words that are not personal")
    for name, posts in sets.items():
        narrow = []
        wide = []
        for post, spans in zip(posts, found(sanitizer, [post.text for post in posts]), strict=True):
            linked = [span for span in spans if span.type in _ON_THE_NET]
            others = [
                word.span()
                for word in WORD.finditer(post.text)
                if not any(
                    a < word.end() and word.start() < b for a, b, _ in (*post.gold, *post.besides)
                )
            ]
            hit = [any(s.start < end and start < s.end for s in spans) for start, end in others]
            net = [any(s.start < end and start < s.end for s in linked) for start, end in others]
            wide.append((sum(hit), len(hit)))
            narrow.append(
                (sum(h and not n for h, n in zip(hit, net, strict=True)), len(net) - sum(net))
            )
        result[name] = {"other": bootstrap(narrow, share), "with_links": bootstrap(wide, share)}
        print("  {:12} {:.4f} [{:.4f}, {:.4f}]".format(name, *result[name]["other"]), end="")
        print("; with unlabelled links and accounts: {:.4f}".format(result[name]["with_links"][0]))
    return result


def labels_kept(sanitizer: Sanitizer) -> Table:
    """Return the share of posts whose sentiment label does not change by sanitizing."""
    texts = {"btc dev": [one.text for one in conll(DEV[0])]} | {
        labelled.name: list(labelled.texts)[:_POSTS] for labelled in all_sets()
    }
    result: Table = {}
    print("\nposts with an unchanged sentiment label")
    for name, posts in texts.items():
        clean = [
            redact(text, spans) for text, spans in zip(posts, found(sanitizer, posts), strict=True)
        ]
        same = sum(_label(a) == _label(b) for a, b in zip(posts, clean, strict=True))
        result[name] = (same, len(posts))
        print(f"  {name:24} {counted(same, len(posts))}")
    return result


_vader = SentimentIntensityAnalyzer()


def _label(text: str) -> str:
    compound: float = _vader.polarity_scores(text)["compound"]
    return "positive" if compound >= _EDGE else "negative" if compound <= -_EDGE else "neutral"
