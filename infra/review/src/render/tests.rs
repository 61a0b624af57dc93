//! All three renderers, on a usual review and on one that a stranger wrote to break out.

use std::collections::BTreeSet;

use super::*;
use crate::{
    Acceptance, Action, Category, Cause, Change, Finding, IngressChange, Options, Pair, PermissionChange,
    PropertyChange, Replacement, SectionChange, Severity, Skew, graphs, parse, review,
};

/// Everything that could end an element, an attribute, a script, a table's cell, a fence, a line or the direction of writing.
const HOSTILE: &str =
    "x</script><script>alert(1)</script>\"' onload='y' -->&amp;{{ 7*7 }}\u{202e}\u{1b}[2J|`````</details>\n@team";

fn hostile_change(stage: Option<&str>) -> Change {
    let text = || HOSTILE.to_owned();
    let finding = |severity, accepted| Finding {
        category: Category::Exposure,
        rule: "exposure/test",
        severity,
        path: text(),
        reason: text(),
        accepted,
    };
    Change {
        stage: stage.map(str::to_owned),
        stack: text(),
        logical_id: text(),
        resource_type: text(),
        action: Action::Modify,
        replacement: Replacement::Yes,
        replaced_by: vec![Cause {
            path: text(),
            logical_id: Some(text()),
            replacement: Replacement::Yes,
            reason: text(),
        }],
        properties: vec![PropertyChange {
            path: text(),
            attribute: false,
            before: Some(text()),
            after: Some(format!("{HOSTILE}\n```\nmore")),
            replacement: Replacement::Maybe,
            write_only: false,
            because: Some(text()),
        }],
        findings: vec![
            finding(Severity::Danger, None),
            finding(Severity::Danger, Some(Acceptance { reason: text(), until: text() })),
            finding(Severity::Notice, None),
        ],
        renamed_from: Some(text()),
        renamed_to: Some(text()),
    }
}

fn hostile() -> Review {
    let text = || HOSTILE.to_owned();
    Review {
        changes: vec![hostile_change(Some(HOSTILE)), hostile_change(None)],
        sections: vec![SectionChange {
            stage: Some(text()),
            stack: text(),
            section: text(),
            name: text(),
            action: Action::Add,
            before: None,
            after: Some(text()),
            findings: vec![Finding {
                category: Category::Exposure,
                rule: "exposure/test",
                severity: Severity::Danger,
                path: text(),
                reason: text(),
                accepted: None,
            }],
        }],
        skew: vec![Skew {
            behind: text(),
            ahead: text(),
            stack: text(),
            logical_id: text(),
            resource_type: text(),
            path: text(),
            behind_value: None,
            ahead_value: Some(text()),
        }],
        permissions: vec![PermissionChange {
            stage: Some(text()),
            stack: text(),
            logical_id: text(),
            path: text(),
            principal: text(),
            effect: "Allow",
            actions: vec![text()],
            resources: vec![text()],
            condition: text(),
            action: Action::Add,
            broadens: true,
        }],
        ingress: vec![IngressChange {
            stage: Some(text()),
            stack: text(),
            logical_id: text(),
            path: text(),
            group: text(),
            direction: "ingress",
            protocol: text(),
            ports: text(),
            peer: text(),
            action: Action::Add,
        }],
    }
}

const BEFORE: &str = "Resources:
  Queue: {Type: AWS::SQS::Queue, Properties: {QueueName: jobs-STAGE, DelaySeconds: 1}}
  Loader: {Type: AWS::Lambda::Function, Properties: {Role: !GetAtt Role.Arn, MemorySize: 128, Environment: {Variables: {URL: !Ref Queue}}}}
  Role: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {}}}
  Table: {Type: AWS::DynamoDB::Table, DeletionPolicy: Delete}";

/// The queue is renamed and the table is gone on two stages; a function gets memory on one.
fn usual() -> Vec<Pair> {
    let pair = |stage: &str, memory: &str| {
        let before = BEFORE.replace("STAGE", stage);
        let after = before
            .replace("jobs", "work")
            .replace("128", memory)
            .replace("\n  Table: {Type: AWS::DynamoDB::Table, DeletionPolicy: Delete}", "");
        let read = |text: &str| Some(parse("Jobs", text).unwrap());
        Pair { stage: Some(stage.to_owned()), stack: "Jobs".to_owned(), before: read(&before), after: read(&after) }
    };
    vec![pair("dev", "128"), pair("prd", "256")]
}

