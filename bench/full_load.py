"""Schema and rows of sysbench tables: against mydumper + myloader, and against LOAD DATA of the same rows from files."""

import shutil

import common

LOAD = "LOAD DATA LOCAL INFILE '{file}' INTO TABLE {table} CHARACTER SET binary"


def floor_seconds(bench, source, destination, tables, connections):
    """LOAD DATA from files into tables without their secondary index, which is added to each afterwards."""
    folder = bench.folder / "floor"
    folder.mkdir()
    names = [f"sbtest{i + 1}" for i in range(tables)]
    destination.execute("CREATE DATABASE floor")
    for name in names:
        source.execute(f"SELECT * INTO OUTFILE '{folder / name}' FROM sb.{name}")
        destination.execute(source.query(f"SHOW CREATE TABLE sb.{name}")[0][1], database="floor")
        index = source.query(f"SHOW INDEX FROM sb.{name} WHERE Key_name <> 'PRIMARY'")[0][2]
        destination.execute(f"ALTER TABLE {name} DROP INDEX {index}", database="floor")

    def load(part):
        with destination.session("floor", local_infile=True) as session:
            for name in part:
                session.execute(LOAD.format(file=folder / name, table=name))
                session.execute(f"ALTER TABLE {name} ADD INDEX k_1 (k)")

    seconds = common.in_parallel(*[lambda part=names[i::connections]: load(part) for i in range(connections)])
    destination.execute("DROP DATABASE floor")
    shutil.rmtree(folder)
    return seconds


def sluice_run(bench, source, destination, writers):
    """Seconds and peak MiB of one migration into an empty destination."""
    destination.execute("DROP DATABASE IF EXISTS sb", "DROP DATABASE IF EXISTS sluice")
    task = bench.sluice(
        source,
        destination,
        types=["schema", "full"],
        objects=[{"database": "sb"}],
        limits={"readers": writers, "writers": writers},
    )
    ran = common.run_sluice(task, "run")
    return ran.seconds, ran.peak_mib


def main():
    options = common.arguments(__doc__, tables=4, rows=500_000, writers=2, rounds=2)
    title = f"full load, {options.tables} x {options.rows} rows, {options.source} to {options.destination}"
    with common.Bench(title) as bench:
        source, destination = bench.server(options.source), bench.server(options.destination)
        common.sysbench_fill(source, tables=options.tables, rows=options.rows)
        ours, peers, floors = [], [], []
        for _ in range(options.rounds):  # taken in turn, so that all meet the same weather
            ours.append(sluice_run(bench, source, destination, options.writers))
            print(f"sluice {ours[-1][0]:.1f} s, {ours[-1][1]:.0f} MiB", flush=True)
            if options.no_peers:
                continue
            dump, load = common.mydumper_myloader(bench, source, destination, "sb", options.writers)
            peers.append(dump + load)
            floors.append(floor_seconds(bench, source, destination, options.tables, options.writers))
            print(f"mydumper {dump:.1f} s, myloader {load:.1f} s, floor {floors[-1]:.1f} s", flush=True)
        seconds = min(run[0] for run in ours)
        bench.result("against mydumper + myloader", seconds, min(peers, default=None), 0.60)
        bench.result("against LOAD DATA from files", seconds, min(floors, default=None), 1.25)
        bench.result("peak memory", max(run[1] for run in ours), None, 300, "MiB")


if __name__ == "__main__":
    main()
