"""Selection, renaming, row filters, column and operation filters: the same for the load and for the changes."""

import pytest

from tests.support import compare, shop
from tests.support.compare import Mapped


def make(source):
    source.make_database("m")
    with source.session("m") as session:
        session.execute(
            "CREATE TABLE t_orders (id INT PRIMARY KEY, state VARCHAR(20), amount DECIMAL(10,2), note TEXT, addr VARCHAR(50))"
        )
        session.execute("CREATE TABLE t_other (id INT PRIMARY KEY, v INT)")
        session.execute("CREATE TABLE plain (a INT, b INT)")
        session.execute("CREATE TABLE left_out (id INT PRIMARY KEY)")
        if source.engine == "postgresql":  # rows without a key, a filter over other columns than the key's
            for table in ("plain", "t_orders"):
                session.execute(f"ALTER TABLE {table} REPLICA IDENTITY FULL")
        session.executemany(
            "INSERT INTO t_orders VALUES (%s,%s,%s,%s,%s)",
            [(i, ("new", "old")[i % 2], i * 1.25, f"note {i}", f"street {i}") for i in range(300)],
        )
        session.execute("INSERT INTO t_other VALUES (1,1),(2,2),(3,3)")
        session.execute("INSERT INTO plain VALUES (1,1),(1,1),(2,NULL)")
        session.execute("INSERT INTO left_out VALUES (1)")


def test_rename_filter_and_columns(any_pair, sluice):
    source, destination = any_pair
    make(source)
    task = sluice(
        source,
        destination,
        objects=[
            {
                "database": "m",
                "rename": "m_new",
                "tables": [
                    {
                        "table": "t_orders",
                        "rename": "orders2",
                        "filter": "id > 100 AND state = 'new'",
                        "columns": {"exclude": ["note"], "rename": {"addr": "address"}},
                    },
                    {"table": "plain"},
                ],
            }
        ],
    )
    task.run_until_caught_up()
    expected = [
        Mapped("t_orders", "orders2", "id > 100 AND state = 'new'", ("note",), {"addr": "address"}),
        Mapped("plain"),
    ]
    compare.assert_equal(source, "m", destination, "m_new", only=expected)
    assert compare.tables(destination, "m_new") == ["orders2", "plain"]
    with source.session("m") as session:
        session.execute("UPDATE t_orders SET state='new' WHERE id BETWEEN 120 AND 130")  # into the filter
        session.execute("UPDATE t_orders SET state='gone' WHERE id BETWEEN 140 AND 150")  # out of it
        session.execute("UPDATE t_orders SET amount=amount+1 WHERE id BETWEEN 90 AND 110")  # inside and outside
        session.execute("UPDATE t_orders SET id=id+1000 WHERE id BETWEEN 50 AND 60")  # into it by the key
        session.execute("UPDATE t_orders SET id=id-500 WHERE id BETWEEN 200 AND 210")  # out of it by the key
        session.execute("UPDATE t_orders SET note='only a column that is left out'")
        session.execute("INSERT INTO t_orders VALUES (5000,'new',1,'n','a'), (5001,'old',1,'n','a')")
        session.execute("DELETE FROM t_orders WHERE id IN (160, 161, 1)")
        session.execute("INSERT INTO plain VALUES (1,1)")
        session.execute(source.delete_one("plain", "b=1"))
        session.execute("UPDATE left_out SET id=2")
    task.run_until_caught_up()
    compare.assert_equal(source, "m", destination, "m_new", only=expected)
    task.verify()


def test_batch_rules(one_pair, sluice):
    source, destination = one_pair
    make(source)
    task = sluice(
        source,
        destination,
        objects=[{"database": "m"}],
        mapping=[
            {"kind": "table", "in": "m.*", "match": "^t_(.*)$", "replace": "$1_v2"},
            {"kind": "column", "in": "m.t_orders", "prefix": "x_"},
            {"kind": "database", "in": "m", "suffix": "_copy"},
        ],
    )
    preview = task.call("preview", "--json", check=0).json
    text = str(preview)
    for name in ("m_copy.orders_v2", "m_copy.other_v2", "m_copy.plain", "m_copy.orders_v2.x_amount"):
        assert name in text, text
    task.run_until_caught_up()
    source.execute("UPDATE m.t_orders SET amount=0 WHERE id<50", "DELETE FROM m.t_other WHERE id=1")
    task.run_until_caught_up()
    renamed = {c: "x_" + c for c in ("id", "state", "amount", "note", "addr")}
    compare.assert_equal(
        source,
        "m",
        destination,
        "m_copy",
        only=[
            Mapped("t_orders", "orders_v2", renamed=renamed),
            Mapped("t_other", "other_v2"),
            Mapped("plain"),
            Mapped("left_out"),
        ],
    )


