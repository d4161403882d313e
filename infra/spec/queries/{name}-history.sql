-- The log lines of one {noun}, oldest first. Parameters: the date of its creation, such as '2026-01-31', and its id
SELECT "timestamp", {fields}, route, status, detail, request_id, caller
FROM logs
WHERE "date" >= ?
  AND {id} = ?
ORDER BY "timestamp"
