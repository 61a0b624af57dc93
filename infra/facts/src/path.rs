//! Paths to a value below `Properties`, as reviews, change sets and drift write them.

const SEPARATORS: [char; 4] = ['.', '/', '[', ']'];

/// The names and indexes of `Tags[0].Value`, `/Tags/0/Value` or `Parameters["rds.force_ssl"]`.
pub(crate) fn segments(path: &str) -> impl Iterator<Item = &str> {
    let mut rest = path;
    std::iter::from_fn(move || {
        loop {
            if let Some(quoted) = rest.strip_prefix("[\"") {
                let (key, after) = quoted.split_once("\"]").unwrap_or((quoted, ""));
                rest = after;
                return Some(key);
            }
            match rest.strip_prefix(SEPARATORS) {
                Some(after) => rest = after,
                None if rest.is_empty() => return None,
                None => {
                    let (name, after) = rest.split_at(rest.find(SEPARATORS).unwrap_or(rest.len()));
                    rest = after;
                    return Some(name);
                }
            }
        }
    })
}

/// The names alone, with dots between them.
pub(crate) fn names(path: &str) -> String {
    let is_index = |segment: &&str| segment.bytes().all(|byte| byte.is_ascii_digit());
    segments(path).filter(|segment| !is_index(segment)).collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_write_a_path_names_the_same() {
        let all = ["Tags[0].Value", "Tags.0.Value", "/Tags/0/Value", "[\"Tags\"][0].Value"];
        for path in all {
            assert_eq!(segments(path).collect::<Vec<_>>(), ["Tags", "0", "Value"], "{path}");
            assert_eq!(names(path), "Tags.Value", "{path}");
        }
        assert_eq!(segments("Parameters[\"rds.force_ssl\"]").collect::<Vec<_>>(), ["Parameters", "rds.force_ssl"]);
        assert_eq!(segments("A[\"unclosed").collect::<Vec<_>>(), ["A", "unclosed"]);
        assert_eq!(segments("").count() + segments("..").count(), 0);
    }
}
