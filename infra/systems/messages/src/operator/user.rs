//! `infra user`: who may log in. The login function checks and stores; here a password is asked for, and answers are shown.

use clap::{Args, Subcommand};
use messages_contract::{Request, User};
use serde_json::json;
use system::{Failed, Site, Table, to_the_second};

use super::login::ask;
use super::password;

const PASSWORD: &str = "\
The password is asked for twice and not shown. Without a terminal it is the first line of stdin. It has 6 to 1,024 characters, and is stored \
as an Argon2id hash.

Exit codes: 0 done; 1 it failed; 64 the address or the password is not taken, nothing is deployed, or the arguments are wrong; 75 AWS \
was busy or unavailable.";

const NO_PASSWORD: &str = "\
Exit codes: 0 done; 1 it failed; 64 there is no such user, nothing is deployed, or the arguments are wrong; 75 AWS was busy or unavailable.";

/// What to do with users.
#[derive(Debug, Subcommand)]
pub(super) enum Users {
    /// Add a user.
    #[command(after_help = PASSWORD)]
    Add(WithPassword),
    /// List the users, by address.
    #[command(after_help = NO_PASSWORD)]
    List {
        /// Print one JSON document instead of a table.
        #[arg(long)]
        json: bool,
    },
    /// Let a user no longer log in, and revoke the refresh tokens; access tokens end by themselves within a quarter of an hour.
    #[command(after_help = NO_PASSWORD)]
    Disable {
        /// The user's e-mail address.
        email: String,
        /// Print one JSON document instead of text.
        #[arg(long)]
        json: bool,
    },
    /// Give a user another password, enable the user, and revoke the refresh tokens.
    #[command(after_help = PASSWORD)]
    Reset(WithPassword),
}

/// Which user, with which password.
#[derive(Debug, Args)]
pub(super) struct WithPassword {
    /// The user's e-mail address.
    email: String,
    /// Generate the password and print it, once.
    #[arg(long)]
    generate: bool,
    /// Print one JSON document instead of text.
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(site: &Site<'_>, users: Users) -> Result<(), Failed> {
    match users {
        Users::Add(arguments) => {
            with_password(site, arguments, "added", |email, password| Request::AddUser { email, password }).await
        }
        Users::Reset(arguments) => {
            let done = "has another password";
            with_password(site, arguments, done, |email, password| Request::ResetUser { email, password }).await
        }
        Users::Disable { email, json } => {
            let user: User = ask(site, &Request::DisableUser { email }).await?;
            tell(site, &user, "can no longer log in", None, json);
            Ok(())
        }
        Users::List { json } => {
            let users: Vec<User> = ask(site, &Request::ListUsers).await?;
            match json {
                true => {
                    site.console.data(&json!({"schema": 1, "stage": site.stage.as_str(), "users": users}).to_string());
                }
                false => lines(&users).iter().for_each(|line| site.console.data(line)),
            }
            Ok(())
        }
    }
}

async fn with_password(
    site: &Site<'_>,
    WithPassword { email, generate, json }: WithPassword,
    done: &str,
    request: fn(String, String) -> Request,
) -> Result<(), Failed> {
    let password = match generate {
        true => password::generated(),
        false => password::new(site.answers, &email).await?,
    };
    let user: User = ask(site, &request(email, password.clone())).await?;
    tell(site, &user, done, generate.then_some(&password), json);
    Ok(())
}

/// What was done, and the password if nobody knows it yet.
fn tell(site: &Site<'_>, user: &User, done: &str, password: Option<&String>, as_json: bool) {
    if as_json {
        let mut document = json!({"schema": 1, "stage": site.stage.as_str(), "user": user});
        if let Some(password) = password {
            document["password"] = password.as_str().into();
        }
        return site.console.data(&document.to_string());
    }
    site.console.note(&format!("{}: {done} on {}", user.email, site.stage));
    if let Some(password) = password {
        site.console.note("the password, which is not shown again:");
        site.console.data(password);
    }
}

fn lines(users: &[User]) -> Vec<String> {
    if users.is_empty() {
        return vec!["no users yet; `infra user add` adds one".to_owned()];
    }
    let mut table = Table::new(&["e-mail", "state", "created", "last login"], &[]);
    for user in users {
        let state = if user.disabled { "disabled" } else { "enabled" };
        let last_login = user.last_login_at.as_deref().map_or_else(|| "never".to_owned(), to_the_second);
        table.row(vec![user.email.clone(), state.to_owned(), to_the_second(&user.created_at), last_login]);
    }
    table.lines()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_a_table() {
        let user = |email: &str, disabled, last_login_at: Option<&str>| User {
            email: email.to_owned(),
            disabled,
            created_at: "2026-11-02T10:00:00.25Z".to_owned(),
            last_login_at: last_login_at.map(str::to_owned),
        };
        let users = [user("a@b.example", false, Some("2026-11-03T08:00:00Z")), user("longer@b.example", true, None)];
        assert_eq!(
            lines(&users),
            [
                "e-mail            state     created               last login",
                "a@b.example       enabled   2026-11-02T10:00:00Z  2026-11-03T08:00:00Z",
                "longer@b.example  disabled  2026-11-02T10:00:00Z  never",
            ]
        );
        assert_eq!(lines(&[]), ["no users yet; `infra user add` adds one"]);
    }
}
