//! Routes of an HTTP API, declared once: the stack's routes, the functions' route tables and the paths of the API description
//! all come from the same list.

use crate::FunctionNames;

/// An HTTP method that an operation can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    Get,
    Post,
}

impl Method {
    /// `GET`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
        }
    }
}

/// One route of an API; `O` says what the function does for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Route<O> {
    /// Its logical id in the stack.
    pub id: &'static str,
    pub matches: Matches<O>,
    pub function: FunctionNames,
}

/// Which requests a route matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Matches<O> {
    /// One method of a path, with `{name}` for a segment that varies.
    Operation { method: Method, path: &'static str, operation: O },
    /// The methods of a path that no other route matches; the function responds with a problem document.
    AnyMethod { path: &'static str },
    /// Everything that no other route matches; the function responds with a problem document.
    Rest,
}

impl<O> Route<O> {
    /// The route key of API Gateway, such as `GET /products/{id}`.
    pub fn key(&self) -> String {
        match self.matches {
            Matches::Operation { method, path, .. } => format!("{} {path}", method.name()),
            Matches::AnyMethod { path } => format!("ANY {path}"),
            Matches::Rest => "$default".to_owned(),
        }
    }
}
