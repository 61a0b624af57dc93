//! A DynamoDB table: on-demand, encrypted, with point-in-time recovery for 35 days. Each grant is of one action; a query is of one index.

use cfn::aws_dynamodb::{CfnTable, cfn_table};
use cfn::intrinsics::sub;
use cfn::{Handle, LogicalId, Value};

use crate::{Exceptions, Grantee, PolicyStatement, RemovalPolicy, Stack, Suppression};

const AWS_KEY: Suppression = Suppression::checkov(
    "CKV_AWS_119",
    "encrypted with the key that AWS manages; a key of our own costs by the month and admits nobody less in one account",
);

#[derive(Debug, Clone)]
pub struct TableProps {
    pub table_name: String,
    /// Name of the key, which is a string.
    pub partition_key: &'static str,
    /// Attribute with the time (in Unix seconds) after which DynamoDB deletes an item; an item without it stays.
    pub time_to_live_attribute: Option<&'static str>,
    pub global_secondary_indexes: Vec<GlobalSecondaryIndex>,
    /// DynamoDB refuses to delete the table.
    pub deletion_protection: bool,
    pub removal_policy: RemovalPolicy,
}

/// The items that have both of its keys, by these. A reader may see an item as it was a moment ago.
#[derive(Debug, Clone, Copy)]
pub struct GlobalSecondaryIndex {
    pub index_name: &'static str,
    /// Name of the key, which is a string.
    pub partition_key: &'static str,
    /// Name of the key, which is a string: the order of items with the same partition key.
    pub sort_key: &'static str,
    pub projection: Projection,
}

/// What an index has of an item.
#[derive(Debug, Clone, Copy)]
pub enum Projection {
    All,
    /// The keys and these attributes; the rest is read by key.
    Include(&'static [&'static str]),
}

#[derive(Debug, Clone)]
pub struct Table {
    handle: Handle<CfnTable>,
    name: String,
}

impl Table {
    #[track_caller]
    pub fn new(stack: &mut Stack, id: &str, props: TableProps) -> Self {
        let indexes = &props.global_secondary_indexes;
        let keys = indexes.iter().flat_map(|index| [index.partition_key, index.sort_key]);
        let mut attributes = vec![props.partition_key];
        for key in keys {
            if !attributes.contains(&key) {
                attributes.push(key);
            }
        }
        let attributes: Vec<_> = attributes.into_iter().map(string_attribute).collect();
        let recovery = cfn_table::PointInTimeRecoverySpecificationProperty::new().point_in_time_recovery_enabled(true);
        let time_to_live = props
            .time_to_live_attribute
            .map(|attribute| cfn_table::TimeToLiveSpecificationProperty::new().attribute_name(attribute).enabled(true));
        let table = CfnTable::new()
            .table_name(&props.table_name)
            .billing_mode(cfn_table::BillingMode::PAY_PER_REQUEST)
            .attribute_definitions(attributes)
            .key_schema([key(props.partition_key, cfn_table::KeyType::HASH)])
            .global_secondary_indexes((!indexes.is_empty()).then(|| indexes.iter().map(index).collect::<Vec<_>>()))
            .point_in_time_recovery_specification(recovery)
            .sse_specification(cfn_table::SSESpecificationProperty::new().sse_enabled(true))
            .time_to_live_specification(time_to_live)
            .deletion_protection_enabled(props.deletion_protection)
            .suppress(AWS_KEY);
        Self { handle: stack.add(id, props.removal_policy.apply(table)), name: props.table_name }
    }

    pub fn id(&self) -> &LogicalId {
        self.handle.id()
    }

    pub fn table_name(&self) -> &str {
        &self.name
    }

    pub fn table_ref(&self) -> Value<String> {
        self.handle.r#ref()
    }

    pub fn table_arn(&self) -> Value<String> {
        self.handle.attr_arn()
    }

    /// Reading an item by its key.
    pub fn grant_read_data(&self, stack: &mut Stack, grantee: &impl Grantee) {
        self.grant(stack, grantee, "ReadItems", &["dynamodb:GetItem"]);
    }

    /// Putting whole items, conditionally or not; no updating or deleting.
    pub fn grant_write_data(&self, stack: &mut Stack, grantee: &impl Grantee) {
        self.grant(stack, grantee, "WriteItems", &["dynamodb:PutItem"]);
    }

    /// Changing attributes of an item, or making it, conditionally or not.
    pub fn grant_update_data(&self, stack: &mut Stack, grantee: &impl Grantee) {
        self.grant(stack, grantee, "UpdateItems", &["dynamodb:UpdateItem"]);
    }

    /// Deleting an item by its key.
    pub fn grant_delete_data(&self, stack: &mut Stack, grantee: &impl Grantee) {
        self.grant(stack, grantee, "DeleteItems", &["dynamodb:DeleteItem"]);
    }

    /// Reading the items of an index.
    pub fn grant_query(&self, stack: &mut Stack, grantee: &impl Grantee, index_name: &str) {
        let index = sub(format!("${{{}.Arn}}/index/{index_name}", self.id()));
        let actions = &["dynamodb:Query"];
        grantee.grant(stack, PolicyStatement { sid: "QueryItems", actions, resources: vec![index] });
    }

    fn grant(&self, stack: &mut Stack, grantee: &impl Grantee, sid: &'static str, actions: &'static [&'static str]) {
        grantee.grant(stack, PolicyStatement { sid, actions, resources: vec![self.table_arn()] });
    }
}

fn string_attribute(name: &'static str) -> cfn_table::AttributeDefinitionProperty {
    cfn_table::AttributeDefinitionProperty::new().attribute_name(name).attribute_type(cfn_table::AttributeType::S)
}

fn key(name: &'static str, key_type: cfn_table::KeyType) -> cfn_table::KeySchemaProperty {
    cfn_table::KeySchemaProperty::new().attribute_name(name).key_type(key_type)
}

fn index(index: &GlobalSecondaryIndex) -> cfn_table::GlobalSecondaryIndexProperty {
    let projection = cfn_table::ProjectionProperty::new();
    let projection = match index.projection {
        Projection::All => projection.projection_type(cfn_table::ProjectionType::ALL),
        Projection::Include(attributes) => {
            projection.projection_type(cfn_table::ProjectionType::INCLUDE).non_key_attributes(attributes)
        }
    };
    cfn_table::GlobalSecondaryIndexProperty::new()
        .index_name(index.index_name)
        .key_schema([
            key(index.partition_key, cfn_table::KeyType::HASH),
            key(index.sort_key, cfn_table::KeyType::RANGE),
        ])
        .projection(projection)
}
