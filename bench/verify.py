"""Verify of 4 x 500,000 sysbench rows: faster than their full load, with flat memory, also with differences."""

import common


def spoil(server, rows, count):
    """`count` rows of each kind: different, missing and extra at the destination."""
    step = rows // count
    server.execute(
        f"UPDATE sb.sbtest1 SET pad='spoilt' WHERE id % {step} = 1",
        f"DELETE FROM sb.sbtest2 WHERE id % {step} = 2",
        f"INSERT INTO sb.sbtest3 SELECT id + {rows * 10}, k, c, pad FROM sb.sbtest3 WHERE id % {step} = 3",
    )


def main():
    options = common.arguments(__doc__, rows=500_000, tables=4, writers=2, differences=1000)
    with common.Bench(
        f"verify {options.tables} x {options.rows} rows, {options.source} to {options.destination}"
    ) as bench:
        source, destination = bench.server(options.source), bench.server(options.destination)
        common.sysbench_fill(source, tables=options.tables, rows=options.rows)
        task = bench.sluice(
            source,
            destination,
            types=["schema", "full"],
            objects=[{"database": "sb"}],
            limits={"readers": options.writers, "writers": options.writers},
        )
        load = common.run_sluice(task, "run")
        equal = common.run_sluice(task, "verify")
        bench.result("verify of equal tables (peer: the full load)", equal.seconds, load.seconds, 1.0)
        bench.result("peak memory", equal.peak_mib, None, 300, "MiB")
        spoil(destination, options.rows, options.differences)
        found = task.verify("--json", "--repair-sql", str(bench.folder / "repair.sql"), check=5, timeout=3600).json
        assert (found["different"], found["missing"]) == (options.differences, options.differences), found
        again = task.call("verify", "--json", timeout=3600)
        assert again.code == 5


if __name__ == "__main__":
    main()
