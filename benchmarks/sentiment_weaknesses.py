"""Measure known weaknesses of the scorers, on invented texts and on rows of the sets."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from benchmarks.sentiment_sets import LabelledSet
from transforms.scoring.score import Score

Scoring = Callable[[Sequence[str]], Sequence[Score]]

IRONY = [
    "Oh great, another meeting that could have been an email.",
    "Yeah right, because that worked so well last time.",
    "I just love waiting two hours on hold.",
    "Wonderful, my flight is cancelled again.",
    "What a brilliant idea, let's close the only exit.",
    "Thanks a lot for breaking my phone.",
    "Nice job losing my luggage, really impressive.",
    "So happy to pay twice for the same ticket.",
    "Fantastic, it rained on all seven days of the trip.",
    "My favourite thing is being ignored by support.",
    "Sure, I have all day to wait for you.",
    "Best service ever, only forty minutes for a coffee.",
    "Well that was a great use of my Saturday.",
    "How nice of the train to leave early without us.",
    "Perfect timing, the update deleted all my work.",
    "Love it when the app crashes before I can save.",
    "Congratulations on making the menu even worse.",
    "Glad to see the bug is still there after a year.",
    "Such a pleasure to talk to a robot for an hour.",
    "Great, now the screen is dead as well.",
]
CANNOT_STAND = [
    "God I can't stand her face",
    "I can't stand this song",
    "We cannot stand the new layout",
    "I really can't stand mornings",
    "My sister can't stand him",
    "Can't stand people who chew like that",
    "They can not stand each other",
    "I can't stand it when the bus is late",
    "He can't stand our happy talk",
    "I can't stand how friendly he pretends to be",
]
HEADLINES = [
    "Parliament votes on defence budget after long debate",
    "Former champion dies at 91",
    "Court to hear fraud appeal in March",
    "Peace talks resume in Geneva",
    "War museum reopens after repairs",
    "Bank raises interest rate by a quarter point",
    "Police open inquiry into stadium fire",
    "Study links sleep to heart disease risk",
    "Storm warning lifted for the north coast",
    "Actor wins award at film festival",
    "Company agrees to share data with regulator",
    "Murder trial enters second week",
    "Minister defends tax plan",
    "Charity launches hunger campaign",
    "Team loses captain to transfer",
    "Free trade deal signed by eleven states",
    "Hospital opens new cancer ward",
    "Strike ends at two ports",
    "Scientists discover planet near dead star",
    "City bans cars from old town",
]
OFF_LIST = [
    "\U0001f621" * 3,
    "\U0001f92c",
    "\U0001f44e",
    "\U0001f644",
    "\U0001f44d",
    "\U0001f64c",
    "\U0001f44f",
    "\U0001f929",
    "\U0001f92e",
    "\U0001f612",
]
_SAID_SO = re.compile(r"\b(?:can['\u2019]?t|cannot|can not) stand\b", re.IGNORECASE)


def weaknesses(
    scorings: Mapping[str, Scoring], sets: Sequence[LabelledSet]
) -> list[dict[str, Any]]:
    """Return each weakness with the share of texts that each scorer gets wrong."""
    telling = [text for labelled in sets for text in labelled.texts if _SAID_SO.search(text)]

    def rates(
        name: str, texts: Sequence[str], counted: str, wrong: Callable[[Score], bool]
    ) -> dict[str, Any]:
        shares = {
            who: sum(map(wrong, score(texts))) / len(texts) for who, score in scorings.items()
        }
        return {"name": name, "rows": len(texts), "counted": counted, "rates": shares}

    return [
        rates("irony, made", IRONY, "called positive", lambda score: score.label == "positive"),
        rates(
            '"can\'t stand", made',
            CANNOT_STAND,
            "not called negative",
            lambda score: score.label != "negative",
        ),
        rates(
            '"can\'t stand" in the sets',
            telling,
            "called positive",
            lambda score: score.label == "positive",
        ),
        rates(
            "plain headlines with words such as war, made",
            HEADLINES,
            "not called neutral",
            lambda score: score.label != "neutral",
        ),
        rates(
            "emoji that mean 0 to VADER",
            OFF_LIST,
            "called neutral",
            lambda score: score.label == "neutral",
        ),
        _unread_emoji(),
    ]


def _unread_emoji() -> dict[str, Any]:
    """Return the share of emoji in VADER's own list that have no effect."""
    analyzer = SentimentIntensityAnalyzer()
    single = [key for key in analyzer.emojis if len(key) == 1]
    silent = sum(analyzer.polarity_scores(key)["compound"] == 0 for key in single)
    unread = len(analyzer.emojis) - len(single)
    rate = (silent + unread) / len(analyzer.emojis)
    return {
        "name": f"VADER's list of emoji: {unread:,} of several code points are never found,"
        f" {silent:,} others mean 0",
        "rows": len(analyzer.emojis),
        "counted": "without effect",
        "rates": {"vader": rate},
    }
