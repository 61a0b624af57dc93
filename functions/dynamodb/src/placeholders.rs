//! Placeholders of an expression, so that no attribute's name can be a reserved word.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

pub(crate) type Names = HashMap<String, String>;
pub(crate) type Values = HashMap<String, AttributeValue>;

/// The names and values of one request, by their number.
#[derive(Debug, Default)]
pub(crate) struct Placeholders {
    names: Vec<String>,
    values: Vec<AttributeValue>,
}

impl Placeholders {
    /// `#n0` and so on; the same name has the same.
    pub(crate) fn name(&mut self, name: &str) -> String {
        let known = self.names.iter().position(|known| known == name);
        let number = known.unwrap_or_else(|| {
            self.names.push(name.to_owned());
            self.names.len() - 1
        });
        format!("#n{number}")
    }

    /// `:v0` and so on.
    pub(crate) fn value(&mut self, value: AttributeValue) -> String {
        self.values.push(value);
        format!(":v{}", self.values.len() - 1)
    }

    /// As requests take them: DynamoDB refuses an empty map.
    pub(crate) fn into_maps(self) -> (Option<Names>, Option<Values>) {
        let Self { names, values } = self;
        let names = (!names.is_empty()).then(|| (0..).map(|number| format!("#n{number}")).zip(names).collect());
        let values = (!values.is_empty()).then(|| (0..).map(|number| format!(":v{number}")).zip(values).collect());
        (names, values)
    }
}