def test_collisions_are_refused(one_pair, sluice):
    source, destination = one_pair
    make(source)
    task = sluice(
        source,
        destination,
        objects=[{"database": "m"}],
        mapping=[{"kind": "table", "in": "m.*", "match": ".*", "replace": "same"}],
    )
    finished = task.call("run")
    assert finished.code in (2, 3), finished
    assert "same" in finished.text
    assert "m_new" not in destination.databases()


@pytest.mark.parametrize("when", ["at the start", "later"])
def test_names_that_only_their_dots_tell_apart(one_pair, sluice, when):
    source, destination = one_pair
    one, other = (f"{source.quote(database)}.{source.quote(table)}" for database, table in (("a", "b.c"), ("a.b", "c")))
    source.make_database("a")
    source.make_database("a.b")
    source.execute(f"CREATE TABLE {one} (id INT PRIMARY KEY)", f"INSERT INTO {one} VALUES (1)")
    task = sluice(source, destination, objects=[{"database": "a"}, {"database": "a.b"}])
    if when == "later":
        task.run_until_caught_up()
    source.execute(f"CREATE TABLE {other} (id INT PRIMARY KEY)", f"INSERT INTO {other} VALUES (2)")
    finished = task.call("run", "--until", "caught-up")
    assert finished.code != 0 and "SE-0102" in finished.text and "a.b.c" in finished.text, finished
    assert len(compare.tables(destination, "a")) == (1 if when == "later" else 0)


@pytest.mark.parametrize("kind", ["view", "view and table", "routine", "trigger"])
def test_objects_of_two_databases_in_one(one_pair, sluice, kind):
    """What would replace another's view, routine or trigger is refused before anything is made."""
    source, destination = one_pair
    is_postgresql = source.engine == "postgresql"
    for number in (1, 2):
        name = f"shard_{number}"
        source.make_database(name)
        source.execute(f"CREATE TABLE {name}.t (id INT, v INT)")
        if kind == "view" or (kind == "view and table" and number == 2):
            source.execute(f"CREATE VIEW {name}.w AS SELECT id FROM {name}.t")
        elif kind == "view and table":
            source.execute(f"CREATE TABLE {name}.w (id INT)")
        elif kind == "routine":
            body = "LANGUAGE sql AS 'SELECT %d'" if is_postgresql else "DETERMINISTIC RETURN %d"
            source.execute(f"CREATE FUNCTION {name}.w() RETURNS INT " + body % number)
        elif is_postgresql:
            source.execute(
                f"CREATE FUNCTION {name}.f{number}() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
                f"CREATE TRIGGER w BEFORE INSERT ON {name}.t FOR EACH ROW EXECUTE PROCEDURE {name}.f{number}()",
            )
        else:
            source.execute(f"CREATE TRIGGER {name}.w BEFORE INSERT ON {name}.t FOR EACH ROW SET NEW.v = {number}")
    task = sluice(
        source,
        destination,
        types=["schema", "full"],
        objects=[{"database": "shard_1", "rename": "reports"}, {"database": "shard_2", "rename": "reports"}],
        mapping=[{"kind": "table", "in": f"shard_{n}.t", "prefix": f"s{n}_"} for n in (1, 2)],
    )
    finished = task.call("run")
    if kind == "trigger" and is_postgresql:  # each table has names of its own
        assert finished.code == 0, finished
        return
    assert finished.code != 0, finished
    assert "SE-0102" in finished.text and "shard_1.w" in finished.text and "shard_2.w" in finished.text, finished
    assert not compare.tables(destination, "reports")


@pytest.mark.parametrize("how", ["made", "renamed"])
def test_a_later_table_of_a_name_that_is_taken(one_pair, sluice, how):
    """What the source makes or renames while changes are followed must not become one with another table."""
    source, destination = one_pair
    make(source)
    task = sluice(
        source,
        destination,
        objects=[{"database": "m", "tables": {"rules": [{"table": "plain", "rename": "taken"}]}}],
    )
    task.run_until_caught_up()
    rows = destination.query("SELECT a, b FROM m.taken ORDER BY a")
    if how == "made":
        source.execute("CREATE TABLE IF NOT EXISTS m.taken (a INT PRIMARY KEY, b INT)")
    else:
        source.execute("ALTER TABLE m.left_out RENAME TO " + ("taken" if source.engine == "postgresql" else "m.taken"))
    source.execute("DELETE FROM m.taken", "DROP TABLE m.taken")
    finished = task.call("run", "--until", "caught-up")
    assert finished.code != 0, finished
    assert "SE-0102" in finished.text and "m.plain and m.taken" in finished.text, finished
    assert destination.query("SELECT a, b FROM m.taken ORDER BY a") == rows


