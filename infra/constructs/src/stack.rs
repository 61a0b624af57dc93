//! One stack while it is being drawn: a template, where its parameters come from, and its tags.
//! Checks nothing itself; [`crate::rules`] and the template's own validation judge the finished template.

use std::time::Duration;

use cfn::{Handle, Json, LogicalId, Output, Parameter, ParameterHandle, Resource, Template, Value};
use facts::TagShape;

use crate::{Asked, ParameterSource, Protection};

/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html>
const BUCKET_NAME_PATTERN: &str = "^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$";

/// A stack that constructs write into.
#[derive(Debug)]
pub struct Stack {
    name: &'static str,
    stack_name: String,
    template: Template,
    parameters: Vec<(String, ParameterSource)>,
    tags: Vec<(String, String)>,
    asset_bucket: Option<ParameterHandle<String>>,
    pub(crate) interface_endpoints: Vec<String>,
    pub(crate) gateway_endpoints: Vec<String>,
    /// Termination protection, stack policy.
    protected: (bool, bool),
    permissions_boundary: Option<Value<String>>,
    only_when_named: bool,
}

/// A finished stack.
#[derive(Debug, Clone)]
pub struct SynthesizedStack {
    /// `ShopData`.
    pub name: &'static str,
    /// `ShopData-dev`.
    pub stack_name: String,
    pub template: Template,
    /// Every parameter of the template, in its order.
    pub parameters: Vec<(String, ParameterSource)>,
    /// The tags on every taggable resource.
    pub tags: Vec<(String, String)>,
    pub protection: Protection,
    /// The services that its interface endpoints reach, such as `sqs`: their subnets must be in zones that have all of them.
    pub interface_endpoints: Vec<String>,
    /// The services that its gateway endpoints reach, such as `s3`.
    pub gateway_endpoints: Vec<String>,
    /// Excluded from commands on the whole stage; it is deployed, compared and deleted only by name.
    pub only_when_named: bool,
}

impl SynthesizedStack {
    /// Where a resource is declared: the file, relative to the workspace root, and its line, from 1. Cargo compiles the members of
    /// a workspace by their relative paths, wherever it is started.
    pub fn declared_at(&self, logical_id: &str) -> Option<(&'static str, u32)> {
        let entry = self.template.resources().iter().find(|entry| entry.id.as_str() == logical_id)?;
        Some((entry.declared_at.file(), entry.declared_at.line()))
    }

    /// Function instances that its functions reserve.
    pub fn reserved_concurrency(&self) -> u64 {
        let resources = self.template.resources().iter();
        let reserved = resources.filter_map(|entry| entry.parts.properties.get("ReservedConcurrentExecutions"));
        reserved
            .filter_map(|reserved| match reserved {
                Json::Integer(reserved) => u64::try_from(*reserved).ok(),
                _ => None,
            })
            .sum()
    }
}

impl Stack {
    /// A stack named `<name>-<stage>`, tagged with `Stage`, `Application` and `tags`.
    pub fn new(name: &'static str, stage: &str, application: &str, tags: &[(String, String)]) -> Self {
        let stack_name = format!("{name}-{stage}");
        let mut all = vec![("Stage".to_owned(), stage.to_owned()), ("Application".to_owned(), application.to_owned())];
        all.extend_from_slice(tags);
        Self {
            name,
            template: Template::new(stack_name.clone()),
            stack_name,
            parameters: Vec::new(),
            tags: all,
            asset_bucket: None,
            interface_endpoints: Vec::new(),
            gateway_endpoints: Vec::new(),
            protected: (false, false),
            permissions_boundary: None,
            only_when_named: false,
        }
    }

    pub fn description(mut self, text: &str) -> Self {
        self.template = self.template.description(text);
        self
    }

    /// Whether the deployed stack is protected against deletion, and what holds data against replacement and removal.
    pub fn protected(mut self, termination: bool, stack_policy: bool) -> Self {
        self.protected = (termination, stack_policy);
        self
    }

    /// The ARN of the policy that bounds what its roles may do.
    pub fn permissions_boundary(mut self, policy: Option<Value<String>>) -> Self {
        self.permissions_boundary = policy;
        self
    }

    /// Excludes the stack from commands on the whole stage.
    pub fn only_when_named(mut self) -> Self {
        self.only_when_named = true;
        self
    }

    #[track_caller]
    pub fn add<R: Resource>(&mut self, id: impl Into<LogicalId>, resource: R) -> Handle<R> {
        self.template.add(id, resource)
    }

