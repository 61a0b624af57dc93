//! Which account, in which region, with which credentials. The only place that reads them.

use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};

use crate::{Answer, CallError, CallErrorKind, call_error};

/// Which cloud is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// AWS, with the credentials that AWS's own tools would use.
    Aws {
        /// Named profile; the environment decides when it is absent.
        profile: Option<String>,
        /// Region; profile and environment decide when it is absent.
        region: Option<String>,
    },
    /// A cloud on this machine, which accepts any credentials. Profiles and environment are not read.
    Local {
        /// For example `http://127.0.0.1:4566`.
        endpoint: String,
        /// For example `us-east-1`.
        region: String,
    },
}

impl Target {
    /// A profile that does not exist looks like one without settings, so an error has to name the requested one.
    fn named(&self) -> String {
        match self {
            Self::Aws { profile: Some(profile), .. } => format!(" (profile {profile:?} was requested: does it exist?)"),
            _ => String::new(),
        }
    }
}

/// An account in a region, and how it is reached.
#[derive(Debug, Clone)]
pub struct Connection {
    /// Configuration for any client of the AWS SDK.
    pub config: SdkConfig,
    /// Twelve digits.
    pub account: String,
    /// For example `sa-east-1`.
    pub region: String,
    /// One address for all services, if there is one: a cloud on this machine, or the value of AWS_ENDPOINT_URL.
    pub endpoint: Option<String>,
}

impl Connection {
    /// Finds credentials and asks AWS whose they are.
    ///
    /// # Errors
    /// When there is no region, or when the credentials are missing, expired or wrong.
    pub async fn open(target: &Target) -> Result<Self, CallError> {
        let config = sdk_config(target).await;
        let endpoint = config.endpoint_url().map(str::to_owned);
        let Some(region) = config.region().map(ToString::to_string).filter(|region| !region.is_empty()) else {
            return Err(CallError {
                operation: "GetCallerIdentity",
                code: None,
                message: format!("no region is set; give --region or set it in the profile{}", target.named()),
                kind: CallErrorKind::Invalid,
                source: None,
            });
        };
        let identity = aws_sdk_sts::Client::new(&config).get_caller_identity().send().await;
        let identity = identity.map_err(|error| {
            let mut error = call_error("GetCallerIdentity", error);
            if matches!(error.kind, CallErrorKind::Denied | CallErrorKind::Unsigned) {
                error.message += &target.named();
            }
            error
        })?;
        let account = Answer("GetCallerIdentity").text("Account", identity.account())?;
        Ok(Self { config, account, region, endpoint })
    }
}

/// Configuration for any client of the AWS SDK, without a call: the credentials may be missing or wrong, and the region unset.
pub async fn sdk_config(target: &Target) -> SdkConfig {
    match target {
        Target::Aws { profile, region } => aws(profile.as_deref(), region.clone()).await,
        Target::Local { endpoint, region } => local(endpoint, region.clone()),
    }
}

async fn aws(profile: Option<&str>, region: Option<String>) -> SdkConfig {
    let tls = Provider::Rustls(CryptoMode::Ring);
    let client = aws_smithy_http_client::Builder::new().tls_provider(tls).build_https();
    let mut loader = aws_config::defaults(BehaviorVersion::latest()).http_client(client);
    if let Some(profile) = profile {
        loader = loader.profile_name(profile);
    }
    if let Some(region) = region {
        loader = loader.region(Region::new(region));
    }
    loader.load().await
}

fn local(endpoint: &str, region: String) -> SdkConfig {
    use aws_config::{retry::RetryConfig, timeout::TimeoutConfig};
    let credentials = Credentials::new("local", "local", None, None, "local");
    let timeouts = TimeoutConfig::builder().connect_timeout(Duration::from_secs(2)).build();
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .sleep_impl(aws_smithy_async::rt::sleep::SharedAsyncSleep::new(aws_smithy_async::rt::sleep::TokioSleep::new()))
        .time_source(aws_smithy_async::time::SharedTimeSource::new(aws_smithy_async::time::SystemTimeSource::new()))
        .retry_config(RetryConfig::standard().with_max_attempts(3))
        .timeout_config(timeouts)
        .credentials_provider(aws_credential_types::provider::SharedCredentialsProvider::new(credentials))
        .region(Region::new(region))
        .endpoint_url(endpoint)
        .build()
}
