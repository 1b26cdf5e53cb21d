"""The spent part of the producers' budgets, as `/v1/quality` shows it."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from foundation import clock
from foundation.errors import EchoStreamError
from foundation.settings import Settings

if TYPE_CHECKING:  # the API's first answer waits neither for DuckDB nor for the platforms
    from serving.queries.quality import Quota

_KEPT_S = 30.0


def quotas_of(
    settings: Settings, monotonic: Callable[[], float] = time.monotonic
) -> "Callable[[], list[Quota]]":
    """Return a function that tells the quotas, at most half a minute old; from any thread."""
    told: list[Quota] = []
    until = 0.0

    def quotas() -> "list[Quota]":
        nonlocal told, until
        if monotonic() >= until:
            until = monotonic() + _KEPT_S
            told = _read(settings)
        return told

    return quotas


def _read(settings: Settings) -> "list[Quota]":
    from ingestion.platforms import PLATFORMS  # noqa: PLC0415  # as above
    from ingestion.producer.build import store_location  # noqa: PLC0415  # as above
    from ingestion.state.budget import Budget, limits_of  # noqa: PLC0415  # as above
    from ingestion.state.store import IngestStore  # noqa: PLC0415  # as above
    from serving.queries.quality import Quota  # noqa: PLC0415  # as above

    try:
        limits = {name: limits_of(name, settings.ingest.budgets) for name in sorted(PLATFORMS)}
        place = store_location(settings)
        nobody_read = isinstance(place, Path) and not place.exists()  # to open it would create it
        found = []
        for platform, limited in limits.items():
            left = {unit: limit.most for unit, limit in limited.items()}
            if limited and not nobody_read:
                with IngestStore(place, owner=settings.owner, platform=platform) as store:
                    left = Budget(limited, store, clock.micros).left()
            found += [
                Quota(platform, unit, limit.most - left[unit], limit.most, limit.per)
                for unit, limit in limited.items()
            ]
    except EchoStreamError:  # the producers' own commands say what is wrong with their memory
        return []
    return found
