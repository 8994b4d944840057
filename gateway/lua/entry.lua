-- First script of the chain: the request id, and what later scripts need of the original request.
--
-- Nothing is refused here; that is request.lua's, after credentials were looked at.

local contract = require("contract")
local problem = require("problem")
local find, lower, sub, match = string.find, string.lower, string.sub, string.match

-- Each worker has its own generator; seeded alike they would give out the same ids.
local function seed()
  local source = io.open("/dev/urandom", "rb")
  if not source then return os.time() end
  local a, b, c, d, e, f = string.byte(source:read(6), 1, 6)
  source:close()
  return a + b * 2 ^ 8 + c * 2 ^ 16 + d * 2 ^ 24 + e * 2 ^ 32 + f * 2 ^ 40
end
math.randomseed(seed())

local function fresh_id()
  local word = math.random
  return string.format("%08x%08x%08x%08x", word(0, 0x7fffffff), word(0, 0x7fffffff), word(0, 0x7fffffff),
    word(0, 0x7fffffff))
end

local function request_id(headers)
  local id = headers:get("x-request-id")
  if id and #id >= 8 and #id <= 64 and not find(id, "[^%w._-]") then return id end
  id = fresh_id()
  headers:replace("x-request-id", id)
  return id
end

-- The decompressor takes the header away; request.lua still has to know.
local function encoding_of(headers)
  local encoding = lower(headers:get("content-encoding") or "identity")
  return (encoding == "gzip" or encoding == "identity") and encoding or "other"
end

function envoy_on_request(handle)
  local headers = handle:headers()
  local id = request_id(headers)
  local route = contract.routes[handle:streamInfo():routeName()]
  local native = sub(headers:get("content-type") or "", 1, 16) == "application/grpc"
  if native and not (route and route.query) then return end
  local path = match(headers:get(":path"), "^[^?]*")
  problem.remember(handle, id, headers:get(":method"), encoding_of(headers), path)
end
