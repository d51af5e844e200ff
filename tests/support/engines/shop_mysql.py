"""The shop's statements for MySQL and MariaDB."""

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

TOTALS = """CREATE VIEW z_order_totals AS SELECT o.id, o.customer_id, SUM(l.quantity * p.price) AS total
FROM orders o JOIN order_lines l ON l.order_id = o.id JOIN products p ON p.id = l.product_id GROUP BY o.id, o.customer_id"""

PRODUCT = "INSERT INTO products (sku, title, price, weight, picture, place, stock) VALUES (%s,%s,%s,%s,%s,POINT(%s,%s),%s)"


def tables(server):
    del server  # the same for all
    return ["SET SESSION sql_mode='STRICT_TRANS_TABLES'", *TABLES.split("---")]


def objects(server):
    del server
    # An earlier name that needs a later one: views in dependency order.
    return [TOTALS, *OBJECTS.split("---")]


def flags(some):
    return ",".join(some)


def insert_order(session, customer, note):
    session.execute("INSERT INTO orders (customer_id, note, ordered) VALUES (%s,%s,NOW(6))", (customer, note))
    return session.value("SELECT LAST_INSERT_ID()")


def delete_a_visit(session):
    session.execute("DELETE FROM visits LIMIT 1")


def put_measure(session, row):
    session.execute("REPLACE INTO measures VALUES (%s,%s,%s)", row)
