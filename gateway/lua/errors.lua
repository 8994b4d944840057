-- The answer's last look: final status, one error form, no internal headers.
--
-- Lives here: what becomes of x-http-code and x-error-json, and how Envoy's own replies are told.
-- Native gRPC answers of the servers pass untouched.

local contract = require("contract")
local problem = require("problem")
local sub, find = string.sub, string.find

local INTERNAL_HEADERS = {
  "x-http-code", "x-error-json", "x-error-content-type", "x-local-reply",
  "grpc-status", "grpc-message", "grpc-status-details-bin", "grpc-accept-encoding", "grpc-encoding",
}

local function strip(headers)
  for _, name in ipairs(INTERNAL_HEADERS) do headers:remove(name) end
end

-- Servers know monthly quotas, the gateway knows bursts: one list for both.
local function join(headers, name, value)
  local others = headers:get(name)
  headers:replace(name, others and value .. ", " .. others or value)
end

-- The limiter's own headers, in the names of the current RateLimit draft.
local function rename_limits(headers)
  local left = headers:get("x-ratelimit-remaining")
  if not left then return end
  local reset = headers:get("x-ratelimit-reset")
  if not reset or reset == "0" then reset = "1" end -- rounded down by the limiter
  join(headers, "ratelimit-policy", contract.rate_limit_policy)
  join(headers, "ratelimit", '"' .. contract.rate_limit_name .. '";r=' .. left .. ";t=" .. reset)
  headers:remove("x-ratelimit-limit")
  headers:remove("x-ratelimit-remaining")
  headers:remove("x-ratelimit-reset")
end

-- Envoy's own replies come marked with their reason; a service's failure without a body has its status.
local function reason_of(own, status)
  return own or contract.reason_by_status[status] or (status >= 500 and "INTERNAL" or "INVALID_REQUEST")
end

local function is_grpc(headers) return sub(headers:get("content-type") or "", 1, 16) == "application/grpc" end

local IS_INTERNAL = {}
for _, name in ipairs(INTERNAL_HEADERS) do IS_INTERNAL[name] = true end

-- A service's error comes in the trailers, and with it what else its callers should see.
local function from_trailers(handle)
  local trailers = handle:trailers()
  if not trailers then return nil end
  local found = {
    json = trailers:get("x-error-json"), kind = trailers:get("x-error-content-type"),
    code = trailers:get("x-http-code"), shown = {},
  }
  for name, value in pairs(trailers) do
    if not IS_INTERNAL[name] and name ~= "x-request-id" then found.shown[name] = value end
  end
  return found
end

local function show(headers, shown)
  for name, value in pairs(shown or {}) do
    if name == "ratelimit" or name == "ratelimit-policy" then
      join(headers, name, value)
    else
      headers:replace(name, value)
    end
  end
end

-- Envoy's own challenge names the whole URL as realm; ours names nothing of the caller's.
local function challenge(headers, own)
  local given = headers:get("www-authenticate")
  if given and not own then return end
  local bad_token = given and find(given, "invalid_token", 1, true)
  headers:replace("www-authenticate", contract.challenge .. (bad_token and ', error="invalid_token"' or ""))
end

local function rendered(call, route, reason)
  local json, kind, code = problem.render(route, reason, call)
  return { json = json, kind = kind, code = tostring(code) }
end

local function finish_error(handle, route, status)
  local headers = handle:headers()
  local found = {
    json = headers:get("x-error-json"), kind = headers:get("x-error-content-type"), code = headers:get("x-http-code"),
  }
  local own, call = headers:get("x-local-reply"), problem.recall(handle)
  local buffer = not call.head and handle:body(true) -- a body after HEAD would be read as the next answer
  if not found.json and not own then found = from_trailers(handle) or found end
  if not found.json then
    local given = found
    found = rendered(call, route, reason_of(own, tonumber(given.code) or status))
    found.shown = given.shown
  end
  if buffer then buffer:setBytes(found.json) end
  headers = handle:headers() -- reading body or trailers may have waited; what was fetched before is gone
  local code = found.code or tostring(status)
  headers:replace(":status", code)
  headers:replace("content-type", found.kind or "application/problem+json")
  headers:replace("content-length", tostring(#found.json))
  show(headers, found.shown)
  if code == "401" then challenge(headers, own) end
  if own and (code == "503" or code == "429") and not headers:get("retry-after") then headers:replace("retry-after", "1") end
  strip(headers)
end

-- The value of the answer's only member; the transcoder leaves out what is absent.
local function unwrap(handle)
  local body = handle:body(true)
  local text = body:getBytes(0, body:length())
  local _, before = find(text, '^%s*{%s*"[%w_]+"%s*:%s*')
  local value = before and sub(text, before + 1, find(text, "}%s*$") - 1) or "null"
  body:setBytes(value)
  handle:headers():replace("content-length", tostring(#value))
end

local function finish_success(handle, code, route)
  if route and route.unwrapped then unwrap(handle) end
  if code == "204" then
    handle:body(true):setBytes("")
    local headers = handle:headers()
    headers:remove("content-type")
    headers:remove("content-length")
  end
  local headers = handle:headers()
  if code then headers:replace(":status", code) end
  strip(headers)
end

-- Envoy's own refusal of a native call, with the details that a server would give.
local function finish_native(headers)
  local own = headers:get("x-local-reply")
  if not own then return end
  local reason = contract.reasons[own]
  headers:replace("grpc-message", reason.message)
  headers:replace("grpc-status-details-bin", reason.grpc_details)
  if headers:get("www-authenticate") then challenge(headers, own) end
  headers:remove("x-local-reply")
end

function envoy_on_response(handle)
  local headers = handle:headers()
  local route = contract.routes[handle:streamInfo():routeName()]
  rename_limits(headers)
  if not (route and route.query) and is_grpc(headers) then return finish_native(headers) end
  local status = tonumber(headers:get(":status"))
  if status >= 400 or headers:get("x-error-json") then return finish_error(handle, route, status) end
  finish_success(handle, headers:get("x-http-code"), route)
end
