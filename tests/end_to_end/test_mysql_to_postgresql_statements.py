"""Statements of a MySQL or MariaDB log that change tables, followed at PostgreSQL: docs/mysql-to-postgresql.md, "Changes"."""

import pytest

from tests.support.waiting import wait_until

OBJECTS = [{"database": "d"}]


# The oldest server is the one that adds values to types outside of transactions alone.
PAIRS = pytest.mark.parametrize("kind, to", [
    ("mariadb", "pg10"), ("mysql", "pg18"),
    pytest.param("mysql", "pg10", marks=pytest.mark.soak), pytest.param("mariadb", "pg18", marks=pytest.mark.soak),
])  # fmt: skip


def begin(get, sluice, kind, to, *statements):
    source, destination = get.shared(kind, "source"), get.shared(to, "destination")
    source.make_database("d")
    source.execute(*statements)
    task = sluice(source, destination, objects=OBJECTS)
    task.run_until_caught_up()
    return source, destination, task


def follow(task, source, *statements):
    """One by one, so that each is met as the destination was left by the one before."""
    for statement in statements:
        source.execute(statement)
        task.run_until_caught_up()
    task.verify()


def stops(task, source, statement, *words):
    source.execute(statement)
    finished = task.run_until_caught_up(check=4)
    for word in words:
        assert word in finished.text, finished


def constraints(destination, table):
    """Name and definition, without the primary key's name, which is the server's affair."""
    rows = destination.query(
        f"SELECT CASE contype WHEN 'p' THEN 'primary' ELSE conname END, pg_get_constraintdef(oid) FROM pg_constraint "
        f"WHERE conrelid = 'd.{table}'::regclass AND contype <> 'n'"
    )
    return {name: text.replace("d.", "") for name, text in rows}


def foreign_keys(destination, table):
    return {name: text for name, text in constraints(destination, table).items() if text.startswith("FOREIGN KEY")}


def unchecked(source, *statements):
    with source.session("d") as session:
        session.execute("SET SESSION foreign_key_checks = 0")
        for statement in statements:
            session.execute(statement)


def labels(destination, type_name):
    return [
        row[0]
        for row in destination.query(
            "SELECT enumlabel FROM pg_enum e JOIN pg_type t ON t.oid = e.enumtypid JOIN pg_namespace n ON n.oid = "
            f"t.typnamespace WHERE n.nspname = 'd' AND t.typname = '{type_name}' ORDER BY enumsortorder"
        )
    ]


@PAIRS
def test_enums_of_the_log(get, sluice, kind, to):
    source, destination, task = begin(
        get, sluice, kind, to, "CREATE TABLE d.t (id INT PRIMARY KEY, e ENUM('b','d') DEFAULT 'b', v VARCHAR(20), KEY (e))",
        "INSERT INTO d.t VALUES (1, 'b', 'p'), (2, 'd', 'q'), (3, NULL, NULL)",
    )  # fmt: skip
    follow(
        task, source,
        # A new element as the default, in the statement that adds it.
        "ALTER TABLE d.t MODIFY e ENUM('a','b','c','d','e') DEFAULT 'e'",
        "INSERT INTO d.t (id) VALUES (4)",
        "INSERT INTO d.t (id, e) VALUES (5, 'a'), (6, 'c')",
    )  # fmt: skip
    assert labels(destination, "t_e") == ["a", "b", "c", "d", "e"]
    follow(
        task, source,
        # Another order, and one that no row has goes: values are kept by their names.
        "UPDATE d.t SET e = 'b' WHERE e = 'a'",
        "ALTER TABLE d.t MODIFY e ENUM('e','d','c','b','it''s') DEFAULT 'd'",
        "INSERT INTO d.t (id) VALUES (7)",
        # A column becomes one, a new one is one, one ceases to be one.
        "ALTER TABLE d.t MODIFY v ENUM('p','q'), ADD COLUMN n ENUM('x','y') NOT NULL DEFAULT 'y', ADD COLUMN o ENUM('k')",
        "INSERT INTO d.t (id, v, n, o) VALUES (8, 'q', 'x', 'k')",
        "ALTER TABLE d.t MODIFY e VARCHAR(10) DEFAULT 'plain'",
        "INSERT INTO d.t (id) VALUES (9)",
        # Types are called after their columns and tables.
        "ALTER TABLE d.t CHANGE n m ENUM('x','y','z') NOT NULL, DROP COLUMN o",
        "RENAME TABLE d.t TO d.u",
        "ALTER TABLE d.u MODIFY v ENUM('p','q','r')",
        "INSERT INTO d.u (id, v, m) VALUES (10, 'r', 'z')",
        "DROP TABLE d.u",
        "CREATE TABLE d.u (id INT PRIMARY KEY, v ENUM('only'))",
    )  # fmt: skip
    assert labels(destination, "u_v") == ["only"]
    types = "FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace WHERE n.nspname = 'd' AND typtype = 'e'"
    assert [row[0] for row in destination.query(f"SELECT typname {types}")] == ["u_v"]
    source.execute("INSERT INTO d.u VALUES (1, 'only')")
    task.run_until_caught_up()
    with source.session("d") as session:
        session.execute("SET SESSION sql_mode = ''")
        session.execute("ALTER TABLE u MODIFY v ENUM('other')")
    finished = task.run_until_caught_up(check=4)
    assert "only" in finished.text and "ENUM('other')" in finished.text, finished
    assert labels(destination, "u_v") == ["only"]


@PAIRS
def test_sets_of_the_log(get, sluice, kind, to):
    source, destination, task = begin(
        get, sluice, kind, to, "CREATE TABLE d.t (id INT PRIMARY KEY, s SET('a','c'))", "INSERT INTO d.t VALUES (1, 'a,c'), (2, '')"
    )
    follow(
        task, source,
        "ALTER TABLE d.t MODIFY s SET('a','b','c') NOT NULL, ADD COLUMN n SET('x','y') NOT NULL DEFAULT 'x,y'",
        "INSERT INTO d.t VALUES (3, 'b,c', 'y')",
        "ALTER TABLE d.t CHANGE n m SET('x','y','z') NULL",
        "INSERT INTO d.t VALUES (4, 'a,b,c', 'x,z')",
    )  # fmt: skip
    assert set(constraints(destination, "t")) == {"primary", "t_s_set", "t_m_set"}
    with pytest.raises(destination.errors):
        destination.execute("INSERT INTO d.t VALUES (9, 'a', 'no')")
    follow(task, source, "ALTER TABLE d.t MODIFY s VARCHAR(20)", "INSERT INTO d.t VALUES (5, 'no element', NULL)")
    # The source brings its rows' elements into the new order; the texts here are in the old one.
    stops(task, source, "ALTER TABLE d.t MODIFY m SET('z','y','x')", "SET('z','y','x')")


