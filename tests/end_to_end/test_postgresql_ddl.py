"""Statements that change tables, along PostgreSQL's log: event triggers at the source record them."""

import pytest

from tests.support import compare
from tests.support.waiting import wait_until

KINDS = ["pg10", pytest.param("pg15", marks=pytest.mark.soak), "pg18"]


@pytest.fixture(params=KINDS)
def servers(request, get):
    return get.shared(request.param, "source"), get.shared("pg15" if request.param != "pg15" else "pg18", "destination")


def prepare(source):
    source.execute(
        "CREATE SCHEMA d",
        "CREATE TABLE d.a (id integer PRIMARY KEY, v varchar(50))",
        "INSERT INTO d.a VALUES (1, 'one'), (2, 'two'), (3, 'three')",
        "CREATE TABLE d.b (id integer PRIMARY KEY, a integer REFERENCES d.a, n numeric(10,2) DEFAULT 1.5)",
        "INSERT INTO d.b VALUES (1, 1), (2, 2)",
    )


def same(source, destination, schema="d", there=None):
    compare.assert_equal(source, schema, destination, there)
    assert compare.shape(source, schema) == compare.shape(destination, there or schema)


def test_a_column_is_added(servers, sluice):
    source, destination = servers
    prepare(source)
    task = sluice(source, destination, objects=[{"database": "d"}])
    task.run_until_caught_up()
    source.execute(
        "INSERT INTO d.a VALUES (4, 'before')",
        "ALTER TABLE d.a ADD COLUMN n integer",
        "INSERT INTO d.a VALUES (5, 'after', 5)",
        "UPDATE d.a SET n = id WHERE id < 3",
    )
    task.run_until_caught_up()
    same(source, destination)


STATEMENTS = [
    "ALTER TABLE d.a ADD COLUMN n integer NOT NULL DEFAULT 4, ADD COLUMN t text DEFAULT 'it''s'",
    "INSERT INTO d.a (id, v) VALUES (100, 'after add')",
    "ALTER TABLE d.a ALTER v TYPE varchar(200)",
    "ALTER TABLE d.a ALTER v TYPE text",
    "UPDATE d.a SET v = v || '-long-long-long-long-long-long-long-long-long-long-long-long' WHERE id < 3",
    "ALTER TABLE d.a ALTER n TYPE bigint",
    "UPDATE d.a SET n = 5000000000 WHERE id = 1",
    "ALTER TABLE d.a RENAME v TO w",
    "UPDATE d.a SET w = 'renamed' WHERE id = 2",
    "ALTER TABLE d.a ALTER w SET DEFAULT 'dflt', ALTER n DROP DEFAULT, ALTER n DROP NOT NULL",
    "INSERT INTO d.a (id) VALUES (101)",
    "ALTER TABLE d.a ADD CONSTRAINT positive CHECK (id > 0), ADD CONSTRAINT other CHECK (w <> 'never') NOT VALID",
    "ALTER TABLE d.a VALIDATE CONSTRAINT other",
    "ALTER TABLE d.a RENAME CONSTRAINT other TO another",
    "ALTER TABLE d.a RENAME w TO v",
    "ALTER TABLE d.a DROP CONSTRAINT positive",
    "CREATE INDEX a_v ON d.a (lower(v), n DESC) WHERE n IS NOT NULL",
    "CREATE UNIQUE INDEX a_u ON d.a (n, id)",
    "ALTER INDEX d.a_v RENAME TO a_v2",
    "DROP INDEX d.a_u",
    "ALTER TABLE d.a ALTER n TYPE numeric(20,2)",
    "INSERT INTO d.a (id, n) VALUES (102, 1.25)",
    "ALTER TABLE d.a DROP COLUMN t, ADD COLUMN b boolean DEFAULT true",
    "DELETE FROM d.a WHERE id = 3",
    "ALTER TABLE d.b ADD CONSTRAINT b_n UNIQUE (n, id)",
    "ALTER TABLE d.b DROP CONSTRAINT b_n",
    "ALTER TABLE d.b DROP CONSTRAINT b_a_fkey",
    "INSERT INTO d.b VALUES (9, 999, 3)",
    "DELETE FROM d.b WHERE id = 9",
    "ALTER TABLE d.b ADD FOREIGN KEY (a) REFERENCES d.a ON DELETE CASCADE",
    "DELETE FROM d.a WHERE id = 1",
    "CREATE TABLE d.made (id serial PRIMARY KEY, e text CHECK (e <> ''), j jsonb, at timestamptz DEFAULT now())",
    "INSERT INTO d.made (e, j) VALUES ('a', '{\"x\": 1}'), ('b', NULL)",
    "CREATE TABLE d.ident (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, a integer REFERENCES d.a)",
    "INSERT INTO d.ident (a) VALUES (2), (NULL)",
    "CREATE TABLE d.like_made (LIKE d.made INCLUDING ALL)",
    "INSERT INTO d.like_made SELECT * FROM d.made",
    "CREATE TABLE d.keyless (a integer, t text)",
    "INSERT INTO d.keyless VALUES (1, 'x'), (1, 'x'), (2, NULL)",
    "UPDATE d.keyless SET t = 'y' WHERE a = 2",
    "DELETE FROM d.keyless WHERE a = 2",
    "ALTER TABLE d.keyless ADD COLUMN k integer",
    "ALTER TABLE d.made RENAME TO moved",
    "INSERT INTO d.moved (e) VALUES ('c')",
    "ALTER TABLE d.like_made RENAME TO made",
    "INSERT INTO d.made (id, e) VALUES (50, 'd')",
    "DROP TABLE d.ident",
    "TRUNCATE d.keyless",
    "INSERT INTO d.keyless VALUES (7)",
    "ALTER TABLE d.moved ADD COLUMN c1 integer, ADD COLUMN c2 integer",
    "INSERT INTO d.moved (e, c1, c2) VALUES ('x', 1, 2)",
    "BEGIN; ALTER TABLE d.moved RENAME c1 TO c3; ALTER TABLE d.moved RENAME c2 TO c1; "
    "ALTER TABLE d.moved RENAME c3 TO c2; COMMIT",
    "INSERT INTO d.moved (e, c1, c2) VALUES ('y', 1, 2)",
    "ALTER TABLE d.moved DROP CONSTRAINT made_pkey, ADD PRIMARY KEY (id, e)",
    "UPDATE d.moved SET e = e || '2'",
    "CREATE TABLE d.a_gone AS SELECT 1 AS id WITH NO DATA",
    "DROP TABLE d.a_gone",
    "ALTER TABLE d.a SET (fillfactor = 70)",
    "ALTER TABLE d.a ALTER v SET STATISTICS 50",
]


