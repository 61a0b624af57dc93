//! What a signed request calls: operation and resource from where the service's protocol has them.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::call::{Call, Caller, Resource};
use crate::request::Request;
use crate::{action, cloudformation, lambda, s3};

/// A request that nothing can be said about. Where a system calls something new, it is taught here, in `actions.rs` and in `deployed.rs`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Unreadable {
    #[error("{0} is not signed, so nobody knows the service")]
    Unsigned(String),
    #[error(
        "the service {0} is not known: `Request::calls` knows cloudformation, dynamodb, ec2, lambda, logs, s3, secretsmanager, sns, sqs and sts"
    )]
    Service(String),
    #[error("{0} of {1} does not say what it is about")]
    Resource(String, String),
    #[error("{0} of {1} says nothing of its operation")]
    Operation(String, String),
}

impl Request {
    /// What it calls; first itself, then what the service calls for it with the caller's rights.
    ///
    /// # Errors
    /// Its service, operation or resource is not known.
    pub fn calls(&self, caller: Caller) -> Result<Vec<Call>, Unreadable> {
        let service = self.service();
        let service = service.ok_or_else(|| Unreadable::Unsigned(format!("{} {}", self.method, self.path())))?;
        let form: BTreeMap<String, String> = form_urlencoded::parse(&self.body).into_owned().collect();
        let form_operation = || form.get("Action").cloned().ok_or_else(|| self.says_nothing(&service));
        let (operation, resource, names_version) = match service.as_str() {
            "dynamodb" | "logs" | "secretsmanager" | "sqs" => {
                let operation = self.headers.get("x-amz-target").and_then(|target| target.rsplit('.').next());
                let operation = operation.ok_or_else(|| self.says_nothing(&service))?.to_owned();
                let resource = self.of_json(&service).ok_or_else(|| self.is_about_nothing(&operation, &service))?;
                (operation, resource, false)
            }
            "sns" => {
                let operation = form_operation()?;
                let name = form.get("TopicArn").ok_or_else(|| self.is_about_nothing(&operation, &service))?.clone();
                (operation, Resource { kind: "AWS::SNS::Topic", name, below: String::new() }, false)
            }
            "s3" => {
                let (operation, resource) = s3::operation(self).ok_or_else(|| self.says_nothing(&service))?;
                (operation.to_owned(), resource, self.query("versionId").is_some())
            }
            "lambda" => {
                let (operation, resource) = lambda::operation(self).ok_or_else(|| self.says_nothing(&service))?;
                (operation.to_owned(), resource, false)
            }
            "cloudformation" => {
                let operation = form_operation()?;
                let calls = cloudformation::calls(&caller, &operation, &form);
                return calls.ok_or_else(|| self.is_about_nothing(&operation, &service));
            }
            "ec2" | "sts" => {
                (form_operation()?, Resource { kind: "*", name: "*".to_owned(), below: String::new() }, false)
            }
            _ => return Err(Unreadable::Service(service)),
        };
        let action = action(&service, &operation, names_version);
        Ok(vec![Call { caller, service, operation, action, resource, context: self.conditions() }])
    }

    /// Headers of S3 that a condition of a policy may ask for:
    /// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html#amazons3-policy-keys>.
    fn conditions(&self) -> BTreeMap<String, String> {
        let header = self.headers.get("if-none-match");
        header.map(|value| ("s3:if-none-match".to_owned(), value.clone())).into_iter().collect()
    }

