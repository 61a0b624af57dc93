//! The untyped tree that every property is converted to: JSON that can contain intrinsics anywhere, objects in declaration order.

use std::borrow::Cow;

/// A JSON value which may contain CloudFormation intrinsics at any depth. Objects keep the order in which keys were added.
#[derive(Clone, Debug, PartialEq)]
pub enum Json {
    /// Absent: dropped from lists and objects. What `None` becomes.
    Absent,
    Null,
    Bool(bool),
    Integer(i64),
    /// Finite; anything else is reported by [`crate::Template::validate`].
    Number(f64),
    String(Cow<'static, str>),
    /// A string that is not checked against the known values of an enumeration.
    Custom(Cow<'static, str>),
    List(Vec<Json>),
    Object(Vec<(Cow<'static, str>, Json)>),
    Intrinsic(Box<Intrinsic>),
}

/// An intrinsic function and its arguments.
#[derive(Clone, Debug, PartialEq)]
pub enum Intrinsic {
    /// A parameter, resource or pseudo parameter.
    Ref(Cow<'static, str>),
    /// Logical id and attribute; the attribute may have dots (`Endpoint.Address`).
    GetAtt(String, Cow<'static, str>),
    /// Text with `${..}`, and the values for names that are not parameters or resources.
    Sub(String, Vec<(String, Json)>),
    Join(String, Json),
    If(String, Json, Json),
    Select(Json, Json),
    Split(String, Json),
    ImportValue(Json),
    /// Mapping, top-level key, second-level key.
    FindInMap(Json, Json, Json),
    Base64(Json),
    /// Block, count, and the number of host bits of each subnet.
    Cidr(Json, Json, Json),
    GetAZs(Json),
    And(Vec<Json>),
    Or(Vec<Json>),
    Not(Json),
    Equals(Json, Json),
    /// A condition by name, inside another condition.
    Condition(String),
}

impl Json {
    /// An object with these entries, in this order.
    pub fn object<K: Into<Cow<'static, str>>, V: Into<Json>>(entries: impl IntoIterator<Item = (K, V)>) -> Self {
        Self::Object(entries.into_iter().map(|(key, value)| (key.into(), value.into())).collect())
    }

    /// A list of these items, in this order.
    pub fn list<V: Into<Json>>(items: impl IntoIterator<Item = V>) -> Self {
        Self::List(items.into_iter().map(Into::into).collect())
    }

    /// The value of a key, if this is an object that has it.
    pub fn get(&self, key: &str) -> Option<&Json> {
        match self {
            Self::Object(entries) => entries.iter().find(|(name, _)| name == key).map(|(_, value)| value),
            _ => None,
        }
    }

    /// The value of a key, for changing it in place: [`Json::Absent`] if it is new. Anything but an object becomes one.
    pub fn entry(&mut self, key: &'static str) -> &mut Json {
        if !matches!(self, Self::Object(_)) {
            *self = Self::Object(Vec::new());
        }
        match self {
            Self::Object(entries) => entry(entries, key),
            other => other,
        }
    }

    /// The text, if this is a literal string.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) | Self::Custom(text) => Some(text),
            _ => None,
        }
    }

    /// The whole number, if this is a literal one.
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Self::Integer(number) => Some(*number),
            _ => None,
        }
    }

    /// The boolean, if this is a literal one.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// The items, if this is a literal list.
    pub fn as_list(&self) -> Option<&[Json]> {
        match self {
            Self::List(items) => Some(items),
            _ => None,
        }
    }

    /// The entries, if this is a literal object.
    pub fn as_object(&self) -> Option<&[(Cow<'static, str>, Json)]> {
        match self {
            Self::Object(entries) => Some(entries),
            _ => None,
        }
    }

    /// The intrinsic, if this is one.
    pub fn as_intrinsic(&self) -> Option<&Intrinsic> {
        match self {
            Self::Intrinsic(intrinsic) => Some(intrinsic),
            _ => None,
        }
    }
}

/// The value of a key, [`Json::Absent`] if it is new.
pub(crate) fn entry<'a>(entries: &'a mut Vec<(Cow<'static, str>, Json)>, name: &'static str) -> &'a mut Json {
    let place = entries.iter().position(|(key, _)| key == name).unwrap_or_else(|| {
        entries.push((Cow::Borrowed(name), Json::Absent));
        entries.len() - 1
    });
    &mut entries[place].1
}

impl From<Intrinsic> for Json {
    fn from(intrinsic: Intrinsic) -> Self {
        Self::Intrinsic(Box::new(intrinsic))
    }
}

impl From<&'static str> for Json {
    fn from(text: &'static str) -> Self {
        Self::String(Cow::Borrowed(text))
    }
}

impl From<String> for Json {
    fn from(text: String) -> Self {
        Self::String(Cow::Owned(text))
    }
}

