"""A backlog of sysbench write-only transactions: time until caught up, against the native replica's best setting."""

import common

# A replica commits each transaction by itself, so its own best setting is not to wait for the disk at each; Sluice's
# destination gets the same.
RELAXED = ["--innodb-flush-log-at-trx-commit=2"]
# Owed: against MariaDB's own replica 0.6, against MySQL's own 1.0.
LIMITS = {"mariadb": 0.6, "mysql": 1.0}


def checksums(server, tables):
    names = ", ".join(f"sb.sbtest{i + 1}" for i in range(tables))
    return [row[1] for row in server.query(f"CHECKSUM TABLE {names}")]


def main():
    options = common.arguments(__doc__, tables=4, rows=500_000, transactions=100_000, writers=2)
    title = f"{options.transactions} waiting transactions, {options.source} to {options.destination}"
    with common.Bench(title) as bench:
        source, destination = bench.server(options.source), bench.server(options.destination, extra=RELAXED)
        common.sysbench_fill(source, tables=options.tables, rows=options.rows)
        task = bench.sluice(
            source,
            destination,
            objects=[{"database": "sb"}],
            limits={"readers": options.writers, "writers": options.writers},
        )
        task.run_until_caught_up(timeout=1800)
        has_replica = not options.no_peers and options.source == options.destination
        if has_replica:
            base = common.clone(source, bench.park, server_id=77)
            at = common.position(source)
        common.sysbench_write(source, options.transactions, tables=options.tables, rows=options.rows)

        ours = common.run_sluice(task, "run", "--until", "caught-up")
        print(f"Sluice: {ours.seconds:.2f} s, peak {ours.peak_mib:.0f} MiB", flush=True)
        assert checksums(source, options.tables) == checksums(destination, options.tables), "the rows differ"
        destination.stop()
        peer = None
        if has_replica:
            number = iter(range(1000, 1100))  # server ids, away from those of the park
            peer = common.best_replica_catch_up(
                bench, source, lambda: common.clone(base, bench.park, server_id=next(number), extra=RELAXED), at
            )
        bench.result("backlog to caught up", ours.seconds, peer, LIMITS[options.destination] if peer else None)
        bench.result("peak memory", ours.peak_mib, None, 300, "MiB")


if __name__ == "__main__":
    main()
