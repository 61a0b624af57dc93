//! The login function, which has the users.

use aws_access::CallErrorKind;
use messages_contract::{LOGIN, Request};
use operate::aws::AwsCloud;
use operate::{InvokeError, invoke};
use serde::de::DeserializeOwned;
use serde_json::json;
use system::{Failed, Site};

use crate::stack;

/// What the login function responds to a request.
pub(super) async fn ask<T: DeserializeOwned>(site: &Site<'_>, request: &Request) -> Result<T, Failed> {
    let login = LOGIN.on_stage(site.stage.as_str());
    let answer = invoke(&AwsCloud::new(site.config), &login, &json!(request)).await;
    answer.map_err(|error| match error {
        InvokeError::Call(error) if error.kind == CallErrorKind::NotFound => {
            site.not_deployed(&format!("{}-{}", stack::NAME, site.stage))
        }
        error => error.into(),
    })
}
