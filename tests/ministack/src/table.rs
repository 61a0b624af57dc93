//! Tables of DynamoDB, for tests of adapters. Keys are texts.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection, ProjectionType,
    ScalarAttributeType,
};

/// An index with all attributes.
#[derive(Debug, Clone, Copy)]
pub struct Index {
    pub name: &'static str,
    pub partition_key: &'static str,
    pub sort_key: &'static str,
}

/// Creates a table.
///
/// # Panics
/// The emulator does not create it.
pub async fn create_table(client: &Client, name: &str, key: &str, index: Option<Index>) {
    let element = |name: &str, kind| KeySchemaElement::builder().attribute_name(name).key_type(kind).build();
    let element = |name: &str, kind| element(name, kind).expect("complete");
    let attribute = |name: &str| {
        let attribute = AttributeDefinition::builder().attribute_name(name).attribute_type(ScalarAttributeType::S);
        attribute.build().expect("complete")
    };
    let mut create = client.create_table().table_name(name).billing_mode(BillingMode::PayPerRequest);
    create = create.key_schema(element(key, KeyType::Hash)).attribute_definitions(attribute(key));
    if let Some(Index { name, partition_key, sort_key }) = index {
        let index = GlobalSecondaryIndex::builder()
            .index_name(name)
            .key_schema(element(partition_key, KeyType::Hash))
            .key_schema(element(sort_key, KeyType::Range))
            .projection(Projection::builder().projection_type(ProjectionType::All).build());
        create = create.global_secondary_indexes(index.build().expect("complete"));
        create = create.attribute_definitions(attribute(partition_key)).attribute_definitions(attribute(sort_key));
    }
    create.send().await.expect("a table");
}
