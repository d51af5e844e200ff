"""DDL that comes along the log while changes are followed."""

import json

import pytest

from tests.support import compare, shop

STATEMENTS = [
    "ALTER TABLE a ADD COLUMN n INT NOT NULL DEFAULT 4, ADD KEY (n)",
    "INSERT INTO a (id, v) VALUES (100, 'after add')",
    "ALTER TABLE a MODIFY v VARCHAR(200) CHARACTER SET latin1",
    "UPDATE a SET v=CONCAT(v, '-é') WHERE id<3",
    "ALTER TABLE a ADD COLUMN first_one INT FIRST",
    "UPDATE a SET first_one=id",
    "ALTER TABLE a CHANGE v text_now TEXT",
    "UPDATE a SET text_now=REPEAT('y', 500) WHERE id=2",
    "ALTER TABLE a DROP COLUMN n",
    "DELETE FROM a WHERE id=1",
    "CREATE TABLE made (id INT PRIMARY KEY, e ENUM('a','b'), j JSON)",
    "INSERT INTO made VALUES (1,'a','{\"x\": 1}'), (2,'b',NULL)",
    "CREATE TABLE like_made LIKE made",
    "INSERT INTO like_made SELECT * FROM made",
    "CREATE TABLE selected (PRIMARY KEY (id)) AS SELECT id, e FROM made",
    "UPDATE selected SET e='a'",
    "CREATE UNIQUE INDEX u ON made (e)",
    "DROP INDEX u ON made",
    "RENAME TABLE made TO moved, like_made TO made",
    "INSERT INTO moved VALUES (3,'a',NULL)",
    "INSERT INTO made VALUES (4,'b','[]')",
    "TRUNCATE TABLE selected",
    "INSERT INTO selected VALUES (9,'b')",
    "CREATE VIEW seen AS SELECT id FROM moved",
    "ALTER VIEW seen AS SELECT id, e FROM moved",
    "CREATE PROCEDURE p() SELECT 1",
    "CREATE FUNCTION f() RETURNS INT DETERMINISTIC NO SQL RETURN 1",
    "DROP TABLE dropped",
    "CREATE TABLE parent (id INT PRIMARY KEY)",
    "CREATE TABLE child (id INT PRIMARY KEY, p INT, FOREIGN KEY (p) REFERENCES parent (id) ON DELETE CASCADE)",
    "INSERT INTO parent VALUES (1),(2)",
    "INSERT INTO child VALUES (1,1),(2,2)",
    "DELETE FROM parent WHERE id=1",
    "ALTER TABLE keyless ADD COLUMN x INT",
    "UPDATE keyless SET x=5 WHERE a=1 LIMIT 1",
    "ALTER TABLE a ADD UNIQUE KEY (first_one)",
    "UPDATE a SET first_one=first_one+1000 ORDER BY first_one DESC",
    "DROP VIEW seen",
    "ALTER TABLE a ENGINE=InnoDB",
    "CREATE TABLE IF NOT EXISTS moved (id INT)",
    "DROP TABLE IF EXISTS never_was",
]


def prepare(source):
    source.execute("CREATE DATABASE d")
    source.execute(
        "CREATE TABLE a (id INT PRIMARY KEY, v VARCHAR(50))",
        "INSERT INTO a VALUES (1,'one'),(2,'two'),(3,'three')",
        "CREATE TABLE dropped (id INT PRIMARY KEY)",
        "CREATE TABLE keyless (a INT)",
        "INSERT INTO keyless VALUES (1),(1),(2)",
        database="d",
    )


def test_ddl_between_changes(pair, sluice):
    source, destination = pair
    prepare(source)
    task = sluice(source, destination, objects=[{"database": "d"}])
    task.start()
    task.wait_caught_up()
    for statement in STATEMENTS:
        source.execute(statement, database="d")
    task.follow_to(source, "d", destination=destination)
    compare.assert_equal(source, "d", destination)
    here, there = compare.shape(source, "d"), compare.shape(destination, "d")
    assert here == there
    assert destination.value("SELECT COUNT(*) FROM information_schema.routines WHERE routine_schema='d'") == 2
    task.verify()
    assert task.terminate() == 0


def test_ddl_waiting_in_the_log(pair, sluice):
    """The description of a table is the one of the log's position, not today's."""
    source, destination = pair
    prepare(source)
    task = sluice(source, destination, objects=[{"database": "d"}])
    task.run_until_caught_up()
    for statement in STATEMENTS:
        source.execute(statement, database="d")
    task.run_until_caught_up()
    compare.assert_equal(source, "d", destination)
    assert compare.shape(source, "d") == compare.shape(destination, "d")