    fn of_json(&self, service: &str) -> Option<Resource> {
        let body: Value = serde_json::from_slice(&self.body).ok()?;
        let text = |name: &str| body[name].as_str().map(str::to_owned);
        let (kind, name, below) = match service {
            // The account and the name are the path of a queue's address.
            "sqs" => ("AWS::SQS::Queue", text("QueueUrl")?.rsplit('/').next()?.to_owned(), String::new()),
            "dynamodb" => {
                let below = text("IndexName").map(|index| format!("/index/{index}"));
                ("AWS::DynamoDB::Table", text("TableName")?, below.unwrap_or_default())
            }
            "logs" => {
                let name = text("logGroupName").or_else(|| text("logGroupIdentifier"))?;
                ("AWS::Logs::LogGroup", name, String::new())
            }
            "secretsmanager" => ("AWS::SecretsManager::Secret", text("SecretId")?, String::new()),
            _ => return None,
        };
        Some(Resource { kind, name, below })
    }

    fn says_nothing(&self, service: &str) -> Unreadable {
        Unreadable::Operation(format!("{} {}", self.method, self.target), service.to_owned())
    }

    fn is_about_nothing(&self, operation: &str, service: &str) -> Unreadable {
        Unreadable::Resource(operation.to_owned(), service.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signed(service: &str, method: &str, target: &str, more: &[(&str, &str)], body: &str) -> Request {
        let signature = format!("AWS4-HMAC-SHA256 Credential=1/20260101/us-east-1/{service}/aws4_request, Signature=0");
        let mut headers = BTreeMap::from([("authorization".to_owned(), signature)]);
        headers.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        Request { method: method.to_owned(), target: target.to_owned(), headers, body: body.into() }
    }

    fn told(request: &Request) -> String {
        let calls = request.calls(Caller::Function("F".to_owned()));
        calls.map_or_else(|error| error.to_string(), |calls| calls[0].to_string())
    }

    #[test]
    fn each_protocol_says_where_its_operation_and_resource_are() {
        let sqs = [("x-amz-target", "AmazonSQS.SendMessageBatch")];
        let sqs = signed("sqs", "POST", "/", &sqs, r#"{"QueueUrl": "http://localhost:1/000000000000/q.fifo"}"#);
        assert_eq!(told(&sqs), "F calls sqs SendMessageBatch on q.fifo, which needs sqs:SendMessage");
        let query = [("x-amz-target", "DynamoDB_20120810.Query")];
        let query = signed("dynamodb", "POST", "/", &query, r#"{"TableName": "t", "IndexName": "open"}"#);
        assert_eq!(told(&query), "F calls dynamodb Query on t/index/open, which needs dynamodb:Query");
        let publish = signed("sns", "POST", "/", &[], "Action=Publish&TopicArn=arn%3Aaws%3Asns%3Ar%3A1%3At");
        assert_eq!(told(&publish), "F calls sns Publish on arn:aws:sns:r:1:t, which needs sns:Publish");
        let get = signed("s3", "GET", "/b/a%20b/c?versionId=1", &[], "");
        assert_eq!(told(&get), "F calls s3 GetObject on b/a b/c, which needs s3:GetObjectVersion");
    }

    #[test]
    fn what_is_not_known_is_an_error_and_never_passed_over() {
        let call = |request: &Request| request.calls(Caller::Address).unwrap_err();
        assert!(matches!(call(&signed("kms", "POST", "/", &[], "")), Unreadable::Service(_)));
        assert!(matches!(call(&signed("sqs", "POST", "/", &[], "{}")), Unreadable::Operation(..)));
        let list = [("x-amz-target", "AmazonSQS.ListQueues")];
        assert!(matches!(call(&signed("sqs", "POST", "/", &list, "{}")), Unreadable::Resource(..)));
        assert!(matches!(call(&Request::default()), Unreadable::Unsigned(_)));
    }

    #[test]
    fn a_signed_address_has_its_signature_in_the_query() {
        let target = "/b/k?X-Amz-Credential=1%2F20260101%2Fr%2Fs3%2Faws4_request&X-Amz-Signature=0";
        let request = Request { method: "PUT".to_owned(), target: target.to_owned(), ..Request::default() };
        assert!(request.is_presigned());
        assert_eq!(told(&request), "F calls s3 PutObject on b/k, which needs s3:PutObject");
    }
}
