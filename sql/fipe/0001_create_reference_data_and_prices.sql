-- What FIPE publishes, one set of rows a reference month. Every key starts with the reference, so that the history by
-- month is kept and a name that changes in one month does not touch another.

CREATE TABLE fipe_reference_month (
    reference_code integer PRIMARY KEY,
    month date NOT NULL UNIQUE CHECK (extract(day FROM month) = 1)
);
COMMENT ON TABLE fipe_reference_month IS
    'FIPE''s codigoTabelaReferencia and the month it stands for; codes are not monotonic in time, so order by month';

CREATE TABLE fipe_vehicle_manufacturer (
    reference_code integer NOT NULL,
    brand_code text NOT NULL,
    vehicle_type smallint NOT NULL CHECK (vehicle_type BETWEEN 1 AND 3),
    name text NOT NULL,
    PRIMARY KEY (reference_code, brand_code)
);
COMMENT ON TABLE fipe_vehicle_manufacturer IS 'Brands by month; a brand code is unique over the vehicle types';
COMMENT ON COLUMN fipe_vehicle_manufacturer.vehicle_type IS '1 car, 2 motorcycle, 3 truck';
COMMENT ON COLUMN fipe_vehicle_manufacturer.name IS 'As FIPE writes it, blanks included';

CREATE TABLE fipe_vehicle_model (
    reference_code integer NOT NULL,
    model_code integer NOT NULL,
    brand_code text NOT NULL,
    name text NOT NULL,
    PRIMARY KEY (reference_code, model_code)
);
COMMENT ON TABLE fipe_vehicle_model IS 'Models by month; a model code is unique over all brands';
COMMENT ON COLUMN fipe_vehicle_model.name IS 'As FIPE writes it, blanks included';

CREATE TABLE fipe_fuel (
    reference_code integer NOT NULL,
    fuel_code smallint NOT NULL CHECK (fuel_code BETWEEN 1 AND 99),
    name text NOT NULL,
    PRIMARY KEY (reference_code, fuel_code)
);
COMMENT ON TABLE fipe_fuel IS 'Fuel names by month; codes 4 to 7 exist from reference 324 (August 2025) on';

-- No foreign keys: a price may arrive before its model or brand. No index but the key: a month is a full rewrite of
-- about 51,000 rows, and each index would be written as often.
CREATE TABLE fipe_vehicle_model_value (
    reference_code integer NOT NULL,
    model_code integer NOT NULL,
    model_year smallint NOT NULL CHECK (model_year BETWEEN 1900 AND 2100 OR model_year = 32000),
    fuel_code smallint NOT NULL CHECK (fuel_code BETWEEN 1 AND 99),
    fipe_code text NOT NULL CHECK (fipe_code ~ '^[0-9]{6}-[0-9]$'),
    price numeric(12, 2) NOT NULL CHECK (price > 0),
    PRIMARY KEY (reference_code, model_code, model_year, fuel_code)
);
COMMENT ON TABLE fipe_vehicle_model_value IS 'Prices by month, model, model year and fuel';
COMMENT ON COLUMN fipe_vehicle_model_value.model_year IS '32000 is zero km';
COMMENT ON COLUMN fipe_vehicle_model_value.price IS 'Brazilian reais';
