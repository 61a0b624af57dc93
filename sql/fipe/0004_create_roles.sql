-- Roles belong to the cluster, not to the database, so they may exist already.

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'fipe_app') THEN
        CREATE ROLE fipe_app LOGIN;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'fipe_reader') THEN
        CREATE ROLE fipe_reader LOGIN;
    END IF;
    -- On RDS a member of rds_iam can no longer log in with a password. So people read with IAM tokens as fipe_reader, and
    -- the functions, which have a secret, log in as fipe_app.
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'rds_iam') THEN
        GRANT rds_iam TO fipe_reader;
    END IF;
END
$$;

GRANT SELECT, INSERT ON fipe_reference_month TO fipe_app;
GRANT SELECT, INSERT, UPDATE ON
    fipe_vehicle_manufacturer, fipe_vehicle_model, fipe_fuel, fipe_vehicle_model_value,
    fipe_crawl_vehicle_type, fipe_crawl_brand, fipe_crawl_model
    TO fipe_app;
GRANT SELECT, INSERT, UPDATE (completed_at, notified_at) ON fipe_crawl TO fipe_app;
GRANT SELECT ON fipe_prices, fipe_crawl_progress, fipe_crawl_completeness, fipe_crawl_missing TO fipe_app, fipe_reader;
