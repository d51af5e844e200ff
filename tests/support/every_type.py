"""Every column type with its boundary values, as SQL text.

Each case is one table (id INT PRIMARY KEY, v <type>): a wrong value names its type by the table. Values are SQL
expressions, run with an empty sql_mode, so that zero and invalid dates can be made.
"""

import dataclasses

from .engines import every_type_postgresql

ALL_BYTES = "0x" + bytes(range(256)).hex()
AWKWARD = [
    r"'tab\there'",
    r"'line\nbreak'",
    r"'back\\slash'",
    r"'\\N'",
    r"'N'",
    r"'nul\0inside'",
    r"'carriage\rreturn'",
    r"'quote\'s \"both\"'",
    r"'ctrl-z \Z'",
    "''",
    "' leading and trailing '",
    r"'\\'",
    r"'\t'",
    r"'\n\n'",
]


@dataclasses.dataclass(frozen=True)
class Case:
    name: str
    type: str
    values: tuple
    sources: tuple = ("mariadb", "mysql")
    # Pairs that differ in kind cannot hold it; there it must be refused or left out on purpose.
    same_kind_only: bool = False
    nullable: bool = True

    @property
    def table(self):
        return "ty_" + self.name


def _case(name, kind, *values, **more):
    return Case(name, kind, tuple(str(v) for v in values), **more)


def _integers():
    for name, bits in (("tinyint", 8), ("smallint", 16), ("mediumint", 24), ("int", 32), ("bigint", 64)):
        yield _case(name, name, 0, 1, -1, -(2 ** (bits - 1)), 2 ** (bits - 1) - 1, 42)
        yield _case(name + "_unsigned", name + " unsigned", 0, 1, 2 ** (bits - 1), 2**bits - 1)
    yield _case("int_zerofill", "int(7) zerofill", 0, 1, 4294967295)
    yield _case("tinyint1", "tinyint(1)", 0, 1, -128, 127)
    yield _case("boolean", "boolean", "TRUE", "FALSE")
    for bits in (1, 7, 8, 9, 31, 63, 64):
        yield _case(f"bit{bits}", f"bit({bits})", 0, 1, 2**bits - 1, 2 ** (bits - 1))


def _numbers():
    yield _case(
        "decimal_65_30",
        "decimal(65,30)",
        0,
        "0.000000000000000000000000000001",
        "9" * 35 + "." + "9" * 30,
        "-" + "9" * 35 + "." + "9" * 30,
        "-0.5",
        "123456789.123456789",
    )
    yield _case("decimal_65_0", "decimal(65,0)", 0, "9" * 65, "-" + "9" * 65, 1)
    yield _case("decimal_30_30", "decimal(30,30)", 0, "0." + "9" * 30, "-0." + "0" * 29 + "1")
    yield _case("decimal_1_0", "decimal(1,0)", 0, 9, -9)
    yield _case("decimal_10_2", "decimal(10,2)", "0.10", "-0.01", "99999999.99", "1000.00")
    yield _case("decimal_unsigned", "decimal(12,4) unsigned", 0, "99999999.9999", "0.0001")
    yield _case(
        "float",
        "float",
        0,
        "-0e0",
        1,
        "0.1",
        "3.402823466e38",
        "-3.402823466e38",
        "1.175494351e-38",
        "1.4e-45",
        "16777217",
        "3.14159274",
        "1e10",
        "123456789",
    )
    yield _case(
        "double",
        "double",
        0,
        "-0e0",
        "0.1",
        "1.7976931348623157e308",
        "-1.7976931348623157e308",
        "2.2250738585072014e-308",
        "5e-324",
        "9007199254740993",
        "3.141592653589793",
        "1e15",
        "1e16",
        "123456789012345680",
        "0.30000000000000004",
    )
    yield _case("float_7_3", "float(7,3)", "0.123", "-9999.999", "1.5")
    yield _case("double_15_5", "double(15,5)", "0.12345", "-9999999999.12345")


def _times():
    yield _case("year", "year", 0, 1901, 2155, 1999, 2000)
    yield _case(
        "date",
        "date",
        "'0000-00-00'",
        "'0001-01-01'",
        "'1000-01-01'",
        "'9999-12-31'",
        "'2024-02-29'",
        "'2024-00-00'",
        "'2024-05-00'",
    )
    for digits in (0, 1, 2, 3, 4, 5, 6):
        fraction = "." + "123456"[:digits] if digits else ""
        top = "." + "9" * digits if digits else ""
        yield _case(
            f"time{digits}",
            f"time({digits})",
            "'00:00:00'",
            f"'12:34:56{fraction}'",
            f"'-12:34:56{fraction}'",
            f"'-00:00:00{top}'",
            "'838:59:59'",
            "'-838:59:59'",
            f"'100:00:00{fraction}'",
            f"'-01:00:00{fraction}'",
        )
        yield _case(
            f"datetime{digits}",
            f"datetime({digits})",
            "'0000-00-00 00:00:00'",
            f"'1000-01-01 00:00:00{fraction}'",
            f"'9999-12-31 23:59:59{top}'",
            f"'2024-02-29 12:34:56{fraction}'",
            "'2024-00-00 00:00:00'",
            f"'1969-12-31 23:59:59{top}'",
        )
        yield _case(
            f"timestamp{digits}",
            f"timestamp({digits}) null default null",
            "'0000-00-00 00:00:00'",
            "'1970-01-01 00:00:01'",
            f"'2038-01-19 03:14:07{top}'",
            f"'2024-03-31 01:30:00{fraction}'",
            f"'2024-10-27 01:30:00{fraction}'",
        )


