"""Changes of PostgreSQL that are told in ways of their own, arrive whole or are refused, never half."""

import shutil
import subprocess

import pytest

from tests.end_to_end.test_precheck import everything, failed_items
from tests.support import compare

OBJECTS = [{"database": "shop"}]


def follow(get, sluice, setup, statements, kind="pg15", **options):
    """Loads what `setup` makes in the schema shop, then lets a task carry `statements`."""
    source, destination = get.shared(kind, "source"), get.shared("pg18", "destination")
    source.execute("CREATE SCHEMA shop", *setup)
    task = sluice(source, destination, objects=OBJECTS, **options)
    task.run_until_caught_up()
    source.execute(*statements)
    task.run_until_caught_up()
    compare.assert_equal(source, "shop", destination)
    return source, destination, task


def test_large_transactions_of_other_tables(get, sluice):
    """The server streams them while they run, and sends nothing but where they begin and end."""
    source, destination = get.own("pg18", extra=["logical_decoding_work_mem=64kB"]), get.shared("pg15", "destination")
    source.execute(
        "CREATE SCHEMA shop",
        "CREATE TABLE shop.a (id integer PRIMARY KEY, v text)",
        "CREATE TABLE public.other (id integer PRIMARY KEY, v text)",
    )
    task = sluice(source, destination, objects=OBJECTS)
    task.run_until_caught_up()
    fill = "INSERT INTO public.other SELECT i, repeat('v', 40) FROM generate_series({0} + 1, {0} + 20000) i"
    source.execute(
        fill.format(0),
        "INSERT INTO shop.a VALUES (1, 'x')",
        f"BEGIN; {fill.format(100000)}; ROLLBACK",
        f"BEGIN; {fill.format(200000)}; INSERT INTO shop.a VALUES (2, 'y'); COMMIT",
    )
    task.run_until_caught_up()
    compare.assert_equal(source, "shop", destination)


@pytest.mark.parametrize("identity", ["FULL", "USING INDEX a_code_key"])
def test_values_of_a_deferrable_key_move_within_a_transaction(get, sluice, identity):
    """Such a key is unique at a transaction's end only: rows are not searched by it."""
    follow(
        get,
        sluice,
        [
            "CREATE TABLE shop.a (id integer PRIMARY KEY DEFERRABLE INITIALLY DEFERRED, code text NOT NULL UNIQUE, "
            "v text)",
            f"ALTER TABLE shop.a REPLICA IDENTITY {identity}",
            "INSERT INTO shop.a SELECT i, 'c' || i, 'v' || i FROM generate_series(1, 6) i",
            "CREATE TABLE shop.b (pos integer NOT NULL UNIQUE DEFERRABLE, v text)",
            "ALTER TABLE shop.b REPLICA IDENTITY FULL",
            "INSERT INTO shop.b SELECT i, 'v' || i FROM generate_series(1, 6) i",
        ],
        [
            "UPDATE shop.a SET id = id + 1",
            "UPDATE shop.a SET id = 9 - id",
            "UPDATE shop.b SET pos = pos + 1",
            "BEGIN; UPDATE shop.b SET pos = 1 WHERE pos = 7; DELETE FROM shop.b WHERE v = 'v3'; COMMIT",
        ],
    )


def test_character_and_bit_types_without_a_length(get, sluice):
    follow(
        get,
        sluice,
        [
            'CREATE TABLE shop.a (id integer PRIMARY KEY, c bpchar, b "bit", cs bpchar[], bs "bit"[], c1 char, b1 bit, '
            "bv bit varying)",
            "INSERT INTO shop.a VALUES (1, 'x ', '101', '{a,b}', '{1,10}', 'y', '1', '01')",
        ],
        [
            "INSERT INTO shop.a VALUES (2, 'longer', '', '{}', '{0}', 'z', '0', '')",
            "UPDATE shop.a SET c = NULL, bs = NULL WHERE id = 1",
        ],
    )


