-- What happened to one job, oldest first: the day of its creation, such as '2026-01-31', and its id
SELECT "timestamp", message, pipeline, route, status, detail, request_id, caller
FROM logs
WHERE "date" >= ?
  AND job_id = ?
ORDER BY "timestamp"
