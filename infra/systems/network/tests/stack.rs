//! What the template of Network says, and what a stage may leave out of it.

use std::path::Path;

use cfn::{Json, ResourceEntry};
use constructs::{Asked, ParameterSource, SynthesizedStack};
use system::StageName;
use systems::{ConfiguredStage, Files};

const ALL: &str = r#"endpoints = ["secretsmanager", "sqs", "sns", "s3"]"#;

fn files(name: StageName) -> Files {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../.."));
    systems::read(root, name.as_str()).expect("the committed settings are readable")
}

fn network(name: StageName, files: &Files) -> SynthesizedStack {
    let stage = ConfiguredStage::parse(name.as_str(), files).expect("valid settings");
    stage.synth().expect("nothing is refused").into_iter().find(|stack| stack.name == "Network").expect("it is there")
}

/// That of prd with other endpoints.
fn with_endpoints(endpoints: &str) -> SynthesizedStack {
    let mut files = files(StageName::Prd);
    let text = files.get_mut("network.toml").expect("the network has settings");
    assert!(text.contains(ALL), "{text}");
    *text = text.replace(ALL, endpoints);
    network(StageName::Prd, &files)
}

fn endpoints(stack: &SynthesizedStack) -> Vec<&ResourceEntry> {
    let resources = stack.template.resources().iter();
    resources.filter(|entry| entry.parts.resource_type == "AWS::EC2::VPCEndpoint").collect()
}

fn asks_for(stack: &SynthesizedStack, asked: Asked) -> bool {
    stack.parameters.iter().any(|(_, source)| *source == ParameterSource::Asked(asked))
}

#[test]
fn every_stage_has_the_group_and_all_but_local_have_every_endpoint() {
    for name in StageName::ALL {
        let stack = network(name, &files(name));
        assert_eq!(endpoints(&stack).len(), if name == StageName::Local { 0 } else { 4 });
        let outputs: Vec<_> = stack.template.outputs().iter().map(|output| output.id().as_str()).collect();
        assert_eq!(outputs, ["FunctionSecurityGroupId"]);
    }
}

#[test]
fn an_interface_endpoint_is_in_subnets_of_its_own_and_its_service_is_known_to_the_deployer() {
    let stack = network(StageName::Prd, &files(StageName::Prd));
    let subnets = cfn::intrinsics::ref_to::<Vec<String>>("EndpointSubnetIds").into_json();
    let is_interface = |entry: &&&ResourceEntry| entry.id.as_str() != "S3Endpoint";
    for endpoint in endpoints(&stack).iter().filter(is_interface) {
        assert_eq!(endpoint.parts.properties.get("SubnetIds"), Some(&subnets), "{}", endpoint.id);
    }
    assert_eq!(stack.interface_endpoints, ["secretsmanager", "sqs", "sns"]);
    assert_eq!(stack.gateway_endpoints, ["s3"]);
}

#[test]
fn what_no_endpoint_needs_is_not_asked_for() {
    let asked = |endpoints| {
        let stack = with_endpoints(endpoints);
        (asks_for(&stack, Asked::EndpointSubnetIds), asks_for(&stack, Asked::RouteTableIds))
    };
    assert_eq!(asked("endpoints = []"), (false, false));
    assert_eq!(asked(r#"endpoints = ["s3"]"#), (false, true));
    assert_eq!(asked(r#"endpoints = ["sqs"]"#), (true, false));
}

#[test]
fn others_in_the_vpc_still_reach_the_services_that_have_an_endpoint() {
    let stack = network(StageName::Prd, &files(StageName::Prd));
    let group = stack.template.resource(&"EndpointSecurityGroup".into()).expect("it is there");
    let rules = group.parts.properties.get("SecurityGroupIngress").and_then(Json::as_list).expect("a list");
    let blocks: Vec<_> = rules.iter().filter_map(|rule| rule.get("CidrIp")?.as_str()).collect();
    assert_eq!(blocks, ["10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16"]);
}
