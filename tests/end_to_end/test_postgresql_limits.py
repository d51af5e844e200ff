"""What a PostgreSQL server can be short of, refuse, or be set to: told beforehand, a hard stop with the way out, or no
disturbance."""

import contextlib

import psycopg2.extras
import pytest

from tests.end_to_end.test_precheck import everything, failed_items
from tests.support import compare, shop
from tests.support.servers import ADMIN_PASSWORD
from tests.support.waiting import wait_until

OBJECTS = [{"database": "shop"}]
PASSWORD = "m0ver-Pw"
SLOT = "SELECT * FROM pg_replication_slots WHERE slot_name LIKE 'sluice%'"


def destination_of(get, source):
    return get.shared(source.kind, "destination")


@pytest.mark.parametrize("kind", ["pg10", "pg18"])
def test_wal_level(get, sluice, kind):
    source = get.own(kind, binlog=False)
    shop.create(source)
    task = sluice(source, destination_of(get, source), objects=OBJECTS)
    text = everything(failed_items(task.call("precheck", "--json")))
    assert "ALTER SYSTEM SET wal_level = logical;" in text and "restart" in text
    assert task.run(check=3)
    # Without changes to follow the log is not needed.
    full = sluice(source, destination_of(get, source), types=["schema", "full"], objects=OBJECTS, name="full")
    full.run()


@pytest.mark.parametrize("kind", ["pg10", "pg18"])
def test_no_slot_free(get, sluice, kind):
    source = get.own(kind, extra=["max_replication_slots=1"])
    shop.create(source)
    source.value("SELECT pg_create_physical_replication_slot('somebody')::text")
    destination = destination_of(get, source)
    task = sluice(source, destination, objects=OBJECTS)
    for verb in ("precheck", "run"):
        finished = task.call(verb, "--json", check=3)
        assert "max_replication_slots" in finished.text, finished
        assert "SELECT pg_drop_replication_slot('somebody');" in finished.text, finished
    assert "shop" not in destination.databases()
    source.value("SELECT pg_drop_replication_slot('somebody')::text")
    task.run_until_caught_up()
    # Its own slot is the only one now: that is no reason to refuse it.
    source.execute("UPDATE shop.orders SET note='x' WHERE id<5")
    task.run_until_caught_up()
    compare.assert_equal(source, "shop", destination)


def test_no_sender_free(get, sluice):
    """Told by the precheck; while a task follows it is waited for."""
    source = get.own("pg15", extra=["max_wal_senders=1"])
    shop.create(source)
    destination = destination_of(get, source)

    def somebody():
        return psycopg2.connect(
            host=source.host,
            port=source.port,
            user="admin",
            password=ADMIN_PASSWORD,
            connection_factory=psycopg2.extras.PhysicalReplicationConnection,
        )

    def senders():
        return source.query("SELECT application_name FROM pg_stat_replication")

    other = somebody()
    task = sluice(source, destination, objects=OBJECTS)
    text = everything(failed_items(task.call("precheck", "--json")))
    assert "ALTER SYSTEM SET max_wal_senders = 6;" in text, text
    other.close()
    wait_until(lambda: not senders(), 30, senders)
    task.start()
    task.wait_caught_up()

    def taken():
        """The only sender is taken from the task."""
        source.query("SELECT pg_terminate_backend(pid) FROM pg_stat_replication")
        with contextlib.suppress(psycopg2.OperationalError):
            return somebody()
        return None

    other = wait_until(taken, 30, "somebody else's turn", pause=0.001)
    task.wait_status(lambda _: "PG-0120" in task.log_text(60000), 60, "no sender")
    source.execute("UPDATE shop.orders SET note='meanwhile'")
    other.close()
    task.follow_to(source, "shop", destination=destination)
    compare.assert_equal(source, "shop", destination)


