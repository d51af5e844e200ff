"""5,000 small tables: schema and rows no slower than mydumper + myloader, and the first row within 10 s."""

import time

import MySQLdb

import common


def first_row_seconds(task, destination, begin):
    """Seconds until a chunk with rows is committed at the destination."""
    while True:
        try:
            if destination.value("SELECT EXISTS(SELECT 1 FROM sluice.chunk WHERE row_count > 0)"):
                return time.monotonic() - begin
        except MySQLdb.ProgrammingError:
            pass  # its tables are not there yet
        task.check_alive()
        time.sleep(0.05)


def main():
    options = common.arguments(__doc__, tables=5000, rows=10, writers=2)
    with common.Bench(f"{options.tables} small tables, {options.source} to {options.destination}") as bench:
        source, destination = bench.server(options.source), bench.server(options.destination)
        common.small_tables(source, count=options.tables, rows=options.rows)
        peer = None
        if not options.no_peers:
            dump, load = common.mydumper_myloader(bench, source, destination, "many", options.writers)
            print(f"mydumper {dump:.1f} s, myloader {load:.1f} s", flush=True)
            peer = dump + load
            destination.execute("DROP DATABASE many")
        task = bench.sluice(
            source,
            destination,
            types=["schema", "full"],
            objects=[{"database": "many"}],
            limits={"readers": options.writers, "writers": options.writers},
        )
        begin = time.monotonic()
        task.start()
        first = first_row_seconds(task, destination, begin)
        if task.wait(3600) != 0:
            raise SystemExit(task.log_text())
        seconds = time.monotonic() - begin
        bench.result("schema and rows", seconds, peer, 1.0)
        bench.result("start to first row", first, None, 10)
        count = destination.value("SELECT COUNT(*) FROM information_schema.tables WHERE table_schema='many'")
        assert count == options.tables, count


if __name__ == "__main__":
    main()
