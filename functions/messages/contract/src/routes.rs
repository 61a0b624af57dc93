//! The API's routes, in the order in which the stack declares them. Whatever matches none of them is answered by [`crate::STATUS`].

use contract::{FunctionNames, Matches, Method, Route};

use crate::{LOGIN, PRODUCER, STATUS};

/// The operations of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    Login,
    /// Another pair of tokens for a refresh token.
    Refresh,
    /// Revokes a refresh token and all that came from the same login.
    Logout,
    /// The public keys of tokens (RFC 7517).
    Keys,
    /// One message, or an array of them.
    Send,
    /// Straight to the dead-letter queue.
    SendDead,
    /// The counts of the main queue.
    MainStatus,
    /// The counts of a queue by its name.
    QueueStatus,
    /// Sends dead letters again, of the main queue.
    ReprocessMain,
    /// Sends dead letters of a queue again, by its name.
    Reprocess,
    /// Dead and parked messages.
    Dead,
    /// A replay that takes longer than a request.
    Job,
    StopJob,
    /// What became of a message.
    Message,
    /// The page that people look at.
    Page,
    /// The page that shows the API description.
    Docs,
    /// A file that that page loads.
    DocsFile,
    /// The description itself.
    OpenApi,
}

impl Operation {
    /// Whether a bearer token is needed. Pages and descriptions show no data.
    pub fn needs_token(self) -> bool {
        !matches!(
            self,
            Self::Login
                | Self::Refresh
                | Self::Logout
                | Self::Keys
                | Self::Page
                | Self::Docs
                | Self::DocsFile
                | Self::OpenApi
        )
    }
}

/// The path of one message.
pub const MESSAGE: &str = "/messages/{id}";
/// The path of one replay job.
pub const JOB: &str = "/messages/jobs/{id}";

/// Paths with fixed segments come before those that vary.
pub const ROUTES: &[Route<Operation>] = &[
    post("PostLogin", "/users/login", Operation::Login, LOGIN),
    post("PostRefresh", "/users/refresh", Operation::Refresh, LOGIN),
    post("PostLogout", "/users/logout", Operation::Logout, LOGIN),
    get("GetKeys", "/.well-known/jwks.json", Operation::Keys, LOGIN),
    post("PostSend", "/messages/send", Operation::Send, PRODUCER),
    post("PostSendDead", "/messages/send/dlq", Operation::SendDead, PRODUCER),
    get("GetStatus", "/messages/status", Operation::MainStatus, STATUS),
    get("GetQueueStatus", "/messages/status/{queue_name}", Operation::QueueStatus, STATUS),
    post("PostReprocessMain", "/messages/dlq/reprocess", Operation::ReprocessMain, STATUS),
    post("PostReprocess", "/messages/reprocess/{queue_name}", Operation::Reprocess, STATUS),
    get("GetDead", "/messages/dead", Operation::Dead, STATUS),
    get("GetJob", JOB, Operation::Job, STATUS),
    post("PostStopJob", "/messages/jobs/{id}/stop", Operation::StopJob, STATUS),
    get("GetMessage", MESSAGE, Operation::Message, STATUS),
    get("GetPage", "/messages", Operation::Page, STATUS),
    get("GetDocs", "/docs", Operation::Docs, STATUS),
    get("GetDocsFile", "/docs/{file}", Operation::DocsFile, STATUS),
    get("GetOpenApi", "/openapi.json", Operation::OpenApi, STATUS),
    any("AnyLogin", "/users/{action}", LOGIN),
    any("AnyKeys", "/.well-known/jwks.json", LOGIN),
    any("AnySend", "/messages/send", PRODUCER),
    any("AnySendDead", "/messages/send/dlq", PRODUCER),
    Route { id: "AnythingElse", matches: Matches::Rest, function: STATUS },
];

const fn get(id: &'static str, path: &'static str, operation: Operation, function: FunctionNames) -> Route<Operation> {
    Route { id, matches: Matches::Operation { method: Method::Get, path, operation }, function }
}

const fn post(id: &'static str, path: &'static str, operation: Operation, function: FunctionNames) -> Route<Operation> {
    Route { id, matches: Matches::Operation { method: Method::Post, path, operation }, function }
}

const fn any(id: &'static str, path: &'static str, function: FunctionNames) -> Route<Operation> {
    Route { id, matches: Matches::AnyMethod { path }, function }
}
