-- A price's history over the months. Building the index reads the whole table and holds up writers meanwhile, who try again: some
-- 15 s for 308 months, of the time that db-init has for all migrations.

-- Everything that a history shows is in the index, so it is read without the table. Each price that is new or changed is written
-- to this index too.
CREATE INDEX fipe_vehicle_model_value_history
    ON fipe_vehicle_model_value (fipe_code, model_year, fuel_code, reference_code) INCLUDE (price);

-- A left join, so that a price shows as in fipe_prices. Names of brands, models and fuels are in fipe_prices: they change from month to month.
CREATE VIEW fipe_price_history AS
SELECT
    v.fipe_code,
    v.model_year::integer AS model_year,
    v.fuel_code::integer AS fuel_code,
    r.month AS reference_month,
    v.price
FROM fipe_vehicle_model_value AS v
LEFT JOIN fipe_reference_month AS r ON r.reference_code = v.reference_code;

COMMENT ON VIEW fipe_price_history IS
    'The prices of a vehicle over the months; ask for a fipe_code. A vehicle is (fipe_code, model_year, fuel_code): a code and year can have one price for each fuel. Before August 2025 FIPE listed flexible fuel as petrol, so a history can go on under another fuel code';
COMMENT ON COLUMN fipe_price_history.fipe_code IS 'FIPE code, NNNNNN-D';
COMMENT ON COLUMN fipe_price_history.model_year IS 'Model year; 32000 is zero km';
COMMENT ON COLUMN fipe_price_history.fuel_code IS
    '1 gasolina, 2 álcool, 3 diesel, 4 elétrico, 5 flex, 6 híbrido, 7 gás natural; 4 to 7 from August 2025 on';
COMMENT ON COLUMN fipe_price_history.reference_month IS 'First day of the month that the price is for';
COMMENT ON COLUMN fipe_price_history.price IS 'Brazilian reais';

GRANT SELECT ON fipe_price_history TO fipe_app, fipe_reader;
