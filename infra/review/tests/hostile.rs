//! Texts that want to break the reader: deep, huge by aliases, or damaged. A refusal with a place, never a panic.

use std::path::PathBuf;

use review::{Options, Pair, parse, review};

fn refusal(text: &str) -> String {
    let error = parse("t", text).expect_err("refused");
    assert!(error.line > 0 && error.column > 0, "{error}");
    error.message
}

#[test]
fn a_text_nested_without_end_is_refused() {
    for text in [
        format!("Resources: {}", "[".repeat(100_000)),
        format!("Resources:\n  {}x", "- ".repeat(50_000)),
        format!("{{\"Resources\": {}", "{\"a\": ".repeat(100_000)),
        format!("{{\"Resources\": {}", "[".repeat(100_000)),
        format!("Resources: {}x", "!Ref ".repeat(10_000)),
    ] {
        refusal(&text);
    }
    let deep = (0..150).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect::<String>();
    assert!(refusal(&deep).contains("deeper than 100"), "{}", refusal(&deep));
}

#[test]
fn aliases_that_multiply_are_refused_before_they_do() {
    let mut text = String::from("Metadata:\n  a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..12 {
        let before = format!("*a{}", level - 1);
        text.push_str(&format!("  a{level}: &a{level} [{}]\n", vec![before; 10].join(", ")));
    }
    text.push_str("Resources: {T: {Type: 'AWS::SNS::Topic'}}\n");
    assert!(refusal(&text).contains("aliases make more than"), "{}", refusal(&text));
    assert!(!refusal("Resources: &r {T: *r}").is_empty());
    let mut chain = String::from("Metadata:\n  a0: &a0 [x]\n");
    for level in 1..150 {
        chain.push_str(&format!("  a{level}: &a{level} [*a{}]\n", level - 1));
    }
    assert!(refusal(&chain).contains("deeper than 100"));
}

#[test]
fn conditions_in_a_circle_end() {
    let text = |days: u8| {
        format!(
            "Conditions: {{A: !Condition B, B: !Not [!Condition A]}}\nResources: {{L: {{Type: 'AWS::Logs::LogGroup', Condition: A, Properties: {{RetentionInDays: !If [B, {days}, 9]}}}}}}"
        )
    };
    let read = |days| Some(parse("t", &text(days)).expect("a template"));
    let pair = Pair { stage: None, stack: "S".to_owned(), before: read(5), after: read(3) };
    assert_eq!(review(&[pair], &Options::default()).changes.len(), 1);
}

#[test]
fn our_own_templates_with_random_bytes_never_panic() {
    let mut seed: u64 = 0x9E37_79B9_7F4A_7C15;
    let mut random = |below: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        (seed >> 11) as usize % below
    };
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../environments/prd/templates");
    let (mut read, mut refused) = (0, 0);
    for file in std::fs::read_dir(root).expect("templates").flatten() {
        let whole = std::fs::read(file.path()).expect("a template");
        let original = parse("t", &String::from_utf8_lossy(&whole)).expect("ours");
        for _ in 0..150 {
            let start = random(whole.len() / 2);
            let mut bytes =
                if random(2) == 0 { whole[start..].to_vec() } else { whole[..whole.len() - start].to_vec() };
            bytes.truncate(8_000);
            for _ in 0..=random(4) {
                let at = random(bytes.len());
                bytes[at] = if random(2) == 0 { b"{}[]:,-?!&*#|>@`'\"%\t\n ~<"[random(24)] } else { random(256) as u8 };
            }
            match parse("t", &String::from_utf8_lossy(&bytes)) {
                Ok(template) => {
                    read += 1;
                    let pair = Pair {
                        stage: None,
                        stack: "S".to_owned(),
                        before: Some(original.clone()),
                        after: Some(template),
                    };
                    review(&[pair], &Options::default()).to_json();
                }
                Err(error) => {
                    refused += 1;
                    assert!(error.line > 0 && error.column > 0, "{error}");
                }
            }
        }
    }
    assert!(read > 20 && refused > 20, "{read} read, {refused} refused: the damage is too weak or too strong");
}