@pytest.mark.parametrize("kind", ["pg10", "pg18"])
def test_the_slot_is_dropped_under_way(get, sluice, kind):
    source = get.shared(kind, "source")
    destination = destination_of(get, source)
    shop.create(source)
    task = sluice(source, destination, objects=OBJECTS)
    task.start()
    task.wait_caught_up()
    before = compare.digest(destination, "shop")

    def dropped():
        with contextlib.suppress(psycopg2.Error):  # the task was faster, and has it again
            source.query(
                "SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name LIKE 'sluice%'"
            )
            source.query(
                "SELECT pg_drop_replication_slot(slot_name)::text FROM pg_replication_slots "
                "WHERE slot_name LIKE 'sluice%'"
            )
        return not source.query(SLOT)

    wait_until(dropped, 30, "the end of the slot", pause=0.001)
    source.execute("UPDATE shop.orders SET note='lost'")
    assert task.wait(60) == 4, task.log_text()
    for text in (task.log_text(), task.run_until_caught_up(check=4).text):
        assert "PG-0218" in text and "--restart" in text, text
    assert not source.query(SLOT), "a new slot would begin now, and nobody would know what is missing"
    assert compare.digest(destination, "shop") == before
    task.run_until_caught_up("--restart")
    compare.assert_equal(source, "shop", destination)


@pytest.mark.parametrize(
    "kind, extra",
    [
        ("pg15", ["max_slot_wal_keep_size=16MB", "min_wal_size=32MB", "max_wal_size=32MB"]),
        ("pg18", ["idle_replication_slot_timeout=1s"]),
    ],
    ids=["size", "idle"],
)
def test_a_removed_log_is_a_hard_stop(get, sluice, kind, extra):
    source = get.own(kind, extra=extra)
    destination = destination_of(get, source)
    shop.create(source)
    task = sluice(source, destination, objects=OBJECTS)
    warnings = [item for item in task.call("precheck", "--json").json["items"] if item["status"] == "warning"]
    assert extra[0].partition("=")[0] in everything(warnings), warnings
    task.run_until_caught_up()
    before = compare.digest(destination, "shop")

    def lost():
        source.execute("CREATE TABLE filler AS SELECT repeat('x', 1000) FROM generate_series(1, 20000)")
        source.execute("DROP TABLE filler", "CHECKPOINT")
        return source.query(SLOT + " AND wal_status = 'lost'")

    wait_until(lost, 120, lambda: source.query(SLOT), pause=0.2)
    for _ in range(2):
        finished = task.run_until_caught_up(check=4)
        assert "PG-0202" in finished.text and "--restart" in finished.text, finished
        if kind == "pg18":
            assert "idle_replication_slot_timeout" in finished.text, finished
    assert compare.digest(destination, "shop") == before
    task.run_until_caught_up("--restart")
    compare.assert_equal(source, "shop", destination)


@pytest.mark.parametrize("side", ["source", "destination"])
def test_refused_by_pg_hba(get, sluice, side):
    """Sessions that read the log meet the same lines as others: `replication` there means physical replication."""
    source = get.own("pg15") if side == "source" else get.shared("pg15", "source")
    destination = get.own("pg15") if side == "destination" else get.shared("pg15", "destination")
    refusing = source if side == "source" else destination
    file = refusing.data / "pg_hba.conf"
    lines = file.read_text()

    def refuse(yes):
        file.write_text(("host app admin 127.0.0.1/32 reject\n" if yes else "") + lines)
        refusing.value("SELECT pg_reload_conf()")
        refusing.value("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'sluice%'")

    shop.create(source)
    refuse(True)
    task = sluice(source, destination, objects=OBJECTS)
    for verb in ("precheck", "run"):
        finished = task.call(verb, "--json")
        assert finished.code in (3, 4), finished
        assert "PG-0103" in finished.text and "pg_hba.conf" in finished.text and "pg_reload_conf" in finished.text
        assert "admin@127.0.0.1" in finished.text, finished
    refuse(False)
    task.start()
    task.wait_caught_up()
    refuse(True)
    source.execute("UPDATE shop.orders SET note='refused'")
    assert task.wait(60) == 4, task.log_text()
    assert "PG-0103" in task.log_text() and "pg_hba.conf" in task.log_text()
    refuse(False)
    task.run_until_caught_up()
    compare.assert_equal(source, "shop", destination)


