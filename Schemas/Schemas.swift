/// What is embedded in the executable: migrations and JSON-LD contexts.
package enum Schemas {}