def test_restart_after_definitions_changed(pair, sluice):
    """Each run goes on with the descriptions that the log had made before it, a dropped and a made table too."""
    source, destination = pair
    prepare(source)
    task = sluice(source, destination, objects=[{"database": "d"}])
    task.run_until_caught_up()
    for statements in (
        ["ALTER TABLE a ADD COLUMN n ENUM('x','it''s') NOT NULL DEFAULT 'x' FIRST", "DROP TABLE dropped"],
        ["UPDATE a SET n='it''s' WHERE id<3", "CREATE TABLE dropped (u BIGINT UNSIGNED PRIMARY KEY, t TEXT)"],
        ["INSERT INTO dropped VALUES (18446744073709551615, 'new')", "ALTER TABLE a DROP COLUMN v"],
        ["DELETE FROM a WHERE id=1", "DROP TABLE keyless, dropped"],
        ["INSERT INTO a VALUES ('x', 7)"],
    ):
        for statement in statements:
            source.execute(statement, database="d")
        task.run_until_caught_up()
        compare.assert_equal(source, "d", destination)
    assert compare.tables(destination, "d") == ["a"]
    notes = dict(destination.query("SELECT name, content FROM sluice.note WHERE name LIKE 'definition:%'"))
    assert notes["definition:d.dropped"] == "" and notes["definition:d.keyless"] == ""
    assert [column["name"] for column in json.loads(notes["definition:d.a"])["columns"]] == ["n", "id"]


def test_ddl_is_renamed(maria_pair, sluice):
    source, destination = maria_pair
    prepare(source)
    task = sluice(
        source,
        destination,
        objects=[{"database": "d", "rename": "d2"}],
        mapping=[{"kind": "table", "in": "d.*", "prefix": "x_"}],
    )
    task.run_until_caught_up()
    for statement in STATEMENTS:
        if "VIEW" not in statement and "PROCEDURE" not in statement and "FUNCTION" not in statement:
            source.execute(statement, database="d")
    task.run_until_caught_up()
    only = [compare.Mapped(t, "x_" + t) for t in compare.tables(source, "d")]
    compare.assert_equal(source, "d", destination, "d2", only=only)
    assert compare.tables(destination, "d2") == sorted("x_" + t for t in compare.tables(source, "d"))


def test_ddl_filter(maria_pair, sluice):
    source, destination = maria_pair
    prepare(source)
    task = sluice(
        source,
        destination,
        objects=[{"database": "d", "operations": {"dml": ["insert", "update", "delete"], "ddl": ["create_table"]}}],
    )
    task.run_until_caught_up()
    source.execute(
        "CREATE TABLE made (id INT PRIMARY KEY)",
        "INSERT INTO made VALUES (1)",
        "DROP TABLE dropped",
        "TRUNCATE TABLE keyless",
        database="d",
    )
    task.run_until_caught_up()
    assert compare.tables(destination, "d") == ["a", "dropped", "keyless", "made"]
    assert destination.value("SELECT COUNT(*) FROM d.made") == 1
    assert destination.value("SELECT COUNT(*) FROM d.keyless") == 3


def test_online_schema_change_tool(maria_pair, sluice):
    """What gh-ost and pt-online-schema-change do: a shadow table, copied rows, an atomic rename."""
    source, destination = maria_pair
    prepare(source)
    task = sluice(source, destination, objects=[{"database": "d"}])
    task.run_until_caught_up()
    source.execute(
        "CREATE TABLE _a_new LIKE a",
        "ALTER TABLE _a_new ADD COLUMN extra INT DEFAULT 3",
        "INSERT INTO _a_new (id, v) SELECT id, v FROM a",
        "UPDATE a SET v='late' WHERE id=1",
        "REPLACE INTO _a_new (id, v) SELECT id, v FROM a WHERE id=1",
        "RENAME TABLE a TO _a_old, _a_new TO a",
        "DROP TABLE _a_old",
        "INSERT INTO a (id, v, extra) VALUES (50,'x',1)",
        database="d",
    )
    task.run_until_caught_up()
    compare.assert_equal(source, "d", destination)


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE USER someone@localhost",
        "CREATE DATABASE another",
        "GRANT SELECT ON d.* TO admin",
        "CREATE EVENT d.e ON SCHEDULE EVERY 1 DAY DO SELECT 1",
        "ANALYZE TABLE d.a",
        "CREATE TEMPORARY TABLE d.tmp (id INT)",
    ],
)
def test_other_statements_are_passed_over(maria_pair, sluice, statement):
    source, destination = maria_pair
    prepare(source)
    task = sluice(source, destination, objects=[{"database": "d"}])
    task.run_until_caught_up()
    try:
        source.execute(statement)
        source.execute("UPDATE d.a SET v='after'")
    finally:
        source.execute("DROP USER IF EXISTS someone@localhost")
    task.run_until_caught_up()
    compare.assert_equal(source, "d", destination)
    assert "another" not in destination.databases()


