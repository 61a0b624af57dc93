-- What a file replaced, which is known when it is applied, and which of its own rows count no more than others'.

ALTER TABLE upload
    ADD COLUMN replaced_upload uuid,
    ADD COLUMN replaced_rows bigint,
    ADD COLUMN rows_overwritten bigint;
COMMENT ON COLUMN upload.replaced_upload IS 'The upload of the same key that counted until this one was applied';
COMMENT ON COLUMN upload.replaced_rows IS 'Its rows';
COMMENT ON COLUMN upload.rows_overwritten IS 'Rows that have another of the same file after them with the same key, which counts';
