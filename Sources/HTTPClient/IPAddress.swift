import Glibc

/// An IPv4 or IPv6 address; IPv4 is kept in its mapped form, `::ffff:a.b.c.d`.
package struct IPAddress: Sendable, Hashable, CustomStringConvertible {
  /// The 128 bits, most significant first in the text.
  let bits: UInt128

  private static let v4Prefix: UInt128 = 0xFFFF << 32

  init(bits: UInt128) { self.bits = bits }

  init(v4 bits: UInt32) { self.bits = Self.v4Prefix | UInt128(bits) }

  /// - Returns: nil unless the text is a numeric address.
  package init?(parsing text: String) {
    var v4 = in_addr()
    var v6 = in6_addr()
    if inet_pton(AF_INET, text, &v4) == 1 {
      self.init(v4: UInt32(bigEndian: v4.s_addr))
    } else if inet_pton(AF_INET6, text, &v6) == 1 {
      self.init(v6)
    } else {
      return nil
    }
  }

  /// - Returns: nil for an address of another family.
  init?(_ address: UnsafePointer<sockaddr>) {
    switch Int32(address.pointee.sa_family) {
    case AF_INET:
      let v4 = UnsafeRawPointer(address).loadUnaligned(as: sockaddr_in.self)
      self.init(v4: UInt32(bigEndian: v4.sin_addr.s_addr))
    case AF_INET6:
      self.init(UnsafeRawPointer(address).loadUnaligned(as: sockaddr_in6.self).sin6_addr)
    default:
      return nil
    }
  }

  private init(_ v6: in6_addr) {
    bits = withUnsafeBytes(of: v6) { bytes in
      bytes.reduce(UInt128(0)) { $0 << 8 | UInt128($1) }
    }
  }

  /// Whether this is an IPv4 address.
  var isV4: Bool { bits >> 32 == 0xFFFF }

  package var description: String {
    if isV4 {
      return (0..<4).map { String(UInt8(truncatingIfNeeded: bits >> (24 - 8 * $0))) }
        .joined(separator: ".")
    }
    var address = in6_addr()
    withUnsafeMutableBytes(of: &address) { bytes in
      for index in bytes.indices {
        bytes[index] = UInt8(truncatingIfNeeded: bits >> (120 - 8 * index))
      }
    }
    return withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(INET6_ADDRSTRLEN)) { text in
      inet_ntop(AF_INET6, &address, text.baseAddress, socklen_t(text.count))
      return String(cString: text.baseAddress!)
    }
  }
}

/// The addresses that share their first bits: `10.0.0.0/8`, `fd00::/8`, or a single address.
package struct AddressBlock: Sendable, Hashable {
  private let first: IPAddress
  /// How many of the 128 bits count.
  private let prefixBits: Int

  /// - Returns: nil unless the text is an address, or an address, `/` and a number of bits.
  package init?(parsing text: String) {
    let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    guard let address = IPAddress(parsing: String(parts[0])) else { return nil }
    // A mapped address written in IPv6 notation counts its bits in that notation.
    let width = address.isV4 && !parts[0].contains(":") ? 32 : 128
    var bits = width
    if parts.count == 2 {
      guard let number = Int(parts[1]), 0...width ~= number else { return nil }
      bits = number
    }
    first = address
    prefixBits = 128 - width + bits
  }

  package func contains(_ address: IPAddress) -> Bool {
    prefixBits == 0 || (address.bits ^ first.bits) >> (128 - prefixBits) == 0
  }
}
