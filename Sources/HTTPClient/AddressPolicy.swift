/// Which addresses a client may connect to.
///
/// URLs come from callers of the API, who must not reach through the broker what they could not
/// reach themselves: only public addresses are open unless the operator names more.
package struct AddressPolicy: Sendable, Hashable {
  private var isOpen = false
  private var allowed: [AddressBlock] = []

  package static let publicOnly = AddressPolicy()

  /// Public addresses and those in `blocks`.
  package init(allowing blocks: [AddressBlock] = []) { allowed = blocks }

  /// Reads a list separated by commas.
  ///
  /// Each entry is a CIDR block, an address, or one of the words `loopback`, `private` (RFC 1918,
  /// unique local IPv6, carrier-grade NAT), `link-local`, `all` and `public`, which adds nothing.
  package init(parsing text: String) throws(AddressPolicyError) {
    for entry in text.split(separator: ",") {
      let entry = entry.filter { !$0.isWhitespace }
      switch entry {
      case "", "public": break
      case "all": isOpen = true
      default: allowed += try Self.blocks(named: entry)
      }
    }
  }

  private static func blocks(named entry: String) throws(AddressPolicyError) -> [AddressBlock] {
    if let blocks = named[entry] { return blocks }
    guard let block = AddressBlock(parsing: entry) else { throw AddressPolicyError(entry: entry) }
    return [block]
  }

  package func allows(_ address: IPAddress) -> Bool {
    if isOpen || allowed.contains(where: { $0.contains(address) }) { return true }
    if Self.special.contains(where: { $0.contains(address) }) { return false }
    // An IPv6 address that a gateway turns into an IPv4 one is as good as that one.
    guard let embedded = Self.embeddedV4(in: address) else { return true }
    return allows(embedded)
  }

  private static func embeddedV4(in address: IPAddress) -> IPAddress? {
    if address.isV4 { return nil }
    let low = UInt32(truncatingIfNeeded: address.bits)
    if compatible.contains(address) || nat64.contains(address) { return IPAddress(v4: low) }
    if sixToFour.contains(address) {
      return IPAddress(v4: UInt32(truncatingIfNeeded: address.bits >> 80))
    }
    return nil
  }

  private static func list(_ texts: String...) -> [AddressBlock] {
    texts.map { text in
      guard let block = AddressBlock(parsing: text) else {
        preconditionFailure("Bad block \(text)")
      }
      return block
    }
  }

  private static let loopback = list("127.0.0.0/8", "::1")
  private static let privateUse = list(
    "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
  private static let linkLocal = list("169.254.0.0/16", "fe80::/10")
  private static let named = [
    "loopback": loopback, "private": privateUse, "link-local": linkLocal,
  ]

  /// What is no public unicast address: the special-purpose registries of IANA.
  private static let special =
    loopback + privateUse + linkLocal
    + list(
      // "This" network, protocol assignments, documentation, benchmarks, multicast, reserved.
      "0.0.0.0/8", "192.0.0.0/24", "192.0.2.0/24", "198.18.0.0/15", "198.51.100.0/24",
      "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
      // Unspecified, local NAT64, discard, Teredo, documentation, site-local, multicast.
      "::", "64:ff9b:1::/48", "100::/64", "2001::/32", "2001:db8::/32", "fec0::/10", "ff00::/8")

  private static let compatible = list("::/96")[0]
  private static let nat64 = list("64:ff9b::/96")[0]
  private static let sixToFour = list("2002::/16")[0]
}

/// An entry of an address policy that is neither an address, nor a block, nor a known word.
package struct AddressPolicyError: Error, Sendable, Hashable, CustomStringConvertible {
  package let entry: String

  package init(entry: String) { self.entry = entry }

  package var description: String {
    "'\(entry)' is no address, no CIDR block such as 10.0.0.0/8, and none of the words "
      + "loopback, private, link-local, public and all"
  }
}
