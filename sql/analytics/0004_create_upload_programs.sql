-- Which programs an upload has, and the days that it covers: the list of programs and their days is read from here. Of rows that two uploads have alike one counts, but both
-- have the same program, signal and day; so the list follows from the uploads that count, without their rows.

CREATE TABLE upload_program (
    upload_number integer NOT NULL,
    first_day date NOT NULL,
    last_day date NOT NULL,
    signal text COLLATE "C" NOT NULL,
    program_code text COLLATE "C" NOT NULL,
    PRIMARY KEY (program_code, signal, upload_number)
);
CREATE INDEX upload_program_by_upload ON upload_program USING brin (upload_number);
COMMENT ON TABLE upload_program IS 'What each upload has of a program on a signal, whether it counts or not; kept by triggers as rows are written';
COMMENT ON COLUMN upload_program.first_day IS 'Of its exhibitions or slots, which of the two is the kind of the upload';

-- Once for each piece of a file. The argument is the column with the day.
CREATE FUNCTION note_programs() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format(
        'INSERT INTO upload_program AS noted (upload_number, program_code, signal, first_day, last_day)
        SELECT upload_number, program_code, signal, min(%1$I), max(%1$I) FROM written GROUP BY upload_number, program_code, signal
        ON CONFLICT (program_code, signal, upload_number) DO UPDATE
        SET first_day = least(noted.first_day, excluded.first_day), last_day = greatest(noted.last_day, excluded.last_day)',
        TG_ARGV[0]);
    RETURN NULL;
END
$$;
CREATE TRIGGER note_programs AFTER INSERT ON exhibition REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION note_programs('exhibition_date');
CREATE TRIGGER note_programs AFTER INSERT ON slot REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION note_programs('day');

GRANT SELECT, INSERT, UPDATE, DELETE ON upload_program TO analytics_app;

INSERT INTO upload_program (upload_number, program_code, signal, first_day, last_day)
SELECT upload_number, program_code, signal, min(exhibition_date), max(exhibition_date) FROM exhibition GROUP BY upload_number, program_code, signal
UNION ALL
SELECT upload_number, program_code, signal, min(day), max(day) FROM slot GROUP BY upload_number, program_code, signal;
