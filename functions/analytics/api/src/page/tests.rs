//! The page needs nobody but the API, and asks it for nothing that it does not have.

use analytics_contract::{COMPARED_ROWS, Operation, REVERT_DAYS, ROUTES, STORED_REJECTED_ROWS, State};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use contract::{Matches, Method};
use sha2::{Digest, Sha256};

use super::{HTML, policy};

const UPLOADS: &str = "https://uploads.s3.sa-east-1.amazonaws.com";
/// Names a vocabulary, and is never fetched.
const SVG_NAMESPACE: &str = "http://www.w3.org/2000/svg";

fn between<'p>(start: &str, end: &str) -> &'p str {
    let mut parts = HTML.split(start);
    let (_, inside) = (parts.next().unwrap(), parts.next().unwrap());
    assert!(parts.next().is_none(), "{start} is there once");
    inside.split(end).next().unwrap()
}

fn script() -> &'static str {
    between("<script type=\"module\">", "</script>")
}

#[test]
fn the_page_needs_nobody_but_the_api() {
    let page = HTML.replace(SVG_NAMESPACE, "");
    for elsewhere in ["http://", "https://", "src=", "@import", "url(", "import(", "import {"] {
        assert!(!page.contains(elsewhere), "{elsewhere}");
    }
    // All text goes in as text.
    for unsafe_way in
        ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "style=\"", "onclick=\""]
    {
        assert!(!page.contains(unsafe_way), "{unsafe_way}");
    }
}

#[test]
fn the_policy_lets_the_page_s_own_style_and_script_run_and_nothing_else() {
    let policy = policy(UPLOADS);
    let directive = |name: &str| {
        let found = policy.split("; ").find_map(|directive| directive.strip_prefix(name)).unwrap_or_default();
        found.trim().to_owned()
    };
    let hash = |text: &str| format!("'sha256-{}'", BASE64_STANDARD.encode(Sha256::digest(text)));
    assert_eq!(directive("script-src"), hash(script()));
    assert_eq!(directive("style-src"), hash(between("<style>", "</style>")));
    assert_eq!(directive("connect-src"), format!("'self' {UPLOADS}"));
    assert_eq!(directive("default-src"), "'none'");
    assert!(!policy.contains("unsafe") && !policy.contains(['{', '\n']), "{policy}");
}

#[test]
fn every_route_that_the_page_uses_is_there() {
    let has = |wanted: Method, path: &str| {
        ROUTES.iter().any(|route| {
            let Matches::Operation { method, path: known, .. } = route.matches else { return false };
            method == wanted && known == path
        })
    };
    for (method, code, path) in [
        (Method::Get, "pages(\"programs\"", "/analytics/programs"),
        (Method::Get, "\"program\", query", "/analytics/program"),
        (Method::Get, "? \"period\" :", "/analytics/period"),
        (Method::Get, "get(\"accuracy\"", "/analytics/accuracy"),
        (Method::Get, "pages(\"explain\"", "/analytics/explain"),
        (Method::Get, "get(\"uploads\"", "/analytics/uploads"),
        (Method::Post, "send(\"uploads\", { method: \"POST\"", "/analytics/uploads"),
        (Method::Get, "get(`uploads/${id}`", "/analytics/uploads/{id}"),
        (Method::Get, "send(`uploads/${upload.id}/rejected.csv`", "/analytics/uploads/{id}/rejected.csv"),
        (Method::Post, "send(`uploads/${upload.id}/revert`, { method: \"POST\"", "/analytics/uploads/{id}/revert"),
        (Method::Get, "new URL(\"../docs\"", "/docs"),
    ] {
        assert!(script().contains(code), "the script no longer says {code}");
        assert!(has(method, path), "{path}");
    }
    // A new reading or writing operation is shown, or left out on purpose.
    let shown = ROUTES.iter().filter(|route| match route.matches {
        Matches::Operation { operation, .. } => {
            !matches!(operation, Operation::Page | Operation::DocsFile | Operation::OpenApi)
        }
        _ => false,
    });
    assert_eq!(shown.count(), 11);
}

#[test]
fn every_state_of_an_upload_has_its_words() {
    for state in State::ALL {
        assert!(HTML.contains(&format!("<dt data-state=\"{}\"", state.as_str())), "{}", state.as_str());
    }
    assert_eq!(HTML.matches("<dt data-state=").count(), State::ALL.len());
    assert!(HTML.contains(&format!("reverted for {REVERT_DAYS} days")));
}

#[test]
fn every_element_that_the_script_asks_for_is_there_once() {
    let made = ["report", "faults", "report-line"];
    let asked = script().split("byId(\"").skip(1).filter_map(|rest| rest.split('"').next());
    for id in asked.filter(|id| !made.contains(id)) {
        assert_eq!(HTML.matches(&format!("id=\"{id}\"")).count(), 1, "{id}");
    }
}

/// As `1_000` or `200_000`.
fn written(number: u64) -> String {
    contract::grouped(number).replace(',', "_")
}

#[test]
fn the_page_knows_the_limits_of_the_reports() {
    for (name, number) in [("COMPARED_ROWS", COMPARED_ROWS), ("KEPT", STORED_REJECTED_ROWS.into())] {
        assert!(script().contains(&format!("const {name} = {};", written(number))), "{name}");
    }
}

/// The script reads only members that answers have: what is misspelt, or no longer there, is undefined without a word.
#[test]
fn the_page_opens_on_a_program_by_what_the_list_of_programs_has() {
    let first = script().split("const firstProgram = ").nth(1).and_then(|rest| rest.lines().next()).unwrap();
    let document: serde_json::Value = serde_json::from_str(&analytics_core::openapi()).unwrap();
    let members = &document["components"]["schemas"]["Program"]["properties"];
    let read = first.split("program.").skip(1);
    let read = read.map(|rest| rest.split(|letter: char| !letter.is_alphanumeric() && letter != '_').next().unwrap());
    let read: Vec<&str> = read.collect();
    assert!(read.len() > 1 && read.iter().all(|name| members.get(name).is_some()), "{read:?}");
}

#[test]
fn trying_again_is_offered_where_it_can_help() {
    // One place makes the button, and decides.
    assert_eq!(script().matches("\"Try again\"").count(), 1);
    assert!(script().contains("canHelp(error) ? make(\"button\""));
}

#[test]
fn a_group_without_slots_is_not_called_one_without_exhibitions() {
    for words in ["\"exhibitions, and no slots\"", "\"slots, and no exhibitions\""] {
        assert_eq!(script().matches(words).count(), 1, "{words}");
    }
}
