//! YAML and JSON of a template are one document, as the loaders of cfn-lint and MiniStack read it.

#![expect(clippy::unwrap_used, reason = "what a test sets up fails the test")]

mod tools;

use cfn::aws_sqs::CfnQueue;
use cfn::intrinsics::{
    base64, cidr, find_in_map, get_att, get_azs, if_, import_value, join, ref_to, select, split, sub, sub_with,
};
use cfn::{Condition, Json, Parameter, RawResource, ResourceOptions, Template, Value, json, list, pseudo};

/// Text that YAML 1.1 readers take for something else, or cannot read bare.
const AWKWARD: [&str; 66] = [
    "",
    " ",
    "  leading",
    "trailing ",
    "true",
    "False",
    "YES",
    "no",
    "on",
    "Off",
    "y",
    "N",
    "null",
    "Null",
    "~",
    "0",
    "007",
    "123456789012",
    "-1",
    "+5",
    "1_000",
    "0x1F",
    "0o17",
    "0b101",
    "1.5",
    ".5",
    "5.",
    "1e3",
    "1.0e+3",
    ".inf",
    "-.INF",
    ".nan",
    "12:30:45",
    "1:20",
    "2012-10-17",
    "2012-10-17T10:00:00Z",
    "2001-1-1",
    "a: b",
    "a:b",
    "key:",
    ":",
    "a #b",
    "#a",
    "- a",
    "-",
    "--- x",
    "...",
    "? a",
    "*",
    "&a",
    "!Ref",
    "%a",
    "@a",
    "`a",
    "{a}",
    "[a",
    "\"q\"",
    "it's",
    "'",
    "\\d+\\.\\d",
    "=",
    "<<",
    "tab\there",
    "cr\rhere",
    "\u{85}\u{2028}\u{feff}",
    "ação 日本 😀",
];

/// Pieces that are put together to longer texts.
const PIECES: [&str; 28] = [
    "a", "Z", "0", "7", " ", "  ", "\n", "\n\n", ":", ": ", "#", " #", "-", "- ", "'", "\"", "\\", "{", "}", "[", ",",
    "!", "%", "\t", "é", "\u{a0}", "\u{7f}", "|",
];

/// A small generator of numbers, so that every run makes the same texts.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit as u64).unwrap()
    }

    fn text(&mut self) -> String {
        (0..=self.below(9)).map(|_| PIECES[self.below(PIECES.len())]).collect()
    }

    fn json(&mut self, depth: usize) -> Json {
        match self.below(if depth == 0 { 5 } else { 9 }) {
            0 => json!(self.below(2) == 0),
            1 => json!(i64::try_from(self.below(1 << 40)).unwrap() - (1 << 39)),
            2 => Json::Number(self.below(1000) as f64 / 8.0),
            3 => Json::from(ref_to::<String>("Name")),
            4 | 5 => Json::from(self.text()),
            6 => Json::List((0..self.below(4)).map(|_| self.json(depth - 1)).collect()),
            7 => {
                let texts: Vec<String> = (0..self.below(4)).map(|number| format!("{}{number}", self.text())).collect();
                Json::object(texts.into_iter().map(|key| (key, self.json(depth - 1))).collect::<Vec<_>>())
            }
            _ => {
                let (then, otherwise) = (self.json(depth - 1), self.json(depth - 1));
                cfn::Intrinsic::If("IsIt".to_owned(), then, otherwise).into()
            }
        }
    }
}

fn awkward_texts() -> Template {
    let mut template = Template::new("Awkward").description("colon: and # hash");
    let texts = AWKWARD.iter().map(|text| (*text).to_owned());
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    let made: Vec<String> = (0..3000).map(|_| numbers.text()).collect();
    let texts: Vec<String> = texts.chain(made).collect();
    let keys = texts.iter().enumerate().map(|(number, text)| (format!("{text}{number}"), json!(number as u32)));
    let mut resource = RawResource::new("Custom::Awkward")
        .property("Texts", Json::list(texts.clone()))
        .property("Keys", Json::object(keys.collect::<Vec<_>>()))
        .property(
            "AwkwardKeys",
            Json::object(AWKWARD.iter().filter(|key| **key != "<<").map(|key| (*key, *key)).collect::<Vec<_>>()),
        );
    for text in &texts {
        resource = resource.property(format!("Sub{}", text.len()), sub(text.clone()));
    }
    template.add("Awkward", resource);
    template
}