@PAIRS
def test_keys_of_the_log(get, sluice, kind, to):
    source, destination, task = begin(
        get, sluice, kind, to, "CREATE TABLE d.t (id INT PRIMARY KEY, a INT, b VARCHAR(10), c BIGINT UNSIGNED NOT NULL, KEY k (a))",
        "INSERT INTO d.t VALUES (1, 1, 'x', 10), (2, 2, 'y', 20), (3, 3, NULL, 30)",
    )  # fmt: skip
    follow(
        task, source,
        "ALTER TABLE d.t DROP PRIMARY KEY, ADD PRIMARY KEY (a, id)",
        # Two rows that only the new key tells apart; found by it.
        "INSERT INTO d.t VALUES (1, 7, 'z', 40)",
        "UPDATE d.t SET b = 'changed' WHERE a = 7",
        "ALTER TABLE d.t DROP PRIMARY KEY",
        "UPDATE d.t SET b = 'no key' WHERE a = 7",
        "INSERT INTO d.t VALUES (8, 8, 'twice', 50), (8, 8, 'twice', 50)",
        "DELETE FROM d.t WHERE id = 8",
        "ALTER TABLE d.t MODIFY a INT NULL, ADD PRIMARY KEY (c), ADD UNIQUE KEY u (b, a), ADD UNIQUE (id, c)",
        "UPDATE d.t SET a = NULL WHERE c = 40",
        "ALTER TABLE d.t RENAME INDEX u TO w, RENAME INDEX k TO l",
        # An index of the same name over something else, while a column is renamed.
        "ALTER TABLE d.t DROP KEY w, CHANGE b bb VARCHAR(10), ADD UNIQUE KEY w (bb)",
        "RENAME TABLE d.t TO d.moved",
        "UPDATE d.moved SET bb = 'again' WHERE c = 20",
    )  # fmt: skip
    assert constraints(destination, "moved") == {"primary": "PRIMARY KEY (c)"}
    where = "schemaname = 'd' AND indexname NOT LIKE '%pkey%'"
    indexes = dict(destination.query(f"SELECT indexname, indexdef FROM pg_indexes WHERE {where}"))
    assert {name: text.split(" btree ")[1] for name, text in indexes.items()} == {
        "moved_l_idx": "(a)", "moved_w_key": "(bb)", "moved_id_key": "(id, c)"}  # fmt: skip
    with pytest.raises(destination.errors):
        destination.execute("INSERT INTO d.moved VALUES (1, 1, 'other', 20)")
    follow(task, source, "ALTER TABLE d.moved ADD COLUMN n INT NOT NULL DEFAULT 1, DROP PRIMARY KEY, ADD PRIMARY KEY (n, c)",
           "ALTER TABLE d.moved DROP KEY id, DROP COLUMN id, DROP COLUMN a", "UPDATE d.moved SET n = 2 WHERE c = 10")  # fmt: skip
    assert constraints(destination, "moved") == {"primary": "PRIMARY KEY (n, c)"}


@PAIRS
def test_foreign_keys_and_checks_of_the_log(get, sluice, kind, to):
    source, destination, task = begin(
        get, sluice, kind, to, "CREATE TABLE d.p (id INT PRIMARY KEY, x INT)",
        "CREATE TABLE d.c (id INT PRIMARY KEY, p INT, q INT, n INT, CHECK (n > 0), CHECK (id > 0), FOREIGN KEY (q) REFERENCES p (id))",
        "INSERT INTO d.p VALUES (1, 1), (2, 2), (3, 3)", "INSERT INTO d.c VALUES (1, 1, 1, 1), (2, 2, 1, 2), (3, 3, 1, 3)",
    )  # fmt: skip
    check = "c_chk_{}" if kind == "mysql" else "CONSTRAINT_{}"
    follow(
        task, source,
        "ALTER TABLE d.c ADD CONSTRAINT fk FOREIGN KEY (p) REFERENCES p (id) ON DELETE CASCADE, ADD CHECK (n < 100)",
        # The source's log does not have the rows of the child.
        "DELETE FROM d.p WHERE id = 3",
    )  # fmt: skip
    assert destination.value("SELECT count(*) FROM d.c") == 2
    follow(
        task, source,
        "ALTER TABLE d.c DROP FOREIGN KEY c_ibfk_1, ADD FOREIGN KEY (q) REFERENCES p (id) ON DELETE SET NULL, DROP CONSTRAINT "
        + check.format(1),
        "ALTER TABLE d.c ADD CONSTRAINT positive CHECK (id < 50), ADD COLUMN m INT CHECK (m > 5)",
        "INSERT INTO d.c VALUES (4, 2, 2, -4, 6)",
        "ALTER TABLE d.c DROP FOREIGN KEY fk",
        "ALTER TABLE d.c ADD CONSTRAINT fk FOREIGN KEY (p) REFERENCES p (id) ON DELETE SET NULL",
        "DELETE FROM d.p WHERE id = 2",
    )  # fmt: skip
    assert list(destination.query("SELECT id, p, q, n, m FROM d.c ORDER BY id")) == [
        (1, 1, 1, 1, None), (2, None, 1, 2, None), (4, None, None, -4, 6),
    ]  # fmt: skip
    wanted = {
        "primary": "PRIMARY KEY (id)",
        check.format(2): "CHECK ((id > 0))",
        check.format(3): "CHECK ((n < 100))",
        "positive": "CHECK ((id < 50))",
        "c_chk_4" if kind == "mysql" else "m_check": "CHECK ((m > 5))",
        "c_ibfk_2": "FOREIGN KEY (q) REFERENCES p(id) ON DELETE SET NULL",
        "fk": "FOREIGN KEY (p) REFERENCES p(id) ON DELETE SET NULL",
    }
    assert constraints(destination, "c") == wanted
    # Names that the server made after the table's change with it.
    follow(task, source, "RENAME TABLE d.c TO d.r", "ALTER TABLE d.r DROP FOREIGN KEY r_ibfk_2")
    wanted.pop("c_ibfk_2")
    if kind == "mysql":
        wanted = {name.replace("c_chk", "r_chk"): text for name, text in wanted.items()}
    assert constraints(destination, "r") == wanted
    follow(task, source, "ALTER TABLE d.r DROP COLUMN m, DROP FOREIGN KEY fk, ADD CHECK (id > -1)",
           "INSERT INTO d.r VALUES (5, 77, 77, 1)", "UPDATE d.r SET p = 78 WHERE id = 5", "DELETE FROM d.p")  # fmt: skip
    stops(task, source, "ALTER TABLE d.r MODIFY n VARCHAR(10)", "MODIFY n VARCHAR(10)")


