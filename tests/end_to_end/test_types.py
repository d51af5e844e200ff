"""Every type of requirements section 6, in the full load and in the changes, for each pair of servers."""

import math

import pytest

from tests.support import compare, every_type

OBJECTS = [{"database": "types"}]


def prepare(source, some):
    source.make_database("types")
    with source.session("types") as session:
        every_type.create(session, some)
        every_type.insert(session, some)


def test_full(any_pair, sluice):
    source, destination = any_pair
    every_type.give_extensions(source, destination)
    some = every_type.cases(source.kind, destination.kind)
    prepare(source, some)
    task = sluice(source, destination, types=["schema", "full"], objects=OBJECTS)
    task.run()
    compare.assert_equal(source, "types", destination)
    task.verify()


def test_changes(any_pair, sluice):
    source, destination = any_pair
    every_type.give_extensions(source, destination)
    some = every_type.cases(source.kind, destination.kind)
    prepare(source, some)
    task = sluice(source, destination, objects=OBJECTS)
    task.run_until_caught_up()
    with source.session("types") as session:
        every_type.insert(session, some, first=1000)
        every_type.change(session, some, first=1)
        every_type.change(session, some, first=1000)
    task.run_until_caught_up()
    compare.assert_equal(source, "types", destination)
    task.verify()


def test_changes_with_full_row_metadata(pair, sluice):
    """binlog_row_metadata=FULL adds names, signs, character sets and members to the table maps."""
    source, destination = pair
    some = every_type.cases(source.kind, destination.kind)
    before = source.value("SELECT @@binlog_row_metadata")
    source.execute("SET GLOBAL binlog_row_metadata=FULL")
    try:
        prepare(source, some)
        task = sluice(source, destination, objects=OBJECTS)
        task.run_until_caught_up()
        with source.session("types") as session:
            every_type.change(session, some, first=1)
        task.run_until_caught_up()
        compare.assert_equal(source, "types", destination)
    finally:
        source.execute(f"SET GLOBAL binlog_row_metadata={before}")


@pytest.mark.parametrize(
    "kind, setting",
    [
        ("mariadb", "--log-bin-compress=ON --log-bin-compress-min-len=10"),
        ("mysql", "--binlog-transaction-compression=ON"),
        ("mysql", "--binlog-row-value-options=PARTIAL_JSON"),
        ("mysql", "--binlog-checksum=NONE"),
        ("mariadb", "--binlog-checksum=NONE"),
    ],
    ids=["mariadb-compressed", "mysql-compressed", "mysql-partial-json", "mysql-no-checksum", "mariadb-no-checksum"],
)
def test_log_formats(get, sluice, kind, setting):
    source = get.own(kind, extra=setting.split())
    destination = get.shared(kind, "destination")
    some = every_type.cases(kind, kind)
    prepare(source, some)
    task = sluice(source, destination, objects=OBJECTS)
    source.execute(
        "CREATE TABLE types.j (id INT PRIMARY KEY, v JSON, b LONGTEXT)",
        """INSERT INTO types.j VALUES (1, '{"a": 1, "b": [1, 2, 3], "c": {"d": "x"}, "big": "0123456789"}', REPEAT('y', 70000))""",
    )
    task.run_until_caught_up()
    with source.session("types") as session:
        every_type.insert(session, some, first=1000)
        every_type.change(session, some, first=1)
        for change in (
            "JSON_SET(v, '$.a', 2)",
            "JSON_REPLACE(v, '$.b[1]', 'two')",
            "JSON_REMOVE(v, '$.c.d')",
            "JSON_SET(v, '$.b', CAST('[9]' AS CHAR), '$.new', 1.5)",
            "JSON_ARRAY_INSERT(v, '$.x', 1)",
            "JSON_SET(v, '$.big', REPEAT('z', 5))",
            "JSON_INSERT(v, '$.c.e', NULL)",
            "JSON_REMOVE(v, '$.a', '$.new')",
        ):
            try:
                session.execute(f"UPDATE j SET v={change}")
            except Exception:  # noqa: BLE001, S110 - one flavour refuses some of them
                pass
    task.run_until_caught_up()
    compare.assert_equal(source, "types", destination)


