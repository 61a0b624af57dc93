//! Typed values: a literal or an intrinsic that yields one. `IntoValue` is what every setter takes.

use std::borrow::Cow;
use std::marker::PhantomData;

use crate::{Intrinsic, Json};

/// A literal `T`, or an intrinsic that CloudFormation turns into one when it deploys.
pub struct Value<T> {
    json: Json,
    kind: PhantomData<fn() -> T>,
}

/// Marks a map from strings to `T`, such as the variables of a function.
pub struct Map<T>(PhantomData<fn() -> T>);

/// Marks a point in time as CloudFormation writes it (ISO 8601).
pub struct Timestamp;

impl<T> Value<T> {
    /// Uses the tree as it is, for what the types cannot express. Still checked by [`crate::Template::validate`].
    pub fn from_json(json: impl Into<Json>) -> Self {
        Self { json: json.into(), kind: PhantomData }
    }

    /// `!Ref AWS::NoValue`: CloudFormation removes the property. Useful in one branch of [`crate::intrinsics::if_`].
    pub fn no_value() -> Self {
        Intrinsic::Ref("AWS::NoValue".into()).into_typed()
    }

    /// The same value as another type, where CloudFormation converts, such as a port that an attribute returns as a string.
    pub fn cast<U>(self) -> Value<U> {
        Value::from_json(self.json)
    }

    pub fn as_json(&self) -> &Json {
        &self.json
    }

    pub fn into_json(self) -> Json {
        self.json
    }
}

impl Intrinsic {
    pub(crate) fn into_typed<T>(self) -> Value<T> {
        Value::from_json(self)
    }
}

impl<T> From<Value<T>> for Json {
    fn from(value: Value<T>) -> Self {
        value.into_json()
    }
}

impl<T> From<&Value<T>> for Json {
    fn from(value: &Value<T>) -> Self {
        value.as_json().clone()
    }
}

impl<T> Clone for Value<T> {
    fn clone(&self) -> Self {
        Self::from_json(self.json.clone())
    }
}

impl<T> PartialEq for Value<T> {
    fn eq(&self, other: &Self) -> bool {
        self.json == other.json
    }
}

impl<T> std::fmt::Debug for Value<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.json.fmt(f)
    }
}

/// What a property of type `T` can be set to.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no value for a property of type `{T}`",
    label = "expected a literal `{T}` or an intrinsic that yields one"
)]
pub trait IntoValue<T> {
    fn into_value(self) -> Value<T>;
}

impl<T> IntoValue<T> for Value<T> {
    fn into_value(self) -> Value<T> {
        self
    }
}

impl<T> IntoValue<T> for &Value<T> {
    fn into_value(self) -> Value<T> {
        self.clone()
    }
}

/// `None` omits an optional property; for a required one [`crate::Template::validate`] reports it.
impl<T, V: IntoValue<T>> IntoValue<T> for Option<V> {
    fn into_value(self) -> Value<T> {
        self.map_or_else(|| Value::from_json(Json::Absent), IntoValue::into_value)
    }
}

macro_rules! literals {
    ($($from:ty => $to:ty),* $(,)?) => {$(
        impl IntoValue<$to> for $from {
            fn into_value(self) -> Value<$to> {
                Value::from_json(self)
            }
        }
    )*};
}
literals! {
    String => String, &String => String,
    bool => bool,
    i8 => i64, i16 => i64, i32 => i64, i64 => i64, u8 => i64, u16 => i64, u32 => i64,
    f64 => f64, i32 => f64, i64 => f64, u32 => f64,
    Json => Json, String => Json, &String => Json, serde_json::Value => Json,
    String => Timestamp,
}

impl IntoValue<String> for &str {
    fn into_value(self) -> Value<String> {
        Value::from_json(self.to_owned())
    }
}

/// Some JSON properties also accept the document as text.
impl IntoValue<Json> for &str {
    fn into_value(self) -> Value<Json> {
        Value::from_json(self.to_owned())
    }
}

impl IntoValue<Timestamp> for &str {
    fn into_value(self) -> Value<Timestamp> {
        Value::from_json(self.to_owned())
    }
}

impl IntoValue<Json> for &Json {
    fn into_value(self) -> Value<Json> {
        Value::from_json(self.clone())
    }
}

impl<T, V: IntoValue<T>> IntoValue<Vec<T>> for Vec<V> {
    fn into_value(self) -> Value<Vec<T>> {
        Value::list(self)
    }
}

impl<T, V: IntoValue<T>, const N: usize> IntoValue<Vec<T>> for [V; N] {
    fn into_value(self) -> Value<Vec<T>> {
        Value::list(self)
    }
}