def _strings():
    yield _case("char_utf8mb4", "char(40) character set utf8mb4", "'😀 grüße 中文 עברית'", "'trailing   '", *AWKWARD)
    yield _case("varchar_utf8mb4", "varchar(400) character set utf8mb4", "REPEAT('😀', 400)", "'e\u0301'", *AWKWARD)
    yield _case("varchar_utf8mb3", "varchar(100) character set utf8mb3", "'grüße 中文'", *AWKWARD)
    yield _case("varchar_latin1", "varchar(300) character set latin1", f"_latin1 {ALL_BYTES}", "'grüße €'", *AWKWARD)
    yield _case("char_latin1", "char(255) character set latin1", "'é'", "''", "REPEAT('ÿ', 255)")
    yield _case("varchar_ascii", "varchar(100) character set ascii", "'plain'", *AWKWARD)
    yield _case("varchar_gbk", "varchar(100) character set gbk", "'中文字符'", r"_gbk 0x815c", "_gbk 0x955c27", *AWKWARD)
    yield _case("text_gbk", "text character set gbk", "REPEAT('國', 5000)", "_gbk 0x955c", *AWKWARD)
    yield _case("varchar_big5", "varchar(100) character set big5", "'中文'", "_big5 0xa55c", *AWKWARD)
    yield _case("varchar_sjis", "varchar(100) character set sjis", "'日本語'", "_sjis 0x955c", *AWKWARD)
    yield _case("varchar_ucs2", "varchar(100) character set ucs2", "'grüße 中文'", *AWKWARD)
    yield _case("varchar_utf16", "varchar(100) character set utf16", "'😀 grüße'", *AWKWARD)
    yield _case("varchar_utf32", "varchar(100) character set utf32", "'😀 grüße'", *AWKWARD)
    yield _case("char_ucs2", "char(20) character set ucs2", "'中文'", "'a'", "''")
    yield _case("varchar_cp1251", "varchar(100) character set cp1251", "'привет'", *AWKWARD)
    yield _case("varchar_euckr", "varchar(100) character set euckr", "'한국어'", *AWKWARD)
    yield _case("varchar_bin_collation", "varchar(50) character set utf8mb4 collate utf8mb4_bin", "'A'", "'a'", "'ä'")
    yield _case("char0", "char(0)", "''")
    for kind, size in (("tinytext", 255), ("text", 65535), ("mediumtext", 200_000), ("longtext", 1_500_000)):
        yield _case(kind, f"{kind} character set utf8mb4", f"REPEAT('x', {size})", "REPEAT('ü\\t', 80)", *AWKWARD)


def _bytes():
    yield _case("binary", "binary(20)", "0x00", "0x0102", "REPEAT(0xff, 20)", "0x" + "00" * 20, "'ends with spaces  '")
    yield _case("binary255", "binary(255)", ALL_BYTES[: 2 + 510], "''")
    yield _case("varbinary", "varbinary(300)", ALL_BYTES, "0x00", "''", "0x2020", "0x0000", *AWKWARD)
    for kind, size in (("tinyblob", 255), ("blob", 65535), ("mediumblob", 200_000), ("longblob", 1_500_000)):
        yield _case(
            kind,
            kind,
            f"REPEAT(0x00, {size})",
            ALL_BYTES[: 2 + 510],
            f"REPEAT(0x5c, {size})",
            "0x0a090d5c2722001a",
            "''",
        )


def _choices():
    members = ",".join(f"'m{i}'" for i in range(64))
    yield _case(
        "enum",
        "enum('a','b','ü','with space','it''s','back\\\\slash','')",
        "'a'",
        "'ü'",
        "'with space'",
        "'it''s'",
        "''",
        r"'back\\slash'",
    )
    yield _case(
        "enum_300", "enum(" + ",".join(f"'e{i}'" for i in range(300)) + ")", "'e0'", "'e255'", "'e256'", "'e299'"
    )
    yield _case("enum_latin1", "enum('é','ß') character set latin1", "'é'", "'ß'")
    yield _case("set", "set('a','b','ü','it''s')", "''", "'a'", "'a,b,ü'", "'it''s'")
    yield _case("set_64", f"set({members})", "''", "'m0'", "'m63'", "'" + ",".join(f"m{i}" for i in range(64)) + "'")
    yield _case("set_9", "set('1','2','3','4','5','6','7','8','9')", "'9'", "'1,9'", "'8'")


