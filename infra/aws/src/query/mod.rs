//! Signed calls in AWS's Query protocol: a form is sent, XML comes back. Only for services whose SDK crate is too large.
//!
//! Some SDK crates are too large for a few reads: EC2's alone takes as long to compile as all the others
//! and 5 GB of memory. Signing and connections are the SDK's own. Another service with this protocol (RDS, ..) needs its name, its
//! version and its reads, as [`ec2`] shows.

mod ec2;
mod xml;

use std::fmt::Display;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::http::HttpConnector;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use self::xml::Element;
use crate::error_codes::kind_of;
use crate::{CallError, CallErrorKind, Pace, SignatureError, Unsigned, dns_suffix, retry, signature};

pub use ec2::{Ec2, EndpointService, RouteTable, Subnet, VpcEndpoint};

const TIMEOUT: Duration = Duration::from_secs(20);
/// Three more attempts, after 0.5, 1 and 2 s.
const PACE: Pace = Pace { first: Duration::from_millis(500), most: Duration::from_millis(500), retries: 3 };

/// One service of an account and region.
#[derive(Debug)]
struct QueryClient {
    service: &'static str,
    version: &'static str,
    config: SdkConfig,
    address: String,
    connector: Connector,
}

impl QueryClient {
    /// A service by its name in host names and signatures, and its API version.
    fn new(config: &SdkConfig, service: &'static str, version: &'static str) -> Self {
        let region = config.region().map(ToString::to_string).unwrap_or_default();
        let address = match config.endpoint_url() {
            Some(endpoint) => format!("{}/", endpoint.trim_end_matches('/')),
            None => format!("https://{service}.{region}.{}/", dns_suffix(&region)),
        };
        let connector = match address.starts_with("http:") {
            true => Connector::builder().build_http(),
            false => Connector::builder().tls_provider(Provider::Rustls(CryptoMode::Ring)).build(),
        };
        Self { service, version, config: config.clone(), address, connector }
    }

    /// The response to an action, retried while that can help.
    async fn call(&self, action: &'static str, parameters: &[(&str, &str)]) -> Result<Element, CallError> {
        let mut form = format!("Action={action}&Version={}", self.version);
        for (name, value) in parameters {
            form += &format!("&{name}={}", percent_encoded(value));
        }
        retry(PACE, |_| (), async || self.send(action, &form).await).await
    }

    async fn send(&self, action: &'static str, form: &str) -> Result<Element, CallError> {
        let error = |kind, message: &str, source: Option<SignatureError>| CallError {
            operation: action,
            code: None,
            message: message.to_owned(),
            kind,
            source,
        };
        let transient = |message: &str, source| error(CallErrorKind::Transient, message, source);
        let request = self.signed(form).await;
        let request =
            request.map_err(|source| error(CallErrorKind::Unsigned, "the request cannot be signed", Some(source)))?;
        let answered = tokio::time::timeout(TIMEOUT, self.connector.call(request)).await;
        let response = answered
            .map_err(|_| transient("no answer in time", None))?
            .map_err(|source| transient("the request was not answered", Some(source.into())))?;
        let status = response.status().as_u16();
        let body = ByteStream::new(response.into_body()).collect().await;
        let body = body.map_err(|source| transient("the answer broke off", Some(source.into())))?;
        let root = Element::parse(&String::from_utf8_lossy(&body.into_bytes()));
        match (status, root) {
            (200, Some(root)) => Ok(root),
            (200, None) => Err(transient("the answer is not XML", None)),
            (_, root) => {
                // <Response><Errors><Error><Code>..</Code><Message>..</Message></Error></Errors></Response>
                let refusal = root.as_ref().and_then(|root| root.child("Errors")?.child("Error"));
                let code = refusal.and_then(|refusal| refusal.text("Code"));
                let message = refusal.and_then(|refusal| refusal.text("Message"));
                Err(CallError {
                    operation: action,
                    code: code.map(str::to_owned),
                    message: message.map_or_else(|| format!("answered with status {status}"), str::to_owned),
                    kind: kind_of(code.unwrap_or_default(), status),
                    source: None,
                })
            }
        }
    }

    async fn signed(&self, form: &str) -> Result<HttpRequest, SignatureError> {
        const CONTENT_TYPE: (&str, &str) = ("content-type", "application/x-www-form-urlencoded; charset=utf-8");
        let unsigned = Unsigned {
            service: self.service,
            method: "POST",
            url: &self.address,
            headers: &[CONTENT_TYPE],
            body: form.as_bytes(),
        };
        let signature = signature(&self.config, unsigned).await?;
        let mut request = HttpRequest::new(SdkBody::from(form));
        request.set_method("POST")?;
        request.set_uri(self.address.as_str())?;
        request.headers_mut().insert(CONTENT_TYPE.0, CONTENT_TYPE.1);
        for (name, value) in signature {
            request.headers_mut().insert(name, value);
        }
        Ok(request)
    }
}

/// Everything but the unreserved characters of RFC 3986, as the signature needs it.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

fn percent_encoded(text: &str) -> impl Display {
    utf8_percent_encode(text, RESERVED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_survives_the_form() {
        assert_eq!(percent_encoded("aZ09-._~/+= ").to_string(), "aZ09-._~%2F%2B%3D%20");
    }
}
