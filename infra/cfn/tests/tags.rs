//! Tags on all resources of a template.

use cfn::aws_apigatewayv2::CfnApi;
use cfn::aws_lambda::CfnEventSourceMapping;
use cfn::aws_sqs::CfnQueue;
use cfn::{RawResource, Template, json};

#[test]
fn tags_reach_every_resource_that_takes_them_and_own_ones_win() {
    let mut template = Template::new("Test");
    template.add("Queue", CfnQueue::new().tags([("Stage", "own")]));
    template.add("Api", CfnApi::new().name("api"));
    template.add("Mapping", CfnEventSourceMapping::new().function_name("f"));
    template.add("Custom", RawResource::new("Custom::Thing"));
    template.add("Raw", RawResource::new("AWS::KMS::Key").property("Tags", json!([{ "Key": "Other", "Value": "x" }])));
    template.tag_all([("Stage", "dev"), ("Application", "shop")]);
    assert_eq!(template.validate(), []);
    let text = template.to_json();
    let document: serde_json::Value = serde_json::from_str(&text).unwrap();
    let tags = |id: &str| document["Resources"][id]["Properties"]["Tags"].to_string();
    assert_eq!(tags("Queue"), r#"[{"Key":"Stage","Value":"own"},{"Key":"Application","Value":"shop"}]"#);
    assert_eq!(tags("Api"), r#"{"Application":"shop","Stage":"dev"}"#);
    assert_eq!(tags("Mapping"), r#"[{"Key":"Stage","Value":"dev"},{"Key":"Application","Value":"shop"}]"#);
    assert_eq!(
        tags("Raw"),
        r#"[{"Key":"Other","Value":"x"},{"Key":"Stage","Value":"dev"},{"Key":"Application","Value":"shop"}]"#
    );
    assert_eq!(tags("Custom"), "null");
}
