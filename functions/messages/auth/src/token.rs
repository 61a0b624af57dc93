//! Access tokens: Ed25519 JWTs (RFC 8725, RFC 9068). One algorithm, one form: whatever is not exactly as [`issue`] writes it is refused.
//! Works on texts; which keys count is [`crate::Keys`]' matter.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jiff::Timestamp;
use messages_contract::TOKEN_SECONDS;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::email::Email;
use crate::keys::KeyRing;

const ALGORITHM: &str = "EdDSA";
const TYPE: &str = "at+jwt";
/// Bytes; ours have less than 1,000.
const LONGEST: usize = 2_048;
/// Seconds by which clocks may differ.
const LEEWAY: i64 = 5;

/// What a token says, all of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claims {
    /// Who issued it, such as `messages-dev`.
    pub iss: String,
    /// For whom: the issuer itself.
    pub aud: String,
    /// The user's e-mail address.
    pub sub: String,
    /// When it was issued, in seconds since 1970.
    pub iat: i64,
    /// From when on it is valid, the same.
    pub nbf: i64,
    /// Until when, exclusively.
    pub exp: i64,
    /// Its own id.
    pub jti: String,
}

/// Why a token is refused. For the log alone: clients get the same answer for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenFault {
    #[error("the token is longer than {LONGEST} bytes")]
    TooLong,
    #[error("the token does not have three parts in base64url")]
    Parts,
    #[error("the token's header is not the one of an access token")]
    Header,
    #[error("the token's key is unknown")]
    UnknownKey,
    #[error("the token's signature is wrong")]
    Signature,
    #[error("the token's claims are incomplete or malformed")]
    Claims,
    #[error("the token is of another issuer or for another audience")]
    Issuer,
    #[error("the token is not valid yet")]
    Early,
    #[error("the token has expired")]
    Expired,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    alg: String,
    typ: String,
    kid: String,
}

/// A token for a user, valid from now on for [`TOKEN_SECONDS`].
pub(crate) fn issue(ring: &KeyRing, issuer: &str, user: &Email, id: Uuid, now: Timestamp) -> String {
    let iat = now.as_second();
    let claims = Claims {
        iss: issuer.to_owned(),
        aud: issuer.to_owned(),
        sub: user.to_string(),
        iat,
        nbf: iat,
        exp: iat + i64::from(TOKEN_SECONDS),
        jti: id.to_string(),
    };
    let header = Header { alg: ALGORITHM.to_owned(), typ: TYPE.to_owned(), kid: ring.signing().kid().to_owned() };
    let signed = format!("{}.{}", encoded(&header), encoded(&claims));
    let signature = BASE64_URL_SAFE_NO_PAD.encode(ring.signing().sign(signed.as_bytes()));
    format!("{signed}.{signature}")
}

fn encoded(part: &impl Serialize) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(serde_json::to_vec(part).expect("texts and numbers are JSON"))
}

/// A token whose signature is not verified: nothing in it is true yet, but it is known which key to ask.
#[derive(Debug)]
pub(crate) struct Unverified<'a> {
    pub(crate) kid: String,
    signed: &'a str,
    claims: Vec<u8>,
    signature: Vec<u8>,
}

impl<'a> Unverified<'a> {
    /// # Errors
    /// The token does not have the form of ours.
    pub(crate) fn parse(token: &'a str) -> Result<Self, TokenFault> {
        if token.len() > LONGEST {
            return Err(TokenFault::TooLong);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(TokenFault::Parts)?;
        let (header, claims) = signed.split_once('.').ok_or(TokenFault::Parts)?;
        let [header, claims, signature] = [decoded(header)?, decoded(claims)?, decoded(signature)?];
        let header: Header = object(&header).ok_or(TokenFault::Header)?;
        if header.alg != ALGORITHM || header.typ != TYPE {
            return Err(TokenFault::Header);
        }
        Ok(Self { kid: header.kid, signed, claims, signature })
    }

    /// The claims, once all of them are checked.
    ///
    /// # Errors
    /// The token is not one of this issuer that is valid now.
    pub(crate) fn verify(self, ring: &KeyRing, issuer: &str, now: Timestamp) -> Result<Claims, TokenFault> {
        let key = ring.find(&self.kid).ok_or(TokenFault::UnknownKey)?;
        if !key.has_signed(self.signed.as_bytes(), &self.signature) {
            return Err(TokenFault::Signature);
        }
        let claims: Claims = object(&self.claims).ok_or(TokenFault::Claims)?;
        if claims.sub.is_empty()
            || claims.jti.is_empty()
            || !lifetimes().contains(&claims.exp.saturating_sub(claims.iat))
        {
            return Err(TokenFault::Claims);
        }
        if claims.iss != issuer || claims.aud != issuer {
            return Err(TokenFault::Issuer);
        }
        let now = now.as_second();
        if claims.iat.max(claims.nbf) > now + LEEWAY {
            return Err(TokenFault::Early);
        }
        if claims.exp <= now - LEEWAY {
            return Err(TokenFault::Expired);
        }
        Ok(claims)
    }
}

/// Seconds for which one of ours can be valid.
fn lifetimes() -> std::ops::RangeInclusive<i64> {
    1..=i64::from(TOKEN_SECONDS)
}

/// Base64url without padding, in the one form that each byte string has.
fn decoded(part: &str) -> Result<Vec<u8>, TokenFault> {
    BASE64_URL_SAFE_NO_PAD.decode(part).map_err(|_| TokenFault::Parts)
}

/// A JSON object with exactly the fields of `T`, each once. An array of their values would be read as well, so the brace is asked for.
fn object<'a, T: Deserialize<'a>>(json: &'a [u8]) -> Option<T> {
    json.starts_with(b"{").then(|| serde_json::from_slice(json).ok())?
}

#[cfg(test)]
pub(crate) mod tests;
