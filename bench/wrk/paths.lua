-- GETs the paths listed in a file, each thread in an order of its own.
local folder = debug.getinfo(1, "S").source:match("@(.*/)")
dofile(folder .. "done.lua")

local threads = 0
function setup(thread)
  threads = threads + 1
  thread:set("seed", threads)
end

function init(arguments)
  paths = {}
  for line in io.lines(arguments[1]) do
    paths[#paths + 1] = wrk.format("GET", line)
  end
  math.randomseed(seed)
end

function request()
  return paths[math.random(#paths)]
end
