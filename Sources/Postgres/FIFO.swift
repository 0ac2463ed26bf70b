/// First in, first out; taking the first costs no move of the others.
struct FIFO<Element> {
  private var elements: [Element?] = []
  private var head = 0

  var count: Int { elements.count - head }
  var isEmpty: Bool { count == 0 }

  /// The element that is taken next; a broken invariant if there is none.
  var first: Element {
    get {
      guard let first = elements[head] else { preconditionFailure("The queue is empty") }
      return first
    }
    _modify {
      yield &elements[head]!
    }
  }

  mutating func append(_ element: Element) { elements.append(element) }

  mutating func removeFirst() -> Element {
    guard let first = elements[head].take() else { preconditionFailure("The queue is empty") }
    head += 1
    if head == elements.count {
      elements.removeAll(keepingCapacity: true)
      head = 0
    } else if head >= 64 && head * 2 >= elements.count {
      elements.removeFirst(head)
      head = 0
    }
    return first
  }

  func contains(where condition: (Element) -> Bool) -> Bool {
    elements[head...].contains { $0.map(condition) ?? false }
  }

  /// Takes the first element that fulfils `condition`, out of its turn.
  mutating func removeFirst(where condition: (Element) -> Bool) -> Element? {
    for index in head..<elements.count {
      if let element = elements[index], condition(element) {
        elements.remove(at: index)
        return element
      }
    }
    return nil
  }
}
