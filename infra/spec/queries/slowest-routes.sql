-- The latency percentiles of each route in the last 24 hours, slowest p99 first, in ms
SELECT
  route,
  count(*) AS requests,
  approx_percentile(latency_ms, 0.5) AS p50,
  approx_percentile(latency_ms, 0.95) AS p95,
  approx_percentile(latency_ms, 0.99) AS p99
FROM logs
WHERE "date" >= date_format(current_date - INTERVAL '1' DAY, '%Y-%m-%d')
  AND from_iso8601_timestamp("timestamp") >= current_timestamp - INTERVAL '1' DAY
  AND message = 'request'
GROUP BY route
ORDER BY p99 DESC
