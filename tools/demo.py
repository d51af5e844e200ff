#!/usr/bin/env python3
"""The part of ./demo that runs after the build: servers, shop, migration, verification, summary."""

import argparse
import os
import pathlib
import signal
import subprocess
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.support import compare, servers, shop  # noqa: E402
from tests.support.sluice import BINARY, Sluice, is_caught_up, phase_of  # noqa: E402
from tests.support.waiting import wait_until  # noqa: E402

SIZES = {"customers": 12_000, "products": 1_500, "orders": 26_000, "visits": 14_000}
FOLLOW_SECONDS = 12

TASK = """\
# What ./demo migrates. The same shape serves real servers.
version: 1
name: demo
source:      {{engine: mysql, host: {source.host}, port: {source.port}, user: admin, password: "${{env:SLUICE_TEST_SRC}}"}}
destination: {{engine: mysql, host: {destination.host}, port: {destination.port}, user: admin, password: "${{env:SLUICE_TEST_DST}}"}}
types: [schema, full, incremental]
objects:
  - database: shop
    rename: shop_new
"""


def say(text):
    bold, plain = ("\033[1m", "\033[0m") if sys.stdout.isatty() else ("", "")
    print(f"\n{bold}== {text}{plain}", flush=True)


def write_until_told(socket):
    """The second process: everyday business at the source until SIGTERM; prints how many transactions it committed."""
    business = shop.Business(_Remote(socket), pause=0.003, threads=2)
    told = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: told.set())
    with business:
        told.wait()
    print(business.count)


class _Remote(servers.mysql.MysqlServer):
    """A server that another process owns."""

    def __init__(self, socket):  # pylint: disable=super-init-not-called
        self.socket = socket


def rows(server, database):
    return sum(server.value(f"SELECT COUNT(*) FROM {database}.{table}") for table in compare.tables(server, database))


def migrate(source, destination, folder):
    task = Sluice(BINARY, folder, source, destination, name="demo")
    task.file = folder / "shop.yaml"
    task.file.write_text(TASK.format(source=source, destination=destination))
    shown = os.path.relpath(BINARY, ROOT)
    say("The task file")
    print(task.file.read_text(), end="")

    say(f"{shown} precheck shop.yaml")
    subprocess.run(task._command("precheck"), env=task.environment, check=True)

    writer = subprocess.Popen([sys.executable, __file__, "--writer", source.socket], stdout=subprocess.PIPE, text=True)
    begin = time.monotonic()
    try:
        say(f"{shown} run shop.yaml      (while another process keeps writing to the source)")
        run = subprocess.Popen(task._command("run"), env=task.environment, start_new_session=True)
        task.process = run
        try:
            status = wait_until(lambda: _watch(task, run), 300, "not delayed", pause=0.2)
            seconds_to_follow = time.monotonic() - begin
            deadline = time.monotonic() + FOLLOW_SECONDS
            while time.monotonic() < deadline and run.poll() is None:
                time.sleep(0.2)
            writer.terminate()
            transactions = int(writer.communicate(timeout=30)[0])
            begin_drain = time.monotonic()
            status = _drain(task, run, source, destination)
            drain_seconds = time.monotonic() - begin_drain
            task.terminate(30)
        finally:
            if run.poll() is None:
                run.kill()
                run.wait()
    finally:
        if writer.poll() is None:
            writer.kill()
    say("The writer has stopped, Sluice is not delayed.")
    say(f"{shown} verify shop.yaml")
    verified = subprocess.run(task._command("verify"), env=task.environment, check=False).returncode
    return {
        "task": task,
        "status": status,
        "transactions": transactions,
        "to follow": seconds_to_follow,
        "drain": drain_seconds,
        "verified": verified,
    }


def _watch(task, run):
    if run.poll() is not None:
        raise SystemExit(f"`sluice run` ended with status {run.returncode}")
    status = task.status()
    return status if status and is_caught_up(status) and phase_of(status) == "incremental" else None


def _drain(task, run, source, destination):
    """Not delayed again, after a last change that has to be there."""
    source.execute("CREATE TABLE shop.last_change (id INT PRIMARY KEY)", "INSERT INTO shop.last_change VALUES (1)")

    def arrived():
        status = _watch(task, run)
        return status if status and there() else None

    def there():
        tables = compare.tables(destination, "shop_new")
        return "last_change" in tables and destination.value("SELECT COUNT(*) FROM shop_new.last_change")

    return wait_until(arrived, 120, "the last change at the destination", pause=0.1)


def summary(source, destination, facts, seconds):
    say("Summary")
    different = compare.differences(source, "shop", destination, "shop_new")
    here = rows(source, "shop")
    lines = [
        ("rows at the source, and at the destination", f"{here:,} / {rows(destination, 'shop_new'):,}"),
        ("transactions written meanwhile", f"{facts['transactions']:,}"),
        ("from start to not delayed", f"{facts['to follow']:.1f} s"),
        ("not delayed after the last write", f"{facts['drain']:.1f} s"),
        ("sluice verify", "equal" if facts["verified"] == 0 else f"DIFFERENCES (status {facts['verified']})"),
        ("independent comparison by plain SQL", "equal" if not different else "DIFFERENCES"),
        ("whole demo", f"{seconds:.0f} s"),
    ]
    for name, value in lines:
        print(f"  {name + ' ':.<48} {value}")
    if different:
        print("\n".join(different))
    print(
        "\nTriggers are not at the destination yet: with changes to follow, `sluice cutover shop.yaml` creates them and ends\n"
        "the task, when the application is ready to switch over."
    )
    return not different and facts["verified"] == 0


def main():
    parser = argparse.ArgumentParser(description="Shows Sluice at work; see ./demo.")
    parser.add_argument("--keep", action="store_true", help="leave the servers running until Enter is pressed")
    parser.add_argument("--writer", metavar="SOCKET", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.writer:
        write_until_told(arguments.writer)
        return 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    begin = time.monotonic()
    park = servers.Park()
    try:
        say("Two throwaway MariaDB servers")
        source, destination = park.new("mariadb"), park.new("mariadb")
        print(f"source on port {source.port}, destination on port {destination.port}, data in {park.base}")
        shop.create(source, **SIZES)
        print(
            f"The shop has {rows(source, 'shop'):,} rows in {len(compare.tables(source, 'shop'))} tables, foreign keys, views, a "
            "trigger, routines, JSON, a geometry, partitions."
        )
        folder = park.base / "task"
        facts = migrate(source, destination, folder)
        good = summary(source, destination, facts, time.monotonic() - begin)
        if arguments.keep:
            print(
                f"\nmariadb --socket={source.socket} --user=admin --password={servers.ADMIN_PASSWORD} shop\n"
                f"mariadb --socket={destination.socket} --user=admin --password={servers.ADMIN_PASSWORD} shop_new"
            )
            input("Enter ends the demo. ")
        return 0 if good else 1
    except KeyboardInterrupt:
        print("\ninterrupted")
        return 130
    finally:
        park.close()


if __name__ == "__main__":
    sys.exit(main())
