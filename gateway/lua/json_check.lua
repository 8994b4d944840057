-- Strict JSON against the shape of a message: grammar, member names, types, duplicates.
--
-- Lives here: one pass over the text, and the faults it finds. Not here: which message a route
-- takes (generated into contract.lua) and how faults are printed (problem.lua).
--
-- The transcoder behind this accepts more than JSON and drops unknown members silently; whatever
-- passes here it reads the same way we did.

local find, byte, sub, match, gsub, char = string.find, string.byte, string.sub, string.match, string.gsub, string.char
local tonumber = tonumber

local MAX_DEPTH, MAX_FAULTS = 32, 20
local INFINITE = 1 / 0

-- State of the one check that runs; a check never yields, so it cannot meet another.
local text, faults, path, bound

-- The caller's own spelling is repeated only when it is a plausible name, never when it may be data.
local function shown(name)
  if #name <= 64 and find(name, "^[%a_][%w_]*$") then return name end
  return "?"
end

local function here(depth)
  local out = ""
  for i = 1, depth do
    local part = path[i]
    if type(part) == "number" then
      out = out .. "[" .. part .. "]"
    elseif out == "" then
      out = shown(part)
    else
      out = out .. "." .. shown(part)
    end
  end
  return out
end

local function fault(depth, code, message)
  local n = #faults
  if n < MAX_FAULTS then faults[n + 1] = { field = here(depth), code = code, message = message } end
end

local WANTED = {
  string = "must be a string", bytes = "must be a base64 string", bool = "must be true or false",
  double = "must be a number", int32 = "must be a whole number", uint32 = "must be a whole number of 0 or more",
  int64 = "must be a whole number", enum = "must be one of the documented names",
  message = "must be an object", map = "must be an object", list = "must be a list",
  timestamp = "must be an RFC 3339 time", duration = "must be a duration such as 1.5s",
}

local function wrong_type(depth, kind) fault(depth, "invalid_type", WANTED[kind]) end

-- Index of the next byte that is not white space, and that byte.
local function skip(i)
  local c = byte(text, i)
  if c and c > 32 then return i, c end
  i = find(text, "[^ \t\n\r]", i)
  if i then return i, byte(text, i) end
end

-- Unicode escape whose four digits start at i: index behind it, or nil. Surrogates come in pairs.
local function unicode_escape(i)
  local digits = match(text, "^%x%x%x%x", i)
  if not digits then return nil end
  local code = tonumber(digits, 16)
  if code >= 0xDC00 and code <= 0xDFFF then return nil end
  if code < 0xD800 or code > 0xDBFF then return i + 4 end
  local low = match(text, "^\\u(%x%x%x%x)", i + 4)
  low = low and tonumber(low, 16) or 0
  if low < 0xDC00 or low > 0xDFFF then return nil end
  return i + 10
end

-- Index of the closing quote of the string whose content starts at i, and whether it has escapes.
local function string_end(i)
  local escaped = false
  while true do
    i = find(text, '["\\%z\1-\31]', i)
    if not i then return nil end
    local c = byte(text, i)
    if c == 34 then return i, escaped end
    if c ~= 92 then return nil end
    escaped = true
    if find(text, '^["\\/bfnrt]', i + 1) then
      i = i + 2
    elseif byte(text, i + 1) == 117 then
      i = unicode_escape(i + 2)
      if not i then return nil end
    else
      return nil
    end
  end
end

-- A member name without escapes; anything outside ASCII cannot be one of ours.
local function unescape(name)
  name = gsub(name, "\\u(%x%x%x%x)", function(digits)
    local code = tonumber(digits, 16)
    return code < 128 and char(code) or "?"
  end)
  return (gsub(name, "\\", "?"))
end

-- Index of the last character of the number at i, and whether it is written as a whole number.
local function number_end(i)
  local first = byte(text, i) == 45 and i + 1 or i
  local _, j = find(text, "^%d+", first)
  if not j or (byte(text, first) == 48 and j > first) then return nil end
  local whole, c = true, byte(text, j + 1)
  if c == 46 then
    whole = false
    _, j = find(text, "^%d+", j + 2)
    if not j then return nil end
    c = byte(text, j + 1)
  end
  if c == 101 or c == 69 then
    whole = false
    _, j = find(text, "^[+-]?%d+", j + 2)
  end
  return j, whole
