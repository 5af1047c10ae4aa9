-- What every script reports at its end, for bench/measure.py.
function done(summary, latency, requests)
  local e = summary.errors
  print(string.format('RESULT {"requests":%d,"seconds":%.3f,"errors":%d,"p99_us":%d}', summary.requests,
    summary.duration / 1e6, e.connect + e.read + e.write + e.status + e.timeout, latency:percentile(99)))
end
