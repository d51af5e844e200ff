"""Every column type of PostgreSQL with its boundary values, as SQL text; see every_type.py."""

import dataclasses

from ..servers.postgresql import major

AWKWARD = [
    r"E'tab\there'",
    r"E'line\nbreak'",
    r"E'carriage\rreturn'",
    r"E'back\\slash'",
    r"E'\\N'",
    r"E'\\.'",
    r"E'\\.\n\\.'",
    "'N'",
    "'NULL'",
    "'quote''s \"both\"'",
    r"E'\x01\x1a\x7f'",
    "''",
    "' leading and trailing '",
    r"E'\b\f\v'",
    "'{1,2}'",
    r"E'\n\n'",
]

_MOOD = "CREATE TYPE mood AS ENUM ('ok', 'it''s \"so\"', 'ü', 'with, comma', '')"
_PRICE = "CREATE DOMAIN price AS numeric(10,2) CHECK (VALUE >= 0)"
_TAGS = "CREATE DOMAIN tags AS text[] CHECK (cardinality(VALUE) < 10)"
_ADDRESS = "CREATE TYPE address AS (street text, nr int, tags text[], m mood, p price)"
_NESTED = "CREATE TYPE nested AS (a address, list address[], note text)"
_DATES = "CREATE TYPE textrange AS RANGE (subtype = text)"


@dataclasses.dataclass(frozen=True)
class Case:
    name: str
    type: str
    values: tuple
    since: int = 9  # major version
    needs: tuple = ()

    @property
    def table(self):
        return "ty_" + self.name


def _case(name, kind, *values, **more):
    return Case(name, kind, tuple(str(v) for v in values), **more)


def _texts(*values):
    return ["'" + value.replace("'", "''") + "'" for value in values]


def _numbers():
    for name, bits in (("smallint", 16), ("integer", 32), ("bigint", 64)):
        least = f"'{-(2 ** (bits - 1))}'::{name}"
        yield _case(name, name, 0, 1, -1, least, 2 ** (bits - 1) - 1, 42)
    yield _case("boolean", "boolean", "true", "false")
    yield _case("oid", "oid", 0, 4294967295, 16384)
    yield _case(
        "numeric", "numeric", 0, "0.00", "1.500", "-0.000000001", "'NaN'", "1e1000", "1e-1000",
        "('9' || repeat('0', 20000) || '.' || repeat('0', 5000) || '1')::numeric", "12345678901234567890.123456789",
        "10000", "100000000", "0.0001", "-99999999.99999999",
    )
    yield _case("numeric_infinite", "numeric", "'Infinity'", "'-Infinity'", since=14)
    yield _case("numeric_38_10", "numeric(38,10)", 0, "'NaN'", "9" * 28 + "." + "9" * 10, "-0.0000000001")
    yield _case("numeric_1000_500", "numeric(1000,500)", "1e499", "1e-500", "-1.5")
    yield _case("numeric_5_minus2", "numeric(5,-2)", "1234500", "-100", 0, since=15)
    floats = ["0", "'-0'", "0.1", "1", "'NaN'", "'Infinity'", "'-Infinity'", "123456789"]
    yield _case("real", "real", *floats, "3.4028235e38", "-3.4028235e38", "1.1754944e-38", "1.4e-45", "16777217", "0.3")
    yield _case(
        "double", "double precision", *floats, "1.7976931348623157e308", "2.2250738585072014e-308",
        "4.9406564584124654e-324", "9007199254740993", "0.30000000000000004", "1e15", "1e16", "1e22", "1e23",
    )
    yield _case("money", "money", "'0'", "'-92233720368547758.08'", "'92233720368547758.07'", "'0.01'")
    for bits in (1, 8, 13, 64, 65, 1000):
        yield _case(f"bit{bits}", f"bit({bits})", f"repeat('0', {bits})::bit({bits})", f"repeat('1', {bits})::bit({bits})")
    yield _case("varbit", "bit varying", "B''", "B'1'", "B'0101'", "repeat('110', 5000)::bit varying")
    yield _case("varbit9", "bit varying(9)", "B''", "B'010101010'")
    yield _case("pg_lsn", "pg_lsn", "'0/0'", "'FFFFFFFF/FFFFFFFF'", "'16/B374D848'")


