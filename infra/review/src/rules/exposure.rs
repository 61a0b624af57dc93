//! Exposure: who can reach what from where. Networks and ports are compared as sets, so that splitting a rule is not a finding.

mod api;

use template::Node;

use super::permissions::{is_public, of_change};
use super::values::{Leaf, Weaker, possible, texts, weakened};
use super::{Context, Rule, rule};
use crate::change::{Action, Finding};
use crate::policy::{Difference, Direction, Subject, network::Cidr};

const OTHER: &str = "{Other: {Type: 'AWS::SNS::Topic'}}";

pub(super) const RULES: &[Rule] = &[
    rule(
        "exposure/ingress-open",
        "a security group lets the whole internet in",
        OTHER,
        "{Other: {Type: 'AWS::SNS::Topic'}, Example: {Type: 'AWS::EC2::SecurityGroup', Properties: {GroupDescription: g, SecurityGroupIngress: [{IpProtocol: tcp, FromPort: 22, ToPort: 22, CidrIp: 0.0.0.0/0}]}}}",
        |context, findings| ingress(context, findings, true),
    ),
    rule(
        "exposure/ingress-widened",
        "a security group that was there before lets more addresses or ports in",
        "{Example: {Type: 'AWS::EC2::SecurityGroup', Properties: {GroupDescription: g, SecurityGroupIngress: [{IpProtocol: tcp, FromPort: 22, ToPort: 22, CidrIp: 10.1.0.0/16}]}}}",
        "{Example: {Type: 'AWS::EC2::SecurityGroup', Properties: {GroupDescription: g, SecurityGroupIngress: [{IpProtocol: tcp, FromPort: 22, ToPort: 22, CidrIp: 10.0.0.0/8}]}}}",
        |context, findings| ingress(context, findings, false),
    ),
    rule(
        "exposure/network-acl",
        "a network ACL lets the whole internet in",
        OTHER,
        "{Other: {Type: 'AWS::SNS::Topic'}, Example: {Type: 'AWS::EC2::NetworkAclEntry', Properties: {NetworkAclId: a, RuleNumber: 1, Protocol: -1, RuleAction: allow, CidrBlock: 0.0.0.0/0}}}",
        network_acl,
    ),
    rule(
        "exposure/publicly-accessible",
        "a database, broker or cluster gets an address on the internet",
        "{Example: {Type: 'AWS::RDS::DBInstance', Properties: {PubliclyAccessible: false}}}",
        "{Example: {Type: 'AWS::RDS::DBInstance', Properties: {PubliclyAccessible: true}}}",
        publicly_accessible,
    ),
    rule(
        "exposure/public-access-block",
        "a bucket's public access block is gone or weaker",
        "{Example: {Type: 'AWS::S3::Bucket', Properties: {PublicAccessBlockConfiguration: {BlockPublicPolicy: true}}}}",
        "{Example: {Type: 'AWS::S3::Bucket', Properties: {PublicAccessBlockConfiguration: {BlockPublicPolicy: false}}}}",
        public_access_block,
    ),
    rule(
        "exposure/bucket-acl",
        "a bucket's ACL opens it to everybody",
        "{Example: {Type: 'AWS::S3::Bucket', Properties: {AccessControl: Private}}}",
        "{Example: {Type: 'AWS::S3::Bucket', Properties: {AccessControl: PublicRead}}}",
        bucket_acl,
    ),
    rule(
        "exposure/website",
        "a bucket becomes a website",
        "{Example: {Type: 'AWS::S3::Bucket', Properties: {BucketName: b}}}",
        "{Example: {Type: 'AWS::S3::Bucket', Properties: {BucketName: b, WebsiteConfiguration: {IndexDocument: index.html}}}}",
        website,
    ),
    rule(
        "exposure/public-policy",
        "a resource's policy opens it to everybody",
        OTHER,
        "{Other: {Type: 'AWS::SNS::Topic'}, Example: {Type: 'AWS::S3::BucketPolicy', Properties: {Bucket: b, PolicyDocument: {Statement: [{Effect: Allow, Principal: '*', Action: 's3:GetObject', Resource: 'arn:aws:s3:::b/*'}]}}}}",
        public_policy,
    ),
    rule(
        "exposure/function-url",
        "a function's url takes calls without authorisation",
        "{Example: {Type: 'AWS::Lambda::Url', Properties: {TargetFunctionArn: f, AuthType: AWS_IAM}}}",
        "{Example: {Type: 'AWS::Lambda::Url', Properties: {TargetFunctionArn: f, AuthType: NONE}}}",
        function_url,
    ),
    rule(
        "exposure/api-authorisation",
        "a route or method of an API can be called without authorisation",
        "{Example: {Type: 'AWS::ApiGatewayV2::Route', Properties: {ApiId: a, RouteKey: GET /, AuthorizationType: JWT}}}",
        "{Example: {Type: 'AWS::ApiGatewayV2::Route', Properties: {ApiId: a, RouteKey: GET /, AuthorizationType: NONE}}}",
        api::api_authorisation,
    ),
    rule(
        "exposure/api-key",
        "a method no longer asks for an API key",
        "{Example: {Type: 'AWS::ApiGateway::Method', Properties: {HttpMethod: GET, AuthorizationType: NONE, ApiKeyRequired: true}}}",
        "{Example: {Type: 'AWS::ApiGateway::Method', Properties: {HttpMethod: GET, AuthorizationType: NONE, ApiKeyRequired: false}}}",
        api::api_key,
    ),
    rule(
        "exposure/cors",
        "pages of every origin may read the answers",
        "{Example: {Type: 'AWS::ApiGatewayV2::Api', Properties: {CorsConfiguration: {AllowOrigins: ['https://example.org']}}}}",
        "{Example: {Type: 'AWS::ApiGatewayV2::Api', Properties: {CorsConfiguration: {AllowOrigins: ['*']}}}}",
        api::cors,
    ),
    rule(
        "exposure/public-address",
        "instances or tasks get public addresses",
        "{Example: {Type: 'AWS::EC2::Subnet', Properties: {VpcId: v, MapPublicIpOnLaunch: false}}}",
        "{Example: {Type: 'AWS::EC2::Subnet', Properties: {VpcId: v, MapPublicIpOnLaunch: true}}}",
        public_address,
    ),
    rule(
        "exposure/internet-facing",
        "a load balancer or an API faces the internet",
        "{Example: {Type: 'AWS::ElasticLoadBalancingV2::LoadBalancer', Properties: {Scheme: internal}}}",
        "{Example: {Type: 'AWS::ElasticLoadBalancingV2::LoadBalancer', Properties: {Scheme: internet-facing}}}",
        internet_facing,
    ),
    rule(
        "exposure/vpc-removed",
        "something leaves its VPC",
        "{Example: {Type: 'AWS::Lambda::Function', Properties: {VpcConfig: {SubnetIds: [s], SecurityGroupIds: [g]}}}}",
        "{Example: {Type: 'AWS::Lambda::Function', Properties: {Description: d}}}",
        vpc_removed,
    ),
    rule(
        "exposure/internet-route",
        "a route leads to the internet, and from it",
        OTHER,
        "{Other: {Type: 'AWS::SNS::Topic'}, Example: {Type: 'AWS::EC2::Route', Properties: {RouteTableId: r, DestinationCidrBlock: 0.0.0.0/0, GatewayId: igw-1}}}",
        internet_route,
    ),
    rule(
        "exposure/firewall-removed",
        "a web application firewall is no longer in front",
        "{Other: {Type: 'AWS::SNS::Topic'}, Example: {Type: 'AWS::WAFv2::WebACLAssociation', Properties: {ResourceArn: r, WebACLArn: w}}}",
        OTHER,
        firewall_removed,
    ),
    rule(
        "exposure/open-registration",
        "anyone may register, sign in with a weaker factor, or use it without an identity",
        "{Example: {Type: 'AWS::Cognito::UserPool', Properties: {AdminCreateUserConfig: {AllowAdminCreateUserOnly: true}}}}",
        "{Example: {Type: 'AWS::Cognito::UserPool', Properties: {AdminCreateUserConfig: {AllowAdminCreateUserOnly: false}}}}",
        open_registration,
    ),
];

