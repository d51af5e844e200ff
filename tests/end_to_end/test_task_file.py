"""`sluice validate`: every mistake is told with file, line and column, and a suggestion where there is one."""

import re

import pytest

from tests.support.sluice import Sluice

GOOD = """version: 1
name: shop-move
source:      {engine: mysql, host: 127.0.0.1, port: 3306, user: dts, password: "${env:SLUICE_TEST_SRC}", tls: {mode: preferred}}
destination: {engine: mysql, host: 127.0.0.1, port: 3307, user: dts, password: "plain"}
types: [schema, full, incremental]
objects:
  - database: shop
    rename: shop_new
    operations: {dml: [insert, update, delete], ddl: [alter_table, create_table]}
    tables:
      - {table: orders, rename: orders2, filter: "id > 100", columns: {exclude: [note], rename: {addr: address}}}
mapping:
  - {kind: table, in: "shop.*", match: "^t_(.*)$", replace: "$1"}
  - {kind: column, in: "shop.orders", prefix: "x_"}
limits: {rows_per_second: 0, megabytes_per_second: 0, readers: 4, writers: 4, memory: 256MiB}
"""


class Nowhere:
    engine, host, port = "mysql", "127.0.0.1", 1


@pytest.fixture
def validate(binary, tmp_path):
    task = Sluice(binary, tmp_path / "v", Nowhere, Nowhere)

    def run(text):
        task.file.write_text(text)
        return task.call("validate")

    return run


def test_a_good_file(validate):
    finished = validate(GOOD)
    assert finished.code == 0, finished


MISTAKES = [
    ("version: 1", "version: 2", 1, ""),
    ("version: 1", "version: one", 1, ""),
    ("version: 1\n", "", 1, "version"),
    ("name: shop-move", "nmae: shop-move", 2, "name"),
    ("name: shop-move", "name: [a]", 2, ""),
    ("engine: mysql, host: 127.0.0.1, port: 3306", "engine: mysqll, host: 127.0.0.1, port: 3306", 3, "mysql"),
    ("port: 3306", "port: 99999", 3, ""),
    ("port: 3306", "port: many", 3, ""),
    ("port: 3306", "prot: 3306", 3, "port"),
    ("host: 127.0.0.1, port: 3306", "port: 3306", 3, "host"),
    ("user: dts, password: \"${env", "usr: dts, password: \"${env", 3, "user"),
    ("${env:SLUICE_TEST_SRC}", "${env:SLUICE_NOT_SET_ANYWHERE}", 3, "SLUICE_NOT_SET_ANYWHERE"),
    ("\"plain\"", "\"${file:/no/such/file}\"", 4, "/no/such/file"),
    ("mode: preferred", "mode: prefered", 3, "preferred"),
    ("destination: {engine", "destinaton: {engine", 4, "destination"),
    ("types: [schema, full, incremental]", "types: [schema, ful]", 5, "full"),
    ("types: [schema, full, incremental]", "types: []", 5, ""),
    ("types: [schema, full, incremental]", "types: full", 5, ""),
    ("objects:", "object:", 6, "objects"),
    ("  - database: shop", "  - databse: shop", 7, "database"),
    ("rename: shop_new", "rename: [x]", 8, ""),
    ("dml: [insert, update, delete]", "dml: [insert, updat]", 9, "update"),
    ("ddl: [alter_table", "ddl: [altr_table", 9, "alter_table"),
    ("    tables:", "    tabels:", 10, "tables"),
    ("{table: orders", "{tabel: orders", 11, "table"),
    ("filter: \"id > 100\"", "filter: {a: b}", 11, ""),
    ("exclude: [note]", "exclud: [note]", 11, "exclude"),
    ("rename: {addr: address}", "rename: addr", 11, ""),
    ("kind: table", "kind: tabel", 13, "table"),
    ("match: \"^t_(.*)$\"", "match: \"^t_((.*$\"", 13, ""),
    ("replace: \"$1\"", "replce: \"$1\"", 13, "replace"),
    ("prefix: \"x_\"", "prefx: \"x_\"", 14, "prefix"),
    ("rows_per_second: 0", "rows_per_second: -5", 15, ""),
    ("rows_per_second: 0", "rows_per_secnd: 0", 15, "rows_per_second"),
    ("readers: 4", "readers: 0", 15, ""),
    ("readers: 4", "readers: lots", 15, ""),
    ("memory: 256MiB", "memory: 256Mib8", 15, ""),
    ("memory: 256MiB", "memory: 1", 15, ""),
    ("limits:", "limit:", 15, "limits"),
    ("mapping:", "mappings:", 12, "mapping"),
]


@pytest.mark.parametrize(
    "good, bad, line, suggestion", MISTAKES, ids=[f"{i}-{m[1].strip()[:30]}" for i, m in enumerate(MISTAKES)]
)
def test_each_mistake_is_told_with_its_place(validate, good, bad, line, suggestion):
    assert good in GOOD
    finished = validate(GOOD.replace(good, bad, 1))
    assert finished.code == 2, finished
    places = re.findall(r"task\.yaml:(\d+):(\d+)", finished.text)
    assert places, finished
    assert any(abs(int(found) - line) <= (1 if not bad else 0) for found, _ in places), finished
    assert suggestion in finished.text, finished


def test_all_mistakes_at_once(validate):
    finished = validate(
        GOOD.replace("nmae", "name")
        .replace("port: 3306", "prot: 3306")
        .replace("limits:", "limit:")
        .replace("kind: column", "kind: colum")
    )
    assert finished.code == 2
    assert len(set(re.findall(r"task\.yaml:(\d+):\d+", finished.text))) >= 3, finished


@pytest.mark.parametrize(
    "text",
    ["", "- a\n- b\n", "a: [", "\t", "version: 1\nversion: 1\n", "a: &a [*a]\n", "\x00\x01", "just text", "{" * 2000],
)
def test_no_yaml_at_all(validate, text):
    finished = validate(text)
    assert finished.code == 2, finished


def test_file_is_missing(binary, tmp_path):
    task = Sluice(binary, tmp_path / "v", Nowhere, Nowhere)
    task.file.unlink()
    for verb in ("validate", "run", "precheck", "verify"):
        finished = task.call(verb)
        assert finished.code == 2, finished
        assert "task.yaml" in finished.text


@pytest.mark.parametrize("arguments", [["nonsense"], ["run"], ["validate", "--no-such"], ["schema", "retri", "x"], []])
def test_usage(binary, arguments):
    import subprocess

    done = subprocess.run([str(binary), *arguments], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode in ((0, 2) if not arguments else (2,)), done


def test_pairs(binary):
    import json
    import subprocess

    done = subprocess.run([str(binary), "pairs", "--json"], capture_output=True, text=True, timeout=30, check=True)
    assert "mysql" in json.dumps(json.loads(done.stdout))
