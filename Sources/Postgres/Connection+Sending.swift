import CLibPQ
import EventLoop

extension Connection {
  /// Sends the statements and one Sync.
  ///
  /// - Parameter number: names the flight to `cancel`.
  func launch(_ sqls: some Collection<SQL>, waiter: Flight.Waiter, number: Int? = nil) {
    if let error = refusal(of: sqls) { return deliver(waiter, .failure(error)) }
    deallocateDiscarded()
    send(sqls, waiter: waiter, number: number ?? nextFlightNumber())
  }

  /// Why the statements cannot even be sent.
  private func refusal(of sqls: some Collection<SQL>) -> PostgresError? {
    guard isOpen else { return .closed }
    guard flights.count < configuration.flightsMax else {
      return PostgresError(.poolExhausted, "\(flights.count) flights are under way")
    }
    precondition(flights.isEmpty || flights.first.kind == .pipeline, "A script runs alone")
    // What the protocol can carry.
    let fits = sqls.allSatisfy {
      $0.parameters.count <= 65_535 && $0.parameters.bytes.count <= 0x3fff_0000
    }
    return fits
      ? nil
      : PostgresError(
        .statement, "Too many parameters, or too large ones", sqlState: .programLimitExceeded)
  }

  private func deallocateDiscarded() {
    guard !statements.discarded.isEmpty else { return }
    let names = statements.takeDiscarded()
    send(
      names.map { "DEALLOCATE \(identifier: "s\($0)")" }, waiter: .deallocation(names),
      number: nextFlightNumber())
  }

  private func send(_ sqls: some Collection<SQL>, waiter: Flight.Waiter, number: Int) {
    guard let handle else { return deliver(waiter, .failure(.closed)) }
    var flight = Flight(number: number, kind: .pipeline, waiter: waiter)
    flight.rows.reserveCapacity(sqls.count)
    var answer = 0
    var isSent = true
    for sql in sqls where isSent { isSent = send(sql, over: handle, in: &flight, &answer) }
    isSent = isSent && PQpipelineSync(handle) == 1
    flights.append(flight)
    if isSent { flush() } else { end(PostgresError(connection: handle)) }
  }

  private func send(
    _ sql: SQL, over handle: OpaquePointer, in flight: inout Flight, _ answer: inout Int
  ) -> Bool {
    defer { answer += 1 }
    switch flight.waiter.isDeallocation ? .unnamed : statements.use(sql) {
    case .unnamed:
      return handle.send(sql.parameters, text: sql.text)
    case .prepared(let name):
      return handle.send(sql.parameters, prepared: name)
    case .prepare(let name, let key):
      flight.preparations.append((answer, key))
      answer += 1
      return handle.prepare(sql.text, as: name, sql.parameters)
        && handle.send(sql.parameters, prepared: name)
    }
  }

  func flush() {
    guard let handle else { return }
    let status = PQflush(handle)
    guard status >= 0 else { return end(PostgresError(connection: handle)) }
    guard isWaitingToWrite != (status == 1) else { return }
    isWaitingToWrite = status == 1
    loop.rewatch(descriptor, for: isWaitingToWrite ? [.read, .write] : .read)
  }
}

extension OpaquePointer {
  fileprivate func prepare(_ text: String, as name: Int, _ parameters: Parameters) -> Bool {
    parameters.withArguments { arguments in
      PQsendPrepare(self, "s\(name)", text, arguments.count, arguments.types) == 1
    }
  }

  fileprivate func send(_ parameters: Parameters, prepared name: Int) -> Bool {
    parameters.withArguments { arguments in
      PQsendQueryPrepared(
        self, "s\(name)", arguments.count, arguments.values, arguments.lengths, arguments.formats,
        binary) == 1
    }
  }

  fileprivate func send(_ parameters: Parameters, text: String) -> Bool {
    parameters.withArguments { arguments in
      PQsendQueryParams(
        self, text, arguments.count, arguments.types, arguments.values, arguments.lengths,
        arguments.formats, binary) == 1
    }
  }
}

/// libpq's word for the binary format.
private let binary: Int32 = 1

/// Parameters as libpq takes them.
private struct Arguments {
  var count: Int32 = 0
  var types: UnsafePointer<Oid>?
  var values: UnsafePointer<UnsafePointer<CChar>?>?
  var lengths: UnsafePointer<Int32>?
  var formats: UnsafePointer<Int32>?
}

extension Parameters {
  fileprivate func withArguments<Result>(_ body: (Arguments) -> Result) -> Result {
    bytes.withUnsafeBytes { bytes in
      withUnsafeTemporaryAllocation(of: UnsafePointer<CChar>?.self, capacity: count) { values in
        withUnsafeTemporaryAllocation(of: Int32.self, capacity: 3 * count) { numbers in
          guard let anyAddress = values.baseAddress, let start = numbers.baseAddress, count > 0
          else { return body(Arguments()) }
          for (index, slot) in slots.enumerated() {
            // A value without bytes needs an address too, whichever: libpq reads nil as NULL.
            let value = bytes.baseAddress.map { $0 + slot.offset } ?? UnsafeRawPointer(anyAddress)
            values.initializeElement(
              at: index,
              to: slot.length == nil ? nil : value.assumingMemoryBound(to: CChar.self))
            numbers.initializeElement(at: index, to: Int32(bitPattern: slot.type.oid))
            numbers.initializeElement(at: count + index, to: Int32(slot.length ?? 0))
            numbers.initializeElement(at: 2 * count + index, to: binary)
          }
          return start.withMemoryRebound(to: Oid.self, capacity: count) { types in
            body(
              Arguments(
                count: Int32(count), types: types, values: anyAddress,
                lengths: start + count, formats: start + 2 * count))
          }
        }
      }
    }
  }
}
