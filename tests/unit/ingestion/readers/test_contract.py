"""Every live platform in the registry keeps this contract, against the platform's simulator."""

from collections.abc import Iterator
from typing import Any

import pytest
from pyarrow import fs

from foundation.errors import CredentialsError, ReadError
from ingestion.recordings.landing import Landing
from ingestion.simulators import SIMULATORS
from ingestion.simulators.server.scenario import Fault
from tests.support.live import HTTP, LIVE, SILENCE_S, events, trial, without_pauses

STEP = 100_000  # µs that pass with each batch, however long the machine needs
FAULTS = [(name, kind) for name in LIVE for kind in SIMULATORS[name].faults]


@pytest.fixture(autouse=True)
def without_waiting() -> Iterator[None]:
    with without_pauses():
        yield


def test_every_live_platform_has_a_simulator_and_every_simulator_a_platform():
    assert sorted(LIVE) == sorted(SIMULATORS)


@pytest.mark.parametrize("name", LIVE)
def test_what_lands_is_what_the_scenario_says_and_a_second_run_changes_nothing(name, tmp_path):
    with trial(name, tmp_path, posts=130, edits=0.2, deletes=0.2) as made:
        made.run()
        assert made.landed() == made.expected()
        assert not made.telemetry.troubles
        before = made.landed()
        made.run()
        assert made.landed() == before
        assert made.gaps == []


@pytest.mark.parametrize("name", LIVE)
def test_edits_and_deletes_that_happen_between_runs_arrive(name, tmp_path):
    with trial(name, tmp_path, posts=120, edits=0.25, deletes=0.25, seconds=100) as made:
        made.clock.shift += 60_000_000
        made.run()
        first = made.landed()
        made.clock.shift += 60_000_000
        made.run()
        made.sweep()
        assert made.landed() == made.expected() != first


@pytest.mark.parametrize(("name", "kind"), FAULTS)
def test_a_fault_of_the_platform_loses_nothing_and_is_counted(name, kind, tmp_path):
    with trial(
        name,
        tmp_path,
        posts=90,
        faults=(Fault(kind, times=1 if kind == "silence" else 2, seconds=5),),
    ) as made:
        made.run(**({"timeout_s": SILENCE_S} if kind == "silence" else {}))
        assert (
            made.telemetry.troubles.total() + made.telemetry.records["rejected"] > 0
            or kind == "silence"
        )
        made.run()
        assert made.landed() == made.expected()


@pytest.mark.parametrize("name", HTTP)
@pytest.mark.parametrize("status", [403, 404, 429, 500, 503])
def test_each_status_is_survived_and_counted_by_its_name(name, status, tmp_path):
    with trial(name, tmp_path, posts=60, faults=(Fault("status", times=2, status=status),)) as made:
        made.run()
        assert made.telemetry.troubles["http_5xx" if status >= 500 else f"http_{status}"] == 2
        assert made.landed() == made.expected()


@pytest.mark.parametrize("name", HTTP)
def test_a_platform_that_always_fails_ends_a_single_run_with_a_named_error(name, tmp_path):
    with trial(name, tmp_path, posts=5, faults=(Fault("html", times=10**6),)) as made:
        with pytest.raises(ReadError, match="not JSON"):
            made.run(attempts=2)
        assert made.landed() == []
        assert made.telemetry.troubles["not_json"] > 1


@pytest.mark.parametrize("name", HTTP)
def test_refused_credentials_end_it_with_a_message_that_does_not_hold_them(name, tmp_path):
    with trial(name, tmp_path, posts=5, faults=(Fault("status", times=10**6, status=401),)) as made:
        with pytest.raises(CredentialsError) as refused:
            made.run(secrets={"access_token": "s3cr3t-of-mine"})
        assert "s3cr3t" not in str(refused.value)


@pytest.mark.parametrize("name", LIVE)
def test_posts_without_id_with_odd_times_or_of_ten_megabytes_harm_no_other(name, tmp_path):
    with trial(name, tmp_path, posts=60, spoiled=("no_id", "time_as_text", "huge")) as made:
        made.run()
        assert set(made.expected()) <= set(made.landed())
        refused = {
            event["event_id"]
            for event in events(made.kafka.messages)
            if event["op"] == "unmappable"
        }
        assert len(refused) == 3
        assert max(len(value) for _, _, value, _ in made.kafka.messages) <= 1_048_576


@pytest.mark.parametrize("name", LIVE)
def test_what_is_fetched_and_loaded_lands_once_beside_what_was_read_live(name, tmp_path):
    with trial(name, tmp_path, posts=120, edits=0.2, deletes=0.2) as made:
        landing = Landing(fs.LocalFileSystem(), str(tmp_path / "landing"), name)
        made.clock.shift += 60_000_000  # platforms round, and hold the newest seconds back
        since = made.world.events[0].at - 2_000_000
        until = made.clock()
        for _ in range(2):
            reader = made.reader()
            written = list(landing.write(reader.between(since, until), made.clock()))
            assert sum(lines for _, lines in written) > 0
            assert all(f"/platform={name}/" in path for path, _ in written)
            made.run(lambda _: landing.read(made.reading))
            assert made.landed() == made.expected()
        sent = len(made.kafka.messages)
        made.run(lambda _: landing.read(made.reading))
        assert len(made.kafka.messages) == sent, "a file is loaded once"
        made.run()
        assert made.landed() == made.expected()


@pytest.mark.parametrize("name", LIVE)
def test_what_was_fetched_before_an_edit_does_not_bring_the_old_text_back(name, tmp_path):
    with trial(name, tmp_path, posts=60, edits=0.5, seconds=50) as made:
        made.clock.shift += 30_000_000
        landing = Landing(fs.LocalFileSystem(), str(tmp_path / "landing"), name)
        list(
            landing.write(
                made.reader().between(made.world.events[0].at, made.clock()), made.clock()
            )
        )
        made.run()
        made.clock.shift += 30_000_000
        made.run()
        made.sweep()
        assert made.landed() == made.expected()
        made.run(lambda _: landing.read(made.reading))
        assert made.landed() == made.expected()


@pytest.mark.parametrize("name", LIVE)
def test_what_comes_while_it_reads_is_not_missed(name, tmp_path):
    with trial(
        name, tmp_path, posts=350, edits=0.05, deletes=0.05, seconds=1.5, limit=10**6
    ) as made:

        def go_on(microseconds: int) -> None:
            made.clock.shift += microseconds

        def until_over(reader: Any) -> Any:
            for batch in reader.read():
                yield batch
                go_on(STEP)
                if made.clock() > made.world.events[-1].at + 500_000:
                    return

        made.run(until_over, once=False, sleep=lambda _: go_on(100_000))
        made.run()
        made.sweep()
        assert made.landed() == made.expected()
