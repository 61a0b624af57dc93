//! The format of a FIPE code, for the crate that reads one and the crate that stores one. Looks nothing up.

/// `NNNNNN-D` with its check digit: modulo 11, weights 7 to 2 from the left, 10 and 11 become 0.
pub fn is_fipe_code(text: &str) -> bool {
    let bytes = text.as_bytes();
    let [number @ .., b'-', check] = bytes else { return false };
    if number.len() != 6 || !number.iter().chain([check]).all(u8::is_ascii_digit) {
        return false;
    }
    let sum: u32 = number.iter().zip((2..=7).rev()).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    let expected = match 11 - sum % 11 {
        10 | 11 => 0,
        digit => digit,
    };
    u32::from(check - b'0') == expected
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fipe_code_check_digit_holds() {
        for code in ["015069-0", "008076-4", "004360-5", "811084-0", "003376-6", "004511-0", "001267-0", "038003-2"] {
            assert!(is_fipe_code(code), "{code}");
        }
        for code in ["015069-1", "15069-0", "015069", "0150690", "015069-", "01506a-0", "015069-00", ""] {
            assert!(!is_fipe_code(code), "{code:?}");
        }
    }
}
