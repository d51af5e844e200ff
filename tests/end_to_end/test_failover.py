"""The source's standby is promoted while a task follows: it goes on where the slot came along, else it stops hard."""

import pytest

from tests.support import compare, shop
from tests.support.proxy import Proxy
from tests.support.waiting import wait_until

OBJECTS = [{"database": "shop"}]
# The slot of a task: its name is "sluice_" and what is left of the task's.
SLOTS = "SELECT slot_name FROM pg_replication_slots WHERE slot_name LIKE 'sluice%'"


def pair_with_standby(get, kind, extra=()):
    """A primary with the shop, and its hot standby."""
    primary = get.own(kind, extra=list(extra))
    primary.value("SELECT pg_create_physical_replication_slot('standby', true)::text")
    shop.create(primary)
    primary.stop()
    standby = get.own(kind, standby_of=primary)
    primary.start()
    wait_until(
        lambda: primary.value("SELECT active FROM pg_replication_slots WHERE slot_name = 'standby'"),
        60,
        lambda: f"the standby's stream\n{standby.tail_log()}",
    )
    return primary, standby


def wait_received(primary, standby):
    wanted = primary.value("SELECT pg_current_wal_flush_lsn()::text")
    wait_until(
        lambda: standby.value(f"SELECT pg_last_wal_replay_lsn() >= '{wanted}'::pg_lsn"),
        60,
        lambda: f"the standby at {wanted}\n{standby.tail_log()}",
    )


def wait_slot_came_along(standby):
    wait_until(
        lambda: standby.query(SLOTS + " AND synced AND NOT temporary"),
        90,
        lambda: f"the slot at the standby: {standby.query('SELECT * FROM pg_replication_slots')}\n{standby.tail_log()}",
        pause=0.2,
    )


@pytest.mark.parametrize("kind", [pytest.param("pg17", marks=pytest.mark.soak), "pg18"])
def test_a_promoted_standby_is_followed(get, sluice, kind):
    """From 17 on the slot fails over; the primary tells nothing that its standby lacks (synchronized_standby_slots)."""
    primary, standby = pair_with_standby(get, kind, ["synchronized_standby_slots=standby"])
    destination = get.shared("pg18", "destination")
    with Proxy(primary) as address:
        task = sluice(address, destination, objects=OBJECTS)
        task.start()
        task.wait_caught_up()
        with shop.Business(primary) as business:
            wait_slot_came_along(standby)
            business.wait_for(business.count + 200)
            primary.kill()
        address.retarget(standby)
        # Not promoted yet: the task waits for that.
        task.wait_status(lambda _: "PG-0226" in task.log_text(60000), 60, "the wait for the promotion")
        standby.value("SELECT pg_promote()")
        with shop.Business(standby, seed=2) as business:
            business.wait_for(50)
        task.follow_to(standby, "shop", destination=destination)
        compare.assert_equal(standby, "shop", destination)
        task.verify()
        assert task.terminate() == 0
        # Nor does a later run begin anew.
        standby.execute("UPDATE shop.orders SET note='after the promotion' WHERE id<20")
        finished = task.run_until_caught_up()
        assert "restart" not in finished.text, finished
        compare.assert_equal(standby, "shop", destination)


def test_what_the_standby_had_not_received_is_a_hard_stop(get, sluice):
    """The task is ahead of the server that is promoted: its own rows would stay, and others come in their place."""
    primary, standby = pair_with_standby(get, "pg18")
    destination = get.shared("pg18", "destination")
    with Proxy(primary) as address:
        task = sluice(address, destination, objects=OBJECTS)
        task.start()
        task.wait_caught_up()
        wait_slot_came_along(standby)
        wait_received(primary, standby)
        standby.stop()
        primary.execute("UPDATE shop.orders SET note='only here'")
        task.follow_to(primary, "shop", destination=destination)
        before = compare.digest(destination, "shop")
        primary.kill()
        standby.start()
        standby.value("SELECT pg_promote()")
        address.retarget(standby)
        assert task.wait(60) == 4, task.log_text()
        finished = task.run_until_caught_up(check=4)
        for text in (task.log_text(), finished.text):
            assert "PG-0217" in text and "--restart" in text, text
        assert compare.digest(destination, "shop") == before
        assert task.status()["state"] == "failed"


@pytest.mark.parametrize("kind", [pytest.param("pg12", marks=pytest.mark.soak), "pg15"])
def test_a_slot_that_did_not_come_along_is_a_hard_stop(get, sluice, kind):
    """Before 17 a standby has none of its primary's. No new one is made: what happened meanwhile would be missing."""
    primary, standby = pair_with_standby(get, kind)
    destination = get.shared("pg15", "destination")
    with Proxy(primary) as address:
        task = sluice(address, destination, objects=OBJECTS)
        task.start()
        task.wait_caught_up()
        before = compare.digest(destination, "shop")
        wait_received(primary, standby)
        primary.kill()
        standby.value("SELECT pg_promote()")
        standby.execute("UPDATE shop.orders SET note='meanwhile'")
        address.retarget(standby)
        assert task.wait(60) == 4, task.log_text()
        finished = task.run_until_caught_up(check=4)
        for text in (task.log_text(), finished.text):
            assert "PG-0218" in text and "--restart" in text, text
        assert not standby.query(SLOTS)
        assert compare.digest(destination, "shop") == before
        task.run_until_caught_up("--restart")
        compare.assert_equal(standby, "shop", destination)
