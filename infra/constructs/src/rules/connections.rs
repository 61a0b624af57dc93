//! The rule about database connections: the functions together leave some of them free.

use cfn::{Json, ResourceEntry, Template};

use super::read::{number, of_type, property, referred, resource};
use super::{Rule, Stage, examples};
use crate::{CONNECTIONS_OF_FUNCTIONS, DatabaseCapacity};

pub(super) const DATABASE_CONNECTIONS: Rule = Rule {
    id: "database-connections",
    refuses: "functions that together may open more than 80 % of the cluster's max_connections",
    example: "MaximumConcurrency 1000 on a db.t3.medium",
    fix: "lower max_concurrency in the system's settings or take a larger instance",
    refused: examples::database_connections,
    check: |stage, diagnostics| {
        let Some((template, cluster, max_connections)) = smallest_cluster(stage) else { return };
        let mut used = 0.0;
        for (template, function) in of_type(stage.templates, "AWS::Lambda::Function") {
            if property(function, "Environment.Variables.RDS_HOST").is_none() {
                continue;
            }
            match instances(template, function) {
                Some(instances) => used += instances,
                None => diagnostics.push(DATABASE_CONNECTIONS.at(
                    template,
                    function,
                    "ReservedConcurrentExecutions",
                    "any number of instances may connect to the database".to_owned(),
                    "a mapping with MaximumConcurrency, a custom resource, or reserved concurrency".to_owned(),
                )),
            }
        }
        if used > CONNECTIONS_OF_FUNCTIONS * max_connections {
            let what = format!("functions may open {used} connections");
            let allowed = format!(
                "{:.0}, which is 80 % of max_connections {max_connections:.0}",
                CONNECTIONS_OF_FUNCTIONS * max_connections
            );
            diagnostics.push(DATABASE_CONNECTIONS.at(template, cluster, "Engine", what, allowed));
        }
    },
};

/// Concurrent instances of a function, each with one connection; `None` if unlimited.
fn instances(template: &Template, function: &ResourceEntry) -> Option<f64> {
    let is_this = |json: Option<&Json>| json.and_then(referred) == Some(function.id.as_str());
    let mappings: Vec<_> = template
        .resources()
        .iter()
        .filter(|entry| entry.parts.resource_type == "AWS::Lambda::EventSourceMapping")
        .filter(|mapping| is_this(property(mapping, "FunctionName")))
        .collect();
    if !mappings.is_empty() {
        let concurrency = |mapping: &&ResourceEntry| number(property(mapping, "ScalingConfig.MaximumConcurrency")?);
        return mappings.iter().map(concurrency).sum();
    }
    // CloudFormation invokes a custom resource's function one at a time.
    let serves_custom_resource = template.resources().iter().any(|entry| is_this(property(entry, "ServiceToken")));
    if serves_custom_resource {
        return Some(1.0);
    }
    property(function, "ReservedConcurrentExecutions").and_then(number)
}

/// The cluster with the fewest connections, if there is one.
fn smallest_cluster<'a>(stage: &'a Stage<'_>) -> Option<(&'a Template, &'a ResourceEntry, f64)> {
    let writers = of_type(stage.templates, "AWS::RDS::DBInstance").filter_map(|(template, instance)| {
        let cluster = resource(template, property(instance, "DBClusterIdentifier")?)?;
        let capacity = match property(instance, "DBInstanceClass")?.as_str()? {
            "db.serverless" => DatabaseCapacity::ServerlessV2 {
                min_acu: number(property(cluster, "ServerlessV2ScalingConfiguration.MinCapacity")?)?,
                max_acu: number(property(cluster, "ServerlessV2ScalingConfiguration.MaxCapacity")?)?,
            },
            class => DatabaseCapacity::InstanceClass(class.to_owned()),
        };
        Some((template, cluster, capacity.max_connections()?))
    });
    writers.min_by(|(_, _, left), (_, _, right)| left.total_cmp(right))
}
