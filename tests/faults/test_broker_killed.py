"""The broker dies and restarts while posts arrive and the jobs run."""

import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from ingestion.generator import run_generator
from ingestion.kafka.producer import Producer
from local import stack
from local.servers import broker
from tests.faults.conftest import RATES
from tests.support import oracle
from tests.support.clock import BASE
from tests.support.commands import started, wait_until
from tests.support.lake import assert_exact, assert_gold, ops

POSTS = 2500
FIRST = 500  # posts, for the first batch
START_S = 120
GOLD_S = 240


class Tap:
    """A sender that stops after the first posts, and then sends the others a few at a time."""

    def __init__(self, producer: Producer) -> None:
        self._producer = producer
        self.delivered = producer.delivered
        self.failed = producer.failed
        self.sent = 0
        self.flows = threading.Event()  # set to continue after the first posts
        self.is_open = threading.Event()  # set to send everything at once

    def send_bytes(self, *record) -> None:
        if self.sent == FIRST:
            self.flows.wait(START_S)
        self._producer.send_bytes(*record)
        self.sent += 1
        if self.sent > FIRST and self.sent % 10 == 0:
            self.is_open.wait(0.05)

    def send(self, record) -> None:
        raise NotImplementedError

    def flush(self) -> None:
        self._producer.flush()


@pytest.mark.timeout(900)
def test_a_broker_that_is_killed_while_posts_flow_costs_nothing(home):
    with (
        started(home, "run", stream__author_removal_interval_s="0") as run,
        Producer(home) as producer,
        ThreadPoolExecutor(1) as background,
    ):
        tap = Tap(producer)
        sending = background.submit(
            run_generator, home, tap, n_posts=POSTS, seed=41, base=BASE, rates=RATES
        )
        try:
            run.until(
                lambda: "topic_to_bronze" in run.out,
                within_s=START_S,
                what="first batch of topic_to_bronze",
            )
            tap.flows.set()
            run.until(lambda: tap.sent > FIRST + 200, within_s=START_S, what="flow of posts")
            assert not sending.done(), "the posts were all sent before the broker could be killed"
            sent_before = tap.sent
            killed = broker.running(home)
            os.kill(killed.pid, signal.SIGKILL)
            wait_until(lambda: broker.running(home) is None, within_s=20, what="end of the broker")
            assert run.process.poll() is None
            assert stack.up(home).broker_started
            assert broker.running(home).pid != killed.pid
        finally:
            tap.flows.set()
            tap.is_open.set()
        report = sending.result(120)
        assert report.records > sent_before, "nothing was sent after the kill"
        expected = oracle.expected(oracle.read_rows(report.ledger))

        def gold_has_it():
            with suppress(AssertionError):
                assert_gold(home, expected)
                return True
            return False

        run.until(gold_has_it, within_s=GOLD_S, what="Gold with all posts")
        run.terminate()
        assert run.wait(60) == 0
        assert run.error == ""
    assert_exact(home, report.ledger)
    assert len(ops(home, "topic_to_bronze")) > 1
