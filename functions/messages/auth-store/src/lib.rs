//! Users, refresh tokens and failed logins on DynamoDB, and the signing keys in Secrets Manager. The rules are in `messages-auth`.
//! Needs `GetItem`, `PutItem`, `UpdateItem` and `DeleteItem`; verifying functions need only `secretsmanager:GetSecretValue`.

mod item;
mod secret;
mod table;

pub use secret::SigningKeysSecret;
pub use table::AuthTable;
