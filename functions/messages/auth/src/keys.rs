//! Ed25519 keys from the texts of the secret, their names (RFC 7638), and the document that publishes them (RFC 7517, RFC 8037).
//! Never displays a private key.

use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use messages_contract::SigningKeys;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use serde::Serialize;
use sha2::{Digest, Sha256};

/// A text shorter than this could be guessed.
const SHORTEST: usize = 32;

/// A text of the secret that is no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the signing key `{name}` has {given} characters; at least {SHORTEST} are needed")]
pub struct KeyFault {
    pub name: &'static str,
    pub given: usize,
}

/// A key pair with its name.
pub(crate) struct Key {
    kid: String,
    pair: Ed25519KeyPair,
}

impl Key {
    fn of_text(name: &'static str, text: &str) -> Result<Self, KeyFault> {
        let given = text.chars().count();
        if given < SHORTEST {
            return Err(KeyFault { name, given });
        }
        Ok(Self::of_seed(&Sha256::digest(text).into()))
    }

    pub(crate) fn of_seed(seed: &[u8; 32]) -> Self {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).expect("every 32 bytes are a seed");
        let kid = thumbprint(pair.public_key().as_ref());
        Self { kid, pair }
    }

    pub(crate) fn kid(&self) -> &str {
        &self.kid
    }

    pub(crate) fn public(&self) -> &[u8] {
        self.pair.public_key().as_ref()
    }

    pub(crate) fn sign(&self, message: &[u8]) -> ring::signature::Signature {
        self.pair.sign(message)
    }

    /// Accepts only the one canonical signature of a message: `ring` refuses an S that is not below the order of the group.
    pub(crate) fn has_signed(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, self.public()).verify(message, signature).is_ok()
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").field("kid", &self.kid).finish_non_exhaustive()
    }
}

/// The name of an Ed25519 key: the SHA-256 of its required members in their order (RFC 7638, RFC 8037).
fn thumbprint(public: &[u8]) -> String {
    let x = BASE64_URL_SAFE_NO_PAD.encode(public);
    let members = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#);
    BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(members))
}

/// The keys of tokens: the one that signs, and those that are accepted as well.
#[derive(Debug)]
pub struct KeyRing {
    /// The one that signs comes first.
    keys: Vec<Key>,
}

impl KeyRing {
    /// # Errors
    /// A text is too short to be a key.
    pub fn new(keys: &SigningKeys) -> Result<Self, KeyFault> {
        let texts =
            [("current", Some(&keys.current)), ("next", keys.next.as_ref()), ("previous", keys.previous.as_ref())];
        let texts = texts.into_iter().filter_map(|(name, text)| Some((name, text?)));
        Ok(Self { keys: texts.map(|(name, text)| Key::of_text(name, text)).collect::<Result<_, _>>()? })
    }

    #[cfg(test)]
    pub(crate) fn of_keys(keys: Vec<Key>) -> Self {
        Self { keys }
    }

    pub(crate) fn signing(&self) -> &Key {
        &self.keys[0]
    }

    pub(crate) fn find(&self, kid: &str) -> Option<&Key> {
        self.keys.iter().find(|key| key.kid == kid)
    }

    /// The public keys, for `/.well-known/jwks.json`.
    pub fn published(&self) -> KeySet {
        let published = |key: &Key| PublishedKey {
            kty: "OKP",
            crv: "Ed25519",
            alg: "EdDSA",
            key_use: "sig",
            kid: key.kid.clone(),
            x: BASE64_URL_SAFE_NO_PAD.encode(key.public()),
        };
        KeySet { keys: self.keys.iter().map(published).collect() }
    }
}

/// A JWK set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KeySet {
    pub keys: Vec<PublishedKey>,
}

/// A public key as a JWK.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PublishedKey {
    pub kty: &'static str,
    pub crv: &'static str,
    pub alg: &'static str,
    #[serde(rename = "use")]
    pub key_use: &'static str,
    pub kid: String,
    /// The 32 bytes in base64url.
    pub x: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8037, appendix A.
    const SEED: &str = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A";
    const PUBLIC: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
    const THUMBPRINT: &str = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k";
    const SIGNED: &str = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
    const SIGNATURE: &str = "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";

    fn bytes(text: &str) -> Vec<u8> {
        BASE64_URL_SAFE_NO_PAD.decode(text).unwrap()
    }

    #[test]
    fn keys_names_and_signatures_are_those_of_rfc_8037() {
        let key = Key::of_seed(&bytes(SEED).try_into().unwrap());
        assert_eq!(key.public(), bytes(PUBLIC));
        assert_eq!(key.kid(), THUMBPRINT);
        assert_eq!(key.sign(SIGNED.as_bytes()).as_ref(), bytes(SIGNATURE));
        assert!(key.has_signed(SIGNED.as_bytes(), &bytes(SIGNATURE)));
        let published = serde_json::to_value(KeyRing::of_keys(vec![key]).published()).unwrap();
        let expected = serde_json::json!({"keys": [
            {"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": THUMBPRINT, "x": PUBLIC},
        ]});
        assert_eq!(published, expected, "and nothing of the private key");
    }

    #[test]
    fn the_current_key_signs_and_all_three_are_published() {
        let texts = ["a", "b", "c"].map(|letter| letter.repeat(64));
        let [current, next, previous] = texts.clone();
        let keys = SigningKeys { current, next: Some(next), previous: Some(previous), changed_at: None };
        let ring = KeyRing::new(&keys).unwrap();
        let kids = texts.map(|text| Key::of_text("current", &text).unwrap().kid);
        assert_eq!(ring.signing().kid(), kids[0]);
        assert_eq!(ring.published().keys.into_iter().map(|key| key.kid).collect::<Vec<_>>(), kids);
        assert!(kids.iter().all(|kid| ring.find(kid).is_some()) && ring.find("").is_none());
    }

    #[test]
    fn a_key_that_could_be_guessed_is_refused_without_being_shown() {
        let keys =
            SigningKeys { current: "a".repeat(32), next: Some("secret".to_owned()), previous: None, changed_at: None };
        let fault = KeyRing::new(&keys).unwrap_err();
        assert_eq!(fault.to_string(), "the signing key `next` has 6 characters; at least 32 are needed");
        let ring = KeyRing::new(&SigningKeys { next: None, ..keys }).unwrap();
        assert!(!format!("{ring:?}").contains("aaa"), "{ring:?}");
    }
}