end

local function number_fault(spec, i, j, whole)
  local kind = spec.kind
  local number = tonumber(sub(text, i, j))
  if kind == "double" then
    if number == INFINITE or number == -INFINITE then return "out_of_range", "must be a finite number" end
  elseif kind == "int32" or kind == "uint32" or kind == "int64" then
    if not whole then return "invalid_type", WANTED[kind] end
    if number < spec.min or number > spec.max then return "out_of_range", "must be from " .. spec.range end
  elseif kind == "enum" then
    if not whole or not spec.numbers[number] then return "invalid_value", WANTED.enum end
  else
    return "invalid_type", WANTED[kind]
  end
end

local function string_fault(spec, i, j, escaped)
  local kind = spec.kind
  if kind == "string" then return nil end
  local value = sub(text, i, j)
  if kind == "double" and spec.numeric_text and find(value, "^-?%d+%.?%d*$") and #value <= 32 then return nil end
  if kind == "int64" and find(value, "^-?%d+$") and #value <= 19 then return nil end
  if kind == "enum" then
    if spec.names[value] then return nil end
    return "invalid_value", WANTED.enum
  elseif kind == "bytes" then
    if not escaped and find(value, "^[%w+/_-]*=?=?$") then return nil end
    return "invalid_value", WANTED.bytes
  elseif kind == "timestamp" then
    if find(value, "^%d%d%d%d%-[01]%d%-[0-3]%dT[0-2]%d:[0-5]%d:[0-5]%d%.?%d*[Z+-]%d?%d?:?%d?%d?$") then return nil end
    return "invalid_value", WANTED.timestamp
  elseif kind == "duration" then
    if find(value, "^-?%d+%.?%d*s$") and #value <= 24 then return nil end
    return "invalid_value", WANTED.duration
  end
  return "invalid_type", WANTED[kind]
end

-- Every reader below takes the index of the first character of a value, the field's spec (nil:
-- anything goes) and the depth, and answers the index behind the value, or nil when it is not JSON.
local value

local function array(i, spec, depth)
  if depth >= MAX_DEPTH then return nil end
  local item = spec and spec.item
  if spec and not item then wrong_type(depth, spec.kind) end
  local c, n = nil, 0
  i, c = skip(i + 1)
  if c == 93 then return i + 1 end
  while i do
    path[depth + 1] = n
    if item and c == 110 and not item.any then wrong_type(depth + 1, item.kind) end
    i = value(i, c, item, depth + 1)
    if not i then return nil end
    i, c = skip(i)
    if c == 93 then return i + 1 end
    if c ~= 44 then return nil end
    n = n + 1
    i, c = skip(i + 1)
  end
end

-- What the member may hold, after looking at its name; nil when it must not be there.
local function member_spec(fields, seen, name, depth)
  local spec = fields[name]
  if not spec then
    fault(depth, "unknown_field", "is not a field of this request")
    return nil
  end
  if seen[spec.id] then
    fault(depth, "duplicate_field", "is given twice")
    return nil
  end
  seen[spec.id] = true
  return spec
end

local function check_oneof(seen, spec, c, depth)
  if not spec.oneof or c == 110 then return end
  if seen[spec.oneof] then fault(depth, "conflicting_field", "excludes another field that is given") end
  seen[spec.oneof] = true
end

