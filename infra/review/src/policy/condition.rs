//! Conditions of statements: whether one set of them admits everything that another one admits, and which of them no longer restrict.

use super::{network::Cidr, pattern::Pattern, text};
use serde_json::Value;
use std::fmt;

/// All of them must be true.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Conditions(Vec<Test>);

/// One key under one operator.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Test {
    quantifier: Option<String>,
    operator: String,
    if_exists: bool,
    key: String,
    values: Vec<String>,
    /// Operator and key as written.
    written: (String, String),
}

/// Keys that identify the caller or where the request comes from, so that a test of them excludes strangers.
const IDENTIFYING: &[&str] = &[
    "aws:sourcearn",
    "aws:sourceaccount",
    "aws:sourceowner",
    "aws:sourceorgid",
    "aws:sourceorgpaths",
    "aws:principalarn",
    "aws:principalaccount",
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:userid",
    "aws:username",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "aws:sourceip",
    "aws:vpcsourceip",
    "aws:sourcevpcarn",
    "kms:calleraccount",
    "lambda:eventsourcetoken",
    "sts:externalid",
    "s3:dataaccesspointaccount",
    "s3:dataaccesspointarn",
    "elasticfilesystem:accessedviamounttarget",
    "sns:endpoint",
];

impl Conditions {
    /// Parses `{Operator: {key: value or values}}`.
    pub(crate) fn read(value: &Value) -> Conditions {
        let mut tests = Vec::new();
        for (block, _) in text::items(value) {
            for (operator, keys) in block.as_object().into_iter().flatten() {
                for (keys, _) in text::items(keys) {
                    for (key, values) in keys.as_object().into_iter().flatten() {
                        let values = text::items(values).into_iter().map(|(value, _)| text::text(value)).collect();
                        tests.push(Test::new(operator, key, values));
                    }
                }
            }
        }
        Conditions(tests)
    }

    pub(crate) fn with(mut self, operator: &str, key: &str, value: String) -> Conditions {
        self.0.push(Test::new(operator, key, vec![value]));
        self
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether every request that the other conditions admit is admitted by these.
    pub(crate) fn cover(&self, other: &Conditions) -> bool {
        self.lost(other).is_empty()
    }

    /// The tests among these that the others do not imply.
    pub(crate) fn lost(&self, after: &Conditions) -> Vec<&Test> {
        self.0.iter().filter(|test| !after.0.iter().any(|each| each.implies(test))).collect()
    }

    /// Whether strangers are excluded: a positive test of a caller or origin, for something narrower than everything.
    pub(crate) fn identify(&self) -> bool {
        self.0.iter().any(|test| {
            let key = test.key.as_str();
            let known = IDENTIFYING.contains(&key) || key.starts_with("aws:principaltag/");
            known && self.asks(test) && !test.values.iter().any(|value| is_everything(value))
        })
    }

    /// Whether it tests whom an identity provider speaks for. The audience identifies that only if it is the application's own.
    pub(crate) fn identify_subject(&self) -> bool {
        const OWN: &[&str] = &["cognito-identity.amazonaws.com:aud", "saml:aud", "accounts.google.com:aud"];
        self.0.iter().any(|test| {
            let known = test.key.contains(':') && (!test.key.ends_with(":aud") || OWN.contains(&test.key.as_str()));
            let anybody = |value: &String| {
                is_everything(value) || value.split(':').nth(1).is_some_and(|name| name.starts_with('*'))
            };
            known && self.asks(test) && !test.values.iter().any(anybody)
        })
    }

    /// A positive test that a request without the key fails. `ForAllValues` passes one, unless `Null` requires the key:
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html>
    fn asks(&self, test: &Test) -> bool {
        let is_there = |other: &Test| other.is_presence() && other.key == test.key;
        let passes_nothing = test.if_exists || test.quantifier.as_deref() == Some("forallvalues");
        test.operator != "null" && !test.is_negative() && (!passes_nothing || self.0.iter().any(is_there))
    }

    /// The values that a key must have, according to all positive tests.
    pub(crate) fn values<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a str> {
        self.0
            .iter()
            .filter(move |test| test.key == key && !test.is_negative())
            .flat_map(|test| test.values.iter().map(String::as_str))
    }
}

fn is_everything(value: &str) -> bool {
    value.is_empty()
        || value.bytes().all(|byte| byte == b'*')
        || matches!(value, "0.0.0.0/0" | "::/0" | "arn:aws:*" | "arn:*" | "arn:*:*:*:*:*")
}

impl Test {
    fn new(operator_text: &str, key: &str, values: Vec<String>) -> Test {
        let lower = operator_text.to_ascii_lowercase();
        let (quantifier, rest) = match lower.split_once(':') {
            Some((quantifier, rest)) => (Some(quantifier.to_owned()), rest),
            None => (None, lower.as_str()),
        };
        let bare = rest.strip_suffix("ifexists");
        // ArnEquals and ArnLike are the same test.
        let operator = match bare.unwrap_or(rest) {
            "arnequals" => "arnlike",
            "arnnotequals" => "arnnotlike",
            other => other,
        };
        Test {
            quantifier,
            operator: operator.to_owned(),
            if_exists: bare.is_some(),
            key: key.to_ascii_lowercase(),
            values,
            written: (operator_text.to_owned(), key.to_owned()),
        }
    }

