//! Passwords: typed by a person, read from stdin, or generated. Never an argument, which the shell and the list of processes would show.

use system::{Answers, Failed};

/// What generated texts are made of: no two characters look alike.
const CHARACTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
/// Characters of a generated password: 120 bits.
const LENGTH: usize = 24;

/// A random text; each character has five bits.
pub(super) fn random_text(length: usize) -> String {
    let character = || char::from(CHARACTERS[usize::from(rand::random::<u8>()) % CHARACTERS.len()]);
    std::iter::repeat_with(character).take(length).collect()
}

/// A random password.
pub(super) fn generated() -> String {
    random_text(LENGTH)
}

/// A new password: a person types it twice.
pub(super) async fn new(answers: &dyn Answers, email: &str) -> Result<String, Failed> {
    let password = known(answers, email).await?;
    if answers.is_person() && answers.secret("Once more:").await.map_err(Failed::other)? != password {
        return Err(Failed::usage("the two passwords are not the same; nothing was changed"));
    }
    Ok(password)
}

/// A password that exists already.
pub(super) async fn known(answers: &dyn Answers, email: &str) -> Result<String, Failed> {
    let password = answers.secret(&format!("Password of {email}:")).await.map_err(Failed::other)?;
    match password.is_empty() {
        true => Err(Failed::usage("no password was given; type it, or write it to stdin on a line of its own")),
        false => Ok(password),
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::io;

    use futures_util::FutureExt;
    use futures_util::future::LocalBoxFuture;

    use super::*;

    /// Answers one after the other.
    struct Typed(bool, RefCell<Vec<&'static str>>);

    impl Answers for Typed {
        fn is_person(&self) -> bool {
            self.0
        }

        fn ask<'a>(&'a self, _: &'a str) -> LocalBoxFuture<'a, io::Result<Option<String>>> {
            async { Ok(None) }.boxed_local()
        }

        fn secret<'a>(&'a self, _: &'a str) -> LocalBoxFuture<'a, io::Result<String>> {
            async { Ok(self.1.borrow_mut().remove(0).to_owned()) }.boxed_local()
        }
    }

    async fn typed(is_person: bool, answers: &[&'static str]) -> Result<String, String> {
        let typed = Typed(is_person, RefCell::new(answers.to_vec()));
        new(&typed, "a@b.example").await.map_err(|failed| failed.to_string())
    }

    #[tokio::test]
    async fn a_person_types_a_new_password_twice_and_a_script_writes_it_once() {
        assert_eq!(typed(true, &["secret", "secret"]).await.unwrap(), "secret");
        assert!(typed(true, &["secret", "sceret"]).await.unwrap_err().contains("not the same"));
        assert_eq!(typed(false, &[" with blanks "]).await.unwrap(), " with blanks ");
        assert!(typed(false, &[""]).await.unwrap_err().contains("stdin"));
    }

    #[test]
    fn generated_passwords_differ_and_have_no_characters_that_look_alike() {
        let (one, other) = (generated(), generated());
        assert_ne!(one, other);
        assert_eq!(one.len(), LENGTH);
        assert!(!one.contains(['l', 'o', '0', '1', 'O', 'I']), "{one}");
    }
}