fn ingress(context: &Context<'_>, findings: &mut Vec<Finding>, internet: bool) {
    let own = |each: &&crate::policy::GroupDifference| {
        each.added && each.rule.direction == Direction::Ingress && each.rule.carrier == context.change.logical_id
    };
    for each in context.evidence.ingress.iter().filter(own) {
        let (rule, is_open) = (&each.rule, each.rule.peer.is_the_internet());
        if is_open != internet || !is_open && context.evidence.is_new(&rule.group) {
            continue;
        }
        let protocol = if rule.protocol == "all" { "every protocol" } else { &rule.protocol };
        let whom = if is_open { format!("the internet ({})", rule.peer.text) } else { rule.peer.text.clone() };
        let condition = rule.guards.iter().next().map(|(name, holds)| format!(" where {name} is {holds}"));
        let reason = format!(
            "{whom} may reach {} on {protocol} {}{}",
            rule.group,
            rule.ports.text(),
            condition.unwrap_or_default()
        );
        findings.push(context.danger(&rule.path, reason));
    }
}

fn network_acl(context: &Context<'_>, findings: &mut Vec<Finding>) {
    if !context.is_type("AWS::EC2::NetworkAclEntry") {
        return;
    }
    let is =
        |resource, path: &str, wanted: &str| texts(resource, path).iter().any(|text| text.eq_ignore_ascii_case(wanted));
    let is_open = |resource| {
        let blocks = ["CidrBlock", "Ipv6CidrBlock"].into_iter().flat_map(|path| texts(resource, path));
        let everybody = blocks.filter_map(|text| Cidr::parse(&text)).any(|block| block.is_the_internet());
        everybody && is(resource, "RuleAction", "allow") && !is(resource, "Egress", "true")
    };
    let denies = |resource| is(resource, "RuleAction", "deny") && !is(resource, "Egress", "true");
    if denies(context.old) && !denies(context.new) && context.change.renamed_to.is_none() {
        let whom = texts(context.old, "CidrBlock").join(", ");
        findings.push(context.danger("RuleAction", format!("the network ACL no longer keeps {whom} out")));
    }
    if is_open(context.new) && !is_open(context.old) {
        findings.push(context.danger("CidrBlock", "the network ACL lets the whole internet in"));
    }
}

