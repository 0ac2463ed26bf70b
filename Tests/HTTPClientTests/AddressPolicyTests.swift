import HTTPClient
import Testing

@Suite("Address policy")
struct AddressPolicyTests {
  @Test(
    "public addresses are open",
    arguments: [
      "1.1.1.1", "93.184.216.34", "172.32.0.1", "100.128.0.1", "192.169.0.1", "223.255.255.255",
      "2606:4700::1111", "2a00:1450::1", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1",
    ])
  func open(text: String) throws {
    #expect(AddressPolicy.publicOnly.allows(try #require(IPAddress(parsing: text))))
  }

  @Test(
    "addresses that callers must not reach are closed",
    arguments: [
      "127.0.0.1", "127.255.255.254", "0.0.0.0", "0.1.2.3", "10.0.0.1", "172.16.0.1",
      "172.31.255.255", "192.168.1.1", "100.64.0.1", "100.127.255.255", "169.254.169.254",
      "192.0.0.1", "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1",
      "239.255.255.255", "240.0.0.1", "255.255.255.255",
      "::", "::1", "fe80::1", "febf::1", "fc00::1", "fdff::1", "ff02::1", "fec0::1",
      "2001:db8::1", "2001::1", "100::1",
      "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1",
      "64:ff9b::7f00:1", "64:ff9b::a00:1", "64:ff9b:1::1", "2002:7f00:1::1", "2002:a00:1::",
    ])
  func closed(text: String) throws {
    #expect(!AddressPolicy.publicOnly.allows(try #require(IPAddress(parsing: text))))
  }

  @Test(
    "an operator opens blocks, addresses and groups",
    arguments: [
      ("loopback", "127.0.0.1", true), ("loopback", "::1", true),
      ("loopback", "::ffff:127.0.0.1", true), ("loopback", "10.0.0.1", false),
      ("private", "10.1.2.3", true), ("private", "fd00::1", true),
      ("private", "100.64.0.1", true), ("private", "127.0.0.1", false),
      ("link-local", "169.254.169.254", true), ("link-local", "fe80::1", true),
      ("10.1.0.0/16", "10.1.255.255", true), ("10.1.0.0/16", "10.2.0.0", false),
      ("10.1.0.0/16,127.0.0.1", "127.0.0.1", true), ("127.0.0.1", "127.0.0.2", false),
      ("fd12::/16", "fd12:3456::1", true), ("fd12::/16", "fd13::1", false),
      ("::ffff:10.0.0.0/104", "10.9.9.9", true), ("0.0.0.0/0", "10.0.0.1", true),
      ("0.0.0.0/0", "::1", false), (" loopback , private ", "192.168.0.1", true),
      ("all", "169.254.169.254", true), ("public", "10.0.0.1", false), ("", "1.1.1.1", true),
    ])
  func allowing(policy: String, address: String, isAllowed: Bool) throws {
    let policy = try AddressPolicy(parsing: policy)
    #expect(policy.allows(try #require(IPAddress(parsing: address))) == isAllowed)
  }

  @Test(
    "an entry that is none of these is named",
    arguments: [
      "localhost", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/", "fd00::/129", "10.0.0", "*",
    ])
  func errors(entry: String) {
    #expect(throws: AddressPolicyError(entry: entry)) {
      try AddressPolicy(parsing: "loopback,\(entry)")
    }
  }

  @Test(
    "addresses are written the usual way",
    arguments: [
      ("10.0.0.1", "10.0.0.1"), ("::ffff:10.0.0.1", "10.0.0.1"), ("0:0::1", "::1"),
      ("FD00::A", "fd00::a"),
    ])
  func description(text: String, written: String) throws {
    #expect(try #require(IPAddress(parsing: text)).description == written)
  }
}
