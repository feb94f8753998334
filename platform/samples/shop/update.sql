-- A day's business on top of seed.sql: every 20th order is changed, and 250 more are placed. Each time it is run.
BEGIN;
UPDATE shop.orders
SET amount = amount + 1, updated_at = (SELECT max(updated_at) FROM shop.orders) + id * interval '1 second'
WHERE id % 20 = 0;

INSERT INTO shop.orders
SELECT last.id + n, 1 + n % 500, n, 'later', last.at + n * interval '1 second', last.at + n * interval '1 second'
FROM generate_series(1, 250) AS n,
     (SELECT max(id) AS id, max(updated_at) AS at FROM shop.orders) AS last;
COMMIT;
