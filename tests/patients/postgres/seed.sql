-- The database every patient on PostgreSQL gets a copy of.
CREATE TABLE customers (id bigint PRIMARY KEY, name text NOT NULL);
CREATE TABLE orders (
    id bigint PRIMARY KEY,
    customer bigint NOT NULL,
    total bigint NOT NULL,
    note text NOT NULL
);
CREATE TABLE parcels (id bigint PRIMARY KEY, status text NOT NULL) WITH (autovacuum_enabled = off);
CREATE TABLE items (id bigint PRIMARY KEY, parcel bigint NOT NULL, name text NOT NULL);
INSERT INTO customers SELECT n, 'customer ' || n FROM generate_series(1, 2000) n;
INSERT INTO orders
    SELECT n, n % 20000, n % 97, repeat('x', 60) FROM generate_series(1, 200000) n;
CREATE INDEX orders_by_customer ON orders (customer);
INSERT INTO parcels SELECT n, 'sent' FROM generate_series(1, 3500) n;
INSERT INTO items SELECT n, n % 3500 + 1, 'item ' || n FROM generate_series(1, 3500) n;
CREATE EXTENSION pg_stat_statements;
CREATE EXTENSION hypopg;
ANALYZE;
