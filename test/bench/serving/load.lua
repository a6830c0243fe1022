-- What wrk sends, bodies of files in turn, and what it prints in the end, a line of JSON:
-- wrk ... --script load.lua URL -- CONTENT_TYPE FILE...
local requests, at = {}, 0

function init(args)
  for index = 2, #args do
    local file = assert(io.open(args[index], "rb"))
    requests[index - 1] = wrk.format("POST", nil, { ["content-type"] = args[1] }, file:read("*a"))
    file:close()
  end
end

function request()
  at = at % #requests + 1
  return requests[at]
end

function done(summary, latency)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.timeout
  local format = '{"seconds":%f,"responses":%d,"refused":%d,"failed":%d,"p50":%f,"p99":%f}'
  local ms = function(percent) return latency:percentile(percent) / 1000 end
  print(format:format(summary.duration / 1e6, summary.requests, errors.status, failed, ms(50), ms(99)))
end
