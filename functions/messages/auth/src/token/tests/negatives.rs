//! Tokens that must be refused. Unless it says otherwise, each is signed with the right key, so that only what its name says is wrong.

use ring::hmac;
use serde_json::{Value, json};

use super::*;

/// The name of a case, its token, and why that is refused.
type Case = (&'static str, String, TokenFault);

pub(crate) fn negatives() -> Vec<Case> {
    let mut cases = forms();
    cases.extend(headers());
    cases.extend(signatures());
    cases.extend(claims());
    cases
}

fn base64(text: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(text)
}

fn good_parts() -> [String; 3] {
    let parts: Vec<String> = good().split('.').map(str::to_owned).collect();
    parts.try_into().expect("three parts")
}

/// A token of these texts, signed.
fn signed(header: &str, claims: &str) -> String {
    let signed = format!("{}.{}", base64(header), base64(claims));
    let signature = base64(key_ring("a").signing().sign(signed.as_bytes()));
    format!("{signed}.{signature}")
}

fn kid() -> String {
    key_ring("a").signing().kid().to_owned()
}

fn good_header() -> String {
    json!({"alg": ALGORITHM, "typ": TYPE, "kid": kid()}).to_string()
}

fn good_claims() -> Value {
    let second = at("10:00:00").as_second();
    json!({
        "iss": ISSUER, "aud": ISSUER, "sub": "user@example.com", "jti": "7", "iat": second, "nbf": second, "exp": second + 900,
    })
}

fn with_header(header: &str) -> String {
    signed(&header.replace("$kid", &kid()), &good_claims().to_string())
}

/// With a claim that has another value.
fn with(name: &str, value: Value) -> String {
    let mut claims = good_claims();
    claims[name] = value;
    signed(&good_header(), &claims.to_string())
}

fn without(name: &str) -> String {
    let mut claims = good_claims();
    claims.as_object_mut().expect("an object").remove(name);
    signed(&good_header(), &claims.to_string())
}

fn with_claims(change: impl FnOnce(String) -> String) -> String {
    signed(&good_header(), &change(good_claims().to_string()))
}

/// How a token is put together.
fn forms() -> Vec<Case> {
    let [header, claims, signature] = good_parts();
    let padded = "=".repeat((4 - signature.len() % 4) % 4);
    // The last character of 64 bytes in base64url bears four bits that are zeros.
    let (most, last) = signature.split_at(signature.len() - 1);
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let place = alphabet.iter().position(|letter| last.as_bytes() == [*letter]).expect("a letter of base64url");
    let other_last = char::from(alphabet[place + 1]);
    vec![
        ("nothing", String::new(), TokenFault::Parts),
        ("a text", "token".to_owned(), TokenFault::Parts),
        ("dots", "..".to_owned(), TokenFault::Header),
        ("no signature and no dot", format!("{header}.{claims}"), TokenFault::Parts),
        ("an empty signature", format!("{header}.{claims}."), TokenFault::Signature),
        ("an empty header", format!(".{claims}.{signature}"), TokenFault::Header),
        ("empty claims", format!("{header}..{signature}"), TokenFault::Signature),
        ("a trailing dot", format!("{header}.{claims}.{signature}."), TokenFault::Parts),
        ("a leading dot", format!(".{header}.{claims}.{signature}"), TokenFault::Parts),
        ("four parts", format!("{header}.{claims}.{signature}.{signature}"), TokenFault::Parts),
        (
            "five parts, as of an encrypted token",
            format!("{header}.{claims}.{signature}.{claims}.{signature}"),
            TokenFault::Parts,
        ),
        ("a padded signature", format!("{header}.{claims}.{signature}{padded}"), TokenFault::Parts),
        ("a padded header", format!("{header}=.{claims}.{signature}"), TokenFault::Parts),
        ("the alphabet of plain base64", format!("{header}.{claims}.{most}+"), TokenFault::Parts),
        ("bits that do not count", format!("{header}.{claims}.{most}{other_last}"), TokenFault::Parts),
        ("a signature without its last byte", format!("{header}.{claims}.{}", &signature[..84]), TokenFault::Signature),
        ("a signature with one more byte", format!("{header}.{claims}.{}", base64([0; 65])), TokenFault::Signature),
        ("a blank at the end", format!("{header}.{claims}.{signature} "), TokenFault::Parts),
        ("a blank at the beginning", format!(" {header}.{claims}.{signature}"), TokenFault::Parts),
        ("a line break between parts", format!("{header}.\n{claims}.{signature}"), TokenFault::Parts),
        ("a byte that is nothing", format!("{header}.{claims}\0.{signature}"), TokenFault::Parts),
        ("letters that are not ASCII", format!("{header}.{claims}.\u{e9}{signature}"), TokenFault::Parts),
        ("two tokens", format!("{0}, {0}", good()), TokenFault::Parts),
        ("a quoted token", format!("\"{}\"", good()), TokenFault::Parts),
        ("64 KB", "a".repeat(65_536), TokenFault::TooLong),
        ("64 KB of claims", with("sub", json!("a".repeat(65_536))), TokenFault::TooLong),
        (
            "parts in JSON",
            json!({"protected": header, "payload": claims, "signature": signature}).to_string(),
            TokenFault::Parts,
        ),
    ]
}

fn headers() -> Vec<Case> {
    let cases = [
        ("no algorithm", r#"{"alg":"none","typ":"at+jwt","kid":"$kid"}"#),
        ("no algorithm in capitals", r#"{"alg":"NONE","typ":"at+jwt","kid":"$kid"}"#),
        ("the algorithm is missing", r#"{"typ":"at+jwt","kid":"$kid"}"#),
        ("the algorithm is empty", r#"{"alg":"","typ":"at+jwt","kid":"$kid"}"#),
        ("the algorithm is null", r#"{"alg":null,"typ":"at+jwt","kid":"$kid"}"#),
        ("a list of algorithms", r#"{"alg":["EdDSA"],"typ":"at+jwt","kid":"$kid"}"#),
        ("the algorithm in another case", r#"{"alg":"eddsa","typ":"at+jwt","kid":"$kid"}"#),
        ("a blank after the algorithm", r#"{"alg":"EdDSA ","typ":"at+jwt","kid":"$kid"}"#),
        ("HMAC", r#"{"alg":"HS256","typ":"at+jwt","kid":"$kid"}"#),
        ("RSA", r#"{"alg":"RS256","typ":"at+jwt","kid":"$kid"}"#),
        ("a curve of NIST", r#"{"alg":"ES256","typ":"at+jwt","kid":"$kid"}"#),
        ("another Edwards curve", r#"{"alg":"Ed448","typ":"at+jwt","kid":"$kid"}"#),
        ("two algorithms", r#"{"alg":"none","alg":"EdDSA","typ":"at+jwt","kid":"$kid"}"#),
        (
            "an algorithm written in escapes beside another",
            r#"{"alg":"EdDSA","\u0061lg":"none","typ":"at+jwt","kid":"$kid"}"#,
        ),
        ("another type", r#"{"alg":"EdDSA","typ":"JWT","kid":"$kid"}"#),
        ("the type in another case", r#"{"alg":"EdDSA","typ":"AT+JWT","kid":"$kid"}"#),
        ("the type with its tree", r#"{"alg":"EdDSA","typ":"application/at+jwt","kid":"$kid"}"#),
        ("no type", r#"{"alg":"EdDSA","kid":"$kid"}"#),
        ("no key", r#"{"alg":"EdDSA","typ":"at+jwt"}"#),
        ("a key that is a number", r#"{"alg":"EdDSA","typ":"at+jwt","kid":1}"#),
        ("two keys", r#"{"alg":"EdDSA","typ":"at+jwt","kid":"$kid","kid":"$kid"}"#),
        (
            "an embedded key",
            r#"{"alg":"EdDSA","typ":"at+jwt","kid":"$kid","jwk":{"kty":"OKP","crv":"Ed25519","x":"AAAA"}}"#,
        ),
        ("the address of keys", r#"{"alg":"EdDSA","typ":"at+jwt","kid":"$kid","jku":"https://a.example/keys"}"#),
        ("the address of a certificate", r#"{"alg":"EdDSA","typ":"at+jwt","kid":"$kid","x5u":"https://a.example"}"#),
        ("an embedded certificate", r#"{"alg":"EdDSA","typ":"at+jwt","kid":"$kid","x5c":["AAAA"]}"#),
        ("a critical extension", r#"{"alg":"EdDSA","typ":"at+jwt","kid":"$kid","crit":["exp"]}"#),
        ("a payload that is not encoded", r#"{"alg":"EdDSA","typ":"at+jwt","kid":"$kid","b64":false}"#),
        ("a compressed payload", r#"{"alg":"EdDSA","typ":"at+jwt","kid":"$kid","zip":"DEF"}"#),
        ("a member that nobody knows", r#"{"alg":"EdDSA","typ":"at+jwt","kid":"$kid","x":1}"#),
        ("members in capitals", r#"{"ALG":"EdDSA","TYP":"at+jwt","KID":"$kid"}"#),
        ("a list of the values", r#"["EdDSA","at+jwt","$kid"]"#),
        ("a text", r#""EdDSA""#),
        ("null", "null"),
        ("no JSON", "{"),
        ("JSON and something more", r#"{"alg":"EdDSA","typ":"at+jwt","kid":"$kid"}{}"#),
        ("a mark before the JSON", "\u{feff}{\"alg\":\"EdDSA\",\"typ\":\"at+jwt\",\"kid\":\"$kid\"}"),
    ];
    let mut cases: Vec<Case> =
        cases.into_iter().map(|(name, header)| (name, with_header(header), TokenFault::Header)).collect();
    cases.push((
        "bytes that are no text",
        {
            let header = [b"{\"alg\":\"EdDSA\",\"typ\":\"at+jwt\",\"kid\":\"\xff\"}".as_slice()].concat();
            let [_, claims, signature] = good_parts();
            format!("{}.{claims}.{signature}", base64(header))
        },
        TokenFault::Header,
    ));
    let unknown = [
        ("a key that nobody has", r#"{"alg":"EdDSA","typ":"at+jwt","kid":"other"}"#),
        ("an empty key", r#"{"alg":"EdDSA","typ":"at+jwt","kid":""}"#),
        ("a path as the key", r#"{"alg":"EdDSA","typ":"at+jwt","kid":"../../dev/null"}"#),
        ("a statement as the key", r#"{"alg":"EdDSA","typ":"at+jwt","kid":"' OR 1=1 --"}"#),
        ("the key and a NUL", r#"{"alg":"EdDSA","typ":"at+jwt","kid":"$kid\u0000"}"#),
        ("the key and a blank", r#"{"alg":"EdDSA","typ":"at+jwt","kid":"$kid "}"#),
    ];
    cases.extend(unknown.into_iter().map(|(name, header)| (name, with_header(header), TokenFault::UnknownKey)));
    cases
}

fn signatures() -> Vec<Case> {
    let [header, claims, signature] = good_parts();
    let signed = format!("{header}.{claims}");
    let by = |signature: &[u8]| format!("{signed}.{}", base64(signature));
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(&signature).expect("base64url");
    let ring = key_ring("a");
    let public = ring.signing().public().to_vec();
    let hmac_by = |secret: &[u8]| hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), signed.as_bytes());
    let swapped = [&bytes[32..], &bytes[..32]].concat();
    let other_claims = good_claims().to_string().replace("user@", "root@");
    let [other_header, ..] = [base64(with_kid_of("b"))];
    let of_other = format!("{other_header}.{claims}");
    vec![
        (
            "a signature of another key",
            by(key_ring("b").signing().sign(signed.as_bytes()).as_ref()),
            TokenFault::Signature,
        ),
        (
            "another key, named rightly",
            {
                let signature = key_ring("b").signing().sign(of_other.as_bytes());
                format!("{of_other}.{}", base64(signature))
            },
            TokenFault::UnknownKey,
        ),
        ("the public key as the secret of HMAC", by(hmac_by(&public).as_ref()), TokenFault::Signature),
        (
            "the published text of the key as the secret of HMAC",
            by(hmac_by(base64(&public).as_bytes()).as_ref()),
            TokenFault::Signature,
        ),
        ("HMAC with nothing as the secret", by(hmac_by(b"").as_ref()), TokenFault::Signature),
        ("an S that is not reduced", by(&with_order_added(&bytes)), TokenFault::Signature),
        ("zeros", by(&[0; 64]), TokenFault::Signature),
        ("the public key twice", by(&[public.as_slice(), &public].concat()), TokenFault::Signature),
        ("the halves swapped", by(&swapped), TokenFault::Signature),
        ("only R", by(&bytes[..32]), TokenFault::Signature),
        ("the signature twice", by(&[bytes.as_slice(), &bytes].concat()), TokenFault::Signature),
        (
            "the claims of somebody else",
            format!("{header}.{}.{signature}", base64(other_claims)),
            TokenFault::Signature,
        ),
        ("the header again as the claims", format!("{header}.{header}.{signature}"), TokenFault::Signature),
        ("a signature of the claims alone", by(ring.signing().sign(claims.as_bytes()).as_ref()), TokenFault::Signature),
        (
            "a signature of the decoded texts",
            {
                let text = format!("{}.{}", good_header(), good_claims());
                by(ring.signing().sign(text.as_bytes()).as_ref())
            },
            TokenFault::Signature,
        ),
    ]
}

fn with_kid_of(letter: &str) -> String {
    json!({"alg": ALGORITHM, "typ": TYPE, "kid": key_ring(letter).signing().kid()}).to_string()
}

/// R, and S + L: an equation that checks S modulo the order L of the group holds for it as well (RFC 8032, 8.4).
fn with_order_added(signature: &[u8]) -> Vec<u8> {
    const ORDER: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let mut sum = signature.to_vec();
    let mut carry = 0;
    for (byte, order) in sum[32..].iter_mut().zip(ORDER) {
        carry += u16::from(*byte) + u16::from(order);
        *byte = carry.to_le_bytes()[0];
        carry >>= 8;
    }
    assert_eq!(carry, 0, "twice the order fits");
    sum
}

fn claims() -> Vec<Case> {
    let second = at("10:00:00").as_second();
    let mut cases: Vec<Case> = ["iss", "aud", "sub", "iat", "nbf", "exp", "jti"]
        .into_iter()
        .map(|name| ("a claim is missing", without(name), TokenFault::Claims))
        .collect();
    for time in ["iat", "nbf", "exp"] {
        cases.extend([
            ("a time as text", with(time, json!(good_claims()[time].to_string())), TokenFault::Claims),
            ("a time that is null", with(time, Value::Null), TokenFault::Claims),
            ("a time with a fraction", with(time, json!(second as f64 + 0.5)), TokenFault::Claims),
            ("a whole time written as a fraction", with(time, json!(second as f64)), TokenFault::Claims),
            ("a time that is true", with(time, json!(true)), TokenFault::Claims),
            ("a list of times", with(time, json!([second])), TokenFault::Claims),
            (
                "a time beyond all integers",
                with_claims(|claims| claims.replace(&good_claims()[time].to_string(), "1e400")),
                TokenFault::Claims,
            ),
            (
                "a time of twenty digits",
                with_claims(|claims| claims.replace(&good_claims()[time].to_string(), "99999999999999999999")),
                TokenFault::Claims,
            ),
        ]);
    }
    let times = |iat: i64, nbf: i64, exp: i64| {
        let mut claims = good_claims();
        (claims["iat"], claims["nbf"], claims["exp"]) = (json!(iat), json!(nbf), json!(exp));
        signed(&good_header(), &claims.to_string())
    };
    cases.extend([
        (
            "two times of expiry",
            with_claims(|claims| claims.replacen('{', &format!("{{\"exp\":{},", second + 900), 1)),
            TokenFault::Claims,
        ),
        (
            "two subjects",
            with_claims(|claims| claims.replacen('{', "{\"sub\":\"root@example.com\",", 1)),
            TokenFault::Claims,
        ),
        ("a claim that nobody knows", with("admin", json!(true)), TokenFault::Claims),
        ("an empty subject", with("sub", json!("")), TokenFault::Claims),
        ("a subject that is a number", with("sub", json!(7)), TokenFault::Claims),
        ("an empty id", with("jti", json!("")), TokenFault::Claims),
        ("a list of the audience", with("aud", json!([ISSUER])), TokenFault::Claims),
        ("a list of audiences", with("aud", json!([ISSUER, "other"])), TokenFault::Claims),
        (
            "claims as a list",
            with_claims(|_| json!([ISSUER, ISSUER, "user@example.com", second, second, second + 900, "7"]).to_string()),
            TokenFault::Claims,
        ),
        ("claims that are null", with_claims(|_| "null".to_owned()), TokenFault::Claims),
        ("claims that are no JSON", with_claims(|claims| claims.replace('}', "")), TokenFault::Claims),
        ("claims and something more", with_claims(|claims| format!("{claims} x")), TokenFault::Claims),
        ("claims in another token", with_claims(|_| good()), TokenFault::Claims),
        ("a longer life than ours", times(second, second, second + 901), TokenFault::Claims),
        ("the longest life", times(second, second, i64::MAX), TokenFault::Claims),
        ("the longest of all lives", times(i64::MIN, i64::MIN, i64::MAX), TokenFault::Claims),
        ("no life", times(second, second, second), TokenFault::Claims),
        ("expiry before issue", times(second, second, second - 1), TokenFault::Claims),
        ("another audience", with("aud", json!("messages-prd")), TokenFault::Issuer),
        ("the beginning of the audience", with("aud", json!("messages")), TokenFault::Issuer),
        ("an audience that begins with ours", with("aud", json!("messages-dev2")), TokenFault::Issuer),
        ("the audience in another case", with("aud", json!("Messages-Dev")), TokenFault::Issuer),
        ("the audience and a blank", with("aud", json!("messages-dev ")), TokenFault::Issuer),
        ("audiences in one text", with("aud", json!("messages-dev other")), TokenFault::Issuer),
        ("an empty audience", with("aud", json!("")), TokenFault::Issuer),
        ("another issuer", with("iss", json!("messages-prd")), TokenFault::Issuer),
        ("an empty issuer", with("iss", json!("")), TokenFault::Issuer),
        ("issued in the future", times(second + 6, second, second + 900), TokenFault::Early),
        ("valid in the future", times(second, second + 6, second + 900), TokenFault::Early),
        ("valid never", times(second, i64::MAX, second + 900), TokenFault::Early),
        ("expired", times(second - 905, second - 905, second - 5), TokenFault::Expired),
        ("expired long ago", times(0, 0, 900), TokenFault::Expired),
        ("expired before 1970", times(-900, -900, -1), TokenFault::Expired),
        ("in milliseconds", times(second * 1_000, second * 1_000, second * 1_000 + 900), TokenFault::Early),
    ]);
    cases
}
