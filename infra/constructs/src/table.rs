//! A DynamoDB table: on-demand, encrypted, with point-in-time recovery for 35 days. Grants no Query and no Scan: items are accessed by key.

use cfn::aws_dynamodb::{CfnTable, cfn_table};
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
    /// DynamoDB refuses to delete the table.
    pub deletion_protection: bool,
    pub removal_policy: RemovalPolicy,
}

#[derive(Debug, Clone)]
pub struct Table {
    handle: Handle<CfnTable>,
    name: String,
}

impl Table {
    #[track_caller]
    pub fn new(stack: &mut Stack, id: &str, props: TableProps) -> Self {
        let attribute = cfn_table::AttributeDefinitionProperty::new()
            .attribute_name(props.partition_key)
            .attribute_type(cfn_table::AttributeType::S);
        let key =
            cfn_table::KeySchemaProperty::new().attribute_name(props.partition_key).key_type(cfn_table::KeyType::HASH);
        let recovery = cfn_table::PointInTimeRecoverySpecificationProperty::new().point_in_time_recovery_enabled(true);
        let time_to_live = props
            .time_to_live_attribute
            .map(|attribute| cfn_table::TimeToLiveSpecificationProperty::new().attribute_name(attribute).enabled(true));
        let table = CfnTable::new()
            .table_name(&props.table_name)
            .billing_mode(cfn_table::BillingMode::PAY_PER_REQUEST)
            .attribute_definitions([attribute])
            .key_schema([key])
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

    fn grant(&self, stack: &mut Stack, grantee: &impl Grantee, sid: &'static str, actions: &'static [&'static str]) {
        grantee.grant(stack, PolicyStatement { sid, actions, resources: vec![self.table_arn()] });
    }
}
