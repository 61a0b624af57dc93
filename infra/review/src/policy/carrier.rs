//! Which resource contains whose policies: everything a stack says about who may do what, by its subject.

use super::{
    condition::Conditions,
    pattern::Pattern,
    statement::{self, Item, Set, Statement},
    text::{self, Guards},
};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// A resource as the algebra sees it. Properties with intrinsics in their long form.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Declared<'t> {
    pub(crate) id: &'t str,
    pub(crate) resource_type: &'t str,
    pub(crate) properties: &'t Value,
    pub(crate) condition: Option<&'t str>,
}

/// The subject of a statement: a logical id of the stack if it is one, else a text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Subject {
    /// What this role, user or group may do.
    Identity(String),
    /// Who may assume this role.
    Trust(String),
    /// Who may do what with this resource.
    Resource(String),
    /// What this VPC endpoint lets through: it grants nothing by itself.
    Endpoint(String),
}

impl Subject {
    pub(crate) fn id(&self) -> &str {
        match self {
            Subject::Identity(id) | Subject::Trust(id) | Subject::Resource(id) | Subject::Endpoint(id) => id,
        }
    }
}

/// A statement and its place.
#[derive(Clone, Debug)]
pub(crate) struct Grant {
    pub(crate) subject: Subject,
    /// Logical id of the resource that contains it.
    pub(crate) carrier: String,
    pub(crate) statement: Statement,
}

/// A policy from elsewhere, by its ARN, or membership in a group.
#[derive(Clone, Debug)]
pub(crate) struct Attachment {
    pub(crate) subject: Subject,
    pub(crate) carrier: String,
    pub(crate) path: String,
    pub(crate) policy: Pattern,
    pub(crate) guards: Guards,
}

/// Everything that a stack says about permissions.
#[derive(Clone, Debug, Default)]
pub(crate) struct Policies {
    pub(crate) grants: Vec<Grant>,
    pub(crate) attachments: Vec<Attachment>,
    pub(crate) boundaries: Vec<Attachment>,
    /// Roles, users and groups of the stack: everything that they may do is here.
    pub(crate) identities: BTreeSet<String>,
}

/// Where a resource policy names the resource it belongs to.
const TARGETS: &[(&str, &str)] = &[
    ("AWS::SQS::QueuePolicy", "Queues"),
    ("AWS::SQS::QueueInlinePolicy", "Queue"),
    ("AWS::SNS::TopicPolicy", "Topics"),
    ("AWS::SNS::TopicInlinePolicy", "TopicArn"),
    ("AWS::S3::BucketPolicy", "Bucket"),
    ("AWS::S3Express::BucketPolicy", "Bucket"),
    ("AWS::S3Tables::TableBucketPolicy", "TableBucketARN"),
    ("AWS::S3Outposts::BucketPolicy", "Bucket"),
    ("AWS::S3::MultiRegionAccessPointPolicy", "MrapName"),
    ("AWS::S3ObjectLambda::AccessPointPolicy", "ObjectLambdaAccessPoint"),
    ("AWS::SecretsManager::ResourcePolicy", "SecretId"),
    ("AWS::Events::EventBusPolicy", "EventBusName"),
    ("AWS::Kinesis::ResourcePolicy", "ResourceArn"),
    ("AWS::VpcLattice::ResourcePolicy", "ResourceArn"),
    ("AWS::VpcLattice::AuthPolicy", "ResourceIdentifier"),
    ("AWS::SSM::ResourcePolicy", "ResourceArn"),
];

/// Properties by which a separate policy applies to roles, users and groups.
const HOLDERS: &[&str] = &["Roles", "Users", "Groups", "RoleName", "UserName", "GroupName"];

impl Policies {
    pub(crate) fn of(resources: &[Declared<'_>]) -> Policies {
        let reader = Reader {
            names: names(resources),
            holders: resources.iter().map(|each| (each.id, Vec::new())).collect(),
            found: Policies {
                identities: resources
                    .iter()
                    .filter(|each| is_holder(each.resource_type))
                    .map(|each| each.id.to_owned())
                    .collect(),
                ..Policies::default()
            },
        };
        reader.read(resources)
    }

    pub(crate) fn subjects(&self) -> impl Iterator<Item = &Subject> {
        self.grants.iter().map(|grant| &grant.subject).chain(self.attachments.iter().map(|each| &each.subject))
    }
}

/// Physical names in the template, to logical ids.
fn names<'t>(resources: &[Declared<'t>]) -> BTreeMap<String, &'t str> {
    let mut names = BTreeMap::new();
    for each in resources {
        for property in ["RoleName", "UserName", "GroupName", "ManagedPolicyName", "BucketName", "FunctionName"] {
            let is_carrier = matches!(each.resource_type.rsplit("::").next(), Some("RolePolicy" | "UserPolicy"))
                || each.resource_type == "AWS::Lambda::Permission"
                || each.resource_type == "AWS::IAM::GroupPolicy";
            if let Some(name) = each.properties.get(property)
                && !is_carrier
            {
                names.insert(text::text(name), each.id);
            }
        }
    }
    names
}

