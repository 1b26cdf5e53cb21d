"""Spark sends little to its Python workers, and they load few modules."""

import pickle
import subprocess
import sys

import pytest

from tests.support.made_records import KEY, RULES
from transforms.refine import Refiner
from transforms.scoring.score import ScorerOptions


def test_what_travels_to_the_workers_survives_and_holds_no_secret():
    refiner = Refiner(RULES, ScorerOptions())
    travels = pickle.dumps(refiner)
    assert pickle.loads(travels) == refiner  # noqa: S301  # made in the line above
    assert KEY.secret not in travels
    assert KEY.secret.hex().encode() not in travels


@pytest.mark.parametrize(
    "module", ["transforms.decode", "transforms.pii.detect", "transforms.scoring.registry"]
)
def test_work_on_text_needs_no_pyspark(module):
    program = f"import sys, {module}; sys.exit('pyspark' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_a_scorer_that_is_not_asked_for_is_not_loaded():
    imports = (
        "from transforms.scoring.registry import load_scorer; "
        "from transforms.scoring.score import ScorerOptions"
    )
    program = (
        f"import sys; {imports}; load_scorer(ScorerOptions()); sys.exit('textblob' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