def test_a_temporary_table_hides_another(pair, sluice):
    """Some servers write the end of a temporary table into the log; the table of the same name stays."""
    source, destination = pair
    prepare(source)
    task = sluice(source, destination, objects=[{"database": "d"}])
    task.run_until_caught_up()
    with source.session("d") as session:
        session.execute("CREATE TEMPORARY TABLE a (id INT PRIMARY KEY, other INT)")
        session.execute("INSERT INTO a VALUES (1, 2)")
        session.execute("ALTER TABLE a ADD COLUMN more INT")
        session.execute("TRUNCATE TABLE a")
        session.execute("DROP TABLE a")
        session.execute("UPDATE a SET v='after'")
        session.execute("CREATE TEMPORARY TABLE a (id INT)")
    task.run_until_caught_up()
    compare.assert_equal(source, "d", destination)
    assert compare.shape(source, "d") == compare.shape(destination, "d")


def test_new_table_of_a_followed_database_with_business(maria_pair, sluice):
    source, destination = maria_pair
    shop.create(source)
    task = sluice(source, destination, objects=[{"database": "shop"}])
    with shop.Business(source):
        task.start()
        task.wait_caught_up()
        source.execute(
            "CREATE TABLE shop.later (id INT AUTO_INCREMENT PRIMARY KEY, v INT)",
            "INSERT INTO shop.later (v) VALUES (1),(2),(3)",
            "ALTER TABLE shop.visits ADD COLUMN browser VARCHAR(20) NULL",
        )
    task.follow_to(source, "shop", destination=destination)
    compare.assert_equal(source, "shop", destination)
    assert task.terminate() == 0


@pytest.mark.parametrize("later", [False, True], ids=["at the cut", "along the log"])
def test_constraints_of_one_name_in_two_tables(get, sluice, later):
    """MariaDB's names of checks are a table's, MySQL's a database's: the second gets a number there, under which a
    later statement finds it."""
    source, destination = get.shared("mariadb", "source"), get.shared("mysql", "destination")
    tables = [
        f"CREATE TABLE {name} (id INT PRIMARY KEY, v INT, CONSTRAINT positive CHECK (v > 0), CONSTRAINT small CHECK (v < 9))"
        for name in ("one", "two", "three")
    ]
    source.execute("CREATE DATABASE d", "CREATE TABLE d.plain (id INT PRIMARY KEY)")
    if not later:
        source.execute(*tables, database="d")
    task = sluice(source, destination, objects=[{"database": "d"}])
    task.run_until_caught_up()
    if later:
        source.execute(*tables, database="d")
    source.execute(
        "ALTER TABLE one DROP CONSTRAINT small",
        "ALTER TABLE two DROP CONSTRAINT positive",
        "ALTER TABLE three DROP CONSTRAINT positive",
        "INSERT INTO one VALUES (1, 100)",
        "INSERT INTO two VALUES (1, -1)",
        "INSERT INTO three VALUES (1, -1)",
        database="d",
    )
    task.run_until_caught_up()
    compare.assert_equal(source, "d", destination)
    left = destination.query(
        "SELECT table_name, constraint_name FROM information_schema.table_constraints WHERE table_schema='d' AND "
        "constraint_type='CHECK' ORDER BY 1"
    )
    assert [(table, name.split("~")[0]) for table, name in left] == [("one", "positive"), ("three", "small"), ("two", "small")]


@pytest.mark.parametrize("kind, to", [("mariadb", "mysql"), ("mysql", "mariadb"), ("mysql", "pg18"), ("mariadb", "pg10")])
def test_a_dropped_database_stops_the_task(get, sluice, kind, to):
    """Its tables go without being named, and what is made there anew has other rows."""
    source, destination = get.shared(kind, "source"), get.shared(to, "destination")
    source.make_database("d")
    source.make_database("other")
    source.execute("CREATE TABLE d.t (id INT PRIMARY KEY)", "INSERT INTO d.t VALUES (1)", "CREATE TABLE other.t (id INT)")
    task = sluice(source, destination, objects=[{"database": "d"}])
    task.run_until_caught_up()
    source.execute("DROP DATABASE other")
    task.run_until_caught_up()
    source.execute("DROP DATABASE d", "CREATE DATABASE d", "CREATE TABLE d.t (id INT PRIMARY KEY)", "INSERT INTO d.t VALUES (2)")
    finished = task.run_until_caught_up(check=4)
    for word in ("PL-0206", "database d", "DROP DATABASE d", "--restart"):
        assert word in finished.text, finished
    assert list(destination.query("SELECT id FROM d.t")) == [(1,)]
    source.execute("DROP TABLE d.t")
    verified = task.verify(check=4)
    assert "TK-0109" in verified.text and "not there any more" in verified.text, verified
    source.execute("CREATE TABLE d.t (id INT PRIMARY KEY)", "INSERT INTO d.t VALUES (2)")
    task.run_until_caught_up("--restart")
    assert list(destination.query("SELECT id FROM d.t")) == [(2,)]
