-- What people and `infra status fipe` read.

-- Left joins, so that a price shows from the moment it is stored (names follow when the manifest arrives), and so that a
-- query which needs no names does not pay for them.
CREATE VIEW fipe_prices AS
SELECT
    r.month AS reference_month,
    b.vehicle_type::integer AS vehicle_type,
    m.brand_code,
    b.name AS brand_name,
    v.model_code::text AS model_code,
    m.name AS model_name,
    v.model_year::integer AS model_year,
    v.fuel_code::integer AS fuel_code,
    f.name AS fuel,
    v.fipe_code,
    v.price
FROM fipe_vehicle_model_value AS v
LEFT JOIN fipe_reference_month AS r ON r.reference_code = v.reference_code
LEFT JOIN fipe_vehicle_model AS m ON m.reference_code = v.reference_code AND m.model_code = v.model_code
LEFT JOIN fipe_vehicle_manufacturer AS b ON b.reference_code = v.reference_code AND b.brand_code = m.brand_code
LEFT JOIN fipe_fuel AS f ON f.reference_code = v.reference_code AND f.fuel_code = v.fuel_code;

COMMENT ON VIEW fipe_prices IS
    'The FIPE table: one row a price, identified by reference_month, model_code, model_year and fuel_code. A price''s identity across months is (fipe_code, model_year)';
COMMENT ON COLUMN fipe_prices.reference_month IS 'First day of the month that the price is for';
COMMENT ON COLUMN fipe_prices.vehicle_type IS '1 car, 2 motorcycle, 3 truck';
COMMENT ON COLUMN fipe_prices.brand_code IS 'FIPE''s brand code, unique over the vehicle types';
COMMENT ON COLUMN fipe_prices.brand_name IS 'Brand as FIPE writes it in that month';
COMMENT ON COLUMN fipe_prices.model_code IS 'FIPE''s model code, unique over all brands within a month';
COMMENT ON COLUMN fipe_prices.model_name IS 'Model as FIPE writes it in that month';
COMMENT ON COLUMN fipe_prices.model_year IS 'Model year; 32000 is zero km';
COMMENT ON COLUMN fipe_prices.fuel_code IS
    '1 gasolina, 2 álcool, 3 diesel, 4 elétrico, 5 flex, 6 híbrido, 7 gás natural; 4 to 7 from August 2025 on';
COMMENT ON COLUMN fipe_prices.fuel IS 'Fuel as FIPE writes it in that month';
COMMENT ON COLUMN fipe_prices.fipe_code IS 'FIPE code, NNNNNN-D';
COMMENT ON COLUMN fipe_prices.price IS 'Brazilian reais';

-- Lateral, so that asking for one crawl reads that crawl alone.
CREATE VIEW fipe_crawl_progress AS
SELECT
    t.crawl_id,
    t.vehicle_type::integer AS vehicle_type,
    cardinality(t.brand_codes)::bigint AS brands_expected,
    brand.loaded AS brands_loaded,
    brand.models_expected,
    model.loaded AS models_loaded,
    model.prices_expected,
    model.prices_loaded,
    model.prices_absent,
    t.calls + brand.calls + model.calls AS calls,
    t.retries + brand.retries + model.retries AS retries
FROM fipe_crawl_vehicle_type AS t
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
    JOIN fipe_crawl_model AS m ON m.crawl_id = t.crawl_id AND m.model_code = expected.model_code
    CROSS JOIN LATERAL (
        SELECT
            count(*) AS expected,
            count(*) FILTER (WHERE pair = ANY (m.priced_pairs)) AS priced,
            count(*) FILTER (WHERE pair = ANY (m.absent_pairs) AND pair <> ALL (m.priced_pairs)) AS absent
        FROM unnest(m.expected_pairs) AS pair
    ) AS pairs
    WHERE b.crawl_id = t.crawl_id AND b.brand_code = ANY (t.brand_codes)
) AS model;
COMMENT ON VIEW fipe_crawl_progress IS 'What each crawl expects and has loaded, by vehicle type';

