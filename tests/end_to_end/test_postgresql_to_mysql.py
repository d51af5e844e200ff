"""PostgreSQL to MySQL and MariaDB: each row of the table in docs/postgresql-to-mysql.md, the load and the changes alike."""

import json
import re

import pytest

from tests.support import compare

OBJECTS = [{"schema": "d"}]
KINDS = ("mariadb", "mysql")
WORDS = "CAST(v AS CHAR CHARACTER SET utf8mb4)"

# Type at the source, type at the destination, values as the source takes them and as MySQL shows them.
TYPES = {
    "boolean": ("boolean", "tinyint(1)", {"true": "1", "false": "0"}),
    "smallint": ("smallint", "smallint", {"-32768": "-32768"}),
    "integer": ("integer", "int", {"2147483647": "2147483647"}),
    "bigint": ("bigint", "bigint", {"-9223372036854775808": "-9223372036854775808"}),
    "oid": ("oid", "int unsigned", {"4294967295": "4294967295"}),
    "numeric": ("numeric(65,30)", "decimal(65,30)", {
        "-12345678901234567890123456789012345.123456789012345678901234567890":
        "-12345678901234567890123456789012345.123456789012345678901234567890", "0": "0." + "0" * 30}),
    "numeric without limits": ("numeric", "decimal(65,30)", {
        "1.5": "1.5" + "0" * 29, "-12345678901234567890123456789012345": "-12345678901234567890123456789012345." + "0" * 30}),
    "real": ("real", "float", {"1.1": "1.1", "'-1e-38'": "-1e-38"}),
    "double": ("double precision", "double", {"1.7976931348623157e308": "1.7976931348623157e308", "0.1": "0.1"}),
    "bit": ("bit(9)", "bit(9)", {"b'101010101'": "101010101", "b'000000001'": "1"}, "BIN(v + 0)"),
    "bit 64": ("bit(64)", "bit(64)", {f"b'{'1' * 64}'": "1" * 64}, "BIN(v + 0)"),
    "date": ("date", "date", {"'9999-12-31'": "9999-12-31", "'-infinity'": "0000-00-00", "'0044-03-15'": "0044-03-15"}),
    "time": ("time(3)", "time(3)", {"'23:59:59.123'": "23:59:59.123", "'24:00:00'": "24:00:00.000"}),
    "timestamp": ("timestamp(3)", "datetime(3)", {
        "'1000-01-01 00:00:00.123'": "1000-01-01 00:00:00.123", "'-infinity'": "0000-00-00 00:00:00.000"}),
    "timestamptz": ("timestamp with time zone", "datetime(6)", {
        "'2100-01-19 03:14:07.123456+02'": "2100-01-19 01:14:07.123456", "'-infinity'": "0000-00-00 00:00:00.000000"}),
    "char": ("char(5)", "char(5)", {"'a '": "a", "''": ""}),
    "long char": ("char(300)", "varchar(300)", {"'a '": "a"}),
    "varchar": ("varchar(20)", "varchar(20)", {"'a '": "a ", "''": "", r"E'tab\tnl\ncr\rbs\\'": "tab\tnl\ncr\rbs\\"}),
    "text": ("text", "longtext", {"'\U0001F600 ü'": "\U0001F600 ü", r"'\N'": "\\N", r"'\.'": "\\.",
                                  r"E'\b\f\x0b\x01'": "\b\f\v\x01", "''": ""}),
    "bytea": ("bytea", "longblob", {r"'\x5c00ff0d0a09'": "5C00FF0D0A09", r"'\x'": ""}, "HEX(v)"),
    "enum": ("d.mood", "enum('x','y z','ü')", {"'y z'": "y z", "'ü'": "ü"}),
    "domain": ("d.price", "decimal(10,2)", {"12.5": "12.50"}),
    "uuid": ("uuid", "char(36)", {"'550e8400-e29b-41d4-a716-446655440000'": "550e8400-e29b-41d4-a716-446655440000",
                                  "'b5d187e3-a8bd-c73b-33cc-c32e15a3f335'": "b5d187e3-a8bd-c73b-33cc-c32e15a3f335"}),
    "inet": ("inet", "varchar(43)", {"'10.0.0.1'": "10.0.0.1", "'2001:db8::/32'": "2001:db8::/32"}),
    "cidr": ("cidr", "varchar(43)", {"'10.0.0.0/8'": "10.0.0.0/8"}),
    "interval": ("interval", "varchar(100)", {"'1 year -2 days 03:04:05.5'": "1 year -2 days +03:04:05.5"}),
    "clock interval": ("interval hour to second(2)", "time(2)", {"'-838:59:59'": "-838:59:59.00", "'26:00:00.25'": "26:00:00.25"}),
    "array": ("integer[]", "longtext", {"'{1,NULL,3}'": "{1,NULL,3}", "'{}'": "{}"}),
    "array of texts": ("text[]", "longtext", {r"""ARRAY['a,b', 'q"uote', E'back\\slash']""": r"""{"a,b","q\"uote","back\\slash"}"""}),
    "array of floats": ("double precision[]", "longtext", {"'{100000,0.1}'": "{100000,0.1}"}),
    "composite": ("d.pair", "longtext", {"ROW(1, 'a b')": '(1,"a b")'}),
    "range": ("int4range", "longtext", {"'[1,5)'": "[1,5)"}),
    "money": ("money", "varchar(32)", {"'-1234.5'": "-$1,234.50"}),
    "timetz": ("time with time zone", "varchar(32)", {"'12:00:00+02'": "12:00:00+02"}),
    "macaddr": ("macaddr", "varchar(17)", {"'08:00:2b:01:02:03'": "08:00:2b:01:02:03"}),
    "point": ("point", "longtext", {"'(1.5,100000)'": "(1.5,100000)"}),
    "bit varying": ("bit varying(100)", "longtext", {"B'1011'": "1011", "B''": ""}),
    "xml": ("xml", "longtext", {"'<a>b</a>'": "<a>b</a>"}),
    "tsvector": ("tsvector", "longtext", {"'a fat cat'": "'a' 'cat' 'fat'"}),
}  # fmt: skip