    pub fn template(&self) -> &Template {
        &self.template
    }

    pub fn template_mut(&mut self) -> &mut Template {
        &mut self.template
    }

    /// A parameter and where its value comes from.
    pub fn parameter<T>(
        &mut self,
        id: impl Into<LogicalId>,
        parameter: Parameter<T>,
        source: ParameterSource,
    ) -> ParameterHandle<T> {
        let id = id.into();
        self.parameters.push((id.to_string(), source));
        self.template.parameter(id, parameter)
    }

    /// A parameter that the deployer is asked for.
    pub fn asked<T>(&mut self, asked: Asked, parameter: Parameter<T>) -> ParameterHandle<T> {
        self.parameter(asked.name(), parameter, ParameterSource::Asked(asked))
    }

    /// A parameter filled with an output of another stack.
    pub fn link(&mut self, id: &str, stack: &'static str, output: &str, parameter: Parameter<String>) -> Value<String> {
        let source = ParameterSource::Output { stack, output: output.to_owned() };
        self.parameter(id, parameter, source).r#ref()
    }

    /// Bucket and key of an uploaded asset, each a parameter; all assets share one bucket.
    pub fn asset(&mut self, asset: &str) -> (Value<String>, Value<String>) {
        let bucket = self.asset_bucket.take().unwrap_or_else(|| {
            let bucket = Parameter::string()
                .description("Bucket with the code of functions and layers.")
                .allowed_pattern(BUCKET_NAME_PATTERN);
            self.parameter("AssetBucket", bucket, ParameterSource::AssetBucket)
        });
        self.asset_bucket = Some(bucket.clone());
        let id = format!("{}AssetKey", pascal_case(asset));
        let key = Parameter::string().description(format!("Key of the asset {asset}.")).min_length(1).max_length(1024);
        let source = ParameterSource::AssetKey { asset: asset.to_owned() };
        let key = self.parameter(id, key, source);
        (bucket.r#ref(), key.r#ref())
    }

    pub fn output(&mut self, id: &str, value: Value<String>, description: &str) -> &mut Output {
        self.template.output(id, value).description(description)
    }

    /// Applies the tags and the permissions boundary, and returns the stack.
    pub fn finish(mut self) -> SynthesizedStack {
        self.tag_resources();
        self.bound_roles();
        let protection = Protection::of(&self.template, self.protected.0, self.protected.1);
        SynthesizedStack {
            name: self.name,
            stack_name: self.stack_name,
            template: self.template,
            parameters: self.parameters,
            tags: self.tags,
            protection,
            interface_endpoints: self.interface_endpoints,
            gateway_endpoints: self.gateway_endpoints,
            only_when_named: self.only_when_named,
        }
    }

    /// Every role, so that none can be forgotten.
    fn bound_roles(&mut self) {
        let Some(boundary) = &self.permissions_boundary else { return };
        let ids: Vec<_> = self.template.resources().iter().map(|entry| entry.id.clone()).collect();
        for entry in ids {
            let Some(entry) = self.template.resource_mut(&entry) else { continue };
            if entry.parts.resource_type == "AWS::IAM::Role" {
                entry.parts.properties.set("PermissionsBoundary", boundary.clone().into_json());
            }
        }
    }

    fn tag_resources(&mut self) {
        let list = Json::list(self.tags.iter().map(|(key, value)| Json::object([("Key", key), ("Value", value)])));
        let map = Json::object(self.tags.iter().map(|(key, value)| (key.clone(), value)));
        let ids: Vec<_> = self.template.resources().iter().map(|entry| entry.id.clone()).collect();
        for id in ids {
            let Some(entry) = self.template.resource_mut(&id).map(|entry| &mut entry.parts) else { continue };
            let Some(tags) = facts::resource_type(&entry.resource_type).and_then(|known| known.tags) else { continue };
            let ours = match tags.shape {
                TagShape::List => list.clone(),
                TagShape::Map => map.clone(),
            };
            match (entry.properties.get_mut(tags.property), ours) {
                (Some(Json::List(own)), Json::List(ours)) => own.extend(ours),
                (Some(Json::Object(own)), Json::Object(ours)) => own.extend(ours),
                (_, ours) => entry.properties.set(tags.property, ours),
            }
        }
    }
}

/// `shop-order-loader` as `ShopOrderLoader`.
fn pascal_case(kebab: &str) -> String {
    kebab.split('-').map(|word| word[..1].to_ascii_uppercase() + &word[1..]).collect()
}

/// A duration as CloudFormation expects it.
pub(crate) fn seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}