def statements(source):
    """The log of 10 does not have TRUNCATE."""
    return [one for one in STATEMENTS if source.major >= 11 or not one.startswith("TRUNCATE")]


def test_statements_between_changes(servers, sluice):
    """One after the other while the task runs."""
    source, destination = servers
    prepare(source)
    task = sluice(source, destination, objects=[{"database": "d"}])
    task.start()
    task.wait_caught_up()
    for statement in statements(source):
        source.execute(statement)
    task.follow_to(source, "d")
    same(source, destination)
    task.verify()
    assert task.terminate() == 0


def test_statements_waiting_in_the_log(servers, sluice):
    """The catalog is ahead of the log: the description of a table is the one of the log's place."""
    source, destination = servers
    prepare(source)
    task = sluice(source, destination, objects=[{"database": "d"}])
    task.run_until_caught_up()
    for statement in statements(source):
        source.execute(statement)
    task.run_until_caught_up()
    same(source, destination)


def test_each_statement_by_itself(get, sluice):
    """Each run goes on with the descriptions that the log had made before it."""
    source, destination = get.shared("pg15", "source"), get.shared("pg18", "destination")
    prepare(source)
    task = sluice(source, destination, objects=[{"database": "d"}])
    task.run_until_caught_up()
    for statement in statements(source):
        source.execute(statement)
        task.run_until_caught_up()
        try:
            same(source, destination)
        except AssertionError as error:
            raise AssertionError(statement) from error


def test_names_are_mapped(servers, sluice):
    source, destination = servers
    prepare(source)
    task = sluice(
        source,
        destination,
        objects=[{"database": "d", "rename": "d2"}],
        mapping=[{"kind": "table", "in": "d.*", "prefix": "x_"}],
    )
    task.run_until_caught_up()
    for statement in statements(source):
        source.execute(statement)
    task.run_until_caught_up()
    only = [compare.Mapped(t, "x_" + t) for t in compare.tables(source, "d")]
    compare.assert_equal(source, "d", destination, "d2", only=only)
    assert compare.tables(destination, "d2") == sorted("x_" + t for t in compare.tables(source, "d"))


MIXED = (
    "BEGIN; INSERT INTO d.a VALUES (10, 'first'); ALTER TABLE d.a ADD COLUMN n integer DEFAULT 7; "
    "INSERT INTO d.a VALUES (11, 'second', 1); SAVEPOINT s; ALTER TABLE d.a DROP COLUMN v; ROLLBACK TO s; "
    "UPDATE d.a SET n = id WHERE id > 9; CREATE TABLE d.c (id integer PRIMARY KEY, t text); "
    "INSERT INTO d.c VALUES (1, 'x'); ALTER TABLE d.c RENAME t TO u; INSERT INTO d.c VALUES (2, 'y'); "
    "TRUNCATE d.b; INSERT INTO d.b VALUES (5, 2); ALTER TABLE d.b DROP COLUMN n; INSERT INTO d.b VALUES (6, 3); COMMIT"
)


def test_a_transaction_that_mixes_rows_and_statements(servers, sluice):
    source, destination = servers
    prepare(source)
    task = sluice(source, destination, objects=[{"database": "d"}])
    task.start()
    task.wait_caught_up()
    mixed = MIXED if source.major >= 11 else MIXED.replace("TRUNCATE d.b;", "DELETE FROM d.b;")
    source.execute(mixed, "INSERT INTO d.a VALUES (12, 'later')")
    task.follow_to(source, "d")
    same(source, destination)
    assert task.terminate() == 0