def make_schema(source):
    source.make_database("d")
    source.execute("CREATE TYPE d.mood AS ENUM ('x', 'y z', 'ü')", "CREATE DOMAIN d.price AS numeric(10,2)",
                   "CREATE TYPE d.pair AS (a integer, b text)")  # fmt: skip


def shown(destination, expression):
    return {row[0]: None if row[1] is None else str(row[1]) for row in destination.query(f"SELECT id, {expression} FROM d.t")}


def column_type(destination, table="t", column="v"):
    text = destination.value(
        "SELECT COLUMN_TYPE FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = 'd' AND "
        f"TABLE_NAME = '{table}' AND COLUMN_NAME = '{column}'"
    )
    return re.sub(r"\b(smallint|int|bigint)\(\d+\)", r"\1", text)  # MariaDB shows a width


def check(source, destination, sluice, type_text, wanted_type, values, expression=WORDS):
    make_schema(source)
    source.execute(f"CREATE TABLE d.t (id integer PRIMARY KEY, v {type_text})")
    items = list(values.items())
    source.execute(*[f"INSERT INTO d.t VALUES ({i}, {value})" for i, (value, _) in enumerate(items)],
                   "INSERT INTO d.t VALUES (100, NULL)")  # fmt: skip
    task = sluice(source, destination, objects=OBJECTS)
    task.run_until_caught_up()
    assert column_type(destination) == wanted_type
    wanted = {i: text for i, (_, text) in enumerate(items)} | {100: None}
    equal(destination, expression, wanted, type_text)
    # The same as changes: inserted, changed from and to NULL, deleted.
    source.execute(
        *[f"INSERT INTO d.t VALUES ({i + 10}, {value})" for i, (value, _) in enumerate(items)],
        "INSERT INTO d.t VALUES (30, NULL), (31, NULL)", f"UPDATE d.t SET v = {items[0][0]} WHERE id = 30",
        "UPDATE d.t SET v = NULL WHERE id = 0", "DELETE FROM d.t WHERE id = 31",
    )  # fmt: skip
    task.run_until_caught_up()
    wanted |= {i + 10: text for i, (_, text) in enumerate(items)} | {30: items[0][1], 0: None}
    equal(destination, expression, wanted, type_text)
    task.verify()


def equal(destination, expression, wanted, type_text):
    if type_text in ("real", "double precision"):
        found = {row[0]: row[1] for row in destination.query("SELECT id, v FROM d.t")}
        assert {k: None if v is None else float(v) for k, v in found.items()} == {
            k: None if v is None else float(v) for k, v in wanted.items()
        }
    else:
        assert shown(destination, expression) == wanted


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", TYPES)
def test_type(get, sluice, kind, name):
    check(get.shared("pg15", "source"), get.shared(kind, "destination"), sluice, *TYPES[name])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("type_text", ["json", "jsonb"])
