package import JSON
package import JSONLD
package import NGSILD
package import Storage

/// Contexts that are stored (GS CIM 009, 5.13).
extension Broker {
  /// 5.13.2: returns the id of the new context.
  ///
  /// - Parameter value: of `@context`.
  /// - Throws: `badRequestData` for what is no context, `payloadTooLarge`.
  package func addContext(
    _ value: JSONValue, in tenant: TenantNumber
  ) async throws(NGSILDError) -> String {
    let body = value.withRaw { Array($0) }
    let bytesMax = ContextLimits().documentBytesMax
    guard body.count <= bytesMax else {
      throw NGSILDError(
        .payloadTooLarge, "The @context is \(body.count) bytes long; at most \(bytesMax) are kept")
    }
    do throws(JSONLDError) {
      try ContextValidation(isRemote: false).require(value)
    } catch {
      throw .badRequestData("The @context is not valid: \(error.detail)")
    }
    return try await contextLibrary.store.host(body, in: tenant)
  }

  /// 5.13.3.
  ///
  /// - Parameter kind: nil for all.
  package func listContexts(
    kind: ContextKind?, for owner: ContextOwner
  ) async throws(NGSILDError) -> [StoredContext] {
    let (contexts, usage) = try await contextService.withUsage { () async throws(NGSILDError) in
      try await contextLibrary.store.list(for: owner, kind: kind)
    }
    return contexts.map { $0.adding(usage[$0.id]) }
  }

  /// 5.13.4, what is known of a context; this counts as a use of it from now on.
  ///
  /// - Parameter name: its id, or the URL of a copy.
  /// - Throws: `resourceNotFound`.
  package func context(
    _ name: String, for owner: ContextOwner
  ) async throws(NGSILDError) -> StoredContext {
    if isCore(name) { return StoredContext(core: name, created: contextService.started) }
    let (found, usage) = try await contextService.withUsage { () async throws(NGSILDError) in
      try await contextLibrary.store.context(name, for: owner)
    }
    guard let found else { throw .noContext(name) }
    contextService.countUse(of: found.id)
    return found.adding(usage[found.id])
  }

  /// 5.13.4: the value of the `@context`, as JSON.
  ///
  /// - Throws: `resourceNotFound`, and `operationNotSupported` for a copy.
  package func contextBody(
    _ name: String, for owner: ContextOwner
  ) async throws(NGSILDError) -> [UInt8] {
    let context = try await context(name, for: owner)
    guard context.kind != .cached else {
      throw NGSILDError(
        .operationNotSupported,
        "The @context '\(name)' is a copy; it is served at its own URL, and here with details=true")
    }
    guard let content = try await contextLibrary.store.hosted(context.id) else {
      throw .noContext(name)
    }
    return content.body
  }

  /// 5.13.5: nobody can use the context any more once this returns, for this broker; for others on
  /// the same database, within moments.
  ///
  /// - Throws: `resourceNotFound`, and `badRequestData` for the Core.
  package func deleteContext(
    _ name: String, for owner: ContextOwner
  ) async throws(NGSILDError) {
    guard !isCore(name) else {
      throw .badRequestData("The Core @context cannot be deleted; it can be reloaded")
    }
    guard let id = try await contextLibrary.store.delete(name, for: owner) else {
      throw .noContext(name)
    }
    contextService.forget(id)
  }

  /// 5.13.5, with `reload`: the copy of a remote document is replaced; on failure it stays.
  ///
  /// - Throws: `ldContextNotAvailable`, also for a document that is no context; `badRequestData`
  ///   for what is no copy.
  package func reloadContext(
    _ name: String, for owner: ContextOwner
  ) async throws(NGSILDError) {
    // Built in: there is nothing to load.
    guard !isCore(name) else { return }
    guard let url = try await contextLibrary.store.context(name, for: owner)?.url else {
      throw .badRequestData("'\(name)' is no @context of kind Cached; only these can be reloaded")
    }
    do throws(JSONLDError) {
      contextService.forget(try await contextLibrary.reload(url))
    } catch {
      throw NGSILDError(
        .ldContextNotAvailable, "The @context is not reloaded; its copy stays: \(error.detail)")
    }
  }

  private func isCore(_ name: String) -> Bool { name == "core" || CoreContext.isCore(url: name) }
}

// MARK: Contexts without a URL

extension Broker {
  /// `context` with a URL: its own, or that of an ImplicitlyCreated one, which is hosted if it is
  /// not yet (5.13.1).
  ///
  package func linked(
    _ context: Context, in tenant: TenantNumber, at site: ContextSite
  ) async throws(NGSILDError) -> Context {
    guard context.linkURL == nil, let body = context.source else { return context }
    let hosted = contextService.implicit
    var id = hosted.id(of: body, in: tenant)
    if id == nil {
      id = try await contextLibrary.store.hostImplicitly(body, in: tenant)
      if let id { hosted.remember(id, of: body, in: tenant) }
    }
    return context.linked(at: site.url(of: id ?? ""))
  }
}

/// Where a tenant's clients find the broker, and the contexts that it hosts for them.
package struct ContextSite: Sendable {
  package let tenantName: String
  /// What the path follows.
  let brokerURL: String

  package init(tenantName: String, brokerURL: String) {
    self.tenantName = tenantName
    self.brokerURL = brokerURL
  }

  package func url(of id: String) -> String { "\(brokerURL)\(HostedContextURL.path)\(id)" }
}

extension StoredContext {
  fileprivate func adding(_ usage: ContextUsage?) -> StoredContext {
    guard let usage else { return self }
    var context = self
    context.add(hits: usage.hits, usedAt: DateTime(sinceEpoch: usage.usedAt))
    return context
  }
}

extension NGSILDError {
  fileprivate static func noContext(_ name: String) -> NGSILDError {
    NGSILDError(.resourceNotFound, "There is no @context '\(name)'")
  }
}
