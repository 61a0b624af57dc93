//! Answers of STS and EC2 that lack what AWS always gives, and refusals.

mod canned;

use aws_access::{CallErrorKind, Connection, Ec2, Subnet, sdk_config};
use canned::answering;

async fn subnets(status: u16, body: &'static str) -> Result<Vec<Subnet>, String> {
    let ec2 = Ec2::new(&sdk_config(&answering(status, body).await).await);
    ec2.subnets("vpc-1").await.map_err(|error| error.to_string())
}

#[tokio::test]
async fn an_identity_without_an_account_is_refused() {
    let body = "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::1:user/ana</Arn></GetCallerIdentityResult></GetCallerIdentityResponse>";
    let error = Connection::open(&answering(200, body).await).await.unwrap_err();
    assert_eq!(error.to_string(), "GetCallerIdentity answered without Account");
    assert_eq!(error.kind, CallErrorKind::Incomplete { field: "Account" });
    assert!(!error.is_retryable());
}

#[tokio::test]
async fn subnets_are_read_and_none_is_left_out() {
    let whole = "<R><subnetSet><item><subnetId>subnet-1</subnetId><availabilityZone>sa-east-1a</availabilityZone></item></subnetSet></R>";
    let expected = Subnet { subnet_id: "subnet-1".to_owned(), availability_zone: "sa-east-1a".to_owned() };
    assert_eq!(subnets(200, whole).await, Ok(vec![expected]));
    assert_eq!(subnets(200, "<R><subnetSet/></R>").await, Ok(Vec::new()));
    for (body, field) in [
        ("<R><subnetSet><item><subnetId>subnet-1</subnetId></item></subnetSet></R>", "availabilityZone"),
        ("<R><subnetSet><item><availabilityZone>a</availabilityZone></item></subnetSet></R>", "subnetId"),
        ("<R><requestId>1</requestId></R>", "subnetSet"),
    ] {
        assert_eq!(subnets(200, body).await, Err(format!("DescribeSubnets answered without {field}")));
    }
}

#[tokio::test]
async fn a_refusal_keeps_its_code_and_says_what_follows() {
    let body = "<Response><Errors><Error><Code>InvalidVpcID.NotFound</Code><Message>no such VPC</Message></Error></Errors></Response>";
    let ec2 = Ec2::new(&sdk_config(&answering(400, body).await).await);
    let error = ec2.route_tables("vpc-1").await.unwrap_err();
    assert_eq!(error.to_string(), "DescribeRouteTables: InvalidVpcID.NotFound: no such VPC");
    assert_eq!(error.kind, CallErrorKind::NotFound);
}
