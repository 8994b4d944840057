-- Last script before the transcoder: what the caller sent against the contract.
--
-- Lives here: refusals by headers, by query and by body, after credentials were looked at and the
-- body was decompressed. The strict reading of JSON itself is json_check.lua.
-- A body that reaches the transcoder is one that the transcoder can read: behind the decompressor it
-- does not look at its own parse errors and the call would wait for its timeout.

local contract = require("contract")
local json_check = require("json_check")
local problem = require("problem")
local query = require("query")
local lower, match = string.lower, string.match

local function encoding_reason(route, call)
  if call.encoding == "gzip" then return nil end
  if route.gzip_required then return "GZIP_REQUIRED" end
  if call.encoding ~= "identity" then return "UNSUPPORTED_MEDIA_TYPE" end
end

local function type_reason(route, kind)
  if kind and match(lower(kind), "^%s*([^;%s]*)") ~= route.content_type then return "UNSUPPORTED_MEDIA_TYPE" end
end

local function length_reason(route, headers)
  local length = tonumber(headers:get("content-length") or "0")
  if length and length > route.max_bytes then return "PAYLOAD_TOO_LARGE" end
end

-- Servers check credentials too; a call without any is told so before its content is looked at.
local function header_reason(route, headers, call)
  if route.secured and not headers:get("authorization") then return "UNAUTHENTICATED" end
  if not route.takes_body then return nil end
  return encoding_reason(route, call) or type_reason(route, headers:get("content-type"))
    or length_reason(route, headers)
end

-- What is wrong with the body as a whole. Empty is fine as JSON, never as the product of broken gzip.
local function body_reason(handle, route, call, length)
  if length == 0 then return call.encoding == "gzip" and "INVALID_ENCODING" or nil end
  if length > route.max_bytes then return "PAYLOAD_TOO_LARGE" end
  if not handle:headers():get("content-type") then return "UNSUPPORTED_MEDIA_TYPE" end
end

local function path_values(route, path)
  if not route.path_pattern then return nil end
  local found, values = { match(path, route.path_pattern) }, {}
  for i, id in ipairs(route.path_ids) do values[id] = found[i] end
  return values
end

local function check_body(handle, route, call)
  local buffer = handle:body()
  local length = buffer and buffer:length() or 0
  local reason = body_reason(handle, route, call, length)
  if reason then return problem.refuse(handle, route, reason, call) end
  if length == 0 or not route.message then return end
  local faults = json_check.check(buffer:getBytes(0, length), route.message, path_values(route, call.path))
  if not faults then return problem.refuse(handle, route, "INVALID_JSON", call) end
  if #faults > 0 then problem.refuse(handle, route, problem.reason_of(faults), call, faults) end
end

function envoy_on_request(handle)
  local route = contract.routes[handle:streamInfo():routeName()]
  if not route or not route.query then return end
  local headers, call = handle:headers(), problem.recall(handle)
  local reason = header_reason(route, headers, call)
  if reason then return problem.refuse(handle, route, reason, call) end
  local parameters = match(headers:get(":path"), "%?(.+)$")
  local faults = parameters and query.check(parameters, route.query)
  if faults and #faults > 0 then return problem.refuse(handle, route, problem.reason_of(faults), call, faults) end
  if route.takes_body then check_body(handle, route, call) end
end
