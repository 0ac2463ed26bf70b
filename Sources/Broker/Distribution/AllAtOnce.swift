/// What `body` makes of each element, all at the same time; in the order of the elements.
func allAtOnce<Element: Sendable, Outcome: Sendable>(
  _ elements: [Element], _ body: @Sendable @escaping (Element) async -> Outcome
) async -> [Outcome] {
  await withTaskGroup(of: (Int, Outcome).self) { group in
    for (place, element) in elements.enumerated() {
      group.addTask { (place, await body(element)) }
    }
    var outcomes = [Outcome?](repeating: nil, count: elements.count)
    for await (place, outcome) in group { outcomes[place] = outcome }
    return outcomes.compactMap(\.self)
  }
}
