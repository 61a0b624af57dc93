//! Renders the page once, from the templates in `src/page`, with the hashes by which its policy lets its own style and script run.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest, Sha256};
use tera::{Context, Tera};

const TEMPLATES: &str = "src/page";
/// `analytics_contract::REVERT_DAYS`; a build script that needed the contract would build it, and what it needs, twice.
const REVERT_DAYS: u16 = 30;
/// `analytics_contract::State`, each with its label, what the label's colour says, and what it means.
const STATES: [[&str; 4]; 8] = [
    ["waiting", "Waiting", "busy", "The file is announced and has not arrived."],
    [
        "expired",
        "Expired",
        "warn",
        "The file had not arrived when its address expired. One whose sending began before is still taken.",
    ],
    ["reading", "Being read", "busy", "The file has arrived and is being read; its rows do not count yet."],
    [
        "applied",
        "Applied",
        "good",
        "Its good rows count. Rejected rows do not, and are listed with what is wrong with them.",
    ],
    ["rejected", "Not taken", "bad", "Nothing of the file counts; the report says why."],
    ["superseded", "Superseded", "", "A newer version of the same file counts instead."],
    ["reverted", "Reverted", "warn", "It was taken back; what it had replaced counts again."],
    ["checked", "Checked", "good", "A dry run that has ended; nothing was changed."],
];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={TEMPLATES}");
    let mut templates: Vec<(String, String)> = Vec::new();
    for entry in fs::read_dir(TEMPLATES)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if !name.ends_with(".rs") {
            templates.push((name, fs::read_to_string(&path)?));
        }
    }
    let mut tera = Tera::default();
    tera.add_raw_templates(templates).map_err(|error| error.to_string())?;
    let states = STATES.map(|[name, label, tone, meaning]| {
        std::collections::BTreeMap::from([("name", name), ("label", label), ("tone", tone), ("meaning", meaning)])
    });
    let mut context = Context::new();
    context.insert("states", states.as_slice());
    context.insert("revert_days", &REVERT_DAYS);
    let page = tera.render("page.html", &context).map_err(|error| error.to_string())?;
    // Where the uploads are is known at run time alone.
    let policy = format!(
        "default-src 'none'; script-src '{}'; style-src '{}'; connect-src 'self' {{uploads}}; img-src data:; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
        hash(between(&page, "<script type=\"module\">", "</script>")?),
        hash(between(&page, "<style>", "</style>")?),
    );
    let out = PathBuf::from(env::var("OUT_DIR")?);
    write(&out.join("page.html"), &page)?;
    write(&out.join("policy.txt"), &policy)
}

fn between<'p>(page: &'p str, start: &str, end: &str) -> Result<&'p str, Box<dyn Error>> {
    let (_, rest) = page.split_once(start).ok_or_else(|| format!("page.html has no {start}"))?;
    let (inside, _) = rest.split_once(end).ok_or_else(|| format!("page.html has no {end}"))?;
    Ok(inside)
}

fn hash(text: &str) -> String {
    format!("sha256-{}", BASE64_STANDARD.encode(Sha256::digest(text)))
}

fn write(path: &Path, text: &str) -> Result<(), Box<dyn Error>> {
    Ok(fs::write(path, text)?)
}