def _times():
    yield _case("date", "date", *_texts("4713-01-01 BC", "0001-12-31 BC", "0001-01-01", "5874897-12-31", "infinity",
                                        "-infinity", "2024-02-29", "1582-10-10"))
    for digits in ("", "(0)", "(3)", "(6)"):
        name = digits.strip("()")
        yield _case(f"time{name}", f"time{digits}", *_texts("00:00:00", "24:00:00", "12:34:56.789012", "23:59:59.999"))
        yield _case(
            f"timetz{name}", f"time{digits} with time zone",
            *_texts("00:00:00+15:59:59", "24:00:00-15:59:59", "12:34:56.789012+05:45", "12:00:00-00:30", "23:59:59.9+00"),
        )
        moments = _texts(
            "4713-01-01 00:00:00 BC", "0001-12-31 23:59:59.999999 BC", "294276-12-31 23:59:59", "infinity", "-infinity",
            "1970-01-01 00:00:00", "1969-12-31 23:59:59.5", "2024-02-29 12:34:56.789012", "2000-01-01 00:00:00.000001",
            "1900-01-01 00:00:00",
        )
        yield _case(f"timestamp{name}", f"timestamp{digits}", *moments)
        yield _case(f"timestamptz{name}", f"timestamp{digits} with time zone", *moments, "'2024-10-27 01:30:00+01'")
        yield _case(
            f"interval{name}", f"interval{digits}",
            *_texts("0", "-178000000 years", "178000000 years", "1 year -2 mons 3 days -04:05:06.789012",
                    "-0.000001 seconds", "-1 days +23:59:59", "100 hours", "1000000 days"),
        )
    yield _case("interval_months", "interval year to month", *_texts("0", "-1 year -2 months", "1 month"))


def _strings():
    yield _case("text", "text", "'😀 grüße 中文 עברית'", r"E'e\u0301'", "repeat('x', 1500000)", "repeat(E'ü\\t', 80)", *AWKWARD)
    # Out of line, not compressible.
    yield _case("text_large", "text", *[
        f"(SELECT string_agg(md5((i * {n})::text), '') FROM generate_series(1, 5000) i)" for n in (1, 2, 3)
    ])
    yield _case("varchar", "varchar", "''", "repeat('ü', 100000)", *AWKWARD)
    yield _case("varchar40", "varchar(40)", "repeat('😀', 40)", *AWKWARD)
    yield _case("char40", "char(40)", "repeat('😀', 40)", "'a'", "'trailing   '", *AWKWARD)
    yield _case("char1", "char(1)", "'a'", "' '", "''", "'中'")
    yield _case("char_of_one_byte", '"char"', "'a'", "''", "' '")
    yield _case("name", "name", "'pg_class'", "''", "repeat('x', 63)", "'ü \"q\"'")
    yield _case("c_collation", 'text COLLATE "C"', "'A'", "'a'", "'ä'")
    yield _case("citext", "public.citext", "'MiXed'", "'mixed'", "''")
    yield _case(
        "bytea", "bytea", r"'\x'", r"'\x00'", r"'\x5c'", r"'\x5c4e'", r"'\x0a090d5c2722001a'",
        "decode(repeat('00', 300000), 'hex')", "decode(repeat('5c', 300000), 'hex')",
        "(SELECT decode(string_agg(lpad(to_hex(i), 2, '0'), ''), 'hex') FROM generate_series(0, 255) i)",
    )
    yield _case("uuid", "uuid", *_texts("00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff",
                                        "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"))


