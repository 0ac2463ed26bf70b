/// The header fields of the request that makes a change: some notifications repeat some of them.
///
/// Standard: GS CIM 009, 4.3.6.5.
package struct RequestHeaders: Sendable {
  /// The value of the first field of a name, in any case.
  let value: @Sendable (_ name: String) -> String?

  package init(_ value: @escaping @Sendable (_ name: String) -> String?) { self.value = value }
}
