package import Registrations

/// Answers of Context Sources that may be given again for some time, because their registrations
/// say so (`management.cacheDuration`, GS CIM 009, 5.2.34). Time is an argument.
///
/// An answer is that to one request, with all that was sent: whoever sends other header fields to
/// the source may be shown something else. It is given up when the registration changes, and when
/// this broker has reason to think that the source has changed. The oldest ones go where there are
/// too many.
///
/// Choice: what others do to a source, and other processes of this broker, is not waited for; that
/// answers may be so old is what the registration says.
package struct KeptAnswers<Answer> {
  private struct Question: Hashable {
    let registration: RegistrationKey
    let request: SourceRequest
  }

  private struct Kept {
    let answer: Answer
    let bytes: Int
    let end: ContinuousClock.Instant
    /// As it was when the answer came; a change makes another one of it.
    let source: CompiledRegistration
    /// In the order of coming.
    let number: Int
  }

  private struct Place {
    let site: SourceSite
    let question: Question
    let number: Int
  }

  private var sites: [SourceSite: [Question: Kept]] = [:]
  /// By age; it has places of answers that are gone, too.
  private var places: ArraySlice<Place> = []
  private var count = 0
  private var lastNumber = 0
  /// Of all answers.
  package private(set) var bytes = 0
  private let bytesMax: Int
  /// How often answers were dropped; sites may share a counter, so that they need not be counted.
  private var drops = [Int](repeating: 0, count: 1024)

  package init(bytesMax: Int) { self.bytesMax = bytesMax }

  /// Choice: an answer that takes more than such a part of all is not kept.
  private static var shareMax: Int { 16 }
  /// What an answer and its request take beside their own bytes, about.
  private static var overhead: Int { 512 }

  /// What is to be kept must be as new as this, which is taken before the source is asked.
  package func moment(for source: CompiledRegistration) -> Int {
    drops[counter(of: source.registration.site)]
  }

  package func answer(
    to request: SourceRequest, of source: CompiledRegistration, at now: ContinuousClock.Instant
  ) -> Answer? {
    let question = Question(registration: source.key, request: request)
    guard let kept = sites[source.registration.site]?[question], kept.source === source,
      now < kept.end
    else { return nil }
    return kept.answer
  }

  /// - Parameters:
  ///   - length: of the answer, in bytes.
  ///   - moment: when the source was asked.
  package mutating func keep(
    _ answer: Answer, of length: Int, to request: SourceRequest, of source: CompiledRegistration,
    since moment: Int, at now: ContinuousClock.Instant
  ) {
    let bytes = length + request.byteCount + Self.overhead
    guard let duration = source.registration.management.cacheDuration, duration > .zero,
      bytes <= bytesMax / Self.shareMax, moment == self.moment(for: source)
    else { return }
    let site = source.registration.site
    let question = Question(registration: source.key, request: request)
    forget(question, at: site)
    lastNumber += 1
    sites[site, default: [:]][question] = Kept(
      answer: answer, bytes: bytes, end: now + duration, source: source, number: lastNumber)
    places.append(Place(site: site, question: question, number: lastNumber))
    self.bytes += bytes
    count += 1
    while self.bytes > bytesMax { forgetOldest() }
    if places.count > 2 * count + 64 { tidy() }
  }

  /// Gives up what is known of the data that a registration leads to, and what is being asked now.
  package mutating func drop(_ source: CompiledRegistration) {
    let site = source.registration.site
    drops[counter(of: site)] += 1
    guard let answers = sites.removeValue(forKey: site) else { return }
    count -= answers.count
    for kept in answers.values { bytes -= kept.bytes }
  }

  private func counter(of site: SourceSite) -> Int {
    Int(UInt(bitPattern: site.hashValue) % UInt(drops.count))
  }

  // MARK: Forgetting

  private mutating func forget(_ question: Question, at site: SourceSite) {
    guard let kept = sites[site]?.removeValue(forKey: question) else { return }
    count -= 1
    bytes -= kept.bytes
    if sites[site]?.isEmpty == true { sites[site] = nil }
  }

  private mutating func forgetOldest() {
    guard let oldest = places.popFirst() else { return }
    if isCurrent(oldest) { forget(oldest.question, at: oldest.site) }
  }

  private mutating func tidy() { places = places.filter(isCurrent)[...] }

  private func isCurrent(_ place: Place) -> Bool {
    sites[place.site]?[place.question]?.number == place.number
  }
}

extension SourceRequest {
  fileprivate var byteCount: Int {
    headers.reduce(url.utf8.count + body.count) {
      $0 + $1.name.utf8.count + $1.value.utf8.count
    }
  }
}