fn is_true(value: Option<&Node>) -> bool {
    value.and_then(Node::as_bool) == Some(true)
}

fn is_not_true(value: Option<&Node>) -> bool {
    // An intrinsic may be true.
    value.is_none_or(|value| value.as_bool() == Some(false))
}

fn is_text(value: Option<&Node>, wanted: &[&str]) -> bool {
    value.and_then(Node::as_str).is_some_and(|text| wanted.iter().any(|each| each.eq_ignore_ascii_case(text)))
}

fn push(context: &Context<'_>, findings: &mut Vec<Finding>, weaker: Option<Weaker>, says: &str) {
    if let Some(weaker) = weaker {
        findings.push(context.danger(&weaker.path, format!("{says}: {} {}", weaker.path, weaker.shift())));
    }
}

fn publicly_accessible(context: &Context<'_>, findings: &mut Vec<Finding>) {
    const SAYS: &str = "it can be reached from the internet";
    push(context, findings, weakened(context, "PubliclyAccessible", is_true), SAYS);
    match context.resource_type() {
        "AWS::EKS::Cluster" => {
            let path = "ResourcesVpcConfig.EndpointPublicAccess";
            // The default is public.
            let is_weak = |value: Option<&Node>| value.is_none_or(|value| value.as_bool() == Some(true));
            push(context, findings, weakened(context, path, is_weak), SAYS);
            let path = "ResourcesVpcConfig.PublicAccessCidrs";
            let everywhere = |value: Option<&Node>| {
                value.is_some_and(|value| value.items().iter().filter_map(Node::as_str).any(|text| text == "0.0.0.0/0"))
            };
            if context.is_modified() {
                push(context, findings, weakened(context, path, everywhere), SAYS);
            }
        }
        "AWS::MSK::Cluster" => {
            let path = "BrokerNodeGroupInfo.ConnectivityInfo.PublicAccess.Type";
            push(context, findings, weakened(context, path, |value| is_text(value, &["SERVICE_PROVIDED_EIPS"])), SAYS);
        }
        "AWS::SageMaker::NotebookInstance" => {
            let is_weak = |value: Option<&Node>| is_text(value, &["Enabled"]);
            push(context, findings, weakened(context, "DirectInternetAccess", is_weak), SAYS);
        }
        _ => {}
    }
}

