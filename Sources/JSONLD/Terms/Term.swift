/// A name in a local context, a keyword or a term.
struct Term: ExactName {
  let text: String

  init(_ text: String) { self.text = text }
}