def test_a_streamed_transaction_with_statements(get, sluice):
    source, destination = get.own("pg15", extra=["logical_decoding_work_mem=64kB"]), get.shared("pg18", "destination")
    prepare(source)
    task = sluice(source, destination, objects=[{"database": "d"}])
    task.run_until_caught_up()
    many = "INSERT INTO d.a (id, v) SELECT i, repeat('v', 40) FROM generate_series({0}, {0} + 25000) i; "
    source.execute(
        "BEGIN; " + many.format(1000) + "ALTER TABLE d.a ADD COLUMN n integer DEFAULT 1; " + many.format(50000) + "COMMIT"
    )
    task.run_until_caught_up()
    same(source, destination)


def test_what_rows_had_before_a_column(servers, sluice):
    """The value that older rows got at the source, whatever the default says."""
    source, destination = servers
    prepare(source)
    task = sluice(source, destination, objects=[{"database": "d"}])
    task.run_until_caught_up()
    source.execute("ALTER TABLE d.a ADD COLUMN c integer DEFAULT 5, ADD COLUMN s varchar(9) NOT NULL DEFAULT 'x'")
    if source.major >= 11:
        source.execute("ALTER TABLE d.a ADD COLUMN at timestamptz DEFAULT now()")
        source.execute("ALTER TABLE d.a ADD COLUMN u text DEFAULT current_user")
        source.execute("ALTER TABLE d.a ADD COLUMN k integer DEFAULT 8, ALTER COLUMN k SET DEFAULT 9")
    if source.major >= 12 and destination.major >= 12:
        source.execute("ALTER TABLE d.a ADD COLUMN twice integer GENERATED ALWAYS AS (id * 2) STORED")
    source.execute("INSERT INTO d.a (id) VALUES (20)")
    task.run_until_caught_up()
    same(source, destination)


