import JSONLD
import NGSILDQuery

/// Puts short names under one namespace and leaves IRIs as they are.
struct Expander: NameExpander {
  func expand(_ name: String) -> IRI {
    IRI(name.contains(":") ? name : "https://example.org/\(name)")
  }
}

func iri(_ name: String) -> IRI { Expander().expand(name) }