fn every_function() -> Template {
    let mut template = Template::new("Functions");
    let name = template
        .parameter("Name", Parameter::string().default("2012-10-17").allowed_values(["yes", "2012-10-17"]).no_echo());
    let subnets = template.parameter("Subnets", Parameter::list_of_subnet_ids());
    template.metadata("Note", json!({ "On": true, "off": [[], {}, [[1.5, -2]]] }));
    template.mapping("Regions", json!({ "us-east-1": { "Size": 7, "Name": "007" } }));
    let is_it = template.condition("IsIt", Condition::equals(&name, "yes"));
    let other = template
        .condition("Other", Condition::or([Condition::from(&is_it), Condition::not(Condition::and([&is_it, &is_it]))]));
    let queue =
        template.add("Queue", CfnQueue::new().queue_name(&name).metadata("why", json!({ "Ref": name.r#ref() })));
    let found: Value<String> = find_in_map("Regions", pseudo::region(), "Name");
    let all = json!({
        "attribute": queue.attr_arn(),
        "dotted": get_att::<String>("Cluster", "Endpoint.Address"),
        "sub": sub("${AWS::Region}: ${Queue.Arn} #1"),
        "sub lines": sub("#!/bin/sh\necho ${Name}\n"),
        "sub values": sub_with("${a}-${b}", [("a", name.r#ref()), ("b", found.clone())]),
        "join": join(":", list!["arn", pseudo::partition(), "yes"]),
        "join split": join("", split(",", sub("${Name},b"))),
        "if": if_::<String>(&is_it, Value::no_value(), "no"),
        "if list": if_::<Vec<String>>(&other, list![&name, "x"], Value::no_value()),
        "select": select(0, &subnets),
        "select number": select::<String>(1, get_azs("")),
        "import": import_value::<String>(sub("${Name}-export")),
        "import plain": import_value::<String>("on"),
        "find": found,
        "base64": base64(sub("a")),
        "base64 plain": base64("12:30"),
        "base64 lines": base64("a\n b\n"),
        "cidr": cidr("10.0.0.0/16", 6, 8),
        "zones": get_azs(pseudo::region()),
        "in a list": [base64(base64("x")), join("-", ["a"])],
        "deep": [[{ "a": [sub("${Name}"), [join(",", list![split("|", "a|b").cast::<String>()])]] }]],
        "left out": Option::<&str>::None,
        "empty": {},
    });
    template.add("All", RawResource::new("Custom::All").property("All", all).depends_on(&queue).condition(&other));
    template
        .output("Url", queue.r#ref())
        .description("a: b")
        .export_name(sub("${AWS::StackName}-url"))
        .condition(&is_it);
    template
}

#[test]
fn yaml_and_json_are_one_document_to_other_loaders() {
    let mut templates = vec![every_function(), awkward_texts()];
    let mut numbers = Numbers(42);
    for _ in 0..400 {
        let mut template = Template::new("Random");
        template.add("It", RawResource::new("Custom::It").property("Value", numbers.json(5)));
        templates.push(template);
    }
    let folder = tempfile::tempdir().unwrap();
    for (number, template) in templates.iter().enumerate() {
        std::fs::write(folder.path().join(format!("{number:03}.yaml")), template.to_yaml()).unwrap();
        std::fs::write(folder.path().join(format!("{number:03}.json")), template.to_json()).unwrap();
    }
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/round_trip.py");
    let output = test_machine::command(tools::tool("python")).arg(script).arg(folder.path()).output().unwrap();
    let (out, error) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{error}");
    assert_eq!(out.trim(), templates.len().to_string());
}

#[test]
fn every_function_is_written_in_its_short_form() {
    insta::assert_snapshot!(every_function().to_yaml());
}
