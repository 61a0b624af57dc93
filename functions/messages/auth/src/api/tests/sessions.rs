//! Refresh tokens: rotation, reuse, two at once, logout, and users who are disabled or reset.

use super::*;
use crate::fakes::interleave;

fn is_refused(answer: &Answer) -> bool {
    assert!([200, 401].contains(&answer.status), "{answer:?}");
    answer.status == 401
}

#[test]
fn a_refresh_is_another_pair() {
    let login = Login::new();
    let first = login.logged_in(1, at("10:00:00"));
    let answer = login.refresh(&first, 2, at("10:10:00"));
    let second = refresh_token(&answer);
    assert_ne!(first, second);
    let token = body(&answer)["access_token"].as_str().unwrap().to_owned();
    let request = Request::new("GET", "/").with_header("authorization", format!("Bearer {token}"));
    let claims = alone(Verifier::new(&login.secret, ISSUER).verify(&request, at("10:24:59"))).unwrap();
    assert_eq!(claims.sub, USER);
    assert_eq!(login.refresh(&second, 3, at("10:20:00")).status, 200);
}

#[test]
fn a_token_that_was_used_ends_the_session() {
    let login = Login::new();
    let other = login.logged_in(9, at("10:00:00"));
    let first = login.logged_in(1, at("10:00:00"));
    let second = refresh_token(&login.refresh(&first, 2, at("10:01:00")));
    let third = refresh_token(&login.refresh(&second, 3, at("10:02:00")));
    let (answer, report) = login.asked(&token_request("refresh", &first), 4, at("10:03:00"));
    assert_eq!((answer.status, answer.body.as_str()), (401, r#"{"detail":"Invalid refresh token"}"#));
    assert!(format!("{report:?}").contains("was used before"));
    for token in [&first, &second, &third] {
        assert_eq!(login.refresh(token, 5, at("10:04:00")), answer, "the thief's and the owner's");
    }
    assert_eq!(login.refresh(&other, 6, at("10:05:00")).status, 200, "another session of the user");
}

#[test]
fn of_two_refreshes_at_once_exactly_one_wins() {
    // One login, whose table is copied: its hash takes longer than all schedules together.
    let logged_in = Login::new();
    let token = logged_in.logged_in(1, at("10:00:00"));
    for schedule in 0..1_024 {
        let login = Login { world: logged_in.world.clone(), secret: Secret::of("a") };
        let keys = Keys::new(&login.secret);
        let api = Api { store: &login.world, keys: &keys, issuer: ISSUER };
        let request = &token_request("refresh", &token);
        let randoms = [randomness(2), randomness(3)];
        let [one, other] =
            interleave(schedule, randoms.each_ref().map(|random| api.respond(request, random, at("10:01:00"))));
        let answers = [one.0, other.0];
        let winners: Vec<&Answer> = answers.iter().filter(|answer| !is_refused(answer)).collect();
        assert_eq!(winners.len(), 1, "{schedule:b}");
        let next = login.refresh(&refresh_token(winners[0]), 4, at("10:02:00"));
        assert!(is_refused(&next), "{schedule:b}: the second use was a reuse");
    }
}

#[test]
fn a_session_ends_after_seven_idle_days_and_after_thirty_in_all() {
    let start = at("10:00:00");
    let login = Login::new();
    let token = login.logged_in(1, start);
    assert!(is_refused(&login.refresh(&token, 2, start + days(7))));

    let login = Login::new();
    let mut token = login.logged_in(1, start);
    for (number, day) in [(2, 6), (3, 12), (4, 18), (5, 24), (6, 29)] {
        token = refresh_token(&login.refresh(&token, number, start + days(day)));
    }
    let last_second = start + days(30) - SignedDuration::from_secs(1);
    token = refresh_token(&login.refresh(&token, 7, last_second));
    assert!(is_refused(&login.refresh(&token, 8, start + days(30))));
}

#[test]
fn logging_out_ends_the_session_and_tells_nothing() {
    let login = Login::new();
    let first = login.logged_in(1, at("10:00:00"));
    let second = refresh_token(&login.refresh(&first, 2, at("10:01:00")));
    let out = |token: &str| login.answered(&token_request("logout", token), 3, at("10:02:00"));
    let unknown = out("mrt_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
    assert_eq!((unknown.status, unknown.body.as_str()), (200, r#"{"message":"Logged out."}"#));
    assert_eq!(login.refresh(&second, 4, at("10:02:00")).status, 200);
    assert_eq!([out(&first), out(&second), out("nothing")], [unknown.clone(), unknown.clone(), unknown]);
    assert!(is_refused(&login.refresh(&second, 5, at("10:03:00"))));
}

#[test]
fn who_is_disabled_or_has_another_password_has_no_session_any_more() {
    let disable = Asked::DisableUser { email: USER.to_owned() };
    let reset = Asked::ResetUser { email: USER.to_owned(), password: PASSWORD.to_owned() };
    for requests in [vec![disable.clone()], vec![reset.clone()], vec![disable, reset.clone()]] {
        let login = Login::new();
        let token = login.logged_in(1, at("10:00:00"));
        let is_enabled = requests.last() == Some(&reset);
        requests.into_iter().for_each(|request| _ = login.operate(request));
        assert!(is_refused(&login.refresh(&token, 2, at("10:01:00"))));
        assert_eq!(login.login(USER, PASSWORD, at("10:02:00")).status == 200, is_enabled);
    }
}

#[test]
fn a_text_that_is_no_refresh_token_is_refused() {
    let login = Login::new();
    let token = login.logged_in(1, at("10:00:00"));
    let access = body(&login.login(USER, PASSWORD, at("10:00:00")))["access_token"].as_str().unwrap().to_owned();
    let hash = login.world.tokens.borrow().keys().next().unwrap().as_str().to_owned();
    for wrong in ["", "mrt_", &token[4..], &format!("{token} "), &format!("mrt_{hash}"), &hash, &access] {
        assert!(is_refused(&login.refresh(wrong, 2, at("10:00:00"))), "{wrong}");
    }
    let missing = login.answered(&post("/users/refresh", &json!({"refresh_token": 7})), 2, at("10:00:00"));
    assert_eq!(body(&missing)["detail"][0]["type"], "string_type");
    assert_eq!(login.refresh(&token, 3, at("10:00:00")).status, 200);
}
