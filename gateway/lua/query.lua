-- Query parameters against the request message: unknown names, repeated names, unreadable values.
--
-- The transcoder would refuse them too, but in words that quote the caller.

local json_check = require("json_check")
local find, gmatch, gsub, char, match = string.find, string.gmatch, string.gsub, string.char, string.match

local M = {}

-- nil when an escape is not two hex digits or the text is not UTF-8.
local function decoded(text)
  text = gsub(text, "%+", " ")
  if find(text, "%", 1, true) then
    if find(gsub(text, "%%%x%x", ""), "%", 1, true) then return nil end
    text = gsub(text, "%%(%x%x)", function(digits) return char(tonumber(digits, 16)) end)
  end
  return json_check.is_utf8(text) and text or nil
end

local function readable(spec, value)
  local kind = spec.kind
  if kind == "int32" or kind == "uint32" or kind == "int64" then
    local number = find(value, "^-?%d+$") and #value <= 20 and tonumber(value)
    return number and number >= spec.min and number <= spec.max
  elseif kind == "bool" then
    return value == "true" or value == "false" or value == "1" or value == "0"
  elseif kind == "double" then
    return find(value, "^-?%d+%.?%d*$") and #value <= 32
  elseif kind == "enum" then
    return spec.names[value] or (find(value, "^%d+$") and spec.numbers[tonumber(value)])
  elseif kind == "timestamp" then
    return find(value, "^%d%d%d%d%-[01]%d%-[0-3]%dT[0-2]%d:[0-5]%d:[0-5]%d%.?%d*[Z+-]%d?%d?:?%d?%d?$")
  end
  return true
end

local function fault(name, code, message)
  local shown = {}
  for part in gmatch(name, "[^.]+") do shown[#shown + 1] = json_check.shown(part) end
  return { field = table.concat(shown, "."), code = code, message = message, place = "query" }
end

-- Faults of the query string, in its order. `allowed` maps names to specs; `strip` names a parameter
-- that the caller's tools add and we do not read.
function M.check(query, allowed)
  local faults, seen = {}, {}
  for pair in gmatch(query, "[^&]+") do
    local raw, value = match(pair, "^([^=]*)=?(.*)$")
    local name = decoded(raw) or "?"
    local spec = allowed[name]
    if not spec then
      faults[#faults + 1] = fault(name, "unknown_field", "is not a parameter of this request")
    elseif seen[spec] and not spec.item then
      faults[#faults + 1] = fault(name, "duplicate_field", "is given twice")
    else
      seen[spec] = true
      local checked, plain = spec.item or spec, decoded(value)
      if not plain or not readable(checked, plain) then
        faults[#faults + 1] = fault(name, "invalid_value", json_check.wanted[checked.kind])
      end
    end
    if #faults == 20 then break end
  end
  return faults
end

return M
