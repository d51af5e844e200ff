"""Steady load: how long after its commit at the source a transaction is visible at the destination."""

import statistics
import threading
import time

import common


def write_marks(source, marks, ends):
    """A row every 20 ms with the time at which its commit returned."""
    with source.session("sb") as session:
        number = 0
        while not ends.is_set():
            number += 1
            session.execute(f"INSERT INTO mark VALUES ({number})")
            marks[number] = time.monotonic()
            time.sleep(0.02)


def watch_marks(destination, seen, ends):
    """The time at which each row was first seen; asks all the time, from one connection."""
    with destination.session("sb") as session:
        last = 0
        while not ends.is_set():
            newest = session.query("SELECT MAX(id) FROM mark")[0][0] or 0
            now = time.monotonic()
            for number in range(last + 1, newest + 1):
                seen[number] = now
            last = max(last, newest)
            time.sleep(0.002)


def main():
    options = common.arguments(__doc__, tables=4, rows=100_000, rate=1000, seconds=30, writers=4)
    title = f"delay at {options.rate} transactions/s, {options.source} to {options.destination}"
    with common.Bench(title) as bench:
        source, destination = bench.server(options.source), bench.server(options.destination)
        common.sysbench_fill(source, tables=options.tables, rows=options.rows)
        source.execute("CREATE TABLE sb.mark (id INT PRIMARY KEY)")
        task = bench.sluice(
            source, destination, objects=[{"database": "sb"}], limits={"readers": 2, "writers": options.writers}
        )
        task.start()
        task.wait_caught_up(600)
        marks, seen, ends, write_ends = {}, {}, threading.Event(), threading.Event()
        threads = [
            threading.Thread(target=write_marks, args=(source, marks, write_ends)),
            threading.Thread(target=watch_marks, args=(destination, seen, ends)),
        ]
        for thread in threads:
            thread.start()
        common.sysbench_write(
            source, 0, tables=options.tables, rows=options.rows, rate=options.rate, seconds=options.seconds
        )
        write_ends.set()
        threads[0].join()
        common.wait_until(lambda: len(seen) == len(marks), 60, "all marks are seen")
        ends.set()
        threads[1].join()
        task.terminate()
        delays = sorted(max(0.0, seen[number] - at) * 1000 for number, at in marks.items())
        print(f"{len(delays)} marks, worst {delays[-1]:.0f} ms", flush=True)
        bench.result("median delay", statistics.median(delays), None, 100, "ms")
        bench.result("99th percentile", delays[int(len(delays) * 0.99)], None, 500, "ms")


if __name__ == "__main__":
    main()
