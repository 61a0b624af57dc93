//! What this function is called: each system deploys it under its own name. The name must not change between deployments of
//! the same stack.

/// The function's name without the stage, such as `FipeDbInit` of `FipeDbInit-dev`.
pub fn function_name(deployed: &str, stage: &str) -> String {
    let name = deployed.strip_suffix(stage).and_then(|name| name.strip_suffix('-'));
    name.filter(|name| !name.is_empty()).unwrap_or(deployed).to_owned()
}

/// The physical id of a new resource, such as `fipe-db-init` of `FipeDbInit`.
pub fn physical_id(function_name: &str) -> String {
    let mut id = String::new();
    for letter in function_name.chars() {
        if letter.is_ascii_uppercase() && !id.is_empty() {
            id.push('-');
        }
        id.push(letter.to_ascii_lowercase());
    }
    id
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_system_has_a_name_and_an_id_of_its_own() {
        assert_eq!(function_name("FipeDbInit-dev", "dev"), "FipeDbInit");
        assert_eq!(function_name("FipeDbInit-dev", ""), "FipeDbInit-dev");
        assert_eq!(function_name("FipeDbInit", "dev"), "FipeDbInit");
        assert_eq!(physical_id("FipeDbInit"), "fipe-db-init");
        assert_eq!(physical_id("OrdersDbInit"), "orders-db-init");
    }
}