def test_rows_that_come_into_the_filter_come_whole(get, sluice):
    """A large value that an UPDATE leaves alone is not in the log; the row that it brings into the filter needs it."""
    source, destination = get.shared("pg15", "source"), get.shared("pg18", "destination")
    source.execute(
        "CREATE SCHEMA shop",
        "CREATE TABLE shop.orders (tenant integer, id integer, large text, PRIMARY KEY (tenant, id))",
        "ALTER TABLE shop.orders ALTER large SET STORAGE EXTERNAL",
        "INSERT INTO shop.orders SELECT 2, i, repeat('x', 9000) FROM generate_series(1, 3) i",
        # Nothing of it is ever stored apart.
        "CREATE TABLE shop.small (tenant integer, id integer, v varchar(100), PRIMARY KEY (tenant, id))",
    )
    tables = [{"table": name, "filter": "tenant = 1"} for name in ("orders", "small")]
    task = sluice(source, destination, objects=[{"database": "shop", "tables": tables}])
    failed = failed_items(task.call("precheck", "--json"))
    assert [item["id"] for item in failed] == ["postgresql.replica_identity"], failed
    assert "ALTER TABLE shop.orders REPLICA IDENTITY FULL;" in failed[0]["remedy"] and "small" not in everything(failed)
    source.execute("ALTER TABLE shop.orders REPLICA IDENTITY FULL")
    task.run_until_caught_up()
    source.execute("UPDATE shop.orders SET tenant = 1 WHERE id = 2")
    task.run_until_caught_up()
    assert destination.query("SELECT tenant, id, length(large) FROM shop.orders") == [(1, 2, 9000)]
    # What the precheck has seen may change.
    source.execute("ALTER TABLE shop.orders REPLICA IDENTITY DEFAULT", "UPDATE shop.orders SET tenant = 1 WHERE id = 3")
    text = task.run_until_caught_up(check=4).text
    assert "PL-0207" in text and "column large" in text and "id=3" in text, text
    assert destination.value("SELECT count(*) FROM shop.orders") == 1


def test_keys_that_partitions_have_alone(get, sluice):
    """Their values may stand in other partitions too: the log's old values would find any of these rows."""
    source, destination = get.shared("pg15", "source"), get.shared("pg18", "destination")
    source.execute(
        "CREATE SCHEMA shop",
        "CREATE TABLE shop.p (tenant integer NOT NULL, id integer NOT NULL, v text) PARTITION BY LIST (tenant)",
        *[f"CREATE TABLE shop.p{i} PARTITION OF shop.p (PRIMARY KEY (id)) FOR VALUES IN ({i})" for i in (1, 2)],
        "INSERT INTO shop.p VALUES (1, 1, 'a'), (1, 2, 'b'), (2, 1, 'c'), (2, 2, 'd'), (2, 3, 'e')",
        "CREATE TABLE shop.q (k integer NOT NULL, id integer NOT NULL, c text NOT NULL, PRIMARY KEY (k, id)) "
        "PARTITION BY LIST (k)",
        *[f"CREATE TABLE shop.q{i} PARTITION OF shop.q FOR VALUES IN ({i})" for i in (1, 2)],
        "CREATE UNIQUE INDEX q2c ON shop.q2 (c)",
        "ALTER TABLE shop.q2 REPLICA IDENTITY USING INDEX q2c",
        "INSERT INTO shop.q VALUES (1, 1, 'a'), (2, 1, 'a')",
    )
    task = sluice(source, destination, objects=OBJECTS)
    failed = failed_items(task.call("precheck", "--json"))
    assert [item["id"] for item in failed] == ["postgresql.replica_identity"], failed
    assert failed[0]["object"] == "tables shop.p1, shop.p2, shop.q2", failed
    assert "ALTER TABLE shop.p1 REPLICA IDENTITY FULL;" in failed[0]["remedy"]
    source.execute(*[f"ALTER TABLE shop.{name} REPLICA IDENTITY FULL" for name in ("p1", "p2", "q2")])
    task.run_until_caught_up()
    source.execute(
        "UPDATE shop.p SET v = 'changed' WHERE tenant = 2 AND id = 1",
        "DELETE FROM shop.p WHERE tenant = 2 AND id = 2",
        "DELETE FROM shop.q WHERE k = 2",
    )
    task.run_until_caught_up()
    compare.assert_equal(source, "shop", destination)
    # What the precheck has seen may change.
    rows = destination.query("SELECT * FROM shop.p ORDER BY 1, 2")
    source.execute("ALTER TABLE shop.p2 REPLICA IDENTITY DEFAULT", "DELETE FROM shop.p WHERE tenant = 2 AND id = 1")
    text = task.run_until_caught_up(check=4).text
    assert "PG-0504" in text and "REPLICA IDENTITY FULL" in text, text
    assert destination.query("SELECT * FROM shop.p ORDER BY 1, 2") == rows