def test_json(get, sluice, kind, type_text):
    source, destination = get.shared("pg15", "source"), get.shared(kind, "destination")
    make_schema(source)
    values = {1: '{"b": [1, 2.5, "é\\"\\n"], "a": null}', 2: "[]", 3: '"text"', 4: "-7"}
    source.execute(f"CREATE TABLE d.t (id integer PRIMARY KEY, v {type_text})")
    source.execute(*[f"INSERT INTO d.t VALUES ({i}, $x${value}$x$)" for i, value in values.items()])
    task = sluice(source, destination, objects=OBJECTS)
    task.run_until_caught_up()
    source.execute(*[f"INSERT INTO d.t VALUES ({i + 10}, $x${value}$x$)" for i, value in values.items()],
                   "UPDATE d.t SET v = '{\"new\": true}' WHERE id = 1")  # fmt: skip
    task.run_until_caught_up()
    wanted = values | {i + 10: value for i, value in values.items()} | {1: '{"new": true}'}
    found = {i: json.loads(text) for i, text in shown(destination, WORDS).items()}
    assert found == {i: json.loads(text) for i, text in wanted.items()}
    assert column_type(destination) == ("json" if kind == "mysql" else "longtext")
    task.verify()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "type_text, value",
    [
        ("numeric(10,2)", "'NaN'"),
        ("numeric", "1.0000000000000000000000000000001"),
        ("numeric", "1e40"),
        ("real", "'NaN'"),
        ("double precision", "'-Infinity'"),
        ("date", "'infinity'"),
        ("timestamp", "'0044-03-15 10:00 BC'"),
        ("date", "'10000-01-01'"),
        ("interval hour to second", "'900:00:00'"),
        ("interval hour to second", "'1 day 2 hours'"),
    ],
)
def test_a_value_that_cannot_be_is_refused(get, sluice, kind, type_text, value):
    source, destination = get.shared("pg15", "source"), get.shared(kind, "destination")
    make_schema(source)
    source.execute(f"CREATE TABLE d.t (id integer PRIMARY KEY, v {type_text})", f"INSERT INTO d.t VALUES (7, {value})")
    task = sluice(source, destination, objects=OBJECTS)
    finished = task.run_until_caught_up(check=4)
    assert "table d.t" in finished.text and "column v" in finished.text, finished
    assert destination.value("SELECT count(*) FROM d.t") == 0
    source.execute("DELETE FROM d.t")
    task.run_until_caught_up()
    source.execute(f"INSERT INTO d.t VALUES (8, {value})")
    finished = task.run_until_caught_up(check=4)
    assert "d.t" in finished.text and "MY-0118" in finished.text, finished


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("in_load", [True, False], ids=["load", "changes"])
def test_an_element_that_looks_like_a_number_is_none(get, sluice, kind, in_load):
    """An ENUM takes '1' for its first element where no element is called so."""
    source, destination = get.shared("pg15", "source"), get.shared(kind, "destination")
    source.make_database("d")
    source.execute("CREATE TYPE d.rating AS ENUM ('10', '20', '30')", "CREATE TABLE d.t (id integer PRIMARY KEY, v d.rating)",
                   "INSERT INTO d.t VALUES (1, '20'), (2, NULL)")  # fmt: skip
    if in_load:
        destination.make_database("d")
        destination.execute("CREATE TABLE d.t (id INT PRIMARY KEY, v ENUM('10', '20', '30'))")
    types = ["full", "incremental"] if in_load else ["schema", "full", "incremental"]
    task = sluice(source, destination, objects=OBJECTS, types=types)
    if not in_load:
        task.run_until_caught_up()
    source.execute("ALTER TYPE d.rating ADD VALUE '1'")
    source.execute("INSERT INTO d.t VALUES (3, '1')")
    finished = task.run_until_caught_up(check=4)
    assert all(word in finished.text for word in ("MY-0118", "table d.t", "column")), finished.text
    assert destination.value("SELECT COUNT(*) FROM d.t WHERE id = 3") == 0
    destination.execute("ALTER TABLE d.t MODIFY v ENUM('10', '20', '30', '1')")
    task.run_until_caught_up()
    assert destination.value("SELECT v FROM d.t WHERE id = 3") == "1"
    task.verify()