fn public_access_block(context: &Context<'_>, findings: &mut Vec<Finding>) {
    if context.is_type("AWS::SecretsManager::ResourcePolicy") && context.is_modified() {
        let weaker = weakened(context, "BlockPublicPolicy", is_not_true);
        push(context, findings, weaker, "a policy may open the secret to everybody");
    }
    if !matches!(
        context.resource_type(),
        "AWS::S3::Bucket"
            | "AWS::S3::AccessPoint"
            | "AWS::S3::AccountPublicAccessBlock"
            | "AWS::S3::MultiRegionAccessPoint"
    ) {
        return;
    }
    // Since April 2023 a bucket blocks public access by default: a new one must explicitly open it.
    let block = if context.resource_type().ends_with("Block") { "" } else { "PublicAccessBlockConfiguration." };
    for switch in ["BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"] {
        let path = format!("{block}{switch}");
        let said_off = |value: Option<&Node>| value.and_then(Node::as_bool) == Some(false);
        let is_off = |value: Option<&Node>| if context.old.is_none() { said_off(value) } else { is_not_true(value) };
        if let Some(weaker) = weakened(context, &path, is_off) {
            let reason = format!("the public access block is weaker: {path} {}", weaker.shift());
            findings.push(context.danger(path, reason));
            return;
        }
    }
    if context.change.action == Action::Remove && context.resource_type().ends_with("Block") {
        findings.push(context.danger("", "the public access block is removed"));
    }
}

fn bucket_acl(context: &Context<'_>, findings: &mut Vec<Finding>) {
    if context.is_type("AWS::S3::Bucket") {
        let open = |value: Option<&Node>| is_text(value, &["PublicRead", "PublicReadWrite", "AuthenticatedRead"]);
        push(context, findings, weakened(context, "AccessControl", open), "the bucket's ACL opens it to everybody");
    }
}

fn website(context: &Context<'_>, findings: &mut Vec<Finding>) {
    if context.is_type("AWS::S3::Bucket") {
        let weaker = weakened(context, "WebsiteConfiguration", |value| value.is_some());
        push(context, findings, weaker, "the bucket becomes a website, read over plain HTTP");
    }
}

/// Anyone except those it names.
fn is_almost_public(each: &Difference) -> bool {
    each.except == Some("NotPrincipal") && !each.conditions.identify()
}

fn public_policy(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for each in of_change(context) {
        let is_resource = matches!(each.subject, Subject::Resource(_));
        let gone = context.evidence.is_gone(each.subject.id());
        if each.allow && each.added && is_resource && !gone && (is_public(each) || is_almost_public(each)) {
            let reason = format!("anyone may reach {} with {}", each.subject.id(), each.actions.join(", "));
            findings.push(context.danger(&each.path, reason));
        }
    }
}

fn function_url(context: &Context<'_>, findings: &mut Vec<Finding>) {
    const SAYS: &str = "the function's url takes calls without authorisation";
    let none = |value: Option<&Node>| is_text(value, &["NONE"]);
    match context.resource_type() {
        "AWS::Lambda::Url" => push(context, findings, weakened(context, "AuthType", none), SAYS),
        "AWS::Serverless::Function" => {
            push(context, findings, weakened(context, "FunctionUrlConfig.AuthType", none), SAYS);
        }
        _ => {}
    }
}

fn public_address(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let is_public = |value: Option<&Node>| is_true(value) || is_text(value, &["ENABLED"]);
    let of = |leaves: &[Leaf<'_>]| -> Vec<(String, String)> {
        (leaves.iter())
            .filter(|leaf| matches!(leaf.key, "MapPublicIpOnLaunch" | "AssociatePublicIpAddress" | "AssignPublicIp"))
            .filter(|leaf| is_public(leaf.value))
            .map(|leaf| (leaf.path.clone(), leaf.key.to_owned()))
            .collect()
    };
    let before = of(context.leaves.before());
    if let Some((path, key)) =
        of(context.leaves.after()).into_iter().find(|(_, key)| !before.iter().any(|(_, other)| other == key))
    {
        findings.push(context.danger(path, format!("what runs in there gets a public address: {key} is on")));
    }
}