def test_table_attributes(pair, sluice):
    """Generated and invisible columns, default expressions, AUTO_INCREMENT 0 and its next value, CHECKs, partitions."""
    source, destination = pair
    source.execute("CREATE DATABASE types")
    hidden = "hidden INT INVISIBLE DEFAULT 5," if source.is_mariadb == destination.is_mariadb else ""
    with source.session("types") as session:
        session.execute("SET sql_mode='NO_AUTO_VALUE_ON_ZERO'")
        session.execute(
            f"""CREATE TABLE attributes (
            id INT AUTO_INCREMENT PRIMARY KEY, a INT NOT NULL DEFAULT (1 + 2), b VARCHAR(40) DEFAULT (CONCAT('x', 'y')), {hidden}
            total INT GENERATED ALWAYS AS (a * 2) STORED, twice INT AS (a + a) VIRTUAL, d DATETIME DEFAULT CURRENT_TIMESTAMP
            ON UPDATE CURRENT_TIMESTAMP, e VARCHAR(10) NOT NULL DEFAULT 'it''s', CONSTRAINT positive CHECK (a > 0), KEY (total))
            AUTO_INCREMENT=1000 COMMENT='with a \\'quote\\''"""
        )
        session.execute("INSERT INTO attributes (id, a) VALUES (0, 7), (5, 8)")
        session.execute("CREATE TABLE hashed (id INT PRIMARY KEY, v INT) PARTITION BY HASH (id) PARTITIONS 4")
        session.execute(
            "CREATE TABLE listed (id INT, v INT) PARTITION BY LIST (id) (PARTITION a VALUES IN (1,2), PARTITION b VALUES IN (3))"
        )
        session.execute("INSERT INTO hashed VALUES (1,1),(2,2),(3,3)")
        session.execute("INSERT INTO listed VALUES (1,1),(2,2),(3,3)")
    task = sluice(source, destination, objects=OBJECTS)
    task.run_until_caught_up()
    with source.session("types") as session:
        session.execute("SET sql_mode='NO_AUTO_VALUE_ON_ZERO'")
        session.execute("UPDATE attributes SET a=9 WHERE id=0")
        session.execute("INSERT INTO attributes (a) VALUES (10)")
        session.execute("UPDATE listed SET id=3 WHERE id=1")
    task.run_until_caught_up()
    compare.assert_equal(source, "types", destination)
    assert compare.shape(source, "types") == compare.shape(destination, "types")
    partitions = (
        "SELECT table_name, COUNT(*) FROM information_schema.partitions WHERE table_schema='types' AND partition_name "
        "IS NOT NULL GROUP BY 1 ORDER BY 1"
    )
    assert destination.query(partitions) == source.query(partitions)
    next_id = (
        "SELECT auto_increment FROM information_schema.tables WHERE table_schema='types' AND table_name='attributes'"
    )
    destination.execute("ANALYZE TABLE types.attributes")
    assert destination.value(next_id) >= 1001


def test_enum_error_value(pair, sluice):
    """Index 0 of an ENUM, left behind by sessions without strict mode: neither lost nor changed."""
    source, destination = pair
    some = [every_type.ENUM_ERROR_VALUE]
    prepare(source, some)
    task = sluice(source, destination, objects=OBJECTS)
    task.run_until_caught_up()
    with source.session("types") as session:
        every_type.insert(session, some, first=1000)
        every_type.change(session, some, first=1)
    task.run_until_caught_up()
    compare.assert_equal(source, "types", destination)


def test_negative_zero(pair, sluice):
    """-0 of FLOAT and DOUBLE arrives where the destination has it. MariaDB stores 0 for it: no difference to verify."""
    source, destination = pair
    source.execute(
        "CREATE DATABASE types",
        "CREATE TABLE types.z (id INT PRIMARY KEY, f FLOAT, d DOUBLE)",
        "INSERT INTO types.z VALUES (1, -0e0, -0e0), (2, 0, 0)",
    )
    task = sluice(source, destination, objects=OBJECTS)
    task.run_until_caught_up()
    source.execute("INSERT INTO types.z VALUES (3, -0e0, -0e0)", "UPDATE types.z SET f=-0e0, d=-0e0 WHERE id=2")
    task.run_until_caught_up()
    rows = destination.query("SELECT id, f*1e0, d*1e0 FROM types.z ORDER BY id")
    sign = -1.0 if not source.is_mariadb and not destination.is_mariadb else 1.0
    found = [(row[0], math.copysign(1, row[1]), math.copysign(1, row[2])) for row in rows]
    assert found == [(number, sign, sign) for number in (1, 2, 3)]
    task.verify()


def test_nothing_but_an_empty_text(pair, sluice):
    """A row of one column that holds '' is an empty line: few of them go in by INSERT, many by LOAD DATA."""
    source, destination = pair
    source.execute("CREATE DATABASE types")
    with source.session("types") as session:
        for table, filler in (("few", 3), ("many", 3000)):
            session.execute(f"CREATE TABLE {table} (v VARCHAR(60) NULL)")
            rows = ["", "", None, "", "x"] + ["y" * 60] * filler + [""]
            session.executemany(f"INSERT INTO {table} VALUES (%s)", [(row,) for row in rows])
    task = sluice(source, destination, types=["schema", "full"], objects=OBJECTS)
    task.run()
    compare.assert_equal(source, "types", destination)
    task.verify()


@pytest.mark.parametrize("kind", ["mariadb", "mysql"])
def test_a_generated_column_whose_expression_warns(get, sluice, kind):
    """The source took such rows without strict mode; nothing of what is sent is changed by the destination."""
    source, destination = get.shared(kind, "source"), get.shared("mysql", "destination")
    source.execute("CREATE DATABASE types", "CREATE TABLE types.g (id INT PRIMARY KEY, d DECIMAL(65,30), "
                   "g INT AS (CHAR_LENGTH(HEX(d))) STORED)")
    with source.session("types") as session:
        session.execute("SET SESSION sql_mode=''")
        session.execute("INSERT INTO g (id, d) VALUES (1, 99999999999999999999999999999999999.5), (2, -1.5)")
        task = sluice(source, destination, objects=[{"database": "types"}])
        task.run_until_caught_up()
        session.execute("INSERT INTO g (id, d) VALUES (3, -99999999999999999999999999999999999.5)")
    task.run_until_caught_up()
    compare.assert_equal(source, "types", destination)
