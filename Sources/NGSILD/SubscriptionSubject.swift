/// What a subscription tells of: changes of Entities, or of Context Source Registrations.
///
/// Standard: GS CIM 009, 5.8 and 5.11.
package enum SubscriptionSubject: Sendable, Hashable { case entities, registrations }