impl From<&String> for Json {
    fn from(text: &String) -> Self {
        Self::String(Cow::Owned(text.clone()))
    }
}

impl From<bool> for Json {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<f64> for Json {
    fn from(value: f64) -> Self {
        Self::Number(value)
    }
}

macro_rules! from_integer {
    ($($integer:ty),*) => {$(
        impl From<$integer> for Json {
            fn from(value: $integer) -> Self {
                Self::Integer(i64::from(value))
            }
        }
    )*};
}
from_integer!(i8, i16, i32, i64, u8, u16, u32);

impl<V: Into<Json>> From<Vec<V>> for Json {
    fn from(items: Vec<V>) -> Self {
        Self::list(items)
    }
}

impl<V: Into<Json>, const N: usize> From<[V; N]> for Json {
    fn from(items: [V; N]) -> Self {
        Self::list(items)
    }
}

impl<V: Into<Json>> From<Option<V>> for Json {
    fn from(value: Option<V>) -> Self {
        value.map_or(Self::Absent, Into::into)
    }
}

impl From<serde_json::Value> for Json {
    fn from(value: serde_json::Value) -> Self {
        use serde_json::Value as Plain;
        match value {
            Plain::Null => Self::Null,
            Plain::Bool(value) => Self::Bool(value),
            Plain::Number(number) => {
                number.as_i64().map_or_else(|| Self::Number(number.as_f64().unwrap_or(f64::NAN)), Self::Integer)
            }
            Plain::String(text) => text.into(),
            Plain::Array(items) => Self::list(items),
            Plain::Object(entries) => Self::object(entries),
        }
    }
}

/// Creates [`Json`] in JSON syntax. Values are any expression that is `Into<Json>`: literals, typed values, intrinsics,
/// handles' attributes, `Option`s (`None` omits the entry). Keys are literals, or expressions in parentheses.
///
/// ```
/// # use cfn::{json, pseudo};
/// let statement = json!({
///     "Effect": "Allow",
///     "Action": ["sqs:SendMessage"],
///     "Resource": cfn::intrinsics::sub("arn:${AWS::Partition}:sqs:*"),
///     "Condition": { "StringEquals": { "aws:SourceAccount": pseudo::account_id() } },
/// });
/// assert_eq!(statement.get("Effect").and_then(|effect| effect.as_str()), Some("Allow"));
/// ```
#[macro_export]
macro_rules! json {
    (null) => { $crate::Json::Null };
    ([ $($items:tt)* ]) => {{
        #[allow(unused_mut, reason = "an empty list is never pushed to")]
        let mut list: ::std::vec::Vec<$crate::Json> = ::std::vec::Vec::new();
        $crate::json!(@list list $($items)*);
        $crate::Json::List(list)
    }};
    ({ $($entries:tt)* }) => {{
        #[allow(unused_mut, reason = "an empty object is never pushed to")]
        let mut object: ::std::vec::Vec<(::std::borrow::Cow<'static, str>, $crate::Json)> = ::std::vec::Vec::new();
        $crate::json!(@object object $($entries)*);
        $crate::Json::Object(object)
    }};

    (@list $list:ident) => {};
    (@list $list:ident null $(, $($rest:tt)*)?) => { $list.push($crate::Json::Null); $crate::json!(@list $list $($($rest)*)?); };
    (@list $list:ident { $($inner:tt)* } $(, $($rest:tt)*)?) => {
        $list.push($crate::json!({ $($inner)* })); $crate::json!(@list $list $($($rest)*)?);
    };
    (@list $list:ident [ $($inner:tt)* ] $(, $($rest:tt)*)?) => {
        $list.push($crate::json!([ $($inner)* ])); $crate::json!(@list $list $($($rest)*)?);
    };
    (@list $list:ident $item:expr $(, $($rest:tt)*)?) => {
        $list.push($crate::Json::from($item)); $crate::json!(@list $list $($($rest)*)?);
    };

    (@object $object:ident) => {};
    (@object $object:ident $key:tt : null $(, $($rest:tt)*)?) => {
        $object.push(($key.into(), $crate::Json::Null)); $crate::json!(@object $object $($($rest)*)?);
    };
    (@object $object:ident $key:tt : { $($inner:tt)* } $(, $($rest:tt)*)?) => {
        $object.push(($key.into(), $crate::json!({ $($inner)* }))); $crate::json!(@object $object $($($rest)*)?);
    };
    (@object $object:ident $key:tt : [ $($inner:tt)* ] $(, $($rest:tt)*)?) => {
        $object.push(($key.into(), $crate::json!([ $($inner)* ]))); $crate::json!(@object $object $($($rest)*)?);
    };
    (@object $object:ident $key:tt : $item:expr $(, $($rest:tt)*)?) => {
        $object.push(($key.into(), $crate::Json::from($item))); $crate::json!(@object $object $($($rest)*)?);
    };

    ($other:expr) => { $crate::Json::from($other) };
}