def test_unlogged_partitions_are_told(get, sluice):
    source, destination = get.shared("pg15", "source"), get.shared("pg18", "destination")
    source.execute(
        "CREATE SCHEMA shop",
        "CREATE TABLE shop.p (k integer, id integer, PRIMARY KEY (k, id)) PARTITION BY LIST (k)",
        "CREATE TABLE shop.p1 PARTITION OF shop.p FOR VALUES IN (1)",
        "CREATE UNLOGGED TABLE shop.p2 PARTITION OF shop.p FOR VALUES IN (2)",
    )
    task = sluice(source, destination, objects=OBJECTS)
    items = task.call("precheck", "--json", check=0).json["items"]
    told = [item for item in items if item["id"] == "postgresql.unlogged"]
    assert [(item["status"], item["object"]) for item in told] == [("warning", "table shop.p2")], items


def test_a_source_that_is_restored_from_its_files(get, sluice):
    """Its timeline and its slot are those of the copy: that it lost what was read shows by where its log ends."""
    source, destination = get.own("pg15"), get.shared("pg18", "destination")
    source.execute("CREATE SCHEMA shop", "CREATE TABLE shop.a (id integer PRIMARY KEY, v text)")
    task = sluice(source, destination, objects=OBJECTS)
    task.run_until_caught_up()
    source.stop()
    copy = source.directory / "copy"
    subprocess.run(["cp", "-a", str(source.data), str(copy)], check=True)
    source.start()
    source.execute("INSERT INTO shop.a SELECT i, repeat('old', 100) FROM generate_series(100, 5000) i")
    task.run_until_caught_up()
    source.stop()
    shutil.rmtree(source.data)
    copy.rename(source.data)
    source.start()
    source.execute("INSERT INTO shop.a VALUES (10, 'after')")
    text = task.run_until_caught_up(check=4).text
    assert "PG-0217" in text and "--restart" in text, text
    assert destination.value("SELECT count(*) FROM shop.a WHERE v LIKE 'old%'") == 4901


def test_a_column_that_owns_several_sequences(get, sluice):
    """At the switch-over each gets its own number."""
    source, destination = get.shared("pg15", "source"), get.shared("pg18", "destination")
    source.execute(
        "CREATE SCHEMA shop",
        "CREATE TABLE shop.t (id serial PRIMARY KEY, v text)",
        "INSERT INTO shop.t (v) SELECT 'x' FROM generate_series(1, 50)",
        "CREATE SEQUENCE shop.a_new START 1000000 OWNED BY shop.t.id",
        "ALTER TABLE shop.t ALTER id SET DEFAULT nextval('shop.a_new')",
        "CREATE SEQUENCE shop.z_new START 77 OWNED BY shop.t.id",
        "INSERT INTO shop.t (v) SELECT 'x' FROM generate_series(1, 5)",
    )
    task = sluice(source, destination, objects=OBJECTS)
    task.run_until_caught_up()
    source.execute("INSERT INTO shop.t (v) VALUES ('y')")
    task.call("cutover", check=0)
    for name in ("t_id_seq", "a_new", "z_new"):
        question = f"SELECT last_value, is_called FROM shop.{name}"
        assert destination.query(question) == source.query(question), name