@PAIRS
def test_columns_with_the_time_of_their_statement(get, sluice, kind, to):
    source, destination, task = begin(
        get, sluice, kind, to, "CREATE TABLE d.t (id INT PRIMARY KEY)", "INSERT INTO d.t VALUES (1), (2)")  # fmt: skip
    for i, zone in enumerate(["+00:00", "+05:30", "SYSTEM"]):
        with source.session("d") as session:
            session.execute(f"SET SESSION time_zone = '{zone}'")
            session.execute(f"ALTER TABLE t ADD COLUMN a{i} TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL, ADD COLUMN b{i} DATETIME(6) "
                            "DEFAULT CURRENT_TIMESTAMP(6)")  # fmt: skip
            session.execute(f"ALTER TABLE t ADD COLUMN c{i} DATETIME DEFAULT NOW() ON UPDATE NOW(), ADD COLUMN d{i} TIMESTAMP(3) "
                            f"NULL DEFAULT NOW(3), ADD COLUMN e{i} TIMESTAMP NULL DEFAULT '2020-06-01 12:00:00'")  # fmt: skip
            session.execute(f"INSERT INTO t (id) VALUES ({10 + i})")
        task.run_until_caught_up()
    task.verify()
    assert destination.value("SELECT count(DISTINCT e1) FROM d.t WHERE id = 1") == 1
    assert destination.value("SELECT e1 - e0 FROM d.t WHERE id = 1").total_seconds() == -5.5 * 3600
    task.call("cutover", check=0)
    destination.execute("INSERT INTO d.t (id) VALUES (99)")
    recent = "a1 > now() - interval '1 hour' AND b1 > LOCALTIMESTAMP - interval '1 hour'"
    assert destination.value(f"SELECT {recent} FROM d.t WHERE id = 99")


ZEROS = ["INT", "BIGINT UNSIGNED", "DECIMAL(5,2)", "DOUBLE", "BIT(5)", "YEAR", "TIME(2)", "CHAR(3)", "VARCHAR(3)", "TEXT", "BINARY(3)",
         "VARBINARY(3)", "BLOB", "ENUM('x','y')", "SET('x','y')", "DATE", "DATETIME(3)", "TIMESTAMP(2)"]  # fmt: skip
OWN_ZEROS = {"mysql": ["JSON"], "mariadb": ["UUID", "INET6", "INET4"]}


@PAIRS
def test_columns_that_are_not_null_and_have_no_default(get, sluice, kind, to):
    source, destination, task = begin(
        get, sluice, kind, to, "CREATE TABLE d.t (id INT PRIMARY KEY)", "INSERT INTO d.t VALUES (1)")  # fmt: skip
    types = ZEROS + OWN_ZEROS[kind]
    with source.session("d") as session:
        session.execute("SET SESSION sql_mode = ''")  # for the zero dates
        for i, type_text in enumerate(types):
            session.execute(f"ALTER TABLE t ADD COLUMN c{i} {type_text} NOT NULL")
    task.run_until_caught_up()
    task.verify()
    where = "table_schema = 'd' AND column_default IS NOT NULL"
    assert destination.value(f"SELECT count(*) FROM information_schema.columns WHERE {where}") == 0
    stops(task, source, "ALTER TABLE d.t ADD COLUMN n INT NOT NULL AUTO_INCREMENT UNIQUE", "AUTO_INCREMENT")


@PAIRS
def test_tables_that_change_places(get, sluice, kind, to):
    source, destination, task = begin(
        get, sluice, kind, to, "CREATE TABLE d.a (id INT PRIMARY KEY, e ENUM('x'), KEY k (e))",
        "CREATE TABLE d.b (id INT PRIMARY KEY, f INT, KEY k (f))",
        "INSERT INTO d.a VALUES (1, 'x')", "INSERT INTO d.b VALUES (1, 1), (2, 2)",
    )  # fmt: skip
    follow(task, source, "RENAME TABLE d.a TO d.tmp, d.b TO d.a, d.tmp TO d.b", "INSERT INTO d.a VALUES (3, 3)",
           "INSERT INTO d.b VALUES (2, 'x')",
           "ALTER TABLE d.b MODIFY e ENUM('x','y')", "INSERT INTO d.b VALUES (3, 'y')")  # fmt: skip
    assert list(destination.query("SELECT id, e::text FROM d.b ORDER BY id")) == [(1, "x"), (2, "x"), (3, "y")]


@PAIRS
def test_counters_json_and_what_is_left_out(get, sluice, kind, to):
    source, destination, task = begin(
        get, sluice, kind, to, "CREATE TABLE d.t (id INT PRIMARY KEY, s SET('a','b','c'), v VARCHAR(20))",
        "INSERT INTO d.t VALUES (4, 'a,c', 'x')",
    )  # fmt: skip
    follow(
        task, source,
        "ALTER TABLE d.t MODIFY id INT AUTO_INCREMENT",
        "INSERT INTO d.t (s) VALUES ('a')",
        "ALTER TABLE d.t MODIFY s SET('a','c'), ADD COLUMN j JSON",
        """INSERT INTO d.t (s, j) VALUES ('c', '{"b": [1, 2.5]}')""",
        "ALTER TABLE d.t MODIFY id INT",
        "INSERT INTO d.t (id) VALUES (70)",
        "ALTER TABLE d.t ADD FULLTEXT KEY words (v), ADD CHECK (v <> 'no')",
    )  # fmt: skip
    columns = "FROM information_schema.columns WHERE table_schema = 'd' AND column_name ="
    assert destination.value(f"SELECT is_identity {columns} 'id'") == "NO"
    assert destination.value(f"SELECT data_type {columns} 'j'") == ("jsonb" if kind == "mysql" else "json")
    source.execute("ALTER TABLE d.t ADD FULLTEXT KEY more (v)")
    said = task.run_until_caught_up().text
    assert "not kept: index more: there is no fulltext index here" in said, said
    with source.session("d") as session:
        session.execute("SET SESSION sql_mode = 'NO_AUTO_VALUE_ON_ZERO'")
        session.execute("INSERT INTO t (id) VALUES (0)")
        session.execute("ALTER TABLE t MODIFY id INT AUTO_INCREMENT")
    finished = task.run_until_caught_up(check=4)
    assert "rows with 0" in finished.text, finished


