//! An `UpdateItem` from its parts.

use aws_sdk_dynamodb::types::AttributeValue;

use crate::condition::Condition;
use crate::placeholders::Placeholders;

/// What happens to the attributes of an item, and when. Without a condition it also creates the item.
#[derive(Debug, Default)]
pub struct Update {
    sets: Vec<String>,
    removes: Vec<String>,
    adds: Vec<String>,
    condition: Option<String>,
    placeholders: Placeholders,
}

impl Update {
    #[must_use]
    pub fn set(mut self, name: &str, value: AttributeValue) -> Self {
        let (name, value) = (self.placeholders.name(name), self.placeholders.value(value));
        self.sets.push(format!("{name} = {value}"));
        self
    }

    /// Sets an attribute that is not there.
    #[must_use]
    pub fn set_once(mut self, name: &str, value: AttributeValue) -> Self {
        let (name, value) = (self.placeholders.name(name), self.placeholders.value(value));
        self.sets.push(format!("{name} = if_not_exists({name}, {value})"));
        self
    }

    #[must_use]
    pub fn remove(mut self, name: &str) -> Self {
        self.removes.push(self.placeholders.name(name));
        self
    }

    /// Adds to a number, which is 0 where it is not there.
    #[must_use]
    pub fn add(mut self, name: &str, value: AttributeValue) -> Self {
        let (name, value) = (self.placeholders.name(name), self.placeholders.value(value));
        self.adds.push(format!("{name} {value}"));
        self
    }

    #[must_use]
    pub fn only_if(mut self, condition: Condition) -> Self {
        self.condition = Some(condition.write(&mut self.placeholders));
        self
    }

    /// The update expression, the condition expression, and their placeholders.
    pub(crate) fn write(self) -> (String, Option<String>, Placeholders) {
        let clauses = [("SET", self.sets), ("REMOVE", self.removes), ("ADD", self.adds)];
        let clauses = clauses.into_iter().filter(|(_, parts)| !parts.is_empty());
        let clauses: Vec<String> = clauses.map(|(verb, parts)| format!("{verb} {}", parts.join(", "))).collect();
        (clauses.join(" "), self.condition, self.placeholders)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::condition::present;
    use crate::item::{number, text};

    #[test]
    fn parts_are_told_by_their_verbs() {
        let update = Update::default().add("attempts", number(1)).set("status", text("DEAD")).remove("reason");
        let update = update.set_once("first", number(2)).only_if(present("status"));
        let (expression, condition, _) = update.write();
        assert_eq!(expression, "SET #n1 = :v1, #n3 = if_not_exists(#n3, :v2) REMOVE #n2 ADD #n0 :v0");
        assert_eq!(condition.unwrap(), "attribute_exists(#n1)");
    }
}
