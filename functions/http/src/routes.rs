//! Which resource a request means. Refuses to answer for resources that are not in its table: 404, and 405 with `Allow`.

use crate::problem::Problem;
use crate::request::Request;

/// A method of HTTP that a resource has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    Get,
    Post,
}

impl Method {
    pub fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
        }
    }
}

/// Method, path with `{name}` for a segment that varies, and what it means.
#[derive(Debug, Clone, Copy)]
pub struct Routes<'a, R>(pub &'a [(Method, &'static str, R)]);

/// What a request means, with the segments that varied, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found<'r, R> {
    pub route: R,
    pub segments: Vec<&'r str>,
}

impl<R: Copy> Routes<'_, R> {
    /// # Errors
    /// 404 for a path that is not in the table, 405 for a method that the path does not have.
    pub fn find<'r>(&self, request: &'r Request) -> Result<Found<'r, R>, Problem> {
        let mut allow = Vec::new();
        for (method, path, route) in self.0 {
            if let Some(segments) = match_path(path, &request.path) {
                if method.name() == request.method {
                    return Ok(Found { route: *route, segments });
                }
                allow.push(method.name());
            }
        }
        if allow.is_empty() {
            return Err(Problem::new(404).because(format!("there is nothing at {}", request.path)));
        }
        let allow = allow.join(", ");
        let detail = format!("{} has {allow}, not {}", request.path, request.method);
        Err(Problem { allow: Some(allow), ..Problem::new(405).because(detail) })
    }
}

fn match_path<'r>(pattern: &str, path: &'r str) -> Option<Vec<&'r str>> {
    let mut segments = Vec::new();
    let (mut wanted, mut given) = (pattern.split('/'), path.split('/'));
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return Some(segments),
            (Some(want), Some(give)) if want.starts_with('{') && !give.is_empty() => segments.push(give),
            (Some(want), Some(give)) if want == give => {}
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROUTES: Routes<'_, char> =
        Routes(&[(Method::Get, "/a", 'l'), (Method::Post, "/a", 'c'), (Method::Get, "/a/{id}/b", 'g')]);

    #[test]
    fn a_request_finds_its_route_and_what_varies_in_it() {
        let found = |method: &str, path: &str| {
            let request = Request::new(method, path);
            ROUTES.find(&request).map(|found| (found.route, found.segments.join(","))).map_err(|problem| problem.status)
        };
        assert_eq!(found("GET", "/a"), Ok(('l', String::new())));
        assert_eq!(found("POST", "/a"), Ok(('c', String::new())));
        assert_eq!(found("GET", "/a/7/b"), Ok(('g', "7".to_owned())));
        for (method, path) in [("GET", "/"), ("GET", "/a/"), ("GET", "/a//b"), ("GET", "/a/7"), ("GET", "/a/7/b/c")] {
            assert_eq!(found(method, path), Err(404), "{path}");
        }
    }

    #[test]
    fn another_method_is_told_which_there_are() {
        let problem = ROUTES.find(&Request::new("PUT", "/a")).unwrap_err();
        assert_eq!((problem.status, problem.allow.as_deref()), (405, Some("GET, POST")));
    }
}