    /// Its key, as written.
    pub(crate) fn key(&self) -> &str {
        &self.written.1
    }

    fn is_negative(&self) -> bool {
        self.operator.contains("not") || self.operator == "null" && self.values.iter().any(|value| value == "true")
    }

    /// `Null: {key: "false"}`: any value passes, if there is one.
    fn is_presence(&self) -> bool {
        self.operator == "null" && self.values.iter().all(|value| value == "false")
    }

    /// `stringlike` of `stringnotlike`.
    fn family(&self) -> String {
        self.operator.replace("not", "")
    }

    fn patterns(&self) -> Vec<Pattern> {
        let wild = self.family().ends_with("like");
        let fold = self.operator.ends_with("ignorecase");
        self.values
            .iter()
            .map(|value| match (wild, fold) {
                (true, _) => Pattern::new(value),
                (_, true) => Pattern::literal(&value.to_lowercase()),
                _ => Pattern::literal(value),
            })
            .collect()
    }

    /// Whether everything that passes this test passes the other one.
    fn implies(&self, other: &Test) -> bool {
        if self.key == other.key && other.is_presence() && self.operator != "null" {
            let passes_nothing = self.if_exists || self.quantifier.as_deref() == Some("forallvalues");
            return !self.is_negative() && !passes_nothing;
        }
        if self.key != other.key || self.quantifier != other.quantifier || (self.if_exists && !other.if_exists) {
            return false;
        }
        if self.is_negative() != other.is_negative() {
            return false;
        }
        let (inner, outer) = if self.is_negative() { (other, self) } else { (self, other) };
        let comparable = |test: &Test| {
            let family = test.family();
            match family.as_str() {
                "stringequals" | "stringlike" | "arnlike" => "text".to_owned(),
                _ => family,
            }
        };
        if comparable(self) != comparable(other) {
            return false;
        }
        let family = self.family();
        if let Some(number) = family.strip_prefix("numeric").or(family.strip_prefix("date"))
            && let ([left], [right]) = (self.values.as_slice(), other.values.as_slice())
            && number != "equals"
        {
            let ordering = match (left.parse::<f64>(), right.parse::<f64>()) {
                (Ok(left), Ok(right)) => left.partial_cmp(&right),
                _ => Some(left.cmp(right)),
            };
            return ordering
                .is_some_and(|order| if number.starts_with("less") { order.is_le() } else { order.is_ge() });
        }
        if family == "ipaddress" {
            return inner.values.iter().all(|narrow| {
                outer.values.iter().any(|wide| match (Cidr::parse(wide), Cidr::parse(narrow)) {
                    (Some(wide), Some(narrow)) => wide.covers(&narrow),
                    _ => wide == narrow,
                })
            });
        }
        let wide = outer.patterns();
        inner.patterns().iter().all(|narrow| wide.iter().any(|wide| wide.covers(narrow)))
    }
}

impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.written.0, self.written.1, self.values.join(", "))
    }
}

