//! A signed request of HTTP: who signed it, for which service, and what is in its address. Knows no service.

use std::collections::BTreeMap;

/// A request of HTTP as it was sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    pub method: String,
    /// With its query, as sent.
    pub target: String,
    /// Names in lower case.
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
}

impl Request {
    /// The service that it was signed for, in a header or in the query.
    pub(crate) fn service(&self) -> Option<String> {
        self.scope()?.split('/').nth(3).map(str::to_owned)
    }

    /// The access key that it was signed with; an emulator takes the number of an account.
    pub fn access_key(&self) -> Option<String> {
        self.scope()?.split('/').next().map(str::to_owned)
    }

    /// `<key>/<date>/<region>/<service>/aws4_request`
    fn scope(&self) -> Option<String> {
        let header = self.headers.get("authorization").and_then(|header| header.split("Credential=").nth(1));
        let scope = header.map(|rest| rest.split(',').next().unwrap_or_default().to_owned());
        scope.or_else(|| self.query("X-Amz-Credential"))
    }

    /// Whether it was signed in its address, by somebody else than who sends it.
    pub fn is_presigned(&self) -> bool {
        self.query("X-Amz-Signature").is_some()
    }

    pub(crate) fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// A parameter of the query, decoded; empty where it has no value.
    pub(crate) fn query(&self, name: &str) -> Option<String> {
        let (_, query) = self.target.split_once('?')?;
        let mut parameters = form_urlencoded::parse(query.as_bytes());
        parameters.find(|(parameter, _)| parameter == name).map(|(_, value)| value.into_owned())
    }
}
