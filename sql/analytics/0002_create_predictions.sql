-- What counts, and what follows from it. Predictions are computed when they are asked for, from the rows of one program: so they are never stale, and no upload has to
-- rewrite them. Every view can be narrowed to a program without computing the others, since it groups and orders by program_code; and both
-- views of exhibitions need one and the same order, so that a program is sorted once.

CREATE VIEW current_exhibition AS
SELECT program_code, signal, weekday, exhibition_date, program_start_time, average_audience, upload_number, record, line
FROM (
    SELECT e.*, row_number() OVER (
        PARTITION BY e.program_code, e.signal, e.weekday, e.exhibition_date, e.program_start_time
        ORDER BY u.event_time DESC, u.object_key DESC, e.record DESC
    ) AS nth
    FROM (SELECT *, extract(isodow FROM exhibition_date)::integer AS weekday FROM exhibition) AS e
    JOIN upload AS u USING (upload_number)
    WHERE u.state = 'applied'
) AS ordered
WHERE nth = 1;
COMMENT ON VIEW current_exhibition IS 'Exhibitions that count: of several with the same key, that of the later upload, then the later row';

-- A program may have several slots on a day; those of two files are the same when they are the first, second, .. of their day.
CREATE VIEW current_slot AS
SELECT DISTINCT ON (s.program_code, s.signal, s.day, s.nth)
    s.program_code, s.signal, s.day, s.nth, s.available_time, s.upload_number, s.record, s.line
FROM (
    SELECT slot.*, row_number() OVER (PARTITION BY program_code, upload_number, signal, day ORDER BY record) AS nth
    FROM slot
) AS s
JOIN upload AS u USING (upload_number)
WHERE u.state = 'applied'
ORDER BY s.program_code, s.signal, s.day, s.nth, u.event_time DESC, u.object_key DESC;
COMMENT ON VIEW current_slot IS 'Slots that count: of several with the same key, that of the later upload';

-- The values may be null from the second on, in this order.
CREATE FUNCTION median_of_last(a float8, b float8, c float8, d float8) RETURNS float8
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN b IS NULL THEN a
    WHEN c IS NULL THEN (a + b) / 2
    WHEN d IS NULL THEN greatest(least(a, b), least(greatest(a, b), c))
    ELSE (greatest(least(a, b), least(c, d)) + least(greatest(a, b), greatest(c, d))) / 2
END;
COMMENT ON FUNCTION median_of_last IS 'Median of one to four values; those that are missing are null';

CREATE VIEW exhibition_prediction AS
SELECT w.*, median_of_last(average_audience, before_1, before_2, before_3) AS predicted_audience
FROM (
    SELECT c.*,
        lag(average_audience, 1) OVER exhibitions AS before_1,
        lag(average_audience, 2) OVER exhibitions AS before_2,
        lag(average_audience, 3) OVER exhibitions AS before_3
    FROM current_exhibition AS c
    WINDOW exhibitions AS (
        PARTITION BY program_code, signal, weekday
        ORDER BY exhibition_date, program_start_time
    )
) AS w;
COMMENT ON VIEW exhibition_prediction IS
    'Each exhibition with its prediction: the median of its audience and those of up to three before it, on the same signal and weekday';

-- The table that people queried before. Do not add up available_time over it: a slot is in it once per exhibition.
CREATE VIEW program_data AS
SELECT
    row_number() OVER ()::integer AS id,
    s.signal::varchar(50) AS signal,
    s.program_code::varchar(100) AS program_code,
    (ARRAY['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'])[s.weekday]::varchar(20) AS weekday,
    p.exhibition_date::timestamp AS exhibition_date,
    s.available_time,
    p.predicted_audience
FROM (SELECT *, extract(isodow FROM day)::integer AS weekday FROM current_slot) AS s
LEFT JOIN exhibition_prediction AS p
    ON (p.program_code, p.signal, p.weekday) = (s.program_code, s.signal, s.weekday);
COMMENT ON VIEW program_data IS 'One row per slot and exhibition of its program, signal and weekday, and one for a slot without any';