def defaults(destination, table):
    """By column, without what the server writes around a value to say its type."""
    rows = destination.query(
        "SELECT attname, pg_get_expr(adbin, adrelid) FROM pg_attrdef d JOIN pg_attribute a ON a.attrelid = d.adrelid AND "
        f"a.attnum = d.adnum WHERE adrelid = 'd.{table}'::regclass"
    )
    return {name: text.split("::")[0].removeprefix("B") for name, text in rows}


@PAIRS
def test_defaults_of_bits(get, sluice, kind, to):
    source, destination, task = begin(
        get, sluice, kind, to,
        "CREATE TABLE d.t (id INT PRIMARY KEY, a BIT(1) NOT NULL DEFAULT b'0', b BIT(4) DEFAULT 1, c BIT(9) DEFAULT x'ff')",
        "INSERT INTO d.t (id) VALUES (1)",
    )  # fmt: skip
    assert defaults(destination, "t") == {"a": "'0'", "b": "'0001'", "c": "'011111111'"}
    follow(
        task, source, "ALTER TABLE d.t ADD COLUMN e BIT(4) NOT NULL DEFAULT 1, ADD COLUMN f BIT(10) DEFAULT 0x101",
        "ALTER TABLE d.t ALTER COLUMN a SET DEFAULT b'1'", "INSERT INTO d.t (id) VALUES (2)",
        "CREATE TABLE d.n (id INT PRIMARY KEY, v BIT NOT NULL DEFAULT b'1')",
    )  # fmt: skip
    assert defaults(destination, "t") == {
        "a": "'1'", "b": "'0001'", "c": "'011111111'", "e": "'0001'", "f": "'0100000001'"}  # fmt: skip
    assert defaults(destination, "n") == {"v": "'1'"}


@PAIRS
def test_another_character_set_of_the_table(get, sluice, kind, to):
    """It is for columns to come: rows that are there, and come into the old columns, stay as they were written."""
    source, destination, task = begin(
        get, sluice, kind, to, "CREATE TABLE d.t (id INT PRIMARY KEY, v VARCHAR(20), e ENUM('é','x')) DEFAULT CHARSET=latin1",
        "INSERT INTO d.t VALUES (1, 'é', 'é')",
    )  # fmt: skip
    follow(
        task, source, "ALTER TABLE d.t DEFAULT CHARSET=utf8mb4, ADD COLUMN w VARCHAR(20)",
        "INSERT INTO d.t VALUES (2, 'é', 'é', 'ж')", "UPDATE d.t SET w = 'é', v = 'à' WHERE id = 1",
        "ALTER TABLE d.t COLLATE=gbk_bin", "INSERT INTO d.t VALUES (3, 'é', 'é', 'жé')",
    )  # fmt: skip
    assert list(destination.query("SELECT id, v, e::text, w FROM d.t ORDER BY id")) == [
        (1, "à", "é", "é"), (2, "é", "é", "ж"), (3, "é", "é", "жé")]  # fmt: skip
    stops(task, source, "ALTER TABLE d.t CONVERT TO CHARACTER SET binary", "character set binary")


@PAIRS
@pytest.mark.parametrize("statement", [
    "DROP COLUMN v, ADD COLUMN v INT", "CHANGE v x INT, ADD COLUMN v INT", "CHANGE v w INT, CHANGE w v INT",
])  # fmt: skip
def test_a_name_of_two_columns(get, sluice, kind, to, statement):
    source, destination, task = begin(
        get, sluice, kind, to, "CREATE TABLE d.t (id INT PRIMARY KEY, v INT, w INT)", "INSERT INTO d.t VALUES (1, 2, 3)")  # fmt: skip
    follow(task, source, "ALTER TABLE d.t DROP COLUMN w, CHANGE v w INT", "INSERT INTO d.t VALUES (4, 5)",
           "ALTER TABLE d.t ADD COLUMN v INT DEFAULT 6 AFTER id")  # fmt: skip
    rows = "SELECT id, v, w FROM d.t ORDER BY id"
    assert list(destination.query(rows)) == [(1, 6, 2), (4, 6, 5)]
    stops(task, source, "ALTER TABLE d.t " + statement, statement)
    assert list(destination.query(rows)) == [(1, 6, 2), (4, 6, 5)]


# Column, type, value, the type that it gets. No row at the source has the same value afterwards, without strict mode.
OTHER_VALUES = [
    ("a", "BINARY(4)", "'abcd'", "BINARY(8)"), ("b", "VARBINARY(4)", "'ab'", "BINARY(4)"), ("c", "SMALLINT", "70", "YEAR"),
    ("e", "DOUBLE", "1.239", "DOUBLE(10,2)"), ("f", "SMALLINT", "300", "TINYINT"), ("g", "INT", "-1", "INT UNSIGNED"),
    ("h", "BLOB", "'abcdef'", "VARBINARY(3)"), ("i", "VARCHAR(10)", "'жук'", "VARCHAR(10) CHARACTER SET latin1"),
    ("k", "TEXT", "REPEAT('x', 300)", "TINYTEXT"),
]  # fmt: skip
# Such as keep every row.
SAME_VALUES = [
    ("l", "BINARY(4)", "'abcd'", "VARBINARY(4)"), ("m", "VARBINARY(4)", "'ab'", "BLOB"), ("n", "SMALLINT", "30", "TINYINT UNSIGNED"),
    ("o", "VARCHAR(10)", "'plain'", "VARCHAR(8) CHARACTER SET LATIN1"),
    ("p", "TINYTEXT CHARACTER SET latin1", "'é'", "TEXT CHARACTER SET UTF8MB4"),
    ("q", "YEAR", "1999", "SMALLINT"), ("r", "TEXT", "'é'", "TINYTEXT"), ("s", "TINYINT", "-5", "BIGINT"),
]  # fmt: skip


