//! Conditions: of writes, and of the keys of a query.

use aws_sdk_dynamodb::types::AttributeValue;

use crate::placeholders::{Names, Placeholders, Values};

/// What has to hold for an item. An item that is not there has no attributes.
#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    Absent(String),
    Present(String),
    Compare(String, &'static str, AttributeValue),
    And(Box<Self>, Box<Self>),
    Or(Box<Self>, Box<Self>),
}

/// The item has no attribute of this name.
pub fn absent(name: impl Into<String>) -> Condition {
    Condition::Absent(name.into())
}

/// The item has an attribute of this name.
pub fn present(name: impl Into<String>) -> Condition {
    Condition::Present(name.into())
}

/// `operator` is one of `=`, `<>`, `<`, `<=`, `>` and `>=`. Nothing compares to an attribute that is not there, except that `<>` holds.
pub fn compare(name: impl Into<String>, operator: &'static str, value: AttributeValue) -> Condition {
    Condition::Compare(name.into(), operator, value)
}

impl Condition {
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self::And(Box::new(self), Box::new(other))
    }

    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self::Or(Box::new(self), Box::new(other))
    }

    /// The expression, with the names and values of its placeholders.
    pub(crate) fn into_parts(self) -> (String, Option<Names>, Option<Values>) {
        let mut placeholders = Placeholders::default();
        let expression = self.write(&mut placeholders);
        let (names, values) = placeholders.into_maps();
        (expression, names, values)
    }

    pub(crate) fn write(self, placeholders: &mut Placeholders) -> String {
        match self {
            Self::Absent(name) => format!("attribute_not_exists({})", placeholders.name(&name)),
            Self::Present(name) => format!("attribute_exists({})", placeholders.name(&name)),
            Self::Compare(name, operator, value) => {
                format!("{} {operator} {}", placeholders.name(&name), placeholders.value(value))
            }
            Self::And(one, other) => format!("{} AND {}", one.operand(placeholders), other.operand(placeholders)),
            Self::Or(one, other) => format!("{} OR {}", one.operand(placeholders), other.operand(placeholders)),
        }
    }

    /// In parentheses only where it consists of others: DynamoDB refuses redundant ones.
    fn operand(self, placeholders: &mut Placeholders) -> String {
        match self {
            Self::And(..) | Self::Or(..) => format!("({})", self.write(placeholders)),
            _ => self.write(placeholders),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::item::{number, text};

    #[test]
    fn alternatives_and_combinations_keep_apart() {
        let behind = compare("retry", "<", number(1));
        let as_often = compare("retry", "=", number(1)).and(compare("status", "=", text("DEAD")));
        let condition = absent("status").or(compare("status", "<>", text("SAVED")).and(behind.or(as_often)));
        let (expression, names, values) = condition.into_parts();
        assert_eq!(
            expression,
            "attribute_not_exists(#n0) OR (#n0 <> :v0 AND (#n1 < :v1 OR (#n1 = :v2 AND #n0 = :v3)))"
        );
        assert_eq!(names.unwrap()["#n1"], "retry");
        assert_eq!(values.unwrap()[":v3"], text("DEAD"));
    }

    #[test]
    fn what_has_no_values_has_no_map_of_them() {
        let (expression, _, values) = absent("id").into_parts();
        assert_eq!((expression.as_str(), values), ("attribute_not_exists(#n0)", None));
    }
}
