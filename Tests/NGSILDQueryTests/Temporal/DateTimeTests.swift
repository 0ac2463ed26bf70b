import JSON
import NGSILD
import Testing

@Suite("DateTime")
struct DateTimeTests {
  @Test(
    "a DateTime is microseconds since 1970, and has a shortest text",
    arguments: [
      ("1970-01-01T00:00:00Z", 0, "1970-01-01T00:00:00Z"),
      ("1970-01-01T00:00:00.000Z", 0, "1970-01-01T00:00:00Z"),
      ("1970-01-01T00:00:00,5Z", 500_000, "1970-01-01T00:00:00.5Z"),
      ("1969-12-31T23:59:59.999999Z", -1, "1969-12-31T23:59:59.999999Z"),
      ("2000-02-29T12:34:56.120Z", 951_827_696_120_000, "2000-02-29T12:34:56.12Z"),
      ("2024-02-29T00:00:00.000001Z", 1_709_164_800_000_001, "2024-02-29T00:00:00.000001Z"),
      ("2038-01-19T03:14:08Z", 2_147_483_648_000_000, "2038-01-19T03:14:08Z"),
      ("0000-01-01T00:00:00Z", -62_167_219_200_000_000, "0000-01-01T00:00:00Z"),
      ("9999-12-31T23:59:59.999999Z", 253_402_300_799_999_999, "9999-12-31T23:59:59.999999Z"),
    ])
  func dateTime(text: String, microseconds: Int64, shortest: String) throws {
    let dateTime = try DateTime(parsing: text, of: "observedAt")
    #expect(dateTime.microseconds == microseconds)
    #expect(dateTime.description == shortest)
    var bytes: [UInt8] = []
    dateTime.append(to: &bytes)
    #expect(bytes == Array(shortest.utf8))
    #expect(try DateTime(JSONValue(parsing: "\"\(text)\"")) == dateTime)
  }

  @Test(
    "what is no DateTime is refused",
    arguments: [
      "", "2020", "2020-01-01", "2020-01-01T00:00:00", "2020-01-01T00:00:00+01:00",
      "2020-01-01t00:00:00Z", "2020-01-01T00:00:00z", "2020-01-01 00:00:00Z",
      "2020-13-01T00:00:00Z", "2020-00-01T00:00:00Z", "2020-01-32T00:00:00Z",
      "2020-01-00T00:00:00Z", "2021-02-29T00:00:00Z", "1900-02-29T00:00:00Z",
      "2020-04-31T00:00:00Z", "2020-01-01T24:00:00Z", "2020-01-01T00:60:00Z",
      "2020-01-01T00:00:60Z", "2020-01-01T00:00:00.Z", "2020-01-01T00:00:00.1234567Z",
      "2020-01-01T00:00:00;1Z", "2020-01-01T00:00:00.1aZ", "2020-01-01T00:00Z",
      "2020-1-1T00:00:00Z",
      "+2020-01-01T00:00:00Z", "20200101T000000Z", " 2020-01-01T00:00:00Z", "2020-01-01T00:00:00ZZ",
      "２020-01-01T00:00:00Z", "2020-01-01T00-00:00Z", "2020/01/01T00:00:00Z",
    ])
  func refuse(text: String) {
    #expect(DateTime(text) == nil)
    let error = #expect(throws: NGSILDError.self) { try DateTime(parsing: text, of: "timeAt") }
    #expect(error?.kind == .badRequestData)
    #expect(error?.detail.hasPrefix("timeAt '\(text)' is no DateTime") == true)
  }

  @Test("only strings are DateTimes; escapes in them are resolved")
  func json() throws {
    #expect(try DateTime(JSONValue(parsing: "1")) == nil)
    #expect(
      try DateTime(JSONValue(parsing: #""2020-01-01T00\u003a00:00Z""#))
        == DateTime("2020-01-01T00:00:00Z"))
  }

  @Test("instants outside the years 0000 to 9999 are kept at their edge")
  func edges() {
    #expect(DateTime(microseconds: .max) == .latest)
    #expect(DateTime(microseconds: .min) == .earliest)
    #expect(DateTime.earliest < .latest)
  }

  @Test("every day of 800 years survives, one after the other")
  func calendar() throws {
    let first = try #require(Date("1600-01-01")).days
    for days in stride(from: first, to: first + 292_194, by: 1) {
      let dateTime = DateTime(microseconds: Int64(days) * 86_400_000_000)
      let text = dateTime.description
      #expect(DateTime(text) == dateTime, "\(text)")
      guard DateTime(text) == dateTime else { break }
    }
    #expect(Date("2400-01-01")?.days == first + 292_194)
  }

  @Test(
    "days and times of day are read and written",
    arguments: [("2020-02-29", 18321), ("1969-12-31", -1), ("0000-01-01", -719_528)])
  func date(text: String, days: Int) throws {
    let date = try #require(Date(text))
    #expect(date.days == days)
    #expect(date.description == text)
  }

  @Test(
    "times of day are read and written",
    arguments: [
      ("00:00:00Z", 0, "00:00:00Z"), ("23:59:59.999999Z", 86_399_999_999, "23:59:59.999999Z"),
      ("01:02:03,100Z", 3_723_100_000, "01:02:03.1Z"),
    ])
  func time(text: String, microseconds: Int64, shortest: String) throws {
    let time = try #require(Time(text))
    #expect(time.microseconds == microseconds)
    #expect(time.description == shortest)
  }

  @Test(
    "what is no day or time of day is none",
    arguments: [
      "", "2021-02-29", "2020-1-01", "20-01-01", "2020-01-01Z", "2020-01-01T", "a020-01-01",
    ])
  func noDate(text: String) { #expect(Date(text) == nil) }

  @Test(
    "what is no time of day is none",
    arguments: [
      "", "24:00:00Z", "00:00:00", "00:00Z", "00:00:00.Z", "00:00:00.0000000Z", "T00:00:00Z",
    ])
  func noTime(text: String) { #expect(Time(text) == nil) }
}
