/// The migrations, in order; the executable applies what a database lacks.
extension Schemas {
  package static let migrations: [(number: Int, name: String, script: [UInt8])] = [
    (1, "names", PackageResources._001_names_sql),
    (2, "entity", PackageResources._002_entity_sql),
    (3, "attribute_instance", PackageResources._003_attribute_instance_sql),
    (4, "subscription", PackageResources._004_subscription_sql),
    (5, "ordering", PackageResources._005_ordering_sql),
    (6, "context_source", PackageResources._006_context_source_sql),
    (7, "context", PackageResources._007_context_sql),
    (8, "discovery_and_expiry", PackageResources._008_discovery_and_expiry_sql),
    (9, "attribute_index", PackageResources._009_attribute_index_sql),
    (10, "history", PackageResources._010_history_sql),
    (11, "subscription_time", PackageResources._011_subscription_time_sql),
    (12, "retention", PackageResources._012_retention_sql),
    (13, "registration", PackageResources._013_registration_sql),
    (15, "event", PackageResources._015_event_sql),
    (16, "snapshot_and_entity_map", PackageResources._016_snapshot_and_entity_map_sql),
    (17, "subscription_copy", PackageResources._017_subscription_copy_sql),
    (18, "entity_map_sources", PackageResources._018_entity_map_sources_sql),
    (19, "history_reads", PackageResources._019_history_reads_sql),
    (20, "history_comparable", PackageResources._020_history_comparable_sql),
    (21, "partition_locks", PackageResources._021_partition_locks_sql),
    (22, "outbox_plans", PackageResources._022_outbox_plans_sql),
    (23, "partitions_take_rows", PackageResources._023_partitions_take_rows_sql),
  ]
}