@PAIRS
def test_types_that_look_alike(get, sluice, kind, to):
    """What PostgreSQL has one type for, the source may still round, cut or fill up."""
    columns = OTHER_VALUES + SAME_VALUES
    source, destination, task = begin(
        get, sluice, kind, to,
        f"CREATE TABLE d.t (id INT PRIMARY KEY, {', '.join(f'{name} {type_text}' for name, type_text, _, _ in columns)}) "
        "DEFAULT CHARSET=utf8mb4", f"INSERT INTO d.t VALUES (1, {', '.join(value for _, _, value, _ in columns)})",
    )  # fmt: skip
    follow(task, source, *(f"ALTER TABLE d.t MODIFY {name} {type_text}" for name, _, _, type_text in SAME_VALUES),
           "INSERT INTO d.t (id, n, o, p, q) VALUES (2, 255, 'é', 'ж', 5)")  # fmt: skip
    rows = f"SELECT {', '.join(name for name, _, _, _ in columns)} FROM d.t ORDER BY id"
    for name, _, _, type_text in OTHER_VALUES:
        before = list(destination.query(rows))
        with source.session("d") as session:
            session.execute("SET SESSION sql_mode = ''")
            session.execute(f"ALTER TABLE t MODIFY {name} {type_text}")
        finished = task.run_until_caught_up(check=4)
        assert f"MODIFY {name} {type_text}" in finished.text, finished
        assert list(destination.query(rows)) == before
        task.run_until_caught_up("--restart")
    task.verify()


@pytest.mark.parametrize("to", ["pg10", "pg18"])
def test_a_table_that_is_replaced(get, sluice, to):
    source, destination, task = begin(
        get, sluice, "mariadb", to, "CREATE TABLE d.t (id INT PRIMARY KEY, e ENUM('a'))", "INSERT INTO d.t VALUES (1, 'a')",
        "CREATE TABLE d.u (id INT PRIMARY KEY, v VARCHAR(9), KEY (v))", "INSERT INTO d.u VALUES (5, 'u')",
    )  # fmt: skip
    follow(task, source, "CREATE OR REPLACE TABLE d.t (id INT PRIMARY KEY, e ENUM('a'))")
    assert destination.value("SELECT count(*) FROM d.t") == 0
    follow(task, source, "INSERT INTO d.t VALUES (1, 'a')", "CREATE OR REPLACE TABLE d.t LIKE d.u", "INSERT INTO d.t VALUES (1, 'v')",
           "CREATE TABLE IF NOT EXISTS d.t (id INT)", "UPDATE d.t SET v = 'w'")  # fmt: skip
    assert list(destination.query("SELECT id, v FROM d.t")) == [(1, "w")]
    follow(task, source, "CREATE OR REPLACE TABLE d.new (id INT PRIMARY KEY)", "INSERT INTO d.new VALUES (3)")


# Column, its definition at the source, and what stands in a row that was there.
ADDED = {
    "a": ("BOOLEAN NOT NULL DEFAULT TRUE", "1"), "b": ("TINYINT(1) DEFAULT FALSE", "0"), "c": ("TIME DEFAULT '080000'", "08:00:00"),
    "e": ("TIME DEFAULT 80000", "08:00:00"), "f": ("YEAR DEFAULT '70'", "1970"), "g": ("SET('a','b') DEFAULT 'b,a'", "a,b"),
    "h": ("ENUM('a','b') DEFAULT 'B'", "b"), "i": ("DATETIME DEFAULT '2020-01-02'", "2020-01-02 00:00:00"),
    "k": ("VARCHAR(9) DEFAULT 007", "7"), "l": ("VARCHAR(9) DEFAULT x'41'", "A"), "m": ("BINARY(4) DEFAULT 'ab'", "\\x61620000"),
    "n": ("VARBINARY(9) DEFAULT 'a\\\\b'", "\\x615c62"), "o": ("VARBINARY(9) NOT NULL DEFAULT x'00ff'", "\\x00ff"),
    "p": ("DECIMAL(5,2) DEFAULT -1.5", "-1.50"), "q": ("VARCHAR(9) DEFAULT 'a' 'b'", "ab"),
}  # fmt: skip
# Read by rules that are not done over here.
NOT_ADDED = ["TIME DEFAULT '1 10:00'", "FLOAT(7,2) DEFAULT 1.239", "DATETIME DEFAULT '10-11-12'", "INT DEFAULT '1.5'"]


@PAIRS
def test_defaults_as_the_source_reads_them(get, sluice, kind, to):
    columns = ", ".join(f"{name} {text}" for name, (text, _) in ADDED.items())
    source, destination, task = begin(
        get, sluice, kind, to, f"CREATE TABLE d.told (id INT PRIMARY KEY, {columns})", "CREATE TABLE d.t (id INT PRIMARY KEY)",
        "INSERT INTO d.t VALUES (1)",
    )  # fmt: skip
    wanted = tuple(value for _, value in ADDED.values())
    shown = ", ".join(f"{name}::text" for name in ADDED)
    follow(task, source, *(f"ALTER TABLE d.t ADD COLUMN {name} {text}" for name, (text, _) in ADDED.items()),
           f"CREATE TABLE d.made (id INT PRIMARY KEY, {columns}, x TIME DEFAULT '1 10:00')")  # fmt: skip
    assert list(destination.query(f"SELECT {shown} FROM d.t")) == [wanted]
    # Also for rows to come, of the table that was there and of the one that the log made.
    for table in ("told", "t", "made"):
        destination.execute(f"INSERT INTO d.{table} (id) VALUES (99)")
        assert (table, *destination.query(f"SELECT {shown} FROM d.{table} WHERE id = 99")) == (table, wanted)
        destination.execute(f"DELETE FROM d.{table} WHERE id = 99")
    assert "x" not in defaults(destination, "made")
    task.verify()


@PAIRS
def test_defaults_that_only_the_source_reads(get, sluice, kind, to):
    source, destination, task = begin(
        get, sluice, kind, to, "CREATE TABLE d.t (id INT PRIMARY KEY)", "INSERT INTO d.t VALUES (1)")  # fmt: skip
    for text in NOT_ADDED:
        stops(task, source, f"ALTER TABLE d.t ADD COLUMN z {text}", f"ADD COLUMN z {text}")
        task.run_until_caught_up("--restart")
        follow(task, source, "ALTER TABLE d.t DROP COLUMN z")
    assert list(destination.query("SELECT * FROM d.t")) == [(1,)]


def test_rows_that_an_alter_drops(get, sluice):
    source, _, task = begin(
        get, sluice, "mariadb", "pg18", "CREATE TABLE d.t (id INT PRIMARY KEY, v VARCHAR(9) COLLATE utf8mb4_general_ci)",
        "INSERT INTO d.t VALUES (1, 'a'), (2, 'A')",
    )  # fmt: skip
    stops(task, source, "ALTER IGNORE TABLE d.t ADD UNIQUE KEY (v)", "ALTER IGNORE TABLE", "--restart")