@pytest.mark.parametrize("type_text", ["numeric(100,50)", "numeric(50,40)"])
def test_precheck_refuses_what_has_no_type(get, sluice, type_text):
    source, destination = get.shared("pg15", "source"), get.shared("mysql", "destination")
    make_schema(source)
    source.execute(f"CREATE TABLE d.t (id integer PRIMARY KEY, v {type_text})", "CREATE VIEW d.seen AS SELECT id FROM d.t")
    task = sluice(source, destination, objects=OBJECTS)
    finished = task.call("precheck", "--json")
    assert finished.code == 3 and "column v" in finished.text and "DECIMAL(65,30)" in finished.text, finished
    items = finished.json["items"]
    named = [i["object"] for i in items if i["id"] == "mysql.foreign_objects"]
    assert len(named) == 1 and "view d.seen" in named[0], items


@pytest.mark.parametrize("kind", KINDS)
def test_precheck_names_what_acts_or_is_lost_at_the_destination(get, sluice, kind):
    source, destination = get.shared("pg15", "source"), get.shared(kind, "destination")
    make_schema(source)
    source.execute("CREATE TABLE d.t (id integer PRIMARY KEY)")
    destination.make_database("d")
    destination.execute("CREATE TABLE d.t (id INT PRIMARY KEY)", "CREATE TABLE d.other (id INT PRIMARY KEY)",
                        "CREATE TRIGGER d.acts BEFORE INSERT ON d.t FOR EACH ROW SET NEW.id = NEW.id",
                        "CREATE TRIGGER d.of_another BEFORE INSERT ON d.other FOR EACH ROW SET NEW.id = NEW.id")  # fmt: skip
    task = sluice(source, destination, objects=OBJECTS, types=["full", "incremental"])
    finished = task.call("precheck", "--json")
    items = {item["id"]: item for item in finished.json["items"] if item["side"] == "destination"}
    assert finished.code == 3 and items["mysql.triggers"]["status"] == "failed", finished
    assert "DROP TRIGGER `d`.`acts`" in items["mysql.triggers"]["remedy"] and "of_another" not in finished.text
    flushes = destination.value("SELECT @@GLOBAL.innodb_flush_log_at_trx_commit") == 1
    assert items["mysql.durable"]["status"] == ("passed" if flushes else "warning"), items["mysql.durable"]
    destination.execute("DROP TRIGGER d.acts")
    assert task.call("precheck", "--json").code == 0


