//! The three questions that a deployment asks EC2, in its Query protocol. Refuses everything else.
//!
//! Written by hand because EC2's SDK crate is too large for three reads: it alone takes as long to compile as all the others
//! and 5 GB of memory. Signing and connections are the SDK's own.

use std::time::{Duration, SystemTime};

use aws_config::SdkConfig;
use aws_credential_types::provider::ProvideCredentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::http::HttpConnector;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;

use super::Connection;
use super::failure::kind_of;
use super::xml::Element;
use crate::{CallError, CallErrorKind};

const VERSION: &str = "2016-11-15";
const TIMEOUT: Duration = Duration::from_secs(20);
const ATTEMPTS: u32 = 4;

/// EC2 of one account and region.
#[derive(Debug)]
pub struct Ec2 {
    config: SdkConfig,
    region: String,
    address: String,
    connector: Connector,
}

/// A subnet, as far as a stack has to know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subnet {
    /// `subnet-..`
    pub subnet_id: String,
    /// For example `sa-east-1a`; of a local zone, a longer name.
    pub availability_zone: String,
}

/// A route table and who uses it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteTable {
    /// `rtb-..`
    pub route_table_id: String,
    /// Used by every subnet without a table of its own.
    pub main: bool,
    /// Subnets that use it by name.
    pub subnet_ids: Vec<String>,
    /// Whether it routes to an internet gateway, which makes its subnets public.
    pub internet: bool,
}

impl Ec2 {
    /// Over a connection's credentials.
    pub fn new(connection: &Connection) -> Self {
        let region = connection.region.clone();
        let suffix = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
        let address = match &connection.endpoint {
            Some(endpoint) => format!("{}/", endpoint.trim_end_matches('/')),
            None => format!("https://ec2.{region}.{suffix}/"),
        };
        let connector = match address.starts_with("http:") {
            true => Connector::builder().build_http(),
            false => Connector::builder().tls_provider(Provider::Rustls(CryptoMode::Ring)).build(),
        };
        Self { config: connection.config.clone(), region, address, connector }
    }

    /// DescribeVpcs: the region's default VPC, if it has one.
    ///
    /// # Errors
    /// When EC2 refuses or does not answer.
    pub async fn default_vpc(&self) -> Result<Option<String>, CallError> {
        let vpcs =
            self.describe("DescribeVpcs", "vpcSet", ("is-default", "true"), |vpc| vpc.text("vpcId").map(str::to_owned));
        Ok(vpcs.await?.into_iter().next())
    }

    /// DescribeSubnets of a VPC, all pages.
    ///
    /// # Errors
    /// When EC2 refuses or does not answer.
    pub async fn subnets(&self, vpc_id: &str) -> Result<Vec<Subnet>, CallError> {
        self.describe("DescribeSubnets", "subnetSet", ("vpc-id", vpc_id), |subnet| {
            Some(Subnet {
                subnet_id: subnet.text("subnetId")?.to_owned(),
                availability_zone: subnet.text("availabilityZone")?.to_owned(),
            })
        })
        .await
    }

    /// DescribeRouteTables of a VPC, all pages.
    ///
    /// # Errors
    /// When EC2 refuses or does not answer.
    pub async fn route_tables(&self, vpc_id: &str) -> Result<Vec<RouteTable>, CallError> {
        self.describe("DescribeRouteTables", "routeTableSet", ("vpc-id", vpc_id), |table| {
            let associations = || table.items("associationSet");
            Some(RouteTable {
                route_table_id: table.text("routeTableId")?.to_owned(),
                main: associations().any(|association| association.text("main") == Some("true")),
                subnet_ids: associations().filter_map(|one| one.text("subnetId").map(str::to_owned)).collect(),
                internet: table
                    .items("routeSet")
                    .any(|route| route.text("gatewayId").is_some_and(|gateway| gateway.starts_with("igw-"))),
            })
        })
        .await
    }

