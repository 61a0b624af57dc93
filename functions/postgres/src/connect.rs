//! One connection: its address, TLS mode and timeout. Never accepts an unverified certificate.

use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::ClientWrapper;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use tokio_postgres::config::{SslMode, TargetSessionAttrs};
use tokio_postgres::{Config, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::{Error, Secret, ServerLimits};

/// Aurora Serverless v2 at 0 ACU needs about 15 s to resume.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);
/// After this, a peer that stopped responding counts as gone.
const TCP_USER_TIMEOUT: Duration = Duration::from_secs(30);

/// A database on a server.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// Host name; the server's certificate must be valid for it.
    pub host: String,
    /// libpq's `PGHOSTADDR`: the address to connect to instead of looking `host` up.
    pub hostaddr: Option<IpAddr>,
    pub port: u16,
    pub database: String,
    pub tls: Tls,
    /// Shown in `pg_stat_activity`.
    pub application_name: String,
    /// How long the server may work and wait.
    pub limits: ServerLimits,
}

/// Whether and how the connection is encrypted.
#[derive(Debug, Clone)]
pub enum Tls {
    /// The certificate must be valid for the host name and signed by one of these authorities.
    VerifyFull(Arc<ClientConfig>),
    /// Plain TCP, on the stage local only.
    Disable,
}

impl Tls {
    /// Reads the settings `RDS_TLS` and `RDS_CA_BUNDLE`; the bundle is read with `verify-full` only.
    ///
    /// # Errors
    /// [`Error::TlsMode`] for another mode, and for `disable` on a stage that is not `local`; [`Error::CaBundle`] when
    /// the file cannot be read or contains no certificate.
    pub fn read(mode: &str, ca_bundle: &Path, stage: &str) -> Result<Self, Error> {
        match (mode, stage) {
            ("verify-full", _) => Ok(Self::VerifyFull(Arc::new(verify_full(ca_bundle)?))),
            ("disable", "local") => Ok(Self::Disable),
            _ => Err(Error::TlsMode { mode: mode.to_owned(), stage: stage.to_owned() }),
        }
    }
}

fn verify_full(ca_bundle: &Path) -> Result<ClientConfig, Error> {
    let fault = |source| Error::CaBundle { path: ca_bundle.to_owned(), source };
    let certificates = CertificateDer::pem_file_iter(ca_bundle)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| fault(error.into()))?;
    let mut roots = RootCertStore::empty();
    let (added, _) = roots.add_parsable_certificates(certificates);
    if added == 0 {
        return Err(fault("it holds no certificate".into()));
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|source| Error::Tls { source })?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

impl Endpoint {
    /// Reads `PGHOSTADDR`, which the local cloud sets, through `lookup`, usually the process environment.
    ///
    /// # Errors
    /// [`Error::HostAddress`] when it is set to something other than an IP address.
    pub fn hostaddr(lookup: impl Fn(&str) -> Option<String>) -> Result<Option<IpAddr>, Error> {
        let read = |text: String| text.parse().map_err(|_| Error::HostAddress { text });
        lookup("PGHOSTADDR").filter(|text| !text.is_empty()).map(read).transpose()
    }

    /// One new connection as `user` with the password of `secret`, driven by its own task.
    pub(crate) async fn connect(&self, user: &str, secret: &Secret) -> Result<ClientWrapper, Error> {
        let mut config = Config::new();
        config.host(&self.host).port(self.port).dbname(&self.database).user(user).password(&secret.password);
        config.application_name(&self.application_name).options(self.limits.to_string());
        config.connect_timeout(CONNECT_TIMEOUT).tcp_user_timeout(TCP_USER_TIMEOUT);
        // After a failover the name may still resolve to the former writer.
        config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        if let Some(address) = self.hostaddr {
            config.hostaddr(address);
        }
        match tokio::time::timeout(CONNECT_TIMEOUT, self.open(config)).await {
            Ok(Ok(client)) => Ok(client),
            Ok(Err(source)) => Err(Error::Connect { address: self.address(), user: user.to_owned(), source }),
            Err(_) => Err(Error::ConnectTimeout { address: self.address(), seconds: CONNECT_TIMEOUT.as_secs() }),
        }
    }

    async fn open(&self, mut config: Config) -> Result<ClientWrapper, tokio_postgres::Error> {
        let (client, task) = match &self.tls {
            Tls::VerifyFull(tls) => {
                let tls = MakeRustlsConnect::new(ClientConfig::clone(tls));
                let (client, connection) = config.ssl_mode(SslMode::Require).connect(tls).await?;
                (client, tokio::spawn(async move { drop(connection.await) }))
            }
            Tls::Disable => {
                let (client, connection) = config.ssl_mode(SslMode::Disable).connect(NoTls).await?;
                (client, tokio::spawn(async move { drop(connection.await) }))
            }
        };
        Ok(ClientWrapper::new(client, task))
    }

    fn address(&self) -> String {
        match self.hostaddr {
            Some(address) => format!("{}:{}/{} at {address}", self.host, self.port, self.database),
            None => format!("{}:{}/{}", self.host, self.port, self.database),
        }
    }
}
