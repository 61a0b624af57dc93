//! Operations of Lambda, which are a method and a path: <https://docs.aws.amazon.com/lambda/latest/api/API_Operations.html>.

use crate::call::Resource;
use crate::request::Request;

/// What a deployer asks to explain a failed function, by what follows the function's name.
const OF_FUNCTIONS: &[(&str, &str)] =
    &[("concurrency", "GetFunctionConcurrency"), ("configuration", "GetFunctionConfiguration")];

/// The operation and the function that it is about: `/<version>/functions/<name>/<what>`.
pub(crate) fn operation(request: &Request) -> Option<(&'static str, Resource)> {
    let parts: Vec<&str> = request.path().trim_matches('/').split('/').collect();
    let [_, "functions", name, what] = parts[..] else { return None };
    let known = OF_FUNCTIONS.iter().find(|(path, _)| request.method == "GET" && *path == what);
    let resource = Resource { kind: "AWS::Lambda::Function", name: name.to_owned(), below: String::new() };
    Some((known?.1, resource))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_is_known_by_method_and_path() {
        let named = |method: &str, target: &str| {
            let request = Request { method: method.to_owned(), target: target.to_owned(), ..Request::default() };
            operation(&request).map(|(operation, function)| (operation, function.name))
        };
        let told = named("GET", "/2019-09-30/functions/F/concurrency");
        assert_eq!(told, Some(("GetFunctionConcurrency", "F".to_owned())));
        assert_eq!(named("PUT", "/2015-03-31/functions/F/configuration"), None);
        assert_eq!(named("POST", "/2015-03-31/functions/F/invocations"), None);
        assert_eq!(named("GET", "/2015-03-31/functions"), None);
    }
}
