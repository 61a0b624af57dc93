//! Somebody who answers as told, and remembers what was asked.

use std::cell::RefCell;

use deploy::{Approver, FailedStack, Preview, Refusal};

#[derive(Default)]
pub(crate) struct Answers {
    /// Physical names of stacks whose change sets are refused.
    pub(crate) refused: Vec<&'static str>,
    pub(crate) keep_failed: bool,
    pub(crate) asked: RefCell<Vec<Preview>>,
    pub(crate) asked_to_delete: RefCell<Vec<FailedStack>>,
}

impl Approver for Answers {
    async fn approve(&self, preview: &Preview) -> Result<(), Refusal> {
        self.asked.borrow_mut().push(preview.clone());
        answer(!self.refused.contains(&preview.stack_name.as_str()))
    }

    async fn delete_failed(&self, stack: &FailedStack) -> Result<(), Refusal> {
        self.asked_to_delete.borrow_mut().push(stack.clone());
        answer(!self.keep_failed)
    }
}

fn answer(yes: bool) -> Result<(), Refusal> {
    if yes { Ok(()) } else { Err(Refusal { reason: "nobody is here to say yes".to_owned(), refused: Vec::new() }) }
}