@pytest.mark.parametrize("kind", KINDS)
def test_keys_defaults_checks_and_comments(get, sluice, kind):
    source, destination = get.shared("pg15", "source"), get.shared(kind, "destination")
    make_schema(source)
    source.execute(
        "CREATE TABLE d.parent (id bigserial PRIMARY KEY, code varchar(20) NOT NULL DEFAULT 'a''b', n integer DEFAULT 7 "
        "CONSTRAINT positive CHECK (n > 0), at timestamp(3) DEFAULT now(), zoned timestamptz DEFAULT now(), twice integer "
        "GENERATED ALWAYS AS (n * 2) STORED, name text NOT NULL DEFAULT 'none', kind text DEFAULT 'p' CONSTRAINT kinds CHECK "
        "(kind IN ('p', 'q')), flag boolean DEFAULT true, m d.mood DEFAULT 'y z', tags text[] DEFAULT '{}', UNIQUE (code))",
        "CREATE UNIQUE INDEX by_name ON d.parent (name)",
        "CREATE INDEX k ON d.parent (n DESC, kind)",
        "CREATE INDEX part ON d.parent (n) WHERE n > 5",
        "CREATE INDEX words ON d.parent USING gin (tags)",
        "COMMENT ON TABLE d.parent IS 'parents'",
        "COMMENT ON COLUMN d.parent.code IS 'a code'",
        "CREATE TABLE d.child (id integer PRIMARY KEY, parent bigint CONSTRAINT fk REFERENCES d.parent ON DELETE CASCADE "
        "ON UPDATE SET NULL, positive integer CONSTRAINT positive CHECK (positive > 0))",
        "INSERT INTO d.parent (code, n, name) VALUES ('x', 1, 'one'), ('y', 2, 'two'), ('z', 3, 'three')",
        "INSERT INTO d.child VALUES (1, 1, 1), (2, 2, 1), (3, 3, 1)",
        "DELETE FROM d.parent WHERE code = 'z'",
        "CREATE VIEW d.seen AS SELECT id FROM d.parent",
        "CREATE INDEX held ON d.child (parent) INCLUDE (positive)",
        "CREATE STATISTICS d.both ON n, kind FROM d.parent",
        "CREATE UNLOGGED TABLE d.heir (more integer, PRIMARY KEY (id)) INHERITS (d.child)",
    )
    task = sluice(source, destination, objects=OBJECTS)
    said = task.run_until_caught_up().text
    for lost in ("index part", "index words", "view d.seen", "of index held: the columns that it holds beside its key",
                 "statistics both", "that it inherits from d.child", "that it is not logged"):  # fmt: skip
        assert lost in said, said
    made = destination.query("SHOW CREATE TABLE d.parent")[0][1]
    for part in ("UNIQUE KEY `parent_code_key` (`code`)", "UNIQUE KEY `by_name` (`name`)", "KEY `k` (`n` DESC,`kind`(255))",
                 "COMMENT='parents'", "COMMENT 'a code'", "AUTO_INCREMENT"):  # fmt: skip
        assert part in made, made
    # What the foreign key did is in the source's log: it does not act a second time here.
    source.execute("DELETE FROM d.parent WHERE id = 1", "UPDATE d.parent SET n = 9 WHERE id = 2")
    task.run_until_caught_up()
    assert [tuple(row) for row in destination.query("SELECT id, parent FROM d.child ORDER BY id")] == [(2, 2)]
    assert [tuple(row) for row in destination.query("SELECT n, twice FROM d.parent")] == [(9, 18)]
    task.verify()
    for wrong in ("INSERT INTO d.parent (code, n, name) VALUES ('bad', -1, 'b')", "INSERT INTO d.parent (code, kind, name) VALUES "
                  "('bad', 'r', 'b')", "INSERT INTO d.child VALUES (9, 77, 1)"):  # fmt: skip
        with pytest.raises(destination.errors):
            destination.execute(wrong)
    task.call("cutover", check=0)
    destination.execute("INSERT INTO d.parent (name) VALUES ('new')")
    row = destination.query("SELECT id, code, n, twice, at IS NOT NULL, ABS(TIMESTAMPDIFF(SECOND, zoned, UTC_TIMESTAMP())) < 60, "
                            "kind, flag, m, tags FROM d.parent WHERE name = 'new'")[0]  # fmt: skip
    # The counter goes on where the source's stood, deleted rows counted.
    assert tuple(row) == (4, "a'b", 7, 14, 1, 1, "p", 1, "y z", "{}")


def test_arithmetic_on_dates_is_left_out(get, sluice):
    """A date there is a number of days; MySQL would take the digits of the date."""
    source, destination = get.shared("pg15", "source"), get.shared("mysql", "destination")
    make_schema(source)
    source.execute(
        "CREATE TABLE d.t (id integer PRIMARY KEY, a date, b date, days integer GENERATED ALWAYS AS (b - a) STORED, twice "
        "integer GENERATED ALWAYS AS (id * 2) STORED, CONSTRAINT a_month CHECK (b - a <= 31), CONSTRAINT later CHECK (b >= a))",
        "INSERT INTO d.t VALUES (1, '2020-01-31', '2020-03-01')",
    )
    task = sluice(source, destination, objects=OBJECTS)
    said = task.run_until_caught_up().text
    assert "days" in said and "a_month" in said, said
    made = destination.query("SHOW CREATE TABLE d.t")[0][1]
    assert "`days`" not in made and "a_month" not in made and "later" in made and "`twice`" in made, made
    task.verify()


@pytest.mark.parametrize("kind", KINDS)
def test_names_and_defaults_that_mysql_refuses(get, sluice, kind):
    source, destination = get.shared("pg15", "source"), get.shared(kind, "destination")
    source.make_database("d")
    source.execute("CREATE TABLE d.t (id integer PRIMARY KEY, a varchar(3) DEFAULT 'abcdef', b varchar(3) DEFAULT 'üüü')",
                   'CREATE INDEX "primary" ON d.t (a)', 'CREATE INDEX "Primary_" ON d.t (b)')  # fmt: skip
    said = sluice(source, destination, objects=OBJECTS).run_until_caught_up().text
    assert "default of column a: abcdef" in said, said
    made = destination.query("SHOW CREATE TABLE d.t")[0][1]
    assert "KEY `primary__` (`a`)" in made and "KEY `Primary_` (`b`)" in made and "DEFAULT 'üüü'" in made, made


