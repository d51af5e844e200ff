"""The sum over all accounts is right at every commit that a reader of the destination can see."""

import pytest

from tests.support import bank, compare


@pytest.mark.parametrize("writers", [1, 4])
def test_sum_is_right_at_every_commit(any_pair, sluice, writers):
    sum_is_right_at_every_commit(*any_pair, sluice, writers)


def test_sum_is_right_between_engines(cross_pair, sluice):
    sum_is_right_at_every_commit(*cross_pair, sluice, 4)


def sum_is_right_at_every_commit(source, destination, sluice, writers):
    bank.create(source)
    task = sluice(source, destination, objects=[{"database": "bank"}], limits={"readers": 2, "writers": writers})
    with bank.Transfers(source) as transfers:
        task.start()
        task.wait_phase("incremental", seconds=120)
        # Between the load and the first not-delayed moment an inexact cut may still show through.
        task.wait_caught_up(120)
        with bank.Auditor(destination) as auditor:
            seen = transfers.count
            task.wait_status(lambda _: transfers.count > seen + 1500 and auditor.looks > 50, 120, "transfers")
            transfers.stop()
            task.follow_to(source, "bank", destination=destination)
    assert not auditor.wrong, auditor.wrong[:5]
    compare.assert_equal(source, "bank", destination)
    assert task.terminate() == 0


def test_sum_is_right_while_a_backlog_is_applied(one_pair, sluice):
    source, destination = one_pair
    bank.create(source)
    task = sluice(source, destination, objects=[{"database": "bank"}])
    task.run_until_caught_up()
    with bank.Transfers(source, threads=4) as transfers:
        transfers.wait_for(3000)
    with bank.Auditor(destination) as auditor:
        task.run_until_caught_up()
    assert auditor.looks > 0
    assert not auditor.wrong, auditor.wrong[:5]
    compare.assert_equal(source, "bank", destination)