struct Reader<'t> {
    names: BTreeMap<String, &'t str>,
    /// Managed policies of the stack, and what attaches them from its own side.
    holders: BTreeMap<&'t str, Vec<Subject>>,
    found: Policies,
}

impl<'t> Reader<'t> {
    fn read(mut self, resources: &[Declared<'t>]) -> Policies {
        // Attachments first: a role may refer to a managed policy that comes after it.
        for each in resources {
            self.attachments(each);
        }
        for each in resources {
            match each.resource_type {
                "AWS::Lambda::Permission" | "AWS::Lambda::LayerVersionPermission" => self.permission(each),
                "AWS::Events::EventBusPolicy" if each.properties.get("Statement").is_none() => self.event_bus(each),
                _ => self.documents(each),
            }
        }
        self.found
    }

    /// The logical id that a text refers to, else the text.
    fn resolve(&self, value: &str) -> String {
        let known = text::referred(value).filter(|id| self.holders.contains_key(id));
        let bucket = value.strip_prefix("arn:aws:s3:::").unwrap_or(value);
        known.or_else(|| self.names.get(bucket).copied()).map_or_else(|| value.to_owned(), str::to_owned)
    }

    fn attachments(&mut self, each: &Declared<'t>) {
        let identity = Subject::Identity(each.id.to_owned());
        let guards = guards(each);
        let mut found = Vec::new();
        for property in ["ManagedPolicyArns", "ManagedPolicies", "Groups", "Policies"] {
            let fits = match property {
                "Groups" => each.resource_type == "AWS::IAM::User",
                "Policies" => each.resource_type.starts_with("AWS::Serverless::"),
                "ManagedPolicies" => each.resource_type == "AWS::SSO::PermissionSet",
                _ => each.resource_type.starts_with("AWS::IAM::"),
            };
            if let (true, Some(value)) = (fits, each.properties.get(property)) {
                text::each(value, property, &guards, &mut |value, path, guards| {
                    if !statement::is_document(value) {
                        found.push((text::text(value), path.to_owned(), guards.clone()));
                    }
                });
            }
        }
        for (policy, path, guards) in found {
            let id = self.resolve(&policy);
            match self.holders.get_mut(id.as_str()) {
                Some(holders) => holders.push(identity.clone()),
                None => self.found.attachments.push(Attachment {
                    subject: identity.clone(),
                    carrier: each.id.to_owned(),
                    path,
                    policy: Pattern::new(&policy),
                    guards,
                }),
            }
        }
        let boundary = each.properties.get("PermissionsBoundary");
        if let Some(boundary) = boundary.filter(|_| each.resource_type != "AWS::SSO::PermissionSet") {
            text::each(boundary, "PermissionsBoundary", &guards, &mut |value, path, guards| {
                self.found.boundaries.push(Attachment {
                    subject: identity.clone(),
                    carrier: each.id.to_owned(),
                    path: path.to_owned(),
                    policy: Pattern::new(&text::text(value)),
                    guards: guards.clone(),
                });
            });
        }
    }

    /// Every policy document anywhere in the properties.
    fn documents(&mut self, each: &Declared<'t>) {
        let mut documents = Vec::new();
        find(each.properties, "", &guards(each), &mut documents);
        if documents.is_empty() && each.resource_type == "AWS::EC2::VPCEndpoint" {
            // An endpoint without a policy lets everything through.
            let full = serde_json::json!({"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}]});
            documents.push(("PolicyDocument".to_owned(), full, guards(each)));
        }
        for (path, document, guards) in documents {
            for subject in self.about(each, &path) {
                for statement in statement::statements(&document, &path, &guards, "*") {
                    self.found.grants.push(Grant { subject: subject.clone(), carrier: each.id.to_owned(), statement });
                }
            }
        }
    }

    fn about(&self, each: &Declared<'t>, path: &str) -> Vec<Subject> {
        if path.starts_with("AssumeRolePolicyDocument") {
            return vec![Subject::Trust(each.id.to_owned())];
        }
        let texts = |property: &str| -> Vec<String> {
            let values = each.properties.get(property).map(text::items).unwrap_or_default();
            values.into_iter().map(|(value, _)| self.resolve(&text::text(value))).collect()
        };
        let service = each.resource_type;
        if service.starts_with("AWS::IAM::")
            && !matches!(service, "AWS::IAM::Role" | "AWS::IAM::User" | "AWS::IAM::Group")
        {
            let mut subjects: Vec<Subject> =
                HOLDERS.iter().flat_map(|property| texts(property)).map(Subject::Identity).collect();
            subjects.extend(self.holders.get(each.id).into_iter().flatten().cloned());
            if subjects.is_empty() {
                subjects.push(Subject::Identity(each.id.to_owned()));
            }
            subjects.sort();
            subjects.dedup();
            return subjects;
        }
        if service == "AWS::EC2::VPCEndpoint" {
            return vec![Subject::Endpoint(each.id.to_owned())];
        }
        if is_identity(service) {
            return vec![Subject::Identity(each.id.to_owned())];
        }
        let target = TARGETS.iter().find(|(name, _)| *name == service).map(|(_, property)| texts(property));
        match target {
            Some(targets) if !targets.is_empty() => targets.into_iter().map(Subject::Resource).collect(),
            _ => vec![Subject::Resource(each.id.to_owned())],
        }
    }

    fn permission(&mut self, each: &Declared<'t>) {
        let given = |name: &str| each.properties.get(name).map(text::text).filter(|text| !text.is_empty());
        let mut conditions = Conditions::default();
        for (property, operator, key) in [
            ("SourceArn", "ArnLike", "aws:SourceArn"),
            ("SourceAccount", "StringEquals", "aws:SourceAccount"),
            ("PrincipalOrgID", "StringEquals", "aws:PrincipalOrgID"),
            ("OrganizationId", "StringEquals", "aws:PrincipalOrgID"),
            ("EventSourceToken", "StringEquals", "lambda:EventSourceToken"),
            ("FunctionUrlAuthType", "StringEquals", "lambda:FunctionUrlAuthType"),
            ("InvokedViaFunctionUrl", "Bool", "lambda:InvokedViaFunctionUrl"),
        ] {
            if let Some(value) = given(property) {
                conditions = conditions.with(operator, key, value);
            }
        }
        let target = given("FunctionName").or_else(|| given("LayerVersionArn")).unwrap_or_default();
        self.single(each, &target, given("Principal"), given("Action"), conditions, "Principal");
    }

    /// The old form of an event bus's policy.
    fn event_bus(&mut self, each: &Declared<'t>) {
        let given = |name: &str| each.properties.get(name).map(text::text).filter(|text| !text.is_empty());
        let condition = each.properties.get("Condition");
        let mut conditions = Conditions::default();
        if let Some(condition) = condition
            && let (Some(operator), Some(key), Some(value)) =
                (condition.get("Type"), condition.get("Key"), condition.get("Value"))
        {
            conditions = conditions.with(&text::text(operator), &text::text(key), text::text(value));
        }
        let bus = given("EventBusName").unwrap_or_else(|| "default".to_owned());
        self.single(each, &bus, given("Principal"), given("Action"), conditions, "Principal");
    }

    fn single(
        &mut self,
        each: &Declared<'t>,
        target: &str,
        principal: Option<String>,
        action: Option<String>,
        conditions: Conditions,
        path: &str,
    ) {
        let guards = guards(each);
        let item = Item { pattern: statement::principal(&principal.unwrap_or_default()), guards: Guards::new() };
        let statement = Statement {
            allow: true,
            principals: Set::Only(vec![item]),
            actions: Set::one(Pattern::folded(&action.unwrap_or_else(|| "*".to_owned()))),
            resources: Set::one(Pattern::new(target)),
            conditions,
            guards,
            path: path.to_owned(),
        };
        let subject = Subject::Resource(self.resolve(target));
        self.found.grants.push(Grant { subject, carrier: each.id.to_owned(), statement });
    }
}

fn is_holder(service: &str) -> bool {
    matches!(service, "AWS::IAM::Role" | "AWS::IAM::User" | "AWS::IAM::Group")
}

fn is_identity(service: &str) -> bool {
    service.starts_with("AWS::IAM::")
        || service.starts_with("AWS::Serverless::Function")
        || service.starts_with("AWS::Serverless::StateMachine")
        || matches!(service, "AWS::SSO::PermissionSet" | "AWS::IoT::Policy" | "AWS::Transfer::User")
}

fn guards(each: &Declared<'_>) -> Guards {
    each.condition.map(|name| (name.to_owned(), true)).into_iter().collect()
}

fn find(value: &Value, path: &str, guards: &Guards, found: &mut Vec<(String, Value, Guards)>) {
    text::each(value, path, guards, &mut |value, path, guards| {
        if statement::is_document(value) {
            found.push((path.to_owned(), value.clone(), guards.clone()));
        } else if let Some(document) = statement::document_of_text(value) {
            found.push((path.to_owned(), document, guards.clone()));
        } else if let Some(object) = value.as_object() {
            for (name, inner) in object {
                find(inner, &if path.is_empty() { name.clone() } else { format!("{path}.{name}") }, guards, found);
            }
        }
    });
}