fn internet_facing(context: &Context<'_>, findings: &mut Vec<Finding>) {
    match context.resource_type() {
        "AWS::ElasticLoadBalancingV2::LoadBalancer" | "AWS::ElasticLoadBalancing::LoadBalancer" => {
            // By default it is internet-facing.
            let facing = |value: Option<&Node>| value.is_none() || is_text(value, &["internet-facing"]);
            push(context, findings, weakened(context, "Scheme", facing), "the load balancer faces the internet");
        }
        "AWS::ApiGateway::RestApi" if context.is_modified() => {
            let public = |value: Option<&Node>| {
                !value.is_some_and(|value| value.items().iter().any(|each| is_text(Some(each), &["PRIVATE"])))
            };
            let weaker = weakened(context, "EndpointConfiguration.Types", public);
            push(context, findings, weaker, "the API faces the internet");
        }
        _ => {}
    }
}

fn vpc_removed(context: &Context<'_>, findings: &mut Vec<Finding>) {
    if !context.is_modified() {
        return;
    }
    for path in ["VpcConfig", "VPCOptions", "VpcConfiguration", "VpcConfigId", "VpcSettings"] {
        let was_set = possible(context.old, path).iter().any(|each| each.value.is_some());
        let is_empty = |value: Option<&Node>| {
            let subnets = value.and_then(|value| value.get("SubnetIds"));
            value.is_none() || subnets.is_some_and(|subnets| subnets.items().is_empty())
        };
        if was_set && weakened(context, path, is_empty).is_some() {
            findings.push(
                context.danger(path, format!("it leaves its VPC: {path} is gone, and its security groups with it")),
            );
        }
    }
}

fn internet_route(context: &Context<'_>, findings: &mut Vec<Finding>) {
    if !context.is_type("AWS::EC2::Route") {
        return;
    }
    let leads_out = |resource| {
        let everywhere = ["DestinationCidrBlock", "DestinationIpv6CidrBlock"].iter().any(|path| {
            texts(resource, path).iter().filter_map(|text| Cidr::parse(text)).any(|cidr| cidr.is_the_internet())
        });
        everywhere && possible(resource, "GatewayId").iter().any(|each| each.value.is_some())
    };
    if leads_out(context.new) && !leads_out(context.old) {
        findings.push(context.danger(
            "GatewayId",
            "the route leads to an internet gateway: what has a public address there can be reached",
        ));
    }
}

fn firewall_removed(context: &Context<'_>, findings: &mut Vec<Finding>) {
    if context.is_type("AWS::WAFv2::WebACLAssociation") && context.change.action == Action::Remove {
        let target = texts(context.old, "ResourceArn").join(", ");
        let id = crate::policy::text::referred(&target).unwrap_or(&target);
        if !context.evidence.is_gone(id) && context.change.renamed_to.is_none() {
            findings.push(context.danger("", format!("no firewall is in front of {id} any more")));
        }
    }
    if context.is_type("AWS::CloudFront::Distribution") && context.is_modified() {
        let weaker = weakened(context, "DistributionConfig.WebACLId", |value| value.is_none() || is_text(value, &[""]));
        push(context, findings, weaker, "no firewall is in front any more");
    }
}

fn open_registration(context: &Context<'_>, findings: &mut Vec<Finding>) {
    match context.resource_type() {
        "AWS::Cognito::UserPool" if context.is_modified() => {
            let path = "AdminCreateUserConfig.AllowAdminCreateUserOnly";
            push(context, findings, weakened(context, path, is_not_true), "anybody may register");
            let strength = |value: Option<&Node>| match value {
                value if is_text(value, &["ON"]) => 2,
                value if is_text(value, &["OPTIONAL"]) => 1,
                _ => 0,
            };
            let was = possible(context.old, "MfaConfiguration").iter().map(|each| strength(each.value)).min();
            let weaker = weakened(context, "MfaConfiguration", |value| Some(strength(value)) < was);
            push(context, findings, weaker, "a password alone is enough to sign in");
        }
        "AWS::Cognito::IdentityPool" => {
            let weaker = weakened(context, "AllowUnauthenticatedIdentities", is_true);
            push(context, findings, weaker, "callers without an identity get credentials");
        }
        _ => {}
    }
}
