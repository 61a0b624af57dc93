-- What each crawl expects and what it has stored. Manifests only ever grow (unions of sets, the larger of two counters),
-- so the order of messages, duplicates and restarts do not matter.

CREATE TABLE fipe_crawl (
    crawl_id uuid PRIMARY KEY,
    reference_code integer NOT NULL,
    started_at timestamptz NOT NULL DEFAULT now(),
    completed_at timestamptz,
    notified_at timestamptz
);
COMMENT ON TABLE fipe_crawl IS 'One run of the chain over one reference month';
COMMENT ON COLUMN fipe_crawl.started_at IS 'When the first message of the crawl was stored';
COMMENT ON COLUMN fipe_crawl.completed_at IS 'When nothing expected was missing any more';
COMMENT ON COLUMN fipe_crawl.notified_at IS 'When the topic was told that the crawl is complete';

CREATE TABLE fipe_crawl_vehicle_type (
    crawl_id uuid NOT NULL,
    vehicle_type smallint NOT NULL CHECK (vehicle_type BETWEEN 1 AND 3),
    brand_codes text[] NOT NULL,
    calls integer NOT NULL,
    retries integer NOT NULL,
    PRIMARY KEY (crawl_id, vehicle_type)
);
COMMENT ON TABLE fipe_crawl_vehicle_type IS 'Manifest of a vehicle type: the brands that are expected';

CREATE TABLE fipe_crawl_brand (
    crawl_id uuid NOT NULL,
    brand_code text NOT NULL,
    model_codes integer[] NOT NULL,
    calls integer NOT NULL,
    retries integer NOT NULL,
    PRIMARY KEY (crawl_id, brand_code)
);
COMMENT ON TABLE fipe_crawl_brand IS 'Manifest of a brand: the models that are expected';

-- A pair is one integer, model_year * 100 + fuel_code: 201405 is FIPE's "2014-5".
CREATE TABLE fipe_crawl_model (
    crawl_id uuid NOT NULL,
    model_code integer NOT NULL,
    expected_pairs integer[],
    priced_pairs integer[] NOT NULL,
    absent_pairs integer[] NOT NULL,
    calls integer NOT NULL,
    retries integer NOT NULL,
    PRIMARY KEY (crawl_id, model_code)
);
COMMENT ON TABLE fipe_crawl_model IS 'Manifest of a model: its pairs of model year and fuel, each as model_year * 100 + fuel_code';
COMMENT ON COLUMN fipe_crawl_model.expected_pairs IS
    'Every pair FIPE lists for the model; null until the first part of the model arrives, which may come last';
COMMENT ON COLUMN fipe_crawl_model.priced_pairs IS 'Pairs whose price this crawl has stored, in the transaction of the price';
COMMENT ON COLUMN fipe_crawl_model.absent_pairs IS 'Pairs that FIPE lists but has no price for';

-- The union of two sets kept as arrays; null stands for "not known yet". Gives `known` back as it is when `more` adds
-- nothing, so that an unchanged row compares equal.
CREATE FUNCTION fipe_union(known anyarray, more anyarray) RETURNS anyarray
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE
        WHEN known IS NULL THEN more
        WHEN more IS NULL OR more <@ known THEN known
        ELSE ARRAY(SELECT DISTINCT member FROM unnest(known || more) AS member ORDER BY member)
    END
$$;
