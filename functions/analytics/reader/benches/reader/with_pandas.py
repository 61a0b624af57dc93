"""The way of the system that this one replaces, with pandas: a file's predictions. Prints rows, sum of the predictions, CPU seconds of reading and in all."""

import json
import sys
import time

import pandas

GROUP = ["signal", "program_code", "weekday"]

start = time.process_time()
rows = pandas.read_csv(sys.argv[1], sep=None, engine="python", encoding="utf-8-sig")
read = time.process_time()
for column in ["exhibition_date", "program_start_time"]:
    rows[column] = pandas.to_datetime(rows[column])
rows["weekday"] = rows["exhibition_date"].dt.day_name()
rows = rows.sort_values([*GROUP, "exhibition_date", "program_start_time"])
audience = rows.groupby(GROUP)["average_audience"]
rows["predicted_audience"] = audience.transform(lambda shown: shown.rolling(4, min_periods=1).median())
end = time.process_time()

predictions = rows["predicted_audience"]
print(json.dumps({"rows": len(rows), "sum": predictions.sum(), "reading": read - start, "whole": end - start}))
