/// What is embedded in the executable: migrations and JSON-LD contexts.
package enum Schemas {
  /// The document of the Core `@context`, version 1.9 (GS CIM 009, annex B).
  package static var coreContext: [UInt8] { PackageResources.ngsi_ld_core_context_v1_9_jsonld }
}