fn with_report<T>(review: &Review, graphs: &[Graph], stages: &[&str], of: impl FnOnce(&Report<'_>) -> T) -> T {
    let stages: Vec<String> = stages.iter().map(|stage| (*stage).to_owned()).collect();
    let notes = [HOSTILE.to_owned()];
    of(&Report {
        title: "Review",
        before: HOSTILE,
        after: "working tree",
        review,
        stages: &stages,
        notes: &notes,
        graphs,
    })
}

fn usual_page() -> String {
    let pairs = usual();
    let review = review(&pairs, &Options::default());
    let graphs = graphs(&pairs, &review);
    with_report(&review, &graphs, &["dev", "stg", "prd"], |report| html(report).unwrap())
}

fn hostile_page() -> String {
    let name = HOSTILE.replace('\n', "\\n").replace('"', "\\\"").replace('\u{1b}', "\\u001b");
    let text = format!(
        "{{\"Resources\": {{\"{name}\": {{\"Type\": \"{name}\", \"Properties\": {{\"A\": {{\"Ref\": \"Other\"}}}}}}, \"Other\": {{\"Type\": \"A::B::C\"}}}}}}"
    );
    let template = parse("t", &text).unwrap();
    let pair = Pair {
        stage: Some(HOSTILE.to_owned()),
        stack: HOSTILE.to_owned(),
        before: Some(template.clone()),
        after: Some(template),
    };
    let review = hostile();
    let graphs = graphs(&[pair], &review);
    assert_eq!(graphs.len(), 1);
    with_report(&review, &graphs, &[HOSTILE], |report| html(report).unwrap())
}

/// An element as the page has it.
struct Element {
    name: String,
    attributes: Vec<(String, String)>,
}

impl Element {
    fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// Reads the page strictly: every element closed, every attribute quoted, no two of a name; panics otherwise.
fn elements(page: &str) -> Vec<Element> {
    const VOID: [&str; 4] = ["meta", "input", "br", "!doctype"];
    let (mut elements, mut open): (Vec<Element>, Vec<String>) = (Vec::new(), Vec::new());
    let mut rest = page;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        let end = tag_end(rest);
        let (tag, after) = (&rest[..end], &rest[end + 1..]);
        rest = after;
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(name), "closed in order");
            continue;
        }
        let is_closed = tag.ends_with('/');
        let tag = tag.trim_end_matches('/');
        let (name, mut text) = tag.split_once(char::is_whitespace).unwrap_or((tag, ""));
        let mut attributes: Vec<(String, String)> = Vec::new();
        while !text.trim_start().is_empty() {
            text = text.trim_start();
            let end = text.find(|letter: char| letter == '=' || letter.is_whitespace()).unwrap_or(text.len());
            let (key, tail) = text.split_at(end);
            let (value, tail) = match tail.strip_prefix("=\"") {
                Some(tail) => tail.split_once('"').expect("a closing quote"),
                None => ("", tail.strip_prefix('=').map_or(tail, |bare| panic!("{key} is not quoted: {bare}"))),
            };
            assert!(
                key.chars().all(|letter| letter.is_ascii_alphanumeric() || "-:!".contains(letter)),
                "attribute {key} of {name}"
            );
            assert!(attributes.iter().all(|(known, _)| known != key), "{key} twice in {tag}");
            attributes.push((key.to_owned(), value.to_owned()));
            text = tail;
        }
        let name = name.to_ascii_lowercase();
        if name == "script" || name == "style" {
            let close = rest.find(&format!("</{name}>")).expect("closed");
            rest = &rest[close..];
        }
        if !is_closed && !VOID.contains(&name.as_str()) {
            open.push(name.clone());
        }
        elements.push(Element { name, attributes });
    }
    assert_eq!(open, [""; 0], "all closed");
    elements
}

fn tag_end(text: &str) -> usize {
    let mut is_quoted = false;
    text.find(|letter| {
        is_quoted ^= letter == '"';
        letter == '>' && !is_quoted
    })
    .expect("a closing bracket")
}