def _structured():
    documents = [
        "'{}'", "'[]'", "'null'", "'true'", "'-1.50e10'", "'123456789012345678901234567890.10'", r"""'"\\ \" \/ \t \u00fc"'""",
        """'{"a": {"b": [1, 2.50, -3, "x"]}, "ü": "😀", "": 0}'""", "('[' || repeat('123456,', 20000) || '1]')",
    ]
    yield _case("json", "json", *[f"{d}::json" for d in documents], """'{"a": 1,  "a" :2}'""", r"""'"\u0000"'""")
    yield _case("jsonb", "jsonb", *[f"{d}::jsonb" for d in documents], """'{"b": 1, "a": 2, "b": 3}'""")
    yield _case("jsonpath", "jsonpath", *_texts("$", '$."a b"[*] ? (@ > 1.5)', "strict $.a.size()"), since=12)
    yield _case("xml", "xml", *_texts('<a b="1">ü &amp; x</a>', "text only", ""))
    yield _case("tsvector", "tsvector", *_texts("a:1A fat:2B,4C 'o''k':3", "", "'back\\\\slash' 'sp ace'"))
    yield _case("tsquery", "tsquery", *_texts("!cat & (rat | b:AB)", "", "a <-> b <3> c", "pre:*"))
    yield _case("hstore", "public.hstore", *_texts('"a k"=>"v\\"1", b=>NULL, ""=>"ü"', "", "a=>1"))
    yield _case("inet", "inet", *_texts("0.0.0.0", "192.168.100.128/25", "2001:4f8:3:ba:2e0:81ff:fe22:d1f1", "::ffff:1.2.3.4", "::/0"))
    yield _case("cidr", "cidr", *_texts("0.0.0.0/0", "192.168.100.128/25", "2001:4f8:3:ba::/64", "10.0.0.1/32"))
    yield _case("macaddr", "macaddr", *_texts("08:00:2b:01:02:03", "00:00:00:00:00:00"))
    yield _case("macaddr8", "macaddr8", *_texts("08:00:2b:01:02:03:04:05", "ff:ff:ff:ff:ff:ff:ff:ff"), since=10)


def _shapes():
    yield _case("point", "point", *_texts("(-0,1e300)", "(0.1,0.30000000000000004)", "(NaN,Infinity)"))
    yield _case("line", "line", *_texts("{1,-1,0.1}", "{0,1,-0.5}"))
    yield _case("lseg", "lseg", *_texts("[(0,0),(1,0.1)]", "[(-1,0),(1,1)]"))
    yield _case("box", "box", *_texts("(2,2),(1,0.1)", "(0,0),(0,0)"))
    yield _case("path", "path", *_texts("[(0,0),(1,2),(3,0.1)]", "((0,0),(1,2))"))
    yield _case("polygon", "polygon", *_texts("((0,0),(1,2),(3,0.1))", "((0,0))"))
    yield _case("circle", "circle", *_texts("<(1,0.1),3>", "<(0,0),0>"))


def _ranges():
    yield _case("int4range", "int4range", *_texts("empty", "(,)", "[1,10]", "[-2147483648,5)"))
    yield _case("int8range", "int8range", *_texts("empty", "[1,10]", "[-9223372036854775808,0)"))
    yield _case("numrange", "numrange", *_texts("(1.50,2.5]", "[NaN,NaN]", "[,0)", "empty"))
    yield _case("tsrange", "tsrange", *_texts('["2024-01-01 00:00:00.000001",)', "[-infinity,infinity]"))
    yield _case("tstzrange", "tstzrange", *_texts('(,"2024-01-01 00:00:00+01"]', "empty"))
    yield _case("daterange", "daterange", *_texts("[2024-01-01,2024-02-01)", "[2024-01-01,2024-01-01]", "(,)"))
    yield _case("own_range", "textrange", *_texts('["a, b","c\\"d")', "empty", "(,)"), needs=(_DATES,))
    yield _case("int4multirange", "int4multirange", *_texts("{}", "{[1,3),[5,9),[20,)}"), since=14)
    yield _case("tstzmultirange", "tstzmultirange", *_texts("{(,)}", '{["2024-01-01 00:00:00+00",infinity]}'), since=14)


