/// Remembers ids for a while: at least one `span`, at most two.
struct RecentIDs {
  private let span: Duration
  private var young: Set<Int64> = []
  private var old: Set<Int64> = []
  private var turned: ContinuousClock.Instant

  init(for span: Duration, at now: ContinuousClock.Instant) {
    self.span = span
    turned = now
  }

  func contains(_ id: Int64) -> Bool { young.contains(id) || old.contains(id) }

  mutating func remove(_ id: Int64) {
    young.remove(id)
    old.remove(id)
  }

  mutating func insert(_ ids: some Sequence<Int64>, at now: ContinuousClock.Instant) {
    if now - turned > span {
      (old, young) = (now - turned > span * 2 ? [] : young, [])
      turned = now
    }
    young.formUnion(ids)
  }
}
