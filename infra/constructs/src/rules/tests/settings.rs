//! Settings that repeat what the template says.

use super::*;

#[test]
fn a_setting_that_differs_from_what_it_repeats_is_refused() {
    let rule = "function-setting-repeated";
    for (variable, right, wrong) in [("FUNCTION_TIMEOUT_SECONDS", "300", "30"), ("SQS_MAX_RECEIVE_COUNT", "5", "15")] {
        allowed(&with_variable(variable, right));
        refused(&with_variable(variable, wrong), rule, &format!("Function Environment.Variables.{variable}"));
    }
    allowed(&with_variable("OTHER_TIMEOUT_SECONDS", "30"));
}
