"""A small shop: foreign keys, a view on a view, a trigger, routines, generated columns, a CHECK, partitions."""

import random
import threading

import pymysql

from .waiting import wait_until

TABLES = """
CREATE TABLE customers (
  id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  email VARCHAR(190) NOT NULL,
  name VARCHAR(100) CHARACTER SET utf8mb4 NOT NULL COMMENT 'as on the invoice; 中文 too',
  born DATE NULL,
  tier ENUM('plain','silver','gold') NOT NULL DEFAULT 'plain',
  flags SET('news','sms','phone') NOT NULL DEFAULT '',
  settings JSON NULL,
  created TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  UNIQUE KEY u_email (email), KEY k_name (name(20), born)
) COMMENT='who buys'
---
CREATE TABLE products (
  id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  sku CHAR(12) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  title VARCHAR(200) NOT NULL,
  price DECIMAL(10,2) NOT NULL DEFAULT 0.00,
  price_gross DECIMAL(12,4) GENERATED ALWAYS AS (price * 1.19) STORED,
  title_length INT GENERATED ALWAYS AS (char_length(title)) VIRTUAL,
  weight DOUBLE NULL,
  picture BLOB NULL,
  place POINT NULL,
  stock INT NOT NULL DEFAULT 0,
  CONSTRAINT c_price CHECK (price >= 0),
  UNIQUE KEY u_sku (sku)
)
---
CREATE TABLE orders (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  customer_id INT UNSIGNED NOT NULL,
  state VARCHAR(20) NOT NULL DEFAULT 'new',
  note TEXT NULL,
  ordered DATETIME(6) NOT NULL,
  KEY k_state (state, ordered),
  CONSTRAINT f_customer FOREIGN KEY (customer_id) REFERENCES customers (id) ON DELETE CASCADE ON UPDATE CASCADE
)
---
CREATE TABLE order_lines (
  order_id BIGINT NOT NULL,
  line SMALLINT UNSIGNED NOT NULL,
  product_id INT NOT NULL,
  quantity INT NOT NULL,
  PRIMARY KEY (order_id, line), KEY k_product (product_id),
  CONSTRAINT f_order FOREIGN KEY (order_id) REFERENCES orders (id) ON DELETE CASCADE,
  CONSTRAINT f_product FOREIGN KEY (product_id) REFERENCES products (id)
)
---
CREATE TABLE visits (
  at DATETIME NOT NULL,
  ip VARBINARY(16) NOT NULL,
  page VARCHAR(100) NOT NULL,
  KEY k_at (at)
)
---
CREATE TABLE stock_log (
  product_id INT NOT NULL,
  stock_before INT NOT NULL,
  stock_after INT NOT NULL
)
---
CREATE TABLE measures (
  id INT NOT NULL, day DATE NOT NULL, value FLOAT NULL, PRIMARY KEY (id, day)
) PARTITION BY RANGE (YEAR(day)) (
  PARTITION p0 VALUES LESS THAN (2020), PARTITION p1 VALUES LESS THAN (2024), PARTITION p2 VALUES LESS THAN MAXVALUE)
"""

OBJECTS = """
CREATE TRIGGER product_stock AFTER UPDATE ON products FOR EACH ROW
BEGIN
  IF NEW.stock <> OLD.stock THEN
    INSERT INTO stock_log VALUES (NEW.id, OLD.stock, NEW.stock);
  END IF;
END
---
CREATE VIEW a_big_orders AS SELECT * FROM z_order_totals WHERE total > 100
---
CREATE PROCEDURE close_order(IN which BIGINT) BEGIN UPDATE orders SET state = 'closed' WHERE id = which; END
---
CREATE FUNCTION gross(net DECIMAL(10,2)) RETURNS DECIMAL(12,4) DETERMINISTIC NO SQL RETURN net * 1.19
"""

_TOTALS = """CREATE VIEW z_order_totals AS SELECT o.id, o.customer_id, SUM(l.quantity * p.price) AS total
FROM orders o JOIN order_lines l ON l.order_id = o.id JOIN products p ON p.id = l.product_id GROUP BY o.id, o.customer_id"""

STATES = ("new", "paid", "sent", "closed")


