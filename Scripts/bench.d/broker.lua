-- The broker's side of the benchmark: requests for wrk.
--
--   wrk ... -s broker.lua URL -- WORKLOAD [SEED]
--
-- The workloads `load` and `load-history` fill the broker and end by themselves; every other one
-- runs for as long as wrk is told to, and ends with a line of figures.

local stations = 10000
local batch_size = 100
local crossings, instances = 200, 96
local long_crossings = 571
local api = "/ngsi-ld/v1"
local json = { ["Content-Type"] = "application/json" }

local function id(type, number)
  return string.format("urn:ngsi-ld:%s:%06d", type, number)
end

-- Spread over 0 to 99.99, so that `temperature>99` holds for one Entity in a hundred.
local function temperature(number)
  return number * 7919 % 10000 / 100
end

-- An Entity of about 1.4 KB: 6 Properties, 1 Relationship, 1 location.
local function entity(type, number, variant)
  local at = string.format("2026-01-01T00:%02d:%02dZ", number % 60, variant % 60)
  local function measured(name, value, unit)
    return string.format(
      '"%s":{"type":"Property","value":%s,"unitCode":"%s","observedAt":"%s",'
        .. '"accuracy":{"type":"Property","value":0.5}}',
      name, value, unit, at)
  end
  return string.format('{"id":"%s","type":"%s",', id(type, number), type)
    .. measured("temperature", temperature(number), "CEL") .. ","
    .. measured("relativeHumidity", 30 + (number + variant) % 60, "P1") .. ","
    .. measured("pm10", (number + variant) % 90 + 0.5, "GQ") .. ","
    .. measured("no2", (number * 3 + variant) % 120 + 0.25, "GQ") .. ","
    .. '"address":{"type":"Property","value":{"streetAddress":"Simulated Avenue '
    .. number .. '","addressLocality":"Benchtown","addressRegion":"North","postalCode":"'
    .. string.format("%05d", number % 100000) .. '","addressCountry":"XX"}},'
    .. '"description":{"type":"Property","value":"Station ' .. number .. ' of the benchmark: it '
    .. 'stands beside a road, reports every few minutes, and carries about as much text as the '
    .. 'Entities that cities publish."},'
    .. '"refDevice":{"type":"Relationship","object":"urn:ngsi-ld:Hardware:' .. number .. '",'
    .. '"observedAt":"' .. at .. '"},'
    .. string.format(
      '"location":{"type":"GeoProperty","value":{"type":"Point","coordinates":[%.5f,%.5f]}}}',
      number % 1000 / 1000, math.floor(number / 1000) / 1000)
end

