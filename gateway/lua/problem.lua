-- The error bodies of the gateway, one form per family: problem document, insurance, OAuth.
--
-- Lives here: how a reason of the catalog is printed. The reasons themselves are generated into
-- contract.lua from the servers' catalog, so both tell the same story.

local contract = require("contract")
local gsub, format, concat, byte, sub = string.gsub, string.format, table.concat, string.byte, string.sub

local M = {}

local function escape(text)
  return (gsub(text, '[%z\1-\31"\\\127-\255]', function(c) return format("\\u%04x", byte(c)) end))
end

local function quoted(text) return '"' .. escape(text) .. '"' end

local function fault_list(faults)
  local out = {}
  for i, f in ipairs(faults) do
    out[i] = '{"field":' .. quoted(f.field) .. ',"code":"' .. f.code .. '","message":"' .. f.message .. '"}'
  end
  return concat(out, ",")
end

-- `lines[0].code` → `"lines",0,"code"`
local function location(field)
  local out = {}
  for part in string.gmatch(field, "[%w_?]+") do
    out[#out + 1] = string.find(part, "^%d+$") and part or '"' .. part .. '"'
  end
  return concat(out, ",")
end

local function insurance(reason, call, faults)
  local out = {}
  for i, f in ipairs(faults or {}) do
    out[i] = '{"loc":["' .. (f.place or "body") .. '",' .. location(f.field) .. '],"msg":"' .. f.message
      .. '","type":"' .. reason.insurance_type .. '"}'
  end
  if #out == 0 then
    out[1] = '{"loc":["request"],"msg":"' .. reason.message .. '","type":"' .. reason.insurance_type .. '"}'
  end
  return '{"detail":[' .. concat(out, ",") .. '],"request_id":' .. quoted(call.id) .. "}"
end

local function oauth(reason)
  local code = "invalid_request"
  if reason.status == 401 then code = "invalid_client" end
  if reason.status == 429 or reason.status == 503 then code = "temporarily_unavailable"
  elseif reason.status >= 500 then code = "server_error" end
  return '{"error":"' .. code .. '","error_description":"' .. reason.message .. '"}'
end

local function problem(reason, call, faults, status)
  local body = '{"type":"urn:allowable:error:' .. reason.code .. '","title":"' .. reason.title .. '","status":'
    .. status .. ',"detail":"' .. reason.message .. '","instance":' .. quoted(call.id ~= "" and "urn:allowable:request:" .. call.id or "")
    .. ',"error":"' .. reason.code .. '","message":"' .. reason.message .. '","next_step":"' .. reason.next_step
    .. '","retryable":' .. tostring(reason.retryable) .. ',"request_id":' .. quoted(call.id)
  if faults and #faults > 0 then body = body .. ',"errors":[' .. fault_list(faults) .. "]" end
  return body .. "}"
end

-- Body, content type and status of one reason on one route. `call` is what recall() gives.
function M.render(route, name, call, faults)
  local reason = contract.reasons[name]
  local form, status = route and route.form or "problem", reason.status
  if form == "insurance" then
    if status == 400 then status = route.invalid_status end
    return insurance(reason, call, faults), "application/json", status
  elseif form == "oauth" then
    return oauth(reason), "application/json", status
  end
  return problem(reason, call, faults, status), "application/problem+json", status
end

-- The reason that stands for a list of faults.
function M.reason_of(faults)
  for _, f in ipairs(faults) do
    if f.code ~= "unknown_field" then return "INVALID_REQUEST" end
  end
  return "UNKNOWN_FIELD"
end

-- Refuses a request on its way in; errors.lua puts the body in place on the way out.
function M.refuse(handle, route, name, call, faults)
  local body, kind, status = M.render(route, name, call, faults)
  handle:respond({
    [":status"] = tostring(status), ["x-http-code"] = tostring(status),
    ["x-error-json"] = body, ["x-error-content-type"] = kind,
  }, "")
end

-- What entry.lua knows of the call, for the scripts behind it. One text: cheaper to carry than a table.
function M.remember(handle, id, method, encoding, path)
  handle:streamInfo():dynamicMetadata():set("gateway", "call", id .. " " .. method .. " " .. encoding .. " " .. path)
end

function M.recall(handle)
  local known = handle:streamInfo():dynamicMetadata():get("gateway")
  local id, method, encoding, path = string.match(known and known["call"] or "", "^(%S*) (%S*) (%S*) (.*)$")
  return { id = id or "", path = path or "", encoding = encoding or "identity", head = method == "HEAD" }
end

return M
