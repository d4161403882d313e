-- The errors of the last 24 hours, newest first
SELECT "timestamp", "function", route, status, request_id, {ids}, exception_name, exception
FROM logs
WHERE "date" >= date_format(current_date - INTERVAL '1' DAY, '%Y-%m-%d')
  AND from_iso8601_timestamp("timestamp") >= current_timestamp - INTERVAL '1' DAY
  AND level IN ('ERROR', 'CRITICAL')
ORDER BY "timestamp" DESC