impl<T, V: IntoValue<T> + Clone> IntoValue<Vec<T>> for &[V] {
    fn into_value(self) -> Value<Vec<T>> {
        Value::list(self.iter().cloned())
    }
}

impl<T> Value<Vec<T>> {
    /// A list of these items.
    pub fn list<V: IntoValue<T>>(items: impl IntoIterator<Item = V>) -> Self {
        Self::from_json(Json::List(items.into_iter().map(|item| item.into_value().into_json()).collect()))
    }
}

impl<T> Value<Map<T>> {
    /// A map with these entries, in this order.
    pub fn map<K: Into<String>, V: IntoValue<T>>(entries: impl IntoIterator<Item = (K, V)>) -> Self {
        let entries = entries.into_iter().map(|(key, value)| (Cow::Owned(key.into()), value.into_value().into_json()));
        Self::from_json(Json::Object(entries.collect()))
    }
}

impl<T, K: Into<String>, V: IntoValue<T>> IntoValue<Map<T>> for Vec<(K, V)> {
    fn into_value(self) -> Value<Map<T>> {
        Value::map(self)
    }
}

impl<T, K: Into<String>, V: IntoValue<T>, const N: usize> IntoValue<Map<T>> for [(K, V); N] {
    fn into_value(self) -> Value<Map<T>> {
        Value::map(self)
    }
}

impl<T, K: Into<String>, V: IntoValue<T>> IntoValue<Map<T>> for std::collections::BTreeMap<K, V> {
    fn into_value(self) -> Value<Map<T>> {
        Value::map(self)
    }
}

/// A list whose items may be of different kinds: literals next to intrinsics.
///
/// ```
/// # use cfn::{Value, list, pseudo};
/// let names: Value<Vec<String>> = list!["a", pseudo::region(), String::from("b")];
/// # assert_eq!(names.as_json().as_list().map(|items| items.len()), Some(3));
/// ```
#[macro_export]
macro_rules! list {
    ($($item:expr),* $(,)?) => { $crate::Value::list([$($crate::IntoValue::into_value($item)),*] as [$crate::Value<_>; _]) };
}

/// One value of an enumeration: a known one, or an unchecked one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnumerationValue {
    text: Cow<'static, str>,
    known: bool,
}

impl EnumerationValue {
    pub const fn known(text: &'static str) -> Self {
        Self { text: Cow::Borrowed(text), known: true }
    }

    pub fn custom(text: impl Into<String>) -> Self {
        Self { text: Cow::Owned(text.into()), known: false }
    }
}

/// The enumerations of the generated resources: constants for the known values, `custom` for newer ones.
pub trait Enumeration: Sized {
    fn into_enumeration_value(self) -> EnumerationValue;
}

#[diagnostic::do_not_recommend]
impl<T: Enumeration> IntoValue<T> for T {
    fn into_value(self) -> Value<T> {
        let EnumerationValue { text, known } = self.into_enumeration_value();
        Value::from_json(if known { Json::String(text) } else { Json::Custom(text) })
    }
}

/// Text is checked against the known values when the template is validated.
#[diagnostic::do_not_recommend]
impl<T: Enumeration> IntoValue<T> for &str {
    fn into_value(self) -> Value<T> {
        Value::from_json(self.to_owned())
    }
}

#[diagnostic::do_not_recommend]
impl<T: Enumeration> IntoValue<T> for String {
    fn into_value(self) -> Value<T> {
        Value::from_json(self)
    }
}

/// An intrinsic that yields a string, such as a parameter.
#[diagnostic::do_not_recommend]
impl<T: Enumeration> IntoValue<T> for Value<String> {
    fn into_value(self) -> Value<T> {
        self.cast()
    }
}

/// An enumeration's value where a plain string is expected.
#[diagnostic::do_not_recommend]
impl<T: Enumeration> IntoValue<String> for T {
    fn into_value(self) -> Value<String> {
        IntoValue::<T>::into_value(self).cast()
    }
}

/// An enumeration of a generated module.
#[allow(unused_macros, reason = "there is none without the feature of a service")]
macro_rules! enumeration {
    ($name:ident { $($constant:ident = $text:literal,)* }) => {
        #[doc = concat!("Known values of ", stringify!($name), "; newer ones by `custom`.")]
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $name($crate::EnumerationValue);

        impl $name {
            $(pub const $constant: Self = Self($crate::EnumerationValue::known($text));)*

            /// A value that is unknown here and not checked.
            pub fn custom(text: impl Into<::std::string::String>) -> Self {
                Self($crate::EnumerationValue::custom(text))
            }
        }

        impl $crate::Enumeration for $name {
            fn into_enumeration_value(self) -> $crate::EnumerationValue {
                self.0
            }
        }
    };
}
#[allow(unused_imports, reason = "as above")]
pub(crate) use enumeration;
