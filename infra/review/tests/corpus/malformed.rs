//! The reader of the corpus reads what is well formed exactly, and names file and line of what is not.

use libtest_mimic::{Failed, Trial};

use crate::diff;
use crate::markdown::{Language, duplicates, read};

const WELL_FORMED: &str = r#"# Data loss: lifetime

`RetentionPeriod` and its kin.

## Queue retention cut

Messages older than that are gone. [Documentation](https://docs.aws.amazon.com/sqs/)

```yaml
Resources:
  Jobs:
    Type: AWS::SQS::Queue

    Properties:
      DelaySeconds: 1
      MaximumMessageSize: 1024
      MessageRetentionPeriod: 1209600
```

```diff
   Jobs:
     Type: AWS::SQS::Queue

     Properties:
-      DelaySeconds: 1
+      DelaySeconds: 2
@@
-      MessageRetentionPeriod: 1209600
+      MessageRetentionPeriod: 60
```

```toml
dangerous = true
change.Jobs = { action = "modify", replacement = "no", categories = ["data-loss"] }
```

## Topic in JSON

It is the same topic. [Documentation](https://docs.aws.amazon.com/sns/)

```json
{"Resources": {}}
```

After:

```yaml
Resources: {}
```

```toml
dangerous = false
```
"#;

/// What is wrong, the text in its place, the text that replaces it, the line of the mistake, words of the message.
const MALFORMED: &[(&str, &str, &str, usize, &str)] = &[
    ("no title", "# Data loss: lifetime\n", "Data loss: lifetime\n", 1, "begins with its title"),
    ("no words on the family", "`RetentionPeriod` and its kin.\n", "", 4, "a few words on the family"),
    ("a heading of another level", "## Queue", "### Queue", 5, "`## Heading`"),
    ("a heading with a full stop", "retention cut\n", "retention cut.\n", 5, "letters, digits"),
    ("a heading with two spaces", "Queue retention", "Queue  retention", 5, "letters, digits"),
    ("no why", "Messages older", "# Messages older", 7, "one line says why"),
    ("no documentation", " [Documentation](https://docs.aws.amazon.com/sqs/)", "", 7, "[Documentation]"),
    ("documentation elsewhere", "https://docs.aws.amazon.com/sqs/", "https://example.com/", 7, "docs.aws.amazon.com"),
    ("a template in another language", "```yaml\nResources:\n", "```yml\nResources:\n", 9, "\"yml\""),
    ("a block that is not closed", "1209600\n```\n", "1209600\n", 9, "not closed"),
    ("an empty block", "{\"Resources\": {}}\n", "", 41, "empty"),
    (
        "a line that the template does not have",
        "-      DelaySeconds: 1",
        "-      DelaySeconds: 9",
        25,
        "DelaySeconds: 9",
    ),
    ("lines in another order", "\n@@\n", "\n", 21, "one after another"),
    ("a sign that no diff has", "+      DelaySeconds: 2", "*      DelaySeconds: 2", 26, "a line of a diff"),
    (
        "a hunk without a change",
        "-      DelaySeconds: 1\n+      DelaySeconds: 2",
        "       DelaySeconds: 1",
        21,
        "changes nothing",
    ),
    ("a hunk without context", "-      MessageRetentionPeriod: 1209600\n", "", 28, "no line of the template"),
    ("a change without its label", "After:\n\n", "", 45, "below `After:`"),
    ("words between the blocks", "After:\n", "Afterwards:\n", 45, "the change"),
    (
        "a template that does not change",
        "```yaml\nResources: {}\n",
        "```json\n{\"Resources\": {}}\n",
        47,
        "does not change",
    ),
    ("no verdict", "\n```toml\ndangerous = false\n```\n", "", 49, "the file ends before the verdict"),
    ("a verdict in another language", "```toml\ndangerous = true", "```json\ndangerous = true", 32, "\"json\""),
    ("an unknown key of the verdict", "dangerous = false", "dangerous = false\nlikely = true", 53, "likely"),
    ("an unknown key of a change", "categories = ", "category = ", 34, "category"),
    ("an unknown category", "[\"data-loss\"]", "[\"dataloss\"]", 34, "\"dataloss\""),
    ("an unknown action", "\"modify\"", "\"modifies\"", 34, "\"modifies\""),
    ("a verdict that does not say how dangerous", "dangerous = true\n", "", 33, "dangerous"),
    ("words after the verdict", "\n## Topic", "\nSee also:\n\n## Topic", 37, "the next begins"),
];

pub(crate) fn trials() -> Vec<Trial> {
    let refused = MALFORMED.iter().map(|&(name, old, new, line, words)| {
        Trial::test(format!("reader/refuses {name}"), move || refused(old, new, line, words))
    });
    let mut trials: Vec<Trial> = refused.collect();
    trials.push(Trial::test("reader/reads what is well formed", well_formed));
    trials.push(Trial::test("reader/refuses a file without a case", no_case));
    trials.push(Trial::test("reader/refuses a name that two cases have", two_of_a_name));
    trials.push(Trial::test("reader/applies a hunk in one place only", one_place));
    trials
}

fn equal<T: PartialEq + std::fmt::Debug>(actual: T, expected: T) -> Result<(), Failed> {
    if actual == expected { Ok(()) } else { Err(format!("{actual:?}, expected {expected:?}").into()) }
}

fn refused(old: &str, new: &str, line: usize, words: &str) -> Result<(), Failed> {
    equal(WELL_FORMED.matches(old).count(), 1)?;
    match read("family.md", &WELL_FORMED.replace(old, new)) {
        Ok(_) => Err("it is accepted".into()),
        Err(error) if error.starts_with(&format!("family.md:{line}: ")) && error.contains(words) => Ok(()),
        Err(error) => Err(format!("not in line {line} or without {words:?}: {error}").into()),
    }
}

fn well_formed() -> Result<(), Failed> {
    let cases = read("data-loss-lifetime.md", WELL_FORMED)?;
    let [queue, topic] = cases.as_slice() else { return Err(format!("{} cases", cases.len()).into()) };
    equal((queue.family.as_str(), queue.name.as_str()), ("data-loss-lifetime", "queue-retention-cut"))?;
    equal((queue.place.as_str(), topic.place.as_str()), ("data-loss-lifetime.md:5", "data-loss-lifetime.md:37"))?;
    equal(queue.why.as_str(), "Messages older than that are gone")?;
    equal(queue.documentation.as_str(), "https://docs.aws.amazon.com/sqs/")?;
    let template = |delay, retention| {
        format!(
            "Resources:\n  Jobs:\n    Type: AWS::SQS::Queue\n\n    Properties:\n      DelaySeconds: {delay}\n      MaximumMessageSize: 1024\n      MessageRetentionPeriod: {retention}\n"
        )
    };
    equal(&queue.before.text, &template(1, 1_209_600))?;
    equal(&queue.after.text, &template(2, 60))?;
    equal(topic.name.as_str(), "topic-in-json")?;
    equal((topic.before.text.as_str(), topic.after.text.as_str()), ("{\"Resources\": {}}\n", "Resources: {}\n"))?;
    equal(topic.before.language == Language::Json && topic.after.language == Language::Yaml, true)?;
    equal((queue.verdict.dangerous, topic.verdict.dangerous), (true, false))
}

fn no_case() -> Result<(), Failed> {
    equal(read("empty.md", "# Empty\n\nNothing yet.\n").err().as_deref(), Some("empty.md:3: the file has no case"))
}

fn two_of_a_name() -> Result<(), Failed> {
    let mut cases = read("one.md", WELL_FORMED)?;
    equal(duplicates(&cases), vec![])?;
    cases.extend(read("two.md", &WELL_FORMED.replace("Topic in JSON", "Another topic"))?);
    equal(duplicates(&cases), vec!["two.md:5: queue-retention-cut is the name of a case in one.md:5, too".to_owned()])
}

fn one_place() -> Result<(), Failed> {
    let before = ["a", "b", "a", "c"];
    let applied = |diff: &[&str]| diff::apply(&before, diff).map_err(|(line, _)| line);
    equal(applied(&["-a"]), Err(0))?;
    equal(applied(&["-a", " c"]), Ok(["a", "b", "c"].map(str::to_owned).to_vec()))?;
    equal(applied(&["-c", "@@", "-b"]), Err(2))?;
    equal(applied(&[" a", " b", "+d", "@@", " b", " a", "+e"]), Err(4))?;
    equal(applied(&["-b", "@@", "-c", "+d"]), Ok(["a", "a", "d"].map(str::to_owned).to_vec()))
}