impl fmt::Display for Conditions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.iter().map(Test::to_string).collect::<Vec<_>>().join(" and "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn covers(wide: Value, narrow: Value) -> bool {
        Conditions::read(&wide).cover(&Conditions::read(&narrow))
    }

    #[test]
    fn no_condition_covers_any_and_not_the_other_way() {
        let arn = json!({"ArnEquals": {"aws:SourceArn": "a"}});
        assert!(covers(json!({}), arn.clone()));
        assert!(!covers(arn, json!({})));
    }

    #[test]
    fn a_condition_may_get_stricter() {
        assert!(covers(
            json!({"StringLike": {"aws:SourceArn": "arn:aws:sns:*"}}),
            json!({"StringEquals": {"AWS:SourceArn": ["arn:aws:sns:a"]}})
        ));
        assert!(!covers(json!({"StringEquals": {"k": "a"}}), json!({"StringEquals": {"k": ["a", "b"]}})));
        assert!(!covers(json!({"StringEquals": {"k": "a"}}), json!({"StringEqualsIfExists": {"k": "a"}})));
        assert!(covers(json!({"StringNotEquals": {"k": "a"}}), json!({"StringNotEquals": {"k": ["a", "b"]}})));
        assert!(covers(
            json!({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}),
            json!({"IpAddress": {"aws:SourceIp": "10.1.0.0/16"}})
        ));
        assert!(!covers(json!({"NumericLessThan": {"k": "5"}}), json!({"NumericLessThan": {"k": "10"}})));
    }

    #[test]
    fn a_value_of_a_key_is_stricter_than_that_there_is_one() {
        let is_there = || json!({"Null": {"k": "false"}});
        assert!(covers(is_there(), json!({"StringEquals": {"k": "a"}})));
        assert!(covers(is_there(), is_there()));
        assert!(!covers(json!({"StringEquals": {"k": "a"}}), is_there()));
        for passes_without in ["StringEqualsIfExists", "StringNotEquals", "ForAllValues:StringEquals"] {
            assert!(!covers(is_there(), json!({ passes_without: {"k": "a"} })), "{passes_without}");
        }
        assert!(!covers(is_there(), json!({"StringEquals": {"another": "a"}})));
        assert!(!covers(json!({"Null": {"k": "true"}}), json!({"StringEquals": {"k": "a"}})));
    }

    #[test]
    fn spelling_of_booleans_and_operators_is_no_difference() {
        assert!(covers(
            json!({"Bool": {"aws:SecureTransport": false}}),
            json!({"bool": {"aws:securetransport": ["false"]}})
        ));
        assert!(covers(json!({"ArnEquals": {"aws:SourceArn": "a"}}), json!({"ArnLike": {"aws:SourceArn": "a"}})));
    }

    #[test]
    fn only_a_real_test_of_the_caller_keeps_strangers_out() {
        let identifies = |value| Conditions::read(&value).identify();
        assert!(identifies(json!({"StringEquals": {"aws:PrincipalOrgID": "o-1"}})));
        assert!(!identifies(json!({"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}})));
        assert!(!identifies(json!({"Bool": {"aws:SecureTransport": "true"}})));
        assert!(!identifies(json!({"StringNotEquals": {"aws:SourceAccount": "1"}})));
        let paths = json!({"aws:PrincipalOrgPaths": "o-1/*"});
        assert!(!identifies(json!({"ForAllValues:StringLike": paths.clone()})));
        assert!(identifies(json!({"ForAnyValue:StringLike": paths.clone()})));
        assert!(identifies(json!({"ForAllValues:StringLike": paths, "Null": {"aws:PrincipalOrgPaths": "false"}})));
        assert!(!identifies(json!({"Null": {"aws:PrincipalOrgID": "false"}})));
        assert!(!identifies(json!({"StringEqualsIfExists": {"aws:SourceAccount": "1"}})));
    }
}