-- A field of the path may be repeated in the body, but only with the same value.
local function check_bound(spec, i, depth)
  local wanted = depth == 1 and bound and bound[spec.id]
  if not wanted then return end
  if sub(text, i, i + #wanted + 1) ~= '"' .. wanted .. '"' and byte(text, i) ~= 110 then
    fault(depth, "conflicting_field", "must equal the value in the path")
  end
end

local function object(i, spec, depth)
  if depth >= MAX_DEPTH then return nil end
  local fields, entry = spec and spec.fields, spec and spec.entry
  if spec and not fields and not entry then wrong_type(depth, spec.kind) end
  local c, seen = nil, {}
  i, c = skip(i + 1)
  if c == 125 then return i + 1 end
  while c == 34 do
    local close, escaped = string_end(i + 1)
    if not close then return nil end
    local name = sub(text, i + 1, close - 1)
    if escaped then name = unescape(name) end
    i, c = skip(close + 1)
    if c ~= 58 then return nil end
    i, c = skip(i + 1)
    if not i then return nil end
    depth = depth + 1
    path[depth] = name
    local inner
    if fields then
      inner = member_spec(fields, seen, name, depth)
      if inner then
        check_oneof(seen, inner, c, depth)
        check_bound(inner, i, depth)
      end
    else
      inner = entry
      if seen[name] then fault(depth, "duplicate_field", "is given twice") end
      seen[name] = true
    end
    i = value(i, c, inner, depth)
    depth = depth - 1
    if not i then return nil end
    i, c = skip(i)
    if c == 125 then return i + 1 end
    if c ~= 44 then return nil end
    i, c = skip(i + 1)
  end
end

local LITERALS = { [116] = "^true", [102] = "^false", [110] = "^null" }

function value(i, c, spec, depth)
  if spec and spec.any then -- Value, Struct, ListValue: only the outermost shape is known
    if c ~= 110 and spec.any ~= true and c ~= spec.any then wrong_type(depth, spec.kind) end
    spec = nil
  end
  if c == 34 then
    local close, escaped = string_end(i + 1)
    if not close then return nil end
    if spec and spec.kind ~= "string" then
      local code, message = string_fault(spec, i + 1, close - 1, escaped)
      if code then fault(depth, code, message) end
    end
    return close + 1
  elseif c == 123 then
    return object(i, spec, depth)
  elseif c == 91 then
    return array(i, spec, depth)
  elseif LITERALS[c] then
    local _, last = find(text, LITERALS[c], i)
    if not last then return nil end
    if spec and c ~= 110 and spec.kind ~= "bool" then wrong_type(depth, spec.kind) end
    return last + 1
  end
  local last, whole = number_end(i)
  if not last then return nil end
  if spec then
    local code, message = number_fault(spec, i, last, whole)
    if code then fault(depth, code, message) end
  end
  return last + 1
end

local function continuation(i, low, high)
  local c = byte(text, i)
  return c and c >= (low or 0x80) and c <= (high or 0xBF)
end

-- Length of the UTF-8 sequence whose first byte is at i, or nil (RFC 3629, section 4).
local function sequence(i)
  local c = byte(text, i)
  if c >= 0xC2 and c <= 0xDF then return continuation(i + 1) and 2 end
  if c >= 0xE0 and c <= 0xEF then
    local low, high = c == 0xE0 and 0xA0 or 0x80, c == 0xED and 0x9F or 0xBF
    return continuation(i + 1, low, high) and continuation(i + 2) and 3
  end
  if c >= 0xF0 and c <= 0xF4 then
    local low, high = c == 0xF0 and 0x90 or 0x80, c == 0xF4 and 0x8F or 0xBF
    return continuation(i + 1, low, high) and continuation(i + 2) and continuation(i + 3) and 4
  end
end

local function is_utf8()
  local i = find(text, "[\128-\255]")
  while i do
    local length = sequence(i)
    if not length then return false end
    i = i + length
    local c = byte(text, i)
    if not c then return true end
    if c < 128 then i = find(text, "[\128-\255]", i) end
  end
  return true
end

local M = { shown = shown, wanted = WANTED }

-- Checks one body. `message` is a spec of contract.lua; `values` maps ids of fields bound in the
-- path to their text. Answers nil when the text is not JSON or no object, else the list of faults.
function M.check(body, message, values)
  text, faults, path, bound = body, {}, {}, values
  local i, c = skip(1)
  if c ~= 123 or not is_utf8() then return nil end
  i = object(i, message, 0)
  if not i or skip(i) then return nil end
  return faults
end

function M.is_utf8(value_text)
  text = value_text
  return is_utf8()
end

return M
