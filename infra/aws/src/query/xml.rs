//! An XML response as a tree of names and texts. No attributes and namespaces: the Query protocol's responses do not use them.

use xmlparser::{ElementEnd, Token, Tokenizer};

/// An element with its text and children.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Element {
    pub(super) name: String,
    pub(super) text: String,
    pub(super) children: Vec<Element>,
}

impl Element {
    /// Parses a document; `None` when it is not well-formed. Entities are left as they are, since ids contain none.
    pub(super) fn parse(document: &str) -> Option<Self> {
        let mut open = vec![Self::default()];
        for token in Tokenizer::from(document) {
            match token.ok()? {
                Token::ElementStart { local, .. } => {
                    open.push(Self { name: local.to_string(), ..Self::default() });
                }
                Token::ElementEnd { end: ElementEnd::Open, .. } => {}
                Token::ElementEnd { end: ElementEnd::Close(_, name), .. } => {
                    let closed = open.pop().filter(|element| element.name == name.as_str())?;
                    open.last_mut()?.children.push(closed);
                }
                Token::ElementEnd { end: ElementEnd::Empty, .. } => {
                    let closed = open.pop()?;
                    open.last_mut()?.children.push(closed);
                }
                Token::Text { text } => open.last_mut()?.text.push_str(text.trim()),
                _ => {}
            }
        }
        let [root] = <[Self; 1]>::try_from(open).ok()?;
        root.children.into_iter().next()
    }

    /// The first child of a name.
    pub(super) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The text of the first child of a name.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.child(name).map(|child| child.text.as_str()).filter(|text| !text.is_empty())
    }

    /// The text of a child that AWS always returns; the child's name when it is missing.
    pub(super) fn required(&self, name: &'static str) -> Result<String, &'static str> {
        self.text(name).map(str::to_owned).ok_or(name)
    }

    /// The `item` elements below a child of this name: EC2's way of writing a list.
    pub(super) fn items(&self, name: &str) -> impl Iterator<Item = &Self> {
        let list = self.child(name).into_iter().flat_map(|child| &child.children);
        list.filter(|child| child.name == "item")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_with_its_items_and_empty_elements() {
        let text = "<?xml version='1.0'?>\n<Answer xmlns=\"http://x\"><set>\n<item><id>a</id><none/></item><item><id>b</id></item></set></Answer>";
        let root = Element::parse(text).unwrap();
        assert_eq!(root.name, "Answer");
        let ids: Vec<_> = root.items("set").filter_map(|item| item.text("id")).collect();
        assert_eq!(ids, ["a", "b"]);
        assert_eq!(root.items("set").next().unwrap().text("none"), None);
    }

    #[test]
    fn what_is_not_well_formed_is_refused() {
        for text in ["", "<a>", "<a></b>", "<a><b></a></b>", "plain"] {
            assert_eq!(Element::parse(text), None, "{text}");
        }
    }
}
