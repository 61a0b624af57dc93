//! Rust names for CloudFormation's names.

/// `DBClusterIdentifier` to `db_cluster_identifier`, as aws-cdk-lib splits words. Keywords are not yet escaped.
pub fn snake(name: &str) -> String {
    let mut text = name.to_owned();
    for (written, word) in [
        ("IPv4", "Ipv4"),
        ("IPv6", "Ipv6"),
        ("OAuth", "Oauth"),
        ("ARNs", "Arns"),
        ("IDs", "Ids"),
        ("CIDRs", "Cidrs"),
        ("AZs", "Azs"),
        ("VPCs", "Vpcs"),
        ("ACLs", "Acls"),
    ] {
        text = text.replace(written, word);
    }
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::new();
    for (index, c) in chars.iter().enumerate() {
        if !c.is_ascii_alphanumeric() {
            if !out.ends_with('_') && !out.is_empty() {
                out.push('_');
            }
            continue;
        }
        let before = index.checked_sub(1).map(|index| chars[index]);
        let after = chars.get(index + 1);
        let starts_word = c.is_ascii_uppercase()
            && before.is_some_and(|before| {
                before.is_ascii_lowercase()
                    || before.is_ascii_digit() && after.is_some_and(char::is_ascii_lowercase)
                    || before.is_ascii_uppercase() && after.is_some_and(char::is_ascii_lowercase)
            });
        if starts_word && !out.ends_with('_') {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    out.trim_end_matches('_').to_owned()
}

/// A valid Rust name: keywords become raw identifiers.
pub fn identifier(name: &str) -> String {
    const KEYWORDS: [&str; 30] = [
        "as", "async", "await", "break", "const", "continue", "dyn", "else", "enum", "extern", "false", "fn", "for",
        "if", "impl", "in", "let", "loop", "match", "mod", "move", "mut", "pub", "ref", "return", "static", "type",
        "use", "where", "while",
    ];
    match name {
        "self" | "super" | "crate" => format!("{name}_"),
        _ if KEYWORDS.contains(&name) => format!("r#{name}"),
        _ => name.to_owned(),
    }
}

/// `provided.al2023` to `PROVIDED_AL2023`, `PassThrough` to `PASS_THROUGH`.
pub fn constant(value: &str) -> String {
    let named = match value {
        "*" => "ANY".to_owned(),
        "" => "EMPTY".to_owned(),
        value => snake(value).to_ascii_uppercase(),
    };
    match named.chars().next() {
        None => "OTHER".to_owned(),
        Some(first) if first.is_ascii_digit() => format!("V{named}"),
        Some(_) => named,
    }
}

/// `redrivePolicy` to `RedrivePolicy`.
pub fn pascal(name: &str) -> String {
    let mut out = String::new();
    let mut upper = true;
    for c in name.chars() {
        match c.is_ascii_alphanumeric() {
            true if upper => out.push(c.to_ascii_uppercase()),
            true => out.push(c),
            false => {}
        }
        upper = !c.is_ascii_alphanumeric();
    }
    out
}
