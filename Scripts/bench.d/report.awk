# Turns the results of Scripts/bench into a table, and into JSON in the file `json`.
#
# workload NAME CONNECTIONS RAW-CONNECTIONS ENTITIES RAW-ENTITIES GOAL
# result ROUND NAME SIDE REQUESTS SECONDS P50 P99 FAILURES BROKER-TICKS POSTGRESQL-TICKS

$1 == "workload" {
  names[++workloads] = $2
  connections[$2] = $3
  entities[$2, "broker"] = $5
  entities[$2, "raw"] = $6
  goal[$2] = $7
}

$1 == "result" {
  key = $3 SUBSEP $4
  n = ++rounds[key]
  requests = $5 * entities[key]
  if (requests == 0) requests = 1
  rate[key, n] = requests / $6
  p50[key, n] = $7 / 1000
  p99[key, n] = $8 / 1000
  failures[key] += $9
  broker_time[key, n] = $10 * tick / requests
  postgresql_time[key, n] = $11 * tick / requests
}

function median(values, key,    count, sorted, i, j, value) {
  count = rounds[key]
  for (i = 1; i <= count; i++) {
    value = values[key, i]
    for (j = i - 1; j >= 1 && sorted[j] > value; j--) sorted[j + 1] = sorted[j]
    sorted[j + 1] = value
  }
  return sorted[int((count + 1) / 2)]
}

# Raw, or the PATCH without a Subscription.
function reference(name) {
  return name == "patch-notified" ? "patch" SUBSEP "broker" : name SUBSEP "raw"
}

function side_json(key, broker) {
  return sprintf("{\"rate\": %.1f, \"p50Milliseconds\": %.3f, \"p99Milliseconds\": %.3f," \
    " \"failures\": %d, \"postgresqlMicroseconds\": %.1f%s}",
    median(rate, key), median(p50, key), median(p99, key), failures[key],
    median(postgresql_time, key), broker)
}

END {
  split(raw_connections, chosen, " ")
  for (i in chosen) {
    split(chosen[i], pair, "=")
    raw[pair[1]] = pair[2]
  }
  printf "{\"date\": \"%s\", \"cores\": %d, \"processor\": \"%s\", \"postgresql\": \"%s\"," \
    " \"secondsPerRound\": %s,\n \"startMilliseconds\": %.1f, \"idleMegabytes\": %.1f," \
    " \"megabytesAfter\": %.1f,\n \"workloads\": [", date, cores, processor, postgresql, seconds,
    start / 1000, idle / 1024, after / 1024 > json
  line = "%-15s %5s %8s %5s %8s %6s %5s %8s %8s %8s %8s %8s\n"
  printf "\n" line, "", "", "raw", "", "broker", "", "", "p50", "p99", "broker", "PG", "raw PG"
  printf line, "workload", "conn", "/s", "conn", "/s", "ratio", "goal", "ms", "ms", "CPU us",
    "CPU us", "CPU us"
  for (w = 1; w <= workloads; w++) {
    name = names[w]
    key = name SUBSEP "broker"
    other = reference(name)
    if (!rounds[key]) continue
    ratio_text = "-"
    for (n = 1; n <= rounds[other]; n++) ratios[key, n] = rate[key, n] / rate[other, n]
    if (rounds[other]) ratio_text = sprintf("%.2f", median(ratios, key))
    has_raw = (name SUBSEP "raw") in rounds
    printf line, name, connections[name],
      has_raw ? sprintf("%d", median(rate, other)) : "-", has_raw ? raw[name] : "-",
      sprintf("%d", median(rate, key)), ratio_text, goal[name],
      sprintf("%.2f", median(p50, key)), sprintf("%.2f", median(p99, key)),
      sprintf("%.1f", median(broker_time, key)), sprintf("%.1f", median(postgresql_time, key)),
      has_raw ? sprintf("%.1f", median(postgresql_time, other)) : "-"
    if (failures[key]) printf "  %d FAILURES of the broker in %s\n", failures[key], name
    if (has_raw && failures[other]) printf "  %d FAILURES of raw in %s\n", failures[other], name
    printf "%s\n  {\"name\": \"%s\", \"connections\": %d, \"ratio\": %s, \"goal\": %s," \
      "\n   \"broker\": %s", (written++ ? "," : ""), name, connections[name],
      ratio_text == "-" ? "null" : ratio_text, goal[name] == "-" ? "null" : goal[name],
      side_json(key, sprintf(", \"brokerMicroseconds\": %.1f", median(broker_time, key))) > json
    if (has_raw) printf ",\n   \"rawConnections\": %d, \"raw\": %s", raw[name], side_json(other, "") > json
    printf "}" > json
  }
  printf "\n]}\n" > json
  print "\nThe unit is a request; for upsert, it is one of the request's 100 Entities."
  print "The ratio of patch-notified is that to patch."
  printf "Start to first answer %.0f ms; memory %.0f MB idle, %.0f MB afterwards.\n",
    start / 1000, idle / 1024, after / 1024
}
