-- Roles belong to the cluster, not to the database, so they may exist already.

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'analytics_app') THEN
        CREATE ROLE analytics_app LOGIN;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'analytics_reader') THEN
        CREATE ROLE analytics_reader LOGIN;
    END IF;
    -- On RDS a member of rds_iam can no longer log in with a password. So people read with IAM tokens as analytics_reader, and
    -- the functions, which have a secret, log in as analytics_app.
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'rds_iam') THEN
        GRANT rds_iam TO analytics_reader;
    END IF;
END
$$;

-- A function that has been stopped leaves no statement behind that goes on and keeps its locks.
ALTER ROLE analytics_app SET client_connection_check_interval = '2s';

GRANT SELECT, INSERT, UPDATE ON upload TO analytics_app;
GRANT SELECT, INSERT, DELETE ON exhibition, slot, rejected_row TO analytics_app;
-- A large file makes the planner's statistics wrong, and the daemon that renews them comes later.
GRANT MAINTAIN ON exhibition, slot TO analytics_app;
GRANT SELECT, UPDATE ON data_version TO analytics_app;
GRANT SELECT ON upload, current_exhibition, current_slot, exhibition_prediction, program_data TO analytics_reader;
GRANT SELECT ON current_exhibition, current_slot, exhibition_prediction, program_data TO analytics_app;
