/// What is embedded in the executable: migrations, JSON-LD contexts, and a page.
package enum Schemas {
  /// The document of the Core `@context`, version 1.9 (GS CIM 009, annex B).
  package static var coreContext: [UInt8] { PackageResources.ngsi_ld_core_context_v1_9_jsonld }

  /// The page that shows Entities as they change; a nonce is to take the place of `{{nonce}}`.
  package static var livePage: [UInt8] { PackageResources.live_html }
}