@PAIRS
def test_a_new_table_has_the_character_set_of_its_database(get, sluice, kind, to):
    source, destination, task = begin(
        get, sluice, kind, to, "ALTER DATABASE d CHARACTER SET latin1", "CREATE TABLE d.t (id INT)")  # fmt: skip
    follow(task, source, "CREATE TABLE d.n (id INT PRIMARY KEY, v VARCHAR(9), w VARCHAR(9) CHARACTER SET utf8mb4)",
           "INSERT INTO d.n VALUES (1, 'é', 'ж')")  # fmt: skip
    assert list(destination.query("SELECT v, w FROM d.n")) == [("é", "ж")]


@PAIRS
def test_tables_that_others_refer_to(get, sluice, kind, to):
    source, destination, task = begin(
        get, sluice, kind, to, "CREATE TABLE d.p (id INT AUTO_INCREMENT PRIMARY KEY)", "INSERT INTO d.p VALUES (1), (2)",
        "CREATE TABLE d.c (id INT PRIMARY KEY, p INT, e ENUM('x'), FOREIGN KEY (p) REFERENCES d.p (id) ON DELETE CASCADE)",
        "INSERT INTO d.c VALUES (1, 1, 'x'), (2, 2, 'x')",
    )  # fmt: skip
    for _ in range(2):  # the second time the key is there unchecked
        with source.session("d") as session:
            session.execute("SET SESSION foreign_key_checks = 0")
            session.execute("TRUNCATE TABLE p")
        follow(task, source, "INSERT INTO d.p VALUES (1), (2)")
    assert destination.value("SELECT count(*) FROM d.c") == 2
    follow(task, source, "DELETE FROM d.p WHERE id = 1")  # the key acts again
    assert list(destination.query("SELECT id FROM d.c")) == [(2,)]
    both = "d.p, d.c" if kind == "mysql" else "d.c, d.p"  # MariaDB wants them in order
    follow(task, source, "DROP TABLE " + both, "CREATE TABLE d.c (id INT PRIMARY KEY, e ENUM('x'))")
    assert [row[0] for row in destination.query("SELECT tablename FROM pg_tables WHERE schemaname = 'd'")] == ["c"]


TO_P = "FOREIGN KEY (p) REFERENCES p(id) ON DELETE CASCADE"
PARENT = "CREATE TABLE d.p (id INT PRIMARY KEY)"
CHILD = "CREATE TABLE d.c (id INT PRIMARY KEY, p INT, CONSTRAINT f FOREIGN KEY (p) REFERENCES p (id) ON DELETE CASCADE)"


@PAIRS
def test_a_table_goes_and_comes_back_under_one_that_refers_to_it(get, sluice, kind, to):
    source, destination, task = begin(
        get, sluice, kind, to, PARENT, CHILD, "INSERT INTO d.p VALUES (1), (2)", "INSERT INTO d.c VALUES (1, 1), (2, 2)"
    )
    unchecked(source, "DROP TABLE p")
    assert "foreign key f of table d.c waits: table d.p is gone" in task.run_until_caught_up().text
    assert foreign_keys(destination, "c") == {}
    # Nothing cascades meanwhile, on either side.
    unchecked(source, "INSERT INTO c VALUES (3, 77)", "UPDATE c SET p = 1 WHERE id = 3", "ALTER TABLE c ADD COLUMN n INT")
    follow(task, source, "DELETE FROM d.c WHERE id = 3")
    source.execute(PARENT)
    finished = task.run_until_caught_up()
    assert "validation of foreign key f of table d.c is refused" in finished.text, finished
    assert foreign_keys(destination, "c") == {"f": TO_P + " NOT VALID"}
    # Its rows come, and with them the key is as it was: it acts, and is checked.
    source.execute("INSERT INTO d.p VALUES (1), (2)", "DELETE FROM d.p WHERE id = 1")
    finished = task.run_until_caught_up()
    assert foreign_keys(destination, "c") == {"f": TO_P}, finished
    assert list(destination.query("SELECT id FROM d.c")) == [(2,)]
    task.verify()
    # As tools swap tables that others refer to: with its rows, it is checked at once.
    unchecked(source, "CREATE TABLE n (id INT PRIMARY KEY)", "INSERT INTO n VALUES (2), (5)", "DROP TABLE p", "RENAME TABLE n TO p")
    finished = task.run_until_caught_up()
    assert "is refused" not in finished.text, finished
    assert foreign_keys(destination, "c") == {"f": TO_P}
    follow(task, source, "DELETE FROM d.p WHERE id = 2")
    assert destination.value("SELECT count(*) FROM d.c") == 0
    if kind == "mariadb":
        unchecked(source, PARENT.replace("CREATE", "CREATE OR REPLACE"), "INSERT INTO c VALUES (1, 1, 1)", "INSERT INTO p VALUES (1)")
        task.run_until_caught_up()
        assert foreign_keys(destination, "c") == {"f": TO_P}
        follow(task, source, "DELETE FROM d.p")
        assert destination.value("SELECT count(*) FROM d.c") == 0
    unchecked(source, "DROP TABLE p")
    finished = task.call("cutover", check=0)
    assert "foreign key f of table d.c, which refers to table d.p: that one is not there, at the source neither" in finished.text


