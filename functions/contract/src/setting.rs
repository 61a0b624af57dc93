//! The macro behind the settings structs, and how a value is read. Settings are read completely or not at all: one error names every fault.

use std::fmt;
use std::str::FromStr;

/// A type that one environment variable can hold.
pub trait Setting: Sized {
    /// Reads the text of an environment variable.
    ///
    /// # Errors
    /// Says what is allowed.
    fn read(text: &str) -> Result<Self, String>;
}

impl Setting for String {
    fn read(text: &str) -> Result<Self, String> {
        if text.is_empty() { Err("must not be empty".to_owned()) } else { Ok(text.to_owned()) }
    }
}

impl Setting for u16 {
    fn read(text: &str) -> Result<Self, String> {
        match u16::from_str(text) {
            Ok(value) if value > 0 => Ok(value),
            _ => Err(format!("{text:?} is not a whole number from 1 to {}", u16::MAX)),
        }
    }
}

impl Setting for u32 {
    fn read(text: &str) -> Result<Self, String> {
        match u32::from_str(text) {
            Ok(value) if value > 0 => Ok(value),
            _ => Err(format!("{text:?} is not a whole number from 1 to {}", u32::MAX)),
        }
    }
}

impl Setting for f64 {
    fn read(text: &str) -> Result<Self, String> {
        match f64::from_str(text) {
            Ok(value) if value.is_finite() && value > 0.0 => Ok(value),
            _ => Err(format!("{text:?} is not a number above 0")),
        }
    }
}

/// Everything that is wrong with a function's environment, one entry per variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingsError {
    /// The function whose settings were read.
    pub function: &'static str,
    /// Variable name and what is wrong with it.
    pub faults: Vec<(&'static str, String)>,
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "settings of {}: ", self.function)?;
        for (index, (name, fault)) in self.faults.iter().enumerate() {
            let comma = if index == 0 { "" } else { "; " };
            write!(f, "{comma}{name} {fault}")?;
        }
        Ok(())
    }
}

impl std::error::Error for SettingsError {}

/// Settings structs, each in the form that the function reads and in the form that the stack fills.
///
/// ```
/// contract::settings! {
///     /// `Greeter`: says hello.
///     Greeter / GreeterEnvironment {
///         /// How often, at least once.
///         times: u16 = "TIMES",
///     }
/// }
/// let environment = GreeterEnvironment { times: "3" }.into_variables();
/// assert_eq!(environment, [("TIMES", "3")]);
/// let settings = Greeter::read(|_| Some("3".to_owned())).expect("well-formed");
/// assert_eq!(settings.times, 3);
/// ```
#[macro_export]
macro_rules! settings {
    ($(
        $(#[$doc:meta])*
        $name:ident / $environment:ident { $( $(#[$field_doc:meta])* $field:ident: $kind:ty = $variable:literal, )* }
    )*) => {$(
        $(#[$doc])*
        /// As the function reads it.
        #[derive(Debug, Clone, PartialEq)]
        pub struct $name { $( $(#[$field_doc])* pub $field: $kind, )* }

        impl $name {
            /// Reads the settings through `lookup`, usually the process environment.
            ///
            /// # Errors
            /// Names every variable that is missing or malformed.
            pub fn read(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, $crate::SettingsError> {
                let mut faults = Vec::new();
                $(
                    let $field = match lookup($variable) {
                        None => { faults.push(($variable, "is not set".to_owned())); None }
                        Some(text) => match <$kind as $crate::Setting>::read(&text) {
                            Ok(value) => Some(value),
                            Err(fault) => { faults.push(($variable, fault)); None }
                        },
                    };
                )*
                match ($($field,)*) {
                    ($(Some($field),)*) => Ok(Self { $($field,)* }),
                    _ => Err($crate::SettingsError { function: stringify!($name), faults }),
                }
            }
        }

        $(#[$doc])*
        /// As the stack fills it: every field is a template value.
        #[derive(Debug, Clone)]
        pub struct $environment<V> { $( $(#[$field_doc])* pub $field: V, )* }

        impl<V> $environment<V> {
            /// Variable names and values, in declaration order.
            pub fn into_variables(self) -> Vec<(&'static str, V)> {
                vec![$(($variable, self.$field),)*]
            }
        }
    )*};
}

#[cfg(test)]
mod tests {
    use crate::db_init::DbInit;

    #[test]
    fn every_missing_or_malformed_setting_is_named_at_once() {
        let error = DbInit::read(|name| match name {
            "RDS_PORT" => Some("0".to_owned()),
            "STAGE" => None,
            _ => Some("2".to_owned()),
        })
        .expect_err("two settings are wrong");
        let expected = r#"settings of DbInit: RDS_PORT "0" is not a whole number from 1 to 65535; STAGE is not set"#;
        assert_eq!(error.to_string(), expected);
    }
}
