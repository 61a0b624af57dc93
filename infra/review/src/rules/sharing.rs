//! What is shared with others: roles that something assumes, groups and accounts admitted by other means than a policy, data that leaves the
//! account, and text that is fetched when the template is deployed.

use template::Node;

use super::values::{Leaf, sunken, texts};
use super::{Context, Rule, rule};
use crate::change::{Action, Finding};
use crate::compare::is_same;
use crate::policy::network::Cidr;
use crate::policy::text;

const OTHER: &str = "{Other: {Type: 'AWS::SNS::Topic'}}";

pub(super) const RULES: &[Rule] = &[
    rule(
        "permissions/another-role",
        "something that runs takes on another role that was there before",
        "{Example: {Type: 'AWS::Lambda::Function', Properties: {Role: 'arn:aws:iam::1:role/reader'}}}",
        "{Example: {Type: 'AWS::Lambda::Function', Properties: {Role: 'arn:aws:iam::1:role/writer'}}}",
        another_role,
    ),
    rule(
        "permissions/handed-over",
        "permissions are granted by a membership, an assignment or a key",
        OTHER,
        "{Other: {Type: 'AWS::SNS::Topic'}, Example: {Type: 'AWS::IAM::UserToGroupAddition', Properties: {GroupName: admins, Users: [u]}}}",
        handed_over,
    ),
    rule(
        "permissions/privileged",
        "a container may do what its machine may",
        "{Example: {Type: 'AWS::ECS::TaskDefinition', Properties: {ContainerDefinitions: [{Name: c, Privileged: false}]}}}",
        "{Example: {Type: 'AWS::ECS::TaskDefinition', Properties: {ContainerDefinitions: [{Name: c, Privileged: true}]}}}",
        privileged,
    ),
    rule(
        "permissions/included",
        "a part is fetched when the template is deployed: nobody reviews it",
        OTHER,
        "{Other: {Type: 'AWS::SNS::Topic', Properties: {'Fn::Transform': {Name: 'AWS::Include', Parameters: {Location: 's3://b/k'}}}}}",
        included,
    ),
    rule(
        "permissions/kept-elsewhere",
        "what a nested stack, an API or a state machine is made of stands in another file: it is not reviewed here",
        "{Example: {Type: 'AWS::CloudFormation::Stack', Properties: {TemplateURL: 'https://example.org/one.yaml'}}}",
        "{Example: {Type: 'AWS::CloudFormation::Stack', Properties: {TemplateURL: 'https://example.org/two.yaml'}}}",
        kept_elsewhere,
    ),
    rule(
        "exposure/shared",
        "other accounts, or all of them, get at a resource",
        OTHER,
        "{Other: {Type: 'AWS::SNS::Topic'}, Example: {Type: 'AWS::EC2::VPCEndpointServicePermissions', Properties: {ServiceId: s, AllowedPrincipals: ['*']}}}",
        shared,
    ),
    rule(
        "exposure/leaves-the-account",
        "data or events go to another account",
        "{Example: {Type: 'AWS::Events::Rule', Properties: {Targets: [{Id: a, Arn: q}]}}}",
        "{Example: {Type: 'AWS::Events::Rule', Properties: {Targets: [{Id: a, Arn: 'arn:aws:sqs:eu-west-1:111122223333:q'}]}}}",
        leaves_the_account,
    ),
    rule(
        "exposure/prefix-list",
        "a list of addresses, which security groups and routes refer to, has more of them",
        "{Example: {Type: 'AWS::EC2::PrefixList', Properties: {Entries: [{Cidr: 10.1.0.0/16}]}}}",
        "{Example: {Type: 'AWS::EC2::PrefixList', Properties: {Entries: [{Cidr: 10.1.0.0/16}, {Cidr: 10.2.0.0/16}]}}}",
        prefix_list,
    ),
    rule(
        "exposure/object-ownership",
        "a bucket takes access control lists again",
        "{Example: {Type: 'AWS::S3::Bucket', Properties: {OwnershipControls: {Rules: [{ObjectOwnership: BucketOwnerEnforced}]}}}}",
        "{Example: {Type: 'AWS::S3::Bucket', Properties: {OwnershipControls: {Rules: [{ObjectOwnership: ObjectWriter}]}}}}",
        object_ownership,
    ),
];

