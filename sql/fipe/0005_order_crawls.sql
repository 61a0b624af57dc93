-- A crawl never overwrites what a later one stored, and only FIPE's own table of references says which code is which month.

-- Rows from before are older than any crawl. Without an index: the column is compared with the row that is updated anyway.
ALTER TABLE fipe_vehicle_manufacturer ADD COLUMN crawl_started_at timestamptz NOT NULL DEFAULT '-infinity';
ALTER TABLE fipe_vehicle_model ADD COLUMN crawl_started_at timestamptz NOT NULL DEFAULT '-infinity';
ALTER TABLE fipe_fuel ADD COLUMN crawl_started_at timestamptz NOT NULL DEFAULT '-infinity';
ALTER TABLE fipe_vehicle_model_value ADD COLUMN crawl_started_at timestamptz NOT NULL DEFAULT '-infinity';
COMMENT ON COLUMN fipe_vehicle_manufacturer.crawl_started_at IS 'Start of the latest crawl that stored or confirmed the row';
COMMENT ON COLUMN fipe_vehicle_model.crawl_started_at IS 'Start of the latest crawl that stored or confirmed the row';
COMMENT ON COLUMN fipe_fuel.crawl_started_at IS 'Start of the latest crawl that stored or confirmed the row';
COMMENT ON COLUMN fipe_vehicle_model_value.crawl_started_at IS 'Start of the latest crawl that stored or confirmed the row';
COMMENT ON COLUMN fipe_crawl.started_at IS 'When the first function started the crawl';

-- Replaces what contradicts FIPE's table, so that a month which was once established wrongly is mended by the next crawl. A
-- function of the owner's, since the application role must neither change nor delete a month by itself.
CREATE FUNCTION fipe_establish_references(reference_codes integer[], months date[]) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    DELETE FROM fipe_reference_month AS known
    USING unnest(reference_codes, months) AS listed (reference_code, month)
    WHERE (known.month = listed.month) <> (known.reference_code = listed.reference_code);
    INSERT INTO fipe_reference_month (reference_code, month)
    SELECT listed.reference_code, listed.month
    FROM unnest(reference_codes, months) AS listed (reference_code, month)
    WHERE NOT EXISTS (SELECT FROM fipe_reference_month AS known WHERE known.reference_code = listed.reference_code)
    ORDER BY listed.reference_code
    ON CONFLICT DO NOTHING;
$$;
COMMENT ON FUNCTION fipe_establish_references IS
    'Takes over FIPE''s table of references; rows that contradict it are replaced, rows that it does not mention stay';
REVOKE ALL ON FUNCTION fipe_establish_references FROM PUBLIC;
GRANT EXECUTE ON FUNCTION fipe_establish_references TO fipe_app;
REVOKE INSERT ON fipe_reference_month FROM fipe_app;

COMMENT ON VIEW fipe_prices IS
    'The FIPE table: one row a price, identified by reference_month, model_code, model_year and fuel_code. A price''s identity across months is (fipe_code, model_year, fuel_code): a code and year can have one price for each fuel. Before August 2025 FIPE listed flexible fuel as petrol';