@pytest.mark.parametrize(
    "statements",
    [
        ["ALTER TABLE shop.a DROP COLUMN v", "ALTER TABLE shop.a ADD COLUMN v text"],
        [
            "ALTER TABLE shop.a RENAME v TO x",
            "ALTER TABLE shop.a RENAME w TO v",
            "ALTER TABLE shop.a RENAME x TO w",
        ],
    ],
    ids=["made anew", "exchanged"],
)
def test_columns_that_are_others_stop_what_follows_no_statements(get, sluice, statements):
    """Rows look as before: a column of that name and type is there."""
    source, destination = get.shared("pg15", "source"), get.shared("pg18", "destination")
    source.execute(
        "CREATE SCHEMA shop",
        "CREATE TABLE shop.a (id integer PRIMARY KEY, v text, w text)",
        "INSERT INTO shop.a VALUES (1, 'a', 'b')",
    )
    task = sluice(source, destination, objects=[{"database": "shop", "operations": {"ddl": []}}])
    task.run_until_caught_up()
    source.execute("ALTER TABLE shop.a ALTER w SET DEFAULT 'x'", "INSERT INTO shop.a (id, v) VALUES (2, 'c')")
    task.run_until_caught_up()
    source.execute(*statements, "INSERT INTO shop.a VALUES (3, 'e', 'f')")
    text = task.run_until_caught_up(check=4).text
    assert "PG-0205" in text and "another one" in text and "--restart" in text, text


PARTS = [
    "CREATE TABLE shop.p (k integer, id integer, v text, PRIMARY KEY (k, id)) PARTITION BY LIST (k)",
    "CREATE TABLE shop.p1 PARTITION OF shop.p FOR VALUES IN (1)",
    "CREATE TABLE shop.p2 PARTITION OF shop.p FOR VALUES IN (2) PARTITION BY LIST (id)",
    "CREATE TABLE shop.p2_1 PARTITION OF shop.p2 FOR VALUES IN (1)",
    "CREATE TABLE shop.p3 PARTITION OF shop.p DEFAULT",
    "INSERT INTO shop.p VALUES (1, 1, 'a'), (2, 1, 'b'), (3, 1, 'c')",
]


def partitioned(get, sluice, engine):
    """A task that follows no statements, with everything loaded."""
    source = get.shared("pg15", "source")
    destination = get.shared("pg18" if engine == "postgresql" else "mariadb", "destination")
    source.execute("CREATE SCHEMA shop", *PARTS)
    task = sluice(source, destination, objects=[{"database": "shop", "operations": {"ddl": []}}])
    task.run_until_caught_up()
    return source, destination, task


@pytest.mark.parametrize(
    "statements",
    [
        ["CREATE TABLE shop.new (LIKE shop.p)", "INSERT INTO shop.new VALUES (7, 1, 'x')", "{attach}"],
        ["BEGIN; CREATE TABLE shop.new AS SELECT 7 AS k, 1 AS id, 'x'::text AS v; {null}; {attach}; COMMIT"],
        [
            "CREATE TABLE shop.new (LIKE shop.p) PARTITION BY LIST (id)",
            "CREATE TABLE shop.new_1 PARTITION OF shop.new FOR VALUES IN (1)",
            "INSERT INTO shop.new VALUES (7, 1, 'x')",
            "{attach}",
        ],
    ],
    ids=["two transactions", "one transaction", "below"],
)
@pytest.mark.parametrize("engine", ["postgresql", "mysql"])
def test_a_partition_that_is_attached_with_rows_is_not_passed_over(get, sluice, engine, statements):
    """The log has nothing of them, where it does not tell statements."""
    source, _, task = partitioned(get, sluice, engine)
    words = {
        "attach": "ALTER TABLE shop.p ATTACH PARTITION shop.new FOR VALUES IN (7)",
        "null": "ALTER TABLE shop.new ALTER k SET NOT NULL, ALTER id SET NOT NULL",
    }
    source.execute(*(statement.format(**words) for statement in statements))
    text = task.run_until_caught_up(check=4).text
    assert "PG-0205" in text and "shop.new" in text and "attached" in text and "--restart" in text, text