fn assert_sound(page: &str) -> Vec<Element> {
    let elements = elements(page);
    let count = |name: &str| elements.iter().filter(|element| element.name == name).count();
    assert_eq!((count("script"), count("style"), count("main"), count("h1")), (1, 1, 1, 1));
    let mut ids = BTreeSet::new();
    for element in &elements {
        for (name, value) in &element.attributes {
            assert!(!name.starts_with("on") && name != "style" && name != "src", "{name}={value}");
            assert!(name != "id" || ids.insert(value.clone()), "id {value} twice");
            assert!(!value.contains('<'), "{name}={value}");
        }
    }
    for element in &elements {
        if let Some(target) = element.attribute("href") {
            assert!(target.strip_prefix('#').is_some_and(|id| ids.contains(id)), "{target} leads nowhere");
        }
        for name in ["aria-labelledby", "data-change", "data-from", "data-to"] {
            let target = element.attribute(name);
            assert!(target.is_none_or(|id| ids.contains(id)), "{name} {target:?} leads nowhere");
        }
        let is_named = |element: &Element| {
            element.attribute("aria-label").is_some() || element.attribute("aria-labelledby").is_some()
        };
        assert!(
            !["section", "aside", "svg"].contains(&element.name.as_str()) || is_named(element),
            "a {} without a name",
            element.name
        );
    }
    elements
}

#[test]
fn the_page_is_sound_needs_nothing_and_runs_only_its_own_script() {
    let page = usual_page();
    let elements = assert_sound(&page);
    let policy = elements
        .iter()
        .find_map(|element| element.attribute("content").filter(|content| content.contains("script-src")))
        .unwrap();
    assert!(
        policy.contains("default-src &#x27;none&#x27;")
            || policy.contains("default-src 'none'")
            || policy.contains("default-src &#39;none&#39;"),
        "{policy}"
    );
    assert!(!policy.contains("unsafe"), "{policy}");
    let between = |open: &str, close: &str| {
        let text = page.split_once(open).unwrap().1;
        text.split_once(close).unwrap().0
    };
    for text in [between("<script>", "</script>"), between("<style>", "</style>")] {
        use base64::Engine;
        use sha2::Digest;
        let digest = base64::engine::general_purpose::STANDARD.encode(sha2::Sha256::digest(text.as_bytes()));
        let entities = digest.replace('+', "&#x2B;").replace('/', "&#x2F;").replace('=', "&#x3D;");
        assert!(policy.contains(&digest) || policy.contains(&entities), "{policy} lacks {digest}");
        for outside in ["http:", "https:", "url(", "@import", "fetch(", "XMLHttpRequest", "innerHTML", "eval("] {
            assert!(!text.contains(outside), "{outside}");
        }
    }
}

#[test]
fn the_page_has_every_change_and_every_resource_of_every_stage() {
    let page = usual_page();
    let elements = elements(&page);
    let of_class = |class: &str| {
        elements
            .iter()
            .filter(|element| element.attribute("class").is_some_and(|all| all.split(' ').any(|one| one == class)))
            .count()
    };
    // Queue and table are the same on both stages; the function's memory is not, but its queue's address is in both.
    let pairs = usual();
    let folded =
        with_report(&review(&pairs, &Options::default()), &[], &["dev", "prd"], |report| folded::changes(report).len());
    assert_eq!(of_class("change"), folded);
    assert_eq!(of_class("node"), 8, "four resources on two stages");
    assert!(
        elements.iter().any(|element| element.attribute("data-stages") == Some("dev prd")),
        "a change of two stages is one"
    );
    assert!(page.contains("jobs-‹stage›") && page.contains("work-‹stage›"));
    assert!(page.contains("class=\"dangers\"") && page.contains("Data loss"));
}

#[test]
fn nothing_a_template_says_breaks_out_of_the_page() {
    let page = hostile_page();
    assert_sound(&page);
    assert!(!page.contains("alert(1)</script>") && !page.contains('\u{202e}') && !page.contains('\u{1b}'));
    assert!(page.contains("\\u{202e}") && page.contains("7*7"), "it is shown, and not computed");
}

#[test]
fn the_comment_begins_with_its_marker_and_says_the_dangers_first() {
    let review = review(&usual(), &Options::default());
    let text = with_report(&review, &[], &["dev", "stg", "prd"], |report| markdown(report, MARKDOWN_LIMIT));
    assert!(text.starts_with(MARKER));
    let at = |sought: &str| text.find(sought).unwrap_or_else(|| panic!("no {sought} in {text}"));
    assert!(at("| stage |") < at("#### Dangers") && at("#### Dangers") < at("<details>"));
    assert!(text.contains("| stg | 0 |"), "a stage without changes is there too: {text}");
    assert!(text.contains("- jobs-‹stage›\n+ work-‹stage›\n"), "{text}");
    assert_eq!(text.matches("<details>").count(), text.matches("</details>").count());
}