# Of the account, each of which would end or change what Sluice does.
HOSTILE = {
    "statement_timeout": "1s",
    "lock_timeout": "1s",
    "idle_in_transaction_session_timeout": "1s",
    "default_transaction_read_only": "on",
    "default_transaction_isolation": "serializable",
    "search_path": "nowhere",
    "array_nulls": "off",
    "bytea_output": "escape",
    "datestyle": "German, DMY",
    "intervalstyle": "sql_standard",
    "timezone": "Asia/Tokyo",
    "extra_float_digits": "-10",
    "quote_all_identifiers": "on",
    "standard_conforming_strings": "off",
    "row_security": "on",
    "xmloption": "document",
}


def hostile_account(server):
    server.create_account("mover", PASSWORD, "SUPERUSER")
    settings = dict(HOSTILE)
    if server.major >= 14:
        settings["idle_session_timeout"] = "1s"
    if server.major >= 17:
        settings["transaction_timeout"] = "1s"
    for name, value in settings.items():
        server.execute(f"ALTER ROLE mover SET {name} = {value if name == 'search_path' else repr(value)}")


@pytest.mark.parametrize("kind", ["pg10", "pg15", "pg18"])
def test_settings_of_the_account_do_not_disturb(get, sluice, kind):
    """Timeouts, defaults and formats: long waits for locks and transactions, a long chunk, a long apply, odd texts."""
    source, destination = get.shared(kind, "source"), get.shared(kind, "destination")
    shop.create(source)
    source.execute(
        "CREATE TABLE shop.odd (id int PRIMARY KEY, a text[], b bytea, i interval, t timestamptz, f float8, x xml)",
        "INSERT INTO shop.odd SELECT g, CASE WHEN g % 2 = 0 THEN ARRAY['NULL', NULL, '\\'] END, '\\x00ff5c27', "
        "'1 mon -3 days 4:05:06.789', '2024-05-06 07:08:09.123+00', g / 3.0, 'text <b/>' "
        "FROM generate_series(1, 20000) g",
    )
    for server in (source, destination):
        hostile_account(server)
    task = sluice(
        source,
        destination,
        objects=OBJECTS,
        source_user="mover",
        source_password=PASSWORD,
        destination_user="mover",
        destination_password=PASSWORD,
        limits={"rows_per_second": 5000, "readers": 1, "writers": 1},
    )
    waiting = (
        "SELECT 1 FROM pg_stat_activity WHERE application_name LIKE 'sluice%' AND wait_event_type = 'Lock' "
        "AND clock_timestamp() - {} > interval '3 seconds'"
    )
    # The slot waits for an open transaction, longer than each of the timeouts.
    with source.session() as opened:
        opened.execute("BEGIN")
        opened.execute("UPDATE shop.orders SET note='open' WHERE id=1")
        task.start()
        slot = waiting.format("backend_start")
        wait_until(lambda: source.query(slot), 60, lambda: f"the slot's wait\n{task.log_text()}")
        opened.execute("COMMIT")
    task.wait_caught_up(120)
    with destination.session() as locker:
        locker.execute("BEGIN")
        locker.execute("LOCK TABLE shop.odd IN EXCLUSIVE MODE")
        source.execute("UPDATE shop.odd SET f = f + 1, a = a || '{NULL,x}'", "DELETE FROM shop.odd WHERE id % 3 = 0")
        apply = waiting.format("query_start")
        wait_until(lambda: destination.query(apply), 60, lambda: f"the lock's wait\n{task.log_text()}")
        locker.execute("ROLLBACK")
    task.follow_to(source, "shop", destination=destination)
    compare.assert_equal(source, "shop", destination)
    task.verify()
    # Nothing of it was tried again.
    for code in ("PG-0106", "PG-0111", "PG-0119", "PG-0124"):
        assert code not in task.log_text(100000), task.log_text()
    assert task.terminate() == 0
