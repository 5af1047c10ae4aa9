-- POSTs a JSON body from a file with a fresh UUIDv7 wherever it says @ID@: arguments path, file, token, salt.
local folder = debug.getinfo(1, "S").source:match("@(.*/)")
dofile(folder .. "done.lua")

local threads = 0
function setup(thread)
  threads = threads + 1
  thread:set("number", threads)
end

function init(arguments)
  path = arguments[1]
  body = io.open(arguments[2]):read("*a")
  headers = { ["Content-Type"] = "application/json", ["Authorization"] = "Bearer " .. (arguments[3] or "") }
  salt = tonumber(arguments[4] or "0")
  count = 0
end

local function id()
  count = count + 1
  local ms = os.time() * 1000 + count % 1000
  return string.format("%08x-%04x-7%03x-8%03x-%04x%08x", math.floor(ms / 65536), ms % 65536, number, salt % 4096,
    math.floor(count / 4294967296), count % 4294967296)
end

function request()
  return wrk.format("POST", path, headers, (body:gsub("@ID@", id)))
end
