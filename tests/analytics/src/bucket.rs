//! The bucket as people and programs use it, and any other bucket beside it.

use anyhow::{Context, ensure};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::header::HeaderMap;
use test_harness::http::authorization;

/// What stands for itself in the path of an object.
const KEY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b'/');

/// A version of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    pub key: String,
    pub version: String,
}

/// A bucket of the emulator.
#[derive(Debug, Clone)]
pub struct Bucket {
    pub http: reqwest::Client,
    pub endpoint: String,
    pub name: String,
}

impl Bucket {
    /// Makes a bucket that keeps versions and tells nobody about them.
    ///
    /// # Errors
    /// The emulator refuses it.
    pub async fn create_beside(&self, name: &str) -> anyhow::Result<Self> {
        let other = Self { name: name.to_owned(), ..self.clone() };
        other.call("PUT", "", &[], String::new()).await?;
        let versioning = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
        other.call("PUT", "?versioning", &[], versioning).await?;
        Ok(other)
    }

    /// # Errors
    /// The bucket does not take it.
    pub async fn put(&self, key: &str, body: impl Into<reqwest::Body>) -> anyhow::Result<Object> {
        self.put_with(key, &[], body).await
    }

    /// With headers, such as metadata.
    ///
    /// # Errors
    /// The bucket does not take it.
    pub async fn put_with(
        &self,
        key: &str,
        headers: &[(&str, &str)],
        body: impl Into<reqwest::Body>,
    ) -> anyhow::Result<Object> {
        let (headers, _) = self.call("PUT", &path(key), headers, body).await?;
        object(key, &headers)
    }

    /// In parts.
    ///
    /// # Errors
    /// The bucket does not take them.
    pub async fn put_in_parts(&self, key: &str, parts: Vec<Vec<u8>>) -> anyhow::Result<Object> {
        let path = path(key);
        let (_, begun) = self.call("POST", &format!("{path}?uploads"), &[], String::new()).await?;
        let id = between(&begun, "<UploadId>", "</UploadId>");
        let mut list = String::new();
        for (number, part) in (1..).zip(parts) {
            let (headers, _) =
                self.call("PUT", &format!("{path}?partNumber={number}&uploadId={id}"), &[], part).await?;
            let tag = header(&headers, "etag");
            list += &format!("<Part><PartNumber>{number}</PartNumber><ETag>{tag}</ETag></Part>");
        }
        let all = format!("<CompleteMultipartUpload>{list}</CompleteMultipartUpload>");
        let (headers, _) = self.call("POST", &format!("{path}?uploadId={id}"), &[], all).await?;
        object(key, &headers)
    }

    /// Copies an object of this bucket.
    ///
    /// # Errors
    /// It is not there.
    pub async fn copy(&self, from: &str, to: &str) -> anyhow::Result<Object> {
        let source = format!("/{}{}", self.name, path(from));
        let (headers, _) = self.call("PUT", &path(to), &[("x-amz-copy-source", &source)], String::new()).await?;
        object(to, &headers)
    }

    /// Removes the key: it gets a marker, and the versions stay.
    ///
    /// # Errors
    /// The emulator refuses it.
    pub async fn remove(&self, key: &str) -> anyhow::Result<()> {
        self.call("DELETE", &path(key), &[], String::new()).await.map(drop)
    }

    /// Removes a version for good.
    ///
    /// # Errors
    /// The emulator refuses it.
    pub async fn remove_version(&self, object: &Object) -> anyhow::Result<()> {
        let path = format!("{}?versionId={}", path(&object.key), object.version);
        self.call("DELETE", &path, &[], String::new()).await.map(drop)
    }

    async fn call(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<reqwest::Body>,
    ) -> anyhow::Result<(HeaderMap, String)> {
        let url = format!("{}/{}{path}", self.endpoint, self.name);
        let mut request = self.http.request(method.parse()?, url).header("Authorization", authorization("s3"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = request.body(body).send().await?;
        let (status, headers, text) = (answer.status(), answer.headers().clone(), answer.text().await?);
        ensure!(status.is_success(), "{method} {path} ended with {status}: {text}");
        Ok((headers, text))
    }
}

fn path(key: &str) -> String {
    format!("/{}", utf8_percent_encode(key, KEY))
}

fn object(key: &str, headers: &HeaderMap) -> anyhow::Result<Object> {
    let version = header(headers, "x-amz-version-id").to_owned();
    Some(version)
        .filter(|version| !version.is_empty())
        .map(|version| Object { key: key.to_owned(), version })
        .with_context(|| format!("{key} has no version: {headers:?}"))
}

fn header<'h>(headers: &'h HeaderMap, name: &str) -> &'h str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

fn between<'t>(text: &'t str, open: &str, close: &str) -> &'t str {
    text.split_once(open).and_then(|(_, rest)| Some(rest.split_once(close)?.0)).unwrap_or_default()
}
