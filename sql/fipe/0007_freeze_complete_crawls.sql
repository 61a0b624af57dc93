-- What a complete crawl loaded is counted once, with the verdict that it is complete; only crawls in progress are counted when somebody asks.

CREATE TABLE fipe_crawl_result (
    crawl_id uuid NOT NULL,
    vehicle_type smallint NOT NULL CHECK (vehicle_type BETWEEN 1 AND 3),
    brands bigint NOT NULL,
    models bigint NOT NULL,
    prices bigint NOT NULL,
    prices_absent bigint NOT NULL,
    calls bigint NOT NULL,
    retries bigint NOT NULL,
    PRIMARY KEY (crawl_id, vehicle_type)
);
COMMENT ON TABLE fipe_crawl_result IS
    'What a complete crawl loaded, as counted when it was found complete; the application role cannot change a row, so no late message and no later crawl does';
COMMENT ON COLUMN fipe_crawl_result.prices_absent IS 'Pairs that FIPE lists but has no price for';
GRANT INSERT ON fipe_crawl_result TO fipe_app;

-- Crawls that were complete before.
INSERT INTO fipe_crawl_result (crawl_id, vehicle_type, brands, models, prices, prices_absent, calls, retries)
SELECT p.crawl_id, p.vehicle_type, p.brands_loaded, p.models_loaded, p.prices_loaded, p.prices_absent, p.calls, p.retries
FROM fipe_crawl_progress AS p
JOIN fipe_crawl AS c ON c.crawl_id = p.crawl_id
WHERE c.completed_at IS NOT NULL;

-- Nothing is missing of what was complete, so one number stands for what was expected and what is there. Lateral, so that asking for one
-- crawl reads that crawl alone.
CREATE OR REPLACE VIEW fipe_crawl_progress AS
SELECT
    f.crawl_id,
    f.vehicle_type::integer AS vehicle_type,
    f.brands AS brands_expected,
    f.brands AS brands_loaded,
    f.models AS models_expected,
    f.models AS models_loaded,
    f.prices + f.prices_absent AS prices_expected,
    f.prices AS prices_loaded,
    f.prices_absent,
    f.calls,
    f.retries
FROM fipe_crawl_result AS f
UNION ALL
SELECT
    t.crawl_id,
    t.vehicle_type::integer,
    cardinality(t.brand_codes)::bigint,
    brand.loaded,
    brand.models_expected,
    model.loaded,
    model.prices_expected,
    model.prices_loaded,
    model.prices_absent,
    t.calls + brand.calls + model.calls,
    t.retries + brand.retries + model.retries
FROM fipe_crawl AS c
JOIN fipe_crawl_vehicle_type AS t ON t.crawl_id = c.crawl_id
CROSS JOIN LATERAL (
    SELECT
        count(*) AS loaded,
        coalesce(sum(cardinality(b.model_codes)), 0)::bigint AS models_expected,
        coalesce(sum(b.calls), 0)::bigint AS calls,
        coalesce(sum(b.retries), 0)::bigint AS retries
    FROM fipe_crawl_brand AS b
    WHERE b.crawl_id = t.crawl_id AND b.brand_code = ANY (t.brand_codes)
) AS brand
CROSS JOIN LATERAL (
    SELECT
        count(m.expected_pairs) AS loaded,
        coalesce(sum(pairs.expected), 0)::bigint AS prices_expected,
        coalesce(sum(pairs.priced), 0)::bigint AS prices_loaded,
        coalesce(sum(pairs.absent), 0)::bigint AS prices_absent,
        coalesce(sum(m.calls), 0)::bigint AS calls,
        coalesce(sum(m.retries), 0)::bigint AS retries
    FROM fipe_crawl_brand AS b
    CROSS JOIN LATERAL unnest(b.model_codes) AS expected (model_code)
    JOIN fipe_crawl_model AS m ON m.crawl_id = b.crawl_id AND m.model_code = expected.model_code
    CROSS JOIN LATERAL (
        SELECT
            count(*) AS expected,
            count(*) FILTER (WHERE pair = ANY (m.priced_pairs)) AS priced,
            count(*) FILTER (WHERE pair = ANY (m.absent_pairs) AND pair <> ALL (m.priced_pairs)) AS absent
        FROM unnest(m.expected_pairs) AS pair
    ) AS pairs
    WHERE b.crawl_id = t.crawl_id AND b.brand_code = ANY (t.brand_codes)
) AS model
WHERE c.completed_at IS NULL;
COMMENT ON VIEW fipe_crawl_progress IS
    'What each crawl expects and has loaded, by vehicle type: counted now for a crawl in progress, and when it was found complete for another';

-- Ordered from cheap to dear: asking whether anything is missing stops at the first row.
CREATE OR REPLACE VIEW fipe_crawl_missing AS
SELECT c.crawl_id, 'vehicle type' AS what, expected.vehicle_type, NULL::text AS brand_code, NULL::text AS model_code, NULL::text AS year_code
FROM fipe_crawl AS c
CROSS JOIN (VALUES (1), (2), (3)) AS expected (vehicle_type)
WHERE c.completed_at IS NULL
    AND NOT EXISTS (
        SELECT FROM fipe_crawl_vehicle_type AS t
        WHERE t.crawl_id = c.crawl_id AND t.vehicle_type = expected.vehicle_type
    )
UNION ALL
SELECT t.crawl_id, 'brand', t.vehicle_type, expected.brand_code, NULL, NULL
FROM fipe_crawl AS c
JOIN fipe_crawl_vehicle_type AS t ON t.crawl_id = c.crawl_id
CROSS JOIN LATERAL unnest(t.brand_codes) AS expected (brand_code)
WHERE c.completed_at IS NULL
    AND NOT EXISTS (
        SELECT FROM fipe_crawl_brand AS b WHERE b.crawl_id = t.crawl_id AND b.brand_code = expected.brand_code
    )
UNION ALL
SELECT b.crawl_id, 'model', NULL, b.brand_code, expected.model_code::text, NULL
FROM fipe_crawl AS c
JOIN fipe_crawl_brand AS b ON b.crawl_id = c.crawl_id
CROSS JOIN LATERAL unnest(b.model_codes) AS expected (model_code)
WHERE c.completed_at IS NULL
    AND NOT EXISTS (
        SELECT FROM fipe_crawl_model AS m
        WHERE m.crawl_id = b.crawl_id AND m.model_code = expected.model_code AND m.expected_pairs IS NOT NULL
    )
UNION ALL
SELECT m.crawl_id, 'price', NULL, NULL, m.model_code::text, (expected.pair / 100) || '-' || (expected.pair % 100)
FROM fipe_crawl AS c
JOIN fipe_crawl_model AS m ON m.crawl_id = c.crawl_id
CROSS JOIN LATERAL unnest(m.expected_pairs) AS expected (pair)
WHERE c.completed_at IS NULL
    AND expected.pair <> ALL (m.absent_pairs)
    AND (
        expected.pair <> ALL (m.priced_pairs)
        -- A scalar subquery, since a NOT EXISTS may be planned as one scan over the prices of all months.
        OR (
            SELECT v.price
            FROM fipe_vehicle_model_value AS v
            WHERE v.reference_code = c.reference_code
                AND v.model_code = m.model_code
                AND v.model_year = expected.pair / 100
                AND v.fuel_code = expected.pair % 100
        ) IS NULL
    );
COMMENT ON VIEW fipe_crawl_missing IS
    'Everything that a crawl in progress still misses; with no row it is complete. A price is there when this crawl has answered for it and its row exists';
