"""A job's CSV files contain no formulas, even if a sender's id looks like one."""

import csv
import io

import orjson
import pytest

from serving.jobs.files import JobFiles
from tests.support.formulas import FORMULAS, OTHERS


@pytest.fixture
def files(tmp_path):
    made = JobFiles(tmp_path)
    made.make("job_1")
    return made


def test_an_id_that_is_a_formula_is_text_in_csv_and_itself_in_json(files):
    rows = [
        {"line": line, "id": text, "compound": -0.5, "pii": {"EMAIL": 1}}
        for line, text in enumerate([*FORMULAS, *OTHERS], start=1)
    ]
    files.write_chunk("job_1", 0, "result", b"".join(orjson.dumps(row) + b"\n" for row in rows))
    written = b"".join(files.csv("job_1", 1, "result")).decode()
    came = list(csv.DictReader(io.StringIO(written, newline="")))
    assert [row["id"] for row in came] == [*(f"'{text}" for text in FORMULAS), *OTHERS]
    assert {(row["compound"], row["pii"]) for row in came} == {("-0.5", '{"EMAIL":1}')}
    lines = b"".join(files.json_lines("job_1", 1, "result")).splitlines()
    assert [orjson.loads(line)["id"] for line in lines] == [*FORMULAS, *OTHERS]