@PAIRS
def test_tables_before_those_that_they_refer_to(get, sluice, kind, to):
    source, destination, task = begin(get, sluice, kind, to, "CREATE TABLE d.t (id INT PRIMARY KEY, q INT)")
    # In a circle, with another one of the same pair, and by a statement that adds the key alone.
    unchecked(
        source, CHILD, "CREATE TABLE d.a (id INT PRIMARY KEY, b INT, up INT, CONSTRAINT ab FOREIGN KEY (b) REFERENCES b (id), "
        "CONSTRAINT own FOREIGN KEY (up) REFERENCES a (id) ON UPDATE CASCADE)",
        "ALTER TABLE t ADD CONSTRAINT tq FOREIGN KEY (q) REFERENCES q (id) ON DELETE SET NULL",
        "INSERT INTO t VALUES (1, 1)", "INSERT INTO c VALUES (1, 1)", "INSERT INTO a VALUES (1, 1, 1)",
    )  # fmt: skip
    finished = task.run_until_caught_up()
    for waits in ("table d.c: foreign key f waits: table d.p is not there", "table d.a: foreign key ab waits: table d.b is not there",
                  "table d.t: foreign key tq waits: table d.q is not there"):  # fmt: skip
        assert waits in finished.text, finished
    assert [foreign_keys(destination, table) for table in "ct"] == [{}, {}]
    own = {"own": "FOREIGN KEY (up) REFERENCES a(id) ON UPDATE CASCADE"}
    assert foreign_keys(destination, "a") == own
    unchecked(source, "RENAME TABLE t TO u")
    task.run_until_caught_up()
    unchecked(
        source, "CREATE TABLE d.b (id INT PRIMARY KEY, a INT, CONSTRAINT ba FOREIGN KEY (a) REFERENCES a (id))",
        "INSERT INTO b VALUES (1, 1)", PARENT, "INSERT INTO p VALUES (1)", "CREATE TABLE x (id INT PRIMARY KEY)",
        "INSERT INTO x VALUES (1)", "ALTER TABLE x RENAME TO q",
    )  # fmt: skip
    task.run_until_caught_up()
    assert foreign_keys(destination, "c") == {"f": TO_P}
    assert foreign_keys(destination, "u") == {"tq": "FOREIGN KEY (q) REFERENCES q(id) ON DELETE SET NULL"}
    assert foreign_keys(destination, "a") == {"ab": "FOREIGN KEY (b) REFERENCES b(id)", **own}
    assert foreign_keys(destination, "b") == {"ba": "FOREIGN KEY (a) REFERENCES a(id)"}
    follow(task, source, "DELETE FROM d.p", "DELETE FROM d.q", "UPDATE d.a SET up = NULL, b = NULL", "DELETE FROM d.b")
    assert list(destination.query("SELECT (SELECT count(*) FROM d.c), q FROM d.u")) == [(0, None)]
    # One that is dropped while it waits does not come back.
    unchecked(source, "DROP TABLE p, q", "ALTER TABLE u DROP FOREIGN KEY tq", PARENT, PARENT.replace("d.p", "d.q"))
    task.run_until_caught_up()
    assert [foreign_keys(destination, table) for table in "cu"] == [{"f": TO_P}, {}]
    finished = task.call("cutover", check=0)
    assert "not at the destination" not in finished.text, finished


@PAIRS
def test_keys_follow_what_they_refer_to(get, sluice, kind, to):
    """A key goes with the table that it refers to when that gets another name, and stays with it."""
    source, destination, task = begin(
        get, sluice, kind, to, PARENT, CHILD, "INSERT INTO d.p VALUES (1), (2)", "INSERT INTO d.c VALUES (1, 1), (2, 2)",
        "CREATE TABLE d.own (id INT PRIMARY KEY, up INT, FOREIGN KEY (up) REFERENCES own (id) ON DELETE CASCADE)",
    )  # fmt: skip
    follow(
        task, source, "RENAME TABLE d.p TO d.old", "ALTER TABLE d.old CHANGE id key_id INT", PARENT, "INSERT INTO d.p VALUES (7)",
        "RENAME TABLE d.own TO d.tree", "ALTER TABLE d.tree CHANGE id node INT, ADD COLUMN n INT",
        "INSERT INTO d.tree VALUES (1, NULL, 1), (2, 1, 1)", "DELETE FROM d.tree WHERE node = 1", "ALTER TABLE d.c ADD COLUMN n INT",
    )  # fmt: skip
    wanted = {"f": "FOREIGN KEY (p) REFERENCES old(key_id) ON DELETE CASCADE"}
    assert foreign_keys(destination, "c") == wanted
    assert foreign_keys(destination, "tree") == {"tree_ibfk_1": "FOREIGN KEY (up) REFERENCES tree(node) ON DELETE CASCADE"}
    unchecked(source, "DROP TABLE p")
    follow(task, source, "DELETE FROM d.old WHERE key_id = 1")
    assert foreign_keys(destination, "c") == wanted
    assert list(destination.query("SELECT id FROM d.c")) == [(2,)]
    unchecked(source, "DROP TABLE old", "CREATE TABLE old (key_id INT PRIMARY KEY)", "INSERT INTO old VALUES (2)")
    task.run_until_caught_up()
    assert foreign_keys(destination, "c") == wanted
    # All change their names in turn, the one that refers among them.
    follow(task, source, PARENT, "RENAME TABLE d.c TO d.r, d.p TO d.x, d.old TO d.p, d.x TO d.old", "DELETE FROM d.p")
    assert foreign_keys(destination, "r") == {"f": "FOREIGN KEY (p) REFERENCES p(key_id) ON DELETE CASCADE"}
    assert destination.value("SELECT count(*) FROM d.r") == 0


@PAIRS
def test_a_key_that_its_rows_contradict(get, sluice, kind, to):
    source, destination, task = begin(
        get, sluice, kind, to, PARENT, CHILD.replace(" ON DELETE CASCADE", ""), "INSERT INTO d.p VALUES (1)",
        "INSERT INTO d.c VALUES (1, 1)",
    )  # fmt: skip
    unchecked(source, "DROP TABLE p", PARENT, "INSERT INTO p VALUES (2)")
    for finished in (task.run_until_caught_up(), task.run_until_caught_up(), task.call("cutover", check=0)):
        assert "validation of foreign key f of table d.c is refused" in finished.text, finished
        assert 'ALTER TABLE "d"."c" VALIDATE CONSTRAINT "f"' in finished.text, finished
    assert foreign_keys(destination, "c") == {"f": "FOREIGN KEY (p) REFERENCES p(id) NOT VALID"}


def test_a_table_that_does_not_fit_what_refers_to_it(get, sluice):
    """MariaDB takes it, and what refers to it does not act."""
    source, destination, task = begin(
        get, sluice, "mariadb", "pg18", PARENT, CHILD, "INSERT INTO d.p VALUES (1)", "INSERT INTO d.c VALUES (1, 1)"
    )
    for parent in ("(id BIGINT PRIMARY KEY)", "(id INT)", "(other INT PRIMARY KEY, id INT)"):
        unchecked(source, "DROP TABLE p", "CREATE TABLE p " + parent, "INSERT INTO p (id%s) VALUES (1%s)" % (
            (", other", ", 1") if "other" in parent else ("", "")))  # fmt: skip
        assert "foreign key f waits: table d.p does not fit" in task.run_until_caught_up().text
        follow(task, source, "DELETE FROM d.p")
        assert destination.value("SELECT count(*) FROM d.c") == 1
    follow(task, source, "INSERT INTO d.p VALUES (1, 1)", "ALTER TABLE d.p ADD KEY (id), DROP PRIMARY KEY, ADD PRIMARY KEY (id)")
    assert foreign_keys(destination, "c") == {"f": TO_P}
    follow(task, source, "DELETE FROM d.p")
    assert destination.value("SELECT count(*) FROM d.c") == 0