def create(server, database="shop", customers=50, products=30, orders=200, visits=100, seed=1):
    """Makes and fills it; the trigger is in force from the start."""
    rng = random.Random(seed)
    server.execute(f"CREATE DATABASE {database} CHARACTER SET utf8mb4")
    with server.session(database) as session:
        for statement in TABLES.split("---"):
            session.execute(statement)
        session.execute("SET SESSION sql_mode='STRICT_TRANS_TABLES'")
        session.executemany(
            "INSERT INTO customers (email, name, born, tier, flags, settings) VALUES (%s,%s,%s,%s,%s,%s)",
            [
                (
                    f"c{i}@example.com",
                    f"Customer {i} Grüße 😀",
                    f"{1940 + i % 70}-0{1 + i % 9}-1{i % 9}",
                    ("plain", "silver", "gold")[i % 3],
                    ("", "news", "news,sms")[i % 3],
                    '{"size": %d, "tags": ["a", "ü"]}' % i if i % 4 else None,
                )
                for i in range(1, customers + 1)
            ],
        )
        session.executemany(
            "INSERT INTO products (sku, title, price, weight, picture, place, stock) VALUES (%s,%s,%s,%s,%s,POINT(%s,%s),%s)",
            [
                (
                    f"SKU{i:09}",
                    f"Thing\t{i}\\",
                    f"{rng.randrange(1, 20000) / 100:.2f}",
                    rng.random() * 10,
                    rng.randbytes(50),
                    rng.random() * 180,
                    rng.random() * 90,
                    1000,
                )
                for i in range(1, products + 1)
            ],
        )
        session.executemany(
            "INSERT INTO orders (id, customer_id, state, note, ordered) VALUES (%s,%s,%s,%s,%s)",
            [
                (
                    i,
                    rng.randint(1, customers),
                    rng.choice(STATES),
                    f"line one\nline two {i}" if i % 3 else None,
                    f"2024-0{1 + i % 9}-1{i % 9} 10:20:30.{i % 10 ** 6:06}",
                )
                for i in range(1, orders + 1)
            ],
        )
        session.executemany(
            "INSERT INTO order_lines VALUES (%s,%s,%s,%s)",
            [
                (i, line, rng.randint(1, products), rng.randint(1, 9))
                for i in range(1, orders + 1)
                for line in range(1, 2 + i % 4)
            ],
        )
        session.executemany(
            "INSERT INTO visits VALUES (%s,%s,%s)",
            [("2024-05-01 10:00:00", rng.randbytes(4), f"/p/{i % 7}") for i in range(visits)],
        )
        session.executemany(
            "INSERT INTO measures VALUES (%s,%s,%s)", [(i, f"{2018 + i % 9}-01-01", rng.random()) for i in range(100)]
        )
        # An earlier name that needs a later one: views in dependency order.
        session.execute(_TOTALS)
        for statement in OBJECTS.split("---"):
            session.execute(statement)


def _some(session, rng, table):
    """The key of a random row, found by key; None when the table is empty."""
    low, high = session.query(f"SELECT MIN(id), MAX(id) FROM {table}")[0]
    if low is None:
        return None
    return session.value(f"SELECT MIN(id) FROM {table} WHERE id >= %s", (rng.randint(low, high),))


def write_once(session, rng):
    """One transaction of everyday business, keys of every table touched."""
    session.execute("START TRANSACTION")
    dice = rng.random()
    customer = _some(session, rng, "customers")
    if dice < 0.4 and customer:
        session.execute(
            "INSERT INTO orders (customer_id, note, ordered) VALUES (%s,%s,NOW(6))", (customer, f"note {rng.random()}")
        )
        order = session.value("SELECT LAST_INSERT_ID()")
        for line in range(1, rng.randint(2, 4)):
            product = _some(session, rng, "products")
            session.execute("INSERT INTO order_lines VALUES (%s,%s,%s,%s)", (order, line, product, rng.randint(1, 5)))
            session.execute("UPDATE products SET stock=stock-1 WHERE id=%s", (product,))
    elif dice < 0.6:
        session.execute("UPDATE orders SET state=%s WHERE id=%s", (rng.choice(STATES), _some(session, rng, "orders")))
    elif dice < 0.7:
        session.execute(
            "INSERT INTO customers (email, name) VALUES (%s,%s)", (f"n{rng.randrange(10 ** 12)}@example.com", "New")
        )
    elif dice < 0.75 and customer:
        session.execute("DELETE FROM customers WHERE id=%s", (customer,))  # cascades to orders and lines
    elif dice < 0.78 and customer:
        session.execute("UPDATE customers SET id=id+1000000 WHERE id=%s AND id<1000000", (customer,))  # cascades too
    elif dice < 0.9:
        session.execute("INSERT INTO visits VALUES (NOW(), %s, '/new')", (rng.randbytes(16),))
    elif dice < 0.95:
        session.execute("DELETE FROM visits LIMIT 1")
    else:
        session.execute(
            "REPLACE INTO measures VALUES (%s,%s,%s)",
            (rng.randrange(100), f"{rng.randrange(2015, 2030)}-01-01", rng.random()),
        )
    session.execute("COMMIT")


class Business:
    """Keeps writing to the shop: `with Business(server)`. `pause` in seconds between transactions."""

    def __init__(self, server, database="shop", seed=1, pause=0.002, threads=1):
        self._server, self._database, self._pause = server, database, pause
        self._stop = threading.Event()
        self.count = 0
        self._threads = [
            threading.Thread(target=self._run, args=(random.Random(seed + i),), daemon=True) for i in range(threads)
        ]

    def _run(self, rng):
        session = None
        while not self._stop.wait(self._pause):
            try:
                if session is None:
                    from .servers import Session

                    session = Session(self._server.connect(self._database))
                write_once(session, rng)
                self.count += 1
            except (pymysql.err.MySQLError, OSError) as error:
                if session and error.args and error.args[0] in (1205, 1213, 1062, 1452, 1048):
                    session.execute("ROLLBACK")
                else:
                    session = None

    def wait_for(self, count, seconds=120):
        """Until so many transactions are committed since the beginning."""
        wait_until(lambda: self.count >= count, seconds, f"{count} transactions")

    def stop(self):
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop()