    async fn describe<T>(
        &self,
        action: &'static str,
        set: &str,
        (name, value): (&str, &str),
        read: impl Fn(&Element) -> Option<T>,
    ) -> Result<Vec<T>, CallError> {
        let query = format!("Action={action}&Version={VERSION}&Filter.1.Name={name}&Filter.1.Value.1={value}");
        let (mut found, mut next) = (Vec::new(), None::<String>);
        loop {
            let page = match &next {
                None => query.clone(),
                Some(token) => format!("{query}&NextToken={}", percent_encoded(token)),
            };
            let answer = self.patient_call(action, &page).await?;
            found.extend(answer.items(set).filter_map(&read));
            next = answer.text("nextToken").map(str::to_owned);
            if next.is_none() {
                return Ok(found);
            }
        }
    }

    async fn patient_call(&self, action: &'static str, form: &str) -> Result<Element, CallError> {
        let mut pause = Duration::from_millis(500);
        for _ in 1..ATTEMPTS {
            match self.call(action, form).await {
                Err(error) if error.is_retryable() => tokio::time::sleep(pause).await,
                answer => return answer,
            }
            pause *= 2;
        }
        self.call(action, form).await
    }

    async fn call(&self, action: &'static str, form: &str) -> Result<Element, CallError> {
        let error = |kind, message: &str, source: Option<Box<dyn std::error::Error + Send + Sync>>| CallError {
            operation: action,
            code: None,
            message: message.to_owned(),
            kind,
            source,
        };
        let request = self
            .signed(form)
            .await
            .map_err(|source| error(CallErrorKind::Denied, "the request cannot be signed", Some(source)))?;
        let answered = tokio::time::timeout(TIMEOUT, self.connector.call(request)).await;
        let response = answered
            .map_err(|_| error(CallErrorKind::Transient, "no answer in time", None))?
            .map_err(|source| error(CallErrorKind::Transient, "the request was not answered", Some(source.into())))?;
        let status = response.status().as_u16();
        let body = ByteStream::new(response.into_body()).collect().await;
        let body =
            body.map_err(|source| error(CallErrorKind::Transient, "the answer broke off", Some(source.into())))?;
        let root = Element::parse(&String::from_utf8_lossy(&body.into_bytes()));
        match (status, root) {
            (200, Some(root)) => Ok(root),
            (200, None) => Err(error(CallErrorKind::Transient, "the answer is not XML", None)),
            (_, root) => {
                // <Response><Errors><Error><Code>..</Code><Message>..</Message></Error></Errors></Response>
                let told = root.as_ref().and_then(|root| root.child("Errors")?.child("Error"));
                let code = told.and_then(|told| told.text("Code")).unwrap_or_default();
                let message = told.and_then(|told| told.text("Message"));
                Err(CallError {
                    operation: action,
                    code: (!code.is_empty()).then(|| code.to_owned()),
                    message: message.map_or_else(|| format!("answered with status {status}"), str::to_owned),
                    kind: kind_of(code, status),
                    source: None,
                })
            }
        }
    }

    async fn signed(&self, form: &str) -> Result<HttpRequest, Box<dyn std::error::Error + Send + Sync>> {
        const CONTENT_TYPE: (&str, &str) = ("content-type", "application/x-www-form-urlencoded; charset=utf-8");
        let provider = self.config.credentials_provider().ok_or("no credentials are set")?;
        let identity = provider.provide_credentials().await?.into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name("ec2")
            .time(SystemTime::now())
            .settings(SigningSettings::default())
            .build()?
            .into();
        let body = SignableBody::Bytes(form.as_bytes());
        let signable = SignableRequest::new("POST", &self.address, std::iter::once(CONTENT_TYPE), body)?;
        let (instructions, _signature) = sign(signable, &parameters)?.into_parts();
        let mut request = HttpRequest::new(SdkBody::from(form));
        request.set_method("POST")?;
        request.set_uri(self.address.as_str())?;
        request.headers_mut().insert(CONTENT_TYPE.0, CONTENT_TYPE.1);
        for (name, value) in instructions.headers() {
            request.headers_mut().insert(name.to_owned(), value.to_owned());
        }
        Ok(request)
    }
}

/// Everything but the unreserved characters of RFC 3986 as `%XX`.
fn percent_encoded(text: &str) -> String {
    let encode = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(encode).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_survives_the_form() {
        assert_eq!(percent_encoded("aZ09-._~/+= "), "aZ09-._~%2F%2B%3D%20");
    }
}