/// Properties that say as whom something acts.
const ROLES: &[(&str, &[&str])] = &[
    ("AWS::Batch::JobDefinition", &["ContainerProperties.JobRoleArn"]),
    ("AWS::Cognito::IdentityPoolRoleAttachment", &["Roles.authenticated", "Roles.unauthenticated"]),
    ("AWS::EC2::Instance", &["IamInstanceProfile"]),
    (
        "AWS::EC2::LaunchTemplate",
        &["LaunchTemplateData.IamInstanceProfile.Arn", "LaunchTemplateData.IamInstanceProfile.Name"],
    ),
    ("AWS::ECS::TaskDefinition", &["TaskRoleArn"]),
    ("AWS::IAM::InstanceProfile", &["Roles"]),
    ("AWS::Lambda::Function", &["Role"]),
    ("AWS::Serverless::Function", &["Role"]),
    ("AWS::StepFunctions::StateMachine", &["RoleArn"]),
    ("AWS::CodeBuild::Project", &["ServiceRole"]),
    ("AWS::Glue::Job", &["Role"]),
    ("AWS::SageMaker::NotebookInstance", &["RoleArn"]),
];

fn another_role(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let paths = ROLES.iter().find(|(kind, _)| context.is_type(kind)).map_or(&[][..], |(_, paths)| paths);
    for path in paths.iter().filter(|_| context.is_modified()) {
        let was = texts(context.old, path);
        let id = |text: &str| text::referred(text).unwrap_or(text).to_owned();
        // For a role created here its permissions are reported already; a missing one had none.
        let is_other = |text: &String| !was.contains(text) && !context.evidence.is_new(&id(text));
        if let Some(role) = texts(context.new, path).iter().find(|text| is_other(text)) {
            let before =
                if was.is_empty() { String::new() } else { format!(" and no longer as {}", id(&was.join(", "))) };
            let reason = format!("it acts as {} from now on{before}: compare what the two may do", id(role));
            findings.push(context.danger(*path, reason));
        }
    }
}

fn handed_over(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let added = |path: &str| -> Vec<String> {
        let before = texts(context.old, path);
        texts(context.new, path).into_iter().filter(|text| !before.contains(text)).collect()
    };
    let one = |path: &str| texts(context.new, path).join(", ");
    let is_new = context.change.action == Action::Add;
    let reason = match context.resource_type() {
        "AWS::IAM::UserToGroupAddition" => {
            let (users, group) = (added("Users"), one("GroupName"));
            let is_made_here = context.evidence.is_new(text::referred(&group).unwrap_or(&group));
            (!users.is_empty() && !is_made_here)
                .then(|| format!("{} may do what the group {group} may", users.join(", ")))
        }
        "AWS::IAM::AccessKey" if is_new => {
            Some(format!("{} gets a key that holds until somebody deletes it", one("UserName")))
        }
        "AWS::SSO::Assignment" if is_new => {
            Some(format!("{} gets {} in {}", one("PrincipalId"), one("PermissionSetArn"), one("TargetId")))
        }
        "AWS::EKS::AccessEntry" => {
            let policies: Vec<String> = (context.leaves.after().iter())
                .filter(|leaf| matches!(leaf.key, "PolicyArn" | "KubernetesGroups"))
                .filter_map(|leaf| leaf.value.map(Node::render))
                .collect();
            let known: Vec<String> =
                context.leaves.before().iter().filter_map(|leaf| leaf.value.map(Node::render)).collect();
            let more: Vec<String> = policies.into_iter().filter(|policy| !known.contains(policy)).collect();
            (!more.is_empty()).then(|| format!("{} gets {} in the cluster", one("PrincipalArn"), more.join(", ")))
        }
        _ => None,
    };
    findings.extend(reason.map(|reason| context.danger("", reason)));
}

fn privileged(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let weaker = sunken(context, |key, value| {
        matches!(key, "Privileged" | "PrivilegedMode").then(|| i32::from(value.and_then(Node::as_bool) != Some(true)))
    });
    for each in weaker {
        findings.push(
            context.danger(
                &each.path,
                format!("the container may do what its machine may: {} {}", each.path, each.shift()),
            ),
        );
    }
}

fn included(context: &Context<'_>, findings: &mut Vec<Finding>) {
    fn transforms(node: &Node, found: &mut Vec<String>) {
        for entry in node.entries() {
            if entry.key == "Fn::Transform" {
                found.push(entry.value.render());
            }
            transforms(&entry.value, found);
        }
        node.as_list().into_iter().flatten().for_each(|item| transforms(item, found));
    }
    let of = |resource: Option<&crate::Resource>| {
        let mut found = Vec::new();
        if let Some(resource) = resource {
            if resource.resource_type == "Fn::Transform" && resource.logical_id.starts_with("Fn::") {
                found.push(resource.node.render());
            }
            transforms(&resource.node, &mut found);
        }
        found
    };
    let before = of(context.old);
    if let Some(new) = of(context.new).into_iter().find(|text| !before.contains(text)) {
        let reason = format!("a part of it is made when it is deployed, and nobody reviews that: {new}");
        findings.push(context.danger("", reason));
    }
}