def test_partitions_that_come_empty_are_followed(get, sluice):
    """Their rows are in the log, and none is older than the attachment."""
    source, destination, task = partitioned(get, sluice, "mysql")
    source.execute(
        "CREATE TABLE shop.p4 PARTITION OF shop.p FOR VALUES IN (4)",
        "INSERT INTO shop.p VALUES (4, 1, 'd')",
        "CREATE TABLE shop.p5 (LIKE shop.p)",
        "ALTER TABLE shop.p ATTACH PARTITION shop.p5 FOR VALUES IN (5)",
        "INSERT INTO shop.p VALUES (5, 1, 'e')",
        "BEGIN; CREATE TABLE shop.p6 PARTITION OF shop.p FOR VALUES IN (6); INSERT INTO shop.p VALUES (6, 1, 'f'); "
        "UPDATE shop.p SET v = 'g' WHERE k = 6; COMMIT",
    )
    assert "PG-0205" not in task.run_until_caught_up().text
    task.run_until_caught_up()
    compare.assert_equal(source, "shop", destination)


@pytest.mark.parametrize("engine", ["postgresql", "mysql"])
def test_partitions_that_go_are_told(get, sluice, engine):
    """Their rows stay at the destination, which the log does not tell; what follows is carried all the same."""
    source, destination, task = partitioned(get, sluice, engine)
    source.execute(
        "ALTER TABLE shop.p DETACH PARTITION shop.p1", "DROP TABLE shop.p2", "INSERT INTO shop.p VALUES (9, 1, 'z')"
    )
    text = task.run_until_caught_up().text
    assert "partition shop.p1 of shop.p (FOR VALUES IN (1)) was detached" in text, text
    assert "partition shop.p2 of shop.p (FOR VALUES IN (2)) was dropped" in text and "p2_1" not in text, text
    assert destination.query("SELECT v FROM shop.p ORDER BY k") == [("a",), ("b",), ("c",), ("z",)]
    report = task.call("verify", "--json", check=5).json
    table = next(table for table in report["tables"] if table["source"] == "shop.p")
    assert (table["missing"], table["extra"], table["different"]) == (0, 2, 0), report


def test_a_partition_that_may_not_be_read_is_told(get, sluice):
    """A right on the table is enough for its rows: it is no reason to stop."""
    source, destination = get.shared("pg15", "source"), get.shared("pg18", "destination")
    source.execute("CREATE SCHEMA shop", *PARTS)
    source.create_account(
        "reader", "Read-0nly", "REPLICATION", "USAGE ON SCHEMA shop", "SELECT ON ALL TABLES IN SCHEMA shop"
    )
    task = sluice(source, destination, objects=OBJECTS, source_user="reader", source_password="Read-0nly")
    task.task["source"]["plugin"] = "test_decoding"
    task.write()
    task.run_until_caught_up()
    source.execute(
        "CREATE TABLE shop.p4 PARTITION OF shop.p FOR VALUES IN (4)", "INSERT INTO shop.p VALUES (1, 2, 'd')"
    )
    text = task.run_until_caught_up().text
    assert "partition shop.p4 came since the task began" in text, text
    assert 'GRANT SELECT ON "shop"."p4" TO "reader";' in text, text
    question = "SELECT * FROM shop.p ORDER BY k, id"
    assert destination.query(question) == source.query(question)
