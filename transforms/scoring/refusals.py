"""Define a scorer's refusals, and recognise them in Spark's message about a worker."""

import re

from foundation.errors import ScorerBudgetError, ScorerError, ScorerServiceError

# These match exactly what the functions below write: the rest of Spark's message may hold anything.
_SPENT = re.compile(r"scoring has cost ([\d.]+) of ([\d.]+) US dollars in ([\d-]+)")
_REFUSED = re.compile(r"ScorerServiceError: (Amazon Comprehend): (\w+)")


def budget_is_spent(spent: float, most: float, month: str) -> ScorerBudgetError:
    """Return the error that the month's budget does not allow the next call; sums in US dollars."""
    return ScorerBudgetError(
        f"scoring has cost {spent:.2f} of {most:.2f} US dollars in {month}",
        remedy="Raise scorer.comprehend.max_usd_per_month, or set another scorer.name; nothing is"
        " lost",
    )


def service_refused(service: str, code: str) -> ScorerServiceError:
    """Return the error that a service does not answer, or refuses.

    `code` comes from the service or its client, and quotes nothing of the call.
    """
    return ScorerServiceError(
        f"{service}: {code}",
        remedy="Check its credentials, region and limits, then run again; nothing is lost",
    )


def known_again(text: str) -> ScorerError | None:
    """Return the refusal that Spark's message quotes, if any."""
    if spent := _SPENT.search(text):
        return budget_is_spent(float(spent[1]), float(spent[2]), spent[3])
    return service_refused(*refused.groups()) if (refused := _REFUSED.search(text)) else None