CREATE VIEW fipe_crawl_completeness AS
SELECT
    c.crawl_id,
    r.month AS reference_month,
    c.started_at,
    c.completed_at,
    c.notified_at,
    3::bigint AS vehicle_types_expected,
    count(p.vehicle_type) AS vehicle_types_loaded,
    3 - count(p.vehicle_type) AS vehicle_types_missing,
    coalesce(sum(p.brands_expected), 0)::bigint AS brands_expected,
    coalesce(sum(p.brands_loaded), 0)::bigint AS brands_loaded,
    coalesce(sum(p.brands_expected - p.brands_loaded), 0)::bigint AS brands_missing,
    coalesce(sum(p.models_expected), 0)::bigint AS models_expected,
    coalesce(sum(p.models_loaded), 0)::bigint AS models_loaded,
    coalesce(sum(p.models_expected - p.models_loaded), 0)::bigint AS models_missing,
    coalesce(sum(p.prices_expected), 0)::bigint AS prices_expected,
    coalesce(sum(p.prices_loaded), 0)::bigint AS prices_loaded,
    coalesce(sum(p.prices_absent), 0)::bigint AS prices_absent,
    coalesce(sum(p.prices_expected - p.prices_loaded - p.prices_absent), 0)::bigint AS prices_missing,
    coalesce(sum(p.calls), 0)::bigint AS calls,
    coalesce(sum(p.retries), 0)::bigint AS retries
FROM fipe_crawl AS c
LEFT JOIN fipe_reference_month AS r ON r.reference_code = c.reference_code
LEFT JOIN fipe_crawl_progress AS p ON p.crawl_id = c.crawl_id
GROUP BY c.crawl_id, r.month;
COMMENT ON VIEW fipe_crawl_completeness IS
    'What each crawl expects, what is there and what is missing; models and prices are expected from the moment their manifest is in';
COMMENT ON COLUMN fipe_crawl_completeness.prices_absent IS 'Pairs that FIPE lists but has no price for';

-- Ordered from cheap to dear: asking whether anything is missing stops at the first row.
CREATE VIEW fipe_crawl_missing AS
SELECT c.crawl_id, 'vehicle type' AS what, expected.vehicle_type, NULL::text AS brand_code, NULL::text AS model_code, NULL::text AS year_code
FROM fipe_crawl AS c
CROSS JOIN (VALUES (1), (2), (3)) AS expected (vehicle_type)
WHERE NOT EXISTS (
    SELECT FROM fipe_crawl_vehicle_type AS t
    WHERE t.crawl_id = c.crawl_id AND t.vehicle_type = expected.vehicle_type
)
UNION ALL
SELECT t.crawl_id, 'brand', t.vehicle_type, expected.brand_code, NULL, NULL
FROM fipe_crawl_vehicle_type AS t
CROSS JOIN LATERAL unnest(t.brand_codes) AS expected (brand_code)
WHERE NOT EXISTS (
    SELECT FROM fipe_crawl_brand AS b WHERE b.crawl_id = t.crawl_id AND b.brand_code = expected.brand_code
)
UNION ALL
SELECT b.crawl_id, 'model', NULL, b.brand_code, expected.model_code::text, NULL
FROM fipe_crawl_brand AS b
CROSS JOIN LATERAL unnest(b.model_codes) AS expected (model_code)
WHERE NOT EXISTS (
    SELECT FROM fipe_crawl_model AS m
    WHERE m.crawl_id = b.crawl_id AND m.model_code = expected.model_code AND m.expected_pairs IS NOT NULL
)
UNION ALL
SELECT m.crawl_id, 'price', NULL, NULL, m.model_code::text, (expected.pair / 100) || '-' || (expected.pair % 100)
FROM fipe_crawl_model AS m
JOIN fipe_crawl AS c ON c.crawl_id = m.crawl_id
CROSS JOIN LATERAL unnest(m.expected_pairs) AS expected (pair)
WHERE expected.pair <> ALL (m.absent_pairs)
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
    'Everything a crawl still misses; no row means complete. A price is there when this crawl has answered for it and its row exists';
COMMENT ON COLUMN fipe_crawl_missing.what IS 'vehicle type, brand, model (each: its manifest) or price';
COMMENT ON COLUMN fipe_crawl_missing.year_code IS 'FIPE''s model year and fuel code, such as 2014-5';