@PAIRS
def test_an_end_between_a_table_and_the_key_to_it(get, sluice, kind, to):
    source, destination, task = begin(
        get, sluice, kind, to, PARENT, CHILD, "INSERT INTO d.p VALUES (1)", "INSERT INTO d.c VALUES (1, 1)"
    )
    destination.execute(
        "CREATE FUNCTION public.no() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'not now'; END $$",
        "CREATE EVENT TRIGGER no ON ddl_command_start WHEN TAG IN ('ALTER TABLE') EXECUTE PROCEDURE public.no()",
    )
    try:
        unchecked(source, "DROP TABLE p", PARENT, "INSERT INTO p VALUES (1)")
        assert "not now" in task.run_until_caught_up(check=4).text
        assert foreign_keys(destination, "c") == {"f": TO_P}  # nothing of the statement is done
        destination.execute("ALTER EVENT TRIGGER no DISABLE")
        task.run_until_caught_up()
        unchecked(source, "DROP TABLE p")
        task.run_until_caught_up()
        destination.execute("ALTER EVENT TRIGGER no ENABLE")
        source.execute(PARENT, "INSERT INTO d.p VALUES (1)")
        assert "not now" in task.run_until_caught_up(check=4).text
        assert destination.value("SELECT to_regclass('d.p') IS NOT NULL")  # half of it
        destination.execute("CREATE INDEX by_hand ON d.p (id)")  # what somebody mends is not taken for the other half
    finally:
        destination.execute("DROP EVENT TRIGGER no")
    task.run_until_caught_up()
    assert foreign_keys(destination, "c") == {"f": TO_P}
    follow(task, source, "DELETE FROM d.p")
    assert destination.value("SELECT count(*) FROM d.c") == 0


def all_constraints(destination):
    return {
        tuple(row)
        for row in destination.query(
            "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint "
            "WHERE connamespace = 'd'::regnamespace AND contype <> 'n'"
        )
    }


@PAIRS
def test_a_dump_is_restored_over_what_is_followed(get, sluice, kind, to):
    """Each table is dropped and made anew, in the order of the alphabet, with rows that nobody checks."""
    source, destination, task = begin(
        get, sluice, kind, to, "CREATE TABLE d.z (id INT PRIMARY KEY, a INT, KEY (a))",
        "CREATE TABLE d.a (id INT AUTO_INCREMENT PRIMARY KEY, z INT, code VARCHAR(9) UNIQUE, e ENUM('x','y'), CONSTRAINT az FOREIGN "
        "KEY (z) REFERENCES z (id) ON DELETE SET NULL ON UPDATE CASCADE)",
        "ALTER TABLE d.z ADD CONSTRAINT za FOREIGN KEY (a) REFERENCES a (id)",
        "CREATE TABLE d.m (id INT, k INT, code VARCHAR(9), PRIMARY KEY (id, k), FOREIGN KEY (id) REFERENCES a (id) ON DELETE CASCADE, "
        "FOREIGN KEY (code) REFERENCES a (code), FOREIGN KEY (k) REFERENCES z (id))",
        "CREATE TABLE d.b (id INT PRIMARY KEY, m INT, k INT, up INT, CONSTRAINT bm FOREIGN KEY (m, k) REFERENCES m (id, k) ON UPDATE "
        "CASCADE, CONSTRAINT own FOREIGN KEY (up) REFERENCES b (id) ON DELETE CASCADE)",
        "INSERT INTO d.z VALUES (1, NULL), (2, NULL)",
        "INSERT INTO d.a VALUES (1, 1, 'one', 'x'), (2, 2, 'two', 'y'), (3, 1, NULL, NULL)",
        "UPDATE d.z SET a = id", "INSERT INTO d.m VALUES (1, 1, 'one'), (2, 1, 'two'), (3, 2, NULL)",
        "INSERT INTO d.b VALUES (1, 1, 1, NULL), (2, 2, 1, 1), (3, NULL, NULL, 2)",
    )  # fmt: skip
    begun = all_constraints(destination)
    dump = source.dump("d")
    assert dump.index("CREATE TABLE `a`") < dump.index("CREATE TABLE `z`")
    # Over what changed since, over nothing, and while the task runs.
    source.execute("DELETE FROM d.a WHERE id = 3", "INSERT INTO d.z VALUES (9, NULL)")
    source.restore("d", dump)
    task.run_until_caught_up()
    task.verify()
    assert all_constraints(destination) == begun
    unchecked(source, "DROP TABLE a, b, m, z")
    task.run_until_caught_up()
    task.start()
    source.restore("d", dump)
    source.execute("INSERT INTO d.z VALUES (7, NULL)", "INSERT INTO d.a VALUES (7, 7, NULL, 'y')",
                   "UPDATE d.z SET id = 8 WHERE id = 7",
                   "DELETE FROM d.b WHERE id = 1", "CREATE TABLE d.last (id INT PRIMARY KEY)")  # fmt: skip
    assert source.value("SELECT count(*) FROM d.b") == 0
    wait_until(lambda: destination.value("SELECT to_regclass('d.last') IS NOT NULL"), 60, lambda: task.log_text())
    assert destination.value("SELECT count(*) FROM d.b") == 0 and destination.value("SELECT z FROM d.a WHERE id = 7") == 8
    source.execute("DROP TABLE d.last")
    task.terminate()
    task.run_until_caught_up()
    task.verify()
    assert all_constraints(destination) == begun
    # As a new task makes them of the source as it is now.
    other = get.own(to)
    fresh = sluice(source, other, objects=OBJECTS, name="fresh")
    fresh.run_until_caught_up()
    assert all_constraints(other) == all_constraints(destination)


@PAIRS
def test_a_task_begins_with_keys_to_tables_that_are_not_there(get, sluice, kind, to):
    source, destination = get.shared(kind, "source"), get.shared(to, "destination")
    source.make_database("d")
    unchecked(source, CHILD.replace(" ON DELETE CASCADE", ""), "INSERT INTO c VALUES (1, 1)")
    task = sluice(source, destination, objects=OBJECTS)
    assert "table d.p is not carried, or not there" in task.run_until_caught_up().text
    assert foreign_keys(destination, "c") == {}
    unchecked(source, PARENT, "INSERT INTO p VALUES (1)")
    task.run_until_caught_up()
    assert foreign_keys(destination, "c") == {"f": "FOREIGN KEY (p) REFERENCES p(id)"}
    task.verify()
