-- The log lines of one job, oldest first. Parameters: the date of its creation, such as '2026-01-31', and its id
SELECT "timestamp", message, pipeline, route, status, detail, request_id, caller
FROM logs
WHERE "date" >= ?
  AND job_id = ?
ORDER BY "timestamp"