def _structured():
    yield _case(
        "json",
        "json",
        "'{}'",
        "'[]'",
        "'null'",
        "'true'",
        r"""'{"a": {"b": [1, 2.5, -3, "x\\ny"]}, "ü": "😀"}'""",
        "'\"text\"'",
        "'9223372036854775807'",
        "'18446744073709551615'",
        "'-1.5e10'",
        r"""'"quote \\" and backslash \\\\"'""",
        "CONCAT('[', REPEAT('123456,', 20000), '1]')",
        """'{"k": "", "": 0}'""",
        r"""'"\\u0000\\t"'""",
    )
    for name, text in (
        ("point", "POINT(1 2)"),
        ("linestring", "LINESTRING(0 0,1 1,2.5 -2.5)"),
        ("polygon", "POLYGON((0 0,10 0,10 10,0 10,0 0),(2 2,4 2,4 4,2 4,2 2))"),
        ("multipoint", "MULTIPOINT(1 1,2 2)"),
        ("multilinestring", "MULTILINESTRING((0 0,1 1),(2 2,3 3))"),
        ("multipolygon", "MULTIPOLYGON(((0 0,1 0,1 1,0 0)),((5 5,6 5,6 6,5 5)))"),
        ("geometrycollection", "GEOMETRYCOLLECTION(POINT(1 1),LINESTRING(0 0,1 1))"),
    ):
        yield _case(name, name, f"ST_GeomFromText('{text}')")
        yield _case(
            "geometry_" + name, "geometry", f"ST_GeomFromText('{text}')", "ST_GeomFromText('POINT(-0.5 1e100)')"
        )
    yield _case("geometry_srid", "geometry", "ST_GeomFromText('POINT(10 20)', 4326)", same_kind_only=True)


def _flavoured():
    only = {"sources": ("mariadb",), "same_kind_only": True}
    yield _case(
        "uuid",
        "uuid",
        "'00000000-0000-0000-0000-000000000000'",
        "'ffffffff-ffff-ffff-ffff-ffffffffffff'",
        "'123e4567-e89b-12d3-a456-426655440000'",
        **only,
    )
    yield _case("inet6", "inet6", "'::'", "'::ffff:192.0.2.1'", "'2001:db8::ff00:42:8329'", **only)
    yield _case("inet4", "inet4", "'0.0.0.0'", "'255.255.255.255'", **only)
    yield _case("varchar_compressed", "varchar(5000) compressed", "REPEAT('x', 4000)", "''", "'short'", **only)
    yield _case("blob_compressed", "blob compressed", "REPEAT(0x01, 4000)", "''", **only)
    yield _case(
        "vector",
        "vector(3)",
        "TO_VECTOR('[1,-2.5,3e10]')",
        "TO_VECTOR('[0,0,0]')",
        sources=("mysql",),
        same_kind_only=True,
    )


# The error value '' (index 0) that a session without strict mode leaves in an ENUM, and what a SET drops then.
ENUM_ERROR_VALUE = Case("enum_error_value", "enum('a','b')", ("'a'", "'no such member'"))


def cases(source_kind, destination_kind):
    """What this pair must carry."""
    if source_kind.startswith("pg"):
        return every_type_postgresql.cases(source_kind, destination_kind)
    every = [*_integers(), *_numbers(), *_times(), *_strings(), *_bytes(), *_choices(), *_structured(), *_flavoured()]
    return [
        case
        for case in every
        if source_kind in case.sources and not (case.same_kind_only and source_kind != destination_kind)
    ]


def give_extensions(*servers):
    """What some types need; a server's own are none of a task's objects."""
    for server in servers:
        if server.engine == "postgresql":
            every_type_postgresql.prepare(server)


def allow_all(session):
    """Values that are not of its type by the book, in a session."""
    if session.engine == "mysql":
        session.execute("SET SESSION sql_mode='ALLOW_INVALID_DATES'")


def create(session, some):
    allow_all(session)
    for statement in dict.fromkeys(statement for case in some for statement in getattr(case, "needs", ())):
        session.execute(statement)
    for case in some:
        session.execute(f"CREATE TABLE {case.table} (id INT PRIMARY KEY, v {case.type})")


def insert(session, some, first=1):
    """One row per value from id `first`, and one NULL."""
    allow_all(session)
    for case in some:
        for number, value in enumerate([*case.values, "NULL"]):
            session.execute(f"INSERT INTO {case.table} VALUES ({first + number}, {value})")


def change(session, some, first=1):
    """Every value is written over by its neighbour's, one row deleted, one key moved."""
    allow_all(session)
    for case in some:
        values = [*case.values, "NULL"]
        for number in range(len(values)):
            session.execute(f"UPDATE {case.table} SET v={values[number - 1]} WHERE id={first + number}")
        session.execute(f"DELETE FROM {case.table} WHERE id={first}")
        session.execute(f"UPDATE {case.table} SET id=id+100000 WHERE id={first + 1}")
