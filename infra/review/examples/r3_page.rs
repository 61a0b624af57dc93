//! temporary
use review::render::*;
use review::*;
use std::time::Instant;
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let t = Instant::now();
    let mut pairs = vec![];
    let mut stages = vec![];
    for stage in ["dev", "stg", "prd", "local"] {
        stages.push(stage.to_owned());
        for stack in ["FipeApi", "FipeData"] {
            let read = |side: &str| {
                std::fs::read_to_string(format!("{side}/{stage}/templates/{stack}.yaml"))
                    .ok()
                    .map(|t| parse(stack, &t).unwrap())
            };
            pairs.push(Pair {
                stage: Some(stage.into()),
                stack: stack.into(),
                before: read(&a[1]),
                after: read(&a[2]),
            });
        }
    }
    eprintln!("parse {:?}", t.elapsed());
    let t = Instant::now();
    let review = review::review(
        &pairs,
        &Options {
            today: (2026, 11, 22),
            stages: vec![Stages { behind: "stg".into(), ahead: "prd".into(), explained: vec![] }],
            ..Options::default()
        },
    );
    eprintln!("review {:?}", t.elapsed());
    let t = Instant::now();
    let graphs = graphs(&pairs, &review);
    eprintln!("graphs {:?}", t.elapsed());
    let report = Report {
        title: "Infrastructure review",
        before: "origin/main (1a2b3c4)",
        after: "working tree",
        review: &review,
        stages: &stages,
        notes: &[],
        graphs: &graphs,
    };
    let t = Instant::now();
    std::fs::write(format!("{}.html", a[3]), html(&report).unwrap()).unwrap();
    eprintln!("html {:?}", t.elapsed());
    let t = Instant::now();
    std::fs::write(format!("{}.md", a[3]), markdown(&report, MARKDOWN_LIMIT)).unwrap();
    eprintln!("md {:?}", t.elapsed());
    let t = Instant::now();
    std::fs::write(format!("{}.txt", a[3]), terminal(&report, Style { width: 110, colour: true })).unwrap();
    std::fs::write(format!("{}-narrow.txt", a[3]), terminal(&report, Style { width: 60, colour: false })).unwrap();
    eprintln!("txt {:?}", t.elapsed());
}