def test_excluded_tables(one_pair, sluice):
    source, destination = one_pair
    make(source)
    task = sluice(source, destination, objects=[{"database": "m", "tables": {"exclude": ["left_out", "t_oth*"]}}])
    task.run_until_caught_up()
    source.execute("INSERT INTO m.left_out VALUES (77)", "UPDATE m.plain SET b=9")
    task.run_until_caught_up()
    compare.assert_equal(source, "m", destination, only=[Mapped("t_orders"), Mapped("plain")])
    assert compare.tables(destination, "m") == ["plain", "t_orders"]


def test_operation_filter(one_pair, sluice):
    source, destination = one_pair
    make(source)
    task = sluice(
        source,
        destination,
        objects=[
            {
                "database": "m",
                "operations": {"dml": ["insert", "update"], "ddl": []},
                "tables": [{"table": "t_orders"}, {"table": "t_other", "operations": {"dml": ["insert", "delete"]}}],
            }
        ],
    )
    task.run_until_caught_up()
    source.execute(
        "DELETE FROM m.t_orders WHERE id=1",
        "UPDATE m.t_orders SET amount=1 WHERE id=2",
        "INSERT INTO m.t_orders VALUES (900,'new',1,'','')",
        "UPDATE m.t_other SET v=9 WHERE id=1",
        "DELETE FROM m.t_other WHERE id=2",
        "INSERT INTO m.t_other VALUES (4,4)",
    )
    task.run_until_caught_up()
    amounts = dict(destination.query("SELECT id, amount FROM m.t_orders WHERE id IN (1,2,900)"))
    assert {id: str(amount) for id, amount in amounts.items()} == {1: "1.25", 2: "1.00", 900: "1.00"}
    assert list(destination.query("SELECT id, v FROM m.t_other ORDER BY id")) == [(1, 1), (3, 3), (4, 4)]


def test_names_are_frozen_once_started(one_pair, sluice):
    source, destination = one_pair
    make(source)
    task = sluice(source, destination, objects=[{"database": "m"}])
    task.run_until_caught_up()
    task.task["objects"] = [{"database": "m", "rename": "elsewhere"}]
    task.write()
    finished = task.call("run", "--until", "caught-up")
    assert finished.code in (2, 3, 4), finished
    assert "elsewhere" not in destination.databases()


def test_same_server_under_another_name(get, sluice):
    for kind in ("mariadb", "mysql", "pg15"):
        server = get.shared(kind, "source")
        shop.create(server)
        task = sluice(server, server, objects=[{"database": "shop", "rename": "shop_copy"}], name="same-" + kind)
        with shop.Business(server) as business:
            task.start()
            task.wait_phase("incremental", seconds=120)
            seen = business.count
            task.wait_status(lambda _: business.count > seen + 50, 60, "more business")
        task.follow_to(server, "shop", destination=server, mapped="shop_copy")
        compare.assert_equal(server, "shop", server, "shop_copy")
        assert task.terminate() == 0


def test_same_server_same_name_is_refused(get, sluice):
    server = get.shared("mariadb", "source")
    shop.create(server)
    task = sluice(server, server, objects=[{"database": "shop"}])
    finished = task.call("run")
    assert finished.code in (2, 3), finished


@pytest.mark.parametrize("name", ["with space", "ünï", "back`tick", "percent%s", "quote'd", "select", "a.b", "UPPER"])
def test_awkward_names(one_pair, sluice, name):
    source, destination = one_pair
    quoted = source.quote(name)
    source.make_database(name)
    key, unique = source.quote("k'2"), source.quote(name + " u")
    source.execute(
        f"CREATE TABLE {quoted} (id INT PRIMARY KEY, {quoted} INT, {key} VARCHAR(9) DEFAULT 'x', "
        f"CONSTRAINT {unique} UNIQUE ({quoted}))",
        f"INSERT INTO {quoted} (id, {quoted}) VALUES (1,1),(2,2)",
        database=name,
    )
    task = sluice(source, destination, objects=[{"database": name}])
    task.run_until_caught_up()
    source.execute(f"UPDATE {quoted} SET {quoted}=7 WHERE id=1", f"DELETE FROM {quoted} WHERE id=2", database=name)
    task.run_until_caught_up()
    compare.assert_equal(source, name, destination)
    task.verify()
