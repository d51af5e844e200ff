#include "tests/contract/postgresql_tables.h"

#include <fmt/format.h>

#include <set>
#include <string>

namespace sluice::contract::postgresql {
namespace {

std::vector<TableSpec> ScalarTables() {
  return {
      {"numbers",
       {"CREATE TABLE {} (id int PRIMARY KEY, s smallint, i integer, b bigint, n numeric, n2 numeric(38,10), r real, d "
        "double precision, m money, bo boolean, o oid, l pg_lsn, b1 bit(1), b64 bit(64), b70 bit(70), vb bit varying, "
        "vb9 bit varying(9))",
        "INSERT INTO {} VALUES (1, -32768, -2147483648, -9223372036854775808, 'NaN', "
        "-9999999999999999999999999999.9999999999, 'NaN', '-Infinity', '-92233720368547758.08', true, 4294967295, "
        "'FFFFFFFF/FFFFFFFF', B'1', repeat('1', 64)::bit(64), repeat('10', 35)::bit(70), B'', B'010101011')",
        "INSERT INTO {} VALUES (2, 32767, 2147483647, 9223372036854775807, ('1' || repeat('0', 5000) || '.' || "
        "repeat('0', 1000) || '1')::numeric, 0.0000000001, '1.4e-45', '4.9406564584124654e-324', "
        "'92233720368547758.07', false, 0, '0/0', B'0', repeat('0', 64)::bit(64), repeat('01', 35)::bit(70), "
        "repeat('110', 1000)::bit varying, B'')",
        "INSERT INTO {} VALUES (3, 0, 0, 0, -0.000, 0, '-0', '-0', 0, NULL, 1, '16/B374D848')",
        "INSERT INTO {} VALUES (4, 1, 1, 1, 1.500, 1.5, 'Infinity', '1.7976931348623157e308')",
        "INSERT INTO {} VALUES (5, 1, 1, 1, 1e-16383, 1.5, 3.4028235e38, 0.1)", "INSERT INTO {} (id) VALUES (6)"},
       6},
      {"times",
       {"CREATE TABLE {} (id int PRIMARY KEY, d date, t time, t0 time(0), tz timetz, tz3 timetz(3), ts timestamp, ts3 "
        "timestamp(3), tstz timestamptz, tstz0 timestamptz(0), iv interval, iv2 interval(2), ivym interval year to "
        "month)",
        "INSERT INTO {} VALUES (1, '4713-01-01 BC', '00:00:00', '00:00:00', '00:00:00+15:59:59', '00:00:00.001+00', "
        "'4713-01-01 00:00:00 BC', '0001-12-31 23:59:59.999 BC', '4713-01-01 00:00:00+00 BC', '0044-03-15 00:00:00+00 "
        "BC', '-178000000 years', '-0.01 seconds', '-1 year -2 months')",
        "INSERT INTO {} VALUES (2, '5874897-12-31', '24:00:00', '23:59:59', '24:00:00-15:59:59', '23:59:59.999-12:30', "
        "'294276-12-31 23:59:59.999999', '294276-12-31 23:59:59.999', '294276-12-31 23:59:59.999999+00', "
        "'2024-10-27 01:30:00+01', '1 year 2 mons -3 days +04:05:06.789012', '178000000 years', '3 years')",
        "INSERT INTO {} VALUES (3, 'infinity', '12:34:56.789012', '12:34:56', '12:34:56.000001+05:45', "
        "'12:34:56.1+01', '-infinity', 'infinity', 'infinity', '-infinity', '-1 days +23:59:59.000001', '0', '0')",
        "INSERT INTO {} (id) VALUES (4)"},
       4},
      {"texts",
       {"CREATE TABLE {} (id int PRIMARY KEY, c char(10), c1 \"char\", v varchar(50), vu varchar, t text, n name, j "
        "json, jb jsonb, x xml, tv tsvector, tq tsquery, u uuid)",
        R"(INSERT INTO {} VALUES (1, 'pad', 'x', E'tab\t nl\n cr\r bs\\ quote'' "q"', E'\\N', E'\\.\n\\.\n', 'Ünïcode',
           '{"a": 1, "a" : 2,   "b":[1,2.50,null,"\n\u00fc"]}', '{"ü": "😀", "n": 123456789012345678901234567890.10,
           "o": {"z": [], "a": {}}}', '<a b="1">ü &amp; x</a>', 'a:1A fat:2B,4C ''o''''k'':3', '!cat & (rat | b:AB)',
           'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'))",
        R"(INSERT INTO {} VALUES (2, '', '', '', '', '', '', '"\\u0000"', 'null', '', '', '',
           '00000000-0000-0000-0000-000000000000'))",
        R"(INSERT INTO {} VALUES (3, '😀中文', E'\\', repeat('ü', 50), 'NULL', E'\x01\x7f\u00a0\u2028', 'null', '[]',
           '{}'))",
        "INSERT INTO {} (id) VALUES (4)"},
       4},
      // Values that are kept out of line, compressed and not: the log does not repeat them when they do not change.
      {"large",
       {"CREATE TABLE {} (id int PRIMARY KEY, t text, b bytea, j jsonb, a text[])",
        "INSERT INTO {} SELECT 1, string_agg(md5(i::text), E'\\n'), string_agg(decode(md5(i::text), 'hex'), ''), "
        "jsonb_object_agg(i, md5(i::text)), array_agg(md5(i::text)) FROM generate_series(1, 20000) i",
        "INSERT INTO {} SELECT 2, repeat(E'ü\\n', 500000), decode(repeat('00ff5c0a', 100000), 'hex'), NULL, NULL",
        "INSERT INTO {} (id) VALUES (3)"},
       3},
      {"bytes",
       {"CREATE TABLE {} (id int PRIMARY KEY, b bytea, e bytea NOT NULL DEFAULT '')",
        "INSERT INTO {} SELECT 1, decode(string_agg(lpad(to_hex(i), 2, '0'), ''), 'hex') FROM generate_series(0, 255) "
        "i",
        R"(INSERT INTO {} VALUES (2, '\x', '\x5c4e'))", "INSERT INTO {} (id) VALUES (3)"},
       3},
  };
}

std::vector<TableSpec> StructuredTables() {
  return {
      {"addresses",
       {"CREATE TABLE {} (id int PRIMARY KEY, i inet, c cidr, m macaddr, m8 macaddr8)",
        "INSERT INTO {} VALUES (1, '192.168.100.128/25', '192.168.100.128/25', '08:00:2b:01:02:03', "
        "'08:00:2b:01:02:03:04:05'), (2, '2001:4f8:3:ba:2e0:81ff:fe22:d1f1', '2001:4f8:3:ba::/64', "
        "'ff:ff:ff:ff:ff:ff', 'ff:ff:ff:ff:ff:ff:ff:ff'), (3, '::ffff:1.2.3.4/128', '0.0.0.0/0', NULL, NULL)"},
       3},
      {"shapes",
       {"CREATE TABLE {} (id int PRIMARY KEY, p point, l line, s lseg, b box, pa path, po polygon, c circle)",
        "INSERT INTO {} VALUES (1, '(-0,1e300)', '{1,-1,0.1}', '[(0,0),(1,1)]', '((2,2),(1,1))', "
        "'[(0,0),(1,2),(3,4)]', "
        "'((0,0),(1,2),(3,4))', '<(1,2),3>'), (2, '(0.1,-1e-300)', '{0,1,-0.5}', '[(-1,0.3),(1,1)]', "
        "'((0,0),(0,0))', '((0,0),(1,2))', '((0,0))', '<(0,0),0>')",
        "INSERT INTO {} (id) VALUES (3)"},
       3},
      {"ranges",
       {"CREATE TABLE {} (id int PRIMARY KEY, i int4range, b int8range, n numrange, t tsrange, tz tstzrange, d "
        "daterange)",
        "INSERT INTO {} VALUES (1, 'empty', '(,)', '(1.50,2.5]', '[2024-01-01 00:00:00,)', '(,2024-01-01 "
        "00:00:00.000001+00]', '[2024-01-01,2024-02-01)'), (2, '[1,10]', '[-9223372036854775808,0)', '[NaN,NaN]', "
        "'[-infinity,infinity]', '[infinity,]', '(,)')",
        "INSERT INTO {} (id) VALUES (3)"},
       3},
      {"arrays",
       {"CREATE TABLE {} (id int PRIMARY KEY, i int[], t text[], n numeric[], b bytea[], bo boolean[], j jsonb[], tz "
        "timestamptz[], p point[], bx box[])",
        R"sql(INSERT INTO {} VALUES (1, '{}', '{"a,b","q\"uo\\te","NULL",NULL,""," sp ","{x}"}', '{NaN,1.50,NULL}',
           ARRAY['\x00ff'::bytea, NULL, '\x'], '{t,f,NULL}', ARRAY['{"a": [1, "x,y"]}'::jsonb, 'null', NULL],
           '{"2024-10-27 01:30:00+00",infinity}', '{"(1,2)","(3,4)"}', '{(2,2),(1,1);(4,4),(3,3)}'))sql",

        "INSERT INTO {} VALUES (2, '{{1,2},{3,NULL}}', '[2:3]={x,y}', '[-1:0][1:2]={{1,2},{3,4}}', '{}', '{{t}}', "
        "'{}', "
        "'{NULL}')",
        R"(INSERT INTO {} VALUES (3, '{{{1},{2}},{{3},{4}}}', E'{"tab\t","nl\n","ü"}'))",
        "INSERT INTO {} (id) VALUES (4)"},
       4},
  };
}

std::vector<TableSpec> OwnTypes() {
  return {
      {.name = "own_types",
       .statements = {"CREATE TABLE {} (id int PRIMARY KEY, m {db}.mood, am {db}.mood[], p {db}.price, tg {db}.tags, a "
                      "{db}.address, aa {db}.address[], h public.hstore, ci public.citext, fr {db}.floatrange)",
                      R"(INSERT INTO {} VALUES (1, 'it''s "so"', '{ok,NULL,"it''s \"so\""}', 10.50, '{a,NULL}',
                         ROW('x "y", (z)', 7, ARRAY['t,1', NULL], 'ok', 1.25), ARRAY[ROW('a', NULL, NULL, NULL, NULL),
                         NULL]::{db}.address[], '"a k"=>"v\"1", b=>NULL, ""=>"ü"', 'MiXed', '[1.5,2.5)'))",
                      "INSERT INTO {} VALUES (2, 'ü', '{}', 0, '{}', ROW(NULL, NULL, NULL, NULL, NULL), '{}', '', '', "
                      "'empty')",
                      "INSERT INTO {} (id) VALUES (3)"},
       .rows = 3,
       .needs = {R"(CREATE TYPE {db}.mood AS ENUM ('ok', 'it''s "so"', 'ü'))",
                 "CREATE DOMAIN {db}.price AS numeric(10,2) CHECK (VALUE >= 0)",
                 "CREATE DOMAIN {db}.tags AS text[] CHECK (array_length(VALUE, 1) IS NULL OR array_length(VALUE, 1) < "
                 "5)",
                 "CREATE TYPE {db}.address AS (street text, nr int, tags text[], m {db}.mood, p {db}.price)",
                 "CREATE TYPE {db}.floatrange AS RANGE (subtype = float8, subtype_diff = float8mi)"}},
      // What another program must not write to, or not as it is.
      {.name = "counted",
       .statements = {"CREATE TABLE {} (id int PRIMARY KEY, always bigint GENERATED ALWAYS AS IDENTITY, often int "
                      "GENERATED BY DEFAULT AS IDENTITY, s serial, v text)",
                      "INSERT INTO {} (id, v) VALUES (1, 'a'), (2, 'b')",
                      "INSERT INTO {} (id, always, often, s, v) OVERRIDING SYSTEM VALUE VALUES (3, -7, 1000, 5000, "
                      "NULL)"},
       .rows = 3},
      // Column numbers of the log and of the catalog have gaps.
      {.name = "dropped",
       .statements = {"CREATE TABLE {} (gone int, id int PRIMARY KEY, v text, also_gone text, w int DEFAULT 5); ALTER "
                      "TABLE {db}.dropped DROP COLUMN gone, DROP COLUMN also_gone, ADD COLUMN late text DEFAULT 'late'",
                      "INSERT INTO {} (id, v) VALUES (1, 'a'), (2, NULL), (3, 'c')"},
       .rows = 3},
      {.name = "Odd \"Names\"",
       .statements = {R"(CREATE TABLE {} (id int PRIMARY KEY, "Select" int, "a b" text, "ü""q" text, "%s" text))",
                      "INSERT INTO {} VALUES (1, 1, 'a', 'b', 'c'), (2, NULL, NULL, NULL, NULL)"},
       .rows = 2},
      // No key, whole rows in the log.
      {.name = "whole_rows",
       .statements = {"CREATE TABLE {} (id int, v text, n numeric, d double precision); ALTER TABLE {db}.whole_rows "
                      "REPLICA IDENTITY FULL",
                      "INSERT INTO {} VALUES (1, 'a', 1.50, 'NaN'), (1, 'a', 1.50, 'NaN'), (2, NULL, NULL, NULL), (3, "
                      "NULL, NULL, '-0')"},
       .rows = 4},
      {.name = "other_identity",
       .statements = {"CREATE TABLE {} (id int NOT NULL, v text NOT NULL, w int, UNIQUE (v)); CREATE UNIQUE INDEX "
                      "other_identity_key ON {db}.other_identity (id, v); ALTER TABLE {db}.other_identity REPLICA "
                      "IDENTITY USING INDEX other_identity_key",
                      "INSERT INTO {} VALUES (1, 'a', 1), (2, 'b', 2), (3, 'c', NULL)"},
       .rows = 3},
  };
}

void AddNewer(uint32_t version, std::vector<TableSpec>& tables) {
  const auto add = [&](uint32_t from, TableSpec spec) {
    spec.from_version = from;
    if (version >= from) tables.push_back(std::move(spec));
  };
  add(110000, {.name = "parts",
               .statements = {"CREATE TABLE {} (id int PRIMARY KEY, v text) PARTITION BY RANGE (id); CREATE TABLE "
                              "{db}.parts_low PARTITION OF {db}.parts FOR VALUES FROM (MINVALUE) TO (50); CREATE TABLE "
                              "{db}.parts_high (v text, id int NOT NULL); ALTER TABLE {db}.parts ATTACH PARTITION "
                              "{db}.parts_high FOR VALUES FROM (50) TO (MAXVALUE)",
                              "INSERT INTO {} SELECT i, 'v' || i FROM generate_series(1, 99) i"},
               .rows = 99});
  add(120000, {.name = "computed",
               .statements = {"CREATE TABLE {} (s int GENERATED ALWAYS AS (a + 1) STORED, id int PRIMARY KEY, a int, t "
                              "text GENERATED ALWAYS AS ('x' || a) STORED, b int)",
                              "INSERT INTO {} (id, a, b) VALUES (1, 5, 1), (2, NULL, 2), (3, 8, NULL)"},
               .rows = 3});
  add(140000,
      {.name = "newer",
       .statements = {"CREATE TABLE {} (id int PRIMARY KEY, n numeric, i int4multirange, t tstzmultirange, p pg_lsn)",
                      "INSERT INTO {} VALUES (1, 'Infinity', '{}', '{[2024-01-01 00:00:00+00,infinity]}', NULL), (2, "
                      "'-Infinity', '{[1,3),[5,9),[20,)}', '{(,)}', '1/0'), (3, NULL, NULL, NULL, NULL)"},
       .rows = 3});
  add(180000,
      {.name = "virtual",
       .statements = {"CREATE TABLE {} (id int PRIMARY KEY, a int, v int GENERATED ALWAYS AS (a * 2) VIRTUAL, b "
                      "int)",
                      "INSERT INTO {} (id, a, b) VALUES (1, 5, 1), (2, NULL, 2)"},
       .rows = 2});
}

std::string Numbers(uint64_t count, const std::string& expressions) {
  return fmt::format("INSERT INTO {{}} SELECT {} FROM generate_series(0, {}) n", expressions, count - 1);
}

// NaN, infinities, years before Christ, JSON numbers of any length.
void MarkWhatOthersRefuse(std::vector<TableSpec>& tables) {
  static const std::set<std::string> names = {"numbers", "times",     "texts", "whole_rows",
                                              "newer",   "k_numeric", "k_time"};
  for (TableSpec& spec : tables) spec.same_engine_only = spec.same_engine_only || names.contains(spec.name);
}

}  // namespace

std::vector<TableSpec> TypeTables(uint32_t version) {
  std::vector<TableSpec> tables = ScalarTables();
  for (TableSpec& spec : StructuredTables()) tables.push_back(std::move(spec));
  for (TableSpec& spec : OwnTypes()) tables.push_back(std::move(spec));
  AddNewer(version, tables);
  MarkWhatOthersRefuse(tables);
  return tables;
}

std::vector<TableSpec> KeyTables(uint32_t version) {
  const std::string fill = "repeat('x', 90)";
  std::vector<TableSpec> shapes = {
      {"k_empty", {"CREATE TABLE {} (id int PRIMARY KEY, v varchar(100))"}, 0},
      {"k_one", {"CREATE TABLE {} (id int PRIMARY KEY, v varchar(100))", "INSERT INTO {} VALUES (-5, 'x')"}, 1},
      {"k_int", {"CREATE TABLE {} (id int PRIMARY KEY, v varchar(100))", Numbers(3000, "n * 3, " + fill)}, 3000},
      {"k_negative",
       {"CREATE TABLE {} (id bigint PRIMARY KEY, v varchar(100))", Numbers(2500, "n * 7 - 9000, " + fill),
        "INSERT INTO {} VALUES (-9223372036854775808, 'least'), (9223372036854775807, 'greatest')"},
       2502},
      {"k_numeric",
       {"CREATE TABLE {} (id numeric PRIMARY KEY, v varchar(100))", Numbers(2000, "n / 7.0 - 100, " + fill),
        "INSERT INTO {} VALUES ('NaN', 'greatest of all')"},
       2001},
      {"k_time",
       {"CREATE TABLE {} (id timestamptz PRIMARY KEY, v varchar(100))",
        Numbers(2000, "'1990-01-01'::timestamptz + n * interval '1234567 microseconds', " + fill),
        "INSERT INTO {} VALUES ('-infinity', 'x'), ('infinity', 'x'), ('0044-03-15 00:00:00+00 BC', 'x')"},
       2003},
      {"k_text",
       {"CREATE TABLE {} (id varchar(50) PRIMARY KEY, v varchar(100))",
        Numbers(2500, R"((ARRAY['A', 'b', 'ß', '中', E'''\\'])[n % 5 + 1] || n, )" + fill),
        "INSERT INTO {} VALUES ('', 'empty')"},
       2501},
      {"k_uuid",
       {"CREATE TABLE {} (id uuid PRIMARY KEY, v varchar(100))", Numbers(2500, "md5(n::text)::uuid, " + fill)},
       2500},
      {"k_bytes",
       {"CREATE TABLE {} (id bytea PRIMARY KEY, v varchar(100))",
        Numbers(2500, "decode(md5(n::text), 'hex'), " + fill)},
       2500},
      {"k_composite",
       {"CREATE TABLE {} (a int, b varchar(20), c smallint, v varchar(100), PRIMARY KEY (c, a, b))",
        Numbers(3000, "n / 1000, 'k' || n / 10 % 100, n % 10, " + fill)},
       3000},
      {"k_unique", {"CREATE TABLE {} (v varchar(100), u int NOT NULL, UNIQUE (u))", Numbers(2500, fill + ", n")}, 2500},
      {"k_nullable",
       {"CREATE TABLE {} (v varchar(100), u int, UNIQUE (u))",
        Numbers(2500, fill + ", CASE WHEN n % 2 = 0 THEN n END")},
       2500},
      {"k_none", {"CREATE TABLE {} (v varchar(100), n int)", Numbers(2500, fill + ", n % 100")}, 2500},
      // Rows that are gone leave holes in the file, and changed ones move to its end.
      {"k_holes",
       {"CREATE TABLE {} (id int PRIMARY KEY, v varchar(100))", Numbers(6000, "n, " + fill),
        "DELETE FROM {} WHERE id BETWEEN 1000 AND 3999", "UPDATE {} SET v = 'y' || v WHERE id % 7 = 0"},
       3000},
      {"k_parts",
       {std::string("CREATE TABLE {} (id int") + (version >= 110000 ? " PRIMARY KEY" : "") +
            ", v text) PARTITION BY RANGE (id); CREATE TABLE {db}.k_parts_1 PARTITION OF {db}.k_parts FOR VALUES FROM "
            "(MINVALUE) TO (1000); CREATE TABLE {db}.k_parts_2 PARTITION OF {db}.k_parts FOR VALUES FROM (1000) TO "
            "(MAXVALUE)",
        Numbers(2500, "n, " + fill)},
       2500},
      // A child's rows are not the parent's.
      {.name = "k_parent",
       .statements =
           {"CREATE TABLE {} (id int PRIMARY KEY, v varchar(100)); CREATE TABLE {db}.k_child (w int) INHERITS "
            "({db}.k_parent); INSERT INTO {db}.k_child SELECT n, 'child', n FROM generate_series(1, 100) n",
            Numbers(2500, "n, " + fill)},
       .rows = 2500,
       .only = "ONLY "},
  };
  // Chunks are planned from the server's statistics.
  for (TableSpec& shape : shapes) shape.statements.push_back("ANALYZE {}");
  MarkWhatOthersRefuse(shapes);
  return shapes;
}

}  // namespace sluice::contract::postgresql