#[test]
fn nothing_a_template_says_breaks_out_of_the_comment() {
    let text = with_report(&hostile(), &[], &[HOSTILE], |report| markdown(report, MARKDOWN_LIMIT));
    assert!(!text.contains('\u{202e}') && !text.contains('\u{1b}'));
    let mut fence: Option<&str> = None;
    let mut opened = 0_i32;
    for line in text.lines() {
        let ticks = &line[..line.len() - line.trim_start_matches('`').len()];
        match fence {
            Some(open) if ticks.len() >= open.len() && line == ticks => fence = None,
            Some(_) => assert!(line.starts_with(['+', '-', ' ', '@']), "{line} is inside of a fence"),
            None if ticks.len() >= 3 => fence = Some(ticks),
            None => {
                opened += line.matches("<details>").count() as i32 - line.matches("</details>").count() as i32;
                assert!((0..=1).contains(&opened), "{line}");
                assert!(!line.contains("<script") && !line.contains("@team"), "{line}");
                if line.starts_with('|') {
                    let cells = |line: &str| line.matches('|').count();
                    let table = text.lines().filter(|other| other.starts_with('|')).map(cells).collect::<BTreeSet<_>>();
                    assert!(table.len() <= 3, "rows have as many cells as their heads: {table:?}");
                }
            }
        }
    }
    assert_eq!((fence, opened), (None, 0));
}

#[test]
fn a_comment_that_is_too_long_keeps_the_dangers_and_says_where_the_rest_is() {
    let mut changes = vec![hostile_change(Some("prd"))];
    changes[0].findings[0].reason = "the one that matters".to_owned();
    for number in 0..2_000 {
        let mut change = hostile_change(Some("prd"));
        change.logical_id = format!("Queue{number}");
        change.findings.clear();
        changes.push(change);
    }
    let review = Review { changes, ..Review::default() };
    for limit in [3_000, 9_000, MARKDOWN_LIMIT] {
        let text = with_report(&review, &[], &["prd"], |report| markdown(report, limit));
        assert!(text.len() <= limit, "{} > {limit}", text.len());
        assert!(text.contains("the one that matters") && text.contains("Not everything fits"), "{limit}");
        assert_eq!(text.matches("\n<details>").count(), text.lines().filter(|line| *line == "</details>").count());
    }
}

#[test]
fn the_terminal_gets_no_control_but_colours_and_no_line_that_is_too_wide() {
    for width in [40, 60, 100] {
        for review in [&hostile(), &review(&usual(), &Options::default())] {
            let plain =
                with_report(review, &[], &["dev", "prd"], |report| terminal(report, Style { width, colour: false }));
            assert!(!plain.contains('\u{1b}') && !plain.contains('\u{202e}'));
            let words = |line: &str| line.chars().count() > width && line.trim().contains("  ");
            let too_wide: Vec<&str> =
                plain.lines().filter(|line| words(line) && !line.contains("x</script>")).collect();
            assert!(too_wide.is_empty(), "{width}: {too_wide:#?}");
            let coloured =
                with_report(review, &[], &["dev", "prd"], |report| terminal(report, Style { width, colour: true }));
            let mut stripped = coloured.clone();
            for code in ["1;31", "31", "32", "33", "34", "35", "1", "2", "0"] {
                stripped = stripped.replace(&format!("\u{1b}[{code}m"), "");
            }
            assert!(stripped == plain, "colours carry no meaning");
        }
    }
}

#[test]
fn the_terminal_says_the_summary_then_the_dangers_then_the_changes() {
    let review = review(&usual(), &Options::default());
    let text = with_report(&review, &[], &["dev", "stg", "prd"], |report| {
        terminal(report, Style { width: 100, colour: false })
    });
    let at = |sought: &str| text.find(sought).unwrap_or_else(|| panic!("no {sought} in {text}"));
    assert!(at("replaced  removed") < at("Dangers (") && at("Dangers (") < at("\nJobs ("));
    assert!(text.contains("QueueName") && text.contains("jobs-‹stage› → work-‹stage›"), "{text}");
    assert!(text.contains("(dev, prd)"), "{text}");
}

#[test]
fn a_review_without_changes_says_so_everywhere() {
    let review = Review::default();
    with_report(&review, &[], &["prd"], |report| {
        assert!(terminal(report, Style { width: 80, colour: false }).contains("No changes"));
        assert!(markdown(report, MARKDOWN_LIMIT).contains("No changes"));
        let page = html(report).unwrap();
        assert_sound(&page);
        assert!(page.contains("No resource changes."));
    });
}
