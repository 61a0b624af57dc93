//! TLS with certificates of a test authority. The server binaries of the tools have no TLS, so a TLS-terminating proxy
//! handles it for them: PostgreSQL's `SSLRequest`, the handshake, then the bytes unchanged.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use function_postgres::{Endpoint, Error, Pool, Tls};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls_pki_types::PrivateKeyDer;
use tempfile::TempDir;
use test_postgres::Server;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::{Owner, endpoint, owner};

const NAME: &str = "fipe.cluster-abc.sa-east-1.rds.test";
/// `SSLRequest`: its length and 80877103.
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];

type Issuer = CertifiedIssuer<'static, KeyPair>;

fn authority() -> Issuer {
    let mut params = CertificateParams::new([]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// Serves TLS with a certificate for [`NAME`] in front of the shared server; returns its port.
async fn front(authority: &Issuer) -> u16 {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new([NAME.to_owned()]).unwrap().signed_by(&key, authority).unwrap();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_no_client_auth().with_single_cert(vec![certificate.into()], key).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let behind = Server::shared().port();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let mut request = [0; 8];
                client.read_exact(&mut request).await?;
                assert_eq!(request, SSL_REQUEST, "a connection without TLS");
                client.write_all(b"S").await?;
                let mut client = acceptor.accept(client).await?;
                assert_eq!(client.get_ref().1.server_name(), Some(NAME));
                let mut server = TcpStream::connect(("127.0.0.1", behind)).await?;
                tokio::io::copy_bidirectional(&mut client, &mut server).await
            });
        }
    });
    port
}

fn bundle(directory: &TempDir, authority: &Issuer) -> PathBuf {
    let path = directory.path().join("bundle.pem");
    std::fs::write(&path, authority.pem()).unwrap();
    path
}

async fn connect(host: &str, port: u16, tls: Tls) -> Result<i32, Error> {
    let hostaddr = Some([127, 0, 0, 1].into());
    let endpoint = Endpoint { host: host.to_owned(), hostaddr, port, tls, ..endpoint(Server::shared(), "postgres") };
    let client = Pool::new(endpoint, None, Arc::new(Owner)).get().await?;
    Ok(client.query_one("SELECT 42", &[]).await?.get(0))
}

fn chain(error: &Error) -> String {
    let sources = std::iter::successors(Some(error as &dyn std::error::Error), |error| error.source());
    sources.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

#[tokio::test]
async fn verify_full_accepts_the_right_name_of_a_known_authority_alone() {
    let directory = tempfile::tempdir().unwrap();
    let known = authority();
    let port = front(&known).await;
    let tls = Tls::read("verify-full", &bundle(&directory, &known), "prd").unwrap();
    assert_eq!(connect(NAME, port, tls).await.unwrap(), 42);

    let stranger = Tls::read("verify-full", &bundle(&directory, &authority()), "prd").unwrap();
    let error = connect(NAME, port, stranger).await.unwrap_err();
    assert!(chain(&error).contains("invalid peer certificate"), "{}", chain(&error));
    assert!(!error.is_retryable());
}

#[tokio::test]
async fn verify_full_refuses_another_name() {
    let directory = tempfile::tempdir().unwrap();
    let known = authority();
    let port = front(&known).await;
    let tls = Tls::read("verify-full", &bundle(&directory, &known), "prd").unwrap();
    let error = connect("other.cluster-abc.sa-east-1.rds.test", port, tls).await.unwrap_err();
    assert!(chain(&error).contains("not valid for name"), "{}", chain(&error));
    assert!(!error.is_retryable());
}

#[tokio::test]
async fn verify_full_refuses_a_server_without_tls() {
    assert!(owner(Server::shared(), "postgres").get().await.is_ok());
    let directory = tempfile::tempdir().unwrap();
    let tls = Tls::read("verify-full", &bundle(&directory, &authority()), "prd").unwrap();
    let error = connect(NAME, Server::shared().port(), tls).await.unwrap_err();
    assert!(chain(&error).contains("does not support TLS"), "{}", chain(&error));
}

#[test]
fn plain_connections_are_for_the_local_stage_alone() {
    let nowhere = Path::new("/nowhere/rds.pem");
    assert!(matches!(Tls::read("disable", nowhere, "local"), Ok(Tls::Disable)));
    for (mode, stage) in [("disable", "dev"), ("disable", "prd"), ("require", "local"), ("", "prd")] {
        let error = Tls::read(mode, nowhere, stage).unwrap_err();
        assert!(matches!(error, Error::TlsMode { .. }), "{mode} {stage}: {error}");
    }
}

#[test]
fn a_bundle_without_certificates_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let empty = directory.path().join("empty.pem");
    std::fs::write(&empty, "no certificate\n").unwrap();
    for path in [empty.as_path(), Path::new("/nowhere/rds.pem")] {
        let error = Tls::read("verify-full", path, "prd").unwrap_err();
        assert!(matches!(error, Error::CaBundle { .. }), "{error}");
        assert!(error.to_string().contains(&path.display().to_string()));
    }
}