def test_keys_that_an_index_cannot_hold(get, sluice):
    source, destination = get.shared("pg15", "source"), get.shared("mysql", "destination")
    make_schema(source)
    source.execute(
        "CREATE TABLE d.t (a text, b bytea, c varchar(2000), d uuid, PRIMARY KEY (a, b, d), UNIQUE (c))",
        "INSERT INTO d.t SELECT 'Key ' || i, decode(lpad(to_hex(i), 8, '0'), 'hex'), 'c' || i, "
        "md5(i::text)::uuid FROM generate_series(1, 1000) i",
        "INSERT INTO d.t VALUES ('key 1', '', 'C1', md5('1')::uuid), ('key 1 ', '', 'c1 ', md5('1')::uuid)",
    )
    task = sluice(source, destination, objects=OBJECTS)
    task.run_until_caught_up()
    source.execute("UPDATE d.t SET c = c || ' changed' WHERE a LIKE 'Key 1%'", "DELETE FROM d.t WHERE a = 'key 1'",
                   "UPDATE d.t SET a = 'moved', b = '\\x00' WHERE a = 'Key 5'")  # fmt: skip
    task.run_until_caught_up()
    task.verify()
    assert destination.value("SELECT COUNT(*) FROM d.t") == 1001
    source.execute("INSERT INTO d.t VALUES (repeat('x', 3000), '', 'long', md5('x')::uuid)")
    finished = task.run_until_caught_up(check=4)
    assert "d.t" in finished.text and "MY-0118" in finished.text, finished


def test_wide_rows_and_many_types_of_one_table(get, sluice):
    """The columns of a row together are larger than MySQL's rows may be."""
    source, destination = get.shared("pg15", "source"), get.shared("mariadb", "destination")
    make_schema(source)
    columns = ", ".join(f"c{i} varchar(5000)" for i in range(10))
    source.execute(f"CREATE TABLE d.t (id integer PRIMARY KEY, {columns})",
                   "INSERT INTO d.t SELECT i, repeat('ü', 5000), repeat('y', 5000) FROM generate_series(1, 20) i")  # fmt: skip
    task = sluice(source, destination, objects=OBJECTS)
    task.run_until_caught_up()
    source.execute("UPDATE d.t SET c9 = c0 WHERE id < 10")
    task.run_until_caught_up()
    task.verify()


@pytest.mark.parametrize("kind", KINDS)
def test_tables_without_a_key(get, sluice, kind):
    source, destination = get.shared("pg15", "source"), get.shared(kind, "destination")
    make_schema(source)
    source.execute(
        "CREATE TABLE d.t (a integer, b text, c real, d timestamptz, e jsonb, f bytea, g bit(3), h uuid, i char(4), j "
        "interval hour to second(3))",
        "ALTER TABLE d.t REPLICA IDENTITY FULL",
        "INSERT INTO d.t SELECT i % 5, 'B ' || i % 3, 1.1, '2024-01-01 00:00:00.5+00', '{\"b\": 1, \"a\": [2]}', '\\x00ff', "
        "b'101', md5('x')::uuid, 'ab', '-26:00:00.250' FROM generate_series(1, 30) i",
    )
    task = sluice(source, destination, objects=OBJECTS)
    task.run_until_caught_up()
    source.execute("DELETE FROM d.t WHERE ctid IN (SELECT ctid FROM d.t WHERE a = 1 LIMIT 2)", "UPDATE d.t SET b = 'b 1' WHERE a = 2",
                   "INSERT INTO d.t (a) VALUES (1), (1)", "DELETE FROM d.t WHERE a = 1 AND b IS NULL")  # fmt: skip
    task.run_until_caught_up()
    task.verify()
    assert destination.value("SELECT COUNT(*) FROM d.t") == source.value("SELECT count(*) FROM d.t")


