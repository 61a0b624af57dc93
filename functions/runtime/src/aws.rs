//! How functions reach AWS: credentials and region from their environment, TLS by rustls on ring. Does not look for profiles or
//! metadata services, which a function never has and which cost start-up time.

use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_runtime_api::client::http::{HttpClient, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use std::time::Duration;

/// Configuration of every AWS client of a function. Makes no call and reads no file, so that it, and the clients built
/// from it, can be created before the first poll.
pub fn sdk_config() -> SdkConfig {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let mut builder = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(variable("AWS_REGION").or_else(|| variable("AWS_DEFAULT_REGION")).map(Region::new))
        .credentials_provider(aws_credentials())
        .timeout_config(
            TimeoutConfig::builder()
                .connect_timeout(Duration::from_secs(3))
                .operation_attempt_timeout(Duration::from_secs(20))
                .build(),
        )
        .http_client(LateRoots(
            aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https(),
        ));
    if let Some(endpoint) = variable("AWS_ENDPOINT_URL") {
        builder = builder.endpoint_url(endpoint);
    }
    builder.build()
}

fn aws_credentials() -> aws_sdk_sqs::config::SharedCredentialsProvider {
    aws_sdk_sqs::config::SharedCredentialsProvider::new(EnvironmentVariableCredentialsProvider::new())
}

/// Reads the host's root certificates at the first request, not when a client is created: reading alone takes longer than
/// everything else before the first poll.
#[derive(Debug)]
struct LateRoots(SharedHttpClient);

impl HttpClient for LateRoots {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        self.0.http_connector(settings, components)
    }
}