/// Type, and the property that names the file. Its content may do anything that the deployer may.
const FILES: &[(&str, &str)] = &[
    ("AWS::ApiGateway::RestApi", "BodyS3Location"),
    ("AWS::ApiGatewayV2::Api", "BodyS3Location"),
    ("AWS::CloudFormation::Stack", "TemplateURL"),
    ("AWS::CloudFormation::StackSet", "TemplateURL"),
    ("AWS::Serverless::Api", "DefinitionUri"),
    ("AWS::Serverless::Application", "Location"),
    ("AWS::Serverless::HttpApi", "DefinitionUri"),
    ("AWS::Serverless::StateMachine", "DefinitionUri"),
    ("AWS::StepFunctions::StateMachine", "DefinitionS3Location"),
];

fn kept_elsewhere(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let Some((_, path)) = FILES.iter().find(|(kind, _)| context.is_type(kind)) else { return };
    if let Some(now) = context.after(path).filter(|now| !is_same(context.before(path), Some(now))) {
        let reason =
            format!("what it is made of stands in {}, and is not reviewed here: compare the files", now.render());
        findings.push(context.notice(*path, reason));
    }
}

/// An account that is spelled out, in an ARN or by itself.
fn account(text: &str) -> Option<&str> {
    let number = if text.starts_with("arn:") { text.split(':').nth(4)? } else { text };
    (number.len() == 12 && number.bytes().all(|byte| byte.is_ascii_digit())).then_some(number)
}

fn shared(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let path = match context.resource_type() {
        "AWS::RAM::ResourceShare" => "Principals",
        "AWS::EC2::VPCEndpointServicePermissions" => "AllowedPrincipals",
        "AWS::EC2::SnapshotBlockPublicAccess" | "AWS::EC2::ImageBlockPublicAccess" => "State",
        _ => return,
    };
    let before = texts(context.old, path);
    for text in texts(context.new, path).into_iter().filter(|text| !before.contains(text)) {
        let reason = match (path, text.as_str()) {
            ("State", "unblocked") => "snapshots or images may be shared with everybody".to_owned(),
            ("State", _) => continue,
            (_, "*") => "every account gets at it".to_owned(),
            (_, text) => match account(text) {
                Some(account) => format!("account {account} gets at it"),
                None => format!("{text} gets at it"),
            },
        };
        findings.push(context.danger(path, reason));
    }
}

fn leaves_the_account(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let is_way_out = |leaf: &Leaf<'_>| match context.resource_type() {
        "AWS::S3::Bucket" => leaf.key == "Account" && leaf.path.starts_with("ReplicationConfiguration"),
        "AWS::Events::Rule" => leaf.key == "Arn" && leaf.path.starts_with("Targets"),
        "AWS::Logs::SubscriptionFilter" => leaf.key == "DestinationArn",
        "AWS::SNS::Subscription" => leaf.key == "Endpoint",
        "AWS::Pipes::Pipe" => leaf.key == "Target",
        "AWS::Backup::BackupPlan" => leaf.key == "DestinationBackupVaultArn",
        _ => false,
    };
    let accounts = |leaves: &[Leaf<'_>]| -> Vec<(String, String)> {
        let ways = leaves.iter().filter(|leaf| is_way_out(leaf));
        ways.filter_map(|leaf| {
            let text = text::text(&leaf.value?.to_json());
            Some((account(&text)?.to_owned(), leaf.path.clone()))
        })
        .collect()
    };
    let before = accounts(context.leaves.before());
    let is_known = |account: &str| before.iter().any(|(known, _)| known == account);
    if let Some((account, path)) = accounts(context.leaves.after()).into_iter().find(|(account, _)| !is_known(account))
    {
        findings.push(context.danger(path, format!("what passes here goes to account {account} too")));
    }
}

fn prefix_list(context: &Context<'_>, findings: &mut Vec<Finding>) {
    if !context.is_type("AWS::EC2::PrefixList") {
        return;
    }
    let blocks = context.leaves.before().iter().filter(|leaf| leaf.key == "Cidr");
    let before: Vec<Cidr> = blocks.filter_map(|leaf| Cidr::parse(&leaf.value?.text()?)).collect();
    for leaf in context.leaves.after().iter().filter(|leaf| leaf.key == "Cidr") {
        let Some(text) = leaf.value.and_then(Node::text) else { continue };
        let Some(block) = Cidr::parse(&text).filter(|block| !block.without(&before).is_empty()) else { continue };
        if context.is_modified() || block.is_the_internet() {
            findings.push(context.danger(&leaf.path, format!("{text} may reach whatever admits this list")));
        }
    }
}

fn object_ownership(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let weaker = sunken(context, |key, value| {
        (key == "ObjectOwnership")
            .then(|| i32::from(value.and_then(Node::as_str).is_none_or(|text| text == "BucketOwnerEnforced")))
    });
    for each in weaker {
        findings.push(
            context.danger(&each.path, format!("access control lists count again: {} {}", each.path, each.shift())),
        );
    }
}