@pytest.mark.parametrize("kind", KINDS)
def test_replica_identity_beside_the_primary_key(get, sluice, kind):
    """The log has the old values of that index alone, so that rows cannot be found by the primary key."""
    source, destination = get.shared("pg15", "source"), get.shared(kind, "destination")
    source.make_database("d")
    source.execute(
        "CREATE TABLE d.t (id integer PRIMARY KEY, code integer NOT NULL, v text)", "CREATE UNIQUE INDEX ti ON d.t (code)",
        "ALTER TABLE d.t REPLICA IDENTITY USING INDEX ti",
        "CREATE TABLE d.w (a integer NOT NULL UNIQUE, b varchar(9) NOT NULL UNIQUE, v text)",
        "ALTER TABLE d.w REPLICA IDENTITY USING INDEX w_b_key",
        "INSERT INTO d.t SELECT i, 10 * i, 'v' FROM generate_series(1, 20) i", "INSERT INTO d.w SELECT * FROM d.t",
    )  # fmt: skip
    task = sluice(source, destination, objects=OBJECTS)
    task.run_until_caught_up()
    for statement in (
        "UPDATE d.t SET v = 'x' WHERE id < 5", "UPDATE d.t SET id = id + 100 WHERE id IN (2, 6)", "DELETE FROM d.t WHERE id = 3",
        "UPDATE d.t SET code = code + 1, id = id + 1000 WHERE id > 15", "INSERT INTO d.t VALUES (3, 30, 'again')",
        "DELETE FROM d.t WHERE id > 1010", "UPDATE d.w SET v = 'x' WHERE a = 1", "UPDATE d.w SET a = 99 WHERE a = 2",
        "UPDATE d.w SET b = '999', a = 98 WHERE a = 99", "DELETE FROM d.w WHERE a IN (3, 4)",
    ):  # fmt: skip
        source.execute(statement)
    task.run_until_caught_up()
    for table in ("t", "w"):
        wanted = [tuple(row) for row in source.query(f"SELECT * FROM d.{table} ORDER BY 1")]
        assert [tuple(row) for row in destination.query(f"SELECT * FROM d.{table} ORDER BY 1")] == wanted
    task.verify()


def test_truncate(get, sluice):
    source, destination = get.shared("pg15", "source"), get.shared("mysql", "destination")
    make_schema(source)
    source.execute("CREATE TABLE d.t (id serial PRIMARY KEY)", "CREATE TABLE d.u (id integer PRIMARY KEY, t integer REFERENCES d.t)",
                   "INSERT INTO d.t VALUES (1)", "INSERT INTO d.u VALUES (1, 1)")  # fmt: skip
    task = sluice(source, destination, objects=OBJECTS)
    task.run_until_caught_up()
    source.execute("TRUNCATE d.t CASCADE", "INSERT INTO d.t VALUES (2)", "INSERT INTO d.u VALUES (2, 2)")
    task.run_until_caught_up()
    assert [tuple(r) for r in destination.query("SELECT id, t FROM d.u")] == [(2, 2)]
    task.verify()


@pytest.mark.parametrize("kind", KINDS)
def test_round_trip(get, sluice, kind):
    """MySQL to PostgreSQL to MySQL gives equal rows."""
    first, middle, last = get.shared(kind, "source"), get.shared("pg15", "destination"), get.shared(kind, "destination")
    first.make_database("d")
    with first.session("d") as session:
        session.execute("SET SESSION sql_mode = '', time_zone = '+00:00'")
        session.execute(
            "CREATE TABLE t (id INT UNSIGNED AUTO_INCREMENT PRIMARY KEY, a TINYINT(1), b BIGINT UNSIGNED, c DECIMAL(65,30), d FLOAT, "
            "e DOUBLE, f BIT(12), g DATE, h DATETIME(6), i TIMESTAMP(3) NULL, j TIME(2), k CHAR(10), l VARCHAR(50) CHARACTER SET "
            "latin1, m LONGTEXT, n VARBINARY(50), o LONGBLOB, p ENUM('x','y z'), q SET('s','t','u'), r JSON, s YEAR, UNIQUE KEY (l))"
        )
        session.execute(
            "INSERT INTO t VALUES (1, 2, ~0, -1.5, 1.1, 0.1, 5, '0000-00-00', '1000-01-01 00:00:00.000001', "
            "'2038-01-19 03:14:07.999', "
            "'-838:59:59', 'a ', 'é€', 'tab\\tnl\\nback\\\\', x'00ff', x'deadbeef', 'y z', 'u,s', '{\"a\": [1, 2.5]}', 2155)"
        )
        session.execute("INSERT INTO t (id) VALUES (4294967295)")
    there = sluice(first, middle, objects=[{"database": "d"}], types=["schema", "full"], name="there")
    there.call("run", check=0)
    back = sluice(middle, last, objects=OBJECTS, types=["schema", "full"], name="back")
    back.call("run", check=0)
    compare.assert_equal(first, "d", last, "d")