local function batch(type, first, variant)
  local entities = {}
  for number = first, first + batch_size - 1 do
    entities[#entities + 1] = entity(type, number, variant)
  end
  return "[" .. table.concat(entities, ",") .. "]"
end

local function upsert(body, options)
  return wrk.format("POST", api .. "/entityOperations/upsert" .. (options or ""), json, body)
end

local function get(target)
  return wrk.format("GET", api .. target)
end

-- Instants of the last 24 hours, for history that is queried by time.
local function hours_ago(hours)
  return os.date("!%Y-%m-%dT%H:%M:%SZ", os.time() - math.floor(hours * 3600))
end

-- Loads: `total` requests, of which request `number` is the result of the function.

local loads = {}

-- The last request makes one Entity each of the types that `multiply.sql` and `create` make many of.
function loads.load()
  local batches = stations / batch_size
  return batches + 1, function(number)
    if number <= batches then
      return upsert(batch("AirQualityObserved", (number - 1) * batch_size + 1, 0))
    end
    return upsert(
      "[" .. entity("WeatherObserved", 0, 0) .. "," .. entity("NoiseLevelObserved", 0, 0) .. "]")
  end
end

-- Crossings with a count for every quarter of an hour.
loads["load-history"] = function()
  local groups = crossings / batch_size
  local total = groups * instances
  return total, function(number)
    local fragments = {}
    for entity = 1, batch_size do
      fragments[entity] = string.format(
        '{"id":"%s","type":"TrafficFlowObserved","intensity":{"type":"Property","value":%d,'
          .. '"observedAt":"%s"}}',
        id("TrafficFlowObserved", number % groups * batch_size + entity), number * entity % 900,
        hours_ago(23.9 * (1 - number / total)))
    end
    return upsert("[" .. table.concat(fragments, ",") .. "]", "?options=update")
  end
end

-- The Entity that `million.sql` makes many of.
loads["load-observation"] = function()
  return 1, function() return upsert("[" .. entity("NoiseLevelObserved", 0, 0) .. "]") end
end

-- Crossings whose past `long-history.sql` makes: the five Attributes come to be known here.
loads["load-long"] = function()
  return math.ceil(long_crossings / batch_size), function(number)
    local fragments = {}
    for entity = (number - 1) * batch_size + 1, math.min(number * batch_size, long_crossings) do
      local attributes = {}
      for _, name in ipairs({ "intensity", "speed", "occupancy", "gap", "length" }) do
        attributes[#attributes + 1] = '"' .. name .. '":{"type":"Property","value":0}'
      end
      fragments[#fragments + 1] = string.format(
        '{"id":"%s","type":"TrafficFlowObserved",%s}', id("TrafficFlowObserved", entity),
        table.concat(attributes, ","))
    end
    return upsert("[" .. table.concat(fragments, ",") .. "]")
  end
end

-- Registrations that match nothing that is asked for: other types, or other ids.
local shapes = {
  types = { '{"type":"Other%d"}' },
  ids = {
    '{"type":"AirQualityObserved","id":"urn:bench:other:%d"}',
    '{"type":"AirQualityObserved","idPattern":"^urn:bench:others%d:"}',
  },
}
for name, shapes in pairs(shapes) do
  loads["load-registrations-" .. name] = function()
    local headers = { ["Content-Type"] = "application/json", ["NGSILD-Tenant"] = name }
    return 10000, function(number)
      return wrk.format(
        "POST", api .. "/csourceRegistrations", headers,
        '{"type":"ContextSourceRegistration","endpoint":"http://127.0.0.1:1","information":'
          .. '[{"entities":[' .. string.format(shapes[number % #shapes + 1], number) .. "]}]}")
    end
  end
end

-- Workloads: each function prepares, and returns what makes a request.

local workloads = {}

-- Requests are made before the run.
function workloads.retrieve()
  local requests = {}
  for number = 1, stations do requests[number] = get("/entities/" .. id("AirQualityObserved", number)) end
  return function() return requests[math.random(stations)] end
end

function workloads.patch()
  local template = '{"temperature":{"type":"Property","value":%.2f,"unitCode":"CEL",'
    .. '"observedAt":"%s","accuracy":{"type":"Property","value":0.5}}}'
  local now = hours_ago(0)
  return function()
    return wrk.format(
      "PATCH",
      api .. "/entities/" .. id("AirQualityObserved", math.random(stations)) .. "/attrs",
      json, string.format(template, math.random(4000) / 100, now))
  end
end

workloads["patch-notified"] = workloads.patch

function workloads.create(seed)
  local number = seed * 1000000
  return function()
    number = number + 1
    return wrk.format("POST", api .. "/entities", json, entity("NoiseLevelObserved", number, 0))
  end
end

-- Bodies are made before the run; a batch comes back with other values only after all others.
function workloads.upsert(seed)
  local bodies = {}
  for variant = 1, 2 do
    for first = 1, stations, batch_size do
      bodies[#bodies + 1] = upsert(batch("AirQualityObserved", first, seed * 2 + variant))
    end
  end
  local next = 0
  return function()
    next = next % #bodies + 1
    return bodies[next]
  end
end

function workloads.page()
  local request = get("/entities?type=AirQualityObserved&limit=20")
  return function() return request end
end

function workloads.query()
  return function()
    return get(
      string.format(
        "/entities?type=WeatherObserved&q=temperature%%3E%.2f&limit=20",
        98.5 + math.random(100) / 100))
  end
end

-- Queries over a million Entities, by an Attribute that is indexed and by one that is not.
for _, shape in ipairs({ "page", "count" }) do
  for _, selected in ipairs({ "few", "many" }) do
    for _, index in ipairs({ "", "-indexed" }) do
      workloads["million-" .. shape .. "-" .. selected .. index] = function()
        local request = get(
          string.format(
            "/entities?type=NoiseLevelObserved&q=%s%%3E%s&%s",
            index == "" and "no2" or "temperature", selected == "few" and "99.999" or "50",
            shape == "page" and "limit=20" or "limit=0&count=true"))
        return function() return request end
      end
    end
  end
end

function workloads.history()
  local query = "?attrs=intensity&timerel=after&timeAt=" .. hours_ago(24)
  return function()
    return get(
      "/temporal/entities/" .. id("TrafficFlowObserved", math.random(crossings)) .. query)
  end
end

-- Queries over a long history; the day is one of the year.

local function day()
  local days = math.random(360)
  return "timerel=between&timeAt=" .. hours_ago(24 * days) .. "&endTimeAt=" .. hours_ago(24 * (days - 1))
end

local function hourly()
  return "&format=aggregatedValues&aggrMethods=avg&aggrPeriodDuration=PT1H&" .. day()
end

local long = {
  last = function() return "?attrs=intensity&lastN=1" end,
  day = function() return "?attrs=intensity&" .. day() end,
  five = function() return "?attrs=intensity,speed,occupancy,gap,length&lastN=100" end,
  hours = function() return "?attrs=intensity,speed,occupancy,gap,length" .. hourly() end,
}

for name, query in pairs(long) do
  workloads["long-" .. name] = function()
    return function()
      return get(
        "/temporal/entities/" .. id("TrafficFlowObserved", math.random(long_crossings)) .. query())
    end
  end
end

workloads["long-hours-100"] = function()
  return function()
    return get("/temporal/entities?type=TrafficFlowObserved&limit=100&attrs=intensity" .. hourly())
  end
end

-- A page, and one Entity, in the name of a tenant, if there is one.

local function of_tenant(target)
  local tenant = os.getenv("BENCH_TENANT")
  local headers = tenant ~= "" and { ["NGSILD-Tenant"] = tenant } or {}
  local request = wrk.format("GET", api .. target, headers)
  return function() return request end
end

function workloads.federation() return of_tenant("/entities?type=AirQualityObserved&limit=20") end

workloads["federation-retrieve"] = function() return of_tenant("/entities/urn:bench:own") end

-- What wrk calls.

local next_request

function init(arguments)
  local name, seed = arguments[1], tonumber(arguments[2]) or 1
  math.randomseed(seed)
  if loads[name] then
    next_request = load_requests(loads[name]())
  else
    next_request = workloads[name](seed)
  end
end

-- Makes each request once, and ends wrk when all are answered.
function load_requests(total, make)
  local sent, answered = 0, 0
  -- Defined for loads only: looking at answers costs wrk more than sending requests.
  function response(status, _, body)
    answered = answered + 1
    if status >= 300 then
      io.stderr:write("The broker answers ", status, " while it is filled: ", body, "\n")
      os.exit(1)
    end
    if answered == total then os.exit(0) end
  end
  return function()
    sent = sent % total + 1
    return make(sent)
  end
end

-- Milliseconds that each connection waits before a request.
local pause = tonumber(os.getenv("BENCH_PAUSE"))
if pause then
  function delay() return pause end
end

function request()
  return next_request()
end

-- Requests under way at the end are not counted. Where a connection makes few, their time is not
-- either: it would be half a request per connection, which pgbench waits for.
local function seconds(summary, latency)
  local connections = tonumber(os.getenv("BENCH_CONNECTIONS"))
  local are_few = connections and not pause and summary.requests < 100 * connections
  -- Without an answer in time, or any, there is no latency.
  if not are_few or latency.max == 0 then return summary.duration / 1e6 end
  return summary.requests * latency.mean / connections / 1e6
end

-- figures REQUESTS SECONDS P50 P99 FAILURES, latencies in microseconds; slowest LATENCY
function done(summary, latency)
  local errors = summary.errors
  print(
    string.format(
      "figures %d %.3f %.0f %.0f %d", summary.requests, seconds(summary, latency),
      latency:percentile(50), latency:percentile(99),
      errors.connect + errors.read + errors.write + errors.status + errors.timeout))
  print(string.format("slowest %.0f", latency.max))
end
