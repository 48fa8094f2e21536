-- Charges one operation, atomically for all gateways, like memoryCounters.charge. KEYS are
-- the counters. ARGV has for each counter its limit, its window in microseconds and the cost
-- of the operation. The answer is 1 if all counters admit the operation, else 0, and for
-- each counter its current and previous count and the elapsed time of its window, in
-- microseconds.
--
-- A counter is a hash: w is the number of the window since 1970, c and p are the counts of
-- this window and the previous one. It expires when both are over.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local admitted = 1
local answer = {}
local windows = {}
for i, key in ipairs(KEYS) do
  local limit, per, cost = tonumber(ARGV[3 * i - 2]), tonumber(ARGV[3 * i - 1]), tonumber(ARGV[3 * i])
  local window = math.floor(now / per)
  local elapsed = now - window * per
  local fields = redis.call('HMGET', key, 'w', 'c', 'p')
  local known = tonumber(fields[1]) or 0
  local current, previous = tonumber(fields[2]) or 0, tonumber(fields[3]) or 0
  if known == window - 1 then
    current, previous = 0, current
  elseif known < window then
    current, previous = 0, 0
  end -- known > window: the clock of Redis was set back; the counts stay
  if previous * (per - elapsed) / per + current + cost > limit + 1e-6 then
    admitted = 0
  end
  windows[i] = window
  answer[3 * i - 1], answer[3 * i], answer[3 * i + 1] = current, previous, elapsed
end
answer[1] = admitted
if admitted == 1 then
  for i, key in ipairs(KEYS) do
    redis.call('HSET', key, 'w', windows[i], 'c', answer[3 * i - 1] + ARGV[3 * i], 'p', answer[3 * i])
    redis.call('PEXPIRE', key, math.ceil(ARGV[3 * i - 1] / 500))
  end
end
return answer
