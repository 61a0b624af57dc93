//! Which resource a request is for. Paths outside the route table get 404, unsupported methods 405 with `Allow`.
//! `HEAD` finds what `GET` finds; its response loses its body in [`serve`](crate::serve).

use contract::{FunctionNames, Matches, Method, Route};

use crate::problem::Problem;
use crate::request::Request;

/// The routes of an API that one of its functions handles.
#[derive(Debug, Clone, Copy)]
pub struct Routes<'a, O> {
    /// All routes of the API.
    pub of_api: &'a [Route<O>],
    pub function: FunctionNames,
}

/// The operation of a request, with the variable segments in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found<'r, O> {
    pub operation: O,
    pub segments: Vec<&'r str>,
}

impl<O: Copy> Routes<'_, O> {
    /// # Errors
    /// 404 for a path that is not in the table, 405 for a method that the path does not support.
    pub fn find<'r>(&self, request: &'r Request) -> Result<Found<'r, O>, Problem> {
        let mut allow = Vec::new();
        let wanted = if request.is_head() { Method::Get.name() } else { &request.method };
        for route in self.of_api.iter().filter(|route| route.function == self.function) {
            let Matches::Operation { method, path, operation } = route.matches else { continue };
            if let Some(segments) = match_path(path, &request.path) {
                if method.name() == wanted {
                    return Ok(Found { operation, segments });
                }
                // A path can match several routes: `/a/b` is `/a/{id}`, too.
                if !allow.contains(&method.name()) {
                    allow.push(method.name());
                }
            }
        }
        if allow.is_empty() {
            return Err(Problem::new(404).because(format!("there is nothing at {}", request.path)));
        }
        let allow = allow.join(", ");
        let detail = format!("{} has {allow}, not {}", request.path, request.method);
        Err(Problem::new(405).because(detail).allowing(allow))
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

    const FUNCTION: FunctionNames = FunctionNames { name: "Things", asset: "things" };
    const OTHER: FunctionNames = FunctionNames { name: "Others", asset: "others" };
    const ROUTES: Routes<'_, char> = Routes {
        of_api: &[
            route(Method::Get, "/a", 'l', FUNCTION),
            route(Method::Post, "/a", 'c', FUNCTION),
            route(Method::Get, "/a/{id}/b", 'g', FUNCTION),
            route(Method::Post, "/c", 'p', FUNCTION),
            route(Method::Get, "/c/fixed", 'f', FUNCTION),
            route(Method::Get, "/c/{id}", 'v', FUNCTION),
            route(Method::Get, "/other", 'o', OTHER),
            Route { id: "AnyA", matches: Matches::AnyMethod { path: "/a" }, function: FUNCTION },
        ],
        function: FUNCTION,
    };

    const fn route(method: Method, path: &'static str, operation: char, function: FunctionNames) -> Route<char> {
        Route { id: "Route", matches: Matches::Operation { method, path, operation }, function }
    }

    #[test]
    fn a_request_finds_its_route_and_what_varies_in_it() {
        let found = |method: &str, path: &str| {
            let request = Request::new(method, path);
            ROUTES
                .find(&request)
                .map(|found| (found.operation, found.segments.join(",")))
                .map_err(|problem| problem.status)
        };
        assert_eq!(found("GET", "/a"), Ok(('l', String::new())));
        assert_eq!(found("POST", "/a"), Ok(('c', String::new())));
        assert_eq!(found("GET", "/a/7/b"), Ok(('g', "7".to_owned())));
        assert_eq!(found("HEAD", "/a"), Ok(('l', String::new())));
        for (method, path) in
            [("GET", "/"), ("GET", "/a/"), ("GET", "/a//b"), ("GET", "/a/7"), ("GET", "/a/7/b/c"), ("GET", "/other")]
        {
            assert_eq!(found(method, path), Err(404), "{path}");
        }
    }

    #[test]
    fn another_method_is_told_which_there_are() {
        let problem = ROUTES.find(&Request::new("PUT", "/a")).unwrap_err();
        assert_eq!((problem.status, problem.allow.as_deref()), (405, Some("GET, POST")));
        let problem = ROUTES.find(&Request::new("POST", "/c/fixed")).unwrap_err();
        assert_eq!((problem.status, problem.allow.as_deref()), (405, Some("GET")));
        let problem = ROUTES.find(&Request::new("HEAD", "/c")).unwrap_err();
        assert_eq!((problem.status, problem.allow.as_deref()), (405, Some("POST")));
    }
}
