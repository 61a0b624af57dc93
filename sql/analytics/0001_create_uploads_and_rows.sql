-- An upload is one version of one object. Its rows are written once, under its number, while the file is read, and never change afterwards. Whether they count is
-- the upload's state; so applying, superseding and reverting a file of any size is an update of one row.

CREATE TABLE upload (
    upload_number integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    upload_id uuid NOT NULL UNIQUE,
    object_key text COLLATE "C" NOT NULL,
    bucket text COLLATE "C",
    version text COLLATE "C",
    sequencer text COLLATE "C" NOT NULL DEFAULT '',
    event_time timestamptz,
    dry_run boolean NOT NULL DEFAULT false,
    state text NOT NULL CHECK (state IN ('waiting', 'reading', 'applied', 'rejected', 'superseded', 'reverted', 'checked')),
    kind text CHECK (kind IN ('audience', 'availability')),
    delimiter text,
    encoding text,
    header text,
    bytes bigint,
    bytes_done bigint NOT NULL DEFAULT 0,
    checkpoint jsonb,
    rows_taken bigint NOT NULL DEFAULT 0,
    rows_rejected bigint NOT NULL DEFAULT 0,
    rows_repeated bigint,
    effect jsonb,
    first_day date,
    last_day date,
    error_kind text,
    reason text,
    requested_at timestamptz,
    received_at timestamptz,
    finished_at timestamptz,
    purged_at timestamptz,
    UNIQUE (object_key, bucket, version),
    CHECK ((state = 'waiting') = (version IS NULL))
);
CREATE INDEX upload_counts ON upload (upload_number) WHERE state = 'applied';
COMMENT ON TABLE upload IS 'Versions of uploaded objects, and what became of them';
COMMENT ON COLUMN upload.version IS 'S3''s version id, or the entity tag of a bucket without versions; null until the object arrives';
COMMENT ON COLUMN upload.sequencer IS 'Orders the versions of one key; S3''s value, filled with zeros on the right so that texts compare';
COMMENT ON COLUMN upload.event_time IS 'When the object was created: of two uploads that have the same row, the later one counts';
COMMENT ON COLUMN upload.checkpoint IS 'Where reading goes on: the reader''s state at the byte bytes_done';
COMMENT ON COLUMN upload.header IS 'The header as it came, for the rejected rows';
COMMENT ON COLUMN upload.rows_repeated IS 'Rows that another upload that counts has as well';
COMMENT ON COLUMN upload.purged_at IS 'When its rows were deleted because they had not counted for a long time; it cannot come back then';

-- Every answer is about one program, so the index leads to the program's rows. Its many equal entries are stored once, which keeps it small.
CREATE TABLE exhibition (
    upload_number integer NOT NULL,
    record bigint NOT NULL,
    line bigint NOT NULL,
    exhibition_date date NOT NULL,
    program_start_time timestamptz NOT NULL,
    average_audience float8 NOT NULL,
    signal text COLLATE "C" NOT NULL,
    program_code text COLLATE "C" NOT NULL
);
CREATE INDEX exhibition_by_program ON exhibition (program_code, upload_number);
-- An upload's rows stand together, so a few bytes a block range find them.
CREATE INDEX exhibition_by_upload ON exhibition USING brin (upload_number) WITH (pages_per_range = 32);
COMMENT ON TABLE exhibition IS 'Rows of audience files: how many watched a program; those of all uploads, whether they count or not';
COMMENT ON COLUMN exhibition.record IS 'From 1, the first row after the header';
COMMENT ON COLUMN exhibition.line IS 'The line on which the row starts, from 1, the header''s first line';
COMMENT ON COLUMN exhibition.exhibition_date IS 'The broadcast day, which differs from the day of program_start_time late at night';

CREATE TABLE slot (
    upload_number integer NOT NULL,
    record bigint NOT NULL,
    line bigint NOT NULL,
    day date NOT NULL,
    available_time integer NOT NULL CHECK (available_time >= 0),
    signal text COLLATE "C" NOT NULL,
    program_code text COLLATE "C" NOT NULL
);
CREATE INDEX slot_by_program ON slot (program_code, upload_number);
CREATE INDEX slot_by_upload ON slot USING brin (upload_number) WITH (pages_per_range = 32);
COMMENT ON TABLE slot IS 'Rows of availability files: time to sell in a program; those of all uploads, whether they count or not';

CREATE TABLE rejected_row (
    upload_number integer NOT NULL REFERENCES upload ON DELETE CASCADE,
    record bigint NOT NULL,
    line bigint NOT NULL,
    raw bytea NOT NULL,
    faults jsonb NOT NULL,
    PRIMARY KEY (upload_number, record)
);
COMMENT ON TABLE rejected_row IS 'The first rejected rows of each upload, as they came, in UTF-8, and what is wrong with them';

-- Changes of what counts, in one order. Whoever changes it locks the row, so changes happen one after the other.
CREATE TABLE data_version (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    version bigint NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO data_version (version) VALUES (0);
COMMENT ON TABLE data_version IS 'Grows with each change of what counts: the entity tag of every answer';
