//! Paths through a tree: `Environment.Variables.URL`, `Policies[0].PolicyDocument`, `Parameters["rds.force_ssl"]`.

/// Appends a key to a path such as `A.B`; one with dots or brackets is quoted.
pub fn push_key(path: &mut String, key: &str) {
    if key.contains(['.', '[', ']', '"']) {
        path.push_str("[\"");
        path.push_str(key);
        path.push_str("\"]");
    } else {
        if !path.is_empty() {
            path.push('.');
        }
        path.push_str(key);
    }
}

/// Appends an index to a path: `A.B[0]`.
pub fn push_index(path: &mut String, index: usize) {
    path.push('[');
    path.push_str(&index.to_string());
    path.push(']');
}

/// The keys and indexes of a path: the inverse of the two above.
pub fn segments(path: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        rest = rest.strip_prefix('.').unwrap_or(rest);
        if let Some(quoted) = rest.strip_prefix("[\"") {
            let end = quoted.find("\"]").unwrap_or(quoted.len());
            found.push(quoted[..end].to_owned());
            rest = quoted.get(end + 2..).unwrap_or_default();
        } else if let Some(index) = rest.strip_prefix('[') {
            let end = index.find(']').unwrap_or(index.len());
            found.push(index[..end].to_owned());
            rest = index.get(end + 1..).unwrap_or_default();
        } else {
            let end = rest.find(['.', '[']).unwrap_or(rest.len());
            if end == 0 {
                break;
            }
            found.push(rest[..end].to_owned());
            rest = &rest[end..];
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_taken_apart_as_it_was_put_together() {
        let mut path = String::new();
        push_key(&mut path, "Parameters");
        push_key(&mut path, "rds.force_ssl");
        push_index(&mut path, 3);
        push_key(&mut path, "Value");
        assert_eq!(path, "Parameters[\"rds.force_ssl\"][3].Value");
        assert_eq!(segments(&path), ["Parameters", "rds.force_ssl", "3", "Value"]);
        for broken in ["", ".", "[", "[\"", "A..B", "A["] {
            segments(broken);
        }
    }
}
