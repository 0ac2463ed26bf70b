package import JSONLD

extension IRI: ExpressibleByStringLiteral {
  package init(stringLiteral text: String) { self.init(text) }
}