def _arrays():
    yield _case("int_array", "int[]", *_texts("{}", "{1,NULL,3}", "{{1,2},{3,NULL}}", "[2:3]={1,2}",
                                              "[-1:0][1:2]={{1,2},{3,4}}", "{{{1},{2}},{{3},{4}}}"))
    yield _case("text_array", "text[]", *_texts('{"a,b","q\\"uo\\\\te","NULL",NULL,""," sp ","{x}"}', "{}"),
                r"""E'{"tab\t","nl\n","cr\r","ü"}'""", "ARRAY[repeat('x', 100000), 'y']")
    yield _case("varchar_array", "varchar(5)[]", *_texts("{abc,NULL}", "{}"))
    yield _case("char_array", "char(3)[]", *_texts("{a,NULL}", "{}"))
    yield _case("numeric_array", "numeric(10,2)[]", *_texts("{1.50,NULL,NaN}", "{}"))
    yield _case("double_array", "double precision[]", *_texts("{0.1,-0,NaN,Infinity,NULL,1e-300}", "{{0.1},{2}}"))
    yield _case("bytea_array", "bytea[]", r"ARRAY['\x00ff'::bytea, NULL, '\x']")
    yield _case("boolean_array", "boolean[]", *_texts("{t,f,NULL}"))
    yield _case("jsonb_array", "jsonb[]", """ARRAY['{"a": [1, "x,y"]}'::jsonb, 'null', NULL]""")
    yield _case("timestamptz_array", "timestamptz[]", *_texts('{"2024-10-27 01:30:00+01",infinity,NULL}'))
    yield _case("box_array", "box[]", *_texts("{(2,2),(1,1);(4,4),(3,0.1)}"))
    yield _case("inet_array", "inet[]", *_texts("{10.0.0.1,::1}"))
    yield _case("range_array", "int4range[]", *_texts('{"[1,3)",empty,NULL}'))
    yield _case("uuid_array", "uuid[]", *_texts("{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}"))
    yield _case("hstore_array", "public.hstore[]", """ARRAY['a=>1'::public.hstore, '', NULL]""")


def _own():
    yield _case("enum", "mood", *_texts("ok", "it's \"so\"", "ü", "with, comma", ""), needs=(_MOOD,))
    yield _case("enum_array", "mood[]", """ARRAY['ok', NULL, 'it''s "so"', 'with, comma', '']::mood[]""", "'{}'",
                needs=(_MOOD,))
    yield _case("domain", "price", "0", "10.50", "99999999.99", needs=(_PRICE,))
    yield _case("domain_of_array", "tags", *_texts("{}", "{a,NULL}"), needs=(_TAGS,))
    rows = ["ROW('x \"y\", (z)', 7, ARRAY['t,1', NULL], 'ok', 1.25)::address", "ROW(NULL, NULL, NULL, NULL, NULL)::address",
            "ROW('', 0, '{}', '', 0)::address"]
    needs = (_MOOD, _PRICE, _ADDRESS)
    yield _case("composite", "address", *rows, needs=needs)
    yield _case("composite_array", "address[]", f"ARRAY[{rows[0]}, NULL, {rows[1]}]", "'{}'", needs=needs)
    yield _case("nested", "nested", f"ROW({rows[0]}, ARRAY[{rows[0]}, NULL], E'n\\n\"')::nested", needs=(*needs, _NESTED))


def cases(source_kind, destination_kind):
    least = min(major(kind) for kind in (source_kind, destination_kind) if kind.startswith("pg"))
    every = [*_numbers(), *_times(), *_strings(), *_structured(), *_shapes(), *_ranges(), *_arrays(), *_own()]
    return [case for case in every if case.since <= least]


def prepare(server):
    """Extensions whose types are among them."""
    server.execute(*[f"CREATE EXTENSION IF NOT EXISTS {name} SCHEMA public" for name in ("hstore", "citext")])
