"""Generate posts of all platforms, good and bad, with a ledger of the expected fate of each record.

Tests and benchmarks compare the lake with the ledger.
"""

from ingestion.generator.bad_records import BAD_RECORD_KINDS, RawRecord
from ingestion.generator.ledger import read_ledger
from ingestion.generator.rates import Rates, load_rates
from ingestion.generator.render import RenderedRecord
from ingestion.generator.run import (
    GeneratorReport,
    generate,
    last_full_hour,
    ledger_file,
    require_base,
    run_generator,
    send,
)

__all__ = [
    "BAD_RECORD_KINDS",
    "GeneratorReport",
    "Rates",
    "RawRecord",
    "RenderedRecord",
    "generate",
    "last_full_hour",
    "ledger_file",
    "load_rates",
    "read_ledger",
    "require_base",
    "run_generator",
    "send",
]