REFUSED = {
    "random": ("ALTER TABLE d.a ADD COLUMN r double precision DEFAULT random()", "differs from row to row"),
    "serial": ("ALTER TABLE d.a ADD COLUMN s serial", "differs from row to row"),
    "using inside": ("DO $$BEGIN ALTER TABLE d.a ALTER v TYPE varchar(50) USING upper(v); END$$", "USING"),
    "using": ("ALTER TABLE d.a ALTER v TYPE integer USING length(v)", "USING"),
    "in a block": ("DO $$BEGIN ALTER TABLE d.b ALTER id TYPE bigint; END$$", "inside of a function or block"),
    "by settings": ("ALTER TABLE d.a ADD COLUMN f float8; ALTER TABLE d.a ALTER f TYPE text", "settings of the session"),
    "the type it had": ("ALTER TABLE d.a ALTER v TYPE varchar(50) USING upper(v)", "USING"),
    "out of the selection": ("ALTER TABLE d.b SET SCHEMA public", "not selected"),
    "schema": ("ALTER SCHEMA d RENAME TO e", "not selected"),
    "domain": ("ALTER TABLE d.b ADD COLUMN x d.moment", "differs from row to row"),
    "attached": ("ALTER TABLE d.p ATTACH PARTITION other.p9 FOR VALUES FROM (90) TO (99)", "came with rows"),
    "detached": ("ALTER TABLE d.p DETACH PARTITION d.p1", "was detached"),
    "with rows": ("CREATE TABLE d.made AS SELECT 1 AS id", "came with rows"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_done_over_exactly_stops_the_task(get, sluice, name):
    source, destination = get.shared("pg15", "source"), get.shared("pg15", "destination")
    prepare(source)
    source.execute(
        "CREATE DOMAIN d.moment AS double precision DEFAULT random()",
        "CREATE TABLE d.p (id integer PRIMARY KEY) PARTITION BY RANGE (id)",
        "CREATE TABLE d.p1 PARTITION OF d.p FOR VALUES FROM (0) TO (10)",
        "CREATE SCHEMA other",  # of which the task carries nothing
        "CREATE TABLE other.p9 (id integer PRIMARY KEY)",
        "INSERT INTO other.p9 VALUES (95)",
    )
    task = sluice(source, destination, objects=[{"database": "d"}])
    task.run_until_caught_up()
    before = compare.shape(destination, "d")
    statement, why = REFUSED[name]
    source.execute("INSERT INTO d.a VALUES (10, '10')", statement)
    done = task.run_until_caught_up(check=None)
    assert done.code == 4, done
    assert "PG-0122" in done.text and why in done.text and statement[:30] in done.text, done
    if name != "by settings":
        assert compare.shape(destination, "d") == before
    assert destination.value("SELECT count(*) FROM d.a") == 4, "what was before the statement is there"


def test_kinds_that_are_not_allowed(servers, sluice):
    source, destination = servers
    prepare(source)
    task = sluice(
        source,
        destination,
        objects=[{"database": "d", "operations": {"dml": ["insert", "update", "delete"], "ddl": ["create_index"]}}],
    )
    task.run_until_caught_up()
    source.execute(
        "CREATE INDEX a_v ON d.a (v)",
        "CREATE TABLE d.made (id integer PRIMARY KEY)",
        "INSERT INTO d.made VALUES (1)",
        "ALTER TABLE d.a ADD CHECK (id > 0)",
        "INSERT INTO d.a VALUES (10, 'x')",
        "DROP TABLE d.b",
    )
    task.run_until_caught_up()
    assert compare.tables(destination, "d") == ["a", "b"]
    assert destination.value("SELECT count(*) FROM pg_indexes WHERE schemaname = 'd' AND indexname = 'a_v'") == 1
    compare.assert_equal(source, "d", destination, only=[compare.Mapped("a")])
    source.execute("ALTER TABLE d.a ADD COLUMN n integer", "INSERT INTO d.a VALUES (11, 'x', 1)")
    done = task.run_until_caught_up(check=None)
    assert done.code == 4 and "PL-0206" in done.text and "ALTER TABLE d.a ADD COLUMN n integer" in done.text, done


def test_nothing_is_left_at_the_source(servers, sluice):
    source, destination = servers
    prepare(source)
    task = sluice(source, destination, objects=[{"database": "d"}])
    task.run_until_caught_up()
    assert source.value("SELECT count(*) FROM pg_event_trigger WHERE evtname LIKE 'sluice%'") == 3
    task.run_until_caught_up("--restart")
    assert source.value("SELECT count(*) FROM pg_event_trigger WHERE evtname LIKE 'sluice%'") == 3
    task.call("release", check=0)
    assert source.value("SELECT count(*) FROM pg_event_trigger") == 0
    assert source.value("SELECT count(*) FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace WHERE nspname = 'sluice'") == 0
    assert source.value("SELECT count(*) FROM pg_namespace WHERE nspname = 'sluice'") == 0
    assert source.value("SELECT count(*) FROM pg_publication") == 0


def test_the_application_does_not_notice(get, sluice):
    """A role without rights on anything of Sluice's; a failing function is a warning of the task, not of the statement."""
    source, destination = get.own("pg15"), get.shared("pg15", "destination")
    prepare(source)
    source.create_account("app", "pw", "CREATE ON SCHEMA d", "USAGE ON SCHEMA d")
    task = sluice(source, destination, objects=[{"database": "d"}])
    task.run_until_caught_up()
    with source.session(user="app", password="pw") as session:
        session.execute("CREATE TABLE d.own (id integer PRIMARY KEY)")
        session.execute("INSERT INTO d.own VALUES (1)")
        session.execute("ALTER TABLE d.own ADD COLUMN n integer DEFAULT 3")
        session.execute("CREATE TEMP TABLE t (id integer)")
    task.run_until_caught_up()
    compare.assert_equal(source, "d", destination)
    name = source.value("SELECT evtname FROM pg_event_trigger WHERE evtevent = 'ddl_command_end'")
    source.execute(f"ALTER TABLE sluice.{name} ADD COLUMN broken integer NOT NULL")
    with source.session(user="app", password="pw") as session:
        session.execute("ALTER TABLE d.own ADD COLUMN m integer")
        session.execute("INSERT INTO d.own VALUES (2, 2, 2)")
    done = task.run_until_caught_up(check=None)
    assert done.code == 4 and "PG-0205" in done.text, done


@pytest.mark.parametrize("kind", KINDS)
def test_killed_between_statement_and_row(get, sluice, kind):
    source, destination = get.shared(kind, "source"), get.shared("pg15", "destination")
    prepare(source)
    task = sluice(source, destination, objects=[{"database": "d"}])
    task.start()
    task.wait_caught_up()
    for number in range(6):
        source.execute(
            f"BEGIN; INSERT INTO d.a (id) VALUES ({100 + 2 * number}); ALTER TABLE d.a ADD COLUMN c{number} integer "
            f"DEFAULT {number}; INSERT INTO d.a (id) VALUES ({101 + 2 * number}); COMMIT"
        )
        wanted = f"SELECT count(*) FROM pg_attribute WHERE attrelid = 'd.a'::regclass AND attname = 'c{number}'"
        wait_until(lambda: destination.value(wanted) == 1, 60, "the column", 0.001)
        task.kill()
        task.start()
    task.wait_caught_up()
    task.follow_to(source, "d")
    same(source, destination)
    assert task.terminate() == 0


def test_partitions_come_and_go(servers, sluice):
    source, destination = servers
    prepare(source)
    if source.major < 11:
        pytest.skip("indexes of partitioned tables need 11")
    source.execute(
        "CREATE TABLE d.p (id integer, v text, PRIMARY KEY (id)) PARTITION BY RANGE (id)",
        "CREATE TABLE d.p1 PARTITION OF d.p FOR VALUES FROM (0) TO (10)",
        "INSERT INTO d.p VALUES (1, 'a')",
    )
    task = sluice(source, destination, objects=[{"database": "d"}])
    task.run_until_caught_up()
    source.execute(
        "CREATE TABLE d.p2 PARTITION OF d.p FOR VALUES FROM (10) TO (20)",
        "INSERT INTO d.p VALUES (2, 'b'), (12, 'c')",
        "ALTER TABLE d.p ADD COLUMN n integer DEFAULT 4",
        "INSERT INTO d.p VALUES (13, 'd', 1)",
        "CREATE INDEX p_v ON d.p (v)",
        "DROP TABLE d.p1",
        "CREATE TABLE d.p0 PARTITION OF d.p FOR VALUES FROM (-10) TO (5)",
        "INSERT INTO d.p VALUES (3, 'e', 2)",
    )
    task.run_until_caught_up()
    compare.assert_equal(source, "d", destination)


def test_other_schemas_are_left_alone(servers, sluice):
    source, destination = servers
    prepare(source)
    source.execute("CREATE SCHEMA other")
    task = sluice(source, destination, objects=[{"database": "d", "tables": ["a"]}])
    task.run_until_caught_up()
    source.execute(
        "CREATE TABLE other.x (id integer)", "INSERT INTO other.x VALUES (1)", "UPDATE other.x SET id = 2",
        "CREATE TABLE d.unwanted (id integer PRIMARY KEY)", "INSERT INTO d.unwanted VALUES (1)",
        "ALTER TABLE d.b ADD COLUMN more integer", "UPDATE d.b SET more = 1",
        "ALTER TABLE d.a ADD COLUMN n integer", "UPDATE d.a SET n = 1",
    )
    task.run_until_caught_up()
    assert compare.tables(destination, "d") == ["a"]
    compare.assert_equal(source, "d", destination, only=[compare.Mapped("a")])


# Groups of statements after which both sides are the same.
MORE = {
    "concurrently": [
        "CREATE INDEX CONCURRENTLY a_v ON d.a (v)",
        "INSERT INTO d.a VALUES (10, 'x')",
        "DROP INDEX CONCURRENTLY d.a_v",
        "CREATE UNIQUE INDEX CONCURRENTLY a_u ON d.a (v, id)",
        "ALTER TABLE d.a ADD CONSTRAINT a_uu UNIQUE USING INDEX a_u",
    ],
    "dropped together": [
        "ALTER TABLE d.a ADD COLUMN n integer DEFAULT 2, ADD COLUMN m integer",
        "ALTER TABLE d.a DROP COLUMN m, ALTER n TYPE bigint",
        "UPDATE d.a SET n = 5000000000",
        "ALTER TABLE d.a DROP CONSTRAINT a_pkey CASCADE",
        "UPDATE d.a SET n = 3 WHERE id = 1",
        "INSERT INTO d.b VALUES (7, 777)",
        "DROP TABLE d.a CASCADE",
    ],
    "dropped table that others refer to": ["DROP TABLE d.a CASCADE", "UPDATE d.b SET a = 77"],
    "type is dropped": [
        "CREATE TABLE d.t (id integer PRIMARY KEY, m d.mood DEFAULT 'sad')",
        "INSERT INTO d.t VALUES (1)",
        "ALTER TABLE d.a ADD COLUMN m d.mood DEFAULT 'happy'",
        "INSERT INTO d.a VALUES (10, 'x', 'sad')",
        "ALTER TABLE d.t ADD COLUMN p d.positive DEFAULT 3",
        "ALTER TABLE d.a DROP COLUMN m",
    ],
    "identity": [
        "ALTER TABLE d.b ALTER id ADD GENERATED BY DEFAULT AS IDENTITY (START 50)",
        "INSERT INTO d.b (a) VALUES (1)",
        "ALTER TABLE d.b ALTER id SET GENERATED ALWAYS",
        "INSERT INTO d.b (a) VALUES (2)",
        "ALTER TABLE d.b ALTER id DROP IDENTITY",
        "INSERT INTO d.b (id, a) VALUES (60, 2)",
    ],
    "empty table": [
        "CREATE TABLE d.e (id integer PRIMARY KEY)",
        "ALTER TABLE d.e ADD COLUMN s serial, ADD COLUMN r float8 DEFAULT random()",
        "ALTER TABLE d.e ADD COLUMN t text; ALTER TABLE d.e ALTER t TYPE integer USING length(t)",
        "INSERT INTO d.e (id, t) VALUES (1, 3)",
    ],
    "inheritance": [
        "CREATE TABLE d.up (id integer PRIMARY KEY, v text)",
        "CREATE TABLE d.down (extra text DEFAULT 'e', PRIMARY KEY (id)) INHERITS (d.up)",
        "INSERT INTO d.up VALUES (1, 'u')",
        "INSERT INTO d.down VALUES (2, 'd')",
        "ALTER TABLE d.up ADD COLUMN n integer DEFAULT 6",
        "INSERT INTO d.down (id, n) VALUES (3, 9)",
        "ALTER TABLE d.up RENAME v TO w",
        "ALTER TABLE d.up ALTER n TYPE bigint",
        "UPDATE d.up SET n = 1000000000000",
        "ALTER TABLE d.down ADD COLUMN own integer DEFAULT 1",
        "ALTER TABLE d.up DROP COLUMN n",
    ],
    "online schema change": [
        "CREATE TABLE d.a_new (LIKE d.b INCLUDING ALL)",
        "INSERT INTO d.a_new SELECT * FROM d.b",
        "ALTER TABLE d.a_new ADD COLUMN more text",
        "BEGIN; ALTER TABLE d.b RENAME TO b_old; ALTER TABLE d.a_new RENAME TO b; INSERT INTO d.b VALUES (9); COMMIT",
        "DROP TABLE d.b_old",
        "UPDATE d.b SET more = 'x'",
    ],
    "key comes later": [
        "CREATE TABLE d.k (id integer, v text)",
        "INSERT INTO d.k SELECT i, 'x' FROM generate_series(1, 50) i",
        "ALTER TABLE ONLY d.k ADD CONSTRAINT k_pkey PRIMARY KEY (id)",
        "UPDATE d.k SET v = 'y' WHERE id < 20",
    ],
    "in a function": [
        "DO $$BEGIN ALTER TABLE d.a ADD COLUMN n integer DEFAULT 3; EXECUTE 'CREATE TABLE d.f (id integer PRIMARY KEY)'; "
        "INSERT INTO d.f VALUES (1); ALTER TABLE d.a ALTER v TYPE text; END$$",
        "INSERT INTO d.a VALUES (10, repeat('x', 100), 1)",
    ],
    "rolled back": [
        "BEGIN; CREATE TABLE d.never (id integer PRIMARY KEY); ALTER TABLE d.a ADD COLUMN no integer; ROLLBACK",
        "INSERT INTO d.a VALUES (10, 'x')",
    ],
    "nothing of ours": [
        "CREATE TEMP TABLE t (id integer)",
        "CREATE VIEW public.v AS SELECT 1 AS x",
        "ALTER TABLE d.a OWNER TO CURRENT_USER",
        "ALTER TABLE d.a ENABLE TRIGGER ALL",
        "ANALYZE d.a",
        "CREATE SCHEMA elsewhere CREATE TABLE x (id integer)",
        "DROP SCHEMA elsewhere CASCADE",
        "REINDEX TABLE d.a",
        "INSERT INTO d.a VALUES (10, 'x')",
    ],
    "odd names": [
        """CREATE TABLE d."Odd ""name""\" ("a b" integer PRIMARY KEY, "select" text DEFAULT '(),"\\')""",
        """INSERT INTO d."Odd ""name""\" VALUES (1)""",
        """ALTER TABLE d."Odd ""name""\" ADD COLUMN "x,y" text DEFAULT 'a"b\\c,(d)', ADD CHECK ("a b" > 0)""",
        """ALTER TABLE d."Odd ""name""\" RENAME "select" TO "from\"""",
        """INSERT INTO d."Odd ""name""\" VALUES (2)""",
    ],
}


@pytest.mark.parametrize("name", MORE)
def test_more_statements(servers, sluice, name):
    source, destination = servers
    prepare(source)
    source.execute("CREATE TYPE d.mood AS ENUM ('sad', 'happy')", "CREATE DOMAIN d.positive AS integer CHECK (VALUE > 0)")
    task = sluice(source, destination, objects=[{"database": "d", "rename": "d2"}])
    task.run_until_caught_up()
    for statement in MORE[name]:
        if source.major < 11:  # whose catalog does not know what older rows have
            statement = statement.replace("ADD COLUMN n integer DEFAULT 3; EXECUTE", "ADD COLUMN n integer; EXECUTE")
        source.execute(statement)
    task.run_until_caught_up()
    compare.assert_equal(source, "d", destination, "d2")
    here, there = compare.shape(source, "d"), compare.shape(destination, "d2")
    if name in ("dropped together", "key comes later"):  # the source logs whole rows now
        for shape in (here, there):
            shape.pop("tables", None)
    assert here == there


def test_an_account_that_may_not_is_told(get, sluice):
    """Without event triggers a changed table stops the task, as it always did."""
    source, destination = get.own("pg15"), get.shared("pg15", "destination")
    prepare(source)
    source.create_account("mover", "pw-Of-mover1", "REPLICATION", "CREATE ON DATABASE app", "ALL ON SCHEMA d")
    source.execute("ALTER SCHEMA d OWNER TO mover", "ALTER TABLE d.a OWNER TO mover", "ALTER TABLE d.b OWNER TO mover")
    task = sluice(
        source, destination, objects=[{"database": "d"}], source_user="mover", source_password="pw-Of-mover1"
    )
    found = task.call("precheck", check=0)
    assert "Statements that change tables" in found.text and "ALTER ROLE" in found.text, found
    task.run_until_caught_up()
    assert source.value("SELECT count(*) FROM pg_event_trigger") == 0
    assert source.value("SELECT count(*) FROM pg_namespace WHERE nspname = 'sluice'") == 0
    source.execute("ALTER TABLE d.a ADD COLUMN n integer", "INSERT INTO d.a VALUES (9, 'x', 1)")
    done = task.run_until_caught_up(check=None)
    assert done.code == 4 and "PG-0205" in done.text, done


def test_nothing_is_made_where_nothing_is_allowed(get, sluice):
    source, destination = get.shared("pg15", "source"), get.shared("pg15", "destination")
    prepare(source)
    task = sluice(source, destination, objects=[{"database": "d", "operations": {"ddl": []}}])
    task.run_until_caught_up()
    assert source.value("SELECT count(*) FROM pg_event_trigger") == 0


def test_tables_are_created_under_the_load(servers, sluice):
    source, destination = servers
    prepare(source)
    source.execute(
        "CREATE TABLE d.large (id integer PRIMARY KEY, v text)",
        "INSERT INTO d.large SELECT i, repeat('v', 100) FROM generate_series(1, 60000) i",
    )
    task = sluice(source, destination, objects=[{"database": "d"}], limits={"rows_per_second": 8000})
    task.start()
    # Behind the cut: what is altered around it ends the run with an error of its own.
    task.wait_status(lambda status: (status.get("progress") or {}).get("rows_loaded"), 60, "the first rows")
    for number in range(5):
        source.execute(
            f"CREATE TABLE d.made{number} (id serial PRIMARY KEY, a integer REFERENCES d.a)",
            f"INSERT INTO d.made{number} (a) VALUES (1), (2)",
            f"CREATE INDEX made{number}_a ON d.made{number} (a)",
            f"ALTER TABLE d.made{number} ADD COLUMN n integer DEFAULT {number}",
        )
    source.execute("CREATE INDEX large_v ON d.large (id, v)", "UPDATE d.large SET v = 'x' WHERE id < 10")
    task.wait_caught_up()
    source.execute("ALTER TABLE d.large DROP COLUMN v", "INSERT INTO d.made0 (a) VALUES (3)")
    task.follow_to(source, "d")
    same(source, destination)
    assert task.terminate() == 0


def test_two_tasks_of_one_source(get, sluice):
    """Each has its own event triggers, and none takes anything from the other."""
    source, destination = get.shared("pg15", "source"), get.shared("pg15", "destination")
    prepare(source)
    tasks = [
        sluice(source, destination, objects=[{"database": "d", "rename": f"d{number}"}], name=f"task{number}")
        for number in (1, 2)
    ]
    for task in tasks:
        task.run_until_caught_up()
    source.execute(
        "ALTER TABLE d.a ADD COLUMN n integer DEFAULT 4", "CREATE TABLE d.k (v text)", "INSERT INTO d.k VALUES ('x')"
    )
    for number, task in enumerate(tasks, 1):
        task.run_until_caught_up()
        compare.assert_equal(source, "d", destination, f"d{number}")
    source.execute("ALTER TABLE d.a ALTER v TYPE varchar(50) USING upper(v)")
    for task in tasks:
        done = task.run_until_caught_up(check=None)
        assert done.code == 4 and "USING" in done.text, done
    tasks[0].call("release", check=0)
    source.execute("ALTER TABLE d.b ADD COLUMN x integer")
    assert source.value("SELECT count(*) FROM pg_event_trigger") == 3


def test_sessions_that_create_tables_side_by_side(servers, sluice):
    """Both are in the publication, or the task says which is not; no statement of the application fails."""
    source, destination = servers
    prepare(source)
    task = sluice(source, destination, objects=[{"database": "d"}])
    task.run_until_caught_up()
    with source.session(autocommit=False) as one, source.session() as two:
        one.execute("CREATE TABLE d.one (id integer PRIMARY KEY)")
        one.execute("INSERT INTO d.one VALUES (1)")
        two.execute("CREATE TABLE d.two (id integer PRIMARY KEY)")
        two.execute("INSERT INTO d.two VALUES (1)")
        one.connection.commit()
    done = task.run_until_caught_up(check=None)
    if done.code == 0:
        compare.assert_equal(source, "d", destination)
    else:
        assert "PG-0122" in done.text and "lock timeout" in done.text and "d.two" in done.text, done


def test_what_is_left_of_a_task_is_listed_and_removed(get, sluice):
    source, destination = get.own("pg15"), get.shared("pg15", "destination")
    prepare(source)
    task = sluice(source, destination, objects=[{"database": "d"}])
    task.run_until_caught_up()
    found = task.call("cleanup", "--json", check=0).json["objects"]
    assert {one["kind"] for one in found} == {"replication slot", "publication", "event trigger"}
    assert {one["task"] for one in found} == {"test"}, found
    name = found[0]["name"]
    assert task.call("cleanup", "--remove", name).code != 0, "the task may go on"
    other = sluice(source, destination, objects=[{"database": "d"}], name="another")
    done = other.call("cleanup", "--remove", name, "--json", check=0).json
    assert len(done["removed"]) == 3 and done["objects"] == [], done
    assert source.value("SELECT count(*) FROM pg_event_trigger") == 0
    assert source.value("SELECT count(*) FROM pg_namespace WHERE nspname = 'sluice'") == 0


def test_a_followed_table_becomes_a_partition(get, sluice):
    """It is at the destination already, with its rows."""
    source, destination = get.shared("pg15", "source"), get.shared("pg18", "destination")
    source.execute(
        "CREATE SCHEMA d",
        "CREATE TABLE d.p (k integer NOT NULL, id integer NOT NULL, v text, PRIMARY KEY (k, id)) PARTITION BY LIST (k)",
        "CREATE INDEX p_v ON d.p (v)",
        "CREATE TABLE d.p1 PARTITION OF d.p FOR VALUES IN (1)",
        "INSERT INTO d.p VALUES (1, 1, 'a')",
        "CREATE TABLE d.old (k integer NOT NULL, id integer NOT NULL, v text, PRIMARY KEY (k, id))",
        "INSERT INTO d.old VALUES (2, 1, 'b')",
    )
    task = sluice(source, destination, objects=[{"database": "d"}])
    task.run_until_caught_up()
    source.execute(
        "INSERT INTO d.old VALUES (2, 2, 'before')",
        "ALTER TABLE d.p ATTACH PARTITION d.old FOR VALUES IN (2)",
        "INSERT INTO d.p VALUES (2, 3, 'after')",
        "CREATE TABLE d.p9 (LIKE d.p INCLUDING ALL)",
        "ALTER TABLE d.p ATTACH PARTITION d.p9 FOR VALUES IN (9)",
        "INSERT INTO d.p VALUES (9, 1, 'a')",
        "BEGIN; CREATE TABLE d.p7 (LIKE d.p INCLUDING ALL); ALTER TABLE d.p ATTACH PARTITION d.p7 FOR VALUES IN (7); "
        "INSERT INTO d.p VALUES (7, 1, 'a'); COMMIT",
    )
    task.run_until_caught_up()
    same(source, destination)
    source.execute("UPDATE d.p SET v = v || '!'", "TRUNCATE d.old", "ALTER TABLE d.p ADD COLUMN n integer DEFAULT 3")
    task.run_until_caught_up()
    same(source, destination)
    task.verify()


def test_new_tables_that_the_server_could_not_update_are_not_published(get, sluice):
    """A whole row as identity with a virtual column: from 18 on the server refuses the application's UPDATE."""
    source, destination = get.shared("pg18", "source"), get.shared("pg15", "destination")
    source.execute("CREATE SCHEMA d", "CREATE TABLE d.a (id integer PRIMARY KEY)")
    task = sluice(source, destination, objects=[{"database": "d"}])
    task.run_until_caught_up()
    source.execute(
        "CREATE TABLE d.n (a integer, b integer GENERATED ALWAYS AS (a * 2) VIRTUAL)",
        "INSERT INTO d.n VALUES (1)",
        "UPDATE d.n SET a = 2",
    )
    text = task.run_until_caught_up(check=4).text
    assert "d.n has no primary key, and a virtual generated column" in text, text


def test_new_tables_that_are_not_selected_are_left_alone(servers, sluice):
    source, destination = servers
    prepare(source)
    source.execute("CREATE SCHEMA e", "CREATE TABLE e.t (id integer PRIMARY KEY)")
    objects = [{"database": "d", "tables": ["a", "new_*", "x?", "par*"]}, {"database": "e", "exclude": ["log*"]}]
    task = sluice(source, destination, objects=objects)
    task.run_until_caught_up()
    source.execute(
        *[f"CREATE TABLE d.{name} (t text)" for name in ("logs", "new_1", "newt", "xa", "xab")],
        *[f"CREATE TABLE e.{name} (t text)" for name in ("logs", "kept")],
        "CREATE TABLE d.par (k integer, t text) PARTITION BY LIST (k)",
        "CREATE TABLE d.q1 PARTITION OF d.par FOR VALUES IN (1)",
        "INSERT INTO d.par VALUES (1, 'x')",
        "INSERT INTO d.new_1 VALUES ('x'), ('x')",
        "UPDATE d.new_1 SET t = 'y'",
        "DELETE FROM d.par",
    )
    touched = source.query(
        "SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE "
        "c.relreplident = 'f' AND c.relkind = 'r' AND n.nspname IN ('d', 'e') ORDER BY 1"
    )
    assert [name for (name,) in touched] == ["d.new_1", "d.q1", "d.xa", "e.kept"]
    task.run_until_caught_up()
    published = source.query("SELECT schemaname || '.' || tablename FROM pg_publication_tables")
    assert not {"d.logs", "d.newt", "d.xab", "e.logs"} & {name for (name,) in published}, published
    assert destination.query("SELECT t FROM d.new_1") == [("y",), ("y",)]


def test_names_that_look_like_words_of_statements(get, sluice):
    """What the server writes of an index is cut where its own words stand, not where a name has them."""
    source, destination = get.shared("pg15", "source"), get.shared("pg18", "destination")
    source.execute(
        "CREATE SCHEMA d",
        'CREATE TABLE d."a USING b" (id integer PRIMARY KEY, "v ON w" text, "x DEFERRABLE" integer UNIQUE)',
        'CREATE INDEX "i USING j" ON d."a USING b" ("v ON w")',
        'CREATE STATISTICS d."s ON (t" ON id, "v ON w" FROM d."a USING b"',
        """INSERT INTO d."a USING b" VALUES (1, 'a', 1)""",
    )
    task = sluice(source, destination, objects=[{"database": "d"}])
    task.run_until_caught_up()
    source.execute(
        'ALTER INDEX d."i USING j" RENAME TO "k USING l"',
        'CREATE INDEX "m USING n" ON d."a USING b" (id, "v ON w")',
        """INSERT INTO d."a USING b" VALUES (2, 'a', 3)""",
    )
    task.run_until_caught_up()
    same(source, destination)
