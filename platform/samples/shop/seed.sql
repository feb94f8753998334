-- A shop's database: 500 customers and 5000 orders, the same ones each time. Safe to run again.
BEGIN;
CREATE SCHEMA IF NOT EXISTS shop;

CREATE TABLE IF NOT EXISTS shop.customers (
    id integer PRIMARY KEY,
    name text NOT NULL,
    country text NOT NULL,
    updated_at timestamptz NOT NULL
);

CREATE TABLE IF NOT EXISTS shop.orders (
    id integer PRIMARY KEY,
    customer_id integer NOT NULL REFERENCES shop.customers (id),
    amount numeric(10, 2) NOT NULL,
    note text,
    placed_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);

INSERT INTO shop.customers
SELECT n, 'Customer ' || n, (ARRAY['de', 'fr', 'it', 'pl', 'se'])[1 + n % 5],
       timestamptz '2026-01-01 00:00:00+00' + n * interval '7 minutes'
FROM generate_series(1, 500) AS n
ON CONFLICT (id) DO NOTHING;

INSERT INTO shop.orders
SELECT n, 1 + n * 37 % 500, (n * 7919 % 100000) / 100.0,
       CASE n % 4 WHEN 0 THEN NULL WHEN 1 THEN 'gift, "wrapped"' WHEN 2 THEN E'two\nlines' ELSE 'plain' END,
       timestamptz '2026-02-01 00:00:00+00' + n * interval '11 minutes',
       timestamptz '2026-02-01 00:00:00+00' + n * interval '11 minutes'
FROM generate_series(1, 5000) AS n
ON CONFLICT (id) DO NOTHING;
COMMIT;
